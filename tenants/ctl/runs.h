/*
 * runs: the commands that are more than one call: what the table of commands names as their
 * functions. Each returns an enum ctl_exit and leaves its sentence in ctl->error.
 */
#ifndef TOLLGATE_TENANTS_CTL_RUNS_H
#define TOLLGATE_TENANTS_CTL_RUNS_H

#include "common/base/attr.h"
#include "common/base/span.h"

struct ctl;
struct view;

int run_login(struct ctl *ctl);
int run_logout(struct ctl *ctl);
int run_whoami(struct ctl *ctl);
int run_password(struct ctl *ctl);
int run_completion(struct ctl *ctl);
int run_manual(struct ctl *ctl);
int run_catalog_status(struct ctl *ctl); /* publish, quarantine, retire */
int run_catalog_import(struct ctl *ctl);
int run_route_import(struct ctl *ctl);
int run_prices_set(struct ctl *ctl);
int run_credentials_add(struct ctl *ctl);
int run_preset_show(struct ctl *ctl);
int run_preset_put(struct ctl *ctl);
int run_preset_delete(struct ctl *ctl);
int run_preset_use(struct ctl *ctl);
int run_usage(struct ctl *ctl);
int run_request_show(struct ctl *ctl);
int run_invoice_show(struct ctl *ctl);
int run_audit_verify(struct ctl *ctl);
int run_status(struct ctl *ctl);

/* Makes the preset `name` of this JSON, or its next version when there is one of that name. It is
 * connected, and the tenant known (client_tenant()). The preset is in ctl->doc then. */
must_use int run_put_preset(struct ctl *ctl, const char *name, struct span preset);

/* What catalog's commands show of a model; it stands beside their rows. */
extern const struct view *const view_model;

#endif
