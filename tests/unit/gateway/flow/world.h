/*
 * world: what a flow works with, made of paper: a request, a journal, leases, a snapshot of three
 * deployments, and a clock that a test moves. The upstream is the scripted one.
 *
 * Its functions stand in for those of common/httpd, gateway/admit, gateway/journal and
 * gateway/snapshot, by being linked before them.
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_FLOW_WORLD_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_FLOW_WORLD_H

#include "tests/support/testing.h"

#include "billing/event/event.h"
#include "gateway/flow/flow.h"
#include "gateway/upstream/script.h"

enum { WORLD_RECORDS_MAX = 64 };

struct httpd_request {
    struct span body, query, method;
    int status; /* 0: no head yet */
    struct buf head, sent;
    bool ended, complete;
    bool full; /* httpd_send says so */
    void *owner;
    void (*on_gone)(void *owner), (*on_room)(void *owner);
};

struct world {
    struct flow_worker worker;
    struct script *script;
    struct httpd_request request;

    int64_t now_ms;
    const char *query;              /* of the next requests; NULL: none */
    bool path_streams;              /* of the next requests for generateContent */
    const char *content_type;       /* of the next requests; NULL: none */
    bool traced;                    /* the next requests ask for a trace */
    bool hedged;                    /* the next requests ask for hedging */
    bool not_continued;             /* the next requests ask that streams do not go on */
    struct snapshot_preset preset;  /* "p"; version 0: there is none */
    struct httpd_header headers[4]; /* of the next requests: those that members have too */
    const char *service_kind;       /* of the model "a/s" … */
    struct price_rate service_rates[3];
    uint32_t service_rate_count; /* … and its rates; 0: those of the others */

    struct {
        enum record_type type;
        struct buf payload;
    } records[WORLD_RECORDS_MAX];
    uint32_t record_count;
    bool journal_sick;
    int journal_error;       /* of the next put of an INTENT */
    int journal_write_error; /* told by tickets */
    bool journal_stalls;     /* nothing is written */

    enum auth_outcome auth;
    enum admit_outcome admit; /* what the next admit_reserve says */
    enum admit_outcome rate;  /* and admit_rate */
    int64_t affordable_pico, reserved_pico, settled_pico;
    uint32_t settled, settled_events, forgotten;
    struct admit_waiter *waiting;

    struct snapshot_deployment deployments[3]; /* the third one is of another model, "a/big" */
    struct snapshot_key key;
    struct event event; /* the last FINAL, decoded */
};
extern struct world world;
extern const struct snapshot_model world_chat_model, world_big_model; /* "a/m", "a/big" */

void world_open(void);
void world_close(void);
/* The same for cmocka; no flow may be left. */
int world_setup(void **state);
int world_teardown(void **state);
/* Starts a flow for POST /chat/completions. */
void world_ask(const char *body);
/* Any other endpoint in OpenAI's dialect. */
void world_serve(enum endpoint endpoint, struct span body);
/* Anthropic's: POST /messages, and to count it. */
void world_messages(const char *body);
void world_count_messages(const char *body);
/* Gemini's: POST …/models/a/m:generateContent. */
void world_generate(const char *body);
/* OpenAI's Responses: POST /responses, and what is done (`method`) with one that is kept. */
void world_dry_run(const char *body);
void world_responses(const char *body);
void world_response(const char *method, enum endpoint endpoint, const char *id);
/* Writes what the journal was given, until nothing waits. */
void world_write(void);
/* Moves the clock and fires what is due. */
void world_wait(int64_t ms);
/* The client goes. */
void world_leave(void);
/* What the client was sent, and whether a text stands in it. */
must_use struct span world_sent(void);
must_use bool world_sent_has(const char *text);
/* What the client has: "200 text/event-stream" … */
must_use bool world_head_has(const char *line);
/* How many records of a type there are. */
must_use uint32_t world_count(enum record_type type);
/* The usage event of the one FINAL there is. */
must_use const struct usage_event *world_event(void);

#endif
