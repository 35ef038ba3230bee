/*
 * anthropic: the tables of the Messages language, and what its models take.
 */
#include "gateway/dialect/anthropic.h"

#include "gateway/dialect/anthropic_usage.h"

/* "4-5", "4.5" and "4-20250514" are 45, 45 and 40; 0: no number there. */
static int read_version(struct span text)
{
    struct span minor;
    size_t digits = 0;

    if (text.size == 0 || text.at[0] < '1' || text.at[0] > '9')
        return 0;
    if (text.size < 3 || (text.at[1] != '-' && text.at[1] != '.'))
        return (text.at[0] - '0') * 10;
    minor = span_part(text, 2, text.size);
    while (digits < minor.size && minor.at[digits] >= '0' && minor.at[digits] <= '9')
        digits++;
    return (text.at[0] - '0') * 10 + (digits == 1 ? minor.at[0] - '0' : 0);
}

static struct span behind_dash(struct span text)
{
    ptrdiff_t dash = span_index(text, '-');

    return dash < 0 ? (struct span){0} : span_part(text, (size_t)dash + 1, text.size);
}

/* The first number behind "claude-": "claude-3-7-sonnet", "claude-opus-4-6", "…claude-sonnet-5". */
static int version_of(struct span model, bool *claude_out)
{
    static const struct span mark = {"claude-", 7};

    *claude_out = false;
    for (size_t i = 0; i + mark.size <= model.size; i++) {
        struct span rest = span_part(model, i, model.size);
        if (!span_starts(rest, mark.at))
            continue;
        *claude_out = true;
        rest = span_part(rest, mark.size, rest.size);
        while (rest.size > 0) {
            int version = read_version(rest);
            if (version > 0)
                return version;
            rest = behind_dash(rest);
        }
    }
    return 0;
}

static bool contains(struct span text, const char *word)
{
    return memmem(text.at, text.size, word, strlen(word)) != NULL;
}

struct anthropic_model anthropic_model_of(struct span model)
{
    bool claude;
    int version = version_of(model, &claude);

    /* Others that speak this language learned it from the older models. */
    if (!claude)
        return (struct anthropic_model){.budget = true};
    if (version == 0) /* "claude-opus-latest" */
        version = 99;
    return (struct anthropic_model){
        .schema = version >= 45,
        .adaptive = version >= 46,
        .budget = version >= 37 && version < 46,
        .no_sampling = version >= 47,
        .one_sampling = version >= 41,
        .xhigh = version >= 47,
        .silent = version >= 47,
        .always = contains(model, "fable") || contains(model, "mythos"),
        .no_prefill = version >= 46,
    };
}

static const char *const headers[] = {"anthropic-version: 2023-06-01", NULL};

static void messages_path(const struct language_target *target, bool stream, struct buf *out)
{
    (void)target;
    (void)stream;
    buf_add_string(out, "/messages");
}

/* What may stand in a path segment; the rest is percent-encoded. */
static void add_segment(struct span text, struct buf *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._@";

    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '\0' && strchr(plain, text.at[i]) != NULL)
            buf_add_byte(out, text.at[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.at[i]);
    }
}

static void vertex_path(const struct language_target *target, bool stream, struct buf *out)
{
    buf_add_string(out, "/publishers/anthropic/models/");
    add_segment(target->model, out);
    buf_add_string(out, stream ? ":streamRawPredict" : ":rawPredict");
}

static enum ask_written write_messages(const struct chat *chat,
                                       const struct language_target *target, struct pieces *out,
                                       struct ask_losses *losses_out)
{
    return anthropic_write_ask(chat, target, false, out, losses_out);
}

static enum ask_written write_vertex(const struct chat *chat, const struct language_target *target,
                                     struct pieces *out, struct ask_losses *losses_out)
{
    return anthropic_write_ask(chat, target, true, out, losses_out);
}

const struct upstream_language anthropic_upstream = {
    .name = "anthropic",
    .normaliser = USAGE_ANTHROPIC_NORMALISER,
    .family = FAMILY_ANTHROPIC,
    .framing = FRAMING_SSE,
    .signer = SIGNER_ANTHROPIC,
    .headers = headers,
    .patch_ask = anthropic_patch_ask,
    .path = messages_path,
    .write_ask = write_messages,
    .read_frame = anthropic_read_frame,
    .read_whole = anthropic_read_whole,
    .read_error = anthropic_read_error,
};

/* The version stands in the body, the model in the path. */
const struct upstream_language anthropic_vertex_upstream = {
    .name = "anthropic-vertex",
    .normaliser = USAGE_ANTHROPIC_NORMALISER,
    .family = FAMILY_ANTHROPIC,
    .framing = FRAMING_SSE,
    .signer = SIGNER_ANTHROPIC,
    .patch_ask = anthropic_vertex_patch_ask,
    .path = vertex_path,
    .write_ask = write_vertex,
    .read_frame = anthropic_read_frame,
    .read_whole = anthropic_read_whole,
    .read_error = anthropic_read_error,
};

static void write_error(struct answer_writer *writer, struct span envelope)
{
    buf_add_string(writer->out, "event: error\ndata: ");
    buf_add_span(writer->out, envelope);
    buf_add_string(writer->out, "\n\n");
}

const struct client_language anthropic_client = {
    .name = "anthropic",
    .family = FAMILY_ANTHROPIC,
    .stream_type = "text/event-stream; charset=utf-8",
    .usage_member = "usage",
    .end_mark = "\"message_delta\"",
    .read_count_ask = anthropic_read_count_ask,
    .read_ask = anthropic_read_ask,
    .write = anthropic_write_answer,
    .write_ping = anthropic_write_ping,
    .follow = anthropic_follow,
    .resume = anthropic_resume,
    .write_error = write_error,
};
