/*
 * time_range: [from, to) of a call's query, with what it is when it is not given, and its bounds.
 */
#ifndef TOLLGATE_TENANTS_API_TIME_RANGE_H
#define TOLLGATE_TENANTS_API_TIME_RANGE_H

#include "tenants/api/api.h"

#define TIME_HOUR_MS INT64_C(3600000)
#define TIME_DAY_MS INT64_C(86400000)

struct time_range {
    int64_t from_ms, to_ms;
};

/* Widened to whole hours, which is how rollups are kept; without `to` until now, without `from` the
 * 30 days before `to`. API_FAILED, with the field named, when it is empty or longer than
 * `max_days`.
 */
must_use enum api_outcome time_range_hours(struct api *api, int64_t max_days,
                                           struct time_range *range_out);

/* As asked, to the millisecond; without `to` there is no end (INT64_MAX), without `from` it begins
 * with the UTC day `default_days` before `to` or now, so that pages of one list agree. */
must_use enum api_outcome time_range_exact(struct api *api, int64_t default_days, int64_t max_days,
                                           struct time_range *range_out);

/* A member that is a time; null for INT64_MIN. */
void time_put(struct json_writer *w, const char *name, int64_t unix_ms);

#endif
