/*
 * openai_reading: what the files that read a chat completions body share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_READING_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_READING_H

#include "common/base/arena.h"
#include "common/base/json.h"
#include "gateway/dialect/chat.h"

struct openai_reading {
    const struct json_doc *doc;
    struct arena *arena;
    struct chat *chat;
    uint32_t part_capacity;
    uint32_t message; /* number of the one being read, for what is said of it */
    uint32_t calls;   /* part of the first call that waits for its result; JSON_NONE: none */
    uint32_t call_count, answered; /* how many there are, and have one */
    const char *why, *member;
};

/* Both: false, so that a reader may end with them. `member` of the body, or of the message being
 * read. */
bool openai_refuse(struct openai_reading *r, const char *member, const char *why);
bool openai_refuse_in_message(struct openai_reading *r, const char *member, const char *why);

must_use bool openai_has_room(const struct openai_reading *r, size_t size);
/* Value nodes: none and null are not there. */
must_use bool openai_is(const struct openai_reading *r, uint32_t node, enum json_kind kind);
/* The inside of a string; empty when it is none. */
must_use struct span openai_inside(const struct openai_reading *r, uint32_t node);
must_use struct span openai_inside_in(const struct openai_reading *r, uint32_t object,
                                      const char *name);
must_use uint32_t openai_array_in(const struct openai_reading *r, uint32_t object,
                                  const char *name);
/* {"type":"ephemeral","ttl":"1h"} in `object`. */
must_use enum chat_cache openai_cache_in(const struct openai_reading *r, uint32_t object);

/* The next part of the chat, or NULL when there are too many (then it has refused). */
must_use struct chat_part *openai_add_part(struct openai_reading *r, enum chat_part_kind kind);

/* One item of a message's content (openai_part_read.c). */
must_use bool openai_read_part(struct openai_reading *r, uint32_t node);
/* What an assistant thought, from reasoning_details, reasoning_content or reasoning. */
must_use bool openai_read_reasoning(struct openai_reading *r, uint32_t message);
/* Tools and everything but the messages (openai_wish_read.c). */
must_use bool openai_read_tools(struct openai_reading *r);
must_use bool openai_read_wish(struct openai_reading *r);

#endif
