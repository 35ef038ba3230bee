#include "tests/support/testing.h"

#include "common/base/mem.h"
#include "gateway/dialect/event_stream.h"
#include "tests/support/testing_event_stream.h"

/* What came out, in a form that compares. */
static void take(struct event_stream *stream, struct span bytes, struct buf *out)
{
    static const char kinds[] = "vxe";
    struct event_stream_frame frame;
    enum event_stream_outcome outcome;
    /* A copy of just this size, so that a sanitizer sees a read past it. */
    char *copy = mem_dup(bytes.at, bytes.size);

    event_stream_feed(stream, span_make(copy, bytes.size));
    while ((outcome = event_stream_next(stream, &frame)) == EVENT_STREAM_FRAME)
        buf_printf(out, "<%c|%.*s|%.*s|%.*s>", kinds[frame.kind], SPAN_ARG(frame.event),
                   SPAN_ARG(frame.code), SPAN_ARG(frame.data));
    if (outcome == EVENT_STREAM_BROKEN && !span_ends(buf_span(out), "broken"))
        buf_add_string(out, "broken");
    mem_free(copy);
}

static void check_splits(const char *what, struct span bytes, const char *wanted, bool cut)
{
    struct event_stream stream = event_stream_make();
    struct buf out = buf_make(1 << 16);

    for (size_t at = 0; at <= bytes.size; at++) {
        buf_clear(&out);
        event_stream_reset(&stream);
        take(&stream, span_part(bytes, 0, at), &out);
        take(&stream, span_part(bytes, at, bytes.size), &out);
        assert_span(what, buf_span(&out), wanted);
        in_row(what, span_ends(buf_span(&out), "broken") || event_stream_is_cut(&stream) == cut);
    }
    for (size_t step = 1; step < 20; step++) {
        buf_clear(&out);
        event_stream_reset(&stream);
        for (size_t at = 0; at < bytes.size; at += step)
            take(&stream, span_part(bytes, at, step), &out);
        assert_span(what, buf_span(&out), wanted);
    }
    buf_done(&out);
    event_stream_done(&stream);
}

/* From the test vectors that AWS's SDKs share. */
static void published_messages_are_read(void **state)
{
    static const struct {
        const char *what, *hex, *wanted;
    } rows[] = {
        {"nothing in it", "000000100000000005c248eb7d98c8ff", "<v|||>"},
        {"a payload alone", "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
         "<v|||{'foo':'bar'}>"},
        {"one header",
         "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
         "7b27666f6f273a27626172277d8d9c08b1",
         "<v|||{'foo':'bar'}>"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char bytes[256];
        size_t size = strlen(rows[i].hex) / 2;
        in_row(rows[i].what, digest_unhex(span_of(rows[i].hex), bytes, size) == 0);
        check_splits(rows[i].what, span_make(bytes, size), rows[i].wanted, false);
    }
}

static void every_split_gives_the_same_messages(void **state)
{
    struct buf bytes = buf_make(1 << 16), headers = buf_make(1 << 12);

    (void)state;
    add_event(&bytes, "event", "messageStart", "{\"role\":\"assistant\"}");
    add_event(&bytes, "event", "contentBlockDelta", "");
    add_event(&bytes, "exception", "throttlingException", "{\"message\":\"slow\"}");
    add_header(&headers, ":error-code", "InternalError");
    add_header(&headers, ":error-message", "it broke");
    add_header(&headers, ":message-type", "error");
    add_message(&bytes, buf_span(&headers), span_of("ignored"));
    check_splits("four messages", buf_span(&bytes),
                 "<v|messageStart||{\"role\":\"assistant\"}><v|contentBlockDelta||>"
                 "<x|throttlingException||{\"message\":\"slow\"}><e|error|InternalError|it broke>",
                 false);
    check_splits("a stream that ends within a message",
                 span_part(buf_span(&bytes), 0, bytes.size - 1),
                 "<v|messageStart||{\"role\":\"assistant\"}><v|contentBlockDelta||>"
                 "<x|throttlingException||{\"message\":\"slow\"}>",
                 true);
    buf_done(&headers);
    buf_done(&bytes);
}

static void headers_of_every_type_are_passed_over(void **state)
{
    static const struct {
        const char *what;
        struct span headers;
        const char *wanted;
    } rows[] = {
#define HEADERS(text) {text, sizeof(text) - 1}
        {"true", HEADERS("\1a\0"), "<v|||x>"},
        {"false", HEADERS("\1a\1"), "<v|||x>"},
        {"a byte", HEADERS("\1a\2z"), "<v|||x>"},
        {"a short", HEADERS("\1a\3zz"), "<v|||x>"},
        {"an integer", HEADERS("\1a\4zzzz"), "<v|||x>"},
        {"a long", HEADERS("\1a\5zzzzzzzz"), "<v|||x>"},
        {"bytes", HEADERS("\1a\6\0\2zz"), "<v|||x>"},
        {"a string", HEADERS("\1a\7\0\2zz"), "<v|||x>"},
        {"a time", HEADERS("\1a\10zzzzzzzz"), "<v|||x>"},
        {"a UUID", HEADERS("\1a\11zzzzzzzzzzzzzzzz"), "<v|||x>"},
        {"several", HEADERS("\1a\0\1b\1\13:event-type\7\0\1e\1c\6\0\0"), "<v|e||x>"},
        {"an event type that is no string", HEADERS("\13:event-type\6\0\1e"), "<v|||x>"},
        {"an unknown type", HEADERS("\1a\12"), "broken"},
        {"no name", HEADERS("\0\0"), "broken"},
        {"no type", HEADERS("\1a"), "broken"},
        {"a name beyond the headers", HEADERS("\5a"), "broken"},
        {"a value beyond the headers", HEADERS("\1a\7\0\3zz"), "broken"},
        {"a size that is cut", HEADERS("\1a\7\0"), "broken"},
        {"a long that is cut", HEADERS("\1a\5zzz"), "broken"},
#undef HEADERS
    };
    struct buf bytes = buf_make(1 << 12);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        buf_clear(&bytes);
        add_message(&bytes, rows[i].headers, span_of("x"));
        check_splits(rows[i].what, buf_span(&bytes), rows[i].wanted, false);
    }
    buf_done(&bytes);
}

