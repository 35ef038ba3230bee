/*
 * count: see count.h.
 */
#include "tenants/api/count.h"

#include <stdbool.h>

void count_call(struct counts *counts, int status, int64_t ms)
{
    size_t bucket = 0;

    while (bucket < COUNT_BUCKETS - 1 && ms >= (INT64_C(1) << bucket))
        bucket++;
    atomic_fetch_add(&counts->by_class[status >= 100 && status < 600 ? status / 100 : 0], 1);
    atomic_fetch_add(&counts->below_ms[bucket], 1);
    atomic_fetch_add(&counts->ms_sum, (uint64_t)ms);
}

static void write_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_one(struct buf *out, const char *name, const char *type, const char *help,
                      long long value)
{
    write_head(out, name, type, help);
    buf_printf(out, "%s %lld\n", name, value);
}

static void write_times(const struct counts *counts, struct buf *out)
{
    static const char name[] = "tollgate_control_call_seconds";
    unsigned long long below = 0;

    write_head(out, name, "histogram", "From the whole request to its answer.");
    for (int i = 0; i < COUNT_BUCKETS; i++) {
        below += atomic_load(&counts->below_ms[i]);
        if (i < COUNT_BUCKETS - 1)
            buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, (double)(1 << i) / 1000, below);
    }
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.3f\n%s_count %llu\n", name, below, name,
               (double)atomic_load(&counts->ms_sum) / 1000, name, below);
}

void count_write(const struct counts *counts, struct buf *out)
{
    static const char calls[] = "tollgate_control_calls_total";

    write_head(out, calls, "counter", "Calls by the class of their status.");
    for (int i = 2; i <= 5; i++)
        buf_printf(out, "%s{status=\"%dxx\"} %llu\n", calls, i,
                   (unsigned long long)atomic_load(&counts->by_class[i]));
    write_times(counts, out);
    write_one(out, "tollgate_control_runs_again_total", "counter",
              "Runs of calls that the database asked to be run again.",
              (long long)atomic_load(&counts->again));
    write_one(out, "tollgate_control_replayed_total", "counter",
              "Answers given again for their Idempotency-Key.",
              (long long)atomic_load(&counts->replayed));
    write_one(out, "tollgate_control_refused_busy_total", "counter",
              "Calls refused because too many waited.", (long long)atomic_load(&counts->busy));
    write_one(out, "tollgate_control_waiting", "gauge", "Calls that wait for a thread.",
              (long long)atomic_load(&counts->waiting));
    write_one(out, "tollgate_control_running", "gauge", "Calls at work.",
              (long long)atomic_load(&counts->running));
    write_one(out, "tollgate_control_database_up", "gauge", "1 while PostgreSQL answers.",
              atomic_load(&counts->database_up) ? 1 : 0);
}
