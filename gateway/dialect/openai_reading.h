/*
 * openai_reading: what the files share that read a body of chat completions, or of the Responses
 * API.
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
    const char *list; /* "messages" or "input" */
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

/* A text as a part, unless it is empty; whether all parts from `first` on are of `kinds`
 * (openai_ask_read.c). */
must_use bool openai_read_string(struct openai_reading *r, uint32_t node, enum chat_part_kind kind);
must_use bool openai_has_only(struct openai_reading *r, uint32_t first, uint32_t kinds,
                              const char *why);
/* The next part of the chat, or NULL when there are too many (then it has refused). */
must_use struct chat_part *openai_add_part(struct openai_reading *r, enum chat_part_kind kind);

/* One item of a content, by its type; `why` refuses all others. An empty text is left out. */
struct openai_part_kind {
    const char *type;
    enum chat_part_kind kind;
    bool (*read)(struct openai_reading *r, uint32_t node, struct chat_part *part);
};
must_use bool openai_read_part_of(struct openai_reading *r, uint32_t node,
                                  const struct openai_part_kind *among, size_t count,
                                  const char *why);
/* One item of a message's content (openai_part_read.c). */
must_use bool openai_read_part(struct openai_reading *r, uint32_t node);
/* Media of a part: a string with a URL or a data URL; data and format of audio; a file's data by
 * the part's name. `member` is named in refusals. */
must_use bool openai_read_url(struct openai_reading *r, uint32_t node, const char *member,
                              struct chat_part *part);
must_use bool openai_read_refusal(struct openai_reading *r, uint32_t node, struct chat_part *part);
must_use bool openai_read_audio(struct openai_reading *r, uint32_t node, struct chat_part *part);
must_use bool openai_read_file_data(struct openai_reading *r, uint32_t node, const char *member,
                                    struct chat_part *part);
/* Texts put together in the arena; false when there is no room. */
must_use bool openai_join(struct openai_reading *r, struct span *text, struct span more);
/* What an assistant thought, from reasoning_details, reasoning_content or reasoning. */
must_use bool openai_read_reasoning(struct openai_reading *r, uint32_t message);
/* Tools and everything but the messages (openai_wish_read.c). */
must_use bool openai_read_tools(struct openai_reading *r);
must_use bool openai_read_wish(struct openai_reading *r);
/* Of these: -1 when it is neither true nor false; the tool that is to be called, by its name or by
 * a word; a word of effort. */
must_use int openai_flag_in(const struct openai_reading *r, uint32_t object, const char *name);
must_use bool openai_choose_named(struct openai_reading *r, struct span name, const char *member);
must_use bool openai_choose_word(struct openai_reading *r, struct span word, const char *member);
must_use bool openai_read_effort(struct openai_reading *r, uint32_t node, const char *member);
/* Members of the body that are taken over: a string as its inside, all else as its JSON text. */
struct openai_value {
    const char *name;
    enum json_kind kind;
    struct span *into;
};
must_use bool openai_read_values(struct openai_reading *r, const struct openai_value *rows,
                                 size_t count);
must_use bool openai_read_whole_number(struct openai_reading *r, const char *name, int64_t max,
                                       int64_t *number_out);
/* The arguments of a call, in a string or not. */
must_use struct chat_json openai_arguments_in(const struct openai_reading *r, uint32_t function);

#endif
