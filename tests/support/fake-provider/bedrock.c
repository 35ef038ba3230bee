/*
 * bedrock: Amazon Bedrock's Converse and ConverseStream.
 *
 * Follows https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html and
 * API_runtime_ConverseStream.html; the framing is Smithy's event stream
 * (https://smithy.io/2.0/aws/amazon-eventstream.html): sizes, CRC-32 of them, headers, payload,
 * CRC-32 of it all; numbers are big-endian.
 */
#include <stdio.h>

#include "anthropic.h"
#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "usage.h"

#define HEADER_TEXT 7 /* a header's type: a text */

static void put_uint32(uint32_t value, struct buf *out)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                             (uint8_t)value};

    buf_add(out, bytes, sizeof(bytes));
}

static void put_header(const char *name, const char *value, struct buf *out)
{
    buf_add_byte(out, (char)strlen(name));
    buf_add_string(out, name);
    buf_add_byte(out, HEADER_TEXT);
    buf_add_byte(out, (char)(strlen(value) >> 8));
    buf_add_byte(out, (char)strlen(value));
    buf_add_string(out, value);
}

/* Sends the scratch as one frame. `kind`: "event" or "exception". */
static void put_frame(struct telling *telling, const char *kind, const char *type, struct buf *out)
{
    struct span payload = telling_payload(telling);
    struct buf headers = buf_make(512);
    char name[32];
    size_t at = out->size, size;
    /* A flood announces what follows, in the one frame that holds it. */
    size_t more = payload.size > 0 && memmem(payload.at, payload.size, "[[flood]]", 9) != NULL
                      ? (size_t)telling->announced_bytes
                      : 0;

    snprintf(name, sizeof(name), ":%s-type", kind);
    put_header(name, type, &headers);
    put_header(":content-type", "application/json", &headers);
    put_header(":message-type", kind, &headers);
    size = 12 + headers.size + payload.size + 4 + more;
    put_uint32((uint32_t)size, out);
    put_uint32((uint32_t)headers.size, out);
    put_uint32(digest_crc32(0, out->at + at, 8), out);
    buf_add_span(out, buf_span(&headers));
    buf_add_span(out, payload);
    put_uint32(digest_crc32(0, out->at + at, out->size - at), out);
    telling->events++;
    buf_done(&headers);
}

/* Ends an event with padding, as Bedrock does against its size being told. */
static void put_event(struct telling *telling, const char *type, struct buf *out)
{
    static const char padding[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    buf_printf(&telling->scratch, ",\"p\":\"%.*s\"}", (int)(telling->events * 7 % 50) + 1, padding);
    put_frame(telling, "event", type, out);
}

static void put_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    const struct script *script = telling->script;
    int64_t fresh = usage_fresh_input(script), output = usage_output(telling, usage);
    int64_t written = script->written_tokens + script->written_1h_tokens;
    const struct usage_row rows[] = {
        {"inputTokens", COUNT_INPUT, fresh},
        {"outputTokens", COUNT_OUTPUT, output},
        {"totalTokens", COUNT_TOTAL, fresh + script->cached_tokens + written + output},
        {"cacheReadInputTokens", COUNT_PART, script->cached_tokens},
        {"cacheWriteInputTokens", COUNT_PART, written},
    };

    if (!usage_open(out, telling->fault, "usage"))
        return;
    usage_write(out, telling->fault, rows, array_size(rows));
    if (written > 0)
        buf_printf(out,
                   ",\"cacheDetails\":[{\"inputTokens\":%lld,\"ttl\":\"5m\"},"
                   "{\"inputTokens\":%lld,\"ttl\":\"1h\"}]",
                   (long long)script->written_tokens, (long long)script->written_1h_tokens);
    buf_add_byte(out, '}');
}

static void put_call_head(const struct telling *telling, size_t call, struct buf *out)
{
    buf_printf(out, "{\"toolUse\":{\"toolUseId\":\"tooluse_%016llx%zx\",\"name\":",
               (unsigned long long)telling->id, call);
    json_quote(out, script_text(telling->script, telling->script->calls[call].name));
}

static void put_blocks(struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;
    struct span thinking = script_text(script, script->choices[0].thinking);
    const char *comma = "";

    if (thinking.size > 0) {
        buf_add_string(out, "{\"reasoningContent\":{\"reasoningText\":{\"text\":");
        json_quote(out, thinking);
        buf_add_string(out, ",\"signature\":\"");
        anthropic_signature(thinking, out);
        buf_add_string(out, "\"}}}");
        comma = ",";
    }
    if (script->choices[0].content.size > 0) {
        buf_printf(out, "%s{\"text\":", comma);
        json_quote(out, script_text(script, script->choices[0].content));
        buf_add_byte(out, '}');
    }
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i > 0 ? "," : comma);
        put_call_head(telling, i, out);
        buf_add_string(out, ",\"input\":");
        buf_add_span(out, script_text(script, script->calls[i].arguments));
        buf_add_string(out, "}}");
    }
}

