/*
 * cohere_rerank: /rerank, which has no language but Cohere's, to and from /v2/rerank.
 *
 * Clients written for v1 send documents as objects and want them returned; v2 takes strings and
 * returns places in the list alone.
 */
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/dialect/cohere.h"

enum { DOCUMENTS_MAX = 10000 }; /* more are refused by the provider */

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 400000};

/* ---- the ask ---- */

static enum ask_written refuse(struct ask_losses *losses, const char *why)
{
    losses->why = why;
    return ASK_UNSPEAKABLE;
}

/* An object without a text goes as the JSON that it is. */
static void write_document(struct pieces *out, const struct json_doc *ask, uint32_t document)
{
    uint32_t text = json_find(ask, document, "text");

    if (json_is(ask, document, JSON_STRING))
        pieces_json(out, json_raw(ask, document));
    else if (json_is(ask, text, JSON_STRING))
        pieces_json(out, json_raw(ask, text));
    else
        pieces_json_string(out, &(struct chat_json){.text = json_raw(ask, document)});
}

static void copy_member(struct pieces *out, const struct json_doc *ask, const char *name)
{
    uint32_t node = json_find(ask, 0, name);

    if (!json_is_null(ask, node))
        pieces_put_json(out, name, json_raw(ask, node));
}

enum ask_written cohere_write_rerank(const struct json_doc *ask, struct span model,
                                     struct pieces *out, struct ask_losses *losses_out)
{
    uint32_t query = json_find(ask, 0, "query"), documents = json_find(ask, 0, "documents");

    *losses_out = (struct ask_losses){0};
    if (!json_is(ask, query, JSON_STRING))
        return refuse(losses_out, "a reranking without a query");
    if (!json_is(ask, documents, JSON_ARRAY) || json_first(ask, documents) == JSON_NONE)
        return refuse(losses_out, "a reranking without documents");
    if (json_count(ask, documents) > DOCUMENTS_MAX)
        return ASK_TOO_LARGE;
    pieces_begin(out, '{');
    pieces_put_text(out, "model", model);
    pieces_put_json(out, "query", json_raw(ask, query));
    pieces_name(out, "documents");
    pieces_begin(out, '[');
    for (uint32_t document = json_first(ask, documents); document != JSON_NONE;
         document = json_after(ask, documents, document))
        write_document(out, ask, document);
    pieces_end(out, ']');
    copy_member(out, ask, "top_n");
    copy_member(out, ask, "max_tokens_per_doc");
    pieces_end(out, '}');
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

/* ---- the answer ---- */

/* The documents of the ask by their place. */
struct documents {
    uint32_t *nodes;
    int64_t count;
};

static struct documents documents_of(const struct json_doc *ask)
{
    uint32_t list = json_find(ask, 0, "documents");
    struct documents documents = {0};

    if (!json_is(ask, list, JSON_ARRAY) || json_count(ask, list) > DOCUMENTS_MAX)
        return documents;
    documents.nodes = mem_new((json_count(ask, list) + 1) * sizeof(*documents.nodes));
    for (uint32_t node = json_first(ask, list); node != JSON_NONE;
         node = json_after(ask, list, node))
        documents.nodes[documents.count++] = node;
    return documents;
}

/* A result with its document, in v1's shape. */
static void write_result(struct json_writer *w, const struct json_doc *doc, uint32_t result,
                         const struct json_doc *ask, const struct documents *documents)
{
    struct span raw = json_raw(doc, result);
    int64_t index;
    uint32_t node;

    if (!json_is(doc, result, JSON_OBJECT) || json_first(doc, result) == JSON_NONE ||
        json_find(doc, result, "document") != JSON_NONE ||
        json_int64(doc, json_find(doc, result, "index"), &index) != 0 || index < 0 ||
        index >= documents->count) {
        json_write_raw(w, raw);
        return;
    }
    node = documents->nodes[index];
    json_write_raw(w, span_part(raw, 0, raw.size - 1));
    buf_add_string(w->out, ",\"document\":");
    buf_add_string(w->out, json_is(ask, node, JSON_STRING) ? "{\"text\":" : "");
    buf_add_span(w->out, json_raw(ask, node));
    buf_add_string(w->out, json_is(ask, node, JSON_STRING) ? "}}" : "}");
}

static void write_with_documents(const struct json_doc *doc, uint32_t results,
                                 const struct json_doc *ask, struct buf *out)
{
    struct documents documents = documents_of(ask);
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '{');
    for (uint32_t name = json_first(doc, 0); name != JSON_NONE; name = json_after(doc, 0, name)) {
        json_write_raw(&w, json_raw(doc, name));
        buf_add_byte(out, ':');
        w.comma = false;
        if (json_value(doc, name) != results) {
            json_write_raw(&w, json_raw(doc, json_value(doc, name)));
            continue;
        }
        json_begin(&w, '[');
        for (uint32_t result = json_first(doc, results); result != JSON_NONE;
             result = json_after(doc, results, result))
            write_result(&w, doc, result, ask, &documents);
        json_end(&w, ']');
    }
    json_end(&w, '}');
    mem_free(documents.nodes);
}

bool cohere_read_rerank(struct json_doc *doc, struct span body, const struct json_doc *ask,
                        struct answer *answer, struct buf *out)
{
    uint32_t results, meta, wanted = json_find(ask, 0, "return_documents");

    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT) {
        answer->signs |= ANSWER_MALFORMED;
        return false;
    }
    results = json_find(doc, 0, "results");
    meta = json_find(doc, 0, "meta");
    if (!json_is(doc, results, JSON_ARRAY)) {
        answer->signs |= cohere_take_error(doc, answer) ? ANSWER_ERROR : ANSWER_MALFORMED;
        return false;
    }
    if (!json_is_null(doc, meta)) {
        cohere_read_usage(doc, meta, COHERE_RERANK, &answer->usage);
        answer->signs |= ANSWER_USAGE;
    }
    if (json_is(ask, wanted, JSON_TRUE))
        write_with_documents(doc, results, ask, out);
    else
        buf_add_span(out, body);
    return !buf_failed(out);
}
