/*
 * anthropic_answer_write: events as a client of Anthropic's Messages API gets them.
 *
 * A block is open at a time, in a stream and in a whole message alike. The reason of the end and
 * the usage leave together, in the last message_delta, which is why they wait for DONE. Errors are
 * told by the flow, other choices than the first by nobody.
 */
#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "gateway/dialect/anthropic.h"

enum block_kind { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINKING, BLOCK_REDACTED, BLOCK_TOOL };

static const char *const stop_reasons[FINISHES] = {
    [FINISH_STOP] = "end_turn",       [FINISH_LENGTH] = "max_tokens",
    [FINISH_TOOL_CALLS] = "tool_use", [FINISH_CONTENT_FILTER] = "refusal",
    [FINISH_PAUSE] = "pause_turn",    [FINISH_ERROR] = "end_turn",
};

static const struct json_limits limits_arguments = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

/* Text that grows in the arena of the request. */
struct grown {
    char *at;
    size_t size, capacity;
};

struct block {
    struct block *next;
    enum block_kind kind;
    struct grown text;  /* of a call: its arguments, the inside of a string; REDACTED: the data */
    struct grown extra; /* THINKING: the signature; TEXT: citations, with a comma before each */
    struct span id, name;
};

/* writer->gathered */
struct writing {
    enum block_kind open;
    bool is_signed; /* the thinking that is open */
    uint32_t index; /* of the block that is open, or of the last one */
    uint32_t tool_index[LANGUAGE_TOOLS_MAX];
    struct block *tools[LANGUAGE_TOOLS_MAX]; /* whole answers only, as are the next two */
    struct block *first, *last;
    bool too_large;
    bool stop_sequence;
    bool told; /* usage */
    struct meters meters;
    struct span more; /* of usage: further members */
};

static struct writing *writing_of(struct answer_writer *writer)
{
    if (writer->gathered == NULL && arena_room(writer->arena) > 2 * sizeof(struct writing))
        writer->gathered = arena_take(writer->arena, sizeof(struct writing));
    return writer->gathered;
}

/* ---- what both forms have in common ---- */

static void add_inside(struct buf *out, const char *before, struct span inside)
{
    buf_add_string(out, before);
    buf_add_byte(out, '"');
    buf_add_span(out, inside);
    buf_add_byte(out, '"');
}

