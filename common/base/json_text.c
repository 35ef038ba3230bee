/*
 * json_text: see json_text.h.
 */
#include "common/base/json_text.h"

#include <stdint.h>

#define REPLACEMENT 0xfffdu

/* RFC 3629, section 4: how long a character is by its first byte, and where its second byte lies,
 * which keeps out overlong forms, surrogates and what is past the end. */
static const struct {
    uint8_t length, low, high;
} forms[256] = {
    [0x00 ... 0x7f] = {1, 0, 0}, [0xc2 ... 0xdf] = {2, 0x80, 0xbf},
    [0xe0] = {3, 0xa0, 0xbf},    [0xe1 ... 0xec] = {3, 0x80, 0xbf},
    [0xed] = {3, 0x80, 0x9f},    [0xee ... 0xef] = {3, 0x80, 0xbf},
    [0xf0] = {4, 0x90, 0xbf},    [0xf1 ... 0xf3] = {4, 0x80, 0xbf},
    [0xf4] = {4, 0x80, 0x8f},
};

static bool follows(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

size_t json_utf8_length(const char *at, const char *end)
{
    size_t length = forms[(unsigned char)at[0]].length;

    if (length <= 1)
        return length;
    if ((size_t)(end - at) < length)
        return 0;
    unsigned char second = (unsigned char)at[1];
    bool good =
        second >= forms[(unsigned char)at[0]].low && second <= forms[(unsigned char)at[0]].high;
    for (size_t i = 2; i < length; i++)
        good = good && follows(at[i]);
    return good ? length : 0;
}

static uint32_t hex_digit(char c)
{
    return c <= '9' ? (uint32_t)(c - '0') : ((uint32_t)c | 0x20) - 'a' + 10;
}

/* The four digits behind \u. */
static uint32_t hex4(const char *at)
{
    return hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 |
           hex_digit(at[3]);
}

static size_t put_utf8(uint32_t code, char room[4])
{
    if (code < 0x80) {
        room[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        room[0] = (char)(0xc0 | code >> 6);
        room[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        room[0] = (char)(0xe0 | code >> 12);
        room[1] = (char)(0x80 | (code >> 6 & 0x3f));
        room[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    room[0] = (char)(0xf0 | code >> 18);
    room[1] = (char)(0x80 | (code >> 12 & 0x3f));
    room[2] = (char)(0x80 | (code >> 6 & 0x3f));
    room[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* \uXXXX, with its second half when it is the first of a pair. Returns the bytes read. */
static size_t take_code(struct span rest, uint32_t *code_out)
{
    uint32_t code = hex4(rest.at + 2);

    *code_out = code;
    if (code < 0xd800 || code > 0xdfff)
        return 6;
    *code_out = REPLACEMENT;
    if (code > 0xdbff || rest.size < 12 || rest.at[6] != '\\' || rest.at[7] != 'u')
        return 6;
    uint32_t low = hex4(rest.at + 8);
    if (low < 0xdc00 || low > 0xdfff)
        return 6;
    *code_out = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    return 12;
}

static char simple_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

struct span json_piece(struct span *rest, char room[4])
{
    ptrdiff_t at = span_index(*rest, '\\');
    struct span piece;

    if (at != 0) {
        piece = at < 0 ? *rest : span_make(rest->at, (size_t)at);
        *rest = span_part(*rest, piece.size, SIZE_MAX);
        return piece;
    }
    if (rest->at[1] == 'u') {
        uint32_t code;
        size_t read = take_code(*rest, &code);
        *rest = span_part(*rest, read, SIZE_MAX);
        return span_make(room, put_utf8(code, room));
    }
    room[0] = simple_escape(rest->at[1]);
    *rest = span_part(*rest, 2, SIZE_MAX);
    return span_make(room, 1);
}

bool json_text_equal(struct span a, struct span b)
{
    char room_a[4], room_b[4];
    struct span piece_a = {NULL, 0}, piece_b = {NULL, 0};

    for (;;) {
        if (piece_a.size == 0)
            piece_a = json_piece(&a, room_a);
        if (piece_b.size == 0)
            piece_b = json_piece(&b, room_b);
        size_t size = piece_a.size < piece_b.size ? piece_a.size : piece_b.size;
        if (size == 0)
            return piece_a.size == piece_b.size;
        if (memcmp(piece_a.at, piece_b.at, size) != 0)
            return false;
        piece_a = span_part(piece_a, size, SIZE_MAX);
        piece_b = span_part(piece_b, size, SIZE_MAX);
    }
}

bool json_text_is(struct span inside, struct span plain)
{
    char room[4];

    while (inside.size > 0) {
        struct span piece = json_piece(&inside, room);
        if (piece.size > plain.size || memcmp(piece.at, plain.at, piece.size) != 0)
            return false;
        plain = span_part(plain, piece.size, SIZE_MAX);
    }
    return plain.size == 0;
}
