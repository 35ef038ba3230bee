/*
 * gemini: Gemini's generateContent, whole and streamed, at AI Studio and at Vertex.
 *
 * Follows https://ai.google.dev/api/generate-content and https://google.aip.dev/193. A stream is a
 * JSON array, or server-sent events with ?alt=sse; nothing but its end ends it.
 */
#include "gemini.h"

#include <stdio.h>

#include "anthropic.h"
#include "chat.h"
#include "common/base/json_writer.h"
#include "endpoints.h"
#include "usage.h"

/* Thoughts are told outside of the candidates' tokens. */
static void put_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    const struct script *script = telling->script;
    int64_t thoughts = usage_reasoning(telling, usage), output = usage_output(telling, usage);
    const struct usage_row early[] = {
        {"promptTokenCount", COUNT_INPUT, script->input_tokens},
        {"totalTokenCount", COUNT_TOTAL, script->input_tokens},
    };
    const struct usage_row rows[] = {
        {"promptTokenCount", COUNT_INPUT, script->input_tokens},
        {"candidatesTokenCount", COUNT_OUTPUT, output - thoughts},
        {"totalTokenCount", COUNT_TOTAL, script->input_tokens + output},
        {"thoughtsTokenCount", COUNT_PART, thoughts},
        {"cachedContentTokenCount", COUNT_PART, script->cached_tokens},
    };
    const struct usage_row prompt[] = {{"tokenCount", COUNT_INPUT, script->input_tokens}};
    /* Members that are 0 are left out, as Google's JSON has it. */
    size_t count = script->cached_tokens > 0 ? 5 : thoughts > 0 ? 4 : 3;

    if (!usage_open(out, telling->fault, "usageMetadata"))
        return;
    if (usage == USAGE_LEFT_OUT)
        usage_write(out, telling->fault, early, array_size(early));
    else
        usage_write(out, telling->fault, rows, count);
    buf_add_string(out, ",\"promptTokensDetails\":[{\"modality\":\"TEXT\",");
    usage_write(out, telling->fault, prompt, array_size(prompt));
    buf_add_string(out, "}]}");
}

static void put_call(const struct telling *telling, size_t call, struct buf *out)
{
    const struct script *script = telling->script;
    struct span name = script_text(script, script->calls[call].name);

    buf_add_string(out, "{\"functionCall\":{\"name\":");
    json_quote(out, name);
    buf_add_string(out, ",\"args\":");
    buf_add_span(out, script_text(script, script->calls[call].arguments));
    buf_add_string(out, "},\"thoughtSignature\":\"");
    anthropic_signature(name, out);
    buf_add_string(out, "\"}");
}

static void put_text(struct span text, bool thought, struct buf *out)
{
    buf_add_string(out, "{\"text\":");
    json_quote(out, text);
    buf_add_string(out, thought ? ",\"thought\":true}" : "}");
}

static void put_finish(const struct telling *telling, size_t choice, const char *finish,
                       struct buf *out)
{
    buf_add_string(out, "],\"role\":\"model\"}");
    if (finish != NULL) {
        buf_add_string(out, ",\"finishReason\":");
        json_quote(out, span_of(finish));
        if (telling->script->call_count > 0)
            buf_add_string(out, ",\"finishMessage\":\"Model generated function call(s).\"");
    }
    buf_printf(out, ",\"index\":%zu}", choice);
}

static void put_end(const struct telling *telling, struct buf *out)
{
    buf_add_string(out, ",\"modelVersion\":");
    json_quote(out, telling->model);
    buf_printf(out, ",\"responseId\":\"%016llx\"}", (unsigned long long)telling->id);
}

