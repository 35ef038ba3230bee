/*
 * when: see when.h.
 */
#include "tenants/ctl/when.h"

#include <errno.h>

#include "common/base/clock.h"
#include "common/base/mem.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

enum { AGO_MAX = 100000, DATE_SIZE = 10 };

/* "7d": so long before now. */
static int ago(struct span text, int64_t now_ms, int64_t *unix_ms_out)
{
    int64_t count = 0, unit_ms = 0;
    if (text.size < 2)
        return -EINVAL;
    switch (text.at[text.size - 1]) {
    case 'm':
        unit_ms = MINUTE_MS;
        break;
    case 'h':
        unit_ms = HOUR_MS;
        break;
    case 'd':
        unit_ms = DAY_MS;
        break;
    default:
        return -EINVAL;
    }
    if (span_int64(span_part(text, 0, text.size - 1), &count) != 0 || count < 0 || count > AGO_MAX)
        return -EINVAL;
    *unix_ms_out = now_ms - count * unit_ms;
    return 0;
}

int when_parse(struct span text, int64_t now_ms, int64_t *unix_ms_out)
{
    static const struct {
        const char *name;
        int64_t days;
    } days[] = {{"yesterday", -1}, {"today", 0}, {"tomorrow", 1}};
    char date[DATE_SIZE + sizeof("T00:00:00Z")];

    if (span_is(text, "now")) {
        *unix_ms_out = now_ms;
        return 0;
    }
    for (size_t i = 0; i < array_size(days); i++) {
        if (span_is(text, days[i].name)) {
            *unix_ms_out = (now_ms / DAY_MS + days[i].days) * DAY_MS;
            return 0;
        }
    }
    if (text.size == DATE_SIZE && text.at[4] == '-') {
        memcpy(date, text.at, DATE_SIZE);
        memcpy(date + DATE_SIZE, "T00:00:00Z", sizeof("T00:00:00Z"));
        return clock_parse(date, strlen(date), unix_ms_out);
    }
    if (ago(text, now_ms, unix_ms_out) == 0)
        return 0;
    return clock_parse(text.at, text.size, unix_ms_out);
}
