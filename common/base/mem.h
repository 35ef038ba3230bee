/*
 * mem: memory that cannot fail and conditions that must hold.
 *
 * Every size that comes from outside is bounded before it reaches these functions, so running out
 * of memory is the end of the process and never a branch in the code. The only file that calls
 * malloc.
 */
#ifndef TOLLGATE_COMMON_BASE_MEM_H
#define TOLLGATE_COMMON_BASE_MEM_H

#include <stddef.h>

#include "common/base/attr.h"

/* Zeroed memory; the caller owns it. Ends the process when there is none. */
must_use void *mem_new(size_t size);

/* Zeroed memory for `count` items of `size` bytes each; checks the product. */
must_use void *mem_array(size_t count, size_t size);

/* Grows or shrinks; new bytes are not zeroed. Takes p. */
must_use void *mem_resize(void *p, size_t size);

/* A copy of `size` bytes with a NUL behind it. */
must_use void *mem_dup(const void *p, size_t size);

/* A copy of a C string; NULL gives NULL. */
must_use char *mem_strdup(const char *s);

/* An owned, formatted C string. */
must_use char *mem_printf(const char *format, ...) printf_like(1, 2);

/* NULL is fine. */
void mem_free(void *p);

/* Overwrites before freeing; for secrets. */
void mem_free_secret(void *p, size_t size);

/* For cleanup(): frees what the variable points to. */
void mem_free_at(void *pointer_to_pointer);

/* A condition that only a bug of ours can break. Stays on in release. */
#define must(cond) ((cond) ? (void)0 : must_failed(#cond, __FILE__, __LINE__))
_Noreturn void must_failed(const char *cond, const char *file, int line);

#endif
