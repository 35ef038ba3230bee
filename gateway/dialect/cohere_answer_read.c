/*
 * cohere_answer_read: the stream events and whole answers of Cohere's /v2/chat -> events.
 *
 * A stream has one message: blocks of content (text, thinking), the plan before tool calls, the
 * calls, citations; message-end tells why it ended and the usage, and is the end. The plan is
 * reasoning of a kind of its own ("a chain-of-thought style reflection"), and told as such.
 */
#include "common/base/json_writer.h"
#include "gateway/dialect/cohere.h"

static const struct json_limits limits_frame = {
    .max_bytes = (size_t)2 << 20, .max_depth = 64, .max_nodes = 100000};
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 2000000};

/* Notes in reader->numbers. Arguments: a bit per call that has some. */
enum note { CALLS = 0, ARGUMENTS = 1 };
enum { SOURCES_MAX = 64, INDEX_MAX = 0xffff, SCRATCH_LEFT = 64 * 1024 };

/* The value itself, or the first of an array: what is one in a stream's event is documented as
 * either. */
static uint32_t one_of(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_ARRAY) ? json_first(doc, node) : node;
}

/* ---- texts ---- */

static void tell_plan(struct answer_reader *reader, struct span text)
{
    if (text.size > 0)
        answer_reader_emit(
            reader, &(struct answer_event){.kind = EVENT_REASONING, .plan = true, .text = text});
}

static void read_content(struct answer_reader *reader, uint32_t content)
{
    const struct json_doc *doc = reader->doc;

    answer_reader_emit_text(reader, EVENT_REASONING, 0, json_inside_in(doc, content, "thinking"));
    answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside_in(doc, content, "text"));
}

static void read_contents(struct answer_reader *reader, uint32_t content)
{
    const struct json_doc *doc = reader->doc;

    if (json_is(doc, content, JSON_STRING))
        answer_reader_emit_text(reader, EVENT_TEXT, 0, json_inside(doc, content));
    else if (json_is(doc, content, JSON_ARRAY))
        for (uint32_t item = json_first(doc, content); item != JSON_NONE;
             item = json_after(doc, content, item))
            read_content(reader, item);
}

/* ---- log probabilities ---- */

/* A chunk of text may be several tokens: the chunk's is their sum. */
static void put_logprob(struct answer_reader *reader, uint32_t item, struct buf *out)
{
    const struct json_doc *doc = reader->doc;
    uint32_t list = json_find(doc, item, "logprobs");
    double sum = 0, one;

    if (!json_is(doc, list, JSON_ARRAY) || json_first(doc, list) == JSON_NONE)
        return;
    for (uint32_t n = json_first(doc, list); n != JSON_NONE; n = json_after(doc, list, n))
        sum += json_double(doc, n, &one) == 0 ? one : 0;
    buf_add_string(out, out->size > 0 ? "," : "");
    buf_add_string(out, "{\"token\":\"");
    buf_add_span(out, json_inside_in(doc, item, "text"));
    buf_add_string(out, "\",\"logprob\":");
    if (json_count(doc, list) == 1)
        buf_add_span(out, json_raw(doc, json_first(doc, list)));
    else
        buf_printf(out, "%.9g", sum);
    buf_add_string(out, ",\"bytes\":null,\"top_logprobs\":[]}");
}

static void read_logprobs(struct answer_reader *reader, uint32_t node)
{
    const struct json_doc *doc = reader->doc;
    struct buf items, all;

    if (json_is_null(doc, node))
        return;
    items = buf_make(8 * json_raw(doc, node).size + 256);
    all = buf_make(8 * json_raw(doc, node).size + 512);
    if (json_is(doc, node, JSON_ARRAY))
        for (uint32_t item = json_first(doc, node); item != JSON_NONE;
             item = json_after(doc, node, item))
            put_logprob(reader, item, &items);
    else
        put_logprob(reader, node, &items);
    buf_add_string(&all, "{\"content\":[");
    buf_add_span(&all, buf_span(&items));
    buf_add_string(&all, "],\"refusal\":null}");
    if (items.size > 0 && !buf_failed(&items) && !buf_failed(&all))
        answer_reader_emit(reader,
                           &(struct answer_event){.kind = EVENT_LOGPROBS, .json = buf_span(&all)});
    buf_done(&items);
    buf_done(&all);
}

/* ---- tool calls ---- */

