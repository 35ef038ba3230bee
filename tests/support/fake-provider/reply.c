/*
 * reply: see the header. A whole answer goes out in at most three pieces: nothing while the first
 * byte is awaited, the head with the body or its first part, the rest.
 */
#include "reply.h"

#include "common/base/clock.h"
#include "common/base/mem.h"

#define SLOW_FIRST_MS 2000

void record_end(struct record *record, enum truth_end end)
{
    if (record->truth == NULL)
        return;
    record->entry.end = (uint8_t)end;
    record->entry.ms = (uint32_t)((clock_mono_us() - record->start_us) / 1000);
    truth_add(record->truth, &record->entry, TAKE(record->request));
}

void record_bills_nothing(struct record *record)
{
    struct truth_entry *entry = &record->entry;

    entry->input = entry->cache_read = entry->cache_write = entry->cache_write_1h = 0;
    entry->output = entry->reasoning = 0;
    entry->images = entry->characters = entry->milliseconds = entry->searches = 0;
    entry->usage_told = false;
}

enum stage { STAGE_WAIT, STAGE_HEAD, STAGE_REST, STAGE_OVER };

struct whole {
    struct call call;
    struct reply reply;
    enum stage stage;
    bool broken;
};

static int64_t stall_us(const struct fault_spec *spec)
{
    return spec->wait_ms < 0 ? WAIT_FOREVER : spec->wait_ms * 1000;
}

static int64_t first_wait_us(const struct fault_spec *spec)
{
    if (spec->fault->kind == FAULT_STALL_BEFORE_HEAD)
        return stall_us(spec);
    if (spec->first_ms >= 0)
        return spec->first_ms * 1000;
    return spec->fault->kind == FAULT_SLOW ? SLOW_FIRST_MS * 1000 : 0;
}

/* Where the first part of a body ends when a fault comes in its middle. */
static size_t middle(const struct whole *whole)
{
    size_t size = whole->reply.body.size;

    if (whole->reply.spec.bytes >= 0 && (uint64_t)whole->reply.spec.bytes < size)
        return (size_t)whole->reply.spec.bytes;
    return size / 2;
}

static void write_head(struct whole *whole, struct buf *out, int64_t length)
{
    http_write_head(out, whole->reply.status, whole->reply.content_type, length,
                    whole->reply.extra);
    if (whole->reply.record.entry.status == 0)
        whole->reply.record.entry.status = (uint16_t)whole->reply.status;
}

static enum turn broken(struct whole *whole, enum turn turn)
{
    whole->broken = true;
    whole->stage = STAGE_OVER;
    return turn;
}

static enum turn write_whole(struct whole *whole, struct buf *out)
{
    struct span body = buf_span(&whole->reply.body);

    write_head(whole, out, (int64_t)body.size);
    buf_add_span(out, body);
    whole->stage = STAGE_OVER;
    return TURN_END;
}

static enum turn write_chunked(struct whole *whole, struct buf *out, struct span body,
                               bool per_byte)
{
    write_head(whole, out, HTTP_CHUNKED);
    if (per_byte)
        http_write_chunk_per_byte(out, body);
    else
        http_write_chunk(out, body);
    http_write_last_chunk(out);
    whole->stage = STAGE_OVER;
    return TURN_END;
}

/* The head and the first part of a body that is told whole. */
static enum turn write_part(struct whole *whole, struct buf *out, size_t size)
{
    write_head(whole, out, (int64_t)whole->reply.body.size);
    buf_add_span(out, span_part(buf_span(&whole->reply.body), 0, size));
    whole->stage = STAGE_REST;
    return TURN_MORE;
}

static enum turn whole_but_broken(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    (void)write_whole(whole, out);
    return broken(whole, TURN_END);
}

static enum turn reset_before_head(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)out;
    (void)wait_us_out;
    return broken(whole, TURN_RESET);
}

static enum turn close_before_head(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)out;
    (void)wait_us_out;
    return broken(whole, TURN_CLOSE);
}

static enum turn garbage_head(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    buf_add_string(out, "\x16\x03\x01 this is no HTTP\r\n\r\n");
    return broken(whole, TURN_CLOSE);
}

static enum turn reset_after_head(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    (void)write_part(whole, out, 0);
    return broken(whole, TURN_RESET);
}

static enum turn stall_after_head(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    *wait_us_out = stall_us(&whole->reply.spec);
    return write_part(whole, out, 0);
}

static enum turn stall_mid(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    *wait_us_out = stall_us(&whole->reply.spec);
    return write_part(whole, out, middle(whole));
}

static enum turn reset_mid(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    (void)write_part(whole, out, middle(whole));
    return broken(whole, TURN_RESET);
}

static enum turn cut(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    (void)write_part(whole, out, middle(whole));
    return broken(whole, TURN_CLOSE);
}

static enum turn truncated(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    struct span body = span_part(buf_span(&whole->reply.body), 0, middle(whole));

    (void)wait_us_out;
    (void)write_chunked(whole, out, body, false);
    return broken(whole, TURN_END);
}

static enum turn malformed(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    struct buf *body = &whole->reply.body;

    body->size -= body->size < 2 ? body->size : 2;
    return whole_but_broken(whole, out, wait_us_out);
}

static enum turn split(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    (void)wait_us_out;
    return write_chunked(whole, out, buf_span(&whole->reply.body), true);
}