static void put_candidate(struct telling *telling, size_t index, struct buf *out)
{
    const struct script *script = telling->script;
    const struct script_choice *choice = &script->choices[index];
    const char *comma = "";

    buf_add_string(out, index == 0 ? "{\"content\":{\"parts\":[" : ",{\"content\":{\"parts\":[");
    if (choice->thinking.size > 0) {
        put_text(script_text(script, choice->thinking), true, out);
        comma = ",";
    }
    if (choice->content.size > 0) {
        buf_add_string(out, comma);
        put_text(script_text(script, choice->content), false, out);
    }
    for (size_t i = 0; i < script->call_count; i++) {
        buf_add_string(out, i > 0 ? "," : comma);
        put_call(telling, i, out);
    }
    put_finish(telling, index, telling_finish(telling, index), out);
}

static void write_whole(struct telling *telling, struct buf *out)
{
    buf_add_string(out, "{\"candidates\":[");
    for (size_t i = 0; i < telling->script->choice_count; i++)
        put_candidate(telling, i, out);
    buf_add_byte(out, ']');
    put_usage(telling, USAGE_RIGHT, out);
    put_end(telling, out);
    buf_add_byte(out, '\n');
}

/* Sends the scratch as an event, or as an item of the array. */
static void put_chunk(struct telling *telling, struct buf *out)
{
    if (telling->framed)
        buf_add_string(out, "data: ");
    else
        buf_add_string(out, telling->events == 0 ? "[" : ",\r\n");
    buf_add_span(out, telling_payload(telling));
    if (telling->framed)
        buf_add_string(out, "\r\n\r\n");
    telling->events++;
}

static void say_part(struct telling *telling, const struct said *said, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_string(event, "{\"candidates\":[{\"content\":{\"parts\":[");
    if (said->kind == SAY_CLOSE)
        put_call(telling, said->call, event);
    else
        put_text(said->text, said->part == PART_THINKING, event);
    put_finish(telling, said->choice, said->kind == SAY_FINISH ? said->finish : NULL, event);
    buf_add_byte(event, ']');
    put_usage(telling, said->usage, event);
    put_end(telling, event);
    put_chunk(telling, out);
}

static void say_usage(struct telling *telling, enum told_usage usage, struct buf *out)
{
    struct buf *event = telling_event(telling);

    buf_add_string(event, "{\"candidates\":[]");
    put_usage(telling, usage, event);
    put_end(telling, event);
    put_chunk(telling, out);
}

static void say(struct telling *telling, const struct said *said, struct buf *out)
{
    switch (said->kind) {
    case SAY_BEGIN:
    case SAY_OPEN:
        break;
    case SAY_TEXT: /* Calls come whole. */
        if (said->part != PART_CALLS)
            say_part(telling, said, out);
        break;
    case SAY_CLOSE:
        if (said->part == PART_CALLS)
            say_part(telling, said, out);
        break;
    case SAY_FINISH:
        say_part(telling, said, out);
        break;
    case SAY_USAGE:
        say_usage(telling, said->usage, out);
        break;
    case SAY_END:
        if (!telling->framed)
            buf_add_string(out, telling->events == 0 ? "[]" : "\r\n]");
        break;
    case SAY_UNKNOWN:
        buf_add_string(telling_event(telling), "{\"sandboxWeather\":{\"sky\":\"blue\"}}");
        put_chunk(telling, out);
        break;
    }
}

static const char *error_status(int status)
{
    static const struct {
        int status;
        const char *name;
    } names[] = {
        {400, "INVALID_ARGUMENT"},
        {401, "UNAUTHENTICATED"},
        {403, "PERMISSION_DENIED"},
        {404, "NOT_FOUND"},
        {409, "ABORTED"},
        {429, "RESOURCE_EXHAUSTED"},
        {500, "INTERNAL"},
        {503, "UNAVAILABLE"},
        {504, "DEADLINE_EXCEEDED"},
        {408, "DEADLINE_EXCEEDED"},
        {422, "FAILED_PRECONDITION"},
        {529, "UNAVAILABLE"},
    };

    for (size_t i = 0; i < array_size(names); i++)
        if (names[i].status == status)
            return names[i].name;
    return status >= 500 ? "UNKNOWN" : "FAILED_PRECONDITION";
}

