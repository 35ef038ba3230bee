/*
 * openai: reads answers in the OpenAI dialect, in frames or whole, and says where they are to be
 * changed for the client.
 *
 * Follows https://platform.openai.com/docs/api-reference/chat and what the compatible providers do
 * beside it. Reads only what the gateway needs; the rest of the bytes is the client's. One thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_OPENAI_H
#define TOLLGATE_GATEWAY_DIALECT_OPENAI_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "gateway/dialect/answer.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/patch.h"

/* Where things stand in a frame or a whole answer; nodes of the document it was read into. */
struct openai_places {
    uint32_t signs;   /* of this frame alone */
    uint32_t usage;   /* value node; JSON_NONE: not there; may be null */
    uint32_t choices; /* value node or JSON_NONE */
    bool no_choices;  /* it is empty, or not there */
    bool odd_finish;  /* a choice ended by a word that is none of OpenAI's ("eos") */
};

/* Reads the data of one frame of a stream into `doc` (which borrows it), adds to `answer`, shows
 * generated text to the tap (may be NULL). places_out->signs says what it was. */
void openai_read_frame(struct json_doc *doc, struct span data, const struct answer_tap *tap,
                       struct answer *answer, struct openai_places *places_out);

/* The same for a whole answer; malformed when it is not what that kind of request is answered by.
 */
void openai_read_whole(struct json_doc *doc, enum ask_kind kind, struct span body,
                       const struct answer_tap *tap, struct answer *answer,
                       struct openai_places *places_out);

/* Reads the error a provider sent with a status of its own; false when there is none in there. */
must_use bool openai_read_error(struct json_doc *doc, struct span body, struct answer *answer);

/* What a client is told beside the provider's figures. */
struct openai_cost {
    int64_t charge_pico, base_pico, discount_pico;
    /* What was rated, where usage shows other figures (Cohere); NULL: what it shows. */
    const struct meters *billed;
};
/* `"cost":0.0077,"cost_details":{…}`: exact decimals; with `billed`, its billed_units. */
must_use struct span openai_cost_members(struct arena *arena, const struct openai_cost *cost);

/* `members`, and behind them prompt_tokens_details and completion_tokens_details of what was read
 * in another place (DeepSeek's, Moonshot's and Mistral's cached tokens), where the usage object at
 * `usage` has none; in the arena. */
must_use struct span openai_detail_members(struct arena *arena, const struct json_doc *doc,
                                           uint32_t usage, const struct meters *meters,
                                           struct span members);

/* Puts the cost into the usage object at `usage`, and takes a provider's own figures of money out.
 */
void openai_patch_usage(struct patch *patch, uint32_t usage, struct span cost_members);
/* Takes the usage member out of the root; says which bytes that are. */
void openai_patch_no_usage(struct patch *patch, size_t *from_out, size_t *to_out);

/* Puts OpenAI's words where choices ended by others. */
void openai_patch_finishes(struct patch *patch, uint32_t choices);

/* A usage object of our own, from meters. `cost_members` may be empty. */
void openai_write_usage(struct json_writer *w, const struct meters *meters, enum ask_kind kind,
                        struct span cost_members);
/* The same into the arena, for an answer that came without one. */
must_use struct span openai_make_usage(struct arena *arena, const struct meters *meters,
                                       enum ask_kind kind, struct span cost_members);

/* Chunks for the choices that spoke and never told why they ended, for a stream that its provider
 * ended all the same; text of events, in the arena. Empty: there are none, or nothing was said. */
must_use struct span openai_make_finishes(struct arena *arena, const struct answer *answer,
                                          int64_t created_s);

struct compatible;

/* The upstream's body: the model's name at that provider, usage in a stream, the output cap, and
 * without what is consumed here. False when there are too many edits. */
struct openai_ask_patch {
    struct span upstream_model;
    int64_t
        output_cap; /* to be written where it is missing or lower than what stands there; 0 none */
    struct span cap_member; /* "max_tokens" or "max_completion_tokens", when none stands there */
    /* Takes out the cap's other member and stream_options where they are refused; may be NULL. */
    const struct compatible *compatible;
};
must_use bool openai_patch_ask(struct patch *patch, const struct ask *ask,
                               const struct openai_ask_patch *what, struct arena *arena);

#endif
