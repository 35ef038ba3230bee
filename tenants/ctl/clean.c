/*
 * clean: see clean.h.
 */
#include "tenants/ctl/clean.h"

#include <errno.h>

#include "common/base/json_text.h"

/* Control characters, and those that turn or hide text (Unicode's bidirectional controls, marks,
 * separators of lines and the byte order mark). */
static bool is_bad(uint32_t c, bool lines)
{
    if (c < 0x20)
        return !(lines && (c == '\n' || c == '\t'));
    return (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe0fff);
}

static uint32_t decode(const char *at, size_t size)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = (uint8_t)at[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        c = c << 6 | ((uint8_t)at[i] & 0x3fU);
    return c;
}

static void add_escape(struct buf *out, uint32_t c)
{
    if (c > 0xffff) {
        buf_printf(out, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    buf_printf(out, "\\u%04x", c);
}

int clean_add(struct buf *out, struct span text, bool lines)
{
    if (text.size == 0)
        return 0;
    const char *end = text.at + text.size, *plain = text.at, *at = text.at;
    while (at < end) {
        size_t size = json_utf8_length(at, end);
        uint32_t c = size == 0 ? 0xfffd : decode(at, size);
        if (size > 0 && !is_bad(c, lines)) {
            at += size;
            continue;
        }
        buf_add(out, plain, (size_t)(at - plain));
        if (size == 0)
            buf_add_string(out, "\xef\xbf\xbd");
        else
            add_escape(out, c);
        at += size == 0 ? 1 : size;
        plain = at;
    }
    if (plain < end)
        buf_add(out, plain, (size_t)(end - plain));
    return buf_failed(out) ? -EMSGSIZE : 0;
}
