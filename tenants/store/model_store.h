/*
 * model_store: models, their offers and deployments as they are shown, and what operators change of
 * them by hand. Imports are catalog_store.h.
 *
 * The prices shown are those of book list that hold now, a contract's own before everybody's: what
 * a plan's markup is put on. Needs an open transaction; changes are operators' only.
 */
#ifndef TOLLGATE_TENANTS_STORE_MODEL_STORE_H
#define TOLLGATE_TENANTS_STORE_MODEL_STORE_H

#include "tenants/store/view.h"

/* Behind the list's own: $4 part of id or name, $5 kind, $6 provider, $7 status (each may be null),
 * $8 true: only what is published, its deployments too, $9 tenant or null. */
extern const struct view model_list_view;
/* $1 id, $2 only what is published, $3 tenant or null. */
extern const struct view model_view;
/* The same with aliases and facts. */
extern const struct view model_detail_view;
/* Its deployments as everybody may see them; the same parameters. Has no VIEW_ETAG. */
extern const struct view offer_view;

/* Behind the list's own: $4 part of model, provider or upstream id, $5 model, $6 provider, $7
 * status, $8 whether it is drained; each may be null. */
extern const struct view deployment_list_view;
/* $1 id. */
extern const struct view deployment_view;

/* Locks the row until the end of the transaction. STORE_NOT_FOUND. */
must_use enum store_outcome model_store_lock(struct pg *pg, struct span model,
                                             int64_t *revision_out, struct store_error *error_out);
must_use enum store_outcome deployment_store_lock(struct pg *pg, struct uuid deployment,
                                                  int64_t *revision_out,
                                                  struct store_error *error_out);

/* Members that are null stay as they are; those that may become null have a flag beside them. */
struct model_change {
    struct pg_param name, status, deprecated;
    bool sets_reason;
    struct pg_param status_reason;
};
/* To retire is to withdraw: imports leave it so, as they do name and deprecation, until they are
 * the catalog's own again. Publishing forgets the reason. */
must_use enum store_outcome model_store_update(struct pg *pg, struct span model,
                                               const struct model_change *change,
                                               struct store_error *error_out);

struct deployment_change {
    struct pg_param status, priority, weight, abort_policy, free_on_purpose;
    struct pg_param connect_timeout_ms, first_token_timeout_ms, idle_timeout_ms, total_timeout_ms;
    struct pg_param probe_interval_s, probe_daily_cap; /* 0: it is not probed */
    bool sets_reason, sets_trains, sets_retains;
    struct pg_param status_reason, trains, retains;
};
/* The same; and to publish what is quarantined is to release it. */
must_use enum store_outcome deployment_store_update(struct pg *pg, struct uuid deployment,
                                                    const struct deployment_change *change,
                                                    struct store_error *error_out);

/* It takes no new requests; those under way end. A deployment that is drained already keeps since
 * when; the reason is the newest. */
struct deployment_drain {
    const char *by;
    struct span reason;
};
must_use enum store_outcome deployment_store_drain(struct pg *pg, struct uuid deployment,
                                                   const struct deployment_drain *drain,
                                                   struct store_error *error_out);
must_use enum store_outcome deployment_store_undrain(struct pg *pg, struct uuid deployment,
                                                     struct store_error *error_out);

#endif
