/*
 * tenant_view: what the control plane shows of tenants, their plans over time, balances, credit and
 * projects.
 *
 * Lists take $1 limit, $2 and $3 the cursor; what follows is named below. One object of a tenant
 * takes $1 its tenant and $2 its id.
 */
#ifndef TOLLGATE_TENANTS_STORE_TENANT_VIEW_H
#define TOLLGATE_TENANTS_STORE_TENANT_VIEW_H

#include "tenants/store/view.h"

extern const struct view tenant_list_view; /* $4 q or null, $5 status or null */
extern const struct view tenant_view;      /* $1 tenant */

extern const struct view subscription_list_view; /* $4 tenant */
extern const struct view subscription_view;      /* $1 tenant: the one that holds now */

extern const struct view balance_view; /* $1 tenant */

extern const struct view credit_list_view; /* $4 tenant */
extern const struct view credit_view;      /* $1 tenant, $2 grant */

extern const struct view project_list_view; /* $4 tenant, $5 q or null, $6 status or null */
extern const struct view project_view;      /* $1 tenant, $2 project */

#endif
