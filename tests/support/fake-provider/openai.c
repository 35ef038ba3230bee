/*
 * openai: OpenAI's chat completions and its older completions, whole and streamed.
 *
 * Follows https://platform.openai.com/docs/api-reference/chat and …/completions.
 */
#include "openai.h"

#include <stdio.h>

#include "common/base/json_writer.h"
#include "usage.h"

#define FINGERPRINT "fp_7011fa4e00"

static void put_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    const struct script *script = telling->script;
    int64_t output = usage_output(telling, usage);
    const struct usage_row rows[] = {
        {"prompt_tokens", COUNT_INPUT, script->input_tokens},
        {"completion_tokens", COUNT_OUTPUT, output},
        {"total_tokens", COUNT_TOTAL, script->input_tokens + output},
    };
    const struct usage_row input_rows[] = {
        {"cached_tokens", COUNT_PART, script->cached_tokens},
        {"audio_tokens", COUNT_PART, 0},
    };
    const struct usage_row output_rows[] = {
        {"reasoning_tokens", COUNT_PART, usage_reasoning(telling, usage)},
        {"audio_tokens", COUNT_PART, 0},
        {"accepted_prediction_tokens", COUNT_PART, 0},
        {"rejected_prediction_tokens", COUNT_PART, 0},
    };

    if (!usage_open(out, telling->fault, "usage"))
        return;
    usage_write(out, telling->fault, rows, array_size(rows));
    buf_add_string(out, ",\"prompt_tokens_details\":{");
    usage_write(out, telling->fault, input_rows, array_size(input_rows));
    buf_add_string(out, "},\"completion_tokens_details\":{");
    usage_write(out, telling->fault, output_rows, array_size(output_rows));
    buf_add_string(out, "}}");
}

static void put_finish(const char *finish, struct buf *out)
{
    buf_add_string(out, ",\"logprobs\":null,\"finish_reason\":");
    if (finish == NULL)
        buf_add_string(out, "null");
    else
        json_quote(out, span_of(finish));
}

static void put_call_id(const struct telling *telling, size_t choice, size_t call, struct buf *out)
{
    buf_printf(out, "\"id\":\"call_%016llx%02zx%zx\",\"type\":\"function\"",
               (unsigned long long)telling->id, choice, call);
}

/* ---- chat ---- */

static void begin(const struct telling *telling, const char *object, struct buf *out)
{
    buf_printf(out, "{\"id\":\"chatcmpl-%016llx\",\"object\":\"%s\",\"created\":%lld,\"model\":",
               (unsigned long long)telling->id, object, (long long)telling->created_s);
    json_quote(out, telling->model);
    buf_add_string(out, ",\"service_tier\":\"default\",\"system_fingerprint\":\"" FINGERPRINT
                        "\",\"choices\":[");
}

static void put_calls(const struct telling *telling, size_t choice, struct buf *out)
{
    const struct script *script = telling->script;

    buf_add_string(out, ",\"tool_calls\":[");
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i == 0 ? "{" : ",{");
        put_call_id(telling, choice, i, out);
        buf_add_string(out, ",\"function\":{\"name\":");
        json_quote(out, script_text(script, script->calls[i].name));
        buf_add_string(out, ",\"arguments\":");
        json_quote(out, script_text(script, script->calls[i].arguments));
        buf_add_string(out, "}}");
    }
    buf_add_byte(out, ']');
}

static void put_choice(const struct telling *telling, size_t index, struct buf *out)
{
    const struct script *script = telling->script;
    const struct script_choice *choice = &script->choices[index];

    buf_printf(out, "%s{\"index\":%zu,\"message\":{\"role\":\"assistant\",\"content\":",
               index == 0 ? "" : ",", index);
    if (script->call_count > 0)
        buf_add_string(out, "null");
    else
        json_quote(out, script_text(script, choice->content));
    if (choice->thinking.size > 0) {
        buf_add_string(out, ",\"reasoning_content\":");
        json_quote(out, script_text(script, choice->thinking));
    }
    if (script->call_count > 0)
        put_calls(telling, index, out);
    buf_add_string(out, ",\"refusal\":null,\"annotations\":[]}");
    put_finish(telling_finish(telling, index), out);
    buf_add_byte(out, '}');
}

