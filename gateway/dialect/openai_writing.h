/*
 * openai_writing: what the files that write a chat completions body share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_WRITING_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_WRITING_H

#include "gateway/dialect/compatible.h"
#include "gateway/dialect/language.h"

struct openai_writing {
    struct pieces *out;
    const struct chat *chat;
    const struct language_target *target;
    const struct compatible *compatible; /* never NULL */
    struct ask_losses *losses;
    enum ask_written outcome;
    uint32_t turn_end; /* of messages: the user's next word */
    bool turn_calls;   /* tools are called before it */
};

/* Whether that deployment takes it; noted as lost when it does not. */
must_use bool openai_takes(struct openai_writing *w, enum chat_member member);
/* `why` names what can not be said; the first one stays. */
void openai_unspeakable(struct openai_writing *w, const char *why);
void openai_write_cache(struct openai_writing *w, enum chat_cache cache);
/* "messages":[…] (openai_message_write.c). */
void openai_write_messages(struct openai_writing *w);

#endif
