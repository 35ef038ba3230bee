/*
 * gemini: the tables of Gemini's language, as AI Studio and as Vertex AI speak it, and where a
 * model answers.
 */
#include "gateway/dialect/gemini_language.h"
#include "gateway/dialect/gemini_usage.h"

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~/@", c) != NULL);
}

/* Behind …/v1beta at AI Studio, behind …/publishers/google at Vertex. */
void gemini_path(const struct language_target *target, bool stream, struct buf *out)
{
    buf_add_string(out, "/");
    if (!span_starts(target->model, "models/") && !span_starts(target->model, "tunedModels/"))
        buf_add_string(out, "models/");
    for (size_t i = 0; i < target->model.size; i++) {
        char c = target->model.at[i];
        if (is_plain(c))
            buf_add_byte(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
    buf_add_string(out, stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
}

/* Nothing may be said between two objects. */
static void gemini_write_ping(struct answer_writer *writer)
{
    (void)writer;
}

static void gemini_write_error(struct answer_writer *writer, struct span envelope)
{
    bool array = writer->language == &gemini_array_client;

    buf_add_string(writer->out, !array ? "data: " : writer->open ? ",\r\n" : "[");
    buf_add_span(writer->out, envelope);
    buf_add_string(writer->out, array ? "]" : "\r\n\r\n");
}

const struct upstream_language gemini_upstream = {
    .name = "gemini",
    .normaliser = USAGE_GEMINI_NORMALISER,
    .family = FAMILY_GEMINI,
    .framing = FRAMING_SSE,
    .signer = SIGNER_GEMINI,
    .patch_ask = gemini_patch_ask,
    .path = gemini_path,
    .write_ask = gemini_write_ask,
    .read_frame = gemini_read_frame,
    .read_end = gemini_read_end,
    .read_whole = gemini_read_whole,
    .read_error = gemini_read_error,
};

const struct upstream_language gemini_vertex_upstream = {
    .name = "gemini-vertex",
    .normaliser = USAGE_GEMINI_NORMALISER,
    .family = FAMILY_GEMINI,
    .framing = FRAMING_SSE,
    .signer = SIGNER_GEMINI,
    .patch_ask = gemini_patch_ask,
    .path = gemini_path,
    .write_ask = gemini_vertex_write_ask,
    .read_frame = gemini_read_frame,
    .read_end = gemini_read_end,
    .read_whole = gemini_read_whole,
    .read_error = gemini_read_error,
};

const struct client_language gemini_client = {
    .name = "gemini",
    .family = FAMILY_GEMINI,
    .stream_type = "text/event-stream",
    .end_mark = "\"finishReason\"",
    .read_ask = gemini_read_ask,
    .write = gemini_write_answer,
    .write_ping = gemini_write_ping,
    .follow = gemini_follow,
    .resume = gemini_resume,
    .write_error = gemini_write_error,
};

const struct client_language gemini_array_client = {
    .name = "gemini-array",
    .family = FAMILY_GEMINI,
    .stream_type = "application/json; charset=UTF-8",
    .read_ask = gemini_read_ask,
    .write = gemini_write_answer,
    .write_ping = gemini_write_ping,
    .write_error = gemini_write_error,
};
