/*
 * embeddings-more: embeddings and ranks as Google and Cohere tell them.
 */
#include <xxhash.h>

#include "ask-texts.h"
#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"
#include "usage.h"
#include "vectors.h"

#define BODY_BYTES_MAX ((size_t)96 << 20)
#define INPUTS_MAX 2048
#define DIMENSIONS_DEFAULT 768
#define DIMENSIONS_MAX 3072
#define NUMBERS_MAX (INPUTS_MAX * DIMENSIONS_DEFAULT * 2) /* so that their text fits the body */
/* Cohere bills a search unit for every hundred documents. */
#define DOCUMENTS_PER_SEARCH 100

static void feed(void *to, struct span text)
{
    count_feed(to, text);
}

static void count_texts(struct provider *provider, uint32_t node, struct count *count)
{
    struct texts_sink sink = {feed, count, provider->arena};

    texts_walk(&provider->doc, node, &sink);
}

/* 0 when it is none that can be made. */
static size_t dimensions_at(const struct json_doc *doc, uint32_t from, const char *path)
{
    int64_t value = DIMENSIONS_DEFAULT;
    uint32_t node = ask_find(doc, from, path);

    if (!json_is_null(doc, node) && json_int64(doc, node, &value) != 0)
        return 0;
    return value < 1 || value > DIMENSIONS_MAX ? 0 : (size_t)value;
}

static bool is_list(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_ARRAY) && json_count(doc, node) <= INPUTS_MAX &&
           json_first(doc, node) != JSON_NONE;
}

/* ---- Google ---- */

/* One {"content":{"parts":[…]}}. False when it is none. */
static bool put_embedding(struct provider *provider, uint32_t request, struct count *count,
                          struct buf *out)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t content = ask_find(doc, request, "content");
    size_t dimensions = dimensions_at(doc, request, "outputDimensionality");

    if (content == JSON_NONE || dimensions == 0)
        return false;
    count_texts(provider, content, count);
    buf_add_string(out, "{\"values\":");
    vector_write(json_raw(doc, content), dimensions, out);
    buf_add_byte(out, '}');
    return true;
}

/* Tells no usage, as Google does not. */
struct call *gemini_embed(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t requests = ask_find(doc, 0, "requests");
    bool batch = span_ends(arrival->request->path, ":batchEmbedContents"), good = true;
    struct count count = provider->zero;
    struct buf body = buf_make(BODY_BYTES_MAX);

    buf_add_string(&body, batch ? "{\"embeddings\":[" : "{\"embedding\":");
    if (!batch)
        good = put_embedding(provider, 0, &count, &body);
    else if (!is_list(doc, requests))
        good = false;
    else
        for (uint32_t one = json_first(doc, requests); one != JSON_NONE && good;
             one = json_after(doc, requests, one)) {
            if (one != json_first(doc, requests))
                buf_add_byte(&body, ',');
            good = put_embedding(provider, one, &count, &body);
        }
    buf_add_string(&body, batch ? "]}" : "}");
    if (!good || buf_failed(&body)) {
        buf_done(&body);
        return chat_error(arrival, 400, "a content and up to 3072 dimensions are wanted",
                          batch ? "requests" : "content");
    }
    arrival->record.entry.input = count_tokens(&count);
    return chat_reply(arrival, "application/json; charset=UTF-8", body);
}

/* Vertex's older way: {"instances":[{"content":"…"}]}. */
struct call *vertex_predict(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t instances = ask_find(doc, 0, "instances");
    size_t dimensions = dimensions_at(doc, 0, "parameters.outputDimensionality");
    struct count all = provider->zero;
    struct buf body;
    size_t index = 0;

    if (!is_list(doc, instances) || dimensions == 0 ||
        json_count(doc, instances) * dimensions > NUMBERS_MAX)
        return chat_error(arrival, 400, "instances must be a list", "instances");
    body = buf_make(BODY_BYTES_MAX);
    buf_add_string(&body, "{\"predictions\":[");
    for (uint32_t one = json_first(doc, instances); one != JSON_NONE;
         one = json_after(doc, instances, one)) {
        uint32_t content = ask_find(doc, one, "content");
        struct count count = provider->zero;

        if (content == JSON_NONE)
            continue;
        count_texts(provider, content, &count);
        count_add_tokens(&all, (uint64_t)count_tokens(&count));
        buf_printf(&body,
                   "%s{\"embeddings\":{\"statistics\":{\"truncated\":false,\"token_count\":%lld},"
                   "\"values\":",
                   index++ == 0 ? "" : ",", (long long)count_tokens(&count));
        vector_write(json_raw(doc, content), dimensions, &body);
        buf_add_string(&body, "}}");
    }
    buf_add_string(&body, "]}");
    arrival->record.entry.input = count_tokens(&all);
    arrival->record.entry.usage_told = true;
    return chat_reply(arrival, "application/json; charset=UTF-8", body);
}

