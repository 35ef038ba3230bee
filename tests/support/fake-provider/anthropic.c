/*
 * anthropic: Anthropic's Messages, whole and streamed; on Vertex only the paths differ.
 *
 * Follows https://platform.claude.com/docs/en/api/messages, …/build-with-claude/streaming and
 * …/api/errors. A signature of thinking is made from its text, so that one that comes back in a
 * later turn can be held against it (anthropic_check).
 */
#include "anthropic.h"

#include <stdio.h>
#include <xxhash.h>

#include "answer.h"
#include "chat.h"
#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "usage.h"

void anthropic_signature(struct span thinking, struct buf *out)
{
    uint64_t seed = XXH3_64bits(thinking.at, thinking.size);

    buf_add_string(out, "EqEE");
    for (uint64_t i = 0; i < 6; i++) {
        char part[12];

        digest_base62(answer_mix(seed, i), part, 11);
        buf_add(out, part, 11);
    }
    buf_add_string(out, "QYAQ==");
}

static void put_usage(struct telling *telling, enum told_usage usage, bool at_start,
                      struct buf *out)
{
    const struct script *script = telling->script;
    const struct usage_row rows[] = {
        {"input_tokens", COUNT_INPUT, usage_fresh_input(script)},
        {"cache_creation_input_tokens", COUNT_PART,
         script->written_tokens + script->written_1h_tokens},
        {"cache_read_input_tokens", COUNT_PART, script->cached_tokens},
        {"output_tokens", COUNT_OUTPUT, at_start ? 1 : usage_output(telling, usage)},
    };
    const struct usage_row written[] = {
        {"ephemeral_5m_input_tokens", COUNT_PART, script->written_tokens},
        {"ephemeral_1h_input_tokens", COUNT_PART, script->written_1h_tokens},
    };

    if (usage == USAGE_LEFT_OUT || !usage_open(out, telling->fault, "usage"))
        return;
    usage_write(out, telling->fault, rows, array_size(rows));
    if (script->written_tokens + script->written_1h_tokens > 0 || at_start) {
        buf_add_string(out, ",\"cache_creation\":{");
        usage_write(out, telling->fault, written, array_size(written));
        buf_add_byte(out, '}');
    }
    if (at_start)
        buf_add_string(out, ",\"service_tier\":\"standard\",\"inference_geo\":\"not_available\"");
    buf_add_byte(out, '}');
}

static void begin(const struct telling *telling, struct buf *out)
{
    buf_printf(out,
               "{\"id\":\"msg_%016llx\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
               (unsigned long long)telling->id);
    json_quote(out, telling->model);
    buf_add_string(out, ",\"content\":[");
}

static void put_finish(const struct telling *telling, const char *finish, struct buf *out)
{
    const struct script_choice *choice = &telling->script->choices[0];
    bool stopped = finish != NULL && strcmp(finish, "stop_sequence") == 0 && choice->stop.size > 0;

    buf_add_string(out, "\"stop_reason\":");
    if (finish == NULL)
        buf_add_string(out, "null");
    else
        json_quote(out, span_of(finish));
    buf_add_string(out, ",\"stop_sequence\":");
    if (stopped)
        json_quote(out, script_text(telling->script, choice->stop));
    else
        buf_add_string(out, "null");
}

/* A block with its text, or as it begins, when it has none yet. */
static void put_block(const struct telling *telling, enum part part, size_t call, bool whole,
                      struct buf *out)
{
    const struct script *script = telling->script;
    struct span none = {0}, thinking = script_text(script, script->choices[0].thinking);
    struct span arguments = script_text(script, script->calls[call].arguments);

    if (part == PART_THINKING) {
        buf_add_string(out, "{\"type\":\"thinking\",\"thinking\":");
        json_quote(out, whole ? thinking : none);
        buf_add_string(out, ",\"signature\":\"");
        if (whole)
            anthropic_signature(thinking, out);
        buf_add_string(out, "\"}");
    } else if (part == PART_CONTENT) {
        buf_add_string(out, "{\"type\":\"text\",\"text\":");
        json_quote(out, whole ? script_text(script, script->choices[0].content) : none);
        buf_add_byte(out, '}');
    } else {
        buf_printf(out, "{\"type\":\"tool_use\",\"id\":\"toolu_%016llx%zx\",\"name\":",
                   (unsigned long long)telling->id, call);
        json_quote(out, script_text(script, script->calls[call].name));
        buf_add_string(out, ",\"input\":");
        buf_add_span(out, whole ? arguments : span_of("{}"));
        buf_add_byte(out, '}');
    }
}

