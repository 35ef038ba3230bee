/*
 * bedrock_answer_read: Converse's answers and ConverseStream's messages -> events.
 *
 * A stream ends with messageStop (why) and metadata (usage), in whatever order; both make it done.
 */
#include <stdio.h>

#include "common/base/json_writer.h"
#include "gateway/dialect/bedrock.h"
#include "gateway/dialect/event_stream.h"

/* Notes in reader->numbers. */
enum note { STOPPED, METERED };
/* In reader->blocks: 0 is no call, else 1 + the call's number, or a call that the provider itself
 * has answered and that is no client's business. */
enum { OTHERS_CALL = 0xffff };

static const struct json_limits limits_frame = {
    .max_bytes = EVENT_STREAM_MESSAGE_MAX, .max_depth = 32, .max_nodes = 20000};
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 400000};

static uint32_t array_in(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t node = json_find(doc, object, name);

    return json_is(doc, node, JSON_ARRAY) ? node : JSON_NONE;
}

static bool parse(struct answer_reader *reader, struct span text, const struct json_limits *limits)
{
    return json_parse(reader->doc, text, limits) == JSON_OK &&
           json_kind(reader->doc, 0) == JSON_OBJECT;
}

/* ---- errors ---- */

static const struct {
    const char *name; /* without "Exception", the first letter in either case */
    int32_t status;
} statuses[] = {
    {"accessDenied", 403},       {"internalServer", 500},
    {"modelError", 424},         {"modelNotReady", 429},
    {"modelStreamError", 424},   {"modelTimeout", 408},
    {"resourceNotFound", 404},   {"serviceQuotaExceeded", 400},
    {"serviceUnavailable", 503}, {"throttling", 429},
    {"validation", 400},         {"expiredToken", 403},
    {"unrecognizedClient", 403}, {"incompleteSignature", 403},
    {"invalidSignature", 403},   {"missingAuthenticationToken", 403},
    {"unknownOperation", 404},   {"conflict", 400},
};

static int32_t status_of(struct span code)
{
    for (size_t i = 0; i < array_size(statuses); i++) {
        size_t size = strlen(statuses[i].name);
        if (span_is_nocase(span_part(code, 0, size), statuses[i].name) &&
            span_is(span_part(code, size, code.size), "Exception"))
            return statuses[i].status;
    }
    return 0;
}

/* "com.amazon.coral.service#ThrottlingException" and "ThrottlingException:http://…" too. */
static struct span bare_code(struct span code)
{
    ptrdiff_t hash = span_index(code, '#'), colon;

    if (hash >= 0)
        code = span_part(code, (size_t)hash + 1, code.size);
    colon = span_index(code, ':');
    return colon >= 0 ? span_part(code, 0, (size_t)colon) : code;
}

/* As much as there is room for, whole characters. */
static void copy_text(char *at, size_t capacity, struct span text)
{
    size_t size = text.size < capacity ? text.size : capacity - 1;

    while (size < text.size && size > 0 && ((unsigned char)text.at[size] & 0xc0) == 0x80)
        size--;
    if (size > 0)
        memcpy(at, text.at, size);
    at[size] = '\0';
}

/* The code is plain, the message an inside. */
static void note_error(struct answer_reader *reader, struct span code, struct span message)
{
    struct answer *answer = reader->answer;
    struct buf decoded = buf_make(message.size + 1);

    code = bare_code(code);
    copy_text(answer->error_code, sizeof(answer->error_code), code);
    answer->error_status = status_of(code);
    if (message.size > 0 && json_unescape(message, &decoded) == 0)
        code = buf_span(&decoded);
    copy_text(answer->error_message, sizeof(answer->error_message), code);
    buf_done(&decoded);
}

/* What the parsed document says of an error; false when it says nothing. */
static bool read_problem(struct answer_reader *reader, struct span code)
{
    static const char *const names[] = {"message", "Message", "originalMessage", "errorMessage"};
    const struct json_doc *doc = reader->doc;
    struct span message = {0};

    for (size_t i = 0; i < array_size(names) && message.size == 0; i++)
        message = json_inside_in(doc, 0, names[i]);
    if (code.size == 0)
        code = json_inside_in(doc, 0, "__type");
    if (code.size == 0)
        code = json_inside_in(doc, json_find(doc, 0, "Output"), "__type");
    if (message.size == 0 && code.size == 0)
        return false;
    note_error(reader, code, message);
    return true;
}

