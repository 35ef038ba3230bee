/*
 * usage: see the header.
 */
#include "usage.h"

/* A number as a fault tells it: of the input, of the output, of both. NULL: as it is. */
static const char *wrong_number(enum fault_kind fault, enum usage_kind kind)
{
    static const char *const wrong[][COUNT_PART + 1] = {
        [FAULT_USAGE_TEXT] = {"\"12\"", "\"12\"", "\"24\"", "\"0\""},
        [FAULT_USAGE_NEGATIVE] = {"12", "-5", "7", "0"},
        [FAULT_USAGE_HUGE] = {"12", "1000000000000000000", "1000000000000000012", "0"},
        [FAULT_USAGE_FRACTION] = {"12", "1.5", "13.5", "0"},
        [FAULT_USAGE_ZERO] = {"0", "0", "0", "0"},
    };

    return (size_t)fault < array_size(wrong) ? wrong[fault][kind] : NULL;
}

void usage_write(struct buf *out, enum fault_kind fault, const struct usage_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *wrong = wrong_number(fault, rows[i].kind);

        buf_printf(out, "%s\"%s\":", i == 0 ? "" : ",", rows[i].name);
        if (wrong != NULL)
            buf_add_string(out, wrong);
        else
            buf_add_int64(out, rows[i].value);
    }
}

bool usage_open(struct buf *out, enum fault_kind fault, const char *name)
{
    if (fault == FAULT_USAGE_NONE)
        return false;
    buf_printf(out, ",\"%s\":%s", name, fault == FAULT_USAGE_NULL ? "null" : "{");
    return fault != FAULT_USAGE_NULL;
}

bool usage_is_right(const struct dialect *dialect, enum fault_kind fault)
{
    if (fault == FAULT_USAGE_LATE)
        return dialect->late_usage_counts;
    return fault < FAULT_USAGE_NONE || fault > FAULT_USAGE_LATE || fault == FAULT_USAGE_TWICE;
}

int64_t usage_output(const struct telling *telling, enum told_usage usage)
{
    return usage == USAGE_RIGHT ? telling->script->output_tokens
                                : telling->script->output_tokens / 2;
}

int64_t usage_reasoning(const struct telling *telling, enum told_usage usage)
{
    return usage == USAGE_RIGHT ? telling->script->reasoning_tokens : 0;
}

int64_t usage_fresh_input(const struct script *script)
{
    return script->input_tokens - script->cached_tokens - script->written_tokens -
           script->written_1h_tokens;
}
