/*
 * anthropic_reading: a body of Anthropic's Messages API while it is read into a chat: what the file
 * of the messages and the file of the wish share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_READING_H
#define TOLLGATE_GATEWAY_DIALECT_ANTHROPIC_READING_H

#include "gateway/dialect/anthropic.h"

struct anthropic_reading {
    const struct json_doc *doc;
    struct chat *chat;
    struct chat_part *parts; /* NULL: counting */
    uint32_t part;           /* parts of messages so far */
    uint32_t held;           /* parts of tool results so far; they stand behind all the others */
    uint32_t top;            /* how many parts of messages there are; known when filling */
    const char *why, *member;
};

/* Notes the first that was wrong; false. */
static inline bool anthropic_fail(struct anthropic_reading *r, const char *member, const char *why)
{
    if (r->why == NULL) {
        r->why = why;
        r->member = member;
    }
    return false;
}

static inline struct span anthropic_inside(const struct anthropic_reading *r, uint32_t node)
{
    return json_inside(r->doc, node);
}

static inline struct span anthropic_text(const struct anthropic_reading *r, uint32_t object,
                                         const char *name)
{
    return anthropic_inside(r, json_find(r->doc, object, name));
}

static inline bool anthropic_is(const struct anthropic_reading *r, uint32_t node, const char *value)
{
    return json_is(r->doc, node, JSON_STRING) && json_string_is(r->doc, node, value);
}

static inline bool anthropic_is_a(const struct anthropic_reading *r, uint32_t node,
                                  enum json_kind kind)
{
    return !json_is_null(r->doc, node) && json_kind(r->doc, node) == kind;
}

static inline enum chat_cache anthropic_cache(const struct anthropic_reading *r, uint32_t object)
{
    uint32_t cache = json_find(r->doc, object, "cache_control");

    if (!anthropic_is_a(r, cache, JSON_OBJECT))
        return CACHE_UNSET;
    return anthropic_is(r, json_find(r->doc, cache, "ttl"), "1h") ? CACHE_1H : CACHE_5M;
}

/* Tools, tool_choice and all that shapes the answer. False: failed. */
must_use bool anthropic_read_tools(struct anthropic_reading *r, struct arena *arena);
must_use bool anthropic_read_wish(struct anthropic_reading *r, bool counting);

#endif
