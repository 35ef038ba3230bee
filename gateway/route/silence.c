/*
 * silence: see the header.
 */
#include "gateway/route/silence.h"

#define ALONE_FLOOR_MS INT64_C(5000)

static int64_t between(int64_t value, int64_t least, int64_t most)
{
    if (value < least)
        value = least;
    return value < most ? value : most;
}

struct silence_patience silence_patience_of(const struct silence_known *known)
{
    int64_t many_ms = known->timeout_ms / 6, several_ms = many_ms, alone_ms = 2 * many_ms;

    if (known->samples >= SILENCE_SAMPLES) {
        many_ms = known->p75_ms;
        several_ms = 2 * known->p90_ms;
        alone_ms = 3 * known->p99_ms;
    }
    return (struct silence_patience){
        .many_ms = between(many_ms, SILENCE_FLOOR_MS, known->timeout_ms),
        .several_ms = between(several_ms, SILENCE_FLOOR_MS, known->timeout_ms),
        .alone_ms = between(alone_ms, ALONE_FLOOR_MS, known->timeout_ms)};
}

bool silence_is_hanging(const struct silence_patience *patience, uint32_t in_a_row,
                        int64_t silent_ms)
{
    return (in_a_row >= SILENCE_MANY && silent_ms >= patience->many_ms) ||
           (in_a_row >= SILENCE_SEVERAL && silent_ms >= patience->several_ms) ||
           silent_ms >= patience->alone_ms;
}
