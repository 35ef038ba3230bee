/*
 * models: the list of models in OpenAI's shape, with price, limits and capabilities.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_MODELS_H
#define TOLLGATE_GATEWAY_EDGE_MODELS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "gateway/snapshot/snapshot.h"

/* Who asks, and when. */
struct models_view {
    const struct snapshot *snapshot; /* borrowed */
    const struct snapshot_key *key;
    int64_t now_ms; /* wall clock: prices that hold then */
    bool all;       /* also what this key cannot call now */
};

/* Appends {"object":"list","data":[…]}. The buffer's maximum bounds it; see buf_failed(). */
void models_write_list(const struct models_view *view, struct buf *out);

/* Appends one model: true, or false when there is none by that id or alias, or the key may not see
 * it. */
must_use bool models_write_one(const struct models_view *view, struct span id, struct buf *out);

#endif