/* Arguments that are no string but the object itself become one. */
static struct span arguments_of(struct answer_reader *reader, uint32_t function)
{
    const struct json_doc *doc = reader->doc;
    uint32_t node = json_find(doc, function, "arguments");
    struct buf quoted;
    struct span inside = {0};

    if (json_is_null(doc, node) || json_is(doc, node, JSON_STRING))
        return json_inside(doc, node);
    quoted = buf_make(6 * json_raw(doc, node).size + 2);
    if (json_quote(&quoted, json_raw(doc, node)) == 0 &&
        arena_room(reader->arena) > quoted.size + SCRATCH_LEFT) {
        inside = arena_span(reader->arena, buf_span(&quoted));
        inside = span_part(inside, 1, inside.size - 2);
    }
    buf_done(&quoted);
    return inside;
}

static void tell_arguments(struct answer_reader *reader, uint32_t tool, struct span text)
{
    int64_t *word = &reader->numbers[ARGUMENTS + tool / 64];
    uint64_t bit = UINT64_C(1) << (tool % 64);

    /* A model's null at their begin: it wants none. */
    if (text.size == 0 || (((uint64_t)*word & bit) == 0 && span_is(text, "null")))
        return;
    *word = (int64_t)((uint64_t)*word | bit);
    answer_reader_emit(reader,
                       &(struct answer_event){.kind = EVENT_ARGUMENTS, .tool = tool, .text = text});
}

/* The number of the last call of that index, or -1. */
static int64_t find_call(const struct answer_reader *reader, int64_t index)
{
    for (int64_t i = reader->numbers[CALLS] - 1; i >= 0; i--)
        if (reader->blocks[i] == index)
            return i;
    return -1;
}

/* Whether it is the last call once more: some repeat its begin with the same id. */
static bool is_again(const struct answer_reader *reader, int64_t index, struct span id)
{
    int64_t count = reader->numbers[CALLS];

    return count > 0 && reader->blocks[count - 1] == index && id.size > 0 &&
           span_is(id, reader->held_id);
}

static void keep_id(struct answer_reader *reader, struct span id)
{
    size_t size = id.size < sizeof(reader->held_id) ? id.size : 0;

    if (size > 0)
        memcpy(reader->held_id, id.at, size);
    reader->held_id[size] = '\0';
}

static void begin_call(struct answer_reader *reader, uint32_t call, int64_t index)
{
    const struct json_doc *doc = reader->doc;
    uint32_t function = json_find(doc, call, "function");
    struct span id = json_inside_in(doc, call, "id");
    int64_t count = reader->numbers[CALLS];

    if (count == LANGUAGE_TOOLS_MAX || index < 0 || index > INDEX_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    if (!is_again(reader, index, id)) {
        reader->numbers[CALLS]++;
        reader->blocks[count] = (uint16_t)index;
        keep_id(reader, id);
        answer_reader_emit(reader,
                           &(struct answer_event){.kind = EVENT_TOOL,
                                                  .tool = (uint32_t)count,
                                                  .id = id,
                                                  .name = json_inside_in(doc, function, "name")});
    } else {
        count--;
    }
    tell_arguments(reader, (uint32_t)count, arguments_of(reader, function));
}

static void read_call_delta(struct answer_reader *reader, uint32_t call, int64_t index)
{
    uint32_t function = json_find(reader->doc, call, "function");
    int64_t number = find_call(reader, index);

    /* Arguments of no call: what they would be told with is lost. */
    if (number < 0)
        answer_reader_malformed(reader);
    else
        tell_arguments(reader, (uint32_t)number, arguments_of(reader, function));
}

static void read_calls(struct answer_reader *reader, uint32_t calls)
{
    const struct json_doc *doc = reader->doc;
    int64_t index = 0;

    if (!json_is(doc, calls, JSON_ARRAY))
        return;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE;
         call = json_after(doc, calls, call))
        if (json_is(doc, call, JSON_OBJECT))
            begin_call(reader, call, index++);
}

/* ---- citations ---- */

static struct span url_of(const struct json_doc *doc, uint32_t data)
{
    static const char *const names[] = {"url", "link", "source"};
    struct span url = {0};

    for (size_t i = 0; i < array_size(names) && url.size == 0; i++)
        url = json_inside_in(doc, data, names[i]);
    return url;
}

static void put_index(const struct json_doc *doc, uint32_t citation, const char *name,
                      const char *as, struct buf *out)
{
    int64_t value = 0;

    (void)!json_int64(doc, json_find(doc, citation, name), &value);
    buf_printf(out, ",\"%s\":%lld", as, (long long)value);
}

