/*
 * project_store: a tenant's projects. Needs an open transaction of an operator or of the tenant.
 */
#ifndef TOLLGATE_TENANTS_STORE_PROJECT_STORE_H
#define TOLLGATE_TENANTS_STORE_PROJECT_STORE_H

#include "common/base/money.h"
#include "tenants/model/tenant.h"
#include "tenants/store/store.h"

enum { PROJECTS_MAX = 1000 }; /* of a tenant */

struct project_new {
    struct uuid tenant;
    struct span name;
    enum budget_window budget_window; /* WINDOW_NONE: no budget */
    int128 budget_pico;
    struct uuid preset; /* of routing; zero: none of its own */
};

/* STORE_CONFLICT: the tenant has a project of that name, or too many. */
must_use enum store_outcome project_store_create(struct pg *pg, const struct store_actor *actor,
                                                 const struct project_new *project,
                                                 struct uuid *project_out,
                                                 struct store_error *error_out);

/* By name within the tenant. */
must_use enum store_outcome project_store_find(struct pg *pg, struct uuid tenant, struct span name,
                                               struct uuid *project_out,
                                               struct store_error *error_out);

struct project_state {
    int64_t revision;
    enum project_status status;
    enum budget_window budget_window;
    int128 budget_pico;
};
/* Locks it until the transaction ends. */
must_use enum store_outcome project_store_lock(struct pg *pg, struct uuid tenant,
                                               struct uuid project, struct project_state *state_out,
                                               struct store_error *error_out);

/* What is not named stays. */
struct project_change {
    struct uuid tenant, project;
    bool has_name, has_status, has_budget, has_preset;
    struct span name;
    enum project_status status;
    enum budget_window budget_window; /* WINDOW_NONE: no budget any more */
    int128 budget_pico;
    struct uuid preset; /* zero: none */
};
must_use enum store_outcome project_store_change(struct pg *pg, const struct store_actor *actor,
                                                 const struct project_change *change,
                                                 struct store_error *error_out);

#endif
