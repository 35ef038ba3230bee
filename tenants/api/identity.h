/*
 * identity: what signing in stands on, one for the process: how long sessions live, and the gate
 * that passwords are hashed behind.
 *
 * argon2id takes 64 MiB each time, so only few run at once and the rest wait their turn. Shared by
 * the threads of the pool.
 */
#ifndef TOLLGATE_TENANTS_API_IDENTITY_H
#define TOLLGATE_TENANTS_API_IDENTITY_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"
#include "tenants/model/password.h"

struct identity_settings {
    int64_t session_hours;        /* a session ends this long after its login; 12 */
    int64_t session_idle_minutes; /* or after this long without a call; 120 */
};

struct identity;

/* Hashes once, so it takes a moment. */
must_use struct identity *identity_new(const struct identity_settings *settings);
void identity_free(struct identity *identity);

must_use int64_t identity_session_ms(const struct identity *identity);
must_use int64_t identity_idle_ms(const struct identity *identity);

/* Waits for its turn. What is kept of a password. */
void identity_hash(struct identity *identity, struct span password, struct password_hash *hash_out);

/* Waits for its turn. An empty hash is compared with one that nobody has, so that it takes as long
 * and never holds. */
must_use bool identity_verify(struct identity *identity, struct span hash, struct span password);

#endif
