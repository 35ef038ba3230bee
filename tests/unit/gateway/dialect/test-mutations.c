/*
 * test-mutations: what a provider may change any day makes no other answer of it, and one answer is
 * the same streamed, whole, and told again by each of our clients' languages: in its words, its
 * tokens, and so in its cost.
 */
#include "tests/support/testing.h"

#include <stdio.h>

#include "common/base/mem.h"
#include "gateway/dialect/event_stream.h"
#include "gateway/dialect/sse.h"
#include "tests/support/testing_event_stream.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

enum { TEXT_MAX = 1 << 16, ARENA_MAX = 4 << 20 };

/* All that counts of an answer, in one line. */
struct heard {
    struct buf text, reasoning, arguments, calls;
    const char *finish;
    struct meters meters; /* as shown to a client */
    bool done;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct heard *heard = context;

    if (event->kind == EVENT_TEXT)
        buf_add_span(&heard->text, event->text);
    else if (event->kind == EVENT_REASONING)
        buf_add_span(&heard->reasoning, event->text);
    else if (event->kind == EVENT_TOOL)
        buf_printf(&heard->calls, "%.*s %.*s;", SPAN_ARG(event->id), SPAN_ARG(event->name));
    else if (event->kind == EVENT_ARGUMENTS)
        buf_add_span(&heard->arguments, event->text);
    else if (event->kind == EVENT_FINISH)
        heard->finish = answer_finish_name(event->finish);
    else if (event->kind == EVENT_USAGE)
        heard->meters =
            event->usage->shown.present != 0 ? event->usage->shown : event->usage->meters;
    else if (event->kind == EVENT_DONE)
        heard->done = true;
}

static struct heard heard_make(void)
{
    return (struct heard){.text = buf_make(TEXT_MAX),
                          .reasoning = buf_make(TEXT_MAX),
                          .arguments = buf_make(TEXT_MAX),
                          .calls = buf_make(TEXT_MAX),
                          .finish = "none"};
}

static void heard_tell(struct heard *heard, struct buf *out)
{
    const int64_t *count = heard->meters.count;

    buf_clear(out);
    buf_printf(out, "%.*s|%.*s|%.*s%.*s|%s|%s|prompt %lld read %lld written %lld output %lld",
               SPAN_ARG(buf_span(&heard->reasoning)), SPAN_ARG(buf_span(&heard->text)),
               SPAN_ARG(buf_span(&heard->calls)), SPAN_ARG(buf_span(&heard->arguments)),
               heard->finish, heard->done ? "done" : "not done",
               (long long)meters_prompt(&heard->meters), (long long)count[METER_CACHE_READ],
               (long long)(count[METER_CACHE_WRITE_5M] + count[METER_CACHE_WRITE_1H]),
               (long long)count[METER_OUTPUT]);
    buf_done(&heard->text);
    buf_done(&heard->reasoning);
    buf_done(&heard->arguments);
    buf_done(&heard->calls);
}

/* ---- reading ---- */

struct reading {
    struct answer_reader reader;
    struct answer answer;
    struct json_doc doc;
    struct arena *arena;
    struct heard heard;
    /* Where it is told again; NULL: nowhere. */
    struct answer_writer *writer;
};

static void on_both(void *context, const struct answer_event *event)
{
    struct reading *reading = context;

    on_event(&reading->heard, event);
    if (reading->writer != NULL)
        reading->writer->language->write(reading->writer, event);
}

static void reading_open(struct reading *reading, const struct upstream_language *language,
                         struct answer_writer *writer)
{
    reading->doc = json_doc_make();
    reading->answer = answer_make();
    reading->arena = arena_new(1 << 14, ARENA_MAX);
    reading->heard = heard_make();
    reading->writer = writer;
    reading->reader = answer_reader_make(language, &reading->doc, &reading->answer,
                                         (struct answer_sink){on_both, reading}, reading->arena);
}

static void reading_close(struct reading *reading, struct buf *out)
{
    heard_tell(&reading->heard, out);
    json_doc_done(&reading->doc);
    arena_free(reading->arena);
}

