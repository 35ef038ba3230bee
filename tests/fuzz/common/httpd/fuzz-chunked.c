/* Chunked bodies: one piece or two, the same bytes come out. The first byte says where to cut. */
#include "common/base/buf.h"
#include "common/base/mem.h"
#include "common/httpd/chunked.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum chunked_state decode(struct span text, size_t split, struct buf *out)
{
    struct chunked chunked = {0};
    struct span rest = span_part(text, 0, split), run;

    while ((run = chunked_next(&chunked, &rest, SIZE_MAX)).size > 0)
        buf_add_span(out, run);
    rest = span_make(rest.at, text.size - (size_t)(rest.at - text.at));
    while ((run = chunked_next(&chunked, &rest, SIZE_MAX)).size > 0)
        buf_add_span(out, run);
    return chunked.state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole = buf_make((size_t)1 << 30), cut = buf_make((size_t)1 << 30);

    if (size > 1) {
        struct span text = {(const char *)data + 1, size - 1};
        size_t split = data[0] < text.size ? data[0] : text.size;
        enum chunked_state once = decode(text, text.size, &whole);
        enum chunked_state twice = decode(text, split, &cut);

        must(once == twice && span_equal(buf_span(&whole), buf_span(&cut)));
    }
    buf_done(&whole);
    buf_done(&cut);
    return 0;
}
