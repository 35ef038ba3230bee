/*
 * intent: a PROGRESS payload is 16 bytes, little-endian: output tokens (8), reported (1), zeros
 * (7).
 */
#include "gateway/journal/intent.h"

#include <errno.h>

enum { PROGRESS_BYTES = 16 };

int progress_encode(const struct progress *progress, struct buf *out)
{
    uint8_t raw[PROGRESS_BYTES] = {0};

    for (int i = 0; i < 8; i++) {
        raw[i] = (uint8_t)((uint64_t)progress->output_tokens >> 8 * i);
    }
    raw[8] = progress->reported;
    return buf_add(out, raw, sizeof(raw));
}

int progress_decode(struct span payload, struct progress *progress_out)
{
    uint64_t tokens = 0;

    if (payload.size != PROGRESS_BYTES) {
        return -EBADMSG;
    }
    for (int i = 7; i >= 0; i--) {
        tokens = tokens << 8 | (uint8_t)payload.at[i];
    }
    if (tokens > INT64_MAX || (uint8_t)payload.at[8] > 1) {
        return -EBADMSG;
    }
    progress_out->output_tokens = (int64_t)tokens;
    progress_out->reported = payload.at[8] == 1;
    return 0;
}