static void drain_sse(struct reading *reading, struct sse *sse)
{
    struct sse_frame frame;

    while (sse_next(sse, &frame) == SSE_FRAME)
        if (frame.data.at != NULL) {
            reading->reader.language->read_frame(&reading->reader, frame.event, frame.data);
            arena_reset(reading->arena);
        }
}

static void read_sse(struct reading *reading, struct span bytes, size_t split)
{
    struct sse sse = sse_make();
    struct sse_frame frame;

    sse_feed(&sse, span_part(bytes, 0, split));
    drain_sse(reading, &sse);
    sse_feed(&sse, span_part(bytes, split, bytes.size));
    drain_sse(reading, &sse);
    if (sse_rest(&sse, &frame) && frame.data.at != NULL)
        reading->reader.language->read_frame(&reading->reader, frame.event, frame.data);
    sse_done(&sse);
}

static void drain_messages(struct reading *reading, struct event_stream *stream)
{
    struct event_stream_frame frame;

    while (event_stream_next(stream, &frame) == EVENT_STREAM_FRAME) {
        reading->reader.language->read_frame(&reading->reader, frame.event, frame.data);
        arena_reset(reading->arena);
    }
}

static void read_messages(struct reading *reading, struct span bytes, size_t split)
{
    struct event_stream stream = event_stream_make();

    event_stream_feed(&stream, span_part(bytes, 0, split));
    drain_messages(reading, &stream);
    event_stream_feed(&stream, span_part(bytes, split, bytes.size));
    drain_messages(reading, &stream);
    event_stream_done(&stream);
}

/* What is heard of a stream in two pieces; and told again where there is a writer. */
static void hear_stream(const struct upstream_language *language, struct span bytes, size_t split,
                        struct answer_writer *writer, struct buf *out)
{
    struct reading *reading = mem_new(sizeof(*reading));

    reading_open(reading, language, writer);
    if (language->framing == FRAMING_SSE)
        read_sse(reading, bytes, split);
    else
        read_messages(reading, bytes, split);
    if (language->read_end != NULL)
        language->read_end(&reading->reader, true);
    reading_close(reading, out);
    mem_free(reading);
}

static void hear_whole(const struct upstream_language *language, struct span body,
                       struct answer_writer *writer, struct buf *out)
{
    struct reading *reading = mem_new(sizeof(*reading));

    reading_open(reading, language, writer);
    language->read_whole(&reading->reader, body);
    reading_close(reading, out);
    mem_free(reading);
}

/* ---- streams, and what may be changed in them ---- */

enum mutation {
    PLAIN,
    CRLF,
    NO_BLANK,       /* behind "data:" */
    COMMENTS,       /* between frames, and in them */
    OTHER_FIELDS,   /* id: and retry: */
    UNKNOWN_FIRST,  /* a member in front of the others */
    UNKNOWN_LAST,   /* and behind them */
    UNKNOWN_EVENTS, /* between frames */
    UNENDED,        /* without the last blank line */
    MUTATIONS
};

static const char *const mutation_names[MUTATIONS] = {
    [PLAIN] = "plain",
    [CRLF] = "lines that end in CRLF",
    [NO_BLANK] = "no blank behind the colon",
    [COMMENTS] = "comments",
    [OTHER_FIELDS] = "ids and pauses",
    [UNKNOWN_FIRST] = "an unknown member in front",
    [UNKNOWN_LAST] = "an unknown member behind",
    [UNKNOWN_EVENTS] = "unknown events",
    [UNENDED] = "no line end behind the last",
};

#define UNKNOWN "\"x_new\":{\"a\":[null,{\"text\":\"no\",\"usage\":1}],\"b\":-1.5e3}"

static void mutate_data(const char *data, enum mutation mutation, struct buf *out)
{
    size_t size = strlen(data);

    if (data[0] == '{' && mutation == UNKNOWN_FIRST)
        buf_printf(out, "{" UNKNOWN "%s%s", size > 2 ? "," : "", data + 1);
    else if (data[0] == '{' && mutation == UNKNOWN_LAST)
        buf_printf(out, "%.*s%s" UNKNOWN "}", (int)(size - 1), data, size > 2 ? "," : "");
    else
        buf_add_string(out, data);
}

