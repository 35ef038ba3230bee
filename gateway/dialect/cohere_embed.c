/*
 * cohere_embed: OpenAI's /embeddings to and from Cohere's /v2/embed.
 *
 * The vectors are passed as they stand, floats or base64: both are little-endian 32-bit floats
 * there as here.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/cohere.h"
#include "gateway/dialect/openai.h"

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)64 << 20, .max_depth = 64, .max_nodes = 4000000};

/* ---- the ask ---- */

static bool is_kind(const struct json_doc *doc, uint32_t node, enum json_kind kind)
{
    return node != JSON_NONE && json_kind(doc, node) == kind;
}

static enum ask_written refuse(struct ask_losses *losses, const char *why)
{
    losses->why = why;
    return ASK_UNSPEAKABLE;
}

static bool is_texts(const struct json_doc *ask, uint32_t input)
{
    if (is_kind(ask, input, JSON_STRING))
        return true;
    if (!is_kind(ask, input, JSON_ARRAY))
        return false;
    for (uint32_t item = json_first(ask, input); item != JSON_NONE;
         item = json_after(ask, input, item))
        if (!is_kind(ask, item, JSON_STRING))
            return false;
    return true;
}

static void write_texts(struct pieces *out, const struct json_doc *ask, uint32_t input)
{
    if (is_kind(ask, input, JSON_ARRAY)) {
        pieces_put_json(out, "texts", json_raw(ask, input));
        return;
    }
    pieces_name(out, "texts");
    pieces_begin(out, '[');
    pieces_json(out, json_raw(ask, input));
    pieces_end(out, ']');
}

/* A member that is taken over where it is there, else `otherwise`; NULL: nothing. */
static void copy_member(struct pieces *out, const struct json_doc *ask, const char *name,
                        const char *as, const char *otherwise)
{
    uint32_t node = json_find(ask, 0, name);

    if (!json_is_null(ask, node))
        pieces_put_json(out, as, json_raw(ask, node));
    else if (otherwise != NULL)
        pieces_put_json(out, as, span_of(otherwise));
}

enum ask_written cohere_write_embed(const struct json_doc *ask, struct span model,
                                    struct pieces *out, struct ask_losses *losses_out)
{
    uint32_t input = json_find(ask, 0, "input"), format = json_find(ask, 0, "encoding_format");
    bool base64 = is_kind(ask, format, JSON_STRING) && json_string_is(ask, format, "base64");

    *losses_out = (struct ask_losses){0};
    if (!is_texts(ask, input))
        return refuse(losses_out, "an input that is no text");
    if (!json_is_null(ask, json_find(ask, 0, "user")))
        losses_out->lost |= UINT64_C(1) << MEMBER_USER;
    pieces_begin(out, '{');
    cohere_write_model(out, model);
    write_texts(out, ask, input);
    copy_member(out, ask, "input_type", "input_type", "\"search_document\"");
    pieces_put_json(out, "embedding_types", span_of(base64 ? "[\"base64\"]" : "[\"float\"]"));
    copy_member(out, ask, "dimensions", "output_dimension", NULL);
    copy_member(out, ask, "truncate", "truncate", NULL);
    pieces_end(out, '}');
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

/* ---- the answer ---- */

static bool fail(struct answer *answer, uint32_t sign)
{
    answer->signs |= sign;
    return false;
}

/* The list of vectors, of the one type that was asked for; or JSON_NONE. */
static uint32_t vectors_of(const struct json_doc *doc)
{
    uint32_t all = json_find(doc, 0, "embeddings"), base64 = json_find(doc, all, "base64"), list;

    if (is_kind(doc, all, JSON_ARRAY))
        return all;
    list = json_is_null(doc, base64) ? json_find(doc, all, "float") : base64;
    return is_kind(doc, list, JSON_ARRAY) ? list : JSON_NONE;
}

static bool write_vectors(struct json_writer *w, const struct json_doc *doc, uint32_t list)
{
    int64_t index = 0;

    json_name(w, "data");
    json_begin(w, '[');
    for (uint32_t item = json_first(doc, list); item != JSON_NONE;
         item = json_after(doc, list, item)) {
        if (!is_kind(doc, item, JSON_ARRAY) && !is_kind(doc, item, JSON_STRING))
            return false;
        json_begin(w, '{');
        json_put_cstring(w, "object", "embedding");
        json_put_int64(w, "index", index++);
        json_name(w, "embedding");
        json_write_raw(w, json_raw(doc, item));
        json_end(w, '}');
    }
    json_end(w, ']');
    return index > 0;
}

bool cohere_read_embed(struct json_doc *doc, struct span body, struct span model,
                       struct answer *answer, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    uint32_t list, meta;

    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT)
        return fail(answer, ANSWER_MALFORMED);
    list = vectors_of(doc);
    meta = json_find(doc, 0, "meta");
    if (list == JSON_NONE)
        return fail(answer, cohere_take_error(doc, answer) ? ANSWER_ERROR : ANSWER_MALFORMED);
    json_begin(&w, '{');
    json_put_cstring(&w, "object", "list");
    if (!write_vectors(&w, doc, list))
        return fail(answer, ANSWER_MALFORMED);
    json_name(&w, "model");
    buf_add_byte(out, '"');
    buf_add_span(out, model);
    buf_add_byte(out, '"');
    w.comma = true;
    if (!json_is_null(doc, meta)) {
        cohere_read_usage(doc, meta, COHERE_EMBED, &answer->usage);
        answer->signs |= ANSWER_USAGE;
    }
    if (answer->usage.state == ANSWER_USAGE_GOOD) {
        json_name(&w, "usage");
        openai_write_usage(&w, &answer->usage.meters, ASK_EMBEDDINGS, (struct span){0});
    }
    json_end(&w, '}');
    return !buf_failed(out);
}
