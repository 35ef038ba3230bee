/*
 * flood: answers of any size from a few bytes of memory; the other half of reply.h.
 */
#include "reply.h"

#include "common/base/mem.h"

#define PIECE_BYTES 65536

struct flooding {
    struct call call;
    struct flood flood;
    int64_t left; /* filler bytes to come; -1: without end */
    bool begun, over;
};

/* Some filler, whole turns of it but for the last. */
static void add_filler(struct flooding *flooding, struct buf *out)
{
    struct span filler = buf_span(&flooding->flood.filler);
    size_t size = 0;
    struct buf piece = buf_make(PIECE_BYTES + filler.size);

    while (size < PIECE_BYTES && flooding->left != 0) {
        size_t part = filler.size;

        if (flooding->left >= 0 && (int64_t)part > flooding->left)
            part = (size_t)flooding->left;
        buf_add(&piece, filler.at, part);
        size += part;
        if (flooding->left > 0)
            flooding->left -= (int64_t)part;
    }
    http_write_chunk(out, buf_span(&piece));
    buf_done(&piece);
}

static enum turn next_piece(struct call *call, struct buf *out, int64_t *wait_us_out)
{
    struct flooding *flooding = container_of(call, struct flooding, call);

    *wait_us_out = 0;
    if (!flooding->begun) {
        flooding->begun = true;
        flooding->flood.record.entry.status = 200;
        http_write_head(out, 200, flooding->flood.content_type, HTTP_CHUNKED,
                        flooding->flood.extra);
        http_write_chunk(out, buf_span(&flooding->flood.prefix));
        return TURN_MORE;
    }
    if (flooding->left != 0) {
        add_filler(flooding, out);
        return TURN_MORE;
    }
    http_write_chunk(out, buf_span(&flooding->flood.suffix));
    http_write_last_chunk(out);
    flooding->over = true;
    return TURN_END;
}

static void done(struct call *call, size_t unsent_bytes, bool left)
{
    struct flooding *flooding = container_of(call, struct flooding, call);
    enum truth_end end = flooding->flood.broken ? TRUTH_BROKEN : TRUTH_WHOLE;

    if (left && (unsent_bytes > 0 || !flooding->over))
        end = TRUTH_LEFT;
    if (end != TRUTH_WHOLE)
        record_bills_nothing(&flooding->flood.record);
    record_end(&flooding->flood.record, end);
    buf_done(&flooding->flood.prefix);
    buf_done(&flooding->flood.filler);
    buf_done(&flooding->flood.suffix);
    mem_free(flooding);
}

struct call *reply_flood(const struct flood *flood)
{
    struct flooding *flooding = mem_new(sizeof(*flooding));

    flooding->call = (struct call){next_piece, done};
    flooding->flood = *flood;
    if (flooding->flood.extra == NULL)
        flooding->flood.extra = "";
    flooding->left = flood->filler.size == 0 ? 0 : flood->filler_bytes;
    return &flooding->call;
}
