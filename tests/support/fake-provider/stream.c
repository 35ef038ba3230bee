/*
 * stream: a chat answer piece by piece in any dialect, with the faults that befall streams.
 */
#include <stdio.h>

#include "answer.h"
#include "chat.h"
#include "common/base/mem.h"
#include "usage.h"

#define EVENT_BYTES_MAX ((size_t)64 << 20)
#define SLOW_PACE_US 200000
#define SLOW_FIRST_MS 2000
#define ARGUMENTS_PIECE 8

/* Where one choice stands. */
struct track {
    enum part part;
    size_t sent;  /* bytes of the current part */
    size_t call;  /* the current call */
    size_t block; /* parts that are closed */
    bool open;    /* the current part */
};

enum ending { ENDING_NOT_YET, ENDING_USAGE, ENDING_OVER };

struct stream {
    struct call call;
    struct record record;
    struct telling telling;
    struct script script; /* owned */
    struct fault_spec spec;
    struct track *tracks; /* owned, one per choice */
    size_t turn;          /* the choice that comes next */
    size_t finished;      /* choices that told their finish */
    int64_t contents;     /* events with content so far */
    int64_t pace_us;
    struct buf event; /* owned scratch */
    struct buf echo;  /* owned; what the telling repeats of the request */
    const char *type; /* constant; of its content */
    uint64_t id;
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

static void say(struct stream *stream, const struct said *said, struct buf *out)
{
    const struct dialect *dialect = stream->telling.dialect;

    dialect->say(&stream->telling, said, &stream->event);
    if (said->usage == USAGE_RIGHT && stream->event.size > 0 &&
        usage_is_right(dialect, stream->telling.fault))
        stream->usage_made = true;
    put_event(stream, out);
}

/* What is open in the choice: which part, which call, which block. */
static struct said said_of(const struct stream *stream, size_t choice, enum say kind)
{
    const struct track *track = &stream->tracks[choice];

    return (struct said){.kind = kind,
                         .part = track->part,
                         .choice = choice,
                         .block = track->block,
                         .call = track->call};
}

static struct span text_of(const struct stream *stream, size_t choice)
{
    const struct track *track = &stream->tracks[choice];
    const struct script *script = &stream->script;

    if (track->part == PART_CALLS)
        return script_text(script, script->calls[track->call].arguments);
    return script_text(script, track->part == PART_THINKING ? script->choices[choice].thinking
                                                            : script->choices[choice].content);
}

/* Counts what an event says, and the event as one with content. A call that is told in one piece
 * is said when it is closed. */
static void note_said(struct stream *stream, enum say kind, enum part part, struct span text)
{
    if (part == PART_CALLS && (kind == SAY_CLOSE) != stream->telling.dialect->calls_whole)
        return;
    stream->contents++;
    count_feed(&stream->made, text);
}

static void open_part(struct stream *stream, size_t choice, struct buf *out)
{
    struct said said = said_of(stream, choice, SAY_OPEN);
    struct track *track = &stream->tracks[choice];

    track->open = true;
    if (track->part == PART_CALLS) {
        struct span name = script_text(&stream->script, stream->script.calls[track->call].name);

        note_said(stream, SAY_OPEN, track->part, name);
    }
    say(stream, &said, out);
}

static void close_part(struct stream *stream, size_t choice, struct buf *out)
{
    struct said said = said_of(stream, choice, SAY_CLOSE);
    struct track *track = &stream->tracks[choice];

    said.text = text_of(stream, choice);
    if (track->part == PART_CALLS) {
        struct span name = script_text(&stream->script, stream->script.calls[track->call].name);

        note_said(stream, SAY_CLOSE, track->part, said.text);
        if (stream->telling.dialect->calls_whole)
            count_feed(&stream->made, name);
    }
    say(stream, &said, out);
    track->open = false;
    track->sent = 0;
    track->block++;
    if (track->part == PART_CALLS)
        track->call++;
    else
        track->part++;
}

static void put_text(struct stream *stream, size_t choice, struct buf *out)
{
    struct said said = said_of(stream, choice, SAY_TEXT);
    struct track *track = &stream->tracks[choice];
    struct span text = text_of(stream, choice);

    text = span_part(text, track->sent, text.size);
    if (track->part == PART_CALLS) {
        size_t size = answer_cut(text, ARGUMENTS_PIECE);

        text.size = size == 0 ? text.size : size;
    } else {
        text.size = answer_piece(text);
    }
    track->sent += text.size;
    said.text = text;
    note_said(stream, SAY_TEXT, track->part, text);
    say(stream, &said, out);
}

static bool tells_usage(const struct stream *stream)
{
    return (!stream->telling.dialect->usage_when_asked || stream->telling.include_usage) &&
           stream->spec.fault->kind != FAULT_USAGE_NONE;
}

static void put_usage(struct stream *stream, enum told_usage usage, struct buf *out)
{
    struct said said = {.kind = SAY_USAGE, .part = PART_OVER, .usage = usage};

    said.finish = telling_finish(&stream->telling, 0);
    say(stream, &said, out);
}

static void put_finish(struct stream *stream, size_t choice, struct buf *out)
{
    const struct dialect *dialect = stream->telling.dialect;
    enum fault_kind fault = stream->spec.fault->kind;
    struct said said = said_of(stream, choice, SAY_FINISH);

    stream->tracks[choice].part = PART_OVER;
    stream->finished++;
    said.finish = telling_finish(&stream->telling, choice);
    if ((said.finish == NULL && dialect->usage_apart) ||
        (fault == FAULT_NO_DONE && dialect->finish_is_end))
        return;
    if (!dialect->usage_apart && tells_usage(stream) && fault != FAULT_USAGE_LATE &&
        stream->finished == stream->script.choice_count) {
        if (fault == FAULT_USAGE_TWICE)
            put_usage(stream, USAGE_HALF, out);
        said.usage = USAGE_RIGHT;
    }
    say(stream, &said, out);
}

/* The part that a choice is in, past those that have nothing in them. */
static enum part current_part(struct stream *stream, size_t choice)
{
    struct track *track = &stream->tracks[choice];
    const struct script_choice *script = &stream->script.choices[choice];

