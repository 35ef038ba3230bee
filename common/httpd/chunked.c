#include "common/httpd/chunked.h"

/* A size line with its extension; longer ones are an attack. */
enum { SIZE_LINE_MAX = 256, SIZE_DIGITS_MAX = 8 };

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum chunked_state on_size(struct chunked *chunked, char c)
{
    int value = digit(c);

    if (value >= 0) {
        if (chunked->line++ >= SIZE_DIGITS_MAX)
            return CHUNKED_BROKEN;
        chunked->left = chunked->left * 16 + (uint64_t)value;
        return CHUNKED_SIZE;
    }
    if (chunked->state == CHUNKED_SIZE_FIRST)
        return CHUNKED_BROKEN;
    if (c == ';')
        return CHUNKED_EXTENSION;
    return c == '\r' ? CHUNKED_SIZE_LF : CHUNKED_BROKEN;
}

static enum chunked_state on_extension(struct chunked *chunked, char c)
{
    unsigned char byte = (unsigned char)c;

    if (c == '\r')
        return CHUNKED_SIZE_LF;
    if ((byte < 0x20 && c != '\t') || byte == 0x7f || chunked->line++ > SIZE_LINE_MAX)
        return CHUNKED_BROKEN;
    return CHUNKED_EXTENSION;
}

static enum chunked_state on_byte(struct chunked *chunked, char c)
{
    switch (chunked->state) {
    case CHUNKED_SIZE_FIRST:
    case CHUNKED_SIZE:
        return on_size(chunked, c);
    case CHUNKED_EXTENSION:
        return on_extension(chunked, c);
    case CHUNKED_SIZE_LF:
        if (c != '\n')
            return CHUNKED_BROKEN;
        return chunked->left == 0 ? CHUNKED_END_CR : CHUNKED_DATA;
    case CHUNKED_DATA_CR:
        return c == '\r' ? CHUNKED_DATA_LF : CHUNKED_BROKEN;
    case CHUNKED_DATA_LF:
        chunked->line = 0;
        return c == '\n' ? CHUNKED_SIZE_FIRST : CHUNKED_BROKEN;
    case CHUNKED_END_CR:
        return c == '\r' ? CHUNKED_END_LF : CHUNKED_BROKEN;
    case CHUNKED_END_LF:
        return c == '\n' ? CHUNKED_DONE : CHUNKED_BROKEN;
    case CHUNKED_DATA:
    case CHUNKED_DONE:
    case CHUNKED_BROKEN:
        break;
    }
    return CHUNKED_BROKEN;
}

struct span chunked_next(struct chunked *chunked, struct span *bytes, size_t max)
{
    struct span run = {bytes->at, 0};

    while (chunked->state != CHUNKED_DATA) {
        if (bytes->size == 0 || chunked->state == CHUNKED_DONE || chunked->state == CHUNKED_BROKEN)
            return run;
        chunked->state = on_byte(chunked, bytes->at[0]);
        *bytes = span_make(bytes->at + 1, bytes->size - 1);
    }
    run.at = bytes->at;
    run.size = bytes->size < max ? bytes->size : max;
    if (run.size > chunked->left)
        run.size = (size_t)chunked->left;
    *bytes = span_make(bytes->at + run.size, bytes->size - run.size);
    chunked->left -= run.size;
    if (chunked->left == 0)
        chunked->state = CHUNKED_DATA_CR;
    return run;
}
