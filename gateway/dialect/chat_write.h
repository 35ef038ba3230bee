/*
 * chat_write: what the writers of several languages ask of a chat, and say alike.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CHAT_WRITE_H
#define TOLLGATE_GATEWAY_DIALECT_CHAT_WRITE_H

#include "gateway/dialect/chat.h"
#include "gateway/dialect/language.h"
#include "gateway/dialect/pieces.h"

/* Sets of kinds of parts. */
#define KIND(kind) (1u << (kind))
enum { MEDIA = KIND(PART_IMAGE) | KIND(PART_AUDIO) | KIND(PART_FILE) };

must_use bool chat_part_is(const struct chat_part *part, uint32_t kinds);
/* How many of the parts from `first` on are of these kinds. */
must_use uint32_t chat_count_parts(const struct chat *chat, uint32_t first, uint32_t count,
                                   uint32_t kinds);

/* ---- what does not go over ---- */

void chat_lose(struct ask_losses *losses, enum chat_member member);
/* `why` names what can not be said; the first one stays. */
void chat_refuse(struct ask_losses *losses, const char *why);
/* Members with no word in a language: lost where they are wished for. */
struct chat_unknown {
    enum chat_member member;
    bool wished;
};
void chat_lose_unknown(struct ask_losses *losses, const struct chat_unknown *rows, size_t count);
/* A JSON value that asks for more than what is done anyway. */
must_use bool chat_says_something(struct span json);
/* How the writing went, at its end. */
must_use enum ask_written chat_written(const struct pieces *out, const struct ask_losses *losses);

/* ---- OpenAI's languages, and those after their model ---- */

struct chat_writing {
    struct pieces *out;
    const struct chat *chat;
    const struct language_target *target;
    const struct compatible *compatible; /* what the model takes; never NULL where it is used */
    struct ask_losses *losses;
    uint64_t without; /* 1 << enum chat_member: not said there */
};

/* Whether it can be said there; noted as lost when it can not. */
must_use bool chat_takes(struct chat_writing *w, enum chat_member member);
/* A member that was told and can be said, as JSON or as an inside. */
void chat_put_json(struct chat_writing *w, enum chat_member member, const char *name,
                   struct span json);
void chat_put_inside(struct chat_writing *w, enum chat_member member, const char *name,
                     struct span inside);
/* name, description and parameters of a function, inside of an object. */
void chat_put_function(struct pieces *out, const struct chat_tool *tool);
/* "strict": -1 leaves it out. */
void chat_put_strict(struct chat_writing *w, int strict);

/* ---- values ---- */

/* "data:image/png;base64,…" of a part with data (`type` where it tells none), else its URL. */
void chat_write_url(struct pieces *out, const struct chat_part *part, const char *type);
/* filename and file_data of a part with data. */
void chat_put_file(struct pieces *out, const struct chat_part *part);
/* The target's cap of output tokens, and no more than its model can. */
must_use int64_t chat_output_cap(const struct language_target *target);
/* A JSON number; 0 when there is none. */
must_use double chat_number(struct span json);

#endif
