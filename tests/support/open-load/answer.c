/*
 * answer: see the header.
 */
#include "answer.h"

#include <string.h>
#include <strings.h>

enum { HEAD_BYTES_MAX = 64 << 10, BODY_BYTES_MAX = 4 << 20 };

struct answer answer_make(void)
{
    return (struct answer){.head = buf_make(HEAD_BYTES_MAX), .body = buf_make(BODY_BYTES_MAX)};
}

void answer_done(struct answer *answer)
{
    buf_done(&answer->head);
    buf_done(&answer->body);
}

void answer_clear(struct answer *answer)
{
    struct buf head = answer->head, body = answer->body;

    buf_clear(&head);
    buf_clear(&body);
    *answer = (struct answer){.head = head, .body = body};
}

/* The value of the header line of that name; empty when the line is another. */
static struct span value_of(struct span line, const char *name)
{
    size_t size = strlen(name);

    if (line.size <= size || line.at[size] != ':' || strncasecmp(line.at, name, size) != 0)
        return span_make("", 0);
    return span_trim(span_part(line, size + 1, line.size));
}

static int number_of(struct span text, int64_t max)
{
    int64_t value;

    return span_int64(text, &value) == 0 && value >= 0 && value <= max ? (int)value : 0;
}

static void read_line(struct answer *answer, struct span line)
{
    struct span value = value_of(line, "content-length");
    int64_t size;

    if (value.size > 0 && span_int64(value, &size) == 0 && size >= 0) {
        answer->left = (uint64_t)size;
        answer->state = size == 0 ? ANSWER_WHOLE : ANSWER_SIZED;
    }
    if (span_is(value_of(line, "transfer-encoding"), "chunked"))
        answer->state = ANSWER_CHUNKED;
    answer->close = answer->close || span_is(value_of(line, "connection"), "close");
    value = value_of(line, "x-tollgate-attempts");
    if (value.size > 0)
        answer->attempts = number_of(value, 100);
}

static struct span next_line(struct span *rest)
{
    struct span line = span_cut(rest, '\n');

    return span_ends(line, "\r") ? span_part(line, 0, line.size - 1) : line;
}

/* The head stands whole in its buffer. */
static void read_head(struct answer *answer)
{
    struct span rest = buf_span(&answer->head), line = next_line(&rest);

    answer->state = ANSWER_BROKEN; /* unless it tells how long it is */
    if (!span_starts(line, "HTTP/1.1 ") || line.size < 12)
        return;
    answer->status = number_of(span_part(line, 9, 3), 999);
    while (rest.size > 0)
        read_line(answer, next_line(&rest));
}

/* Takes up to the end of the head off `bytes`. */
static void feed_head(struct answer *answer, struct span *bytes)
{
    size_t before = answer->head.size, from = before < 3 ? 0 : before - 3;
    const char *end;

    if (buf_add_span(&answer->head, *bytes) != 0) {
        answer->state = ANSWER_BROKEN;
        return;
    }
    end = memmem(answer->head.at + from, answer->head.size - from, "\r\n\r\n", 4);
    if (end == NULL) {
        *bytes = span_make("", 0);
        return;
    }
    size_t head_bytes = (size_t)(end + 4 - answer->head.at);
    *bytes = span_part(*bytes, head_bytes - before, bytes->size);
    answer->head.size = head_bytes;
    read_head(answer);
}

static void feed_sized(struct answer *answer, struct span *bytes)
{
    struct span part =
        span_part(*bytes, 0, bytes->size < answer->left ? bytes->size : (size_t)answer->left);

    (void)buf_add_span(&answer->body, part);
    answer->left -= part.size;
    *bytes = span_part(*bytes, part.size, bytes->size);
    if (answer->left == 0)
        answer->state = ANSWER_WHOLE;
}

static void feed_chunked(struct answer *answer, struct span *bytes)
{
    struct span part = chunked_next(&answer->chunked, bytes, SIZE_MAX);

    (void)buf_add_span(&answer->body, part);
    if (answer->chunked.state == CHUNKED_DONE)
        answer->state = ANSWER_WHOLE;
    else if (answer->chunked.state == CHUNKED_BROKEN)
        answer->state = ANSWER_BROKEN;
}

enum answer_state answer_feed(struct answer *answer, struct span bytes)
{
    while (bytes.size > 0 && answer->state != ANSWER_BROKEN) {
        switch (answer->state) {
        case ANSWER_HEAD:
            feed_head(answer, &bytes);
            break;
        case ANSWER_SIZED:
            feed_sized(answer, &bytes);
            break;
        case ANSWER_CHUNKED:
            feed_chunked(answer, &bytes);
            break;
        case ANSWER_WHOLE:
        case ANSWER_BROKEN:
            answer->state = ANSWER_BROKEN;
            break;
        }
    }
    if (buf_failed(&answer->body))
        answer->state = ANSWER_BROKEN;
    return answer->state;
}
