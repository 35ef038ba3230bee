/*
 * identity: see identity.h.
 */
#include "tenants/api/identity.h"

#include <pthread.h>

#include "common/base/digest.h"
#include "common/base/mem.h"

/* 128 MiB at once. */
#define HASHING_MAX 2

struct identity {
    struct identity_settings settings;
    struct password_hash nobody; /* of a password that was thrown away */
    pthread_mutex_t lock;
    pthread_cond_t left;
    int hashing; /* under the lock */
};

struct identity *identity_new(const struct identity_settings *settings)
{
    struct identity *identity = mem_new(sizeof(*identity));
    char thrown_away[PASSWORD_MADE_LENGTH + 1];
    identity->settings = *settings;
    must(pthread_mutex_init(&identity->lock, NULL) == 0);
    must(pthread_cond_init(&identity->left, NULL) == 0);
    password_make(thrown_away);
    password_hash(span_of(thrown_away), &identity->nobody);
    explicit_bzero(thrown_away, sizeof(thrown_away));
    return identity;
}

void identity_free(struct identity *identity)
{
    if (identity == NULL)
        return;
    pthread_cond_destroy(&identity->left);
    pthread_mutex_destroy(&identity->lock);
    mem_free(identity);
}

int64_t identity_session_ms(const struct identity *identity)
{
    return identity->settings.session_hours * 3600 * 1000;
}

int64_t identity_idle_ms(const struct identity *identity)
{
    return identity->settings.session_idle_minutes * 60 * 1000;
}

static void enter(struct identity *identity)
{
    pthread_mutex_lock(&identity->lock);
    while (identity->hashing >= HASHING_MAX)
        pthread_cond_wait(&identity->left, &identity->lock);
    identity->hashing++;
    pthread_mutex_unlock(&identity->lock);
}

static void leave(struct identity *identity)
{
    pthread_mutex_lock(&identity->lock);
    identity->hashing--;
    pthread_cond_signal(&identity->left);
    pthread_mutex_unlock(&identity->lock);
}

void identity_hash(struct identity *identity, struct span password, struct password_hash *hash_out)
{
    enter(identity);
    password_hash(password, hash_out);
    leave(identity);
}

bool identity_verify(struct identity *identity, struct span hash, struct span password)
{
    bool somebodys = hash.size > 0;
    enter(identity);
    bool holds = password_verify(somebodys ? hash : span_of(identity->nobody.text), password);
    leave(identity);
    return holds && somebodys;
}
