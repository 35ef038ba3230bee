/*
 * models: what can be called, where, at what price and how well: the answers of the Models API.
 *
 * The list in the shapes of OpenAI (with OpenRouter's members), Anthropic and Gemini, one model,
 * its endpoints with their health, and the providers. Everything is read from the snapshot and the
 * board for one key: what it may not call is left out. Pure but for reading the board; any thread.
 * Described in docs/models.md.
 */
#ifndef TOLLGATE_GATEWAY_MODELS_MODELS_H
#define TOLLGATE_GATEWAY_MODELS_MODELS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "gateway/route/board.h"
#include "gateway/snapshot/snapshot.h"

enum models_shape { MODELS_OPENAI, MODELS_ANTHROPIC, MODELS_GEMINI };

/* Who asks, and when. Borrows. */
struct models_view {
    const struct snapshot *snapshot;
    const struct snapshot_key *key;
    const struct board *board;
    enum models_shape shape;
    int64_t now_ms;      /* wall clock: prices that hold then */
    int64_t now_mono_ms; /* the board's */
};

/* ---- what the query asks for ---- */
enum models_sort { MODELS_BY_ID, MODELS_BY_PRICE, MODELS_BY_CONTEXT, MODELS_BY_AGE };
enum { MODELS_QUERY_MAX = 4096, MODELS_LIMIT_MAX = 1000 };

struct models_ask {
    bool all;                                          /* also what this key cannot call now */
    struct span kind, provider, search, after, before; /* into `text`; empty: not asked */
    uint32_t parameters;                               /* bits; all must be supported */
    uint8_t input, output;                             /* 1 << enum modality; all must be there */
    int64_t context_min;
    enum models_sort sort;
    uint32_t limit; /* 0: all */
    char text[MODELS_QUERY_MAX];
    size_t text_size;
};

/* False when a filter is unknown, twice there or has a wrong value: *param_out is its name, NULL
 * for an unknown one, and a sentence that says what is allowed is appended to `why`. */
must_use bool models_ask_read(const struct models_view *view, struct span query,
                              struct models_ask *ask_out, const char **param_out, struct buf *why);

/* ---- answers: JSON appended to `out`, whose maximum bounds it; see buf_failed() ---- */
/* False when the model to go on behind (or before) is not in the list. */
must_use bool models_write_list(const struct models_view *view, const struct models_ask *ask,
                                struct buf *out);
/* {"data":{"count":…}} of the same list, without paging. */
void models_write_count(const struct models_view *view, const struct models_ask *ask,
                        struct buf *out);
/* One model, by id or alias: false when there is none or this key may not see it. */
must_use bool models_write_one(const struct models_view *view, struct span name, struct buf *out);
/* With all deployments of it that this key can use; likewise. */
must_use bool models_write_endpoints(const struct models_view *view, struct span name,
                                     struct buf *out);
/* The providers of what this key can call; with `all` the others too. */
void models_write_providers(const struct models_view *view, bool all, struct buf *out);

#endif
