/*
 * cohere_embed: OpenAI's /embeddings to and from Cohere's /v2/embed.
 *
 * Vectors as base64 are little-endian 32-bit floats there as here; floats become that where the
 * client wants it and the provider did not.
 */
#include "gateway/dialect/cohere.h"
#include "gateway/dialect/embed.h"

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)64 << 20, .max_depth = 64, .max_nodes = 4000000};

/* ---- the ask ---- */

static enum ask_written refuse(struct ask_losses *losses, const char *why)
{
    losses->why = why;
    return ASK_UNSPEAKABLE;
}

static bool is_texts(const struct json_doc *ask, uint32_t input)
{
    if (json_is(ask, input, JSON_STRING))
        return true;
    if (!json_is(ask, input, JSON_ARRAY))
        return false;
    for (uint32_t item = json_first(ask, input); item != JSON_NONE;
         item = json_after(ask, input, item))
        if (!json_is(ask, item, JSON_STRING))
            return false;
    return true;
}

static void write_texts(struct pieces *out, const struct json_doc *ask, uint32_t input)
{
    if (json_is(ask, input, JSON_ARRAY)) {
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
    bool base64 = json_is(ask, format, JSON_STRING) && json_string_is(ask, format, "base64");

    *losses_out = (struct ask_losses){0};
    if (!is_texts(ask, input))
        return refuse(losses_out, "an input that is no text");
    if (!json_is_null(ask, json_find(ask, 0, "user")))
        losses_out->lost |= UINT64_C(1) << MEMBER_USER;
    pieces_begin(out, '{');
    pieces_put_text(out, "model", model);
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

    if (json_is(doc, all, JSON_ARRAY))
        return all;
    list = json_is_null(doc, base64) ? json_find(doc, all, "float") : base64;
    return json_is(doc, list, JSON_ARRAY) ? list : JSON_NONE;
}

/* One that came as base64 stays: it was asked for. */
static bool add_packed(struct embed_list *list, struct span json)
{
    json_begin(&list->w, '{');
    json_put_cstring(&list->w, "object", "embedding");
    json_put_int64(&list->w, "index", list->count++);
    json_name(&list->w, "embedding");
    json_write_raw(&list->w, json);
    json_end(&list->w, '}');
    return true;
}

static bool write_vectors(struct embed_list *list, const struct json_doc *doc, uint32_t vectors)
{
    for (uint32_t item = json_first(doc, vectors); item != JSON_NONE;
         item = json_after(doc, vectors, item))
        if (!(json_is(doc, item, JSON_STRING) ? add_packed(list, json_raw(doc, item))
                                              : embed_add(list, doc, item)))
            return false;
    return list->count > 0;
}

bool cohere_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                       struct span model, struct answer *answer, struct buf *out)
{
    struct embed_list list;
    uint32_t vectors, meta;

    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT)
        return fail(answer, ANSWER_MALFORMED);
    vectors = vectors_of(doc);
    meta = json_find(doc, 0, "meta");
    if (vectors == JSON_NONE)
        return fail(answer, cohere_take_error(doc, answer) ? ANSWER_ERROR : ANSWER_MALFORMED);
    embed_begin(&list, ask, out);
    if (!write_vectors(&list, doc, vectors))
        return fail(answer, ANSWER_MALFORMED);
    if (!json_is_null(doc, meta)) {
        cohere_read_usage(doc, meta, COHERE_EMBED, &answer->usage);
        answer->signs |= ANSWER_USAGE;
    }
    embed_end(&list, model, answer);
    return !buf_failed(out);
}
