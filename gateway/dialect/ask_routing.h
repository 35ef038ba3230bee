/*
 * ask_routing: what a request says of how it is to be routed, beside `provider`: the members that
 * LiteLLM and OpenRouter have for it. Part of struct ask.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_ROUTING_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_ROUTING_H

#include <stdint.h>

#include "common/base/span.h"
#include "tenants/model/preset.h"

enum { ASK_MODELS_MAX = 8 /* of models[], and of each kind of fallbacks */ };

struct ask_models {
    struct span at[ASK_MODELS_MAX];
    uint32_t count;
};

/* Spans are copies in the arena. */
struct ask_routing {
    struct ask_models models;           /* to fall back to for any reason, in this order */
    struct ask_models fallbacks[FALLS]; /* `fallbacks`, likewise, and those of one kind */
    int32_t retries;                    /* of the same deployment; -1: the gateway's way */
    int64_t timeout_ms;                 /* of the whole request; -1: the deployments' */
    int64_t first_token_ms;             /* of each attempt at a stream; -1: the deployment's */
    int64_t first_ping_ms;              /* -1: the gateway's */
    struct span preset;                 /* its name; empty: none is named */
    bool mock_limit;                    /* as if the provider had refused it with 429 */
    bool mock_fall[FALLS];              /* the first candidate is as if it had failed so */
};

#endif
