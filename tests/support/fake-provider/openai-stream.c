/*
 * openai-stream: a chat answer as server-sent events, one event a piece, with the faults that
 * befall streams.
 */
#include "openai.h"

#include <stdio.h>

#include "answer.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"

#define EVENT_BYTES_MAX ((size_t)1 << 20)
#define SLOW_PACE_US 200000
#define SLOW_FIRST_MS 2000
#define HUGE_LINE_BYTES (INT64_C(100) << 20)

enum part { PART_ROLE, PART_THINKING, PART_CONTENT, PART_CALLS, PART_FINISH, PART_OVER };

/* Where one choice stands. */
struct track {
    enum part part;
    size_t sent; /* bytes of the current part */
    size_t call; /* the current call */
    bool named;  /* its head went out */
};

enum ending { ENDING_NOT_YET, ENDING_USAGE, ENDING_OVER };

struct stream {
    struct call call;
    struct record record;
    struct script script; /* owned */
    struct fault_spec spec;
    struct track *tracks; /* owned, one per choice */
    size_t turn;          /* the choice that comes next */
    int64_t contents;     /* events with content so far */
    int64_t pace_us;
    struct buf prefix; /* owned; what every event begins with */
    struct buf event;  /* owned scratch */
    uint64_t id;
    bool include_usage;
    bool head_sent, waited, fault_struck, broken;
    enum ending ending;
    /* What was made, and what the kernel has taken of it. */
    struct count made, sent;
    bool usage_made, usage_sent;
};

static void put_event(struct stream *stream, struct buf *out)
{
    struct span event = buf_span(&stream->event);

    must(!buf_failed(&stream->event));
    if (stream->spec.fault->kind == FAULT_SPLIT)
        http_write_chunk_per_byte(out, event);
    else
        http_write_chunk(out, event);
    buf_clear(&stream->event);
}

static void begin_event(struct stream *stream, size_t choice)
{
    buf_add_span(&stream->event, buf_span(&stream->prefix));
    buf_printf(&stream->event, "[{\"index\":%zu,\"delta\":{", choice);
}

static void end_event(struct stream *stream, const char *finish, struct buf *out)
{
    buf_add_string(&stream->event, "},\"logprobs\":null,\"finish_reason\":");
    if (finish == NULL)
        buf_add_string(&stream->event, "null}]");
    else
        buf_printf(&stream->event, "\"%s\"}]", finish);
    if (stream->include_usage && stream->spec.fault->kind != FAULT_USAGE_NONE)
        buf_add_string(&stream->event, ",\"usage\":null");
    buf_add_string(&stream->event, "}\n\n");
    put_event(stream, out);
}

/* A piece of text in a member of the delta. */
static void put_text(struct stream *stream, size_t choice, const char *member, struct span text,
                     struct buf *out)
{
    begin_event(stream, choice);
    buf_printf(&stream->event, "\"%s\":", member);
    json_quote(&stream->event, text);
    end_event(stream, NULL, out);
    count_feed(&stream->made, text);
}

static void put_call_head(struct stream *stream, size_t choice, size_t index, struct buf *out)
{
    struct span name = script_text(&stream->script, stream->script.calls[index].name);

    begin_event(stream, choice);
    buf_printf(&stream->event,
               "\"tool_calls\":[{\"index\":%zu,\"id\":\"call_%016llx%02zx%zx\","
               "\"type\":\"function\",\"function\":{\"name\":",
               index, (unsigned long long)stream->id, choice, index);
    json_quote(&stream->event, name);
    buf_add_string(&stream->event, ",\"arguments\":\"\"}}]");
    end_event(stream, NULL, out);
    count_feed(&stream->made, name);
}

#define ARGUMENTS_PIECE 8

static void put_call(struct stream *stream, size_t choice, struct track *track, struct buf *out)
{
    struct span left = script_text(&stream->script, stream->script.calls[track->call].arguments);
    size_t size;

    if (!track->named) {
        track->named = true;
        put_call_head(stream, choice, track->call, out);
        return;
    }
    left = span_part(left, track->sent, left.size);
    size = answer_cut(left, ARGUMENTS_PIECE);
    left.size = size == 0 ? left.size : size;
    track->sent += left.size;
    begin_event(stream, choice);
    buf_printf(&stream->event,
               "\"tool_calls\":[{\"index\":%zu,\"function\":{\"arguments\":", track->call);
    json_quote(&stream->event, left);
    buf_add_string(&stream->event, "}}]");
    end_event(stream, NULL, out);
    count_feed(&stream->made, left);
    if (track->sent == stream->script.calls[track->call].arguments.size) {
        track->named = false;
        track->sent = 0;
        track->call++;
    }
}

