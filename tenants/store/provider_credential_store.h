/*
 * provider_credential_store: providers' credentials, sealed; who seals and opens them stands above.
 *
 * Needs an open transaction; operators' only. No view shows what is sealed.
 */
#ifndef TOLLGATE_TENANTS_STORE_PROVIDER_CREDENTIAL_STORE_H
#define TOLLGATE_TENANTS_STORE_PROVIDER_CREDENTIAL_STORE_H

#include "tenants/store/view.h"

/* Newest first. Behind the list's own: $4 provider, $5 status; each may be null. */
extern const struct view provider_credential_list_view;
/* $1 id. */
extern const struct view provider_credential_view;

/* Base URLs that a credential of a provider, or of one deployment, would be sent to. */
struct credential_places {
    struct span *urls; /* different ones, with open variables; in the arena */
    size_t count;
    struct span variables; /* [{name, what}]: what the provider says of them */
};
/* STORE_NOT_FOUND: no such provider, or the deployment is none of its. `deployment` may be zero. */
must_use enum store_outcome provider_credential_places(struct pg *pg, struct span provider,
                                                       struct uuid deployment, struct arena *arena,
                                                       struct credential_places *places_out,
                                                       struct store_error *error_out);

struct credential_row_new {
    struct uuid id;
    struct span provider, name, origins, variables, sealed;
    const char *master_key_id;
    struct uuid deployment; /* zero: of the whole provider */
};
must_use enum store_outcome provider_credential_insert(struct pg *pg,
                                                       const struct credential_row_new *row,
                                                       struct store_error *error_out);

/* Of one row, locked until the end of the transaction; texts are in the arena. */
struct credential_locked {
    struct span provider, origins, variables;
    struct uuid deployment;
    int64_t revision;
};
must_use enum store_outcome provider_credential_lock(struct pg *pg, struct uuid id,
                                                     struct arena *arena,
                                                     struct credential_locked *locked_out,
                                                     struct store_error *error_out);

/* Null members stay as they are; `sealed` empty: the secret stays, and so do origin and key. */
struct credential_change {
    struct pg_param name, status, variables;
    struct span sealed, origins;
    const char *master_key_id;
};
must_use enum store_outcome provider_credential_update(struct pg *pg, struct uuid id,
                                                       const struct credential_change *change,
                                                       struct store_error *error_out);

#endif
