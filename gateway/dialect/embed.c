/*
 * embed: see the header. What the languages of embeddings share.
 */
#include "gateway/dialect/embed.h"

#include "gateway/dialect/openai.h"

bool embed_each_text(const struct json_doc *ask, struct ask_losses *losses,
                     void (*write)(void *context, struct span json), void *context)
{
    uint32_t input = json_find(ask, 0, "input");
    enum json_kind kind = input == JSON_NONE ? JSON_NULL : json_kind(ask, input);
    bool texts = kind == JSON_STRING || kind == JSON_ARRAY;

    for (uint32_t item = kind == JSON_ARRAY ? json_first(ask, input) : JSON_NONE;
         texts && item != JSON_NONE; item = json_after(ask, input, item))
        texts = json_kind(ask, item) == JSON_STRING;
    if (!texts) {
        losses->why = "an input that is no text";
        return false;
    }
    if (kind == JSON_STRING)
        write(context, json_raw(ask, input));
    for (uint32_t item = kind == JSON_ARRAY ? json_first(ask, input) : JSON_NONE; item != JSON_NONE;
         item = json_after(ask, input, item))
        write(context, json_raw(ask, item));
    return true;
}

bool embed_wants_base64(const struct json_doc *ask)
{
    uint32_t format = json_find(ask, 0, "encoding_format");

    return json_is(ask, format, JSON_STRING) && json_string_is(ask, format, "base64");
}

/* Bytes that come one after the other become base64, three at a time. */
struct base64 {
    struct buf *out;
    uint32_t bits, count;
};

static void put_byte(struct base64 *b, uint8_t byte)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    b->bits = b->bits << 8 | byte;
    if (++b->count < 3)
        return;
    for (int shift = 18; shift >= 0; shift -= 6)
        buf_add_byte(b->out, digits[b->bits >> shift & 63]);
    b->bits = b->count = 0;
}

/* What is left gets zeros behind it, and the characters that stand for those are "=". */
static void end_base64(struct base64 *b)
{
    uint32_t missing = b->count == 0 ? 0 : 3 - b->count;

    for (uint32_t i = 0; i < missing; i++)
        put_byte(b, 0);
    if (missing > 0 && !buf_failed(b->out))
        memset(b->out->at + b->out->size - missing, '=', missing);
}

static bool put_floats(struct buf *out, const struct json_doc *doc, uint32_t array)
{
    struct base64 b = {.out = out};

    for (uint32_t item = json_first(doc, array); item != JSON_NONE;
         item = json_after(doc, array, item)) {
        double number;
        float value;
        uint32_t bits;

        if (json_double(doc, item, &number) != 0)
            return false;
        value = (float)number;
        memcpy(&bits, &value, sizeof(bits));
        for (int shift = 0; shift < 32; shift += 8)
            put_byte(&b, (uint8_t)(bits >> shift));
    }
    end_base64(&b);
    return true;
}

bool embed_put_vector(struct json_writer *w, const struct json_doc *doc, uint32_t array,
                      bool base64)
{
    if (!json_is(doc, array, JSON_ARRAY))
        return false;
    json_name(w, "embedding");
    if (!base64) {
        json_write_raw(w, json_raw(doc, array));
        return true;
    }
    buf_add_byte(w->out, '"');
    if (!put_floats(w->out, doc, array))
        return false;
    buf_add_byte(w->out, '"');
    w->comma = true;
    return true;
}

void embed_begin(struct embed_list *list, const struct json_doc *ask, struct buf *out)
{
    *list = (struct embed_list){.w = json_writer_make(out), .base64 = embed_wants_base64(ask)};
    json_begin(&list->w, '{');
    json_put_cstring(&list->w, "object", "list");
    json_name(&list->w, "data");
    json_begin(&list->w, '[');
}

bool embed_add(struct embed_list *list, const struct json_doc *doc, uint32_t array)
{
    json_begin(&list->w, '{');
    json_put_cstring(&list->w, "object", "embedding");
    json_put_int64(&list->w, "index", list->count++);
    if (!embed_put_vector(&list->w, doc, array, list->base64))
        return false;
    json_end(&list->w, '}');
    return true;
}

void embed_end(struct embed_list *list, struct span model, const struct answer *answer)
{
    json_end(&list->w, ']');
    json_put_string(&list->w, "model", model);
    if (answer->usage.state == ANSWER_USAGE_GOOD) {
        json_name(&list->w, "usage");
        openai_write_usage(&list->w, &answer->usage.meters, ASK_EMBEDDINGS, (struct span){0});
    }
    json_end(&list->w, '}');
}
