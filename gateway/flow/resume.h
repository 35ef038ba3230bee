/*
 * resume: a stream that goes on at another deployment when its provider dies in the midst of it,
 * for tenants that allow it. Private to gateway/flow.
 *
 * The text so far is kept as it goes by. When the attempt dies, the next one is asked with that
 * text as the begin of its answer (prefill.h), and what it says is written behind what the client
 * has. All of it is one answer with one charge (metering_carry()).
 */
#ifndef TOLLGATE_GATEWAY_FLOW_RESUME_H
#define TOLLGATE_GATEWAY_FLOW_RESUME_H

#include "gateway/dialect/prefill.h"
#include "gateway/flow/state.h"
#include "gateway/route/verdict.h"

/* In the arena of the request, but for the text. */
struct resume {
    struct buf text;    /* so far; an inside; bounded */
    size_t told;        /* bytes of it that the client has */
    bool text_last;     /* nothing was said behind it */
    bool over;          /* something was said that no text can follow, or too much */
    bool shaped_text;   /* frames of the known shape say text */
    uint32_t events;    /* of the last frame, WAY_PATCH */
    uint32_t texts;     /* … and how many of them were texts */
    uint32_t continued; /* so often it went on */
    struct prefill prefill;
    struct chat chat;            /* what the next one is asked */
    struct answer_writer writer; /* in the midst of the client's stream */
    struct answer_reader reader; /* WAY_PATCH: of its frames, beside what patched.c reads */
    struct answer answer;
};

/* An attempt begins, its way is known: whether what it says is kept, and how it goes on. */
void resume_begin(struct flow *flow);
void resume_done(struct flow *flow);
/* Whether the attempt goes on with an answer. */
must_use bool resume_is_on(const struct flow *flow);

/* What an attempt says, whichever way it goes: false: the client is not told of it. May shorten the
 * event's text to what is new. */
must_use bool resume_hear(struct flow *flow, struct answer_event *event);
/* A frame of WAY_PATCH that was relayed; `learned`: the next ones may be of its shape. */
void resume_chunk(struct flow *flow, struct span data, bool learned);
void resume_shaped(struct flow *flow, struct span inside);
/* A frame that passes; parsed, if it is that text. */
void resume_follow(struct flow *flow, struct span data);
/* What was heard so far is the client's. */
void resume_told(struct flow *flow);
/* The first content of an attempt: tells the client that it is another one's, where comments can.
 */
void resume_content(struct flow *flow);

/* The attempt failed and is put down: whether the next candidate is asked to go on. */
must_use bool resume_goes_on(struct flow *flow, const struct verdict_in *in);
/* What the request came to: some of its answer was told, whatever the last attempt was. */
must_use enum event_outcome resume_outcome(const struct flow *flow);
/* Tokens of the answer that were told by attempts that died. */
must_use int64_t resume_tokens(const struct flow *flow);
/* What they left of a deployment's cap, and of the first one's, by which all is charged. */
must_use int64_t resume_cap(const struct flow *flow, int64_t cap);

#endif
