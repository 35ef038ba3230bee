/*
 * usage_store: sums of usage, by time and by what it was spent on, from the hourly rollups.
 *
 * Needs an open transaction of an operator or of the tenant. All times are UTC; sums are exact.
 * Usage is counted in the hour in which its request began, so ranges are whole hours.
 */
#ifndef TOLLGATE_TENANTS_STORE_USAGE_STORE_H
#define TOLLGATE_TENANTS_STORE_USAGE_STORE_H

#include "tenants/store/view.h"

enum usage_bucket { USAGE_BUCKET_NONE, USAGE_HOUR, USAGE_DAY, USAGE_MONTH };
enum usage_group {
    USAGE_GROUP_NONE,
    USAGE_MODEL,
    USAGE_KEY,
    USAGE_PROJECT,
    USAGE_OUTCOME,
    USAGE_PROVIDER,
    USAGE_DEPLOYMENT,
    USAGE_TENANT,
    USAGE_GROUPS
};

/* "none", "hour", …; as the API names them. */
must_use const char *usage_bucket_name(enum usage_bucket bucket);
must_use const char *usage_group_name(enum usage_group group);

struct usage_question {
    struct uuid tenant;     /* zero: all of them */
    int64_t from_ms, to_ms; /* [from, to), whole hours */
    enum usage_bucket bucket;
    enum usage_group group;
    int64_t top;             /* groups told apart; the rest is one row with other = true */
    bool with_cost;          /* else cost is null */
    struct pg_param model;   /* text, or null: all */
    struct pg_param key;     /* uuid, or null: all */
    struct pg_param project; /* uuid, or null: all */
    struct pg_param outcome; /* its name, or null: all */
};

/* What the rows of this grouping look like: bucket, group, label, other, and the sums. */
must_use struct view usage_view(enum usage_group group);
/* The sums alone, of a whole. */
extern const struct view usage_total_view;

/* The rows of usage_view(), by bucket, each bucket's dearest first and the rest last. They add up
 * to usage_total(). No rows where nothing was used. The rows are the caller's. */
must_use enum store_outcome usage_read(struct pg *pg, const struct usage_question *question,
                                       struct pg_rows **rows_out, struct store_error *error_out);
/* One row of usage_total_view; bucket, group and top do not matter. The rows are the caller's. */
must_use enum store_outcome usage_total(struct pg *pg, const struct usage_question *question,
                                        struct pg_rows **rows_out, struct store_error *error_out);

/* Usage that ended before it is posted: INT64_MIN when nobody knows. */
must_use enum store_outcome usage_fresh(struct pg *pg, int64_t *fresh_ms_out,
                                        struct store_error *error_out);

/* What the month (UTC) of now_ms has cost so far. `forecast_out` is that of the whole month were it
 * to go on so; meaningless, and *has_forecast_out false, in the month's first day. */
struct usage_month {
    int128 to_date_pico, forecast_pico;
    bool has_forecast;
    bool ever_called; /* in whatever month */
};
must_use enum store_outcome usage_month(struct pg *pg, struct uuid tenant, int64_t now_ms,
                                        struct usage_month *month_out,
                                        struct store_error *error_out);

#endif
