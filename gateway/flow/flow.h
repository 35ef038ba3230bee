/*
 * flow: the life of one request, from a matched call to a settled event.
 *
 * A table of named steps (flow.c) moves it; callbacks note what came and run it again. A flow
 * outlives its client: the request is a sink that may leave, and the flow goes on to settle and
 * journal. Everything here runs on the worker's thread.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_FLOW_H
#define TOLLGATE_GATEWAY_FLOW_FLOW_H

#include "common/base/digest.h"
#include "common/httpd/httpd.h"
#include "gateway/admit/admit.h"
#include "gateway/edge/call.h"
#include "gateway/journal/journal.h"
#include "gateway/meter/refused.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/metrics.h"
#include "gateway/route/route.h"
#include "gateway/snapshot/snapshot.h"
#include "gateway/upstream/upstream.h"

struct flow_config {
    struct uuid gateway;        /* this gateway's id, as it stands in events */
    enum policy strategy;       /* of requests, and tenants, that say none */
    int32_t first_ping_ms;      /* the head of a stream is held at most so long: 10 s */
    int32_t ping_ms;            /* silence towards a client of a stream: 10 s */
    int32_t progress_ms;        /* between PROGRESS records of a stream: 2 s */
    int32_t first_token_ms;     /* where a deployment says 0 */
    int32_t idle_ms, total_ms;  /* likewise */
    int32_t drain_ms;           /* of a deployment whose abort policy is to drain: 60 s */
    int64_t default_output_cap; /* tokens, where neither client nor catalog says one */
    size_t max_stream_bytes;    /* of a streamed answer, in all: 256 MiB */
    size_t max_answer_bytes;    /* of a whole answer: 16 MiB */
    uint32_t max_flows;         /* 503 above it */
    size_t max_request_memory;  /* of one flow's arena, its body aside */
};

/* A worker's requests and what they work with; all borrowed but what is its own. `snapshot` is
 * replaced by its owner at turn boundaries; each flow keeps a reference to the one it began with.
 */
struct flow_worker {
    struct flow_config config;
    struct httpd *httpd;
    struct upstream *upstream;
    struct journal *journal;
    struct admit *admit;
    struct board *board;        /* shared by all workers */
    struct metrics *metrics;    /* may be NULL */
    struct access_ring *access; /* may be NULL */
    struct refused *refused;    /* may be NULL */
    struct sha256 response_key; /* gateway/dialect/response_id.h; the same in all workers */
    struct snapshot *snapshot;
    struct flow_pool *pool;
};

must_use struct flow_config flow_config_default(void);

/* Makes and frees `pool` of a worker whose other members are set; the snapshot goes with it. Ends
 * all flows: what was not settled is left to recovery. */
void flow_worker_init(struct flow_worker *worker);
void flow_worker_done(struct flow_worker *worker);

/* Takes over a request for a model. */
void flow_start(struct flow_worker *worker, const struct call *call);

/* What new flows see; takes the reference. Open flows keep theirs. */
void flow_set_snapshot(struct flow_worker *worker, struct snapshot *snapshot);

/* Flows that are not settled yet, those without a client included. */
must_use uint32_t flow_open(const struct flow_worker *worker);
/* Of them: calls to providers under way, and streams whose head went out and whose client is there.
 * Looks at each flow. */
void flow_gauges(const struct flow_worker *worker, int64_t *upstreams_out, int64_t *streams_out);

/* The time for draining is over: clients are let go, upstreams closed, events put down. Flows end
 * when those are written. */
void flow_abort_all(struct flow_worker *worker);

#endif
