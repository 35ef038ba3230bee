/*
 * database: billing's connection, from the file that holds the URL.
 */
#ifndef TOLLGATE_BILLING_DATABASE_H
#define TOLLGATE_BILLING_DATABASE_H

#include "billing/config.h"
#include "common/pg/pg.h"

/* NULL when it cannot be had; the reason is logged. The caller owns it. */
must_use struct pg *database_open(const struct config *config);

/* Makes the days' partitions that are missing and says which there are: days since 1970-01-01. */
must_use enum pg_outcome database_days(struct pg *pg, const struct config *config,
                                       int32_t *first_out, int32_t *last_out);

/* Declares those gateways lost that were away for longer than the settings say; an alarm for each.
 */
must_use enum pg_outcome database_lose_gateways(struct pg *pg, const struct config *config);
/* One of them, by an operator's word: *leases_out is -1 when it is not to be declared lost. */
must_use enum pg_outcome database_lose_gateway(struct pg *pg, struct uuid gateway, bool force,
                                               int64_t *leases_out);

/* Only one billing process at a time consumes from a database: true when this connection is it. */
must_use enum pg_outcome database_claim(struct pg *pg, bool *ours_out);

#endif
