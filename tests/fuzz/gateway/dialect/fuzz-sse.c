/*
 * fuzz-sse: any bytes, cut at any place, give the same frames as in one piece. The first byte says
 * where they are cut.
 */
#include "common/base/mem.h"
#include "gateway/dialect/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct sse *sse, struct span bytes, struct buf *out)
{
    struct sse_frame frame;
    char *copy = mem_dup(bytes.at, bytes.size);

    sse_feed(sse, span_make(copy, bytes.size));
    while (sse_next(sse, &frame) == SSE_FRAME) {
        buf_printf(out, "<%zu|", frame.data.at == NULL ? (size_t)-1 : frame.data.size);
        buf_add_span(out, frame.event);
        buf_add_byte(out, '|');
        buf_add_span(out, frame.data);
        buf_add_byte(out, '|');
        buf_add_span(out, frame.text);
    }
    mem_free(copy);
}

static void finish(struct sse *sse, struct buf *out)
{
    struct sse_frame frame;

    if (!sse_rest(sse, &frame))
        return;
    buf_add_byte(out, '!');
    buf_add_span(out, frame.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sse sse = sse_make();
    struct buf whole = buf_make((size_t)64 << 20), cut = buf_make((size_t)64 << 20);
    struct span text;
    size_t step;

    if (size > 1) {
        step = (size_t)data[0] % 32 + 1;
        text = span_make((const char *)data + 1, size - 1);
        take(&sse, text, &whole);
        finish(&sse, &whole);
        sse_reset(&sse);
        for (size_t at = 0; at < text.size; at += step)
            take(&sse, span_part(text, at, step), &cut);
        finish(&sse, &cut);
        must(span_equal(buf_span(&whole), buf_span(&cut)));
    }
    buf_done(&whole);
    buf_done(&cut);
    sse_done(&sse);
    return 0;
}
