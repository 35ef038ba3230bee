/*
 * anthropic_answer_read: what Anthropic answers, in frames or whole, as events.
 *
 * The end of a stream is message_stop; usage and the reason of the end wait for it, because a later
 * message_delta may revise both. Blocks of the provider's own tools (web search and the like) are
 * passed over. Unknown events and members too.
 */
#include <stdio.h>

#include "common/base/json_writer.h"
#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/anthropic_usage.h"

static const struct json_limits limits_frame = {
    .max_bytes = (size_t)2 << 20, .max_depth = 64, .max_nodes = 100000};

/* reader->numbers: the counts, then these. */
enum {
    NOTE_STARTED = ANTHROPIC_COUNTS, /* the counts were begun */
    NOTE_FINISH,                     /* enum answer_finish + 1 */
    NOTE_TEXT,                       /* characters of text so far */
    NOTE_BLOCK, /* of those, the ones before the block: citations begin there */
    NOTE_SCHEMA /* the tool that stands for a text was called */
};

/* reader->blocks: what a block is, and which tool. */
enum block_kind { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINKING, BLOCK_TOOL, BLOCK_SCHEMA, BLOCK_OTHER };
enum { BLOCK_KIND = 7, BLOCK_ARGUED = 8, BLOCK_GIVEN = 16, BLOCK_TOOL_SHIFT = 8 };

static const struct {
    const char *word;
    enum answer_finish finish;
} finishes[] = {
    {"end_turn", FINISH_STOP},          {"stop_sequence", FINISH_STOP},
    {"max_tokens", FINISH_LENGTH},      {"model_context_window_exceeded", FINISH_LENGTH},
    {"tool_use", FINISH_TOOL_CALLS},    {"pause_turn", FINISH_PAUSE},
    {"refusal", FINISH_CONTENT_FILTER},
};

static const struct {
    const char *type;
    int32_t status;
} errors[] = {
    {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
    {"permission_error", 403},      {"not_found_error", 404},      {"conflict_error", 409},
    {"request_too_large", 413},     {"rate_limit_error", 429},     {"api_error", 500},
    {"timeout_error", 504},         {"overloaded_error", 529},
};

/* Bytes of the escape at the begin of an inside, and whether it is the second of a pair. */
static size_t escape_size(struct span text, bool *low_out)
{
    bool wide = text.size >= 6 && text.at[1] == 'u';

    *low_out = wide && (text.at[2] | 0x20) == 'd' && (text.at[3] | 0x20) >= 'c';
    return wide ? 6 : 2;
}

/* Characters of an inside; a pair of surrogates is one. */
static int64_t characters(struct span text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.size;) {
        bool behind = ((unsigned char)text.at[i] & 0xc0) == 0x80;
        i += text.at[i] == '\\' ? escape_size(span_part(text, i, 6), &behind) : 1;
        count += behind ? 0 : 1;
    }
    return count;
}

/* ---- errors ---- */

