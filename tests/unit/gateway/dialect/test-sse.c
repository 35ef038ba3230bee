#include "tests/support/testing.h"

#include "common/base/file.h"
#include "common/base/mem.h"
#include "gateway/dialect/sse.h"

/* What came out, in a form that compares: event|data|text. */
static void note(const struct sse_frame *frame, struct buf *out)
{
    buf_printf(out, "<%.*s|", SPAN_ARG(frame->event));
    if (frame->data.at == NULL)
        buf_add_string(out, "none");
    else
        buf_printf(out, "%.*s", SPAN_ARG(frame->data));
    buf_printf(out, "|%.*s>", SPAN_ARG(frame->text));
    if (frame->plain)
        assert_memory_equal(frame->text.at + frame->text.size, "\n\n", 2);
}

static void take(struct sse *sse, struct span bytes, struct buf *out)
{
    struct sse_frame frame;
    enum sse_outcome outcome;
    /* A copy of just this size, so that a sanitizer sees a read past it. */
    char *copy = mem_dup(bytes.at, bytes.size);

    sse_feed(sse, span_make(copy, bytes.size));
    while ((outcome = sse_next(sse, &frame)) == SSE_FRAME)
        note(&frame, out);
    assert_int_equal(outcome, SSE_MORE);
    mem_free(copy);
}

static void finish(struct sse *sse, struct buf *out)
{
    struct sse_frame frame;

    if (sse_rest(sse, &frame)) {
        buf_add_string(out, "rest:");
        note(&frame, out);
    }
}

static void check_splits(const char *what, struct span text, const char *wanted)
{
    struct sse sse = sse_make();
    struct buf whole = buf_make((size_t)4 << 20), out = buf_make((size_t)4 << 20);

    take(&sse, text, &whole);
    finish(&sse, &whole);
    if (wanted != NULL)
        assert_span(what, buf_span(&whole), wanted);
    size_t step = text.size > 4096 ? 997 : 1;
    for (size_t a = 0; a <= text.size; a += step) {
        buf_clear(&out);
        sse_reset(&sse);
        take(&sse, span_part(text, 0, a), &out);
        take(&sse, span_part(text, a, text.size), &out);
        finish(&sse, &out);
        in_row(what, span_equal(buf_span(&out), buf_span(&whole)));
    }
    buf_clear(&out);
    sse_reset(&sse);
    for (size_t i = 0; i < text.size; i++)
        take(&sse, span_part(text, i, 1), &out);
    finish(&sse, &out);
    in_row(what, span_equal(buf_span(&out), buf_span(&whole)));
    buf_done(&whole);
    buf_done(&out);
    sse_done(&sse);
}

static void every_split_gives_the_same_frames(void **state)
{
    static const struct {
        const char *what, *text, *wanted;
    } rows[] = {
        {"nothing", "", ""},
        {"one frame", "data: a\n\n", "<|a|data: a>"},
        {"two frames", "data: a\n\ndata: b\n\n", "<|a|data: a><|b|data: b>"},
        {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", "<|a|data: a><|b|data: b>"},
        {"CR", "data: a\r\rdata: b\r\r", "<|a|data: a>rest:<|b|data: b>"},
        {"mixed ends", "data: a\n\r\ndata: b\r\n\ndata: c\r\r\n",
         "<|a|data: a><|b|data: b><|c|data: c>"},
        {"blank lines in front", "\n\n\ndata: a\n\n", "<|a|data: a>"},
        {"an event", "event: error\ndata: {}\n\n", "<error|{}|event: error\ndata: {}>"},
        {"several data lines", "data: a\ndata: b\n\n", "<|a\nb|data: a\ndata: b>"},
        {"no blank behind the colon", "data:a\n\n", "<|a|data:a>"},
        {"two blanks", "data:  a\n\n", "<| a|data:  a>"},
        {"an empty value", "data:\n\n", "<||data:>"},
        {"a field without a colon", "data\n\n", "<||data>"},
        {"other fields", "id: 1\nretry: 5\ndatabase: x\n\n",
         "<|none|id: 1\nretry: 5\ndatabase: x>"},
        {"a comment", ": ping\n\ndata: a\n\n", "<|none|: ping><|a|data: a>"},
        {"a comment inside", ": x\ndata: a\n\n", "<|a|: x\ndata: a>"},
        {"a byte order mark",
         "\xef\xbb\xbf"
         "data: a\n\n",
         "<|a|data: a>"},
        {"half a mark",
         "\xef\xbb"
         "data: a\n\n",
         "<|none|\xef\xbb"
         "data: a>"},
        {"cut in a line", "data: a\n\ndata: b", "<|a|data: a>rest:<|b|data: b>"},
        {"cut behind a line", "data: [DONE]\n", "rest:<|[DONE]|data: [DONE]>"},
        {"a character of many bytes", "data: \xf0\x9f\x98\x80\n\n",
         "<|\xf0\x9f\x98\x80|data: \xf0\x9f\x98\x80>"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        check_splits(rows[i].what, span_of(rows[i].text), rows[i].wanted);
}

static void a_frame_that_is_too_long_is_an_error(void **state)
{
    struct sse sse = sse_make();
    struct sse_frame frame;
    char *chunk = mem_new(65536);
    enum sse_outcome outcome = SSE_MORE;
    size_t fed = 0;

    (void)state;
    memset(chunk, 'x', 65536);
    while (outcome == SSE_MORE && fed < 4 * SSE_FRAME_MAX) {
        sse_feed(&sse, span_make(chunk, 65536));
        outcome = sse_next(&sse, &frame);
        fed += 65536;
    }
    assert_int_equal(outcome, SSE_TOO_LONG);
    assert_true(fed <= SSE_FRAME_MAX + 2 * 65536);
    mem_free(chunk);
    sse_done(&sse);
}

/* Real traffic; see recordings/README.md. */
static void recorded_streams_split_anywhere(void **state)
{
    static const char *const names[] = {"openai-tool-stream-1", "groq-stream-error",
                                        "xai-text-stream", "deepseek-tool-stream",
                                        "perplexity-citations-stream"};

    (void)state;
    for (size_t i = 0; i < array_size(names); i++) {
        char *path = mem_printf("tests/unit/gateway/dialect/recordings/%s.sse", names[i]);
        struct buf text = buf_make((size_t)1 << 20);

        assert_int(names[i], file_read(path, &text), 0);
        check_splits(names[i], buf_span(&text), NULL);
        buf_done(&text);
        mem_free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_gives_the_same_frames),
        cmocka_unit_test(a_frame_that_is_too_long_is_an_error),
        cmocka_unit_test(recorded_streams_split_anywhere),
    };

    return run_test_table(tests);
}
