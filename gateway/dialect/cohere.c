/*
 * cohere: the language as others see it, and its errors.
 */
#include "gateway/dialect/cohere.h"

static const struct json_limits limits_error = {
    .max_bytes = (size_t)2 << 20, .max_depth = 64, .max_nodes = 100000};

void cohere_copy_message(struct answer *answer, struct span inside)
{
    struct buf decoded = buf_make(inside.size + 1);
    struct span text;

    (void)!json_unescape(inside, &decoded);
    text = span_part(buf_span(&decoded), 0, sizeof(answer->error_message) - 1);
    /* Not in the middle of a character. */
    while (text.size > 0 && text.size < decoded.size &&
           ((unsigned char)decoded.at[text.size] & 0xc0) == 0x80)
        text.size--;
    if (text.size > 0)
        memcpy(answer->error_message, text.at, text.size);
    answer->error_message[text.size] = '\0';
    buf_done(&decoded);
}

/* {"message":"…"}; proxies before it and the gateways that speak it have an "error" around. */
bool cohere_take_error(const struct json_doc *doc, struct answer *answer)
{
    uint32_t error = json_find(doc, 0, "error");
    const uint32_t places[] = {json_find(doc, 0, "message"), json_find(doc, error, "message"),
                               error, json_find(doc, 0, "detail")};

    for (size_t i = 0; i < array_size(places); i++) {
        struct span message = json_inside(doc, places[i]);
        if (!json_is(doc, places[i], JSON_STRING))
            continue;
        cohere_copy_message(answer, message);
        if (message.size > 0)
            return true;
    }
    return false;
}

bool cohere_read_error(struct answer_reader *reader, struct span body)
{
    return json_parse(reader->doc, body, &limits_error) == JSON_OK &&
           json_kind(reader->doc, 0) == JSON_OBJECT &&
           cohere_take_error(reader->doc, reader->answer);
}

static void write_path(const struct language_target *target, bool stream, struct buf *out)
{
    (void)target;
    (void)stream;
    buf_add_string(out, "/chat");
}

const struct upstream_language cohere_upstream = {
    .name = "cohere",
    .normaliser = COHERE_NORMALISER,
    .family = FAMILY_COHERE,
    .framing = FRAMING_SSE,
    .signer = SIGNER_OTHER,
    .accept = "text/event-stream",
    .path = write_path,
    .write_ask = cohere_write_ask,
    .read_frame = cohere_read_frame,
    .read_whole = cohere_read_whole,
    .read_error = cohere_read_error,
};
