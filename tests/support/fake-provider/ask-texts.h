/*
 * ask-texts: the texts of a request in any dialect. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ASK_TEXTS_H
#define TOLLGATE_FAKE_PROVIDER_ASK_TEXTS_H

#include "common/base/arena.h"
#include "common/base/json.h"

struct texts_sink {
    void (*take)(void *to, struct span text);
    void *to;
    struct arena *arena; /* for texts with escapes */
};

/* Every text at and below the node that a model reads, in order. */
void texts_walk(const struct json_doc *doc, uint32_t root, const struct texts_sink *sink);

#endif
