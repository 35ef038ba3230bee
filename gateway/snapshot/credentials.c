/*
 * credentials: see credentials.h.
 */
#include "gateway/snapshot/credentials.h"

#include <errno.h>

#include "tenants/model/credential.h"

static void note(struct credentials *c, uint32_t row, const char *why)
{
    const struct credential_row *credential = &c->rows->credentials[row];
    struct span provider = c->rows->providers[credential->provider].slug;

    if (c->unusable[row].why != NULL)
        return;
    c->unusable[row] =
        (struct snapshot_unusable){credential->id, arena_span(c->arena, provider), why};
}

/* NULL, or why not. */
static const char *open_one(struct credentials *c, uint32_t row, const struct seal *seal)
{
    struct buf context cleanup(buf_done) = buf_make(CREDENTIAL_ORIGINS_MAX * 2);
    const struct credential_row *credential = &c->rows->credentials[row];
    struct buf secret = buf_make(CREDENTIAL_SECRET_MAX);
    int r;

    if (seal == NULL)
        return "this gateway has no master-key-file";
    r = credential_context(credential->id, c->rows->providers[credential->provider].slug,
                           credential->origin, &context);
    if (r == 0)
        r = seal_open(seal, credential->master_key_id, buf_span(&context), credential->sealed,
                      &secret);
    if (r == 0)
        c->secrets[row] = arena_span(c->arena, buf_span(&secret));
    if (secret.at != NULL)
        explicit_bzero(secret.at, secret.capacity);
    buf_done(&secret);
    if (r == -ENOKEY)
        return "its master key is not in master-key-file";
    return r == 0 ? NULL : "it was changed, or sealed for another row or other hosts";
}

struct credentials credentials_open(const struct snapshot_rows *rows, const struct seal *seal,
                                    struct arena *arena)
{
    struct credentials c = {
        .rows = rows,
        .arena = arena,
        .secrets = arena_array(arena, rows->credential_count + 1, sizeof(*c.secrets)),
        .unusable = arena_array(arena, rows->credential_count + 1, sizeof(*c.unusable)),
    };

    for (uint32_t i = 0; i < rows->credential_count; i++) {
        const char *why;

        if (!uuid_is_zero(rows->credentials[i].tenant))
            continue; /* a tenant's own is not for everybody */
        why = open_one(&c, i, seal);
        if (why != NULL)
            note(&c, i, why);
    }
    return c;
}

/* The base URL with this credential's variables, in the arena; empty where its secret may not go
 * there. */
static struct span fill(struct credentials *c, uint32_t row, struct span url)
{
    const struct credential_row *credential = &c->rows->credentials[row];
    struct buf filled cleanup(buf_done) = buf_make(CREDENTIAL_URL_MAX);
    struct span missing;

    if (credential_fill_url(url, credential->variables, &filled, &missing) < 0) {
        note(c, row, "it lacks a variable of a base URL");
        return span_make("", 0);
    }
    if (!credential_may_go(credential->origin, buf_span(&filled))) {
        note(c, row, "a base URL has another host than it was made for");
        return span_make("", 0);
    }
    return arena_span(c->arena, buf_span(&filled));
}

enum credential_found credentials_choose(struct credentials *c,
                                         const struct deployment_row *deployment,
                                         struct span *base_url_out, struct span *secret_out)
{
    static const struct uuid whole_provider;
    const struct uuid wanted[] = {deployment->id, whole_provider};
    enum credential_found found = CREDENTIAL_NONE;

    for (size_t w = 0; w < array_size(wanted); w++) {
        /* Ids are made in the order of time, so the newest is last. */
        for (uint32_t i = c->rows->credential_count; i-- > 0;) {
            const struct credential_row *credential = &c->rows->credentials[i];
            struct span url;

            if (credential->provider != deployment->provider ||
                !uuid_equal(credential->deployment, wanted[w]) || !uuid_is_zero(credential->tenant))
                continue;
            found = CREDENTIAL_UNFIT;
            url = c->secrets[i].size == 0 ? span_make("", 0) : fill(c, i, deployment->base_url);
            if (url.size == 0)
                continue;
            *base_url_out = url;
            *secret_out = c->secrets[i];
            return CREDENTIAL_CHOSEN;
        }
    }
    return found;
}

uint32_t credentials_unusable(struct credentials *c)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < c->rows->credential_count; i++) {
        if (c->unusable[i].why != NULL)
            c->unusable[count++] = c->unusable[i];
    }
    return count;
}
