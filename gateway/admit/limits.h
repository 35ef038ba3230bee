/*
 * limits: requests and tokens per minute of each key, over all workers of this process. No lock.
 *
 * Each limit is one number, the theoretical arrival time of the generic cell rate algorithm (ITU-T
 * I.371), moved by compare-and-swap. The burst is a minute's worth. Rows are found by the key's id
 * in a fixed table; when it is full of others, a key's limits begin anew.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_LIMITS_H
#define TOLLGATE_GATEWAY_ADMIT_LIMITS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"

struct limits;

enum limit_kind { LIMIT_REQUESTS, LIMIT_TOKENS, LIMIT_KINDS };

must_use struct limits *limits_new(void);
void limits_free(struct limits *limits);

struct limit {
    struct uuid key;
    enum limit_kind kind;
    int64_t per_minute; /* > 0; also the burst */
};

struct limit_left {
    int64_t remaining; /* units that would pass now */
    int64_t reset_ms;  /* until all of it is back */
};

/* Takes `units` whole, or nothing. 0 when taken, else the milliseconds until
 * it would be; INT64_MAX when it never can. left_out may be NULL. Any thread. */
must_use int64_t limits_take(struct limits *limits, const struct limit *limit, int64_t units,
                             int64_t now_ms, struct limit_left *left_out);

#endif
