/*
 * waterfall: see waterfall.h.
 */
#include "tenants/ctl/waterfall.h"

#include <string.h>

/* The place of a time on the line; times beyond it stand at its ends. */
static int64_t place(int64_t at_ms, int64_t total_ms)
{
    if (at_ms <= 0 || total_ms <= 0)
        return 0;
    if (at_ms >= total_ms)
        return WATERFALL_WIDTH;
    return (int64_t)((double)at_ms / (double)total_ms * WATERFALL_WIDTH);
}

void waterfall_bar(int64_t start_ms, int64_t ms, int64_t total_ms, char out[WATERFALL_SIZE])
{
    int64_t from = place(start_ms, total_ms);
    int64_t to = start_ms > INT64_MAX - ms ? WATERFALL_WIDTH : place(start_ms + ms, total_ms);
    if (from >= WATERFALL_WIDTH)
        from = WATERFALL_WIDTH - 1;
    if (to <= from)
        to = from + 1;
    memset(out, '.', WATERFALL_WIDTH);
    memset(out + from, '#', (size_t)(to - from));
    out[WATERFALL_WIDTH] = '\0';
}
