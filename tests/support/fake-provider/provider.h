/*
 * provider: what all calls of the fake provider share, and how a call of a model begins.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_PROVIDER_H
#define TOLLGATE_FAKE_PROVIDER_PROVIDER_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "dialect.h"
#include "fault-rules.h"
#include "gateway/meter/count.h"
#include "reply.h"
#include "server.h"
#include "truth.h"

struct issued;
struct stored;

struct provider_options {
    int64_t pace_us; /* between the pieces of a stream, when nothing else is asked for */
    uint32_t millibytes_per_token;
    bool require_token;         /* of all calls of models */
    int64_t token_ttl_s;        /* of tokens that are issued here */
    const char *token_key_path; /* the public key of those who ask for one; NULL: any will do */
    const char *aws_id, *aws_secret; /* the key that signatures are held against */
    bool require_signature;          /* of all calls in Bedrock's dialect */
};

struct provider {
    struct provider_options options;
    struct truth *truth; /* borrowed */
    struct fault_rules rules;
    struct count zero; /* the counter that bills, at zero */
    uint64_t calls;
    uint64_t run;          /* told apart from earlier runs in ids */
    struct issued *issued; /* owned; tokens */
    struct stored *stored; /* owned; responses that can be read again */
    /* Scratch of the request that is being answered. */
    struct json_doc doc;
    struct arena *arena;
};

/* A call of a model that has just come in. Spans live until the call is made. */
struct arrival {
    const struct http_request *request;
    const struct dialect *dialect;
    const struct route *route;
    struct span model, site;
    int stream;  /* what the path says: 1, 0, or -1 for nothing */
    bool framed; /* Gemini: ?alt=sse; */
    bool listed; /* a stream without it */
    uint64_t id;
    int64_t unix_ms;
    struct fault_spec spec;
    struct record record;
    const char *stream_type; /* instead of the dialect's; NULL: none */
    int64_t earlier_tokens;  /* of input, by what it goes on from */
    struct buf echo;         /* owned by who makes it until a stream takes it */
};

/* 0, or -EINVAL when the options name a key that cannot be read. */
must_use int provider_init(struct provider *provider, struct truth *truth,
                           const struct provider_options *options);
void provider_done(struct provider *provider);

/* The server's on_request. */
must_use struct call *provider_on_request(void *app, const struct http_request *request);

/* Where a request's body is, for the model that it names. */
enum body { BODY_JSON, BODY_PARTS, BODY_FORM, BODY_NONE };

/* A call of a model, or of an endpoint that counts as one, by the route that it came on. */
must_use struct call *provider_arrive(struct provider *provider, const struct http_request *request,
                                      const struct route *route);

#endif