static void write_whole(struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;
    const struct script_choice *choice = &script->choices[0];
    const char *comma = "";

    begin(telling, out);
    if (choice->thinking.size > 0) {
        put_block(telling, PART_THINKING, 0, true, out);
        comma = ",";
    }
    if (choice->content.size > 0) {
        buf_add_string(out, comma);
        put_block(telling, PART_CONTENT, 0, true, out);
    }
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i > 0 ? "," : comma);
        put_block(telling, PART_CALLS, i, true, out);
    }
    buf_add_string(out, "],");
    put_finish(telling, telling_finish(telling, 0), out);
    put_usage(telling, USAGE_RIGHT, false, out);
    buf_add_string(out, "}\n");
}

static void say_begin(struct telling *telling, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_string(event, "{\"type\":\"message_start\",\"message\":");
    begin(telling, event);
    buf_add_string(event, "],\"stop_reason\":null,\"stop_sequence\":null");
    put_usage(telling, USAGE_RIGHT, true, event);
    buf_add_string(event, "}}");
    telling_sse(telling, "message_start", out);
}

static void say_open(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_printf(event,
               "{\"type\":\"content_block_start\",\"index\":%zu,\"content_block\":", said->block);
    put_block(telling, said->part, said->call, false, event);
    buf_add_byte(event, '}');
    telling_sse(telling, "content_block_start", out);
    if (said->block > 0)
        return;
    buf_add_string(telling_event(telling), "{\"type\": \"ping\"}");
    telling_sse(telling, "ping", out);
}

static void say_delta(struct telling *telling, const struct said *said, struct buf *out)
{
    static const char *const kinds[][2] = {
        [PART_THINKING] = {"thinking_delta", "thinking"},
        [PART_CONTENT] = {"text_delta", "text"},
        [PART_CALLS] = {"input_json_delta", "partial_json"},
    };
    struct buf *event = telling_event(telling);

    buf_printf(event,
               "{\"type\":\"content_block_delta\",\"index\":%zu,\"delta\":{\"type\":\"%s\","
               "\"%s\":",
               said->block, kinds[said->part][0], kinds[said->part][1]);
    json_quote(event, said->text);
    /* Blanks behind an event are padding against its length being told; they come as they like. */
    buf_printf(event, "}%.*s}", (int)(telling->events % 9), "        ");
    telling_sse(telling, "content_block_delta", out);
}

static void say_close(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event;

    if (said->part == PART_THINKING) {
        event = telling_event(telling);
        buf_printf(event,
                   "{\"type\":\"content_block_delta\",\"index\":%zu,\"delta\":"
                   "{\"type\":\"signature_delta\",\"signature\":\"",
                   said->block);
        anthropic_signature(said->text, event);
        buf_add_string(event, "\"}}");
        telling_sse(telling, "content_block_delta", out);
    }
    buf_printf(telling_event(telling), "{\"type\":\"content_block_stop\",\"index\":%zu}",
               said->block);
    telling_sse(telling, "content_block_stop", out);
}

static void say_finish(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_string(event, "{\"type\":\"message_delta\",\"delta\":{");
    put_finish(telling, said->finish, event);
    buf_add_byte(event, '}');
    put_usage(telling, said->usage, false, event);
    buf_add_byte(event, '}');
    telling_sse(telling, "message_delta", out);
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_BEGIN:
        say_begin(telling, out);
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
    case SAY_USAGE:
        say_finish(telling, said, out);
        break;
    case SAY_END:
        buf_add_string(telling_event(telling), "{\"type\":\"message_stop\"}");
        telling_sse(telling, "message_stop", out);
        break;
    case SAY_UNKNOWN:
        buf_add_string(telling_event(telling), "{\"type\":\"sandbox_weather\",\"sky\":\"blue\"}");
        telling_sse(telling, "sandbox_weather", out);
        break;
    }
}

