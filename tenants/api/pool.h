/*
 * pool: the threads that perform calls, and the queue before them.
 *
 * Calls that anybody may make (signing in) get half of the threads and half of the queue at most,
 * so that strangers who try passwords do not keep those out who are signed in.
 */
#ifndef TOLLGATE_TENANTS_API_POOL_H
#define TOLLGATE_TENANTS_API_POOL_H

#include "tenants/api/perform.h"

struct pool;

/* Performed calls go to `done`, a mailbox of the caller's. Borrows all it is given. */
must_use struct pool *pool_start(const struct performing *performing, size_t threads,
                                 size_t waiting_max, struct mailbox *done);
/* False when too many wait already; else takes the call. */
must_use bool pool_give(struct pool *pool, struct call *call);
/* Performs what still waits, and ends the threads. */
void pool_stop(struct pool *pool);

#endif
