/*
 * mem: see mem.h. The only file of the project that calls malloc and friends.
 */
#include "common/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void must_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "bug: %s does not hold at %s:%d\n", cond, file, line);
    abort();
}

_Noreturn static void out_of_memory(size_t size)
{
    fprintf(stderr, "out of memory: no %zu bytes\n", size);
    abort();
}

void *mem_new(size_t size)
{
    return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
    void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (p == NULL)
        out_of_memory(size);
    return p;
}

void *mem_resize(void *p, size_t size)
{
    void *bigger = realloc(p, size == 0 ? 1 : size);
    if (bigger == NULL)
        out_of_memory(size);
    return bigger;
}

void *mem_dup(const void *p, size_t size)
{
    must(size < SIZE_MAX);
    char *copy = mem_resize(NULL, size + 1);
    if (size > 0)
        memcpy(copy, p, size);
    copy[size] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return s == NULL ? NULL : mem_dup(s, strlen(s));
}

char *mem_printf(const char *format, ...)
{
    char *text = NULL;
    va_list list;

    va_start(list, format);
    int size = vasprintf(&text, format, list);
    va_end(list);
    if (size < 0)
        out_of_memory(strlen(format));
    return text;
}

void mem_free(void *p)
{
    free(p);
}

void mem_free_secret(void *p, size_t size)
{
    if (p == NULL)
        return;
    explicit_bzero(p, size);
    free(p);
}

void mem_free_at(void *pointer_to_pointer)
{
    void *p;

    memcpy(&p, pointer_to_pointer, sizeof(p));
    free(p);
}
