/*
 * attempt: one try at one deployment, as far as a flow knows it. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_ATTEMPT_H
#define TOLLGATE_GATEWAY_FLOW_ATTEMPT_H

#include "common/base/buf.h"
#include "gateway/dialect/event_stream.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/pieces.h"
#include "gateway/dialect/responses.h"
#include "gateway/dialect/service.h"
#include "gateway/dialect/shape.h"
#include "gateway/dialect/sse.h"
#include "gateway/flow/flow.h"
#include "gateway/route/board_live.h"
#include "gateway/route/route.h"
#include "gateway/route/verdict.h"
#include "gateway/upstream/upstream.h"

/* Memory that one keeps for the next one. */
#define ATTEMPT_KEPT_BYTES ((size_t)64 << 10)

/* How what is said gets from one side to the other. */
enum attempt_way {
    WAY_PATCH,     /* both speak OpenAI's: frames pass, but for usage */
    WAY_PASS,      /* both speak another one: frames pass as they are */
    WAY_TRANSLATE, /* through the events of answer_event.h */
    WAY_SERVICE    /* what is no chat: as it came, or turned around by `service` */
};

struct flow;

#define ATTEMPT_NOT_BEGUN UINT32_MAX

/* One attempt; begun anew for each. */
struct attempt {
    struct flow *flow;
    uint32_t index; /* of the event's attempts, or … */
    const struct route_candidate *candidate;
    const struct snapshot_credential *credential; /* of it; NULL: it has none */
    const struct upstream_language *language;
    enum attempt_way way;
    const struct service_language *service; /* WAY_SERVICE; NULL: OpenAI's dialect */
    struct span content_type;               /* WAY_SERVICE: of the answer; in the arena */
    bool unstreamed;                        /* asked for a stream, it answers whole: passed on so */
    bool raw;                               /* its body is no JSON, and relayed as it comes */
    struct upstream_call *call;             /* NULL: none, or gone */
    struct pieces said;                     /* its body, where it is translated */
    const struct span *pieces;              /* of its body */
    uint32_t piece_count;
    size_t body_bytes;
    uint64_t lost;             /* 1 << enum chat_member: what did not go over */
    struct upstream_head head; /* status, retry_after_ms and framed only */
    char request_id[128];      /* the provider's */
    bool streamed;             /* its body is read as frames */
    bool content;              /* some came */
    bool done;                 /* the stream's end marker */
    bool ended;                /* its end was told */
    bool failed;               /* `fault` holds */
    enum attempt_fault fault;
    enum upstream_end end;
    bool paused;
    int64_t begun_ms, last_ms, done_ms; /* monotonic; done_ms 0: no marker yet */
    int64_t late_ms;                    /* when it is hedged; 0: not looked at yet */
    int64_t sent_us;                    /* 0: not sent yet */
    bool under_way;                     /* the board counts it */
    struct board_wait wait;             /* while it says nothing … */
    int64_t silent_ms;                  /* … when the board is told so next */
    size_t bytes;                       /* of the body so far */

    /* ---- what is read of it ---- */
    struct sse sse;
    struct event_stream messages; /* instead of it, of an upstream that frames in binary */
    struct answer_reader reader;
    struct answer answer;
    struct meters input;         /* what was told of the prompt when it began */
    struct openai_places places; /* of a whole answer */
    struct buf body;             /* whole answers and errors */

    /* ---- what is told of it ---- */
    struct answer_writer writer;
    struct buf told;              /* what the writer wrote and is not sent yet */
    struct responses_pin pin;     /* the id of the answer, and of the one before */
    struct shape shape;           /* of the frames */
    struct span shown;            /* the last text that a frame showed … */
    uint32_t shown_count;         /* … of so many */
    size_t cut_from, cut_to;      /* what was left out of the last frame */
    struct buf held;              /* frames before the first content */
    struct buf usage_frame;       /* the last frame that told usage */
    struct buf tail;              /* WAY_PASS: frames from the finish on, sent with the end … */
    size_t usage_at, usage_bytes; /* … the data in it of the frame that told usage last */
};

/* Its memory is its own, and kept from one try to the next. */
must_use struct attempt *attempt_new(const struct flow_config *config);
void attempt_free(struct attempt *attempt);
/* As new, but for that memory and the flow. */
void attempt_clear(struct attempt *attempt);
must_use bool attempt_keeps_little(const struct attempt *attempt);

#endif