bool bedrock_read_error(struct answer_reader *reader, struct span body)
{
    return parse(reader, body, &limits_frame) && read_problem(reader, (struct span){0});
}

static void fail(struct answer_reader *reader)
{
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
}

static void read_exception(struct answer_reader *reader, struct span code, struct span data)
{
    if (!parse(reader, data, &limits_frame) || !read_problem(reader, code))
        note_error(reader, code, (struct span){0});
    fail(reader);
}

/* Its text is no JSON. */
static void read_bare_error(struct answer_reader *reader, struct span text)
{
    copy_text(reader->answer->error_message, sizeof(reader->answer->error_message), text);
    fail(reader);
}

/* ---- the end ---- */

static const struct {
    const char *reason;
    enum answer_finish finish;
} finishes[] = {
    {"end_turn", FINISH_STOP},
    {"stop_sequence", FINISH_STOP},
    {"max_tokens", FINISH_LENGTH},
    {"model_context_window_exceeded", FINISH_LENGTH},
    {"tool_use", FINISH_TOOL_CALLS},
    {"guardrail_intervened", FINISH_CONTENT_FILTER},
    {"content_filtered", FINISH_CONTENT_FILTER},
    {"refusal", FINISH_CONTENT_FILTER},
    {"pause_turn", FINISH_PAUSE},
    {"malformed_model_output", FINISH_ERROR},
    {"malformed_tool_use", FINISH_ERROR},
};

/* Some models call and say that their turn is over. */
static enum answer_finish finish_of(const struct answer_reader *reader, struct span reason)
{
    enum answer_finish finish = FINISH_STOP;

    for (size_t i = 0; i < array_size(finishes); i++)
        if (span_is(reason, finishes[i].reason))
            finish = finishes[i].finish;
    return finish == FINISH_STOP && reader->tool_count > 0 ? FINISH_TOOL_CALLS : finish;
}

static void finish(struct answer_reader *reader, struct span reason)
{
    if (reader->numbers[STOPPED] != 0)
        return;
    reader->numbers[STOPPED] = 1;
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_FINISH,
                                                      .finish = finish_of(reader, reason),
                                                      .text = reason});
}

static void end(struct answer_reader *reader)
{
    if (reader->numbers[METERED] != 0)
        answer_reader_emit(
            reader, &(struct answer_event){.kind = EVENT_USAGE, .usage = &reader->answer->usage});
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_DONE});
}

static void end_when_told_all(struct answer_reader *reader)
{
    if (reader->numbers[STOPPED] != 0 && reader->numbers[METERED] != 0)
        end(reader);
}

static void read_usage(struct answer_reader *reader)
{
    const struct json_doc *doc = reader->doc;
    uint32_t usage = json_find(doc, 0, "usage");
    struct span tier = json_inside_in(doc, json_find(doc, 0, "serviceTier"), "type");

    if (tier.size > 0)
        reader->answer->mode = span_is(tier, "flex")       ? MODE_FLEX
                               : span_is(tier, "priority") ? MODE_PRIORITY
                                                           : MODE_STANDARD;
    if (json_is_null(doc, usage))
        return;
    bedrock_usage_read(doc, usage, &reader->answer->usage);
    reader->numbers[METERED] = 1;
}

/* ---- citations ---- */

/* Only those of a page in the web have a word in other languages. */
static void read_citation(struct answer_reader *reader, uint32_t citation)
{
    const struct json_doc *doc = reader->doc;
    struct span title = json_inside_in(doc, citation, "title");
    struct span url =
        json_inside_in(doc, json_find(doc, json_find(doc, citation, "location"), "web"), "url");

    answer_reader_cite_url(reader, 0, url, title);
}

/* ---- streams ---- */

/* False: there is none, or it is out of all bounds. */
static bool block_in(struct answer_reader *reader, uint32_t *block_out)
{
    int64_t index;

    if (json_int64(reader->doc, json_find(reader->doc, 0, "contentBlockIndex"), &index) != 0 ||
        index < 0 || index >= LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return false;
    }
    *block_out = (uint32_t)index;
    return true;
}