/* What the first bytes are under each fault; those that are not here leave the body as it is. */
static enum turn (*const first_writers[])(struct whole *, struct buf *, int64_t *) = {
    [FAULT_RESET_BEFORE_HEAD] = reset_before_head,
    [FAULT_CLOSE_BEFORE_HEAD] = close_before_head,
    [FAULT_GARBAGE_HEAD] = garbage_head,
    [FAULT_RESET_AFTER_HEAD] = reset_after_head,
    [FAULT_STALL_AFTER_HEAD] = stall_after_head,
    [FAULT_STALL_MID] = stall_mid,
    [FAULT_RESET_MID] = reset_mid,
    [FAULT_CUT] = cut,
    [FAULT_TRUNCATE] = truncated,
    [FAULT_MALFORMED] = malformed,
    [FAULT_BAD_CRC] = malformed,
    [FAULT_CUT_FRAME] = truncated,
    [FAULT_SPLIT] = split,
    [FAULT_HTML] = whole_but_broken,
    [FAULT_EMPTY] = whole_but_broken,
    [FAULT_REDIRECT] = whole_but_broken,
    [FAULT_ERROR_MID] = whole_but_broken,
};

static enum turn write_first(struct whole *whole, struct buf *out, int64_t *wait_us_out)
{
    size_t kind = whole->reply.spec.fault->kind;

    if (kind >= array_size(first_writers) || first_writers[kind] == NULL)
        return write_whole(whole, out);
    return first_writers[kind](whole, out, wait_us_out);
}

static enum turn next_piece(struct call *call, struct buf *out, int64_t *wait_us_out)
{
    struct whole *whole = container_of(call, struct whole, call);

    switch (whole->stage) {
    case STAGE_WAIT:
        whole->stage = STAGE_HEAD;
        *wait_us_out = first_wait_us(&whole->reply.spec);
        if (*wait_us_out > 0)
            return TURN_MORE;
        return write_first(whole, out, wait_us_out);
    case STAGE_HEAD:
        return write_first(whole, out, wait_us_out);
    case STAGE_REST: {
        enum fault_kind kind = whole->reply.spec.fault->kind;
        size_t sent = kind == FAULT_STALL_AFTER_HEAD ? 0 : middle(whole);

        buf_add_span(out, span_part(buf_span(&whole->reply.body), sent, SIZE_MAX));
        whole->stage = STAGE_OVER;
        return TURN_END;
    }
    case STAGE_OVER:
        break;
    }
    return TURN_END;
}

static void done(struct call *call, size_t unsent_bytes, bool left)
{
    struct whole *whole = container_of(call, struct whole, call);
    enum truth_end end = whole->broken ? TRUTH_BROKEN : TRUTH_WHOLE;

    if (left && (unsent_bytes > 0 || whole->stage != STAGE_OVER))
        end = TRUTH_LEFT;
    if (end != TRUTH_WHOLE)
        record_bills_nothing(&whole->reply.record);
    record_end(&whole->reply.record, end);
    buf_done(&whole->reply.body);
    mem_free(whole);
}

/* Puts in what stands instead of an answer. */
static void replace(struct reply *reply, int status, const char *type, const char *body)
{
    reply->status = status;
    reply->content_type = type;
    buf_clear(&reply->body);
    buf_add_string(&reply->body, body);
}

/* 1 MiB of blanks in 1,038 bytes of deflate, ended by a full flush, so that it may be repeated. */
static struct call *gzip_bomb(struct reply *reply)
{
    static const uint8_t begin[] = {0xec, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0,
                                    0x2a, 0xeb, 0x9f, 0xd2, 0x10, 0xbe, 0x40, 0x01};
    static const uint8_t end[] = {0x7c, 0x06, 0x00, 0x00, 0xff, 0xff};
    static const uint8_t zeros[1015];
    int64_t bytes = reply->spec.bytes < 0 ? INT64_C(100) << 20 : reply->spec.bytes;
    struct flood flood = {.content_type = reply->content_type,
                          .extra = "content-encoding: gzip\r\n",
                          .record = reply->record,
                          .broken = true};

    flood.prefix = buf_make(64);
    flood.filler = buf_make(2048);
    flood.suffix = buf_make(64);
    buf_add(&flood.prefix, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
    buf_add(&flood.filler, begin, sizeof(begin));
    buf_add(&flood.filler, zeros, sizeof(zeros));
    buf_add(&flood.filler, end, sizeof(end));
    flood.filler_bytes = (bytes + (1 << 20) - 1) / (1 << 20) * (int64_t)flood.filler.size;
    buf_add(&flood.suffix, "\x03\x00", 2);
    record_bills_nothing(&flood.record);
    buf_done(&reply->body);
    return reply_flood(&flood);
}

bool reply_is_instead(enum fault_kind kind)
{
    return kind >= FAULT_STATUS && kind <= FAULT_GZIP_BOMB;
}

struct call *reply_whole(const struct reply *reply)
{
    struct whole *whole = mem_new(sizeof(*whole));
    enum fault_kind kind = reply->spec.fault->kind;

    whole->call = (struct call){next_piece, done};
    whole->reply = *reply;
    if (whole->reply.extra == NULL)
        whole->reply.extra = whole->reply.extra_text;
    if (kind == FAULT_HTML) {
        replace(&whole->reply, 200, "text/html",
                "<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>\n");
    } else if (kind == FAULT_EMPTY) {
        replace(&whole->reply, 200, "application/json", "");
    } else if (kind == FAULT_REDIRECT) {
        replace(&whole->reply, 302, "text/plain", "");
        whole->reply.extra = "location: http://169.254.169.254/latest/meta-data/\r\n";
    } else if (kind == FAULT_WRONG_TYPE) {
        whole->reply.content_type = "text/plain";
    } else if (kind == FAULT_GZIP_BOMB) {
        struct call *call = gzip_bomb(&whole->reply);

        mem_free(whole);
        return call;
    }
    return &whole->call;
}

struct call *reply_page(int status, const char *content_type, struct buf body)
{
    struct reply reply = {
        .status = status, .content_type = content_type, .body = body, .spec = fault_spec_make()};

    return reply_whole(&reply);
}
