/*
 * bedrock_ask: what the files that write a chat in the Converse language share.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_BEDROCK_ASK_H
#define TOLLGATE_GATEWAY_DIALECT_BEDROCK_ASK_H

#include "gateway/dialect/claude.h"
#include "gateway/dialect/language.h"

enum bedrock_thinking {
    THINKING_NONE,
    THINKING_BUDGET,   /* Claude 3.7 to 4.5 */
    THINKING_ADAPTIVE, /* Claude from 4.6 on: an effort */
    THINKING_NOVA,     /* Nova 2: reasoningConfig */
    THINKING_EFFORT    /* gpt-oss: reasoning_effort */
};

enum bedrock_choice { CHOOSES_NOTHING, CHOOSES_ANY, CHOOSES_TOOL }; /* toolChoice: what it takes */

/* What a model takes beside what all of them take; told by its name. */
struct bedrock_model {
    const char *mark;  /* in the model's id */
    const char *top_k; /* additionalModelRequestFields; NULL: none. "inferenceConfig": Nova's */
    enum bedrock_choice choice;
    enum bedrock_thinking thinking;
    bool cache, cache_1h; /* cachePoint */
    bool schema;          /* outputConfig.textFormat, strict tools */
    bool no_sampling;     /* neither temperature nor topP nor top_k */
    bool one_sampling;    /* temperature or topP, not both */
    bool silent;          /* tells its thinking only when asked to; has an effort of "xhigh" */
    bool prefill;         /* goes on behind an assistant's message at the end */
};
/* By an id, also of an inference profile, or an ARN with one in it. */
must_use struct bedrock_model bedrock_model_of(struct span id);

struct bedrock_writing {
    struct pieces *out;
    const struct chat *chat;
    const struct language_target *target;
    struct ask_losses *losses;
    struct bedrock_model model;
    uint32_t cache_skip; /* breakpoints still to be left out: four are the most */
    uint32_t documents;  /* written so far */
    struct claude_turn before;
};

/* Blocks of the ask (bedrock_block.c). */
void bedrock_write_cache(struct bedrock_writing *w, enum chat_cache cache);
void bedrock_write_text(struct bedrock_writing *w, struct span text);
/* `last`: the answer goes on from it. */
void bedrock_write_block(struct bedrock_writing *w, const struct chat_part *part, bool last);

/* The members system and messages (bedrock_turns.c). `in_words`: a system prompt asks for the
 * format of the answer. */
void bedrock_write_turns(struct bedrock_writing *w, bool in_words);

must_use enum ask_written bedrock_write_ask(const struct chat *chat,
                                            const struct language_target *target,
                                            struct pieces *out, struct ask_losses *losses_out);

#endif
