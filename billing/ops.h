/*
 * ops: a small listener of its own thread for /metrics and /healthz.
 *
 * Serves what was published last; asks nobody. One request at a time, closed after the answer:
 * for a scraper and an operator, not for the world.
 */
#ifndef TOLLGATE_BILLING_OPS_H
#define TOLLGATE_BILLING_OPS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct ops;

/* `listen` is HOST:PORT; port 0 takes a free one, which is logged. 0 or -errno. */
must_use int ops_start(const char *listen, struct ops **ops_out);
void ops_stop(struct ops *ops);

/* What /metrics answers from now on, and whether all is well. Copied. Any thread; NULL is fine. */
void ops_publish(struct ops *ops, struct span metrics, bool healthy);

#endif