    if (track->part == PART_THINKING && !track->open && script->thinking.size == 0)
        track->part = PART_CONTENT;
    if (track->part == PART_CONTENT && !track->open && script->content.size == 0)
        track->part = PART_CALLS;
    if (track->part == PART_CALLS && !track->open && track->call == stream->script.call_count)
        track->part = PART_FINISH;
    return track->part;
}

static void put_part(struct stream *stream, size_t choice, struct buf *out)
{
    struct track *track = &stream->tracks[choice];
    struct said said = said_of(stream, choice, SAY_BEGIN);

    switch (track->part) {
    case PART_BEGIN:
        say(stream, &said, out);
        track->part = PART_THINKING;
        break;
    case PART_THINKING:
    case PART_CONTENT:
    case PART_CALLS:
        if (!track->open) {
            open_part(stream, choice, out);
        } else if (track->sent < text_of(stream, choice).size) {
            put_text(stream, choice, out);
        } else if (track->part == PART_CONTENT && stream->spec.fault->kind == FAULT_ENDLESS) {
            track->sent = 0;
        } else {
            close_part(stream, choice, out);
        }
        break;
    case PART_FINISH:
        put_finish(stream, choice, out);
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

/* Usage where it is apart, the end marker, the end of the body. */
static enum turn put_ending(struct stream *stream, struct buf *out)
{
    enum fault_kind fault = stream->spec.fault->kind;
    bool late = fault == FAULT_USAGE_LATE && tells_usage(stream);
    struct said end = {.kind = SAY_END, .part = PART_OVER};

    switch (stream->ending) {
    case ENDING_NOT_YET:
        stream->ending = ENDING_USAGE;
        if (!stream->telling.dialect->usage_apart || !tells_usage(stream) || late)
            return TURN_MORE;
        if (fault == FAULT_USAGE_TWICE)
            put_usage(stream, USAGE_HALF, out);
        put_usage(stream, USAGE_RIGHT, out);
        return TURN_MORE;
    case ENDING_USAGE:
        stream->ending = ENDING_OVER;
        if (late && stream->telling.dialect->late_usage_counts)
            put_usage(stream, USAGE_RIGHT, out);
        if (fault != FAULT_NO_DONE)
            say(stream, &end, out);
        if (late && !stream->telling.dialect->late_usage_counts)
            put_usage(stream, USAGE_RIGHT, out);
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

static enum turn end_broken(struct stream *stream, struct buf *out)
{
    put_event(stream, out);
    http_write_last_chunk(out);
    return break_off(stream, TURN_END);
}

#define BROKEN "broken"

/* Events that are wrong in themselves; what they say counts nothing. */
static enum turn put_wrong_event(struct stream *stream, size_t choice, struct buf *out)
{
    struct telling *telling = &stream->telling;
    enum fault_kind fault = stream->spec.fault->kind;
    struct said said = {.kind = SAY_TEXT, .part = PART_CONTENT, .text = span_of(BROKEN)};

    if (choice < stream->script.choice_count) {
        said.choice = choice;
        said.block = stream->tracks[choice].block;
    }
    if (fault == FAULT_MALFORMED || (fault == FAULT_BAD_CRC && !telling->dialect->binary))
        telling->broken_behind = BROKEN;
    telling->dialect->say(telling, &said, &stream->event);
    if (fault == FAULT_CUT_FRAME)
        stream->event.size -= stream->event.size / 2;
    else if (fault == FAULT_BAD_CRC && telling->dialect->binary)
        stream->event.at[stream->event.size - 1] ^= 1;
    return end_broken(stream, out);
}

/* The fault that comes in the midst. TURN_MORE: the answer goes on. */
static enum turn strike(struct stream *stream, size_t choice, struct buf *out, int64_t *wait_us_out)
{
    enum fault_kind fault = stream->spec.fault->kind;
    struct said unknown = {.kind = SAY_UNKNOWN};
    struct error_told error;
    char message[128];

    stream->fault_struck = true;
    if (fault == FAULT_RESET_MID)
        return break_off(stream, TURN_RESET);
    if (fault == FAULT_CUT)
        return break_off(stream, TURN_CLOSE);
    if (fault == FAULT_STALL_MID) {
        *wait_us_out = stall_us(&stream->spec);
    } else if (fault == FAULT_TRUNCATE) {
        return end_broken(stream, out);
    } else if (fault == FAULT_UNKNOWN_EVENT) {
        say(stream, &unknown, out);
    } else if (fault == FAULT_ERROR_MID) {
        error = chat_inner_error(&stream->spec, stream->id, message);
        stream->telling.dialect->say_error(&stream->telling, &error, &stream->event);
        return end_broken(stream, out);
    } else {
        return put_wrong_event(stream, choice, out);
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
    return part != PART_BEGIN && stream->contents >= stream->spec.after;
}

static void put_head(struct stream *stream, struct buf *out)
{
    char extra[128];
    bool wrong = stream->spec.fault->kind == FAULT_WRONG_TYPE;

    snprintf(extra, sizeof(extra), "cache-control: no-cache\r\n%s: req_%016llx\r\n",
             stream->telling.dialect->request_id_header, (unsigned long long)stream->id);
    http_write_head(out, 200, wrong ? "text/plain" : stream->type, HTTP_CHUNKED, extra);
    stream->head_sent = true;
    stream->record.entry.status = 200;
}

static enum turn put_next(struct stream *stream, struct buf *out, int64_t *wait_us_out)
{
    size_t choice = next_choice(stream);
    enum part part =
        choice == stream->script.choice_count ? PART_OVER : current_part(stream, choice);

    if (is_time_to_strike(stream, part))
        return strike(stream, choice, out, wait_us_out);
    if (part == PART_OVER)
        return put_ending(stream, out);
    put_part(stream, choice, out);
    if (part != PART_BEGIN)
        *wait_us_out = stream->pace_us;
    return TURN_MORE;
}

static enum turn next_piece(struct call *call, struct buf *out, int64_t *wait_us_out)
{
    struct stream *stream = container_of(call, struct stream, call);
    size_t before;

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
    /* Not every step is an event in every dialect. */
    before = out->size;
    while (out->size == before) {
        enum turn turn = put_next(stream, out, wait_us_out);

        if (turn != TURN_MORE)
            return turn;
        if (out->size == before && stream->fault_struck && *wait_us_out > stream->pace_us)
            return TURN_MORE; /* a stall */
        if (out->size == before)
            *wait_us_out = 0;
    }
    return TURN_MORE;
}

/* An aborted stream bills its input and the output that went out, when there was any. What a cache
 * had to do with it was not told. */
static void bill_part(struct stream *stream)
{
    int64_t output = count_tokens(&stream->sent);

    if (output == 0) {
        record_bills_nothing(&stream->record);
        return;
    }
    stream->record.entry.input = stream->script.input_tokens;
    stream->record.entry.cache_read = 0;
    stream->record.entry.cache_write = stream->record.entry.cache_write_1h = 0;
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
    stream->record.entry.usage_told =
        stream->usage_sent ||
        (stream->telling.dialect->usage_by_request && count_tokens(&stream->sent) > 0);
    if (end != TRUTH_WHOLE && !stream->record.entry.usage_told)
        bill_part(stream);
    record_end(&stream->record, end);
    script_done(&stream->script);
    buf_done(&stream->event);
    buf_done(&stream->echo);
    buf_done(&stream->telling.scratch);
    mem_free(stream->tracks);
    mem_free(stream);
}

struct call *chat_stream(struct provider *provider, struct arrival *arrival,
                         struct telling *telling, struct script *script)
{
    struct stream *stream = mem_new(sizeof(*stream));

    stream->call = (struct call){next_piece, done};
    stream->record = arrival->record;
    stream->script = *script;
    stream->telling = *telling;
    stream->telling.script = &stream->script;
    stream->telling.model.at = stream->telling.model_text;
    stream->echo = arrival->echo;
    arrival->echo = (struct buf){0};
    stream->telling.echo = buf_span(&stream->echo);
    stream->spec = arrival->spec;
    stream->type = telling->framed                ? "text/event-stream"
                   : arrival->stream_type != NULL ? arrival->stream_type
                                                  : arrival->dialect->stream_type;
    stream->tracks = mem_array(script->choice_count, sizeof(*stream->tracks));
    stream->event = buf_make(EVENT_BYTES_MAX);
    stream->id = arrival->id;
    stream->made = stream->sent = provider->zero;
    stream->pace_us = provider->options.pace_us;
    if (arrival->spec.fault->kind == FAULT_SLOW)
        stream->pace_us = SLOW_PACE_US;
    if (arrival->spec.pace_us >= 0)
        stream->pace_us = arrival->spec.pace_us;
    return &stream->call;
}
