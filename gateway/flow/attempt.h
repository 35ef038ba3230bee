/*
 * attempt: one try at one deployment, as far as a flow knows it. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_ATTEMPT_H
#define TOLLGATE_GATEWAY_FLOW_ATTEMPT_H

#include "common/base/buf.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/openai.h"
#include "gateway/route/route.h"
#include "gateway/route/verdict.h"
#include "gateway/upstream/upstream.h"

/* One attempt; begun anew for each. */
struct attempt {
    const struct route_candidate *candidate;
    struct upstream_call *call; /* NULL: none, or gone */
    const struct span *pieces;  /* of its body */
    struct answer answer;
    struct upstream_head head;   /* status and retry_after_ms only */
    char request_id[128];        /* the provider's */
    struct openai_places places; /* of a whole answer */
    bool streamed;               /* its body is read as frames */
    bool content;                /* some came */
    bool done;                   /* the stream's end marker */
    bool ended;                  /* its end was told */
    bool failed;                 /* `fault` holds */
    enum attempt_fault fault;
    enum upstream_end end;
    bool paused;
    int64_t begun_ms, last_ms, done_ms; /* monotonic; done_ms 0: no marker yet */
    int64_t sent_us;
    size_t bytes;    /* of the body so far */
    struct buf body; /* whole answers and errors */
};

#endif