static void write_whole(struct telling *telling, struct buf *out)
{
    begin(telling, "chat.completion", out);
    for (size_t i = 0; i < telling->script->choice_count; i++)
        put_choice(telling, i, out);
    buf_add_byte(out, ']');
    put_usage(telling, USAGE_RIGHT, out);
    buf_add_string(out, "}\n");
}

/* A piece of text or a part of a call, as a member of the delta. */
static void put_delta(const struct telling *telling, const struct said *said, struct buf *out)
{
    const struct script *script = telling->script;

    if (said->kind == SAY_BEGIN) {
        buf_printf(out, "\"role\":\"assistant\",\"content\":%s,\"refusal\":null",
                   script->call_count > 0 ? "null" : "\"\"");
    } else if (said->kind == SAY_OPEN) {
        buf_printf(out, "\"tool_calls\":[{\"index\":%zu,", said->call);
        put_call_id(telling, said->choice, said->call, out);
        buf_add_string(out, ",\"function\":{\"name\":");
        json_quote(out, script_text(script, script->calls[said->call].name));
        buf_add_string(out, ",\"arguments\":\"\"}}]");
    } else if (said->kind == SAY_TEXT && said->part == PART_CALLS) {
        buf_printf(out, "\"tool_calls\":[{\"index\":%zu,\"function\":{\"arguments\":", said->call);
        json_quote(out, said->text);
        buf_add_string(out, "}}]");
    } else if (said->kind == SAY_TEXT) {
        buf_printf(out, "\"%s\":", said->part == PART_THINKING ? "reasoning_content" : "content");
        json_quote(out, said->text);
    }
}

static void say_choice(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    begin(telling, "chat.completion.chunk", event);
    buf_printf(event, "{\"index\":%zu,\"delta\":{", said->choice);
    put_delta(telling, said, event);
    buf_add_byte(event, '}');
    put_finish(said->kind == SAY_FINISH ? said->finish : NULL, event);
    buf_add_string(event, "}]");
    if (telling->include_usage && telling->fault != FAULT_USAGE_NONE)
        buf_add_string(event, ",\"usage\":null");
    buf_add_byte(event, '}');
    telling_sse(telling, NULL, out);
}

static void say_usage(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    begin(telling, "chat.completion.chunk", event);
    buf_add_byte(event, ']');
    put_usage(telling, said->usage, event);
    buf_add_byte(event, '}');
    telling_sse(telling, NULL, out);
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_OPEN:
        if (said->part == PART_CALLS)
            say_choice(telling, said, out);
        break;
    case SAY_BEGIN:
    case SAY_TEXT:
    case SAY_FINISH:
        say_choice(telling, said, out);
        break;
    case SAY_CLOSE:
        break;
    case SAY_USAGE:
        say_usage(telling, said, out);
        break;
    case SAY_END:
        buf_add_string(out, "data: [DONE]\n\n");
        break;
    case SAY_UNKNOWN:
        buf_add_string(
            out, "event: sandbox.weather\n"
                 "data: {\"object\":\"sandbox.weather\",\"choices\":[],\"sky\":\"blue\"}\n\n");
        break;
    }
}

/* ---- completions ---- */

static void begin_completion(const struct telling *telling, struct buf *out)
{
    buf_printf(out,
               "{\"id\":\"cmpl-%016llx\",\"object\":\"text_completion\",\"created\":%lld,"
               "\"model\":",
               (unsigned long long)telling->id, (long long)telling->created_s);
    json_quote(out, telling->model);
    buf_add_string(out, ",\"choices\":[");
}

static void put_completion(size_t index, struct span text, const char *finish, struct buf *out)
{
    buf_printf(out, "%s{\"index\":%zu,\"text\":", index == 0 ? "" : ",", index);
    json_quote(out, text);
    put_finish(finish, out);
    buf_add_byte(out, '}');
}

