/*
 * titan_embed: OpenAI's /embeddings to and from Amazon Titan's, one text a call. See embed.h.
 */
#include "gateway/dialect/embed.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/usage.h"

static const struct json_limits limits_whole = {
    .max_bytes = (size_t)16 << 20, .max_depth = 64, .max_nodes = 400000};

struct writing {
    struct pieces *out;
    uint32_t count;
};

static void write_text(void *context, struct span text)
{
    struct writing *w = context;

    if (w->count++ == 0)
        pieces_put_json(w->out, "inputText", text);
}

enum ask_written titan_write_embed(const struct json_doc *ask, struct span model,
                                   struct pieces *out, struct ask_losses *losses_out)
{
    uint32_t dimensions = json_find(ask, 0, "dimensions");
    struct writing w = {.out = out};

    (void)model;
    *losses_out = (struct ask_losses){0};
    pieces_begin(out, '{');
    if (!embed_each_text(ask, losses_out, write_text, &w))
        return ASK_UNSPEAKABLE;
    if (w.count != 1) {
        losses_out->why = "several inputs: this model takes one a call";
        return ASK_UNSPEAKABLE;
    }
    if (!json_is_null(ask, dimensions))
        pieces_put_json(out, "dimensions", json_raw(ask, dimensions));
    pieces_end(out, '}');
    return out->failed ? ASK_TOO_LARGE : ASK_WRITTEN;
}

bool titan_read_embed(struct json_doc *doc, struct span body, const struct json_doc *ask,
                      struct span model, struct answer *answer, struct buf *out)
{
    struct embed_list list;
    struct meters meters = {0};
    int64_t tokens;
    bool good;

    if (json_parse(doc, body, &limits_whole) != JSON_OK || json_kind(doc, 0) != JSON_OBJECT) {
        answer->signs |= ANSWER_MALFORMED;
        return false;
    }
    if (json_is_null(doc, json_find(doc, 0, "embedding")) && openai_read_error(doc, body, answer)) {
        answer->signs |= ANSWER_ERROR;
        return false;
    }
    if (usage_read_count(doc, 0, "inputTextTokenCount", &tokens) && tokens >= 0) {
        meters_set(&meters, METER_INPUT, tokens);
        usage_keep(&meters, NULL, (struct span){0}, &answer->usage);
        answer->signs |= ANSWER_USAGE;
    }
    embed_begin(&list, ask, out);
    good = embed_add(&list, doc, json_find(doc, 0, "embedding"));
    embed_end(&list, model, answer);
    if (!good)
        answer->signs |= ANSWER_MALFORMED;
    return good && !buf_failed(out);
}
