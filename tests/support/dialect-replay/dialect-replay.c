/*
 * dialect-replay: a provider's answer, from a file, in a client's language on standard output.
 *
 *   dialect-replay UPSTREAM CLIENT whole|stream|error PIECE_BYTES FILE [whole|stream]
 *   dialect-replay UPSTREAM CLIENT splits 0 FILE [whole|stream]
 *   dialect-replay UPSTREAM CLIENT ask 0 FILE
 *
 * The third word says what the file is; a stream is fed in pieces of so many bytes (0: at once).
 * The last one says what the client asked for when it is not the same. On standard error goes one
 * line of JSON with what the answer said: signs, finish, error, meters. Ends with 2 when asked for
 * a language that there is none of.
 *
 * The second form feeds a stream in two pieces, cut at each byte (of a long one at 2,000 places),
 * and ends with 3 and the place on standard error when that makes another answer of it.
 *
 * The third form writes a client's body as the provider is sent it; standard error then says what
 * was lost, or why the client or the language refuses it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "gateway/dialect/event_stream.h"
#include "gateway/dialect/languages.h"
#include "gateway/dialect/sse.h"

enum { REPLAY_MAX = 64 << 20, SCRATCH_MAX = 8 << 20, GATHER_MAX = 64 << 20, SPLITS_MAX = 2000 };

struct replay {
    const struct upstream_language *upstream;
    const struct client_language *client;
    bool stream; /* what the client asked for */
    struct answer_reader reader;
    struct answer_writer writer;
    struct answer answer;
    struct json_doc doc;
    struct arena *scratch;
    size_t piece_bytes; /* 0: all at once */
    size_t split;       /* where the first of two pieces ends; 0: by piece_bytes */
};

static size_t next_piece(struct replay *replay, struct span bytes)
{
    size_t size = replay->split != 0 ? replay->split : replay->piece_bytes;

    if (replay->split != 0) {
        replay->split = 0;
        replay->piece_bytes = 0;
    }
    return size == 0 || size > bytes.size ? bytes.size : size;
}

static void on_event(void *context, const struct answer_event *event)
{
    struct replay *replay = context;

    replay->writer.language->write(&replay->writer, event);
}

static void read_frame(struct replay *replay, struct span event, struct span data)
{
    replay->reader.language->read_frame(&replay->reader, event, data);
    arena_reset(replay->scratch);
}

static bool drain(struct replay *replay, struct sse *sse)
{
    enum sse_outcome outcome;
    struct sse_frame frame;

    while ((outcome = sse_next(sse, &frame)) == SSE_FRAME)
        if (frame.data.at != NULL)
            read_frame(replay, frame.event, frame.data);
    return outcome == SSE_MORE;
}

static bool feed_sse(struct replay *replay, struct span bytes)
{
    struct sse sse = sse_make();
    struct sse_frame frame;
    bool good = true;

    while (good && bytes.size > 0) {
        size_t size = next_piece(replay, bytes);
        sse_feed(&sse, span_part(bytes, 0, size));
        good = drain(replay, &sse);
        bytes = span_part(bytes, size, bytes.size);
    }
    if (good && sse_rest(&sse, &frame) && frame.data.at != NULL)
        read_frame(replay, frame.event, frame.data);
    if (good && replay->reader.language->read_end != NULL)
        replay->reader.language->read_end(&replay->reader, true);
    sse_done(&sse);
    return good;
}

static bool drain_messages(struct replay *replay, struct event_stream *stream)
{
    enum event_stream_outcome outcome;
    struct event_stream_frame frame;

    while ((outcome = event_stream_next(stream, &frame)) == EVENT_STREAM_FRAME)
        read_frame(replay, frame.event, frame.data);
    return outcome == EVENT_STREAM_MORE;
}

static bool feed_event_stream(struct replay *replay, struct span bytes)
{
    struct event_stream stream = event_stream_make();
    bool good = true;

    while (good && bytes.size > 0) {
        size_t size = next_piece(replay, bytes);
        event_stream_feed(&stream, span_part(bytes, 0, size));
        good = drain_messages(replay, &stream);
        bytes = span_part(bytes, size, bytes.size);
    }
    good = good && !event_stream_is_cut(&stream);
    if (good && replay->reader.language->read_end != NULL)
        replay->reader.language->read_end(&replay->reader, true);
    event_stream_done(&stream);
    return good;
}