static bool mentions(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

/* Fills error_*; the message as it stands in the frame. */
static struct span note_error(struct answer_reader *reader, uint32_t error)
{
    const struct json_doc *doc = reader->doc;
    struct answer *answer = reader->answer;
    uint32_t type = json_find(doc, error, "type");
    struct span message = json_kind(doc, error) == JSON_STRING
                              ? json_inside(doc, error)
                              : json_inside_in(reader->doc, error, "message");
    int64_t status;

    answer_copy(answer->error_message, sizeof(answer->error_message), message);
    answer_copy(answer->error_code, sizeof(answer->error_code), json_inside(doc, type));
    for (size_t i = 0; i < array_size(errors); i++) {
        if (!json_is_null(doc, type) && json_string_is(doc, type, errors[i].type))
            answer->error_status = errors[i].status;
    }
    /* Vertex and proxies tell the status itself. */
    if (json_int64(doc, json_find(doc, error, "code"), &status) == 0 && status >= 400 &&
        status <= 599)
        answer->error_status = (int32_t)status;
    if (answer->error_status == 400 && (mentions(answer->error_message, "prompt is too long") ||
                                        mentions(answer->error_message, "exceed context limit")))
        memcpy(answer->error_code, "context_length_exceeded", sizeof("context_length_exceeded"));
    return message;
}

/* Where the error is in a body: {"error": …}, or Google's array of one such. */
static uint32_t find_error(const struct json_doc *doc)
{
    uint32_t root = json_kind(doc, 0) == JSON_ARRAY ? json_first(doc, 0) : 0;
    uint32_t error = json_find(doc, root, "error");

    if (json_is_null(doc, error) ||
        (json_kind(doc, error) != JSON_OBJECT && json_kind(doc, error) != JSON_STRING))
        return JSON_NONE;
    return error;
}

static void emit_error(struct answer_reader *reader, uint32_t error)
{
    struct answer_event event = {.kind = EVENT_ERROR};

    event.text = note_error(reader, error);
    event.name = span_of(reader->answer->error_code);
    answer_reader_emit(reader, &event);
}

static void on_error(struct answer_reader *reader, uint32_t root)
{
    uint32_t error = find_error(reader->doc);

    (void)root;
    if (error == JSON_NONE)
        answer_reader_malformed(reader);
    else
        emit_error(reader, error);
}

bool anthropic_read_error(struct answer_reader *reader, struct span body)
{
    uint32_t error;

    if (json_parse(reader->doc, body, &limits_frame) != JSON_OK)
        return false;
    error = find_error(reader->doc);
    if (error == JSON_NONE)
        return false;
    (void)note_error(reader, error);
    reader->signs |= ANSWER_ERROR;
    reader->answer->signs |= ANSWER_ERROR;
    return true;
}

/* ---- usage and the end ---- */

static void start_counts(struct answer_reader *reader)
{
    if (reader->numbers[NOTE_STARTED] == 0)
        anthropic_counts_begin(reader->numbers);
    reader->numbers[NOTE_STARTED] = 1;
}

static void read_usage(struct answer_reader *reader, uint32_t usage)
{
    const struct json_doc *doc = reader->doc;
    uint32_t tier = json_find(doc, usage, "service_tier");

    start_counts(reader);
    if (json_is_null(doc, usage))
        return;
    anthropic_counts_read(doc, usage, reader->numbers);
    anthropic_usage_keep(doc, usage, &reader->answer->usage);
    if (!json_is(doc, tier, JSON_STRING))
        return;
    reader->answer->mode = json_string_is(doc, tier, "priority") ? MODE_PRIORITY
                           : json_string_is(doc, tier, "batch")  ? MODE_BATCH
                                                                 : MODE_STANDARD;
}

static void read_stop_reason(struct answer_reader *reader, uint32_t node)
{
    struct span word = json_inside(reader->doc, node);

    if (word.size == 0)
        return;
    answer_copy(reader->answer->finish_reason, sizeof(reader->answer->finish_reason), word);
    reader->numbers[NOTE_FINISH] = FINISH_STOP + 1;
    for (size_t i = 0; i < array_size(finishes); i++) {
        if (span_is(word, finishes[i].word))
            reader->numbers[NOTE_FINISH] = finishes[i].finish + 1;
    }
}

/* A call that the provider gave no arguments has none: {}. */
static void end_tool(struct answer_reader *reader, uint16_t block)
{
    const struct answer_event event = {.kind = EVENT_ARGUMENTS,
                                       .tool = (uint32_t)block >> BLOCK_TOOL_SHIFT,
                                       .text = span_of("{}")};

    if ((block & BLOCK_KIND) == BLOCK_TOOL && (block & BLOCK_ARGUED) == 0)
        answer_reader_emit(reader, &event);
}

static void end(struct answer_reader *reader)
{
    char word[sizeof(reader->answer->finish_reason)];
    struct answer_event finish = {.kind = EVENT_FINISH};
    const struct answer_event usage = {.kind = EVENT_USAGE, .usage = &reader->answer->usage};
    const struct answer_event done = {.kind = EVENT_DONE};

    for (int i = 0; i < LANGUAGE_TOOLS_MAX; i++)
        end_tool(reader, reader->blocks[i]);
    memcpy(word, reader->answer->finish_reason, sizeof(word));
    finish.text = span_of(word);
    finish.finish = reader->numbers[NOTE_FINISH] == 0
                        ? (reader->tool_count > 0 ? FINISH_TOOL_CALLS : FINISH_STOP)
                        : (enum answer_finish)(reader->numbers[NOTE_FINISH] - 1);
    if (finish.finish == FINISH_TOOL_CALLS && reader->tool_count == 0 &&
        reader->numbers[NOTE_SCHEMA] != 0)
        finish.finish = FINISH_STOP;
    answer_reader_emit(reader, &finish);
    if (reader->numbers[NOTE_STARTED] != 0 && anthropic_counts_told(reader->numbers)) {
        anthropic_usage_set(reader->numbers, &reader->answer->usage);
        answer_reader_emit(reader, &usage);
    }
    answer_reader_emit(reader, &done);
}

/* ---- citations ---- */

/* As OpenAI's annotation. What has no URL (a page of a document that was sent) names the document.
 */
static void emit_citation(struct answer_reader *reader, uint32_t citation)
{
    const struct json_doc *doc = reader->doc;
    struct buf json = buf_make((size_t)1 << 20);
    struct json_writer w = json_writer_make(&json);
    struct answer_event event = {.kind = EVENT_CITATION};
    struct span url = json_inside_in(reader->doc, citation, "url");
    struct span title = json_inside_in(reader->doc, citation, "title");
    int64_t document;
    char name[48];

    if (!json_is(doc, citation, JSON_OBJECT))
        return;
    if (url.size == 0)
        url = json_inside_in(reader->doc, citation, "source");
    if (url.size == 0 &&
        json_int64(doc, json_find(doc, citation, "document_index"), &document) == 0) {
        (void)snprintf(name, sizeof(name), "document:%lld", (long long)document);
        url = span_of(name);
        title = json_inside_in(reader->doc, citation, "document_title");
    }
    json_begin(&w, '{');
    json_put_cstring(&w, "type", "url_citation");
    json_name(&w, "url_citation");
    json_begin(&w, '{');
    json_put_inside(&w, "url", url);
    json_put_inside(&w, "title", title);
    json_put_inside(&w, "content", json_inside_in(reader->doc, citation, "cited_text"));
    json_put_int64(&w, "start_index", reader->numbers[NOTE_BLOCK]);
    json_put_int64(&w, "end_index", reader->numbers[NOTE_BLOCK]);
    json_end(&w, '}');
    json_end(&w, '}');
    event.json = buf_span(&json);
    if (!buf_failed(&json))
        answer_reader_emit(reader, &event);
    buf_done(&json);
}

/* ---- blocks ---- */

static void emit_text(struct answer_reader *reader, struct span text)
{
    answer_reader_emit_text(reader, EVENT_TEXT, 0, text);
}

/* The tool's number behind its kind; BLOCK_NONE when there are too many. */
static uint16_t begin_tool(struct answer_reader *reader, uint32_t node)
{
    struct answer_event event = {.kind = EVENT_TOOL, .tool = reader->tool_count};

    event.id = json_inside_in(reader->doc, node, "id");
    event.name = json_inside_in(reader->doc, node, "name");
    if (span_is(event.name, ANTHROPIC_SCHEMA_TOOL)) {
        reader->numbers[NOTE_SCHEMA] = 1;
        return BLOCK_SCHEMA;
    }
    if (reader->tool_count >= LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return BLOCK_NONE;
    }
    answer_reader_emit(reader, &event);
    return (uint16_t)(event.tool << BLOCK_TOOL_SHIFT | BLOCK_TOOL);
}

/* An input that is there as a whole, as the text of a call or for the text of the answer. */
static void emit_input(struct answer_reader *reader, uint32_t node, uint16_t block)
{
    struct answer_event event = {.kind = (block & BLOCK_KIND) == BLOCK_SCHEMA ? EVENT_TEXT
                                                                              : EVENT_ARGUMENTS};
    struct span raw = json_is_null(reader->doc, node) ? span_of("{}") : json_raw(reader->doc, node);
    struct buf quoted = buf_make(6 * raw.size + 2);

    event.tool = (uint32_t)block >> BLOCK_TOOL_SHIFT;
    if (json_quote(&quoted, raw) == 0) {
        event.text = span_part(buf_span(&quoted), 1, quoted.size - 2);
        answer_reader_emit(reader, &event);
    }
    buf_done(&quoted);
}

static void read_citations(struct answer_reader *reader, uint32_t list)
{
    const struct json_doc *doc = reader->doc;

    if (!json_is(doc, list, JSON_ARRAY))
        return;
    for (uint32_t at = json_first(doc, list); at != JSON_NONE; at = json_after(doc, list, at))
        emit_citation(reader, at);
}

/* The begin of a block in a stream, or the whole of one: what it is, and what stands in it. */
static uint16_t read_block(struct answer_reader *reader, uint32_t node)
{
    const struct json_doc *doc = reader->doc;
    uint32_t type = json_find(doc, node, "type");

    if (!json_is(doc, type, JSON_STRING))
        return BLOCK_OTHER;
    if (json_string_is(doc, type, "text")) {
        struct span text = json_inside_in(reader->doc, node, "text");
        reader->numbers[NOTE_BLOCK] = reader->numbers[NOTE_TEXT];
        read_citations(reader, json_find(doc, node, "citations"));
        emit_text(reader, text);
        reader->numbers[NOTE_TEXT] += characters(text);
        return BLOCK_TEXT;
    }
    if (json_string_is(doc, type, "thinking")) {
        answer_reader_emit_text(reader, EVENT_REASONING, 0,
                                json_inside_in(reader->doc, node, "thinking"));
        answer_reader_emit_text(reader, EVENT_SIGNATURE, 0,
                                json_inside_in(reader->doc, node, "signature"));
        return BLOCK_THINKING;
    }
    if (json_string_is(doc, type, "redacted_thinking")) {
        answer_reader_emit_text(reader, EVENT_REDACTED, 0,
                                json_inside_in(reader->doc, node, "data"));
        return BLOCK_OTHER;
    }
    return json_string_is(doc, type, "tool_use") ? begin_tool(reader, node) : BLOCK_OTHER;
}

/* ---- a stream ---- */

static uint16_t *block_at(struct answer_reader *reader, uint32_t root)
{
    int64_t index;

    if (json_int64(reader->doc, json_find(reader->doc, root, "index"), &index) == 0 && index >= 0 &&
        index < LANGUAGE_TOOLS_MAX)
        return &reader->blocks[index];
    answer_reader_malformed(reader);
    return NULL;
}

static void on_message_start(struct answer_reader *reader, uint32_t root)
{
    uint32_t message = json_find(reader->doc, root, "message");
    struct answer_usage known = {0};
    struct answer_event event = {.kind = EVENT_BEGIN};

    event.id = json_inside_in(reader->doc, message, "id");
    event.name = json_inside_in(reader->doc, message, "model");
    read_usage(reader, json_find(reader->doc, message, "usage"));
    anthropic_usage_set(reader->numbers, &known);
    anthropic_counts_forget_output(reader->numbers);
    if (known.state == ANSWER_USAGE_GOOD)
        event.usage = &known;
    answer_reader_emit(reader, &event);
}

static void on_block_start(struct answer_reader *reader, uint32_t root)
{
    const struct json_doc *doc = reader->doc;
    uint32_t node = json_find(doc, root, "content_block"), input;
    uint16_t *block = block_at(reader, root);

    if (block == NULL)
        return;
    *block = read_block(reader, node);
    input = json_find(doc, node, "input");
    if (((*block & BLOCK_KIND) == BLOCK_TOOL || *block == BLOCK_SCHEMA) &&
        json_is(doc, input, JSON_OBJECT) && json_first(doc, input) != JSON_NONE) {
        emit_input(reader, input, *block);
        *block |= BLOCK_ARGUED | BLOCK_GIVEN;
    }
}

static void on_input_delta(struct answer_reader *reader, uint16_t *block, uint32_t delta)
{
    struct answer_event event = {.kind = EVENT_ARGUMENTS};

    event.text = json_inside_in(reader->doc, delta, "partial_json");
    event.tool = (uint32_t)*block >> BLOCK_TOOL_SHIFT;
    if ((*block & BLOCK_KIND) == BLOCK_NONE)
        answer_reader_malformed(reader);
    if (event.text.size == 0 || (*block & BLOCK_GIVEN) != 0)
        return;
    if ((*block & BLOCK_KIND) == BLOCK_SCHEMA) {
        emit_text(reader, event.text);
    } else if ((*block & BLOCK_KIND) == BLOCK_TOOL) {
        answer_reader_emit(reader, &event);
        *block |= BLOCK_ARGUED;
    }
}

static void on_block_delta(struct answer_reader *reader, uint32_t root)
{
    const struct json_doc *doc = reader->doc;
    uint32_t delta = json_find(doc, root, "delta"), type = json_find(doc, delta, "type");
    uint16_t *block = block_at(reader, root);

    if (block == NULL || (*block & BLOCK_KIND) == BLOCK_OTHER || !json_is(doc, type, JSON_STRING))
        return;
    if (json_string_is(doc, type, "text_delta")) {
        struct span text = json_inside_in(reader->doc, delta, "text");
        emit_text(reader, text);
        reader->numbers[NOTE_TEXT] += characters(text);
    } else if (json_string_is(doc, type, "input_json_delta")) {
        on_input_delta(reader, block, delta);
    } else if (json_string_is(doc, type, "thinking_delta")) {
        answer_reader_emit_text(reader, EVENT_REASONING, 0,
                                json_inside_in(reader->doc, delta, "thinking"));
    } else if (json_string_is(doc, type, "signature_delta")) {
        answer_reader_emit_text(reader, EVENT_SIGNATURE, 0,
                                json_inside_in(reader->doc, delta, "signature"));
    } else if (json_string_is(doc, type, "citations_delta")) {
        emit_citation(reader, json_find(doc, delta, "citation"));
    }
}

static void on_block_stop(struct answer_reader *reader, uint32_t root)
{
    uint16_t *block = block_at(reader, root);

    if (block == NULL)
        return;
    end_tool(reader, *block);
    *block = BLOCK_NONE;
}

static void on_message_delta(struct answer_reader *reader, uint32_t root)
{
    const struct json_doc *doc = reader->doc;
    uint32_t usage = json_find(doc, root, "usage");

    read_stop_reason(reader, json_find(doc, json_find(doc, root, "delta"), "stop_reason"));
    read_usage(reader, usage);
    if (!json_is_null(doc, usage))
        anthropic_usage_set(reader->numbers, &reader->answer->usage);
}

static void on_message_stop(struct answer_reader *reader, uint32_t root)
{
    (void)root;
    end(reader);
}

static const struct {
    const char *type;
    void (*read)(struct answer_reader *reader, uint32_t root);
} events[] = {
    {"content_block_delta", on_block_delta},
    {"content_block_start", on_block_start},
    {"content_block_stop", on_block_stop},
    {"message_start", on_message_start},
    {"message_delta", on_message_delta},
    {"message_stop", on_message_stop},
    {"error", on_error},
};

void anthropic_read_frame(struct answer_reader *reader, struct span event, struct span data)
{
    uint32_t type;

    (void)event; /* the data says the same */
    reader->signs = 0;
    if (reader->done || data.size == 0 || span_is(data, "[DONE]"))
        return;
    if (json_parse(reader->doc, data, &limits_frame) != JSON_OK ||
        json_kind(reader->doc, 0) != JSON_OBJECT) {
        answer_reader_malformed(reader);
        return;
    }
    type = json_find(reader->doc, 0, "type");
    if (!json_is(reader->doc, type, JSON_STRING)) {
        on_error(reader, 0);
        return;
    }
    for (size_t i = 0; i < array_size(events); i++) {
        if (json_string_is(reader->doc, type, events[i].type)) {
            events[i].read(reader, 0);
            return;
        }
    }
}

/* ---- whole ---- */

static void read_content(struct answer_reader *reader, uint32_t content)
{
    const struct json_doc *doc = reader->doc;

    for (uint32_t at = json_first(doc, content); at != JSON_NONE;
         at = json_after(doc, content, at)) {
        uint16_t block = read_block(reader, at);
        if ((block & BLOCK_KIND) == BLOCK_TOOL || block == BLOCK_SCHEMA)
            emit_input(reader, json_find(doc, at, "input"), block);
    }
}

void anthropic_read_whole(struct answer_reader *reader, struct span body)
{
    const struct json_doc *doc = reader->doc;
    struct answer_event event = {.kind = EVENT_BEGIN};
    uint32_t content, error;

    reader->signs = 0;
    if (json_parse(reader->doc, body, &json_limits_body) != JSON_OK) {
        answer_reader_malformed(reader);
        return;
    }
    error = find_error(doc);
    content = json_find(doc, 0, "content");
    if (error != JSON_NONE) {
        emit_error(reader, error);
        return;
    }
    if (!json_is(doc, content, JSON_ARRAY)) {
        answer_reader_malformed(reader);
        return;
    }
    event.id = json_inside_in(reader->doc, 0, "id");
    event.name = json_inside_in(reader->doc, 0, "model");
    answer_reader_emit(reader, &event);
    read_usage(reader, json_find(doc, 0, "usage"));
    read_content(reader, content);
    read_stop_reason(reader, json_find(doc, 0, "stop_reason"));
    end(reader);
}