/* The part that a choice is in, past those that are empty or at their end. */
static enum part current_part(struct stream *stream, size_t choice)
{
    struct track *track = &stream->tracks[choice];
    const struct script_choice *script = &stream->script.choices[choice];

    if (track->part == PART_THINKING && track->sent == script->thinking.size) {
        track->part = PART_CONTENT;
        track->sent = 0;
    }
    if (track->part == PART_CONTENT && track->sent == script->content.size) {
        track->sent = 0;
        if (stream->spec.fault->kind != FAULT_ENDLESS || script->content.size == 0)
            track->part = PART_CALLS;
    }
    if (track->part == PART_CALLS && track->call == stream->script.call_count)
        track->part = PART_FINISH;
    return track->part;
}

static void put_part(struct stream *stream, size_t choice, struct buf *out)
{
    struct track *track = &stream->tracks[choice];
    const struct script_choice *script = &stream->script.choices[choice];
    struct script_part part = track->part == PART_THINKING ? script->thinking : script->content;
    struct span text = span_part(script_text(&stream->script, part), track->sent, part.size);

    switch (track->part) {
    case PART_ROLE:
        begin_event(stream, choice);
        buf_printf(&stream->event, "\"role\":\"assistant\",\"content\":%s,\"refusal\":null",
                   stream->script.call_count > 0 ? "null" : "\"\"");
        end_event(stream, NULL, out);
        track->part = PART_THINKING;
        break;
    case PART_THINKING:
    case PART_CONTENT:
        text.size = answer_piece(text);
        track->sent += text.size;
        stream->contents++;
        put_text(stream, choice, track->part == PART_THINKING ? "reasoning_content" : "content",
                 text, out);
        break;
    case PART_CALLS:
        stream->contents++;
        put_call(stream, choice, track, out);
        break;
    case PART_FINISH:
        track->part = PART_OVER;
        if (stream->spec.fault->kind == FAULT_NO_FINISH)
            break;
        begin_event(stream, choice);
        end_event(stream, script->finish, out);
        break;
    case PART_OVER:
        break;
    }
}

/* The next choice that is not over, or choice_count. */
static size_t next_choice(struct stream *stream)
{
    for (size_t i = 0; i < stream->script.choice_count; i++) {
        size_t choice = (stream->turn + i) % stream->script.choice_count;

        if (current_part(stream, choice) != PART_OVER) {
            stream->turn = (choice + 1) % stream->script.choice_count;
            return choice;
        }
    }
    return stream->script.choice_count;
}

static void put_usage(struct stream *stream, bool last, struct buf *out)
{
    enum fault_kind fault = stream->spec.fault->kind;

    buf_add_span(&stream->event, buf_span(&stream->prefix));
    buf_add_string(&stream->event, "[]");
    openai_write_usage(&stream->script, fault, last, &stream->event);
    buf_add_string(&stream->event, "}\n\n");
    put_event(stream, out);
    if (last && openai_usage_is_right(fault))
        stream->usage_made = true;
}

static bool tells_usage(const struct stream *stream)
{
    return stream->include_usage && stream->spec.fault->kind != FAULT_USAGE_NONE;
}

/* Usage, [DONE], the end of the body. */
static enum turn put_ending(struct stream *stream, struct buf *out)
{
    enum fault_kind fault = stream->spec.fault->kind;

    switch (stream->ending) {
    case ENDING_NOT_YET:
        stream->ending = ENDING_USAGE;
        if (!tells_usage(stream) || fault == FAULT_USAGE_LATE)
            return TURN_MORE;
        if (fault == FAULT_USAGE_TWICE)
            put_usage(stream, false, out);
        put_usage(stream, true, out);
        return TURN_MORE;
    case ENDING_USAGE:
        stream->ending = ENDING_OVER;
        if (fault != FAULT_NO_DONE) {
            buf_add_string(&stream->event, "data: [DONE]\n\n");
            put_event(stream, out);
        }
        if (fault == FAULT_USAGE_LATE && tells_usage(stream))
            put_usage(stream, true, out);
        http_write_last_chunk(out);
        return TURN_END;
    case ENDING_OVER:
        break;
    }
    return TURN_END;
}

