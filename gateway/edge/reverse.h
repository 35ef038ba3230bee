/*
 * reverse: the reverse path: requests for /control/v1 go on to the control plane, its answers come
 * back.
 *
 * Of the client's headers only a list is passed on; who it is and how it came is said by us, so
 * what it says of that itself is dropped, unless a balancer that we trust says it (forwarded.h). Of
 * the answer's headers only a list is passed, too. One per worker; knows nothing of what the
 * control plane serves.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_REVERSE_H
#define TOLLGATE_GATEWAY_EDGE_REVERSE_H

#include "gateway/edge/call.h"
#include "gateway/edge/forwarded.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/metrics.h"
#include "gateway/upstream/upstream.h"

struct reverse;

/* All borrowed, longer than the reverse lives. */
struct reverse_config {
    const char *origin; /* of the control plane; fetch_origin_ok */
    const struct forwarded_trust *trust;
    struct httpd *httpd;
    struct upstream *upstream; /* of curl.h */
    struct metrics *metrics;
    struct access_ring *access; /* may be NULL */
};

enum {
    REVERSE_OPEN_MAX = 256,    /* per worker; 503 above it */
    REVERSE_HEAD_MS = 60000,   /* until the head of the answer; 503 then */
    REVERSE_TOTAL_MS = 600000, /* for the whole of it, a long export say; cut then */
};

must_use struct reverse *reverse_new(const struct reverse_config *config);
/* NULL is fine. No request is under way any more: their clients are gone. */
void reverse_free(struct reverse *reverse);

/* Takes the request over. */
void reverse_start(struct reverse *reverse, const struct call *call);

#endif
