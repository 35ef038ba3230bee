/*
 * key_store: tenant keys and their secrets. Needs an open transaction of an operator or of the
 * tenant itself. A secret is answered once, by the call that made it; only its SHA-256 is kept.
 */
#ifndef TOLLGATE_TENANTS_STORE_KEY_STORE_H
#define TOLLGATE_TENANTS_STORE_KEY_STORE_H

#include "common/base/arena.h"
#include "tenants/model/key.h"
#include "tenants/model/tenant.h"
#include "tenants/store/store.h"

enum { KEYS_MAX = 10000 }; /* of a tenant, revoked ones not counted */

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
    unsigned scopes;                                /* of a management key: 1 << enum key_scope */
    struct uuid preset;                             /* of routing; zero: none of its own */
};
struct key_made {
    struct uuid id;
    struct key secret; /* key_forget() it when it was shown */
};

/* STORE_NOT_FOUND: the tenant has no such project; STORE_CONFLICT: it has too many keys. */
must_use enum store_outcome key_store_create(struct pg *pg, const struct store_actor *actor,
                                             const struct key_new *key, struct key_made *made_out,
                                             struct store_error *error_out);

struct key_state {
    int64_t revision;
    enum key_kind kind;
    enum key_status status;
    bool expired;
    int64_t expires_ms; /* INT64_MAX: never */
    unsigned scopes;
    enum budget_window budget_window;
    int128 budget_pico;
};
/* Locks it until the transaction ends. */
must_use enum store_outcome key_store_lock(struct pg *pg, struct uuid tenant, struct uuid key,
                                           struct key_state *state_out,
                                           struct store_error *error_out);

/* What is not named stays; the values are as those of struct key_new. */
struct key_change {
    struct uuid tenant, key;
    bool has_name, has_models, has_budget, has_requests, has_tokens, has_expires, has_scopes,
        has_status, has_preset;
    struct span name;
    const struct span *allowed_models;
    size_t allowed_count;
    enum budget_window budget_window;
    int128 budget_pico;
    int64_t requests_per_minute, tokens_per_minute, expires_ms;
    unsigned scopes;
    enum key_status status; /* active or disabled */
    struct uuid preset;     /* zero: none */
};
must_use enum store_outcome key_store_change(struct pg *pg, const struct store_actor *actor,
                                             const struct key_change *change,
                                             struct store_error *error_out);

/* A new secret; those before it end after the overlap, at once when it is 0. STORE_CONFLICT: two
 * live already, and with an overlap there would be three. */
struct key_rotation {
    struct uuid tenant, key;
    int64_t overlap_ms;
};
struct key_rotated {
    struct key secret;         /* key_forget() it when it was shown */
    int64_t previous_until_ms; /* INT64_MIN: none was live */
};
must_use enum store_outcome key_store_rotate(struct pg *pg, const struct store_actor *actor,
                                             const struct key_rotation *rotation,
                                             struct key_rotated *rotated_out,
                                             struct store_error *error_out);

/* By "key_…" the key and all its secrets; by the 16 characters of a public part that secret only,
 * and its key too when it was the last live one. STORE_NOT_FOUND when there is none; revoking again
 * changes nothing. The reason may be empty. */
must_use enum store_outcome key_store_revoke(struct pg *pg, const struct store_actor *actor,
                                             struct span id_or_public, struct span reason,
                                             struct uuid *key_out, struct store_error *error_out);

/* The project that keys are made in when none is named: the tenant's first active one. */
must_use enum store_outcome key_store_first_project(struct pg *pg, struct uuid tenant,
                                                    struct uuid *project_out,
                                                    struct store_error *error_out);

/* The models that names stand for, each once, aliases resolved, because gateways compare models.
 * Names of none are in `unknown`. */
struct key_models {
    struct span *known, *unknown;
    size_t known_count, unknown_count;
};
must_use enum store_outcome key_store_models(struct pg *pg, const struct span *names, size_t count,
                                             struct arena *arena, struct key_models *models_out,
                                             struct store_error *error_out);

#endif
