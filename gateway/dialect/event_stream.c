/*
 * event_stream: see the header. A message that is whole in what was fed is not copied.
 */
#include "gateway/dialect/event_stream.h"

#include "common/base/digest.h"

enum { PRELUDE_BYTES = 12, CHECKSUM_BYTES = 4, FRAME_BYTES_MIN = PRELUDE_BYTES + CHECKSUM_BYTES };

/* Types of header values, and what they take; those with a size of their own are SIZED. */
enum { TYPE_STRING = 7, SIZED = -1 };
static const int value_bytes[] = {0, 0, 1, 2, 4, 8, SIZED, SIZED, 8, 16};

struct event_stream event_stream_make(void)
{
    return (struct event_stream){.held = buf_make(EVENT_STREAM_MESSAGE_MAX)};
}

void event_stream_done(struct event_stream *stream)
{
    buf_done(&stream->held);
}

void event_stream_reset(struct event_stream *stream)
{
    stream->input = (struct span){0};
    buf_clear(&stream->held);
    stream->told = stream->broken = false;
}

void event_stream_feed(struct event_stream *stream, struct span bytes)
{
    stream->input = bytes;
}

bool event_stream_is_cut(const struct event_stream *stream)
{
    return stream->held.size > 0 && !stream->told;
}

static uint32_t number_at(struct span bytes, size_t at)
{
    uint32_t number = 0;

    for (size_t i = 0; i < 4; i++)
        number = number << 8 | (unsigned char)bytes.at[at + i];
    return number;
}

/* Takes `size` bytes off the front of *rest. */
static bool cut(struct span *rest, size_t size, struct span *part_out)
{
    if (size > rest->size)
        return false;
    *part_out = span_part(*rest, 0, size);
    *rest = span_part(*rest, size, rest->size);
    return true;
}

static bool cut_number(struct span *rest, size_t size, size_t *number_out)
{
    struct span bytes;
    size_t number = 0;

    if (!cut(rest, size, &bytes))
        return false;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | (unsigned char)bytes.at[i];
    *number_out = number;
    return true;
}

struct headers {
    struct span message_type, event_type, exception_type, error_code, error_message, content_type;
};

static void note(struct headers *headers, struct span name, struct span value)
{
    struct {
        const char *name;
        struct span *at;
    } const known[] = {
        {":message-type", &headers->message_type},     {":event-type", &headers->event_type},
        {":exception-type", &headers->exception_type}, {":error-code", &headers->error_code},
        {":error-message", &headers->error_message},   {":content-type", &headers->content_type},
    };

    for (size_t i = 0; i < array_size(known); i++)
        if (span_is(name, known[i].name))
            *known[i].at = value;
}

static bool read_header(struct span *rest, struct headers *headers)
{
    struct span name, value;
    size_t size, type;

    if (!cut_number(rest, 1, &size) || size == 0 || !cut(rest, size, &name) ||
        !cut_number(rest, 1, &type) || type >= array_size(value_bytes))
        return false;
    if (value_bytes[type] == SIZED) {
        if (!cut_number(rest, 2, &size))
            return false;
    } else {
        size = (size_t)value_bytes[type];
    }
    if (!cut(rest, size, &value))
        return false;
    if (type == TYPE_STRING)
        note(headers, name, value);
    return true;
}

/* The total size that a prelude tells; 0: it is wrong. */
static size_t read_prelude(struct span bytes)
{
    size_t total = number_at(bytes, 0), headers = number_at(bytes, 4);

    if (number_at(bytes, 8) != digest_crc32(0, bytes.at, 8))
        return 0;
    if (total < FRAME_BYTES_MIN || total > EVENT_STREAM_MESSAGE_MAX ||
        headers > EVENT_STREAM_HEADERS_MAX || headers > total - FRAME_BYTES_MIN)
        return 0;
    return total;
}

static bool read_message(struct span message, struct event_stream_frame *frame_out)
{
    size_t headers_bytes = number_at(message, 4), payload_at = PRELUDE_BYTES + headers_bytes;
    struct span rest = span_part(message, PRELUDE_BYTES, headers_bytes);
    struct event_stream_frame frame = {.kind = EVENT_STREAM_EVENT};
    struct headers headers = {0};

    if (number_at(message, message.size - CHECKSUM_BYTES) !=
        digest_crc32(0, message.at, message.size - CHECKSUM_BYTES))
        return false;
    while (rest.size > 0)
        if (!read_header(&rest, &headers))
            return false;
    frame.event = headers.event_type;
    frame.content_type = headers.content_type;
    frame.data = span_part(message, payload_at, message.size - CHECKSUM_BYTES - payload_at);
    if (span_is(headers.message_type, "exception")) {
        frame.kind = EVENT_STREAM_EXCEPTION;
        frame.event = headers.exception_type;
    } else if (span_is(headers.message_type, "error")) {
        frame.kind = EVENT_STREAM_ERROR;
        frame.event = span_of("error");
        frame.code = headers.error_code;
        frame.data = headers.error_message;
    }
    *frame_out = frame;
    return true;
}

/* Moves input into held until it has `size` bytes; false when there are not enough. */
static bool hold(struct event_stream *stream, size_t size)
{
    size_t missing = size > stream->held.size ? size - stream->held.size : 0;
    struct span part = span_part(stream->input, 0, missing);

    buf_add_span(&stream->held, part);
    stream->input = span_part(stream->input, part.size, stream->input.size);
    return stream->held.size >= size;
}

static enum event_stream_outcome tell(struct event_stream *stream, struct span message,
                                      struct event_stream_frame *frame_out)
{
    if (message.size > 0 && read_message(message, frame_out))
        return EVENT_STREAM_FRAME;
    stream->broken = true;
    return EVENT_STREAM_BROKEN;
}

enum event_stream_outcome event_stream_next(struct event_stream *stream,
                                            struct event_stream_frame *frame_out)
{
    size_t total;
    struct span message;

    if (stream->broken)
        return EVENT_STREAM_BROKEN;
    if (stream->told) {
        buf_clear(&stream->held);
        stream->told = false;
    }
    if (stream->held.size == 0 && stream->input.size >= PRELUDE_BYTES) {
        total = read_prelude(stream->input);
        if (total == 0)
            return tell(stream, (struct span){0}, frame_out);
        if (cut(&stream->input, total, &message))
            return tell(stream, message, frame_out);
    }
    if (!hold(stream, PRELUDE_BYTES))
        return EVENT_STREAM_MORE;
    total = read_prelude(buf_span(&stream->held));
    if (total == 0)
        return tell(stream, (struct span){0}, frame_out);
    if (!hold(stream, total))
        return EVENT_STREAM_MORE;
    stream->told = true;
    return tell(stream, buf_span(&stream->held), frame_out);
}
