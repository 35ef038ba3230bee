/*
 * service_measure: what a request that is no chat tells of its own size. See service.h.
 *
 * Figures of tokens follow https://platform.openai.com/docs/pricing and the pages of the models:
 * they are what is reserved, and rated only where a provider tells nothing.
 */
#include "gateway/dialect/audio_length.h"
#include "gateway/dialect/service.h"

/* Tokens of one picture: given to be edited, and generated, at most. The largest that is known is
 * 6,240 (1536 × 1024, high), of models that may still grow. */
#define PICTURE_IN_COUNTED 1000
#define PICTURE_IN_BOUND 10000
#define PICTURE_OUT_BOUND 20000
/* Tokens of one second that is heard: ten with gpt-4o-transcribe; 32 with Gemini, the most. And of
 * what is written down of it: nobody speaks faster. */
#define HEARD_COUNTED_PER_S 10
#define HEARD_BOUND_PER_S 32
#define WRITTEN_BOUND_PER_S 16
#define WRITTEN_BOUND_LEAST 512
/* Tokens and time of one character that is spoken: 21 tokens a second and 15 characters; slowly
 * spoken, with pauses, five times that. */
#define SPOKEN_CHARACTERS_PER_S 15
#define SPOKEN_TOKENS_PER_S 21
#define SPOKEN_SLOWNESS 5
#define SPOKEN_BOUND_LEAST 1000
/* Cohere: a search unit is a query with 100 documents, and every 500 tokens of a document, query
 * included, are one. */
#define SEARCH_DOCUMENTS 100
#define SEARCH_DOCUMENT_TOKENS 500
#define SEARCH_QUERY_TOKENS_MAX 250
#define BYTES_PER_TOKEN 4

static int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

static void set(struct service_facts *facts, enum meter meter, int64_t counted, int64_t bound)
{
    meters_set(&facts->counted, meter, at_most(counted, 10000000));
    meters_set(&facts->bounds, meter, at_most(bound, 10000000));
}

static uint32_t string_in(const struct json_doc *doc, const char *name)
{
    uint32_t node = json_find(doc, 0, name);

    return json_is(doc, node, JSON_STRING) ? node : JSON_NONE;
}

static bool word_is(const struct json_doc *doc, const char *name, const char *word)
{
    uint32_t node = string_in(doc, name);

    return node != JSON_NONE && json_string_is(doc, node, word);
}

/* ---- pictures ---- */

static int64_t picture_tokens(const struct json_doc *doc)
{
    bool square = word_is(doc, "size", "1024x1024");

    if (word_is(doc, "quality", "low"))
        return square ? 272 : 408;
    if (word_is(doc, "quality", "medium"))
        return square ? 1056 : 1584;
    return square ? 4160 : 6240;
}

static int64_t count_files(const struct form *form)
{
    int64_t count = 0;

    for (uint32_t i = 0; form != NULL && i < form->multipart.count; i++)
        count += form->multipart.parts[i].filename.at != NULL;
    return count;
}

static void measure_pictures(const struct ask *ask, const struct form *form,
                             struct service_facts *facts)
{
    int64_t given = count_files(form);
    uint32_t images = json_find(ask->doc, 0, "images");

    if (form == NULL && json_is(ask->doc, images, JSON_ARRAY))
        given = json_count(ask->doc, images);
    set(facts, METER_IMAGE, ask->choices, ask->choices);
    set(facts, METER_OUTPUT_IMAGE, ask->choices * picture_tokens(ask->doc),
        ask->choices * PICTURE_OUT_BOUND);
    if (given > 0)
        set(facts, METER_INPUT_IMAGE, given * PICTURE_IN_COUNTED, given * PICTURE_IN_BOUND);
}

/* ---- sounds ---- */

/* Whether an escape is the second half of a pair, which is one character with the first. */
static bool is_second_half(struct span inside, size_t at)
{
    return at + 4 < inside.size && inside.at[at + 1] == 'u' && (inside.at[at + 2] | 0x20) == 'd' &&
           strchr("cdefCDEF", inside.at[at + 3]) != NULL;
}

/* Characters are code points, not bytes. */
static int64_t characters_in(struct span inside)
{
    int64_t count = 0;

    for (size_t at = 0; at < inside.size; at++) {
        if (inside.at[at] == '\\') {
            count += !is_second_half(inside, at);
            at += at + 1 < inside.size && inside.at[at + 1] == 'u' ? 5 : 1;
        } else {
            count += ((uint8_t)inside.at[at] & 0xc0) != 0x80;
        }
    }
    return count;
}

