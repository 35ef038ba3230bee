/*
 * fuzz-event_stream: any bytes, cut at any place, give the same messages as in one piece. The first
 * byte says where they are cut and, by its highest bit, whether the checksums are made right first,
 * so that what lies behind them is reached.
 */
#include "common/base/digest.h"
#include "common/base/mem.h"
#include "gateway/dialect/event_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct event_stream *stream, struct span bytes, struct buf *out)
{
    struct event_stream_frame frame;
    enum event_stream_outcome outcome;
    char *copy = mem_dup(bytes.at, bytes.size);

    event_stream_feed(stream, span_make(copy, bytes.size));
    while ((outcome = event_stream_next(stream, &frame)) == EVENT_STREAM_FRAME) {
        buf_printf(out, "<%d|%zu|", (int)frame.kind, frame.data.size);
        buf_add_span(out, frame.event);
        buf_add_byte(out, '|');
        buf_add_span(out, frame.code);
        buf_add_span(out, frame.content_type);
        buf_add_span(out, frame.data);
    }
    if (outcome == EVENT_STREAM_BROKEN)
        must(event_stream_next(stream, &frame) == EVENT_STREAM_BROKEN);
    mem_free(copy);
}

static size_t number_at(const char *at)
{
    size_t number = 0;

    for (size_t i = 0; i < 4; i++)
        number = number << 8 | (unsigned char)at[i];
    return number;
}

static void put(char *at, uint32_t number)
{
    for (int i = 3; i >= 0; i--, number >>= 8)
        at[i] = (char)(number & 255);
}

static void make_right(char *at, size_t size)
{
    while (size >= 12) {
        size_t total = number_at(at);
        put(at + 8, digest_crc32(0, at, 8));
        if (total < 16 || total > size)
            return;
        put(at + total - 4, digest_crc32(0, at, total - 4));
        at += total;
        size -= total;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_stream stream = event_stream_make();
    struct buf whole = buf_make((size_t)64 << 20), cut = buf_make((size_t)64 << 20);
    struct span text;
    char *bytes;
    size_t step;

    if (size > 1) {
        step = (size_t)data[0] % 32 + 1;
        bytes = mem_dup(data + 1, size - 1);
        text = span_make(bytes, size - 1);
        if (data[0] >= 128)
            make_right(bytes, text.size);
        take(&stream, text, &whole);
        event_stream_reset(&stream);
        for (size_t at = 0; at < text.size; at += step)
            take(&stream, span_part(text, at, step), &cut);
        must(span_equal(buf_span(&whole), buf_span(&cut)));
        mem_free(bytes);
    }
    buf_done(&whole);
    buf_done(&cut);
    event_stream_done(&stream);
    return 0;
}
