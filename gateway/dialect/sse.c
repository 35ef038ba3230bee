/*
 * sse: see the header. Frames are found in what was fed when they are whole in there; only the
 * begin of one that is not is copied.
 */
#include "gateway/dialect/sse.h"

#include <string.h>

struct sse sse_make(void)
{
    return (struct sse){.held = buf_make(SSE_FRAME_MAX + ((size_t)1 << 20)),
                        .joined = buf_make(SSE_FRAME_MAX)};
}

void sse_done(struct sse *sse)
{
    buf_done(&sse->held);
    buf_done(&sse->joined);
}

void sse_reset(struct sse *sse)
{
    buf_clear(&sse->held);
    buf_clear(&sse->joined);
    *sse = (struct sse){.held = sse->held, .joined = sse->joined};
}

void sse_feed(struct sse *sse, struct span bytes)
{
    sse->input = bytes;
}

/* Where the line that begins at `from` ends, and where the next begins. False: its end is not
 * there; a CR as the last byte may be half of a CRLF. */
static bool find_line_end(struct span text, size_t from, size_t *end_out, size_t *next_out)
{
    size_t size = text.size - from;
    const char *begin, *lf, *cr, *end;

    if (size == 0)
        return false;
    begin = text.at + from;
    lf = memchr(begin, '\n', size);
    cr = memchr(begin, '\r', lf == NULL ? size : (size_t)(lf - begin));
    end = cr == NULL ? lf : cr;
    if (end == NULL || (end == cr && end + 1 == text.at + text.size))
        return false;
    *end_out = (size_t)(end - text.at);
    *next_out = *end_out + (end == cr && end[1] == '\n' ? 2 : 1);
    return true;
}

/* The value of a line "name: value" if it has that name. */
static bool field(struct span line, const char *name, struct span *value_out)
{
    size_t size = strlen(name);

    if (line.size < size || memcmp(line.at, name, size) != 0)
        return false;
    if (line.size == size) {
        *value_out = span_part(line, size, 0);
        return true;
    }
    if (line.at[size] != ':')
        return false;
    *value_out = span_part(line, size + 1, line.size);
    if (value_out->size > 0 && value_out->at[0] == ' ')
        *value_out = span_part(*value_out, 1, value_out->size);
    return true;
}

/* Reads the fields of a frame's lines. */
static void read_frame(struct sse *sse, struct span text, struct sse_frame *frame_out)
{
    size_t at = 0, end, next;
    uint32_t data_lines = 0;

    *frame_out = (struct sse_frame){.text = text};
    while (at < text.size) {
        struct span value;
        if (!find_line_end(text, at, &end, &next))
            end = next = text.size; /* The last line: its end is cut off. */
        struct span line = span_part(text, at, end - at);
        at = next;
        if (field(line, "event", &value))
            frame_out->event = value;
        if (!field(line, "data", &value))
            continue;
        if (data_lines++ == 0) {
            frame_out->data = value;
            continue;
        }
        if (data_lines == 2) {
            buf_clear(&sse->joined);
            buf_add_span(&sse->joined, frame_out->data);
        }
        buf_add_byte(&sse->joined, '\n');
        buf_add_span(&sse->joined, value);
    }
    if (data_lines > 1)
        frame_out->data = buf_span(&sse->joined);
}

static struct span window(const struct sse *sse)
{
    return sse->held.size > 0 ? span_part(buf_span(&sse->held), sse->held_from, sse->held.size)
                              : sse->input;
}

static void use(struct sse *sse, size_t size)
{
    if (sse->held.size > 0)
        sse->held_from += size;
    else
        sse->input = span_part(sse->input, size, sse->input.size);
    sse->scanned = sse->text_end = 0;
}

/* Brings what was fed behind what is held. */
static bool join(struct sse *sse)
{
    if (sse->held_from == sse->held.size) {
        buf_clear(&sse->held);
        sse->held_from = 0;
    }
    if (sse->held.size == 0)
        return true;
    if (sse->held_from > 0)
        buf_consume(&sse->held, sse->held_from);
    sse->held_from = 0;
    buf_add_span(&sse->held, sse->input);
    sse->input = (struct span){0};
    return !buf_failed(&sse->held);
}

static enum sse_outcome hold(struct sse *sse)
{
    if (sse->held.size == 0) {
        buf_add_span(&sse->held, sse->input);
        sse->input = (struct span){0};
    }
    return buf_failed(&sse->held) || sse->held.size - sse->held_from > SSE_FRAME_MAX ? SSE_TOO_LONG
                                                                                     : SSE_MORE;
}

/* False while it cannot be told whether the stream begins with a mark. */
static bool past_mark(struct sse *sse)
{
    struct span text = window(sse);
    size_t size = text.size < 3 ? text.size : 3;

    if (sse->begun)
        return true;
    if (size > 0 && memcmp(text.at, "\xef\xbb\xbf", size) == 0) {
        if (size < 3)
            return false;
        use(sse, 3);
    }
    sse->begun = size > 0;
    return sse->begun;
}

enum sse_outcome sse_next(struct sse *sse, struct sse_frame *frame_out)
{
    size_t end, next;

    if (!join(sse))
        return SSE_TOO_LONG;
    if (!past_mark(sse))
        return hold(sse);
    struct span text = window(sse);
    while (find_line_end(text, sse->scanned, &end, &next)) {
        if (end > sse->scanned) {
            sse->text_end = end;
            sse->scanned = next;
            continue;
        }
        if (sse->text_end == 0) {
            use(sse, next);
            text = window(sse);
            continue;
        }
        if (sse->text_end > SSE_FRAME_MAX)
            return SSE_TOO_LONG;
        read_frame(sse, span_part(text, 0, sse->text_end), frame_out);
        frame_out->plain = next == sse->text_end + 2 && text.at[sse->text_end] == '\n';
        use(sse, next);
        return SSE_FRAME;
    }
    return hold(sse);
}

bool sse_rest(struct sse *sse, struct sse_frame *frame_out)
{
    struct span text = window(sse);

    while (text.size > 0 && (text.at[text.size - 1] == '\r' || text.at[text.size - 1] == '\n'))
        text.size--;
    if (text.size == 0)
        return false;
    read_frame(sse, text, frame_out);
    use(sse, window(sse).size);
    return true;
}
