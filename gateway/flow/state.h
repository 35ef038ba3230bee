/*
 * state: what a flow is. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_STATE_H
#define TOLLGATE_GATEWAY_FLOW_STATE_H

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/override.h"
#include "gateway/flow/attempt.h"
#include "gateway/flow/step.h"
#include "gateway/meter/metering.h"
#include "gateway/route/plan.h"

/* The client's body in nobody's dialect. */
enum chat_state { CHAT_UNREAD, CHAT_READ, CHAT_UNFIT /* chat_why says why */ };

/* What was handed to the journal and is not yet told written. */
enum journalling { JOURNAL_IDLE, JOURNAL_WRITING, JOURNAL_WRITTEN, JOURNAL_FAILED };

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
    struct form *form;            /* what came as one; NULL: JSON. In the arena */
    struct service_facts service; /* of what is no chat */
    const struct client_language *client;
    enum chat_state chat_state;
    struct chat chat;
    const char *chat_why, *chat_member; /* of CHAT_UNFIT */
    const char *unspeakable;            /* what no provider asked so far can take; NULL: nothing */
    const struct snapshot_preset *preset; /* NULL: none is used */
    struct plan plan;                     /* the legs of … */
    struct route route;
    const struct override_effect *effects; /* on each leg; NULL: none */
    uint8_t attempt_legs[EVENT_ATTEMPTS_MAX];
    struct leg_body *bodies; /* with a preset's overrides in them; of legs.c */
    enum policy policy;      /* its candidates stand in the order of it */
    bool trace;              /* the client asks why it went where it did */
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
    bool journal_late; /* an INTENT was not written in time: the client does not wait for FINAL */
    int64_t journal_since_us;

    /* All is about `attempt`. Where two run, neither of which has told anything yet, each is it for
     * as long as it is looked at: flow_look_at(). */
    struct attempt *attempt, *other;
    bool hedges, hedged;   /* a second attempt may be made beside a late one; it was */
    struct resume *resume; /* resume.h; NULL: a stream does not go on when its provider dies */
    bool again_waiting;    /* for the only candidate, until again_ms */
    int64_t again_ms;
    uint32_t retries;    /* of the current deployment, that were asked for */
    int64_t deadline_ms; /* monotonic; of all attempts and waits */
    bool deadline_told;  /* by the client */
    bool rate_limited;   /* some provider said 429 */
    int64_t retry_after_ms;

    struct metering metering;
    enum event_outcome outcome;
    int status; /* as the client got it; 499: it left before */
    bool refused;
    enum refusal refusal;
    struct refusal_say say;

    bool pinned; /* goes on from a response that one deployment keeps */
    struct uuid pinned_to;
    uint64_t pinned_account;        /* fingerprint of the credential it was made with */
    struct responses_pair previous; /* its id */

    bool head_sent;
    const struct span *last; /* what is sent once FINAL is written */
    uint32_t last_count;
    size_t last_bytes;
    int64_t sent_ms, progress_ms, left_ms; /* monotonic */
    int64_t first_us, waited_us;           /* monotonic; waited for providers in all … */
    int64_t waiting_us;                    /* … and since then; 0: not now */
    struct httpd_timer timer;
};

struct flow_pool {
    struct list live, unused;
    uint32_t live_count, unused_count;
    struct list stored; /* of stored.c */
    uint32_t stored_count;
    struct json_doc doc; /* for what is read and used within one call */
    struct buf scratch;
    struct arena *frame; /* of one frame, for its reader */
};

#endif
