/*
 * attempt: one try at one deployment, as far as a flow knows it. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_ATTEMPT_H
#define TOLLGATE_GATEWAY_FLOW_ATTEMPT_H

#include "common/base/buf.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/service.h"
#include "gateway/route/route.h"
#include "gateway/route/verdict.h"
#include "gateway/upstream/upstream.h"

/* How what is said gets from one side to the other. */
enum attempt_way {
    WAY_PATCH,     /* both speak OpenAI's: frames pass, but for usage */
    WAY_PASS,      /* both speak another one: frames pass as they are */
    WAY_TRANSLATE, /* through the events of answer_event.h */
    WAY_SERVICE    /* what is no chat: as it came, or turned around by `service` */
};

/* One attempt; begun anew for each. */
struct attempt {
    const struct route_candidate *candidate;
    const struct snapshot_credential *credential; /* of it; NULL: it has none */
    const struct upstream_language *language;
    enum attempt_way way;
    const struct service_language *service; /* WAY_SERVICE; NULL: OpenAI's dialect */
    struct span content_type;               /* WAY_SERVICE: of the answer; in the arena */
    bool unstreamed;                        /* asked for a stream, it answers whole: passed on so */
    bool raw;                               /* its body is no JSON, and relayed as it comes */
    struct upstream_call *call;             /* NULL: none, or gone */
    const struct span *pieces;              /* of its body */
    uint32_t piece_count;
    size_t body_bytes;
    uint64_t lost; /* 1 << enum chat_member: what did not go over */
    struct answer answer;
    uint32_t finishes;           /* of all ways but WAY_PATCH: choices that are at their end */
    struct upstream_head head;   /* status, retry_after_ms and framed only */
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
