/*
 * responses: OpenAI's Responses, whole and streamed.
 *
 * Follows https://platform.openai.com/docs/api-reference/responses and …/responses-streaming.
 */
#include "responses.h"

#include <stdio.h>

#include "anthropic.h"
#include "common/base/json_writer.h"
#include "openai.h"
#include "usage.h"

#define COMPLETED "completed"

static void put_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    const struct script *script = telling->script;
    int64_t output = usage_output(telling, usage);
    const struct usage_row rows[] = {
        {"input_tokens", COUNT_INPUT, script->input_tokens},
        {"output_tokens", COUNT_OUTPUT, output},
        {"total_tokens", COUNT_TOTAL, script->input_tokens + output},
    };
    const struct usage_row cached[] = {{"cached_tokens", COUNT_PART, script->cached_tokens}};
    const struct usage_row reasoning[] = {
        {"reasoning_tokens", COUNT_PART, usage_reasoning(telling, usage)}};

    if (usage == USAGE_LEFT_OUT) {
        buf_add_string(out, ",\"usage\":null");
        return;
    }
    if (!usage_open(out, telling->fault, "usage"))
        return;
    usage_write(out, telling->fault, rows, array_size(rows));
    buf_add_string(out, ",\"input_tokens_details\":{");
    usage_write(out, telling->fault, cached, array_size(cached));
    buf_add_string(out, "},\"output_tokens_details\":{");
    usage_write(out, telling->fault, reasoning, array_size(reasoning));
    buf_add_string(out, "}}");
}

/* ---- items of the output ---- */

/* Whose id it is: the begin of it says which kind. */
static void put_item_id(const struct telling *telling, enum part part, size_t call, struct buf *out)
{
    static const char *const kinds[] = {
        [PART_THINKING] = "rs", [PART_CONTENT] = "msg", [PART_CALLS] = "fc"};

    buf_printf(out, "\"%s_%016llx%zx\"", kinds[part], (unsigned long long)telling->id, call);
}

static void put_text_part(const char *type, struct span text, struct buf *out)
{
    buf_printf(out, "{\"type\":\"%s\",\"text\":", type);
    json_quote(out, text);
    if (strcmp(type, "output_text") == 0)
        buf_add_string(out, ",\"annotations\":[],\"logprobs\":[]");
    buf_add_byte(out, '}');
}

static void put_message(const struct telling *telling, bool whole, struct buf *out)
{
    const struct script *script = telling->script;

    buf_printf(out, ",\"type\":\"message\",\"status\":\"%s\",\"role\":\"assistant\",\"content\":[",
               whole ? COMPLETED : "in_progress");
    if (whole)
        put_text_part("output_text", script_text(script, script->choices[0].content), out);
    buf_add_byte(out, ']');
}

static void put_reasoning(const struct telling *telling, bool whole, struct buf *out)
{
    const struct script *script = telling->script;
    struct span thinking = script_text(script, script->choices[0].thinking);

    buf_add_string(out, ",\"type\":\"reasoning\",\"summary\":[");
    if (whole)
        put_text_part("summary_text", thinking, out);
    buf_add_string(out, "],\"encrypted_content\":\"");
    if (whole)
        anthropic_signature(thinking, out);
    buf_add_byte(out, '"');
}

static void put_function_call(const struct telling *telling, size_t call, bool whole,
                              struct buf *out)
{
    const struct script *script = telling->script;
    struct span none = {0};

    buf_printf(out,
               ",\"type\":\"function_call\",\"status\":\"%s\",\"call_id\":\"call_%016llx%zx\","
               "\"name\":",
               whole ? COMPLETED : "in_progress", (unsigned long long)telling->id, call);
    json_quote(out, script_text(script, script->calls[call].name));
    buf_add_string(out, ",\"arguments\":");
    json_quote(out, whole ? script_text(script, script->calls[call].arguments) : none);
}

static void put_item(const struct telling *telling, enum part part, size_t call, bool whole,
                     struct buf *out)
{
    buf_add_string(out, "{\"id\":");
    put_item_id(telling, part, call, out);
    if (part == PART_THINKING)
        put_reasoning(telling, whole, out);
    else if (part == PART_CONTENT)
        put_message(telling, whole, out);
    else
        put_function_call(telling, call, whole, out);
    buf_add_byte(out, '}');
}

