/*
 * tenant_store: tenants with their wallets. Needs an open transaction; tenants are made by
 * operators only.
 */
#ifndef TOLLGATE_TENANTS_STORE_TENANT_STORE_H
#define TOLLGATE_TENANTS_STORE_TENANT_STORE_H

#include "tenants/model/tenant.h"
#include "tenants/store/store.h"

#define TENANT_FIRST_PROJECT "default"

struct tenant_new {
    struct span name, plan;
    enum billing_mode billing_mode;
    int128 credit_limit_pico; /* 0 for prepaid */
};
struct tenant_made {
    struct uuid tenant, project; /* project: the first one, "default" */
};

/* Makes a tenant with an empty wallet, its first project and its subscription, all from now. */
must_use enum store_outcome tenant_store_create(struct pg *pg, const struct store_actor *actor,
                                                const struct tenant_new *tenant,
                                                struct tenant_made *made_out,
                                                struct store_error *error_out);

/* By "ten_…" or by its exact name; STORE_CONFLICT when several have that name. */
must_use enum store_outcome tenant_store_find(struct pg *pg, struct span id_or_name,
                                              struct uuid *tenant_out,
                                              struct store_error *error_out);

must_use enum store_outcome tenant_store_exists(struct pg *pg, struct uuid tenant, bool *exists_out,
                                                struct store_error *error_out);

/* Its revision; locks it until the transaction ends. A tenant's own transaction may ask too. */
must_use enum store_outcome tenant_store_lock(struct pg *pg, struct uuid tenant,
                                              int64_t *revision_out, struct store_error *error_out);

/* What is not named stays. A tenant's own transaction may change the name alone; STORE_DENIED when
 * it asks for more. STORE_REFUSED: a credit limit of one that is prepaid. */
struct tenant_change {
    struct uuid tenant;
    bool has_name, has_status, has_credit_limit;
    struct span name;
    enum account_status status;
    int128 credit_limit_pico;
};
must_use enum store_outcome tenant_store_change(struct pg *pg, const struct store_actor *actor,
                                                const struct tenant_change *change,
                                                struct store_error *error_out);

#endif
