/*
 * responses: the tables of OpenAI's Responses language.
 */
#include "gateway/dialect/responses.h"

#include "gateway/dialect/usage.h"

static void write_path(const struct language_target *target, bool stream, struct buf *out)
{
    (void)target;
    (void)stream;
    buf_add_string(out, "/responses");
}

const struct upstream_language responses_upstream = {
    .name = "responses",
    .normaliser = USAGE_RESPONSES_NORMALISER,
    .family = FAMILY_RESPONSES,
    .framing = FRAMING_SSE,
    .patch_ask = responses_patch_ask,
    .signer = SIGNER_OPENAI,
    .path = write_path,
    .write_ask = responses_write_ask,
    .read_frame = responses_read_frame,
    .read_whole = responses_read_whole,
    .read_error = responses_read_error,
};

const struct client_language responses_client = {
    .name = "responses",
    .family = FAMILY_RESPONSES,
    .stream_type = "text/event-stream; charset=utf-8",
    .usage_member = "usage",
    .usage_holder = "response",
    .end_mark = "\"response.completed\"",
    .read_ask = responses_read_ask,
    .write = responses_write_answer,
    .write_ping = responses_write_ping,
    .comments = true,
    .follow = responses_gather,
    .resume = responses_resume,
    .write_error = responses_write_error,
};
