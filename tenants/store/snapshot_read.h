/*
 * snapshot_read: fills snapshot_rows from the database.
 *
 * Under the role tollgate_gateway, in one read-only REPEATABLE READ transaction. Blocking: the
 * control thread's, never a worker's.
 */
#ifndef TOLLGATE_TENANTS_STORE_SNAPSHOT_READ_H
#define TOLLGATE_TENANTS_STORE_SNAPSHOT_READ_H

#include "tenants/store/snapshot_rows.h"
#include "tenants/store/store.h"

/* pg_listen() on it: a notification comes with every commit that changed what gateways see. */
#define SNAPSHOT_CHANNEL "tollgate_snapshot"

/* The version alone, for the poll of each second. */
must_use enum store_outcome snapshot_read_version(struct pg *pg, int64_t *version_out,
                                                  struct store_error *error_out);

/* Reads all. The caller owns *rows_out. STORE_BROKEN when the database holds what this program
 * cannot read (a word of a newer version), or more than it bears: then the old snapshot stays. */
must_use enum store_outcome snapshot_read(struct pg *pg, struct snapshot_rows **rows_out,
                                          struct store_error *error_out);
void snapshot_rows_free(struct snapshot_rows *rows);

#endif