static void write_error(const struct error_told *error, struct buf *out)
{
    buf_printf(out, "%s{\"error\":{\"code\":%d,\"message\":", error->listed ? "[" : "",
               error->status);
    json_quote(out, span_of(error->message));
    buf_printf(out, ",\"status\":\"%s\"", error_status(error->status));
    if (error->status == 429)
        buf_add_string(out, ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\","
                            "\"retryDelay\":\"1s\"}]");
    if (error->param != NULL) {
        buf_add_string(out,
                       ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\","
                       "\"fieldViolations\":[{\"field\":");
        json_quote(out, span_of(error->param));
        buf_add_string(out, "}]}]");
    }
    buf_add_string(out, error->listed ? "}}]\n" : "}}");
}

static void say_error(struct telling *telling, const struct error_told *error, struct buf *out)
{
    write_error(error, telling_event(telling));
    put_chunk(telling, out);
    if (!telling->framed)
        buf_add_string(out, "\r\n]");
}

/* Signatures of calls that come back must be those that were given. */
static bool is_call_signed(const struct json_doc *doc, struct arena *arena, uint32_t part)
{
    struct span name, signature;
    struct buf right = buf_make(256);
    bool is_right;

    if (json_string(doc, ask_find(doc, part, "functionCall.name"), arena, &name) != 0 ||
        json_string(doc, ask_find(doc, part, "thoughtSignature"), arena, &signature) != 0) {
        buf_done(&right);
        return true;
    }
    anthropic_signature(name, &right);
    is_right = span_equal(buf_span(&right), signature);
    buf_done(&right);
    return is_right;
}

struct call *gemini_generate(struct provider *provider, struct arrival *arrival)
{
    const struct json_doc *doc = &provider->doc;

    for (uint32_t node = 0; node < doc->count; node++)
        if (json_kind(doc, node) == JSON_OBJECT && !is_call_signed(doc, provider->arena, node))
            return chat_error(arrival, 400, "Thought signature is not valid.", NULL);
    return chat_call(provider, arrival);
}

struct call *gemini_count_tokens(struct provider *provider, struct arrival *arrival)
{
    struct count input = provider->zero;
    struct buf body = buf_make(256);
    long long tokens;

    ask_count(&gemini_dialect.words, &provider->doc, provider->arena, &input);
    tokens = (long long)count_tokens(&input);
    buf_printf(&body,
               "{\"totalTokens\":%lld,\"promptTokensDetails\":[{\"modality\":\"TEXT\","
               "\"tokenCount\":%lld}]}\n",
               tokens, tokens);
    return chat_reply(arrival, "application/json; charset=UTF-8", body);
}

const struct dialect gemini_dialect = {
    .name = "gemini",
    .words = {.turns = "contents",
              .content = "parts",
              .system = "systemInstruction",
              .caps = {"generationConfig.maxOutputTokens"},
              .stops = "generationConfig.stopSequences",
              .choices = "generationConfig.candidateCount",
              .tools = "tools",
              .tool_lists = "functionDeclarations",
              .parameters = {"parameters", "parametersJsonSchema", "parameters_json_schema"},
              .choice = "toolConfig.functionCallingConfig.mode",
              .choice_any = "ANY",
              .choice_none = "NONE",
              .choice_name = "toolConfig.functionCallingConfig.allowedFunctionNames",
              .thinking = "generationConfig.thinkingConfig.includeThoughts",
              .json = "generationConfig.responseMimeType",
              .json_word = "application/json",
              .schemas = {"generationConfig.responseSchema",
                          "generationConfig.responseJsonSchema"}},
    .finish = {"STOP", "MAX_TOKENS", "STOP", "SAFETY", "STOP"},
    .stream_type = "application/json; charset=UTF-8",
    .request_id_header = "x-goog-request-id",
    .tells_reasoning = true,
    .late_usage_counts = true,
    .calls_whole = true,
    .say = say,
    .say_error = say_error,
    .write_whole = write_whole,
    .write_error = write_error,
};