static void add_sse(const struct fixture_frame *frame, enum mutation mutation, struct buf *out)
{
    const char *end = mutation == CRLF ? "\r\n" : "\n";

    if (mutation == COMMENTS)
        buf_printf(out, ": keep-alive%s%s", end, end);
    if (mutation == UNKNOWN_EVENTS && strcmp(frame->data, "[DONE]") != 0)
        buf_add_string(out, "event: x_new\ndata: {\"type\":\"x_new\",\"object\":\"x_new\"}\n\n");
    if (mutation == OTHER_FIELDS)
        buf_add_string(out, "id: 7\nretry: 10\nx: y\n");
    if (frame->event != NULL)
        buf_printf(out, "event: %s%s", frame->event, end);
    if (mutation == COMMENTS)
        buf_printf(out, ":%s", end);
    buf_add_string(out, mutation == NO_BLANK ? "data:" : "data: ");
    mutate_data(frame->data, mutation, out);
    buf_printf(out, "%s%s", end, end);
}

static void add_frame(const struct answer_fixture *fixture, uint32_t i, enum mutation mutation,
                      struct buf *out)
{
    const struct fixture_frame *frame = &fixture->frames[i];
    struct buf data = buf_make(TEXT_MAX);

    if (fixture->language->framing == FRAMING_SSE) {
        add_sse(frame, mutation, out);
    } else {
        mutate_data(frame->data, mutation, &data);
        if (mutation == UNKNOWN_EVENTS)
            add_event(out, "event", "xNew", "{\"x_new\":1}");
        add_event(out, "event", frame->event, data.at);
    }
    buf_done(&data);
}

/* `swap`: that frame and the next stand the other way round; UINT32_MAX: none. */
static void make_stream(const struct answer_fixture *fixture, enum mutation mutation, uint32_t swap,
                        struct buf *out)
{
    buf_clear(out);
    for (uint32_t i = 0; fixture->frames[i].data != NULL; i++) {
        uint32_t which = i == swap ? i + 1 : i == swap + 1 && swap != UINT32_MAX ? swap : i;
        add_frame(fixture, which, mutation, out);
    }
    if (mutation == UNENDED && fixture->language->framing == FRAMING_SSE)
        out->size -= 2;
}

static void wanted_of(const struct answer_fixture *fixture, struct buf *out)
{
    buf_clear(out);
    buf_printf(out,
               "%s|It is\\n7\\u00b0.|call_1 f;{\\\"a\\\":1}|tool_calls|done|prompt 20 read 5 "
               "written %lld output 9",
               fixture->thinks ? "Hm." : "", (long long)fixture->cache_write);
}

static void harmless_changes_make_no_other_answer(void **state)
{
    struct buf stream = buf_make(TEXT_MAX), heard = buf_make(TEXT_MAX), wanted = buf_make(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < ANSWER_FIXTURES; i++) {
        wanted_of(&answer_fixtures[i], &wanted);
        for (int m = PLAIN; m < MUTATIONS; m++) {
            make_stream(&answer_fixtures[i], (enum mutation)m, UINT32_MAX, &stream);
            hear_stream(answer_fixtures[i].language, buf_span(&stream), 0, NULL, &heard);
            assert_span(mutation_names[m], buf_span(&heard), wanted.at);
        }
        for (size_t s = 0; answer_fixtures[i].swaps[s] != 0; s++) {
            make_stream(&answer_fixtures[i], PLAIN, answer_fixtures[i].swaps[s], &stream);
            hear_stream(answer_fixtures[i].language, buf_span(&stream), 0, NULL, &heard);
            assert_span("another order", buf_span(&heard), wanted.at);
        }
    }
    buf_done(&stream);
    buf_done(&heard);
    buf_done(&wanted);
}

static void every_split_gives_the_same_answer(void **state)
{
    static const enum mutation mutations[] = {PLAIN, CRLF, COMMENTS};
    struct buf stream = buf_make(TEXT_MAX), heard = buf_make(TEXT_MAX), wanted = buf_make(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < ANSWER_FIXTURES; i++) {
        wanted_of(&answer_fixtures[i], &wanted);
        for (size_t m = 0; m < array_size(mutations); m++) {
            make_stream(&answer_fixtures[i], mutations[m], UINT32_MAX, &stream);
            for (size_t split = 1; split < stream.size; split++) {
                hear_stream(answer_fixtures[i].language, buf_span(&stream), split, NULL, &heard);
                assert_span(mutation_names[mutations[m]], buf_span(&heard), wanted.at);
            }
        }
    }
    buf_done(&stream);
    buf_done(&heard);
    buf_done(&wanted);
}

