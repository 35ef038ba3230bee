/*
 * refused: how many requests of each key were refused, by code and minute. One per worker.
 *
 * A refusal makes no usage event: only these counts go to billing, through the journal, once a
 * minute. They may be lost (a full table, a full journal, a crash), because no money hangs on them.
 */
#ifndef TOLLGATE_GATEWAY_METER_REFUSED_H
#define TOLLGATE_GATEWAY_METER_REFUSED_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "gateway/journal/journal.h"

struct refused;

enum { REFUSED_ROWS_MAX = 4096 };

must_use struct refused *refused_new(struct journal *journal, struct uuid gateway);
void refused_free(struct refused *refused);

/* `code` is a constant, one of x-tollgate-error's words. */
void refused_count(struct refused *refused, struct uuid tenant, struct uuid key, const char *code);

/* Puts the counts down when the minute is over, or at once (`now`: at the end). */
void refused_tick(struct refused *refused, int64_t wall_ms, bool now);

#endif