static void begin_call(struct answer_reader *reader, uint32_t use, uint16_t *block_out)
{
    const struct json_doc *doc = reader->doc;
    uint32_t type = json_find(doc, use, "type");

    if (json_is(doc, type, JSON_STRING) && json_string_is(doc, type, "server_tool_use")) {
        *block_out = OTHERS_CALL;
        return;
    }
    if (!json_is(doc, json_find(doc, use, "name"), JSON_STRING) ||
        reader->tool_count == LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    *block_out = (uint16_t)(reader->tool_count + 1);
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_TOOL,
                                                      .tool = reader->tool_count,
                                                      .id = json_inside_in(doc, use, "toolUseId"),
                                                      .name = json_inside_in(doc, use, "name")});
}

static void read_start(struct answer_reader *reader)
{
    uint32_t use = json_find(reader->doc, json_find(reader->doc, 0, "start"), "toolUse");
    uint32_t block;

    if (!block_in(reader, &block))
        return;
    reader->blocks[block] = 0;
    if (!json_is_null(reader->doc, use))
        begin_call(reader, use, &reader->blocks[block]);
}

static void read_arguments(struct answer_reader *reader, uint32_t block, struct span text)
{
    uint16_t call = reader->blocks[block];

    if (call == OTHERS_CALL || text.size == 0)
        return;
    if (call == 0) {
        answer_reader_malformed(reader);
        return;
    }
    answer_reader_emit(
        reader, &(struct answer_event){.kind = EVENT_ARGUMENTS, .tool = call - 1u, .text = text});
}

static void read_delta(struct answer_reader *reader)
{
    const struct json_doc *doc = reader->doc;
    uint32_t delta = json_find(doc, 0, "delta");
    uint32_t reasoning = json_find(doc, delta, "reasoningContent");
    uint32_t use = json_find(doc, delta, "toolUse"), block;

    if (!block_in(reader, &block))
        return;
    answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside_in(doc, delta, "text"));
    if (!json_is_null(doc, use))
        read_arguments(reader, block, json_inside_in(doc, use, "input"));
    answer_reader_emit_text(reader, EVENT_REASONING, 0, json_inside_in(doc, reasoning, "text"));
    answer_reader_emit_text(reader, EVENT_SIGNATURE, 0,
                            json_inside_in(doc, reasoning, "signature"));
    answer_reader_emit_text(reader, EVENT_REDACTED, 0,
                            json_inside_in(doc, reasoning, "redactedContent"));
    read_citation(reader, json_find(doc, delta, "citation"));
}

static void read_start_of_message(struct answer_reader *reader)
{
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_BEGIN});
}

static void read_stop_of_message(struct answer_reader *reader)
{
    if (!json_is(reader->doc, json_find(reader->doc, 0, "stopReason"), JSON_STRING)) {
        answer_reader_malformed(reader);
        return;
    }
    finish(reader, json_inside_in(reader->doc, 0, "stopReason"));
    end_when_told_all(reader);
}

static void read_metadata(struct answer_reader *reader)
{
    read_usage(reader);
    end_when_told_all(reader);
}

static const struct {
    const char *event;
    void (*read)(struct answer_reader *reader);
} events[] = {
    {"messageStart", read_start_of_message},
    {"contentBlockStart", read_start},
    {"contentBlockDelta", read_delta},
    {"messageStop", read_stop_of_message},
    {"metadata", read_metadata},
};

void bedrock_read_frame(struct answer_reader *reader, struct span event, struct span data)
{
    reader->signs = 0;
    if (span_is(event, "error")) {
        read_bare_error(reader, data);
        return;
    }
    if (span_ends(event, "Exception")) {
        read_exception(reader, event, data);
        return;
    }
    for (size_t i = 0; i < array_size(events); i++) {
        if (!span_is(event, events[i].event))
            continue;
        if (parse(reader, data, &limits_frame))
            events[i].read(reader);
        else
            answer_reader_malformed(reader);
    }
}

void bedrock_read_end(struct answer_reader *reader, bool framed)
{
    reader->signs = 0;
    if (framed && reader->numbers[STOPPED] != 0)
        end(reader);
}