/* ---- streamed, whole, and told again ---- */

static const struct {
    const char *what;
    const struct client_language *client;
    const struct upstream_language *again; /* what reads it */
    bool stream;
} tellers[] = {
    {"OpenAI, streamed", &openai_client, &openai_upstream, true},
    {"OpenAI, whole", &openai_client, &openai_upstream, false},
    {"Anthropic, streamed", &anthropic_client, &anthropic_upstream, true},
    {"Anthropic, whole", &anthropic_client, &anthropic_upstream, false},
    {"Gemini, streamed", &gemini_client, &gemini_upstream, true},
    {"Gemini, whole", &gemini_client, &gemini_upstream, false},
    {"Responses, streamed", &responses_client, &responses_upstream, true},
    {"Responses, whole", &responses_client, &responses_upstream, false},
};

/* A client's language has no word for what was written to a cache: then it is plain input. */
static void assert_told_again(const char *what, struct span heard, struct span wanted)
{
    ptrdiff_t at = -1;

    for (size_t i = 0; i + 8 < wanted.size && at < 0; i++)
        if (memcmp(wanted.at + i, "written ", 8) == 0)
            at = (ptrdiff_t)i;
    in_row(what, at > 0);
    if (span_equal(heard, wanted))
        return;
    if (heard.size != wanted.size || memcmp(heard.at, wanted.at, (size_t)at) != 0 ||
        memcmp(heard.at + at + 9, wanted.at + at + 9, wanted.size - (size_t)at - 9) != 0 ||
        heard.at[at + 8] != '0')
        fail_msg("%s: got %.*s, wanted %.*s", what, SPAN_ARG(heard), SPAN_ARG(wanted));
}

static void tell_again(const struct answer_fixture *fixture, struct span bytes, bool whole,
                       struct span wanted)
{
    struct buf out = buf_make(TEXT_MAX), heard = buf_make(TEXT_MAX);

    for (size_t i = 0; i < array_size(tellers); i++) {
        struct arena *arena = arena_new(1 << 14, ARENA_MAX);
        struct answer_writer writer = answer_writer_make(tellers[i].client, &out, arena);
        buf_clear(&out);
        writer.id = span_of("gen_1");
        writer.model = span_of("m");
        writer.stream = tellers[i].stream;
        writer.include_usage = true;
        if (whole)
            hear_whole(fixture->language, bytes, &writer, &heard);
        else
            hear_stream(fixture->language, bytes, 0, &writer, &heard);
        assert_span("read", buf_span(&heard), wanted.at);
        if (tellers[i].stream)
            hear_stream(tellers[i].again, buf_span(&out), 0, NULL, &heard);
        else
            hear_whole(tellers[i].again, buf_span(&out), NULL, &heard);
        assert_told_again(tellers[i].what, buf_span(&heard), wanted);
        arena_free(arena);
    }
    buf_done(&out);
    buf_done(&heard);
}

static void streamed_whole_and_told_again_it_is_one_answer_and_one_cost(void **state)
{
    struct buf stream = buf_make(TEXT_MAX), wanted = buf_make(TEXT_MAX);

    (void)state;
    for (size_t i = 0; i < ANSWER_FIXTURES; i++) {
        wanted_of(&answer_fixtures[i], &wanted);
        make_stream(&answer_fixtures[i], PLAIN, UINT32_MAX, &stream);
        tell_again(&answer_fixtures[i], buf_span(&stream), false, buf_span(&wanted));
        tell_again(&answer_fixtures[i], span_of(answer_fixtures[i].whole), true, buf_span(&wanted));
    }
    buf_done(&stream);
    buf_done(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmless_changes_make_no_other_answer),
        cmocka_unit_test(every_split_gives_the_same_answer),
        cmocka_unit_test(streamed_whole_and_told_again_it_is_one_answer_and_one_cost),
    };

    return run_test_table(tests);
}
