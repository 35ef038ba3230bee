/*
 * flow: the life of one request to a model, from its key to its event.
 *
 * One flow_worker per worker thread, and all calls on that thread. A flow outlives its client: it
 * ends when its event is on the journal, not when the answer is sent.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_FLOW_H
#define TOLLGATE_GATEWAY_FLOW_FLOW_H

#include "gateway/admit/admit.h"
#include "gateway/edge/call.h"
#include "gateway/journal/journal.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/metrics.h"
#include "gateway/upstream/upstream.h"

struct flow_worker;

/* All borrowed, for the life of the flow_worker. */
struct flow_worker_config {
    struct httpd *httpd;
    struct upstream *upstream;
    struct admit *admit;
    struct journal *journal;
    struct metrics *metrics;
    struct access_ring *access; /* NULL: no log */
    struct uuid gateway;
    uint32_t max_flows; /* 503 above it */
};

must_use struct flow_worker *flow_worker_new(const struct flow_worker_config *config);
/* No flow is open by then. */
void flow_worker_free(struct flow_worker *worker);

/* What new flows see; takes the reference. Open flows keep theirs. */
void flow_set_snapshot(struct flow_worker *worker, struct snapshot *snapshot);

/* Begins the life of a call to ENDPOINT_CHAT_COMPLETIONS or ENDPOINT_EMBEDDINGS. Takes the request:
 * it is answered, refused or let go by the flow. */
void flow_start(struct flow_worker *worker, const struct call *call);

/* Flows whose event is not on the journal yet. */
must_use uint32_t flow_open(const struct flow_worker *worker);
/* The time for draining is over: clients are let go, upstreams closed, events put down. */
void flow_abort_all(struct flow_worker *worker);

#endif
