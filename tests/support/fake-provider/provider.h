/*
 * provider: the routes of the fake provider, and what all of its calls share.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_PROVIDER_H
#define TOLLGATE_FAKE_PROVIDER_PROVIDER_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "faults.h"
#include "gateway/meter/count.h"
#include "reply.h"
#include "server.h"
#include "truth.h"

struct provider {
    struct truth *truth; /* borrowed */
    struct fault_rules rules;
    int64_t pace_us;   /* between the pieces of a stream, when nothing else is asked for */
    struct count zero; /* the counter that bills, at zero */
    uint64_t calls;
    uint64_t run; /* told apart from earlier runs in ids */
    /* Scratch of the request that is being answered. */
    struct json_doc doc;
    struct arena *arena;
};

/* A call of a model that has just come in. Spans live until the call is made. */
struct arrival {
    const struct http_request *request;
    struct span model;
    uint64_t id;
    int64_t unix_ms;
    struct fault_spec spec;
    struct record record;
};

void provider_init(struct provider *provider, struct truth *truth, int64_t pace_us,
                   uint32_t millibytes_per_token);
void provider_done(struct provider *provider);

/* The server's on_request. */
must_use struct call *provider_on_request(void *app, const struct http_request *request);

#endif