static void add_id_and_model(const struct answer_writer *writer)
{
    buf_add_string(writer->out, "\"id\":\"msg_");
    buf_add_span(writer->out, writer->id);
    add_inside(writer->out,
               "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":", writer->model);
}

static void add_usage(struct buf *out, const struct meters *meters, struct span more)
{
    const int64_t *count = meters->count;
    int64_t hour = count[METER_CACHE_WRITE_1H], minutes = count[METER_CACHE_WRITE_5M];

    buf_printf(
        out,
        "\"usage\":{\"input_tokens\":%lld,\"cache_creation_input_tokens\":%lld,"
        "\"cache_read_input_tokens\":%lld,\"output_tokens\":%lld",
        (long long)(count[METER_INPUT] + count[METER_INPUT_AUDIO] + count[METER_INPUT_IMAGE]),
        (long long)(hour + minutes), (long long)count[METER_CACHE_READ],
        (long long)(count[METER_OUTPUT] + count[METER_OUTPUT_AUDIO] + count[METER_OUTPUT_IMAGE]));
    if (hour + minutes > 0)
        buf_printf(out,
                   ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":%lld,"
                   "\"ephemeral_1h_input_tokens\":%lld}",
                   (long long)minutes, (long long)hour);
    buf_add_string(out, more.size > 0 ? "," : "");
    buf_add_span(out, more);
    buf_add_byte(out, '}');
}

static void add_stop(struct answer_writer *writer, const struct writing *w)
{
    const char *reason = stop_reasons[writer->finish];

    /* Some say "stop" beside their calls; a client runs them only when told to. */
    if (writer->finish == FINISH_STOP && writer->tools > 0)
        reason = stop_reasons[FINISH_TOOL_CALLS];
    else if (w->stop_sequence)
        reason = "stop_sequence";
    buf_printf(writer->out, "\"stop_reason\":\"%s\",\"stop_sequence\":null", reason);
}

static void note_usage(struct answer_writer *writer, struct writing *w,
                       const struct answer_usage *usage, struct span more)
{
    if (usage == NULL || usage->state != ANSWER_USAGE_GOOD)
        return;
    w->told = true;
    w->meters = usage->shown.present != 0 ? usage->shown : usage->meters;
    if (more.size > 0 && arena_room(writer->arena) > 2 * more.size)
        w->more = arena_span(writer->arena, more);
}

/* OpenAI's annotation as the citation of a web search; nothing when it is another. */
static void add_citation(struct buf *out, struct span annotation)
{
    static const char *const names[][2] = {
        {"url", "\"url\":"}, {"title", ",\"title\":"}, {"content", ",\"cited_text\":"}};
    struct json_doc doc = json_doc_make();
    uint32_t citation = JSON_NONE;

    if (json_parse(&doc, annotation, &limits_arguments) == JSON_OK)
        citation = json_find(&doc, 0, "url_citation");
    if (!json_is_null(&doc, citation) && json_kind(&doc, citation) == JSON_OBJECT) {
        buf_add_string(out, "{\"type\":\"web_search_result_location\",");
        for (size_t i = 0; i < array_size(names); i++) {
            uint32_t node = json_find(&doc, citation, names[i][0]);
            bool there = !json_is_null(&doc, node) && json_kind(&doc, node) == JSON_STRING;
            buf_add_string(out, names[i][1]);
            buf_add_span(out, there ? json_raw(&doc, node) : span_of("\"\""));
        }
        buf_add_string(out, ",\"encrypted_index\":\"\"}");
    }
    json_doc_done(&doc);
}

/* ---- a stream ---- */

static void begin_frame(struct answer_writer *writer, const char *type)
{
    buf_printf(writer->out, "event: %s\ndata: {\"type\":\"%s\"", type, type);
}

static void end_frame(struct answer_writer *writer)
{
    buf_add_string(writer->out, "}\n\n");
}

static void stream_begin(struct answer_writer *writer, const struct writing *w)
{
    begin_frame(writer, "message_start");
    buf_add_string(writer->out, ",\"message\":{");
    add_id_and_model(writer);
    buf_add_string(writer->out, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
    add_usage(writer->out, &w->meters, (struct span){0}); /* what is known of it by now */
    buf_add_byte(writer->out, '}');
    end_frame(writer);
}

static void stream_open(struct answer_writer *writer, const struct writing *w,
                        const struct answer_event *event)
{
    struct buf *out = writer->out;

    begin_frame(writer, "content_block_start");
    buf_printf(out, ",\"index\":%u,\"content_block\":{\"type\":", w->index);
    switch (w->open) {
    case BLOCK_TEXT:
        buf_add_string(out, "\"text\",\"text\":\"\"}");
        break;
    case BLOCK_THINKING:
        buf_add_string(out, "\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");
        break;
    case BLOCK_REDACTED:
        add_inside(out, "\"redacted_thinking\",\"data\":", event->text);
        buf_add_byte(out, '}');
        break;
    case BLOCK_TOOL:
        add_inside(out, "\"tool_use\",\"id\":", event->id);
        add_inside(out, ",\"name\":", event->name);
        buf_add_string(out, ",\"input\":{}}");
        break;
    case BLOCK_NONE:
        break;
    }
    end_frame(writer);
}

static void stream_delta(struct answer_writer *writer, uint32_t index, const char *type,
                         const char *member, struct span inside)
{
    begin_frame(writer, "content_block_delta");
    buf_printf(writer->out, ",\"index\":%u,\"delta\":{\"type\":\"%s\",\"%s\":", index, type,
               member);
    add_inside(writer->out, "", inside);
    buf_add_byte(writer->out, '}');
    end_frame(writer);
}

static void stream_citation(struct answer_writer *writer, uint32_t index, struct span citation)
{
    begin_frame(writer, "content_block_delta");
    buf_printf(writer->out,
               ",\"index\":%u,\"delta\":{\"type\":\"citations_delta\",\"citation\":", index);
    buf_add_span(writer->out, citation);
    buf_add_byte(writer->out, '}');
    end_frame(writer);
}

static void stream_close(struct answer_writer *writer, uint32_t index)
{
    begin_frame(writer, "content_block_stop");
    buf_printf(writer->out, ",\"index\":%u", index);
    end_frame(writer);
}

static void stream_end(struct answer_writer *writer, const struct writing *w)
{
    begin_frame(writer, "message_delta");
    buf_add_string(writer->out, ",\"delta\":{");
    add_stop(writer, w);
    buf_add_string(writer->out, "},");
    add_usage(writer->out, &w->meters, w->more);
    end_frame(writer);
    begin_frame(writer, "message_stop");
    end_frame(writer);
}

/* ---- a whole message ---- */

static void grow(struct answer_writer *writer, struct writing *w, struct grown *text,
                 struct span more)
{
    if (more.size > text->capacity - text->size) {
        size_t capacity = 2 * (text->size + more.size) + 64;
        char *at;
        if (arena_room(writer->arena) < 2 * capacity) {
            w->too_large = true;
            return;
        }
        at = arena_take(writer->arena, capacity);
        if (text->size > 0)
            memcpy(at, text->at, text->size);
        text->at = at;
        text->capacity = capacity;
    }
    if (more.size > 0)
        memcpy(text->at + text->size, more.at, more.size);
    text->size += more.size;
}

static struct span kept(struct answer_writer *writer, struct writing *w, struct span text)
{
    if (arena_room(writer->arena) > 2 * text.size + 64)
        return arena_span(writer->arena, text);
    w->too_large = true;
    return (struct span){0};
}

static struct block *add_block(struct answer_writer *writer, struct writing *w,
                               const struct answer_event *event)
{
    struct block *block;

    if (arena_room(writer->arena) < 4 * sizeof(*block)) {
        w->too_large = true;
        return NULL;
    }
    block = arena_take(writer->arena, sizeof(*block));
    *block = (struct block){.kind = w->open};
    block->id = kept(writer, w, event->id);
    block->name = kept(writer, w, event->name);
    if (w->open == BLOCK_REDACTED)
        grow(writer, w, &block->text, event->text);
    if (w->last == NULL)
        w->first = block;
    else
        w->last->next = block;
    w->last = block;
    return block;
}

static struct span grown_span(const struct grown *text)
{
    return span_make(text->at, text->size);
}

/* Arguments are the inside of a string; what is no object is kept as the text it is. */
static void add_input(struct buf *out, struct span inside)
{
    struct buf decoded = buf_make(inside.size + 8);
    struct json_doc doc = json_doc_make();
    struct span text;

    json_unescape(inside, &decoded);
    text = buf_span(&decoded);
    if (text.size == 0 || span_is(text, "null")) {
        buf_add_string(out, "{}");
    } else if (json_parse(&doc, text, &limits_arguments) == JSON_OK &&
               json_kind(&doc, 0) == JSON_OBJECT) {
        buf_add_span(out, json_raw(&doc, 0));
    } else {
        add_inside(out, "{\"_arguments\":", inside);
        buf_add_byte(out, '}');
    }
    json_doc_done(&doc);
    buf_done(&decoded);
}

static void add_whole_block(struct buf *out, const struct block *block)
{
    struct span text = grown_span(&block->text), extra = grown_span(&block->extra);

    switch (block->kind) {
    case BLOCK_TEXT:
        add_inside(out, "{\"type\":\"text\",\"text\":", text);
        if (extra.size > 0) {
            buf_add_string(out, ",\"citations\":[");
            buf_add_span(out, span_part(extra, 1, extra.size));
            buf_add_byte(out, ']');
        }
        break;
    case BLOCK_THINKING:
        add_inside(out, "{\"type\":\"thinking\",\"thinking\":", text);
        add_inside(out, ",\"signature\":", extra);
        break;
    case BLOCK_REDACTED:
        add_inside(out, "{\"type\":\"redacted_thinking\",\"data\":", text);
        break;
    case BLOCK_TOOL:
        add_inside(out, "{\"type\":\"tool_use\",\"id\":", block->id);
        add_inside(out, ",\"name\":", block->name);
        buf_add_string(out, ",\"input\":");
        add_input(out, text);
        break;
    case BLOCK_NONE:
        return;
    }
    buf_add_byte(out, '}');
}

static void whole_end(struct answer_writer *writer, const struct writing *w)
{
    struct buf *out = writer->out;

    if (w->too_large) {
        out->failed = true;
        return;
    }
    buf_add_byte(out, '{');
    add_id_and_model(writer);
    buf_add_string(out, ",\"content\":[");
    for (const struct block *block = w->first; block != NULL; block = block->next) {
        add_whole_block(out, block);
        buf_add_string(out, block->next != NULL ? "," : "");
    }
    buf_add_string(out, "],");
    add_stop(writer, w);
    buf_add_byte(out, ',');
    add_usage(out, &w->meters, w->more);
    buf_add_byte(out, '}');
}

/* ---- which block is open ---- */

static void close_block(struct answer_writer *writer, struct writing *w)
{
    if (w->open != BLOCK_NONE && writer->stream)
        stream_close(writer, w->index);
    w->open = BLOCK_NONE;
    w->is_signed = false;
}

static void open_block(struct answer_writer *writer, struct writing *w, enum block_kind kind,
                       const struct answer_event *event)
{
    close_block(writer, w);
    w->open = kind;
    w->index = writer->block++;
    if (writer->stream)
        stream_open(writer, w, event);
    else
        (void)add_block(writer, w, event);
}

static void on_text(struct answer_writer *writer, struct writing *w,
                    const struct answer_event *event)
{
    if (w->open != BLOCK_TEXT)
        open_block(writer, w, BLOCK_TEXT, event);
    if (writer->stream)
        stream_delta(writer, w->index, "text_delta", "text", event->text);
    else if (!w->too_large)
        grow(writer, w, &w->last->text, event->text);
}

/* Behind a signature another block of thinking begins. */
static void on_reasoning(struct answer_writer *writer, struct writing *w,
                         const struct answer_event *event)
{
    if (w->open != BLOCK_THINKING || w->is_signed)
        open_block(writer, w, BLOCK_THINKING, event);
    if (writer->stream)
        stream_delta(writer, w->index, "thinking_delta", "thinking", event->text);
    else if (!w->too_large)
        grow(writer, w, &w->last->text, event->text);
}

/* Thinking may be signed and not told. A call's own signature has no place here. */
static void on_signature(struct answer_writer *writer, struct writing *w,
                         const struct answer_event *event)
{
    if (event->of_call)
        return;
    if (w->open != BLOCK_THINKING)
        open_block(writer, w, BLOCK_THINKING, event);
    w->is_signed = true;
    if (writer->stream)
        stream_delta(writer, w->index, "signature_delta", "signature", event->text);
    else if (!w->too_large)
        grow(writer, w, &w->last->extra, event->text);
}

static void on_redacted(struct answer_writer *writer, struct writing *w,
                        const struct answer_event *event)
{
    open_block(writer, w, BLOCK_REDACTED, event);
    close_block(writer, w);
}

static void on_tool(struct answer_writer *writer, struct writing *w,
                    const struct answer_event *event)
{
    if (event->tool >= LANGUAGE_TOOLS_MAX)
        return;
    open_block(writer, w, BLOCK_TOOL, event);
    writer->tools++;
    w->tool_index[event->tool] = w->index;
    w->tools[event->tool] = w->last;
}

/* They may come for a call that is not the last one: its block is known by its index. */
static void on_arguments(struct answer_writer *writer, struct writing *w,
                         const struct answer_event *event)
{
    if (event->tool >= LANGUAGE_TOOLS_MAX)
        return;
    if (writer->stream)
        stream_delta(writer, w->tool_index[event->tool], "input_json_delta", "partial_json",
                     event->text);
    else if (w->tools[event->tool] != NULL)
        grow(writer, w, &w->tools[event->tool]->text, event->text);
}

static void on_citation(struct answer_writer *writer, struct writing *w,
                        const struct answer_event *event)
{
    struct buf citation = buf_make(2 * event->json.size + 256);

    add_citation(&citation, event->json);
    if (citation.size > 0 && !buf_failed(&citation)) {
        if (w->open != BLOCK_TEXT)
            open_block(writer, w, BLOCK_TEXT, event);
        if (writer->stream) {
            stream_citation(writer, w->index, buf_span(&citation));
        } else if (!w->too_large) {
            grow(writer, w, &w->last->extra, span_of(","));
            grow(writer, w, &w->last->extra, buf_span(&citation));
        }
    }
    buf_done(&citation);
}

static void on_end(struct answer_writer *writer, struct writing *w)
{
    close_block(writer, w);
    if (writer->stream)
        stream_end(writer, w);
    else
        whole_end(writer, w);
}

static void on_content(struct answer_writer *writer, struct writing *w,
                       const struct answer_event *event)
{
    switch (event->kind) {
    case EVENT_TEXT:
    case EVENT_REFUSAL:
        on_text(writer, w, event);
        return;
    case EVENT_REASONING:
        on_reasoning(writer, w, event);
        return;
    case EVENT_SIGNATURE:
        on_signature(writer, w, event);
        return;
    case EVENT_REDACTED:
        on_redacted(writer, w, event);
        return;
    case EVENT_TOOL:
        on_tool(writer, w, event);
        return;
    case EVENT_ARGUMENTS:
        on_arguments(writer, w, event);
        return;
    case EVENT_CITATION:
        on_citation(writer, w, event);
        return;
    case EVENT_BEGIN:
    case EVENT_LOGPROBS:
    case EVENT_IMAGE:
    case EVENT_FINISH:
    case EVENT_USAGE:
    case EVENT_ERROR:
    case EVENT_DONE:
    case EVENT_KINDS:
        return;
    }
}

void anthropic_write_answer(struct answer_writer *writer, const struct answer_event *event)
{
    struct writing *w = writing_of(writer);

    if (w == NULL) {
        writer->out->failed = true;
        return;
    }
    if (event->choice != 0)
        return;
    if (event->kind == EVENT_BEGIN) {
        note_usage(writer, w, event->usage, (struct span){0});
        if (writer->stream)
            stream_begin(writer, w);
    } else if (event->kind == EVENT_FINISH) {
        close_block(writer, w);
        writer->finish = event->finish;
        w->stop_sequence = span_is(event->text, "stop_sequence");
    } else if (event->kind == EVENT_USAGE) {
        note_usage(writer, w, event->usage, event->json);
    } else if (event->kind == EVENT_DONE) {
        on_end(writer, w);
    } else {
        on_content(writer, w, event);
    }
}

void anthropic_write_ping(struct answer_writer *writer)
{
    if (writer->stream)
        buf_add_string(writer->out, "event: ping\ndata: {\"type\": \"ping\"}\n\n");
}
