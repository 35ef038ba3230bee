/*
 * bedrock: the table of the Converse language.
 */
#include "gateway/dialect/bedrock.h"

#include "gateway/dialect/bedrock_ask.h"
#include "gateway/sign/sigv4.h"

void bedrock_path(const struct language_target *target, bool stream, struct buf *out)
{
    buf_add_string(out, "/model/");
    sigv4_encode(target->model, "", out);
    buf_add_string(out, stream ? "/converse-stream" : "/converse");
}

const struct upstream_language bedrock_upstream = {
    .name = "bedrock",
    .normaliser = USAGE_BEDROCK_NORMALISER,
    .family = FAMILY_BEDROCK,
    .framing = FRAMING_EVENT_STREAM,
    .signer = SIGNER_ANTHROPIC,
    .accept = "application/vnd.amazon.eventstream",
    .path = bedrock_path,
    .write_ask = bedrock_write_ask,
    .read_frame = bedrock_read_frame,
    .read_end = bedrock_read_end,
    .read_whole = bedrock_read_whole,
    .read_error = bedrock_read_error,
};
