/*
 * time_range: see time_range.h.
 */
#include "tenants/api/time_range.h"

#include "common/base/clock.h"

enum { DEFAULT_DAYS = 30, OLDEST_DAYS = 36525 };

/* Times far from ours have no part in any table, and would overflow. */
static bool in_our_time(const struct api *api, int64_t unix_ms)
{
    return unix_ms >= 0 && unix_ms <= api->now_ms + OLDEST_DAYS * TIME_DAY_MS;
}

static enum api_outcome check(struct api *api, int64_t from_ms, int64_t to_ms, int64_t max_days)
{
    const char *told = api_query(api, "from")->state == FIELD_SET ? "from" : "to";

    if (!in_our_time(api, from_ms))
        return api_fail_field(api, told, "lies too far away");
    if (!in_our_time(api, to_ms))
        return api_fail_field(api, "to", "lies too far away");
    if (from_ms >= to_ms)
        return api_fail_field(api, told, "must leave something between from and to");
    if (to_ms - from_ms > max_days * TIME_DAY_MS)
        return api_fail_field(api, "from", "must lie at most %lld days before the end here",
                              (long long)max_days);
    return API_OK;
}

static int64_t floor_to(int64_t unix_ms, int64_t step_ms)
{
    int64_t rest = unix_ms % step_ms;

    return unix_ms - (rest < 0 ? rest + step_ms : rest);
}

enum api_outcome time_range_hours(struct api *api, int64_t max_days, struct time_range *range_out)
{
    const struct field_value *from = api_query(api, "from"), *to = api_query(api, "to");
    int64_t to_ms = to->state == FIELD_SET ? to->number : api->now_ms;
    int64_t from_ms = from->state == FIELD_SET ? from->number : to_ms - DEFAULT_DAYS * TIME_DAY_MS;
    /* What is widened is not held against the caller. */
    enum api_outcome outcome = check(api, from_ms, to_ms, max_days);

    if (outcome == API_OK)
        *range_out = (struct time_range){floor_to(from_ms, TIME_HOUR_MS),
                                         floor_to(to_ms + TIME_HOUR_MS - 1, TIME_HOUR_MS)};
    return outcome;
}

enum api_outcome time_range_exact(struct api *api, int64_t default_days, int64_t max_days,
                                  struct time_range *range_out)
{
    const struct field_value *from = api_query(api, "from"), *to = api_query(api, "to");
    int64_t to_ms = to->state == FIELD_SET ? to->number : api->now_ms;
    int64_t from_ms = from->state == FIELD_SET
                          ? from->number
                          : floor_to(to_ms, TIME_DAY_MS) - default_days * TIME_DAY_MS;

    /* Without an end, a beginning in the future is no mistake: there is nothing yet. */
    if (to->state != FIELD_SET && from_ms >= to_ms)
        to_ms = from_ms + 1;
    enum api_outcome outcome = check(api, from_ms, to_ms, max_days);
    if (outcome == API_OK)
        *range_out = (struct time_range){from_ms, to->state == FIELD_SET ? to_ms : INT64_MAX};
    return outcome;
}

void time_put(struct json_writer *w, const char *name, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];

    json_name(w, name);
    if (unix_ms == INT64_MIN)
        json_write_null(w);
    else
        json_write_string(w, span_make(text, clock_format(unix_ms, text)));
}
