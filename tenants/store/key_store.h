/*
 * key_store: tenant keys and their secrets. Needs an open transaction of an operator or of the
 * tenant itself. A secret is answered once, by the call that made it; only its SHA-256 is kept.
 */
#ifndef TOLLGATE_TENANTS_STORE_KEY_STORE_H
#define TOLLGATE_TENANTS_STORE_KEY_STORE_H

#include "tenants/model/key.h"
#include "tenants/model/tenant.h"
#include "tenants/store/store.h"

struct key_new {
    struct uuid tenant, project;
    struct span name;
    enum key_kind kind;
    int64_t expires_ms;                /* INT64_MAX: never */
    const struct span *allowed_models; /* NULL: all */
    size_t allowed_count;
    enum budget_window budget_window; /* WINDOW_NONE: no budget */
    int128 budget_pico;
    int64_t requests_per_minute, tokens_per_minute; /* 0: no limit */
};
struct key_made {
    struct uuid id;
    struct key secret; /* key_forget() it when it was shown */
};

must_use enum store_outcome key_store_create(struct pg *pg, const struct store_actor *actor,
                                             const struct key_new *key, struct key_made *made_out,
                                             struct store_error *error_out);

/* A second live secret for rotation with overlap; STORE_REFUSED when there are two already. */
must_use enum store_outcome key_store_add_secret(struct pg *pg, const struct store_actor *actor,
                                                 struct uuid key, int64_t expires_ms,
                                                 struct key *secret_out,
                                                 struct store_error *error_out);

/* By "key_…" the key and all its secrets; by the 16 characters of a public part that secret only,
 * and its key too when it was the last live one. STORE_NOT_FOUND when there is none; revoking again
 * changes nothing. */
must_use enum store_outcome key_store_revoke(struct pg *pg, const struct store_actor *actor,
                                             struct span id_or_public, struct uuid *key_out,
                                             struct store_error *error_out);

#endif
