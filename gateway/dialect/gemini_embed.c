/*
 * gemini_embed: OpenAI's /embeddings to and from Gemini's, at AI Studio and at Vertex. See embed.h.
 */
#include "gateway/dialect/embed.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/usage.h"

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)64 << 20, .max_depth = 64, .max_nodes = 4000000};

/* ---- the ask ---- */

struct writing {
    const struct json_doc *ask;
    struct span model;
    struct pieces *out;
};

/* Gemini's own member wins; Cohere's words have their counterparts. */
static struct span task_of(const struct json_doc *ask)
{
    static const struct {
        const char *input_type, *task;
    } rows[] = {
        {"search_document", "\"RETRIEVAL_DOCUMENT\""}, {"search_query", "\"RETRIEVAL_QUERY\""},
        {"classification", "\"CLASSIFICATION\""},      {"clustering", "\"CLUSTERING\""},
        {"document", "\"RETRIEVAL_DOCUMENT\""},        {"query", "\"RETRIEVAL_QUERY\""}};
    uint32_t own = json_find(ask, 0, "task_type"), type = json_find(ask, 0, "input_type");

    if (json_is(ask, own, JSON_STRING))
        return json_raw(ask, own);
    for (size_t i = 0; json_is(ask, type, JSON_STRING) && i < array_size(rows); i++)
        if (json_string_is(ask, type, rows[i].input_type))
            return span_of(rows[i].task);
    return (struct span){0};
}

static void put_optional(struct pieces *out, const char *name, struct span json)
{
    if (json.size > 0)
        pieces_put_json(out, name, json);
}

static struct span dimensions_of(const struct json_doc *ask)
{
    uint32_t node = json_find(ask, 0, "dimensions");

    return json_is_null(ask, node) ? (struct span){0} : json_raw(ask, node);
}

static void write_request(void *context, struct span text)
{
    struct writing *w = context;

    pieces_begin(w->out, '{');
    pieces_name(w->out, "model");
    pieces_quote(w->out);
    if (!span_starts(w->model, "models/"))
        pieces_raw(w->out, span_of("models/"));
    pieces_raw(w->out, w->model);
    pieces_quote(w->out);
    pieces_name(w->out, "content");
    pieces_begin(w->out, '{');
    pieces_name(w->out, "parts");
    pieces_begin(w->out, '[');
    pieces_begin(w->out, '{');
    pieces_put_json(w->out, "text", text);
    pieces_end(w->out, '}');
    pieces_end(w->out, ']');
    pieces_end(w->out, '}');
    put_optional(w->out, "taskType", task_of(w->ask));
    put_optional(w->out, "outputDimensionality", dimensions_of(w->ask));
    pieces_end(w->out, '}');
}

static void write_instance(void *context, struct span text)
{
    struct writing *w = context;

    pieces_begin(w->out, '{');
    pieces_put_json(w->out, "content", text);
    put_optional(w->out, "task_type", task_of(w->ask));
    pieces_end(w->out, '}');
}

static enum ask_written write_list(struct writing *w, const char *name,
                                   void (*write)(void *context, struct span text),
                                   struct ask_losses *losses)
{
    *losses = (struct ask_losses){0};
    if (!json_is_null(w->ask, json_find(w->ask, 0, "user")))
        losses->lost |= UINT64_C(1) << MEMBER_USER;
    pieces_begin(w->out, '{');
    pieces_name(w->out, name);
    pieces_begin(w->out, '[');
    if (!embed_each_text(w->ask, losses, write, w))
        return ASK_UNSPEAKABLE;
    pieces_end(w->out, ']');
    return ASK_WRITTEN;
}

enum ask_written gemini_write_embed(const struct json_doc *ask, struct span model,
                                    struct pieces *out, struct ask_losses *losses_out)
{
    struct writing w = {ask, model, out};
    enum ask_written written = write_list(&w, "requests", write_request, losses_out);

    if (written != ASK_WRITTEN)
        return written;
    pieces_end(out, '}');
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

enum ask_written vertex_write_embed(const struct json_doc *ask, struct span model,
                                    struct pieces *out, struct ask_losses *losses_out)
{
    struct writing w = {ask, model, out};
    enum ask_written written = write_list(&w, "instances", write_instance, losses_out);
    struct span dimensions = dimensions_of(ask);