static void put_output(const struct telling *telling, struct buf *out)
{
    const struct script *script = telling->script;
    const char *comma = "";

    if (script->choices[0].thinking.size > 0) {
        put_item(telling, PART_THINKING, 0, true, out);
        comma = ",";
    }
    if (script->choices[0].content.size > 0) {
        buf_add_string(out, comma);
        put_item(telling, PART_CONTENT, 0, true, out);
    }
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i > 0 ? "," : comma);
        put_item(telling, PART_CALLS, i, true, out);
    }
}

/* ---- the response itself ---- */

struct state {
    const char *status;
    const char *incomplete; /* why, or NULL */
    bool output;
    enum told_usage usage;
    const struct error_told *error; /* or NULL */
};

static void put_response(struct telling *telling, const struct state *state, struct buf *out)
{
    buf_printf(out, "{\"id\":\"resp_%016llx\",\"object\":\"response\",\"created_at\":%lld,",
               (unsigned long long)telling->id, (long long)telling->created_s);
    if (state->status == NULL)
        buf_add_string(out, "\"status\":null");
    else
        buf_printf(out, "\"status\":\"%s\"", state->status);
    buf_add_string(out, ",\"error\":");
    if (state->error == NULL) {
        buf_add_string(out, "null");
    } else {
        buf_printf(out, "{\"code\":\"%s\",\"message\":",
                   state->error->status == 429 ? "rate_limit_exceeded" : "server_error");
        json_quote(out, span_of(state->error->message));
        buf_add_byte(out, '}');
    }
    buf_add_string(out, ",\"incomplete_details\":");
    if (state->incomplete == NULL)
        buf_add_string(out, "null");
    else
        buf_printf(out, "{\"reason\":\"%s\"}", state->incomplete);
    buf_add_string(out, ",\"model\":");
    json_quote(out, telling->model);
    buf_add_string(out, ",\"output\":[");
    if (state->output)
        put_output(telling, out);
    buf_add_byte(out, ']');
    buf_add_span(out, telling->echo);
    put_usage(telling, state->usage, out);
    buf_add_byte(out, '}');
}

static struct state state_at_end(const char *finish, enum told_usage usage)
{
    struct state state = {.status = finish, .output = true, .usage = usage};

    if (finish != NULL && strcmp(finish, COMPLETED) != 0) {
        state.status = "incomplete";
        state.incomplete = finish;
    }
    return state;
}

static void write_whole(struct telling *telling, struct buf *out)
{
    struct state state = state_at_end(telling_finish(telling, 0), USAGE_RIGHT);

    if (telling->queued)
        state = (struct state){.status = "queued", .usage = USAGE_LEFT_OUT};
    put_response(telling, &state, out);
    buf_add_byte(out, '\n');
}

void responses_write(struct telling *telling, const char *status, struct buf *out)
{
    struct state state = {.status = status, .usage = USAGE_LEFT_OUT};

    if (strcmp(status, COMPLETED) == 0)
        write_whole(telling, out);
    else
        put_response(telling, &state, out);
}

/* ---- events ---- */

static struct buf *begin(struct telling *telling, const char *type)
{
    struct buf *event = telling_event(telling);

    buf_printf(event, "{\"type\":\"%s\",\"sequence_number\":%lld", type,
               (long long)telling->events);
    return event;
}

static void end(struct telling *telling, const char *type, struct buf *out)
{
    buf_add_byte(&telling->scratch, '}');
    telling_sse(telling, type, out);
}

static void say_response(struct telling *telling, const char *type, const struct state *state,
                         struct buf *out)
{
    struct buf *event = begin(telling, type);

    buf_add_string(event, ",\"response\":");
    put_response(telling, state, event);
    end(telling, type, out);
}

static void say_item(struct telling *telling, const struct said *said, struct buf *out)
{
    bool whole = said->kind == SAY_CLOSE;
    const char *type = whole ? "response.output_item.done" : "response.output_item.added";
    struct buf *event = begin(telling, type);

    buf_printf(event, ",\"output_index\":%zu,\"item\":", said->block);
    put_item(telling, said->part, said->call, whole, event);
    end(telling, type, out);
}

/* The begin of an event about a part of an item. */
static struct buf *begin_inside(struct telling *telling, const struct said *said, const char *type)
{
    struct buf *event = begin(telling, type);

    buf_add_string(event, ",\"item_id\":");
    put_item_id(telling, said->part, said->call, event);
    buf_printf(event, ",\"output_index\":%zu", said->block);
    if (said->part == PART_THINKING)
        buf_add_string(event, ",\"summary_index\":0");
    else if (said->part == PART_CONTENT)
        buf_add_string(event, ",\"content_index\":0");
    return event;
}