/* ---- whole answers ---- */

/* The object itself becomes a text. */
static void read_input(struct answer_reader *reader, uint32_t tool, uint32_t input)
{
    struct span raw;
    struct buf quoted;

    if (json_is_null(reader->doc, input))
        return;
    raw = json_raw(reader->doc, input);
    quoted = buf_make(6 * raw.size + 2);
    if (json_quote(&quoted, raw) == 0)
        answer_reader_emit(reader, &(struct answer_event){
                                       .kind = EVENT_ARGUMENTS,
                                       .tool = tool,
                                       .text = span_part(buf_span(&quoted), 1, quoted.size - 2)});
    buf_done(&quoted);
}

static void read_call(struct answer_reader *reader, uint32_t use)
{
    uint16_t block = 0;

    begin_call(reader, use, &block);
    if (block != 0 && block != OTHERS_CALL)
        read_input(reader, block - 1u, json_find(reader->doc, use, "input"));
}

static void read_reasoning(struct answer_reader *reader, uint32_t reasoning)
{
    const struct json_doc *doc = reader->doc;
    uint32_t text = json_find(doc, reasoning, "reasoningText");

    answer_reader_emit_text(reader, EVENT_REASONING, 0, json_inside_in(doc, text, "text"));
    answer_reader_emit_text(reader, EVENT_SIGNATURE, 0, json_inside_in(doc, text, "signature"));
    answer_reader_emit_text(reader, EVENT_REDACTED, 0,
                            json_inside_in(doc, reasoning, "redactedContent"));
}

static void read_cited(struct answer_reader *reader, uint32_t cited)
{
    const struct json_doc *doc = reader->doc;
    uint32_t texts = array_in(doc, cited, "content"), citations = array_in(doc, cited, "citations");

    for (uint32_t at = texts == JSON_NONE ? JSON_NONE : json_first(doc, texts); at != JSON_NONE;
         at = json_after(doc, texts, at))
        answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside_in(doc, at, "text"));
    for (uint32_t at = citations == JSON_NONE ? JSON_NONE : json_first(doc, citations);
         at != JSON_NONE; at = json_after(doc, citations, at))
        read_citation(reader, at);
}

static void read_image(struct answer_reader *reader, uint32_t image)
{
    const struct json_doc *doc = reader->doc;
    struct span bytes = json_inside_in(doc, json_find(doc, image, "source"), "bytes");
    char type[32];

    (void)snprintf(type, sizeof(type), "image/%.*s",
                   SPAN_ARG(span_part(json_inside_in(doc, image, "format"), 0, 8)));
    if (bytes.size > 0)
        answer_reader_emit(reader, &(struct answer_event){
                                       .kind = EVENT_IMAGE, .type = span_of(type), .text = bytes});
}

static void read_block(struct answer_reader *reader, uint32_t block)
{
    const struct json_doc *doc = reader->doc;
    uint32_t use = json_find(doc, block, "toolUse");

    answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside_in(doc, block, "text"));
    read_reasoning(reader, json_find(doc, block, "reasoningContent"));
    if (!json_is_null(doc, use))
        read_call(reader, use);
    read_cited(reader, json_find(doc, block, "citationsContent"));
    read_image(reader, json_find(doc, block, "image"));
}

void bedrock_read_whole(struct answer_reader *reader, struct span body)
{
    const struct json_doc *doc = reader->doc;
    uint32_t content, reason;

    reader->signs = 0;
    if (!parse(reader, body, &limits_whole)) {
        answer_reader_malformed(reader);
        return;
    }
    content = array_in(doc, json_find(doc, json_find(doc, 0, "output"), "message"), "content");
    reason = json_find(doc, 0, "stopReason");
    if (content == JSON_NONE || !json_is(doc, reason, JSON_STRING)) {
        if (json_is_null(doc, json_find(doc, 0, "output")) &&
            read_problem(reader, (struct span){0}))
            fail(reader);
        else
            answer_reader_malformed(reader);
        return;
    }
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_BEGIN});
    for (uint32_t at = json_first(doc, content); at != JSON_NONE; at = json_after(doc, content, at))
        read_block(reader, at);
    finish(reader, json_inside(doc, reason));
    read_usage(reader);
    end(reader);
}
