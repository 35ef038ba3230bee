/*
 * provider_store: providers as they are shown and switched, and how their deployments answered.
 *
 * Needs an open transaction; operators' only.
 */
#ifndef TOLLGATE_TENANTS_STORE_PROVIDER_STORE_H
#define TOLLGATE_TENANTS_STORE_PROVIDER_STORE_H

#include "tenants/store/view.h"

/* Behind the list's own: $4 part of slug or name, $5 status; each may be null. */
extern const struct view provider_list_view;
/* $1 slug. */
extern const struct view provider_view;

/* A row for each deployment that was tried. Behind the list's own: $4 an id of the time from which
 * on requests count (see provider_health_from), $5 provider or null, $6 true: only those that
 * failed; null: all. A failure is the provider's: what the client did wrong (4xx but 401, 402, 403,
 * 408 and 429) or gave up is none. */
extern const struct view provider_health_view;
/* No request's id of that time or later is smaller. */
must_use struct uuid provider_health_from(int64_t unix_ms);

/* Locks the row until the end of the transaction. STORE_NOT_FOUND. */
must_use enum store_outcome provider_store_lock(struct pg *pg, struct span provider,
                                                int64_t *revision_out,
                                                struct store_error *error_out);
/* "active" or "disabled" or null; STORE_REFUSED for one that is retired: the catalog has it no
 * more. */
must_use enum store_outcome provider_store_update(struct pg *pg, struct span provider,
                                                  struct pg_param status,
                                                  struct store_error *error_out);

#endif