static bool feed(struct replay *replay, const char *how, struct span bytes)
{
    if (strcmp(how, "whole") == 0) {
        replay->reader.language->read_whole(&replay->reader, bytes);
        return true;
    }
    if (strcmp(how, "error") == 0)
        return replay->reader.language->read_error(&replay->reader, bytes);
    switch (replay->reader.language->framing) {
    case FRAMING_SSE:
        return feed_sse(replay, bytes);
    case FRAMING_EVENT_STREAM:
        return feed_event_stream(replay, bytes);
    }
    return false;
}

static void report(const struct answer *answer, bool read)
{
    struct buf out = buf_make(1 << 16);
    struct json_writer w = json_writer_make(&out);

    json_begin(&w, '{');
    json_put_bool(&w, "read", read);
    json_put_int64(&w, "signs", answer->signs);
    json_put_bool(&w, "done", (answer->signs & ANSWER_DONE) != 0);
    json_put_bool(&w, "malformed", (answer->signs & ANSWER_MALFORMED) != 0);
    json_put_bool(&w, "error", (answer->signs & ANSWER_ERROR) != 0);
    json_put_cstring(&w, "error_message", answer->error_message);
    json_put_cstring(&w, "error_code", answer->error_code);
    json_put_int64(&w, "error_status", answer->error_status);
    json_put_cstring(&w, "id", answer->id);
    json_put_cstring(&w, "model", answer->model);
    json_put_cstring(&w, "finish_native", answer->finish_reason);
    json_put_int64(&w, "usage_state", answer->usage.state);
    json_put_cstring(&w, "usage_why", answer->usage.why);
    json_name(&w, "meters");
    json_begin(&w, '{');
    for (int i = 0; i < METERS; i++)
        if (meters_has(&answer->usage.meters, (enum meter)i))
            json_put_int64(&w, meter_name((enum meter)i), answer->usage.meters.count[i]);
    json_end(&w, '}');
    json_end(&w, '}');
    fprintf(stderr, "%.*s\n", SPAN_ARG(buf_span(&out)));
    buf_done(&out);
}

/* What the client gets is in `out`, what the answer said in replay->answer. */
static bool run_once(struct replay *replay, const char *how, struct span bytes, struct buf *out)
{
    struct arena *arena = arena_new(1 << 16, GATHER_MAX);
    bool read;

    buf_clear(out);
    replay->scratch = arena_new(1 << 16, SCRATCH_MAX);
    replay->doc = json_doc_make();
    replay->answer = answer_make();
    replay->reader = answer_reader_make(replay->upstream, &replay->doc, &replay->answer,
                                        (struct answer_sink){on_event, replay}, replay->scratch);
    replay->writer = answer_writer_make(replay->client, out, arena);
    replay->writer.id = span_of("gen_replay");
    replay->writer.model = span_of("replayed-model");
    replay->writer.created_s = 1700000000;
    replay->writer.stream = replay->stream;
    replay->writer.include_usage = true;
    read = feed(replay, how, bytes);
    json_doc_done(&replay->doc);
    arena_free(replay->scratch);
    arena_free(arena);
    return read && !buf_failed(out);
}

static void run(struct replay *replay, char **words, struct span bytes)
{
    struct buf out = buf_make(REPLAY_MAX);
    bool read;

    replay->piece_bytes = strtoul(words[4], NULL, 10);
    read = run_once(replay, words[3], bytes, &out);
    fwrite(out.at, 1, out.size, stdout);
    report(&replay->answer, read);
    buf_done(&out);
}

static bool are_same(const struct meters *a, const struct meters *b)
{
    return a->present == b->present && memcmp(a->count, b->count, sizeof(a->count)) == 0;
}

