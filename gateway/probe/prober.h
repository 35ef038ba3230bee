/*
 * prober: makes the probes of a gateway, and tells the board what came of them.
 *
 * A probe is a chat of one word and one token, in the deployment's own language, by its own
 * credential. It is nobody's request: it makes no event and is charged to nobody; what it cost us,
 * by the cost book (else the list), is counted against the deployment's daily cap, by days of UTC.
 * A cap is gone beyond by one probe at most.
 *
 * Lives on one worker's loop and uses that worker's upstream; all calls are on its thread. Reads no
 * clock: prober_tick() is told the time. Must be freed before the upstream is.
 */
#ifndef TOLLGATE_GATEWAY_PROBE_PROBER_H
#define TOLLGATE_GATEWAY_PROBE_PROBER_H

#include "gateway/route/board.h"
#include "gateway/snapshot/snapshot.h"
#include "gateway/upstream/upstream.h"

enum {
    PROBER_KNOWN_MAX = 4096,  /* deployments with an interval; more are not probed */
    PROBER_AT_ONCE_MAX = 8,   /* probes under way */
    PROBER_TIMEOUT_MS = 30000 /* of one probe, connecting included */
};

struct prober;

struct prober_config {
    struct upstream *upstream; /* borrowed, as is: */
    struct board *board;
    uint64_t seed; /* of the jitter */
};
must_use struct prober *prober_new(const struct prober_config *config);
void prober_free(struct prober *prober); /* gives up what is under way; NULL is fine */

/* Judges the probes that ended or are over time, and begins those that are due. To be called some
 * times a second. `snapshot` may be NULL: nothing begins; each probe keeps a reference of its own.
 */
struct prober_now {
    int64_t mono_ms, wall_ms;
};
void prober_tick(struct prober *prober, struct snapshot *snapshot, const struct prober_now *now);

#endif
