/*
 * state: what a flow is. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_STATE_H
#define TOLLGATE_GATEWAY_FLOW_STATE_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/patch.h"
#include "gateway/dialect/sse.h"
#include "gateway/flow/flow.h"
#include "gateway/meter/metering.h"
#include "gateway/route/verdict.h"

enum step {
    STEP_AUTH,
    STEP_ASK,
    STEP_IDEMPOTENCY,
    STEP_GUARD_IN,
    STEP_CACHE,
    STEP_ADMIT,
    STEP_ROUTE,
    STEP_SEND,
    STEP_RELAY,
    STEP_GUARD_OUT,
    STEP_SETTLE,
    STEP_DONE
};

enum go {
    GO_NEXT,
    GO_WAIT,  /* a callback runs us again */
    GO_ROUTE, /* back: another attempt */
    GO_END,   /* to settle: refused, failed, or the client left */
};

/* What was handed to the journal and is not yet told written. */
enum journalling { JOURNAL_IDLE, JOURNAL_WRITING, JOURNAL_WRITTEN, JOURNAL_FAILED };

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
    struct buf body; /* whole answers and errors */
};

struct flow {
    struct list link; /* of the pool */
    struct flow_worker *worker;
    struct arena *arena;
    enum step step;
    bool running, again;

    struct httpd_request *request; /* NULL: the client left, or has its answer */
    bool left;                     /* it left before it had */
    struct call call;              /* its `request` is not used */
    struct snapshot *snapshot;
    const struct snapshot_key *key;
    struct json_doc ask_doc;
    struct ask ask;
    struct route route;
    int64_t
        output_cap; /* per choice: the client's, or what can be afforded; -1: the deployment's */
    int64_t worst_case_pico;
    struct reservation reservation;
    struct admit_waiter waiter;
    bool lease_waiting;
    struct reply_limits limits;

    struct journal_ticket ticket;
    enum journalling journalling;
    bool intent_written, final_put;
    int64_t journal_since_us;

    struct attempt attempt;
    bool again_waiting; /* for the only candidate, until again_ms */
    int64_t again_ms;
    bool rate_limited; /* some provider said 429 */
    int64_t retry_after_ms;

    struct metering metering;
    enum event_outcome outcome;
    int status; /* as the client got it; 499: it left before */
    bool refused;
    enum refusal refusal;
    struct refusal_say say;

    bool head_sent;
    struct sse sse;
    struct buf held;         /* frames before the first content */
    struct buf usage_frame;  /* the last frame that told usage */
    const struct span *last; /* what is sent once FINAL is written */
    uint32_t last_count;
    size_t last_bytes;
    int64_t sent_ms, progress_ms, left_ms; /* monotonic */
    int64_t first_us, waited_us;           /* monotonic; waited for providers in all */
    struct httpd_timer timer;
};

struct flow_pool {
    struct list live, unused;
    uint32_t live_count, unused_count;
    struct json_doc doc; /* for what is read and used within one call */
    struct buf scratch;
};

/* flow.c */
void flow_run(struct flow *flow);
void flow_refuse(struct flow *flow, enum refusal refusal, const struct refusal_say *say);
/* Sets the timer for whatever is due first. */
void flow_arm(struct flow *flow, int64_t due_mono_ms);
must_use int64_t flow_now_ms(const struct flow *flow);

/* steps.c: what comes before the first byte upstream */
must_use enum go flow_auth(struct flow *flow);
must_use enum go flow_ask(struct flow *flow);
must_use enum go flow_admit(struct flow *flow);
must_use enum go flow_route(struct flow *flow);
must_use enum go flow_send(struct flow *flow);
/* Why the request failed, when nobody is left to try. */
void flow_refuse_last(struct flow *flow);
/* The output cap for one deployment, in tokens per choice. */
must_use int64_t flow_cap_at(const struct flow *flow, const struct snapshot_deployment *deployment);
must_use int64_t flow_input_bound_at(const struct flow *flow,
                                     const struct snapshot_deployment *deployment);

/* relay.c: what comes back */
must_use enum go flow_relay(struct flow *flow);
extern const struct upstream_events flow_upstream_events;
/* Gives the running call up. */
void flow_cancel(struct flow *flow);

/* out.c: towards the client */
void out_frame(struct flow *flow, const struct sse_frame *frame,
               const struct openai_places *places);
void out_ping(struct flow *flow);
/* Makes the end of the answer, with its cost in it; sent by out_last. */
void out_prepare_last(struct flow *flow);
void out_last(struct flow *flow);
/* The refusal: as a status, or inside the stream. */
void out_refusal(struct flow *flow);
must_use int64_t out_overhead_us(const struct flow *flow);

/* settle.c */
must_use enum go flow_settle(struct flow *flow);
must_use int flow_put_intent(struct flow *flow);
void flow_put_progress(struct flow *flow);

#endif