/* ---- Cohere ---- */

static void put_meta(struct arrival *arrival, const char *unit, int64_t value, struct buf *out)
{
    enum fault_kind fault = arrival->spec.fault->kind;
    const struct usage_row rows[] = {{unit, COUNT_OUTPUT, value}};

    buf_add_string(out, ",\"meta\":{\"api_version\":{\"version\":\"2\"}");
    if (usage_open(out, fault, "billed_units")) {
        usage_write(out, fault, rows, array_size(rows));
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, '}');
    arrival->record.entry.usage_told = usage_is_right(arrival->dialect, fault);
}

struct call *cohere_embed(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t texts = ask_find(doc, 0, "texts");
    size_t dimensions = dimensions_at(doc, 0, "output_dimension");
    struct count count = provider->zero;
    struct buf body;

    if (!is_list(doc, texts) || dimensions == 0 ||
        json_count(doc, texts) * dimensions > NUMBERS_MAX)
        return chat_error(arrival, 400, "invalid request: texts must be a list of texts", "texts");
    body = buf_make(BODY_BYTES_MAX);
    buf_printf(&body, "{\"id\":\"%016llx\",\"embeddings\":{\"float\":[",
               (unsigned long long)arrival->id);
    for (uint32_t one = json_first(doc, texts); one != JSON_NONE;
         one = json_after(doc, texts, one)) {
        struct span text;

        if (one != json_first(doc, texts))
            buf_add_byte(&body, ',');
        if (json_string(doc, one, provider->arena, &text) == 0)
            count_feed(&count, text);
        vector_write(json_raw(doc, one), dimensions, &body);
    }
    buf_add_string(&body, "]},\"texts\":");
    buf_add_span(&body, json_raw(doc, texts));
    buf_add_string(&body, ",\"response_type\":\"embeddings_by_type\"");
    put_meta(arrival, "input_tokens", count_tokens(&count), &body);
    buf_add_byte(&body, '}');
    arrival->record.entry.input = count_tokens(&count);
    return chat_reply(arrival, "application/json", body);
}

/* What a document is worth to a query: the same for the same two; between 0 and 1. */
static double relevance(const struct json_doc *doc, uint32_t query, uint32_t document)
{
    struct span a = json_raw(doc, query), b = json_raw(doc, document);

    return (double)(XXH3_64bits_withSeed(b.at, b.size, XXH3_64bits(a.at, a.size)) >> 44) / 1048576;
}

static void put_results(const struct json_doc *doc, uint32_t query, uint32_t documents,
                        uint32_t top, struct buf *out)
{
    uint32_t count = json_count(doc, documents);
    double last = 2;

    for (uint32_t rank = 0; rank < top && rank < count; rank++) {
        double best = -1;
        uint32_t index = 0, best_index = 0;

        for (uint32_t one = json_first(doc, documents); one != JSON_NONE;
             one = json_after(doc, documents, one), index++) {
            /* The place breaks ties, so that each is told once. */
            double value = relevance(doc, query, one) - (double)index / 1e9;

            if (value < last && value > best) {
                best = value;
                best_index = index;
            }
        }
        last = best;
        buf_printf(out, "%s{\"index\":%u,\"relevance_score\":%.7f}", rank == 0 ? "" : ",",
                   best_index, best < 0 ? 0 : best);
    }
}

struct call *cohere_rerank(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;
    uint32_t query = ask_find(doc, 0, "query"), documents = ask_find(doc, 0, "documents");
    int64_t top = INPUTS_MAX;
    struct buf body;

    if (query == JSON_NONE || !is_list(doc, documents) ||
        (json_int64(doc, ask_find(doc, 0, "top_n"), &top) == 0 && top < 1))
        return chat_error(arrival, 400, "invalid request: a query and documents are wanted",
                          "documents");
    body = buf_make(BODY_BYTES_MAX);
    buf_printf(&body, "{\"id\":\"%016llx\",\"results\":[", (unsigned long long)arrival->id);
    put_results(doc, query, documents, top > INPUTS_MAX ? INPUTS_MAX : (uint32_t)top, &body);
    buf_add_byte(&body, ']');
    arrival->record.entry.searches =
        (json_count(doc, documents) + DOCUMENTS_PER_SEARCH - 1) / DOCUMENTS_PER_SEARCH;
    put_meta(arrival, "search_units", arrival->record.entry.searches, &body);
    buf_add_byte(&body, '}');
    return chat_reply(arrival, "application/json", body);
}