/* The names of the events of each kind of item; calls have no parts. */
static const struct {
    const char *text_delta, *text_done, *done_member, *part_added, *part_done, *part;
} names[] = {
    [PART_THINKING] = {"response.reasoning_summary_text.delta",
                       "response.reasoning_summary_text.done", "text",
                       "response.reasoning_summary_part.added",
                       "response.reasoning_summary_part.done", "summary_text"},
    [PART_CONTENT] = {"response.output_text.delta", "response.output_text.done", "text",
                      "response.content_part.added", "response.content_part.done", "output_text"},
    [PART_CALLS] = {"response.function_call_arguments.delta",
                    "response.function_call_arguments.done", "arguments", NULL, NULL, NULL},
};

static void say_part(struct telling *telling, const struct said *said, const char *type,
                     struct buf *out)
{
    struct buf *event;

    if (type == NULL)
        return;
    event = begin_inside(telling, said, type);
    buf_add_string(event, ",\"part\":");
    put_text_part(names[said->part].part, said->text, event);
    end(telling, type, out);
}

static void say_text(struct telling *telling, const struct said *said, const char *type,
                     const char *member, struct buf *out)
{
    static const char padding[] = "mZhSFjZXJr0XOs";
    struct buf *event = begin_inside(telling, said, type);

    buf_printf(event, ",\"%s\":", member);
    json_quote(event, said->text);
    if (said->part == PART_CONTENT)
        buf_add_string(event, ",\"logprobs\":[]");
    if (said->kind == SAY_TEXT)
        buf_printf(event, ",\"obfuscation\":\"%.*s\"", (int)(telling->events * 5 % 14) + 1,
                   padding);
    end(telling, type, out);
}

static void say_begin(struct telling *telling, struct buf *out)
{
    struct state state = {.status = "in_progress", .usage = USAGE_LEFT_OUT};

    say_response(telling, "response.created", &state, out);
    say_response(telling, "response.in_progress", &state, out);
}

/* Usage twice: once too early; late: once more. */
static void say_finish(struct telling *telling, const struct said *said, struct buf *out)
{
    struct state state = state_at_end(said->finish, said->usage);

    if (said->kind == SAY_USAGE && said->usage == USAGE_HALF) {
        state.status = "in_progress";
        say_response(telling, "response.in_progress", &state, out);
    } else if (said->finish != NULL) {
        say_response(telling,
                     state.incomplete == NULL ? "response.completed" : "response.incomplete",
                     &state, out);
    }
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_BEGIN:
        say_begin(telling, out);
        break;
    case SAY_OPEN:
        say_item(telling, said, out);
        say_part(telling, said, names[said->part].part_added, out);
        break;
    case SAY_TEXT:
        say_text(telling, said, names[said->part].text_delta, "delta", out);
        break;
    case SAY_CLOSE:
        say_text(telling, said, names[said->part].text_done, names[said->part].done_member, out);
        say_part(telling, said, names[said->part].part_done, out);
        say_item(telling, said, out);
        break;
    case SAY_FINISH:
    case SAY_USAGE:
        say_finish(telling, said, out);
        break;
    case SAY_END: /* response.completed is the end. */
        break;
    case SAY_UNKNOWN:
        buf_add_string(begin(telling, "response.sandbox_weather"), ",\"sky\":\"blue\"");
        end(telling, "response.sandbox_weather", out);
        break;
    }
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    struct state state = {.status = "failed", .usage = USAGE_LEFT_OUT, .error = error};

    say_response(telling, "response.failed", &state, out);
}

const struct dialect responses_dialect = {
    .name = "responses",
    .words = {.turns = "input",
              .may_be_text = true,
              .content = "content",
              .system = "instructions",
              .caps = {"max_output_tokens"},
              .stream = "stream",
              .tools = "tools",
              .parameters = {"parameters"},
              .choice = "tool_choice",
              .choice_any = "required",
              .choice_none = "none",
              .choice_name = "tool_choice.name",
              .parallel = "parallel_tool_calls",
              .thinking = "reasoning.summary",
              .thinking_words = {"auto", "detailed"},
              .json = "text.format.type",
              .json_word = "json_object",
              .schemas = {"text.format.schema"}},
    .finish = {COMPLETED, "max_output_tokens", COMPLETED, "content_filter", COMPLETED},
    .stream_type = "text/event-stream; charset=utf-8",
    .request_id_header = "x-request-id",
    .tells_reasoning = true,
    .finish_is_end = true,
    .begin = responses_begin,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = openai_write_error,
};
