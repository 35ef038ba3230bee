/*
 * anthropic_answer_write: events as a client of Anthropic's Messages API gets them.
 *
 * A block is open at a time, in a stream and in a whole message alike. The reason of the end and
 * the usage leave together, in the last message_delta, which is why they wait for DONE. Errors are
 * told by the flow, other choices than the first by nobody.
 */
#include "common/base/json.h"
#include "gateway/dialect/anthropic_writer.h"

static const struct json_limits limits_annotation = {
    .max_bytes = (size_t)1 << 20, .max_depth = 16, .max_nodes = 10000};

static struct anthropic_writer *writing_of(struct answer_writer *writer)
{
    if (writer->gathered == NULL && arena_room(writer->arena) > 2 * sizeof(struct anthropic_writer))
        writer->gathered = arena_take(writer->arena, sizeof(struct anthropic_writer));
    return writer->gathered;
}

static void note_usage(struct answer_writer *writer, struct anthropic_writer *w,
                       const struct answer_usage *usage, struct span more)
{
    if (usage == NULL || usage->state != ANSWER_USAGE_GOOD)
        return;
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

    if (json_parse(&doc, annotation, &limits_annotation) == JSON_OK)
        citation = json_find(&doc, 0, "url_citation");
    if (json_is(&doc, citation, JSON_OBJECT)) {
        buf_add_string(out, "{\"type\":\"web_search_result_location\",");
        for (size_t i = 0; i < array_size(names); i++) {
            uint32_t node = json_find(&doc, citation, names[i][0]);
            bool there = json_is(&doc, node, JSON_STRING);
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

static void stream_begin(struct answer_writer *writer, const struct anthropic_writer *w)
{
    begin_frame(writer, "message_start");
    buf_add_string(writer->out, ",\"message\":{");
    anthropic_add_id_and_model(writer);
    buf_add_string(writer->out, ",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,");
    anthropic_add_usage(writer->out, &w->meters, (struct span){0}); /* what is known of it by now */
    buf_add_byte(writer->out, '}');
    end_frame(writer);
}

static void stream_open(struct answer_writer *writer, const struct anthropic_writer *w,
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
        anthropic_add_inside(out, "\"redacted_thinking\",\"data\":", event->text);
        buf_add_byte(out, '}');
        break;
    case BLOCK_TOOL:
        anthropic_add_inside(out, "\"tool_use\",\"id\":", event->id);
        anthropic_add_inside(out, ",\"name\":", event->name);
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
    anthropic_add_inside(writer->out, "", inside);
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

static void stream_end(struct answer_writer *writer, const struct anthropic_writer *w)
{
    begin_frame(writer, "message_delta");
    buf_add_string(writer->out, ",\"delta\":{");
    anthropic_add_stop(writer, w);
    buf_add_string(writer->out, "},");
    anthropic_add_usage(writer->out, &w->meters, w->more);
    end_frame(writer);
    begin_frame(writer, "message_stop");
    end_frame(writer);
}

/* ---- which block is open ---- */

static void begin_block(struct answer_writer *writer, struct anthropic_writer *w,
                        enum anthropic_block_kind kind, const struct answer_event *event)
{
    w->open = kind;
    w->index = writer->block++;
    if (writer->stream)
        stream_open(writer, w, event);
    else
        (void)anthropic_add_block(writer, w, event);
}

static void end_block(struct answer_writer *writer, struct anthropic_writer *w)
{
    if (w->open != BLOCK_NONE && writer->stream)
        stream_close(writer, w->index);
    w->open = BLOCK_NONE;
    w->is_signed = false;
}

/* Behind a call comes what its provider wants to see beside it in the next turn. */
static void close_block(struct answer_writer *writer, struct anthropic_writer *w)
{
    const struct answer_event signature = {.kind = EVENT_REDACTED, .text = w->call_signature};

    end_block(writer, w);
    if (signature.text.size == 0)
        return;
    begin_block(writer, w, BLOCK_REDACTED, &signature);
    end_block(writer, w);
    w->call_signature = (struct span){0};
}

static void open_block(struct answer_writer *writer, struct anthropic_writer *w,
                       enum anthropic_block_kind kind, const struct answer_event *event)
{
    close_block(writer, w);
    begin_block(writer, w, kind, event);
}

/* A mark and a text, in the arena; empty when there is no room. */
static struct span join(struct answer_writer *writer, const char *mark, struct span text)
{
    size_t size = strlen(mark);
    char *at;

    if (size == 0)
        return text;
    if (arena_room(writer->arena) < 2 * (text.size + size))
        return (struct span){0};
    at = arena_take(writer->arena, text.size + size);
    memcpy(at, mark, size);
    memcpy(at + size, text.at, text.size);
    return span_make(at, text.size + size);
}

/* This language signs thoughts only: a call's signature goes as one that nobody can read. */
static void on_call_signature(struct answer_writer *writer, struct anthropic_writer *w,
                              const struct answer_event *event)
{
    if (w->open != BLOCK_TOOL || event->tool >= LANGUAGE_TOOLS_MAX ||
        w->tool_index[event->tool] != w->index || event->text.size == 0)
        return;
    w->call_signature = join(writer, ANTHROPIC_CALL_SIGNATURE, event->text);
}

static void on_text(struct answer_writer *writer, struct anthropic_writer *w,
                    const struct answer_event *event)
{
    if (w->open != BLOCK_TEXT)
        open_block(writer, w, BLOCK_TEXT, event);
    if (writer->stream)
        stream_delta(writer, w->index, "text_delta", "text", event->text);
    else if (!w->too_large)
        anthropic_grow(writer, w, &w->last->text, event->text);
}

/* Behind a signature another block of thinking begins. */
static void on_reasoning(struct answer_writer *writer, struct anthropic_writer *w,
                         const struct answer_event *event)
{
    /* A plan is neither text nor thought: this language has no place for it. */
    if (event->plan)
        return;
    if (w->open != BLOCK_THINKING || w->is_signed)
        open_block(writer, w, BLOCK_THINKING, event);
    if (writer->stream)
        stream_delta(writer, w->index, "thinking_delta", "thinking", event->text);
    else if (!w->too_large)
        anthropic_grow(writer, w, &w->last->text, event->text);
}

static void tell_signature(struct answer_writer *writer, struct anthropic_writer *w,
                           struct span text)
{
    if (text.size == 0)
        return;
    if (writer->stream)
        stream_delta(writer, w->index, "signature_delta", "signature", text);
    else if (!w->too_large)
        anthropic_grow(writer, w, &w->last->extra, text);
}

/* Thinking may be signed and not told. */
static void on_signature(struct answer_writer *writer, struct anthropic_writer *w,
                         const struct answer_event *event)
{
    if (event->of_call) {
        on_call_signature(writer, w, event);
        return;
    }
    if (w->open != BLOCK_THINKING)
        open_block(writer, w, BLOCK_THINKING, event);
    if (!w->is_signed && event->signer != SIGNER_ANTHROPIC)
        tell_signature(writer, w, span_of(signer_mark(event->signer)));
    w->is_signed = true;
    tell_signature(writer, w, event->text);
}

static void on_redacted(struct answer_writer *writer, struct anthropic_writer *w,
                        const struct answer_event *event)
{
    const char *mark = event->signer == SIGNER_ANTHROPIC ? "" : signer_mark(event->signer);
    struct answer_event marked = *event;

    marked.text = join(writer, mark, event->text);
    open_block(writer, w, BLOCK_REDACTED, &marked);
    close_block(writer, w);
}

static void on_tool(struct answer_writer *writer, struct anthropic_writer *w,
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
static void on_arguments(struct answer_writer *writer, struct anthropic_writer *w,
                         const struct answer_event *event)
{
    if (event->tool >= LANGUAGE_TOOLS_MAX)
        return;
    if (writer->stream)
        stream_delta(writer, w->tool_index[event->tool], "input_json_delta", "partial_json",
                     event->text);
    else if (w->tools[event->tool] != NULL)
        anthropic_grow(writer, w, &w->tools[event->tool]->text, event->text);
}

static void on_citation(struct answer_writer *writer, struct anthropic_writer *w,
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
            anthropic_grow(writer, w, &w->last->extra, span_of(","));
            anthropic_grow(writer, w, &w->last->extra, buf_span(&citation));
        }
    }
    buf_done(&citation);
}

static void on_end(struct answer_writer *writer, struct anthropic_writer *w)
{
    close_block(writer, w);
    if (writer->stream)
        stream_end(writer, w);
    else
        anthropic_write_message(writer, w);
}

static void on_content(struct answer_writer *writer, struct anthropic_writer *w,
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
    struct anthropic_writer *w = writing_of(writer);

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

/* ---- behind what passed ---- */

static enum anthropic_block_kind kind_of(const struct json_doc *frame)
{
    uint32_t type = json_find(frame, json_find(frame, 0, "content_block"), "type");
    bool told = !json_is_null(frame, type) && json_kind(frame, type) == JSON_STRING;

    if (told && json_string_is(frame, type, "text"))
        return BLOCK_TEXT;
    return told && json_string_is(frame, type, "thinking") ? BLOCK_THINKING : BLOCK_TOOL;
}

void anthropic_follow(struct answer_writer *writer, const struct json_doc *frame)
{
    struct anthropic_writer *w = writing_of(writer);
    uint32_t type = json_find(frame, 0, "type");
    int64_t index;

    if (w == NULL || !json_is(frame, type, JSON_STRING))
        return;
    if (json_string_is(frame, type, "content_block_stop"))
        w->open = BLOCK_NONE;
    if (!json_string_is(frame, type, "content_block_start") ||
        json_int64(frame, json_find(frame, 0, "index"), &index) != 0 || index < 0 ||
        index >= LANGUAGE_TOOLS_MAX)
        return;
    w->open = kind_of(frame);
    w->index = (uint32_t)index;
    writer->block = w->index + 1;
}

bool anthropic_resume(struct answer_writer *writer)
{
    const struct anthropic_writer *w = writing_of(writer);

    return w != NULL && (w->open == BLOCK_TEXT || w->open == BLOCK_NONE);
}
