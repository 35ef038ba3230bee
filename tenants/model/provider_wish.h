/*
 * provider_wish: what is asked of the providers that may serve: the object `provider` of a request,
 * and of a routing preset's targets, as OpenRouter has it.
 *
 * Spans are copies in the arena that it was read into. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PROVIDER_WISH_H
#define TOLLGATE_TENANTS_MODEL_PROVIDER_WISH_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"

enum { WISH_PROVIDERS_MAX = 16, WISH_NAME_MAX = 256 };

struct wish_names {
    struct span at[WISH_PROVIDERS_MAX];
    uint32_t count;
};

enum wish_cap { WISH_CAP_PROMPT, WISH_CAP_COMPLETION, WISH_CAP_REQUEST, WISH_CAP_IMAGE, WISH_CAPS };

struct provider_wish {
    struct wish_names order, only, ignore;
    struct span sort;        /* a strategy's name, as it came; empty: not there */
    int64_t caps[WISH_CAPS]; /* max_price, in pico per token, request or image; those of … */
    uint8_t capped;          /* … 1 << enum wish_cap */
    bool zdr, no_collection, no_fallbacks, require_parameters;
    const struct wish_names *quantizations, *regions; /* NULL: any will do */
    int64_t max_latency_ms; /* preferred: who is slower to the first token comes behind; 0: none */
    int64_t min_decitokens; /* likewise, tenths of tokens per second */
};

struct wish_error {
    const char *param;   /* "provider.sort"; a constant or in the arena */
    const char *message; /* "'provider.sort' must be a string."; likewise */
};

/* Reads the object at `value` (absent and null: nothing is asked), whose name is `name` in
 * messages. 0, or -EINVAL with *error_out filled: a wrong type, a word that is none, all of `only`
 * in `ignore`. Members that it does not know are left alone. */
must_use int provider_wish_read(const struct json_doc *doc, uint32_t value, const char *name,
                                struct arena *arena, struct provider_wish *wish_out,
                                struct wish_error *error_out);

#endif
