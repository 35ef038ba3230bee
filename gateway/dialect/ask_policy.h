/*
 * ask_policy: what a client says of the providers that may serve it: the members of `provider`, and
 * `route_preference`, as OpenRouter has them. Part of struct ask.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_POLICY_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_POLICY_H

#include <stdint.h>

#include "common/base/span.h"

enum { ASK_PROVIDERS_MAX = 16 /* items of provider.order, only, ignore, … */ };

struct ask_names {
    struct span at[ASK_PROVIDERS_MAX];
    uint32_t count;
};

enum ask_cap { ASK_CAP_PROMPT, ASK_CAP_COMPLETION, ASK_CAP_REQUEST, ASK_CAP_IMAGE, ASK_CAPS };

/* Spans are copies in the arena. */
struct ask_policy {
    struct span sort;       /* a strategy's name, as it came; empty: not there */
    struct span preference; /* route_preference; likewise */
    int64_t caps[ASK_CAPS]; /* max_price, in pico per token, request or image; those of … */
    uint8_t capped;         /* … 1 << enum ask_cap */
    bool zdr, no_collection;
    const struct ask_names *quantizations, *regions; /* NULL: any will do */
};

#endif