/* 0, or 3 when some split makes another answer. */
static int run_splits(struct replay *replay, struct span bytes)
{
    struct buf wanted = buf_make(REPLAY_MAX), out = buf_make(REPLAY_MAX);
    struct answer answer;
    size_t step = bytes.size / SPLITS_MAX + 1, split;
    bool read = run_once(replay, "stream", bytes, &wanted);

    answer = replay->answer;
    for (split = step; split < bytes.size; split += step) {
        replay->split = split;
        if (run_once(replay, "stream", bytes, &out) != read ||
            !span_equal(buf_span(&out), buf_span(&wanted)) ||
            !are_same(&replay->answer.usage.meters, &answer.usage.meters))
            break;
    }
    if (split < bytes.size)
        fprintf(stderr, "split behind byte %zu it is another answer\n", split);
    buf_done(&wanted);
    buf_done(&out);
    return split < bytes.size ? 3 : 0;
}

static void write_body(const struct upstream_language *upstream, const struct chat *chat,
                       struct arena *arena)
{
    const struct language_target target = {
        .model = span_of("replayed-model"), .output_cap = 4096, .reasoning = true};
    struct pieces pieces = pieces_make(arena, SCRATCH_MAX);
    struct ask_losses losses = {0};
    enum ask_written outcome = upstream->write_ask(chat, &target, &pieces, &losses);
    const struct span *spans;
    uint32_t count;
    size_t size;

    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; outcome == ASK_WRITTEN && i < count; i++)
        fwrite(spans[i].at, 1, spans[i].size, stdout);
    fprintf(stderr, "{\"written\":%s,\"why\":\"%s\",\"lost\":[",
            outcome == ASK_WRITTEN ? "true" : "false", losses.why == NULL ? "" : losses.why);
    for (int i = 0, told = 0; i < CHAT_MEMBERS; i++)
        if ((losses.lost >> i & 1) != 0)
            fprintf(stderr, "%s\"%s\"", told++ > 0 ? "," : "",
                    chat_member_name((enum chat_member)i));
    fprintf(stderr, "]}\n");
    pieces_done(&pieces);
}

static void run_ask(const struct upstream_language *upstream, const struct client_language *client,
                    struct span body)
{
    struct arena *arena = arena_new(1 << 16, GATHER_MAX);
    struct json_doc doc = json_doc_make();
    const char *why = "This is no JSON.", *member = "";
    struct chat chat;

    if (json_parse(&doc, body, &json_limits_body) == JSON_OK &&
        client->read_ask(&doc, arena, &chat, &why, &member) == 0)
        write_body(upstream, &chat, arena);
    else
        fprintf(stderr, "{\"written\":false,\"why\":\"%s: %s\",\"lost\":[]}\n", member, why);
    json_doc_done(&doc);
    arena_free(arena);
}

int main(int count, char **words)
{
    const struct upstream_language *upstream;
    const struct client_language *client;
    struct buf bytes = buf_make(REPLAY_MAX);
    struct replay *replay;
    int outcome = 0;

    if (count < 6) {
        fprintf(stderr,
                "dialect-replay UPSTREAM CLIENT whole|stream|error|splits|ask PIECE_BYTES FILE\n");
        return 1;
    }
    upstream = upstream_language_find(span_of(words[1]));
    client = client_language_find(span_of(words[2]));
    if (upstream == NULL || client == NULL ||
        (strcmp(words[3], "ask") == 0 && (upstream->write_ask == NULL || client->read_ask == NULL)))
        return 2;
    if (file_read(words[5], &bytes) != 0) {
        perror(words[5]);
        return 1;
    }
    replay = mem_new(sizeof(*replay));
    replay->upstream = upstream;
    replay->client = client;
    replay->stream = strcmp(count > 6 ? words[6] : words[3], "stream") == 0;
    if (strcmp(words[3], "ask") == 0)
        run_ask(upstream, client, buf_span(&bytes));
    else if (strcmp(words[3], "splits") == 0)
        outcome = run_splits(replay, buf_span(&bytes));
    else
        run(replay, words, buf_span(&bytes));
    mem_free(replay);
    buf_done(&bytes);
    return outcome;
}