static int64_t stall_us(const struct fault_spec *spec)
{
    return spec->wait_ms < 0 ? WAIT_FOREVER : spec->wait_ms * 1000;
}

static enum turn break_off(struct stream *stream, enum turn turn)
{
    stream->broken = true;
    return turn;
}

/* The fault that comes in the midst. TURN_MORE: the answer goes on. */
static enum turn strike(struct stream *stream, struct buf *out, int64_t *wait_us_out)
{
    enum fault_kind fault = stream->spec.fault->kind;

    stream->fault_struck = true;
    if (fault == FAULT_RESET_MID)
        return break_off(stream, TURN_RESET);
    if (fault == FAULT_CUT)
        return break_off(stream, TURN_CLOSE);
    if (fault == FAULT_STALL_MID) {
        *wait_us_out = stall_us(&stream->spec);
    } else if (fault == FAULT_TRUNCATE) {
        http_write_last_chunk(out);
        return break_off(stream, TURN_END);
    } else if (fault == FAULT_MALFORMED) {
        buf_add_span(&stream->event, buf_span(&stream->prefix));
        buf_add_string(&stream->event, "[{\"index\":0,\"delta\":{\"content\":\"broken\n\n");
        put_event(stream, out);
        http_write_last_chunk(out);
        return break_off(stream, TURN_END);
    } else if (fault == FAULT_ERROR_MID) {
        buf_add_string(&stream->event, "data: ");
        openai_write_fault(stream->spec.fault, &stream->event);
        buf_add_string(&stream->event, "\n");
        put_event(stream, out);
        http_write_last_chunk(out);
        return break_off(stream, TURN_END);
    }
    return TURN_MORE;
}

/* Whether the fault is one of those that strike in the midst, and its moment has come. */
static bool is_time_to_strike(const struct stream *stream, enum part part)
{
    enum fault_kind fault = stream->spec.fault->kind;

    if (stream->fault_struck || fault < FAULT_RESET_MID || fault > FAULT_ERROR_MID)
        return false;
    if (part == PART_FINISH || part == PART_OVER)
        return true;
    return part != PART_ROLE && stream->contents >= stream->spec.after;
}

static void put_head(struct stream *stream, struct buf *out)
{
    char extra[128];
    bool wrong = stream->spec.fault->kind == FAULT_WRONG_TYPE;

    snprintf(extra, sizeof(extra), "cache-control: no-cache\r\nx-request-id: req_%016llx\r\n",
             (unsigned long long)stream->id);
    http_write_head(out, 200, wrong ? "text/plain" : "text/event-stream; charset=utf-8",
                    HTTP_CHUNKED, extra);
    stream->head_sent = true;
    stream->record.entry.status = 200;
}

static enum turn next_piece(struct call *call, struct buf *out, int64_t *wait_us_out)
{
    struct stream *stream = container_of(call, struct stream, call);
    size_t choice;
    enum part part;

    stream->sent = stream->made;
    stream->usage_sent = stream->usage_made;
    if (!stream->waited) {
        stream->waited = true;
        *wait_us_out = stream->spec.first_ms < 0 ? 0 : stream->spec.first_ms * 1000;
        if (stream->spec.fault->kind == FAULT_SLOW && stream->spec.first_ms < 0)
            *wait_us_out = SLOW_FIRST_MS * 1000;
        if (*wait_us_out > 0)
            return TURN_MORE;
    }
    if (!stream->head_sent)
        put_head(stream, out);
    choice = next_choice(stream);
    part = choice == stream->script.choice_count ? PART_OVER : current_part(stream, choice);
    if (is_time_to_strike(stream, part))
        return strike(stream, out, wait_us_out);
    if (part == PART_OVER)
        return put_ending(stream, out);
    put_part(stream, choice, out);
    if (part != PART_ROLE)
        *wait_us_out = stream->pace_us;
    return TURN_MORE;
}

