/*
 * attr: the three extras over plain C17 that this code uses, and nothing else.
 *
 * cleanup(fn)  runs fn(&variable) when the variable goes out of scope.
 * must_use     the caller may not drop the result.
 * TAKE(p)      yields p and leaves NULL behind, for handing an owned pointer on.
 */
#ifndef TOLLGATE_COMMON_BASE_ATTR_H
#define TOLLGATE_COMMON_BASE_ATTR_H

#include <stddef.h>

#define cleanup(fn) __attribute__((__cleanup__(fn)))
#define must_use __attribute__((warn_unused_result))
#define TAKE(p)                                                                                    \
    __extension__({                                                                                \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

#define printf_like(text, first) __attribute__((__format__(__printf__, text, first)))
#define array_size(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#endif
