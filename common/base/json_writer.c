/*
 * json_writer: see json_writer.h.
 */
#include "common/base/json_writer.h"

#include <string.h>

#include "common/base/json_text.h"

struct json_writer json_writer_make(struct buf *out)
{
    return (struct json_writer){.out = out};
}

static bool is_plain(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/* One byte that may not stand in a JSON string as it is. */
static void quote_byte(struct buf *out, char c)
{
    static const char digits[] = "0123456789abcdef";
    static const char shorts[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    unsigned char byte = (unsigned char)c;
    char escape[6] = {'\\', c};

    if (byte >= 0x20) { /* a quote or a backslash */
        (void)buf_add(out, escape, 2);
    } else if (shorts[byte] != '\0') {
        escape[1] = shorts[byte];
        (void)buf_add(out, escape, 2);
    } else {
        memcpy(escape, "\\u00", 4);
        escape[4] = digits[byte >> 4];
        escape[5] = digits[byte & 15];
        (void)buf_add(out, escape, 6);
    }
}

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether all of eight bytes are plain. In each byte the top bit is set where it is not: above
 * 0x7f, below a blank, a quote, a backslash (the classic test for a zero byte on what each is xored
 * with). */
static bool eight_plain(const char *at)
{
    uint64_t word, quotes, slashes;

    memcpy(&word, at, sizeof(word));
    quotes = word ^ EIGHT('"');
    slashes = word ^ EIGHT('\\');
    return ((word | (word - EIGHT(0x20)) | ((quotes - EIGHT(1)) & ~quotes) |
             ((slashes - EIGHT(1)) & ~slashes)) &
            EIGHT(0x80)) == 0;
}

/* Where the run of bytes ends that may be copied as they are. */
static const char *plain_end(const char *at, const char *end)
{
    while (end - at >= 8 && eight_plain(at))
        at += 8;
    while (at < end) {
        if (is_plain(*at)) {
            at++;
        } else if ((unsigned char)*at >= 0x80) {
            size_t length = json_utf8_length(at, end);
            if (length == 0)
                return at;
            at += length;
        } else {
            return at;
        }
    }
    return at;
}

int json_quote(struct buf *out, struct span text)
{
    const char *at = text.at, *end = text.at + text.size;

    (void)buf_add_byte(out, '"');
    while (at < end) {
        const char *begin = at;
        at = plain_end(at, end);
        (void)buf_add(out, begin, (size_t)(at - begin));
        if (at == end)
            break;
        if ((unsigned char)*at >= 0x80)
            (void)buf_add_string(out, "\xef\xbf\xbd");
        else
            quote_byte(out, *at);
        at++;
    }
    return buf_add_byte(out, '"');
}

static void before_value(struct json_writer *w)
{
    if (w->comma)
        (void)buf_add_byte(w->out, ',');
    w->comma = true;
}

void json_begin(struct json_writer *w, char bracket)
{
    before_value(w);
    (void)buf_add_byte(w->out, bracket);
    w->comma = false;
}

void json_end(struct json_writer *w, char bracket)
{
    (void)buf_add_byte(w->out, bracket);
    w->comma = true;
}

void json_name(struct json_writer *w, const char *name)
{
    before_value(w);
    (void)buf_add_byte(w->out, '"');
    (void)buf_add(w->out, name, strlen(name));
    (void)buf_add(w->out, "\":", 2);
    w->comma = false;
}

void json_name_span(struct json_writer *w, struct span name)
{
    before_value(w);
    (void)json_quote(w->out, name);
    (void)buf_add_byte(w->out, ':');
    w->comma = false;
}

void json_write_string(struct json_writer *w, struct span text)
{
    before_value(w);
    (void)json_quote(w->out, text);
}

void json_write_int64(struct json_writer *w, int64_t value)
{
    before_value(w);
    (void)buf_add_int64(w->out, value);
}

void json_write_bool(struct json_writer *w, bool value)
{
    before_value(w);
    (void)buf_add_string(w->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *w)
{
    before_value(w);
    (void)buf_add_string(w->out, "null");
}

void json_write_raw(struct json_writer *w, struct span json)
{
    before_value(w);
    (void)buf_add_span(w->out, json);
}

void json_write_inside(struct json_writer *w, struct span inside)
{
    before_value(w);
    (void)buf_add_byte(w->out, '"');
    (void)buf_add_span(w->out, inside);
    (void)buf_add_byte(w->out, '"');
}

void json_put_inside(struct json_writer *w, const char *name, struct span inside)
{
    json_name(w, name);
    json_write_inside(w, inside);
}

void json_put_string(struct json_writer *w, const char *name, struct span text)
{
    json_name(w, name);
    json_write_string(w, text);
}

void json_put_cstring(struct json_writer *w, const char *name, const char *text)
{
    if (text != NULL)
        json_put_string(w, name, span_of(text));
}

void json_put_int64(struct json_writer *w, const char *name, int64_t value)
{
    json_name(w, name);
    json_write_int64(w, value);
}

void json_put_bool(struct json_writer *w, const char *name, bool value)
{
    json_name(w, name);
    json_write_bool(w, value);
}
