/*
 * compatible: how the providers that are compatible with OpenAI differ from it, as one table.
 *
 * Rows are found by the provider's slug in the catalog (or the name of a server's software: "vllm",
 * "ollama", "llama-cpp") and the begin of the model's name there. What a row says was read in the
 * provider's own documentation or in what it answered; docs/dialects.md shows what comes of it.
 * Constant data and pure code; shared.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_COMPATIBLE_H
#define TOLLGATE_GATEWAY_DIALECT_COMPATIBLE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/json.h"
#include "common/base/span.h"

struct language_target;

/* Which of an assistant's earlier reasoning goes back to where it came from. */
enum compatible_earlier {
    EARLIER_NEVER,
    EARLIER_IN_TOOL_TURNS, /* of turns (from one word of the user to the next) that call tools */
    EARLIER_ALWAYS
};

struct compatible {
    const char *provider; /* slug; NULL: any other */
    const char *model;    /* how its name begins, behind the last '/'; NULL: any */

    const char *tokens_member;  /* "max_tokens" or "max_completion_tokens" */
    uint64_t extra, without;    /* 1 << enum chat_member, as in language_target */
    uint64_t without_reasoning; /* not taken by those of its models that reason */

    /* How much a model is to think. A word by enum chat_effort for reasoning_effort, NULL: it has
     * none for that one. Then members that turn it on and off, and one for a budget. */
    const char *const *efforts;
    const char *thinking_on, *thinking_off, *budget_member;

    const char *reasoning_member; /* of an assistant's message: earlier reasoning; NULL: nowhere */
    enum compatible_earlier earlier;
    bool earlier_needed; /* messages with calls are refused without it */

    const char *seed_member;   /* NULL: "seed" */
    const char *required_word; /* of tool_choice; NULL: "required" */
    uint32_t choices_not;      /* 1 << enum chat_choice: not taken as tool_choice */
    uint32_t formats_not;      /* 1 << enum chat_format: not taken as response_format */
    uint32_t parts_not;        /* 1 << enum chat_part_kind: not taken in a user's message */
    bool data_only;            /* media only in the request itself, not by URL */
    bool choice_or_thinking;   /* a tool can not be demanded of a model that thinks */
    bool no_tools;             /* it calls nothing */
    bool refusals;             /* a refusal is a member of its own; else it is told as text */
    bool no_stream_options;    /* refused; usage comes anyway */
    bool one_text;             /* several texts of a message are told as one string */
    bool full_content;         /* an assistant's content is never null */
    bool short_ids;            /* ids of calls: nine letters and digits */
    bool strict;               /* it refuses what it does not know, or does not take */
    bool one_tokens_member;    /* it refuses the other of OpenAI's two */

    /* An answer that goes on behind an assistant's message (chat.goes_on): members of that message
     * and of the body that ask for it, and what stands before the path. NULL: none is known. */
    const char *prefill_member, *prefill_members, *prefill_path;
    bool no_prefill; /* such a message is refused at the end */
};

/* What the catalog says of the model at that provider. */
struct compatible_facts {
    struct span model; /* the provider's own name of it */
    bool reasoning;
    bool no_temperature; /* it takes no sampling parameters */
};

/* The row of a provider, never NULL. `dialect` is the catalog's word: "openai", "azure-openai" or
 * "openai-compatible". */
must_use const struct compatible *compatible_find(struct span provider, struct span dialect,
                                                  struct span model);

/* Fills all of *target_out but output_cap and output_limit, which stay. For dialects other than
 * OpenAI's it is the model's name and whether it reasons. */
void compatible_target(struct span provider, struct span dialect,
                       const struct compatible_facts *facts, struct language_target *target_out);

/* Whether a client's body in OpenAI's dialect may go to that provider as openai_patch_ask() leaves
 * it. False: it would be refused for what is in it (another provider's reasoning, ids of calls, a
 * member that it forbids), and has to go through the chat form. */
must_use bool compatible_passes(const struct compatible *compatible, const struct json_doc *ask);

#endif
