/*
 * behind: whether everything that was written down before now is posted: what a period's invoice
 * must wait for.
 *
 * Takes the ends of all journals and partitions as they are at the first call, then asks how far
 * posting is, until it has passed them.
 */
#ifndef TOLLGATE_BILLING_BEHIND_H
#define TOLLGATE_BILLING_BEHIND_H

#include "billing/config.h"
#include "common/pg/pg.h"

/* Waits at most patience_ms. 0: all is posted; -EAGAIN: `what` says what is behind. */
must_use int behind_wait(const struct config *config, struct pg *pg, int64_t patience_ms,
                         struct buf *what);

/* The same by what the database alone knows, for a command that reaches neither journals nor
 * brokers: each source has been seen read to its end, or to an event, at or after `until_ms`; no
 * gateway holds a lease of the tenant's that has not been heard of since; closed leases are posted
 * whole. What a gateway has not shipped yet is not seen: it becomes late usage. */
must_use int behind_wait_stored(struct pg *pg, struct uuid tenant, int64_t until_ms,
                                int64_t patience_ms, struct buf *what);

#endif