static const char *error_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {
        {401, "authentication_error"}, {402, "billing_error"},     {403, "permission_error"},
        {404, "not_found_error"},      {413, "request_too_large"}, {429, "rate_limit_error"},
        {503, "overloaded_error"},     {504, "timeout_error"},     {529, "overloaded_error"},
    };

    for (size_t i = 0; i < array_size(types); i++)
        if (types[i].status == status)
            return types[i].type;
    return status >= 500 ? "api_error" : "invalid_request_error";
}

static void write_error(const struct error_told *error, struct buf *out)
{
    const char *type = error_type(error->status);

    buf_printf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", type);
    if (strcmp(type, "overloaded_error") == 0)
        buf_add_string(out, "\"Overloaded\"");
    else
        json_quote(out, span_of(error->message));
    buf_printf(out, "},\"request_id\":\"req_%016llx\"}", (unsigned long long)error->id);
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    write_error(error, telling_event(telling));
    telling_sse(telling, "error", out);
}

/* Thinking that comes back must be what was said: Anthropic refuses a changed one. */
static bool is_signed(const struct json_doc *doc, struct arena *arena, uint32_t block)
{
    struct span thinking, signature;
    struct buf right = buf_make(256);
    bool is_right;

    if (json_string(doc, json_find(doc, block, "thinking"), arena, &thinking) != 0 ||
        json_string(doc, json_find(doc, block, "signature"), arena, &signature) != 0)
        return false;
    anthropic_signature(thinking, &right);
    is_right = span_equal(buf_span(&right), signature);
    buf_done(&right);
    return is_right;
}

static bool is_thinking_right(const struct json_doc *doc, struct arena *arena)
{
    for (uint32_t node = 0; node < doc->count; node++)
        if (json_kind(doc, node) == JSON_OBJECT &&
            json_string_is(doc, ask_find(doc, node, "type"), "thinking") &&
            !is_signed(doc, arena, node))
            return false;
    return true;
}

struct call *anthropic_messages(struct provider *provider, struct arrival *arrival)
{
    uint32_t turns = ask_find(&provider->doc, 0, "messages");
    bool vertex = span_ends(arrival->request->path, "awPredict");

    if (!vertex && http_header(arrival->request, "anthropic-version").size == 0)
        return chat_error(arrival, 400, "anthropic-version: header is required", NULL);
    if (vertex && ask_find(&provider->doc, 0, "anthropic_version") == JSON_NONE)
        return chat_error(arrival, 400, "anthropic_version: Field required", NULL);
    if (turns != JSON_NONE && !is_thinking_right(&provider->doc, provider->arena))
        return chat_error(arrival, 400, "messages: Invalid `signature` in `thinking` block", NULL);
    return chat_call(provider, arrival);
}

struct call *anthropic_count_tokens(struct provider *provider, struct arrival *arrival)
{
    struct count input = provider->zero;
    struct buf body = buf_make(256);

    ask_count(&anthropic_dialect.words, &provider->doc, provider->arena, &input);
    buf_printf(&body, "{\"input_tokens\":%lld}\n", (long long)count_tokens(&input));
    return chat_reply(arrival, "application/json", body);
}

const struct dialect anthropic_dialect = {
    .name = "anthropic",
    .words = {.turns = "messages",
              .content = "content",
              .system = "system",
              .caps = {"max_tokens"},
              .needs_cap = true,
              .stops = "stop_sequences",
              .stream = "stream",
              .tools = "tools",
              .parameters = {"input_schema"},
              .choice = "tool_choice.type",
              .choice_any = "any",
              .choice_none = "none",
              .choice_name = "tool_choice.name",
              .serial = "tool_choice.disable_parallel_tool_use",
              .thinking = "thinking.type",
              .thinking_words = {"enabled", "adaptive"},
              .schemas = {"output_config.format.schema", "output_format.schema"}},
    .finish = {"end_turn", "max_tokens", "tool_use", "refusal", "stop_sequence"},
    .stream_type = "text/event-stream; charset=utf-8",
    .request_id_header = "request-id",
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = write_error,
};
