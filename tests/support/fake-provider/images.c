/*
 * images: OpenAI's image generations and edits. Every image is one dot.
 */
#include <errno.h>

#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"
#include "parts.h"
#include "usage.h"

#define BODY_BYTES_MAX ((size_t)64 << 10)
#define IMAGES_MAX 10
#define TOKENS_PER_IMAGE 272
#define TOKENS_PER_INPUT_IMAGE 194

static const char png[] =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMwTpsJAAICATNWh+JUAAAAAElF"
    "TkSuQmCC";

struct image_ask {
    struct span prompt;
    int64_t count;
    bool by_url;
    size_t inputs; /* images to be edited */
};

static bool read_json(struct provider *provider, struct image_ask *ask)
{
    const struct json_doc *doc = &provider->doc;

    ask->count = 1;
    ask->by_url = json_string_is(doc, json_find(doc, 0, "response_format"), "url");
    return json_string(doc, json_find(doc, 0, "prompt"), provider->arena, &ask->prompt) == 0 &&
           json_int64(doc, json_find(doc, 0, "n"), &ask->count) != -EINVAL;
}

static bool read_parts(const struct http_request *request, struct image_ask *ask)
{
    size_t count;
    struct span number = parts_find(request, "n", &count);

    ask->count = 1;
    if (number.size > 0 && span_int64(number, &ask->count) != 0)
        return false;
    ask->by_url = span_is(parts_find(request, "response_format", &count), "url");
    ask->prompt = parts_find(request, "prompt", &count);
    (void)parts_find(request, "image", &ask->inputs).size;
    return ask->prompt.size > 0 && ask->inputs > 0;
}

static void put_usage(struct arrival *arrival, const struct image_ask *ask, int64_t text,
                      struct buf *out)
{
    enum fault_kind fault = arrival->spec.fault->kind;
    struct truth_entry *entry = &arrival->record.entry;
    int64_t images = (int64_t)ask->inputs * TOKENS_PER_INPUT_IMAGE;
    int64_t output = ask->count * TOKENS_PER_IMAGE;
    const struct usage_row rows[] = {
        {"input_tokens", COUNT_INPUT, text + images},
        {"output_tokens", COUNT_OUTPUT, output},
        {"total_tokens", COUNT_TOTAL, text + images + output},
    };
    const struct usage_row details[] = {
        {"text_tokens", COUNT_PART, text},
        {"image_tokens", COUNT_PART, images},
    };

    entry->images = ask->count;
    entry->usage_told = true;
    /* These are billed by the image. */
    if (memmem(arrival->model.at, arrival->model.size, "dall-e", 6) != NULL)
        return;
    entry->input = text + images;
    entry->output = output;
    entry->usage_told = usage_is_right(arrival->dialect, fault);
    if (!usage_open(out, fault, "usage"))
        return;
    usage_write(out, fault, rows, array_size(rows));
    buf_add_string(out, ",\"input_tokens_details\":{");
    usage_write(out, fault, details, array_size(details));
    buf_add_string(out, "}}");
}

static struct call *answer(struct provider *provider, struct arrival *arrival,
                           const struct image_ask *ask)
{
    struct count count = provider->zero;
    struct buf body;

    if (ask->count < 1 || ask->count > IMAGES_MAX)
        return chat_error(arrival, 400, "n is 1 to 10", "n");
    count_feed(&count, ask->prompt);
    body = buf_make(BODY_BYTES_MAX);
    buf_printf(&body, "{\"created\":%lld,\"data\":[", (long long)(arrival->unix_ms / 1000));
    for (int64_t i = 0; i < ask->count; i++) {
        if (ask->by_url)
            buf_printf(&body, "%s{\"url\":\"https://images.invalid/%016llx-%lld.png\"}",
                       i == 0 ? "" : ",", (unsigned long long)arrival->id, (long long)i);
        else
            buf_printf(&body, "%s{\"b64_json\":\"%s\"}", i == 0 ? "" : ",", png);
    }
    buf_add_byte(&body, ']');
    put_usage(arrival, ask, count_tokens(&count), &body);
    buf_add_string(&body, "}\n");
    return chat_reply(arrival, "application/json", body);
}

struct call *openai_images(struct provider *provider, struct arrival *arrival)
{
    struct image_ask ask = {0};

    if (!read_json(provider, &ask))
        return chat_error(arrival, 400, "a prompt is wanted, and n is 1 to 10", "prompt");
    return answer(provider, arrival, &ask);
}

struct call *openai_edits(struct provider *provider, struct arrival *arrival)
{
    struct image_ask ask = {0};

    if (!read_parts(arrival->request, &ask))
        return chat_error(arrival, 400, "a prompt and an image are wanted", "image");
    return answer(provider, arrival, &ask);
}
