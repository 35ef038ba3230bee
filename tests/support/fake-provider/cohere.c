/*
 * cohere: Cohere's /v2/chat, whole and streamed.
 *
 * Follows https://docs.cohere.com/reference/chat and …/chat-stream. What is billed is told beside
 * what was used, which is more by what Cohere adds to a prompt.
 */
#include <stdio.h>

#include "common/base/json_writer.h"
#include "usage.h"

#define PREAMBLE_TOKENS 480

static void put_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    const struct script *script = telling->script;
    int64_t output = usage_output(telling, usage);
    const struct usage_row billed[] = {
        {"input_tokens", COUNT_INPUT, script->input_tokens},
        {"output_tokens", COUNT_OUTPUT, output},
    };
    const struct usage_row tokens[] = {
        {"input_tokens", COUNT_INPUT, script->input_tokens + PREAMBLE_TOKENS},
        {"output_tokens", COUNT_OUTPUT, output + 3},
    };
    const struct usage_row cached[] = {{"cached_tokens", COUNT_PART, script->cached_tokens}};

    if (usage == USAGE_LEFT_OUT || !usage_open(out, telling->fault, "usage"))
        return;
    buf_add_string(out, "\"billed_units\":{");
    usage_write(out, telling->fault, billed, array_size(billed));
    buf_add_string(out, "},\"tokens\":{");
    usage_write(out, telling->fault, tokens, array_size(tokens));
    buf_add_string(out, "},");
    usage_write(out, telling->fault, cached, array_size(cached));
    buf_add_byte(out, '}');
}

static void put_call(const struct telling *telling, size_t call, struct span arguments,
                     struct buf *out)
{
    struct span name = script_text(telling->script, telling->script->calls[call].name);

    buf_add_string(out, "{\"id\":\"");
    buf_printf(out, "call_%016llx%zx\",\"type\":\"function\",\"function\":{\"name\":",
               (unsigned long long)telling->id, call);
    json_quote(out, name);
    buf_add_string(out, ",\"arguments\":");
    json_quote(out, arguments);
    buf_add_string(out, "}}");
}

static void put_blocks(const struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;
    const struct script_choice *choice = &script->choices[0];

    if (choice->thinking.size + choice->content.size == 0)
        return;
    buf_add_string(out, ",\"content\":[");
    if (choice->thinking.size > 0) {
        buf_add_string(out, "{\"type\":\"thinking\",\"thinking\":");
        json_quote(out, script_text(script, choice->thinking));
        buf_add_string(out, choice->content.size > 0 ? "}," : "}");
    }
    if (choice->content.size > 0) {
        buf_add_string(out, "{\"type\":\"text\",\"text\":");
        json_quote(out, script_text(script, choice->content));
        buf_add_byte(out, '}');
    }
    buf_add_byte(out, ']');
}

static void put_id(const struct telling *telling, struct buf *out)
{
    buf_printf(out, "\"id\":\"%08llx-0000-4000-8000-%012llx\"",
               (unsigned long long)(telling->id >> 32),
               (unsigned long long)(telling->id & UINT64_C(0xffffffffffff)));
}

static void write_whole(struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;
    const char *finish = telling_finish(telling, 0);

    buf_add_byte(out, '{');
    put_id(telling, out);
    if (finish != NULL)
        buf_printf(out, ",\"finish_reason\":\"%s\"", finish);
    buf_add_string(out, ",\"message\":{\"role\":\"assistant\"");
    put_blocks(telling, out);
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i == 0 ? ",\"tool_calls\":[" : ",");
        put_call(telling, i, script_text(script, script->calls[i].arguments), out);
    }
    buf_add_string(out, script->call_count > 0 ? "]}" : "}");
    put_usage(telling, USAGE_RIGHT, out);
    buf_add_byte(out, '}');
}