/* An aborted stream bills its input and the output that went out, when there was any. */
static void bill_part(struct stream *stream)
{
    int64_t output = count_tokens(&stream->sent);

    if (output == 0) {
        record_bills_nothing(&stream->record);
        return;
    }
    stream->record.entry.output = output;
    stream->record.entry.reasoning = 0;
}

static void done(struct call *call, size_t unsent_bytes, bool left)
{
    struct stream *stream = container_of(call, struct stream, call);
    enum truth_end end = stream->broken ? TRUTH_BROKEN : TRUTH_WHOLE;

    if (unsent_bytes == 0) {
        stream->sent = stream->made;
        stream->usage_sent = stream->usage_made;
    }
    if (left && (unsent_bytes > 0 || stream->ending != ENDING_OVER))
        end = stream->broken ? TRUTH_BROKEN : TRUTH_LEFT;
    stream->record.entry.usage_told = stream->usage_sent;
    if (end != TRUTH_WHOLE && !stream->usage_sent)
        bill_part(stream);
    record_end(&stream->record, end);
    script_done(&stream->script);
    buf_done(&stream->prefix);
    buf_done(&stream->event);
    mem_free(stream->tracks);
    mem_free(stream);
}

static void write_prefix(const struct openai_head *head, struct buf *out)
{
    buf_printf(out,
               "data: {\"id\":\"%s\",\"object\":\"chat.completion.chunk\",\"created\":%lld,"
               "\"model\":",
               head->id, (long long)head->created_s);
    json_quote(out, head->model);
    buf_add_string(out, ",\"service_tier\":\"default\",\"system_fingerprint\":\"" OPENAI_FINGERPRINT
                        "\",\"choices\":");
}

/* One event whose content has any size. */
static struct call *flood_stream(struct arrival *arrival, struct buf *prefix, struct script *script,
                                 bool include_usage)
{
    struct flood flood = {.content_type = "text/event-stream; charset=utf-8"};
    enum fault_kind none = FAULT_NONE;

    flood.prefix = buf_make(8192);
    flood.suffix = buf_make(16384);
    flood.filler = buf_make(64);
    buf_add_span(&flood.prefix, buf_span(prefix));
    buf_add_string(&flood.prefix, "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"");
    buf_add_string(&flood.filler, "All work and no play makes Jack a dull boy. ");
    buf_add_string(&flood.suffix, "\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n");
    buf_add_span(&flood.suffix, buf_span(prefix));
    buf_add_string(
        &flood.suffix,
        "[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n");
    if (include_usage) {
        buf_add_span(&flood.suffix, buf_span(prefix));
        buf_add_string(&flood.suffix, "[]");
        openai_write_usage(script, none, true, &flood.suffix);
        buf_add_string(&flood.suffix, "}\n\n");
    }
    buf_add_string(&flood.suffix, "data: [DONE]\n\n");
    flood.filler_bytes = arrival->spec.bytes < 0 ? HUGE_LINE_BYTES : arrival->spec.bytes;
    arrival->record.entry.usage_told = include_usage;
    flood.record = arrival->record;
    buf_done(prefix);
    script_done(script);
    return reply_flood(&flood);
}

struct call *openai_chat_stream(struct provider *provider, struct arrival *arrival,
                                const struct ask *ask, const struct openai_head *head,
                                struct script *script)
{
    struct buf prefix = buf_make(4096);
    struct stream *stream;

    write_prefix(head, &prefix);
    if (arrival->spec.fault->kind == FAULT_HUGE_LINE)
        return flood_stream(arrival, &prefix, script, ask->include_usage);
    stream = mem_new(sizeof(*stream));
    stream->call = (struct call){next_piece, done};
    stream->record = arrival->record;
    stream->script = *script;
    stream->spec = arrival->spec;
    stream->tracks = mem_array(script->choice_count, sizeof(*stream->tracks));
    stream->prefix = prefix;
    stream->event = buf_make(EVENT_BYTES_MAX);
    stream->id = arrival->id;
    stream->include_usage = ask->include_usage;
    stream->made = stream->sent = provider->zero;
    stream->pace_us = provider->pace_us;
    if (arrival->spec.fault->kind == FAULT_SLOW)
        stream->pace_us = SLOW_PACE_US;
    if (arrival->spec.pace_us >= 0)
        stream->pace_us = arrival->spec.pace_us;
    return &stream->call;
}