static void write_completions(struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;

    begin_completion(telling, out);
    for (size_t i = 0; i < script->choice_count; i++)
        put_completion(i, script_text(script, script->choices[i].content),
                       telling_finish(telling, i), out);
    buf_add_byte(out, ']');
    put_usage(telling, USAGE_RIGHT, out);
    buf_add_string(out, "}\n");
}

static void say_completion(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);
    bool content = said->kind == SAY_TEXT && said->part == PART_CONTENT;

    if (said->kind == SAY_END || said->kind == SAY_UNKNOWN) {
        say(telling, said, out);
        return;
    }
    if (!content && said->kind != SAY_FINISH && said->kind != SAY_USAGE)
        return;
    begin_completion(telling, event);
    if (said->kind == SAY_USAGE) {
        buf_add_byte(event, ']');
        put_usage(telling, said->usage, event);
    } else {
        buf_printf(event, "{\"index\":%zu,\"text\":", said->choice);
        json_quote(event, said->text);
        put_finish(said->finish, event);
        buf_add_string(event, "}]");
    }
    buf_add_byte(event, '}');
    telling_sse(telling, NULL, out);
}

/* ---- errors ---- */

static void put_text_or_null(struct json_writer *w, const char *name, const char *text)
{
    json_name(w, name);
    if (text == NULL)
        json_write_null(w);
    else
        json_write_string(w, span_of(text));
}

void openai_write_error(const struct error_told *error, struct buf *out)
{
    struct json_writer w = json_writer_make(out);

    json_begin(&w, '{');
    json_name(&w, "error");
    json_begin(&w, '{');
    json_put_cstring(&w, "message", error->message);
    json_put_cstring(&w, "type", error->type);
    put_text_or_null(&w, "param", error->param);
    put_text_or_null(&w, "code", error->code);
    json_end(&w, '}');
    json_end(&w, '}');
    buf_add_byte(out, '\n');
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    struct buf *event = telling_event(telling);

    openai_write_error(error, event);
    event->size--; /* the line's end */
    telling_sse(telling, NULL, out);
}

#define FINISH_WORDS                                                                               \
    {                                                                                              \
        "stop", "length", "tool_calls", "content_filter", "stop"                                   \
    }

const struct dialect openai_dialect = {
    .name = "openai",
    .words = {.turns = "messages",
              .content = "content",
              .caps = {"max_tokens", "max_completion_tokens"},
              .stops = "stop",
              .choices = "n",
              .stream = "stream",
              .include_usage = "stream_options.include_usage",
              .tools = "tools",
              .tool = "function",
              .parameters = {"parameters"},
              .choice = "tool_choice",
              .choice_any = "required",
              .choice_none = "none",
              .choice_name = "tool_choice.function.name",
              .parallel = "parallel_tool_calls",
              .json = "response_format.type",
              .json_word = "json_object",
              .schemas = {"response_format.json_schema.schema"},
              .counts_as_gateway = true},
    .finish = FINISH_WORDS,
    .stream_type = "text/event-stream; charset=utf-8",
    .request_id_header = "x-request-id",
    .usage_apart = true,
    .tells_reasoning = true,
    .usage_when_asked = true,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = openai_write_error,
};

const struct dialect openai_completions_dialect = {
    .name = "openai",
    .words = {.turns = "prompt",
              .may_be_text = true,
              .caps = {"max_tokens"},
              .stops = "stop",
              .choices = "n",
              .stream = "stream",
              .include_usage = "stream_options.include_usage"},
    .finish = FINISH_WORDS,
    .stream_type = "text/event-stream; charset=utf-8",
    .request_id_header = "x-request-id",
    .usage_apart = true,
    .tells_reasoning = true,
    .usage_when_asked = true,
    .say = say_completion,
    .say_error = say_error,
    .write_whole = write_completions,
    .write_error = openai_write_error,
};
