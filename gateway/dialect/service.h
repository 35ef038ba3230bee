/*
 * service: what is asked of a provider and is no chat: embeddings, moderations, reranking,
 * pictures, speech, transcriptions, translations.
 *
 * Clients ask in OpenAI's dialect (reranking in Cohere's). Most providers answer in the same, and
 * bytes pass; where one speaks otherwise, a row of the table has what turns the ask and the answer
 * around. Pure. One request, one thread.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_SERVICE_H
#define TOLLGATE_GATEWAY_DIALECT_SERVICE_H

#include "common/base/json_writer.h"
#include "gateway/dialect/ask.h"
#include "gateway/dialect/form.h"
#include "gateway/dialect/language.h"

#define SERVICE_NORMALISER "services/1"

/* ---- what the request says of itself ---- */

/* Of what is paid by the picture, second, character or request, and tokens that are no text. */
struct service_facts {
    struct meters counted; /* rated where the provider tells none */
    struct meters bounds;  /* at most: for reserving */
    int64_t output_bound;  /* generated tokens, at most */
};

/* `form` is NULL for a request that came as JSON. */
void service_measure(const struct ask *ask, const struct form *form,
                     struct service_facts *facts_out);

/* The bytes of text in it, decoded or not: `feed` gets each string's inside. */
void service_texts(const struct ask *ask, void (*feed)(void *context, struct span inside),
                   void *context);

/* ---- at a provider that speaks the client's dialect ---- */

/* "/images/generations", behind the base URL. */
must_use const char *service_path(enum ask_kind kind);

/* What a whole answer was. */
struct service_places {
    uint32_t usage;     /* value node of the document; JSON_NONE: not there; may be null */
    bool json;          /* it is a JSON object, in the document */
    struct meters seen; /* told by the answer's other members: pictures, a duration */
};

/* One answer being read; all borrowed. */
struct service_reader {
    enum ask_kind kind;
    struct json_doc *doc;         /* what is read stands in it, and borrows the bytes */
    const struct answer_tap *tap; /* for generated text; may be NULL */
    struct answer *answer;        /* added to */
};

/* A whole answer. Signs: ANSWER_CONTENT when it is what that kind is answered by, else ANSWER_ERROR
 * or ANSWER_MALFORMED. */
void service_read_whole(const struct service_reader *reader, struct span content_type,
                        struct span body, struct service_places *places_out);

/* One frame of an answer that is streamed as events. ANSWER_FINISH: the last one of one item, with
 * its usage: places_out->usage. Such a stream is done when its body ends behind one. */
void service_read_frame(const struct service_reader *reader, struct span data,
                        struct service_places *places_out);

/* Whether a body of that type can be an answer of that kind that is no JSON: speech, or a text. */
must_use bool service_takes_type(enum ask_kind kind, struct span content_type);

/* A usage object of these kinds, in whatever shape a provider gives it: tokens in OpenAI's older or
 * newer words, a duration, Cohere's billed units. */
void service_read_usage(enum ask_kind kind, const struct json_doc *doc, uint32_t node,
                        struct answer_usage *usage_out);

/* A usage object for an answer that came without one. `cost_members` may be empty. */
void service_write_usage(struct json_writer *w, enum ask_kind kind, const struct meters *meters,
                         struct span cost_members);

/* ---- at one that does not ---- */

struct service_language {
    enum ask_kind kind;
    const char *dialect; /* as the catalog names it */
    const char *models;  /* prefix of the provider's names that it is for; NULL: all */
    const char *normaliser;
    void (*path)(struct span model, struct buf *out);
    enum ask_written (*write)(const struct json_doc *ask, struct span model, struct pieces *out,
                              struct ask_losses *losses_out);
    /* The answer for the client is appended to `out`. False: the answer's signs say why. */
    bool (*read)(struct json_doc *doc, struct span body, const struct json_doc *ask,
                 struct span model, struct answer *answer, struct buf *out);
};

/* NULL when that kind cannot be asked there in another language. `model` is the provider's name. */
must_use const struct service_language *
service_language_find(enum ask_kind kind, struct span dialect, struct span model);

#endif