/* A source without an address is named by its id. */
static void cite(struct answer_reader *reader, uint32_t citation, uint32_t source)
{
    const struct json_doc *doc = reader->doc;
    uint32_t document = json_find(doc, source, "document");
    uint32_t data = document == JSON_NONE ? json_find(doc, source, "tool_output") : document;
    struct span id = json_inside_in(doc, source, "id"), url = url_of(doc, data);
    struct span title = json_inside_in(doc, data, "title");
    struct buf out = buf_make(json_raw(doc, citation).size + 2 * json_raw(doc, source).size + 256);

    buf_add_string(&out, "{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"");
    buf_add_span(&out, url.size > 0 ? url : id);
    buf_add_string(&out, "\",\"title\":\"");
    buf_add_span(&out, title.size > 0 ? title : id);
    buf_add_string(&out, "\",\"content\":\"");
    buf_add_span(&out, json_inside_in(doc, citation, "text"));
    buf_add_string(&out, "\"");
    put_index(doc, citation, "start", "start_index", &out);
    put_index(doc, citation, "end", "end_index", &out);
    buf_add_string(&out, "}}");
    if (!buf_failed(&out))
        answer_reader_emit(reader,
                           &(struct answer_event){.kind = EVENT_CITATION, .json = buf_span(&out)});
    buf_done(&out);
}

/* Those of a plan or of thinking point into other texts than the answer's. */
static void read_citation(struct answer_reader *reader, uint32_t citation)
{
    const struct json_doc *doc = reader->doc;
    uint32_t sources = json_find(doc, citation, "sources"), count = 0;
    struct span type = json_inside_in(doc, citation, "type");

    if ((type.size > 0 && !span_is(type, "TEXT_CONTENT")) || !json_is(doc, sources, JSON_ARRAY))
        return;
    for (uint32_t source = json_first(doc, sources); source != JSON_NONE && count < SOURCES_MAX;
         source = json_after(doc, sources, source), count++)
        cite(reader, citation, source);
}

static void read_citations(struct answer_reader *reader, uint32_t citations)
{
    const struct json_doc *doc = reader->doc;

    if (json_is(doc, citations, JSON_OBJECT))
        read_citation(reader, citations);
    else if (json_is(doc, citations, JSON_ARRAY))
        for (uint32_t citation = json_first(doc, citations); citation != JSON_NONE;
             citation = json_after(doc, citations, citation))
            read_citation(reader, citation);
}

/* ---- ends ---- */

static enum answer_finish finish_of(struct span word)
{
    static const struct {
        const char *word;
        enum answer_finish finish;
    } rows[] = {
        {"COMPLETE", FINISH_STOP},
        {"STOP_SEQUENCE", FINISH_STOP},
        {"MAX_TOKENS", FINISH_LENGTH},
        {"TOOL_CALL", FINISH_TOOL_CALLS},
        {"ERROR", FINISH_ERROR},
        {"TIMEOUT", FINISH_ERROR},
        /* Of v1, which older deployments still say. */
        {"ERROR_TOXIC", FINISH_CONTENT_FILTER},
        {"ERROR_LIMIT", FINISH_LENGTH},
        {"USER_CANCEL", FINISH_STOP},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is_nocase(word, rows[i].word))
            return rows[i].finish;
    return FINISH_STOP;
}

static void fail(struct answer_reader *reader)
{
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_ERROR});
}

/* `node` has finish_reason and usage: the delta of message-end, or a whole answer. */
static void end(struct answer_reader *reader, uint32_t node)
{
    const struct json_doc *doc = reader->doc;
    struct answer_usage *usage = &reader->answer->usage;
    struct span word = json_inside_in(doc, node, "finish_reason");
    enum answer_finish how = finish_of(word);
    uint32_t told = json_find(doc, node, "usage");

    if (how == FINISH_STOP && reader->tool_count > 0)
        how = FINISH_TOOL_CALLS;
    answer_reader_emit(reader,
                       &(struct answer_event){.kind = EVENT_FINISH, .finish = how, .text = word});
    if (!json_is_null(doc, told))
        cohere_read_usage(doc, told, COHERE_CHAT, usage);
    if (usage->state != ANSWER_USAGE_ABSENT)
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_USAGE, .usage = usage});
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_DONE});
}

static void end_message(struct answer_reader *reader, uint32_t delta)
{
    const struct json_doc *doc = reader->doc;
    struct span error = json_inside_in(doc, delta, "error");

    if (error.size == 0) {
        end(reader, delta);
        return;
    }
    cohere_copy_message(reader->answer, error);
    fail(reader);
}

