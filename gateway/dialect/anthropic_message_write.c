/*
 * anthropic_message_write: an answer gathered block by block, and the message it makes.
 */
#include "common/base/json.h"
#include "gateway/dialect/anthropic_writer.h"

static const char *const stop_reasons[FINISHES] = {
    [FINISH_STOP] = "end_turn",       [FINISH_LENGTH] = "max_tokens",
    [FINISH_TOOL_CALLS] = "tool_use", [FINISH_CONTENT_FILTER] = "refusal",
    [FINISH_PAUSE] = "pause_turn",    [FINISH_ERROR] = "end_turn",
};

static const struct json_limits limits_arguments = {
    .max_bytes = (size_t)8 << 20, .max_depth = 64, .max_nodes = 200000};

void anthropic_add_inside(struct buf *out, const char *before, struct span inside)
{
    buf_add_string(out, before);
    buf_add_byte(out, '"');
    buf_add_span(out, inside);
    buf_add_byte(out, '"');
}

void anthropic_add_id_and_model(const struct answer_writer *writer)
{
    buf_add_string(writer->out, "\"id\":\"msg_");
    buf_add_span(writer->out, writer->id);
    anthropic_add_inside(
        writer->out, "\",\"type\":\"message\",\"role\":\"assistant\",\"model\":", writer->model);
}

void anthropic_add_usage(struct buf *out, const struct meters *meters, struct span more)
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
    if (meters_has(meters, METER_REASONING))
        buf_printf(out, ",\"output_tokens_details\":{\"thinking_tokens\":%lld}",
                   (long long)count[METER_REASONING]);
    buf_add_string(out, more.size > 0 ? "," : "");
    buf_add_span(out, more);
    buf_add_byte(out, '}');
}

void anthropic_add_stop(struct answer_writer *writer, const struct anthropic_writer *w)
{
    const char *reason = stop_reasons[writer->finish];

    /* Some say "stop" beside their calls; a client runs them only when told to. */
    if (writer->finish == FINISH_STOP && writer->tools > 0)
        reason = stop_reasons[FINISH_TOOL_CALLS];
    else if (w->stop_sequence)
        reason = "stop_sequence";
    buf_printf(writer->out, "\"stop_reason\":\"%s\",\"stop_sequence\":null", reason);
}

/* ---- a whole message ---- */

void anthropic_grow(struct answer_writer *writer, struct anthropic_writer *w,
                    struct anthropic_grown *text, struct span more)
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

static struct span kept(struct answer_writer *writer, struct anthropic_writer *w, struct span text)
{
    if (arena_room(writer->arena) > 2 * text.size + 64)
        return arena_span(writer->arena, text);
    w->too_large = true;
    return (struct span){0};
}

struct anthropic_block *anthropic_add_block(struct answer_writer *writer,
                                            struct anthropic_writer *w,
                                            const struct answer_event *event)
{
    struct anthropic_block *block;

    if (arena_room(writer->arena) < 4 * sizeof(*block)) {
        w->too_large = true;
        return NULL;
    }
    block = arena_take(writer->arena, sizeof(*block));
    *block = (struct anthropic_block){.kind = w->open};
    block->id = kept(writer, w, event->id);
    block->name = kept(writer, w, event->name);
    if (w->open == BLOCK_REDACTED)
        anthropic_grow(writer, w, &block->text, event->text);
    if (w->last == NULL)
        w->first = block;
    else
        w->last->next = block;
    w->last = block;
    return block;
}

static struct span grown_span(const struct anthropic_grown *text)
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
        anthropic_add_inside(out, "{\"_arguments\":", inside);
        buf_add_byte(out, '}');
    }
    json_doc_done(&doc);
    buf_done(&decoded);
}

static void add_whole_block(struct buf *out, const struct anthropic_block *block)
{
    struct span text = grown_span(&block->text), extra = grown_span(&block->extra);

    switch (block->kind) {
    case BLOCK_TEXT:
        anthropic_add_inside(out, "{\"type\":\"text\",\"text\":", text);
        if (extra.size > 0) {
            buf_add_string(out, ",\"citations\":[");
            buf_add_span(out, span_part(extra, 1, extra.size));
            buf_add_byte(out, ']');
        }
        break;
    case BLOCK_THINKING:
        anthropic_add_inside(out, "{\"type\":\"thinking\",\"thinking\":", text);
        anthropic_add_inside(out, ",\"signature\":", extra);
        break;
    case BLOCK_REDACTED:
        anthropic_add_inside(out, "{\"type\":\"redacted_thinking\",\"data\":", text);
        break;
    case BLOCK_TOOL:
        anthropic_add_inside(out, "{\"type\":\"tool_use\",\"id\":", block->id);
        anthropic_add_inside(out, ",\"name\":", block->name);
        buf_add_string(out, ",\"input\":");
        add_input(out, text);
        break;
    case BLOCK_NONE:
        return;
    }
    buf_add_byte(out, '}');
}

void anthropic_write_message(struct answer_writer *writer, const struct anthropic_writer *w)
{
    struct buf *out = writer->out;

    if (w->too_large) {
        out->failed = true;
        return;
    }
    buf_add_byte(out, '{');
    anthropic_add_id_and_model(writer);
    buf_add_string(out, ",\"content\":[");
    for (const struct anthropic_block *block = w->first; block != NULL; block = block->next) {
        add_whole_block(out, block);
        buf_add_string(out, block->next != NULL ? "," : "");
    }
    buf_add_string(out, "],");
    anthropic_add_stop(writer, w);
    buf_add_byte(out, ',');
    anthropic_add_usage(out, &w->meters, w->more);
    buf_add_byte(out, '}');
}