static void any_wrong_byte_breaks_the_stream_for_good(void **state)
{
    struct buf bytes = buf_make(1 << 12), out = buf_make(1 << 12);
    struct event_stream stream = event_stream_make();
    size_t first;

    (void)state;
    add_event(&bytes, "event", "messageStart", "{}");
    first = bytes.size;
    add_event(&bytes, "event", "messageStop", "{}");
    for (size_t i = 0; i < first; i++) {
        buf_clear(&out);
        event_stream_reset(&stream);
        bytes.at[i] ^= 0x10;
        take(&stream, buf_span(&bytes), &out);
        take(&stream, buf_span(&bytes), &out);
        assert_span("a flipped bit", buf_span(&out), "broken");
        bytes.at[i] ^= 0x10;
    }
    buf_done(&bytes);
    buf_done(&out);
    event_stream_done(&stream);
}

static void sizes_are_bounded(void **state)
{
    static const struct {
        const char *what;
        size_t total, headers;
        const char *wanted;
    } rows[] = {
        {"smaller than a message can be", 15, 0, "broken"},
        {"headers larger than the message", 32, 17, "broken"},
        {"headers that fill it", 32, 16, ""},
        {"as large as may be", EVENT_STREAM_MESSAGE_MAX, 0, ""},
        {"larger", EVENT_STREAM_MESSAGE_MAX + 1, 0, "broken"},
        {"as many headers as may be", EVENT_STREAM_MESSAGE_MAX, EVENT_STREAM_HEADERS_MAX, ""},
        {"more headers", EVENT_STREAM_MESSAGE_MAX, EVENT_STREAM_HEADERS_MAX + 1, "broken"},
        {"all bits", 0xffffffff, 0xffffffff, "broken"},
    };
    struct event_stream stream = event_stream_make();
    struct buf bytes = buf_make(1 << 12), out = buf_make(1 << 12);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        buf_clear(&bytes);
        buf_clear(&out);
        event_stream_reset(&stream);
        add_number(&bytes, rows[i].total, 4);
        add_number(&bytes, rows[i].headers, 4);
        add_number(&bytes, digest_crc32(0, bytes.at, 8), 4);
        take(&stream, buf_span(&bytes), &out);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
    }
    buf_done(&bytes);
    buf_done(&out);
    event_stream_done(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_messages_are_read),
        cmocka_unit_test(every_split_gives_the_same_messages),
        cmocka_unit_test(headers_of_every_type_are_passed_over),
        cmocka_unit_test(any_wrong_byte_breaks_the_stream_for_good),
        cmocka_unit_test(sizes_are_bounded),
    };

    return run_test_table(tests);
}
