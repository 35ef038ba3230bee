/*
 * event: the usage event, version 1: the contract between gateway and billing. CloudEvents 1.0,
 * structured JSON.
 *
 * Encode and decode stand side by side and are inverse: unknown members survive the round trip. No
 * prompt, no answer, ever. Texts are spans, borrowed from whoever filled the struct (encode) or
 * from the decoded text and the arena (decode). docs/events.md has the member table.
 */
#ifndef TOLLGATE_BILLING_EVENT_EVENT_H
#define TOLLGATE_BILLING_EVENT_EVENT_H

#include <stdint.h>

#include "billing/event/outcome.h"
#include "billing/event/side_events.h"
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "tenants/model/meter.h"

#define EVENT_TYPE_USAGE "tollgate.usage.v1"

enum {
    EVENT_ATTEMPTS_MAX = 5,
    EVENT_TAGS_MAX = 16,
    EVENT_LEASES_MAX = 4,
    EVENT_PREFIXES_MAX = 8,
    EVENT_END_USER_MAX = 128,
    EVENT_USAGE_MAX = 2048,  /* the provider's usage object, verbatim */
    EVENT_TEXT_MAX = 512,    /* any other text */
    EVENT_BYTES_MAX = 32768, /* the whole, encoded */
};

struct event_attempt {
    struct uuid deployment;
    struct span provider; /* slug */
    int32_t status;       /* HTTP status of the upstream; 0 when there was none */
    struct span reason; /* "ok", "connect", "timeout_first", "status", "reset", "cancelled", … */
    int64_t started_ms; /* after the request's start; -1: not told */
    int64_t ms;
    struct meters meters; /* what this attempt used, as far as known */
    enum usage_from usage_from;
    struct uuid cost_version; /* zero: nothing to book */
    int64_t cost_pico;
    bool delivered; /* the one the client got */
};

/* One allowance this event was paid from. The balance's comes first. */
struct event_lease {
    struct uuid lease;
    int64_t reserved_pico;
};

struct event_text {
    struct span name, value;
};

struct usage_event {
    struct uuid id; /* = request id; its time is the request's start */
    struct uuid tenant, project, key, gateway, journal;
    struct span cell;
    int64_t start_ms; /* Unix; equals the id's */
    bool test;
    bool byok;
    enum event_outcome outcome;
    enum price_mode mode;
    struct span endpoint; /* "chat.completions" */
    bool stream;
    struct span model_asked, model; /* model: author/slug; empty when none was chosen */
    struct uuid deployment; /* of the attempt that binds the price; zero when there is none */
    struct span provider, upstream_model, provider_request_id;
    struct span client_request_id, app, session_id, end_user, trace_id, parent_id;
    struct uuid price_version, cost_version, plan_version; /* as stamped: they bind */
    struct meters meters;                                  /* what the tenant pays for */
    enum usage_from usage_from;
    struct span count_method;   /* set when counted */
    struct span usage_verbatim; /* JSON as the provider sent it */
    struct span normaliser;     /* "openai/1" */
    struct span finish_reason;
    int64_t base_pico, charge_pico; /* as told to the client */
    int64_t reserved_pico;
    struct event_lease leases[EVENT_LEASES_MAX];
    uint32_t lease_count;
    struct event_attempt attempts[EVENT_ATTEMPTS_MAX];
    uint32_t attempt_count;
    int64_t first_token_ms, total_ms, overhead_us; /* -1: unknown */
    struct event_text tags[EVENT_TAGS_MAX];
    uint32_t tag_count;
    struct span prefixes[EVENT_PREFIXES_MAX]; /* HMAC'd, hex */
    uint32_t prefix_count;
    struct span error;   /* our word for what went wrong, e.g. "provider_unavailable" */
    struct span unknown; /* members of data that this version does not know, as `"a":1,"b":2`; may
                            be empty */
};

enum event_kind { EVENT_KIND_USAGE, EVENT_KIND_LEASE, EVENT_KIND_REFUSAL, EVENT_KIND_UNKNOWN };

struct event {
    enum event_kind kind;
    union {
        struct usage_event usage;
        struct lease_event lease;
        struct refusal_event refusal;
    };
};

/* Appends one JSON object: 0, or -EMSGSIZE past EVENT_BYTES_MAX. */
must_use int event_encode_usage(const struct usage_event *event, struct buf *out);
/* Reads any of them. 0, or -EBADMSG and `why` (a buffer of the caller's) says which member and what
 * was wrong. The spans live as long as text and arena. An unknown type is EVENT_KIND_UNKNOWN with
 * 0. */
struct json_doc;
must_use int event_decode(struct span text, struct json_doc *doc, struct arena *arena,
                          struct event *event_out, struct buf *why);

#endif
