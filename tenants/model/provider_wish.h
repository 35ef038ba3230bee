/*
 * provider_wish: what is asked of the providers that may serve: the object `provider` of a request,
 * and of a routing preset's targets, as OpenRouter has it
 * (https://openrouter.ai/docs/features/provider-routing).
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

/* Of what was measured lately. A number alone is of the median. */
enum wish_percentile { WISH_P50, WISH_P75, WISH_P90, WISH_P99, WISH_PERCENTILES };

struct provider_wish {
    struct wish_names order, only, ignore;
    struct span sort;        /* one of WISH_SORTS; empty: not there */
    int64_t caps[WISH_CAPS]; /* max_price, in pico per token, request or image; those of … */
    uint8_t capped;          /* … 1 << enum wish_cap */
    bool zdr, no_collection, no_fallbacks, require_parameters;
    const struct wish_names *quantizations, *regions; /* NULL: any will do */
    /* Preferred: who is slower to the first token comes behind, but is not left out. 0: none. */
    int64_t max_latency_ms[WISH_PERCENTILES];
    int64_t min_decitokens[WISH_PERCENTILES]; /* likewise, tenths of tokens per second */
};

/* The words of `sort`: the strategies of gateway/route/policy.h. */
#define WISH_SORTS                                                                                 \
    "'default', 'price' (or 'cheapest'), 'throughput' (or 'fastest'), 'latency', 'balanced', "     \
    "'weighted', 'priority', 'least-busy' or 'usage'"

struct wish_error {
    const char *param; /* "provider.sort", in the arena */
    const char *text;  /* what goes on behind it: "must be a string"; a constant or in the arena */
};

/* Reads the object at `value` (absent and null: nothing is asked), whose name is `name` in errors.
 * 0, or -EINVAL with *error_out filled: a wrong type, a word that is none, all of `only` in
 * `ignore`. Members that it does not know are left alone. Copies at most 32 KiB. */
must_use int provider_wish_read(const struct json_doc *doc, uint32_t value, const char *name,
                                struct arena *arena, struct provider_wish *wish_out,
                                struct wish_error *error_out);

/* Whether the name node is that of a member that is read. */
must_use bool provider_wish_knows(const struct json_doc *doc, uint32_t name);

#endif
