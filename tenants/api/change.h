/*
 * change: one object made or changed by a call: written to the audit log with what it was before
 * and is after, as its view shows it, and answered as it is now.
 *
 * For objects of no tenant, by whatever names them. Who changes has locked and matched before.
 */
#ifndef TOLLGATE_TENANTS_API_CHANGE_H
#define TOLLGATE_TENANTS_API_CHANGE_H

#include "tenants/api/api.h"

struct change {
    const char *what;              /* "deployment": for a 404 */
    const char *action;            /* "deployment.update" */
    struct span subject;           /* "dep_…" */
    struct span reason;            /* may be empty; stands in the log beside what it is after */
    const struct view *view;       /* of the one object */
    const struct pg_param *params; /* of the view; end with PG_PARAM_END */
    enum store_outcome (*run)(struct pg *pg, const void *with, struct store_error *error_out);
    const void *with;
};

must_use enum api_outcome change_run(struct api *api, const struct change *change);

#endif
