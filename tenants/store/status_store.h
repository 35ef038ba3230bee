/*
 * status_store: how the programs are, as the database knows it. For operators: others see nothing.
 *
 * Needs an open transaction of an operator.
 */
#ifndef TOLLGATE_TENANTS_STORE_STATUS_STORE_H
#define TOLLGATE_TENANTS_STORE_STATUS_STORE_H

#include "tenants/store/view.h"

/* Each one row, without parameters. */
extern const struct view status_database_view; /* version, migration, size_bytes */
extern const struct view status_snapshot_view; /* version, changed_at */
extern const struct view status_sums_view;     /* open dead letters and leases; fresh_at */

/* Rows, without parameters: gateways that run or did within a day (newest first, at most 200; alive
 * means heard of within 15 seconds), and sources that are read or stopped (at most 500). */
extern const struct view status_gateways_view;
extern const struct view status_sources_view;

/* What a person should look at, worst first: one text column, a sentence each; at most 100. */
must_use enum store_outcome status_store_problems(struct pg *pg, struct pg_rows **rows_out,
                                                  struct store_error *error_out);

#endif