static void measure_speech(const struct ask *ask, struct service_facts *facts)
{
    uint32_t input = string_in(ask->doc, "input");
    int64_t characters = characters_in(json_inside(ask->doc, input));
    int64_t seconds = characters / SPOKEN_CHARACTERS_PER_S + 1;
    int64_t tokens = seconds * SPOKEN_TOKENS_PER_S;

    set(facts, METER_CHARACTER, characters, characters);
    set(facts, METER_SECOND, seconds, SPOKEN_SLOWNESS * seconds);
    set(facts, METER_OUTPUT_AUDIO, tokens, SPOKEN_SLOWNESS * tokens + SPOKEN_BOUND_LEAST);
}

static void measure_heard(const struct form *form, struct service_facts *facts)
{
    const struct multipart_part *file =
        form == NULL ? NULL : multipart_find(&form->multipart, "file", NULL);
    struct span content = file == NULL ? (struct span){0} : file->content;
    int64_t counted = audio_length_counted_s(content), bound = audio_length_bound_s(content);

    set(facts, METER_SECOND, counted, bound);
    set(facts, METER_INPUT_AUDIO, counted * HEARD_COUNTED_PER_S, bound * HEARD_BOUND_PER_S);
    facts->output_bound = at_most(bound * WRITTEN_BOUND_PER_S + WRITTEN_BOUND_LEAST, 10000000);
}

/* ---- reranking ---- */

/* Documents as Cohere counts them, of tokens with so many bytes each. */
static int64_t search_documents(const struct json_doc *doc, int64_t bytes_per_token)
{
    uint32_t query = string_in(doc, "query"), list = json_find(doc, 0, "documents");
    int64_t query_tokens =
        query == JSON_NONE ? 0 : (int64_t)json_raw(doc, query).size / bytes_per_token;
    int64_t room = SEARCH_DOCUMENT_TOKENS - at_most(query_tokens, SEARCH_QUERY_TOKENS_MAX);
    int64_t count = 0;

    if (!json_is(doc, list, JSON_ARRAY))
        return 0;
    for (uint32_t item = json_first(doc, list); item != JSON_NONE;
         item = json_after(doc, list, item))
        count += (int64_t)json_raw(doc, item).size / bytes_per_token / room + 1;
    return count;
}

static int64_t search_units(int64_t documents)
{
    return (documents + SEARCH_DOCUMENTS - 1) / SEARCH_DOCUMENTS;
}

void service_measure(const struct ask *ask, const struct form *form,
                     struct service_facts *facts_out)
{
    *facts_out = (struct service_facts){0};
    set(facts_out, METER_REQUEST, 1, 1);
    switch (ask->kind) {
    case ASK_RERANK:
        set(facts_out, METER_REQUEST, search_units(search_documents(ask->doc, BYTES_PER_TOKEN)),
            search_units(search_documents(ask->doc, 1)));
        break;
    case ASK_IMAGES:
    case ASK_IMAGE_EDITS:
        measure_pictures(ask, form, facts_out);
        break;
    case ASK_SPEECH:
        measure_speech(ask, facts_out);
        break;
    case ASK_TRANSCRIPTIONS:
    case ASK_TRANSLATIONS:
        measure_heard(form, facts_out);
        break;
    case ASK_MODERATIONS:
    case ASK_CHAT:
    case ASK_EMBEDDINGS:
    case ASK_MESSAGES:
    case ASK_GENERATE:
    case ASK_RESPONSES:
    case ASK_COMPLETIONS:
    case ASK_KINDS:
        break;
    }
}

/* ---- texts ---- */

/* Strings of the member at any depth; texts of parts that are objects are among them, and so is the
 * name of a type, which is little. Pictures in a URL are not. */
static void feed_strings(const struct json_doc *doc, uint32_t root,
                         void (*feed)(void *context, struct span inside), void *context)
{
    for (uint32_t node = root; root != JSON_NONE && node < doc->nodes[root].next; node++) {
        struct span inside = json_inside(doc, node);

        if (json_kind(doc, node) == JSON_STRING && !span_starts(inside, "data:"))
            feed(context, inside);
    }
}

void service_texts(const struct ask *ask, void (*feed)(void *context, struct span inside),
                   void *context)
{
    static const char *const members[] = {"input", "prompt", "instructions", "query", "documents"};

    for (size_t i = 0; i < array_size(members); i++)
        feed_strings(ask->doc, json_find(ask->doc, 0, members[i]), feed, context);
}
