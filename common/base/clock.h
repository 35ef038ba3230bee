/*
 * clock: the two clocks. Monotonic for every duration, wall only for stamps that people or other
 * machines read.
 */
#ifndef TOLLGATE_COMMON_BASE_CLOCK_H
#define TOLLGATE_COMMON_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/attr.h"

must_use int64_t clock_mono_us(void);
must_use int64_t clock_mono_ms(void);
must_use int64_t clock_wall_ms(void);

#define CLOCK_TEXT_SIZE 32
/* RFC 3339 in UTC with milliseconds: 2026-11-21T13:41:00.123Z. */
size_t clock_format(int64_t unix_ms, char text_out[CLOCK_TEXT_SIZE]);
/* Reads RFC 3339 with Z or an offset, with or without a fraction: 0 or -EINVAL. */
must_use int clock_parse(const char *text, size_t size, int64_t *unix_ms_out);

#endif