/* ---- frames ---- */

enum frame {
    FRAME_UNKNOWN, /* content-end, tool-call-end, citation-end and what is still to come */
    FRAME_START,
    FRAME_CONTENT,
    FRAME_PLAN,
    FRAME_CALL,
    FRAME_CALL_DELTA,
    FRAME_CITATION,
    FRAME_END,
    FRAME_ERROR
};

static enum frame frame_of(struct span type)
{
    static const struct {
        const char *type;
        enum frame frame;
    } rows[] = {
        {"message-start", FRAME_START},
        {"content-start", FRAME_CONTENT},
        {"content-delta", FRAME_CONTENT},
        {"tool-plan-delta", FRAME_PLAN},
        {"tool-call-start", FRAME_CALL},
        {"tool-call-delta", FRAME_CALL_DELTA},
        {"citation-start", FRAME_CITATION},
        {"message-end", FRAME_END},
        {"error", FRAME_ERROR},
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is(type, rows[i].type))
            return rows[i].frame;
    return FRAME_UNKNOWN;
}

static void read_event(struct answer_reader *reader, enum frame frame)
{
    const struct json_doc *doc = reader->doc;
    uint32_t delta = json_find(doc, 0, "delta"), message = json_find(doc, delta, "message");
    uint32_t call = one_of(doc, json_find(doc, message, "tool_calls"));
    int64_t index = 0;

    (void)!json_int64(doc, json_find(doc, 0, "index"), &index);
    switch (frame) {
    case FRAME_START:
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_BEGIN,
                                                          .id = json_inside_in(doc, 0, "id")});
        break;
    case FRAME_CONTENT:
        read_content(reader, one_of(doc, json_find(doc, message, "content")));
        read_logprobs(reader, json_find(doc, 0, "logprobs"));
        break;
    case FRAME_PLAN:
        tell_plan(reader, json_inside_in(doc, message, "tool_plan"));
        break;
    case FRAME_CALL:
        begin_call(reader, call, index);
        break;
    case FRAME_CALL_DELTA:
        read_call_delta(reader, call, index);
        break;
    case FRAME_CITATION:
        read_citations(reader, json_find(doc, message, "citations"));
        break;
    case FRAME_END:
        end_message(reader, delta);
        break;
    case FRAME_ERROR:
    case FRAME_UNKNOWN:
        break;
    }
}

static bool parse(struct answer_reader *reader, struct span text, const struct json_limits *limits)
{
    return json_parse(reader->doc, text, limits) == JSON_OK &&
           json_kind(reader->doc, 0) == JSON_OBJECT;
}

void cohere_read_frame(struct answer_reader *reader, struct span event, struct span data)
{
    struct span type;
    enum frame frame;

    reader->signs = 0;
    data = span_trim(data);
    if (data.size == 0 || reader->done || span_is(data, "[DONE]"))
        return;
    if (!parse(reader, data, &limits_frame)) {
        answer_reader_malformed(reader);
        return;
    }
    type = json_inside_in(reader->doc, 0, "type");
    frame = frame_of(type.size > 0 ? type : event);
    if (frame == FRAME_ERROR || type.size == 0) {
        if (cohere_take_error(reader->doc, reader->answer) || frame == FRAME_ERROR) {
            fail(reader);
            return;
        }
    }
    read_event(reader, frame);
}

void cohere_read_whole(struct answer_reader *reader, struct span body)
{
    const struct json_doc *doc = reader->doc;
    uint32_t message;

    reader->signs = 0;
    if (!parse(reader, body, &limits_whole)) {
        answer_reader_malformed(reader);
        return;
    }
    message = json_find(doc, 0, "message");
    if (!json_is(doc, message, JSON_OBJECT)) {
        if (cohere_take_error(doc, reader->answer))
            fail(reader);
        else
            answer_reader_malformed(reader);
        return;
    }
    answer_reader_emit(
        reader, &(struct answer_event){.kind = EVENT_BEGIN, .id = json_inside_in(doc, 0, "id")});
    read_contents(reader, json_find(doc, message, "content"));
    read_logprobs(reader, json_find(doc, 0, "logprobs"));
    tell_plan(reader, json_inside_in(doc, message, "tool_plan"));
    read_calls(reader, json_find(doc, message, "tool_calls"));
    read_citations(reader, json_find(doc, message, "citations"));
    if ((reader->signs & ANSWER_MALFORMED) == 0)
        end(reader, 0);
}
