/*
 * engine: the loop that takes a batch, judges it, posts it, and goes on whatever fails.
 *
 * Postgres or Kafka may be away at any time: the engine connects again, reads the committed
 * positions and goes on from there. One thread; the stop flag is the only thing from outside.
 */
#ifndef TOLLGATE_BILLING_ENGINE_H
#define TOLLGATE_BILLING_ENGINE_H

#include <signal.h>

#include "billing/config.h"

struct engine;

must_use struct engine *engine_new(const struct config *config);
void engine_free(struct engine *engine);

/* Until *stop is not 0. When `drain`: until all sources are posted to their end, which are then
 * marked as drained; -EBUSY when one is stopped. 0 otherwise. */
must_use int engine_run(struct engine *engine, const volatile sig_atomic_t *stop, bool drain);

#endif
