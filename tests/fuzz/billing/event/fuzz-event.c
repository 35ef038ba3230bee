/*
 * fuzz-event: whatever decodes encodes again, and that decodes to what encodes alike.
 */
#include "billing/event/event.h"
#include "common/base/arena.h"
#include "common/base/json.h"
#include "common/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int encode(const struct event *event, struct buf *out)
{
    switch (event->kind) {
    case EVENT_KIND_USAGE:
        return event_encode_usage(&event->usage, out);
    case EVENT_KIND_LEASE:
        return event_encode_lease(&event->lease, out);
    case EVENT_KIND_REFUSAL:
        return event_encode_refusal(&event->refusal, out);
    case EVENT_KIND_UNKNOWN:
        break;
    }
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct buf first = buf_make(EVENT_BYTES_MAX), second = buf_make(EVENT_BYTES_MAX),
               why = buf_make(256);
    struct event event;
    if (size <= EVENT_BYTES_MAX &&
        event_decode(span_make((const char *)data, size), &doc, arena, &event, &why) == 0 &&
        encode(&event, &first) == 0) {
        must(event_decode(buf_span(&first), &doc, arena, &event, &why) == 0);
        must(encode(&event, &second) == 0);
        must(span_equal(buf_span(&first), buf_span(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
    return 0;
}
