/*
 * buf: see buf.h.
 */
#include "common/base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"

#define BUF_FIRST_BYTES 64u

struct buf buf_make(size_t max_bytes)
{
    must(max_bytes < SIZE_MAX / 4);
    return (struct buf){.max = max_bytes};
}

void buf_done(struct buf *buf)
{
    mem_free(buf->at);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    if (buf->at != NULL)
        buf->at[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->failed || size > buf->max - buf->size) {
        buf->failed = true;
        return NULL;
    }
    size_t needed = buf->size + size + 1;
    if (needed > buf->capacity || buf->at == NULL) {
        size_t capacity = buf->capacity < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : buf->capacity * 2;
        if (capacity > buf->max + 1)
            capacity = buf->max + 1;
        if (capacity < needed)
            capacity = needed;
        buf->at = mem_resize(buf->at, capacity);
        buf->capacity = capacity;
        buf->at[buf->size] = '\0';
    }
    return buf->at + buf->size;
}

void buf_grew(struct buf *buf, size_t size)
{
    must(buf->at != NULL && size < buf->capacity - buf->size);
    buf->size += size;
    buf->at[buf->size] = '\0';
}

int buf_add(struct buf *buf, const void *bytes, size_t size)
{
    char *at = buf_reserve(buf, size);

    if (at == NULL)
        return -EMSGSIZE;
    if (size > 0)
        memcpy(at, bytes, size);
    buf_grew(buf, size);
    return 0;
}

int buf_add_span(struct buf *buf, struct span text)
{
    return buf_add(buf, text.at, text.size);
}

int buf_add_string(struct buf *buf, const char *s)
{
    return buf_add(buf, s, strlen(s));
}

int buf_add_byte(struct buf *buf, char byte)
{
    if (buf->failed || buf->size + 1 >= buf->capacity)
        return buf_add(buf, &byte, 1);
    buf->at[buf->size++] = byte;
    buf->at[buf->size] = '\0';
    return 0;
}

int buf_add_int64(struct buf *buf, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        digits[--at] = '-';
    return buf_add(buf, digits + at, sizeof(digits) - at);
}

int buf_printf(struct buf *buf, const char *format, ...)
{
    va_list list, again;

    va_start(list, format);
    va_copy(again, list);
    int size = vsnprintf(NULL, 0, format, list);
    va_end(list);
    must(size >= 0);
    char *at = buf_reserve(buf, (size_t)size);
    if (at != NULL) {
        vsnprintf(at, (size_t)size + 1, format, again);
        buf_grew(buf, (size_t)size);
    }
    va_end(again);
    return at == NULL ? -EMSGSIZE : 0;
}

void buf_consume(struct buf *buf, size_t size)
{
    must(size <= buf->size);
    if (size == 0)
        return;
    buf->size -= size;
    memmove(buf->at, buf->at + size, buf->size);
    buf->at[buf->size] = '\0';
}

bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}

struct span buf_span(const struct buf *buf)
{
    return span_make(buf->at, buf->size);
}

char *buf_take(struct buf *buf)
{
    char *taken = buf->at == NULL ? mem_dup(NULL, 0) : buf->at;

    *buf = (struct buf){.max = buf->max};
    return taken;
}