static void write_whole(struct telling *telling, struct buf *out)
{
    const char *finish = telling_finish(telling, 0);

    buf_add_string(
        out, "{\"metrics\":{\"latencyMs\":268},\"output\":{\"message\":{\"role\":\"assistant\","
             "\"content\":[");
    put_blocks(telling, out);
    buf_add_string(out, "]}}");
    if (finish != NULL)
        buf_printf(out, ",\"stopReason\":\"%s\"", finish);
    put_usage(telling, USAGE_RIGHT, out);
    buf_add_byte(out, '}');
}

static void say_delta(struct telling *telling, const struct said *said, struct buf *out)
{
    static const char *const begins[] = {
        [PART_THINKING] = "{\"reasoningContent\":{\"text\":",
        [PART_CONTENT] = "{\"text\":",
        [PART_CALLS] = "{\"toolUse\":{\"input\":",
    };
    struct buf *event = telling_event(telling);

    buf_printf(event, "{\"contentBlockIndex\":%zu,\"delta\":%s", said->block, begins[said->part]);
    json_quote(event, said->text);
    buf_add_string(event, said->part == PART_CONTENT ? "}" : "}}");
    put_event(telling, "contentBlockDelta", out);
}

static void say_open(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event;

    if (said->part != PART_CALLS)
        return; /* Texts begin with their first delta. */
    event = telling_event(telling);
    buf_printf(event, "{\"contentBlockIndex\":%zu,\"start\":", said->block);
    put_call_head(telling, said->call, event);
    buf_add_string(event, "}}");
    put_event(telling, "contentBlockStart", out);
}

static void say_close(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event;

    if (said->part == PART_THINKING) {
        event = telling_event(telling);
        buf_printf(event,
                   "{\"contentBlockIndex\":%zu,\"delta\":{\"reasoningContent\":{\"signature\":\"",
                   said->block);
        anthropic_signature(said->text, event);
        buf_add_string(event, "\"}}");
        put_event(telling, "contentBlockDelta", out);
    }
    buf_printf(telling_event(telling), "{\"contentBlockIndex\":%zu", said->block);
    put_event(telling, "contentBlockStop", out);
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_BEGIN:
        buf_add_string(telling_event(telling), "{\"role\":\"assistant\"");
        put_event(telling, "messageStart", out);
        break;
    case SAY_OPEN:
        say_open(telling, said, out);
        break;
    case SAY_TEXT:
        say_delta(telling, said, out);
        break;
    case SAY_CLOSE:
        say_close(telling, said, out);
        break;
    case SAY_FINISH:
        buf_printf(telling_event(telling), "{\"stopReason\":\"%s\"", said->finish);
        put_event(telling, "messageStop", out);
        break;
    case SAY_USAGE:
        buf_add_string(telling_event(telling), "{\"metrics\":{\"latencyMs\":268}");
        put_usage(telling, said->usage, &telling->scratch);
        put_event(telling, "metadata", out);
        break;
    case SAY_END: /* The metadata is the last event, and what marks the end. */
        break;
    case SAY_UNKNOWN:
        buf_add_string(telling_event(telling), "{\"sky\":\"blue\"");
        put_event(telling, "sandboxWeather", out);
        break;
    }
}

/* In the answer's head with a capital, in a stream with a small letter. */
static const char *error_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {
        {401, "UnrecognizedClientException"}, {403, "AccessDeniedException"},
        {404, "ResourceNotFoundException"},   {408, "ModelTimeoutException"},
        {424, "ModelErrorException"},         {429, "ThrottlingException"},
        {503, "ServiceUnavailableException"}, {529, "ServiceUnavailableException"},
    };

    for (size_t i = 0; i < array_size(types); i++)
        if (types[i].status == status)
            return types[i].type;
    return status >= 500 ? "InternalServerException" : "ValidationException";
}

static void write_error(const struct error_told *error, struct buf *out)
{
    buf_add_string(out, "{\"message\":");
    json_quote(out, span_of(error->message));
    buf_add_byte(out, '}');
}

static void write_error_head(const struct error_told *error, struct buf *out)
{
    buf_printf(out, "x-amzn-errortype: %s:http://internal.amazon.com/coral/com.amazon.bedrock/\r\n",
               error_type(error->status));
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    char type[64];

    snprintf(type, sizeof(type), "%s", error_type(error->status));
    type[0] = (char)(type[0] | 0x20);
    write_error(error, telling_event(telling));
    put_frame(telling, "exception", type, out);
}

const struct dialect bedrock_dialect = {
    .name = "bedrock",
    .words = {.turns = "messages",
              .content = "content",
              .system = "system",
              .caps = {"inferenceConfig.maxTokens"},
              .stops = "inferenceConfig.stopSequences",
              .tools = "toolConfig.tools",
              .tool = "toolSpec",
              .parameters = {"inputSchema.json"},
              .choice_is_any = "toolConfig.toolChoice.any",
              .choice_name = "toolConfig.toolChoice.tool.name",
              .thinking = "additionalModelRequestFields.thinking.type",
              .thinking_words = {"enabled", "adaptive"},
              .json = "outputConfig.textFormat.type",
              .json_word = "json_schema"},
    .finish = {"end_turn", "max_tokens", "tool_use", "content_filtered", "stop_sequence"},
    .stream_type = "application/vnd.amazon.eventstream",
    .request_id_header = "x-amzn-requestid",
    .usage_apart = true,
    .late_usage_counts = true,
    .binary = true,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = write_error,
    .write_error_head = write_error_head,
};