    if (written != ASK_WRITTEN)
        return written;
    if (dimensions.size > 0) {
        pieces_name(out, "parameters");
        pieces_begin(out, '{');
        pieces_put_json(out, "outputDimensionality", dimensions);
        pieces_end(out, '}');
    }
    pieces_end(out, '}');
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

/* ---- the answer ---- */

static bool fail(struct answer *answer, uint32_t sign)
{
    answer->signs |= sign;
    return false;
}

/* Vertex: the sum of what each text had. False when one of them tells none, or nonsense. */
static bool sum_tokens(const struct json_doc *doc, uint32_t list, int64_t *tokens_out)
{
    int64_t sum = 0;

    for (uint32_t item = json_first(doc, list); item != JSON_NONE;
         item = json_after(doc, list, item)) {
        uint32_t vector = json_find(doc, item, "embeddings");
        int64_t tokens;

        if (!usage_read_count(doc, json_find(doc, vector, "statistics"), "token_count", &tokens) ||
            tokens < 0)
            return false;
        sum += tokens;
    }
    *tokens_out = sum;
    return sum <= USAGE_QUANTITY_MAX;
}

static void read_usage(const struct json_doc *doc, uint32_t predictions, struct answer *answer)
{
    uint32_t usage = json_find(doc, 0, "usageMetadata");
    uint32_t metadata = json_find(doc, 0, "metadata");
    struct meters meters = {0};
    int64_t tokens;

    if (predictions != JSON_NONE) {
        if (!sum_tokens(doc, predictions, &tokens))
            return;
        meters_set(&meters, METER_INPUT, tokens);
        usage_keep(&meters, NULL,
                   metadata == JSON_NONE ? (struct span){0} : json_raw(doc, metadata),
                   &answer->usage);
        answer->signs |= ANSWER_USAGE;
        return;
    }
    if (json_is_null(doc, usage))
        return;
    answer->signs |= ANSWER_USAGE;
    if (!usage_read_count(doc, usage, "promptTokenCount", &tokens) || tokens < 0) {
        usage_keep(&meters, "promptTokenCount is no quantity", json_raw(doc, usage),
                   &answer->usage);
        return;
    }
    meters_set(&meters, METER_INPUT, tokens);
    usage_keep(&meters, NULL, json_raw(doc, usage), &answer->usage);
}

static bool write_vectors(struct embed_list *list, const struct json_doc *doc, uint32_t vectors,
                          bool predictions)
{
    for (uint32_t item = json_first(doc, vectors); item != JSON_NONE;
         item = json_after(doc, vectors, item)) {
        uint32_t vector = predictions ? json_find(doc, item, "embeddings") : item;

        if (!embed_add(list, doc, json_find(doc, vector, "values")))
            return false;
    }
    return list->count > 0;
}

bool gemini_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                       struct span model, struct answer *answer, struct buf *out)
{
    uint32_t embeddings, predictions, error;
    struct embed_list list;

    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT)
        return fail(answer, ANSWER_MALFORMED);
    embeddings = json_find(doc, 0, "embeddings");
    predictions = json_find(doc, 0, "predictions");
    error = json_find(doc, 0, "error");
    if (json_is(doc, error, JSON_OBJECT)) {
        (void)!openai_read_error(doc, body, answer);
        return fail(answer, ANSWER_ERROR);
    }
    if (!json_is(doc, predictions, JSON_ARRAY))
        predictions = JSON_NONE;
    if (predictions == JSON_NONE && !json_is(doc, embeddings, JSON_ARRAY))
        return fail(answer, ANSWER_MALFORMED);
    read_usage(doc, predictions, answer);
    embed_begin(&list, ask, out);
    if (!write_vectors(&list, doc, predictions == JSON_NONE ? embeddings : predictions,
                       predictions != JSON_NONE))
        return fail(answer, ANSWER_MALFORMED);
    embed_end(&list, model, answer);
    return !buf_failed(out);
}