static void say_block(struct telling *telling, const struct said *said, struct buf *out)
{
    const char *member = said->part == PART_THINKING ? "thinking" : "text";
    struct buf *event = telling_event(telling);

    if (said->kind == SAY_CLOSE) {
        buf_printf(event, "{\"type\":\"content-end\",\"index\":%zu}", said->block);
        telling_sse(telling, "content-end", out);
    } else if (said->kind == SAY_OPEN) {
        buf_printf(event,
                   "{\"type\":\"content-start\",\"index\":%zu,\"delta\":{\"message\":{\"content\":"
                   "{\"type\":\"%s\",\"%s\":\"\"}}}}",
                   said->block, member, member);
        telling_sse(telling, "content-start", out);
    } else {
        buf_printf(event,
                   "{\"type\":\"content-delta\",\"index\":%zu,\"delta\":{\"message\":{\"content\":"
                   "{\"%s\":",
                   said->block, member);
        json_quote(event, said->text);
        buf_add_string(event, "}}}}");
        telling_sse(telling, "content-delta", out);
    }
}

static void say_call(struct telling *telling, const struct said *said, struct buf *out)
{
    static const char *const names[] = {[SAY_OPEN] = "tool-call-start",
                                        [SAY_TEXT] = "tool-call-delta",
                                        [SAY_CLOSE] = "tool-call-end"};
    struct buf *event = telling_event(telling);

    buf_printf(event, "{\"type\":\"%s\",\"index\":%zu", names[said->kind], said->call);
    if (said->kind == SAY_OPEN) {
        buf_add_string(event, ",\"delta\":{\"message\":{\"tool_calls\":");
        put_call(telling, said->call, said->text, event);
        buf_add_string(event, "}}");
    } else if (said->kind == SAY_TEXT) {
        buf_add_string(event,
                       ",\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":");
        json_quote(event, said->text);
        buf_add_string(event, "}}}}");
    }
    buf_add_byte(event, '}');
    telling_sse(telling, names[said->kind], out);
}

static void say_begin(struct telling *telling, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_byte(event, '{');
    put_id(telling, event);
    buf_add_string(event,
                   ",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\","
                   "\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}");
    telling_sse(telling, "message-start", out);
}

static void say_finish(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_string(event, "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":");
    if (said->finish == NULL)
        buf_add_string(event, "null");
    else
        json_quote(event, span_of(said->finish));
    put_usage(telling, said->usage, event);
    buf_add_string(event, "}}");
    telling_sse(telling, "message-end", out);
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_BEGIN:
        say_begin(telling, out);
        break;
    case SAY_OPEN:
    case SAY_TEXT:
    case SAY_CLOSE:
        if (said->part == PART_CALLS)
            say_call(telling, said, out);
        else
            say_block(telling, said, out);
        break;
    case SAY_FINISH:
    case SAY_USAGE:
        say_finish(telling, said, out);
        break;
    case SAY_END: /* message-end is the end. */
        break;
    case SAY_UNKNOWN:
        buf_add_string(telling_event(telling), "{\"type\":\"sandbox-weather\",\"sky\":\"blue\"}");
        telling_sse(telling, "sandbox-weather", out);
        break;
    }
}

static void write_error(const struct error_told *error, struct buf *out)
{
    buf_printf(out, "{\"id\":\"%016llx\",\"message\":", (unsigned long long)error->id);
    json_quote(out, span_of(error->message));
    buf_add_byte(out, '}');
}

/* A stream that fails ends like one that does not, with another reason. */
static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_printf(event, "{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"%s\",\"error\":",
               error->status == 504 ? "TIMEOUT" : "ERROR");
    json_quote(event, span_of(error->message));
    buf_add_string(event, "}}");
    telling_sse(telling, "message-end", out);
}

const struct dialect cohere_dialect = {
    .name = "cohere",
    .words = {.turns = "messages",
              .content = "content",
              .caps = {"max_tokens"},
              .stops = "stop_sequences",
              .stream = "stream",
              .tools = "tools",
              .tool = "function",
              .parameters = {"parameters"},
              .choice = "tool_choice",
              .choice_any = "REQUIRED",
              .choice_none = "NONE",
              .thinking = "thinking.type",
              .thinking_words = {"enabled"},
              .json = "response_format.type",
              .json_word = "json_object",
              .schemas = {"response_format.json_schema", "response_format.schema"}},
    .finish = {"COMPLETE", "MAX_TOKENS", "TOOL_CALL", "ERROR_TOXIC", "STOP_SEQUENCE"},
    .stream_type = "text/event-stream",
    .request_id_header = "x-debug-trace-id",
    .bills_all_input = true,
    .finish_is_end = true,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = write_error,
};
