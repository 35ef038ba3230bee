/*
 * metrics: see metrics.h.
 */
#include "billing/metrics.h"

#include <inttypes.h>

void metrics_count_batch(struct metrics *m, const struct post_counts *counts, int64_t ms)
{
    int bucket = 0;
    while (bucket < METRICS_BUCKETS - 1 && ms >= INT64_C(1) << bucket)
        bucket++;
    m->batches++;
    m->batch_ms[bucket]++;
    m->batch_ms_sum += ms;
    m->total.events += counts->events;
    m->total.duplicates += counts->duplicates;
    m->total.dead_letters += counts->dead_letters;
    m->total.others += counts->others;
    m->total.overruns += counts->overruns;
    m->total.variances += counts->variances;
    m->total.late += counts->late;
    m->total.retries += counts->retries;
}

static void counter(struct buf *out, const char *name, const char *help, int64_t value)
{
    buf_printf(out,
               "# HELP tollgate_billing_%s %s\n# TYPE tollgate_billing_%s counter\n"
               "tollgate_billing_%s %" PRId64 "\n",
               name, help, name, name, value);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    buf_printf(out,
               "# HELP tollgate_billing_%s %s\n# TYPE tollgate_billing_%s gauge\n"
               "tollgate_billing_%s %" PRId64 "\n",
               name, help, name, name, value);
}

static void write_latency(const struct metrics *m, struct buf *out)
{
    int64_t sum = 0;
    buf_add_string(out, "# HELP tollgate_billing_batch_seconds From a full batch to its commit.\n"
                        "# TYPE tollgate_billing_batch_seconds histogram\n");
    for (int k = 0; k < METRICS_BUCKETS - 1; k++) {
        sum += m->batch_ms[k];
        buf_printf(out, "tollgate_billing_batch_seconds_bucket{le=\"%d.%03d\"} %" PRId64 "\n",
                   (1 << k) / 1000, (1 << k) % 1000, sum);
    }
    buf_printf(out,
               "tollgate_billing_batch_seconds_bucket{le=\"+Inf\"} %" PRId64 "\n"
               "tollgate_billing_batch_seconds_sum %" PRId64 ".%03" PRId64 "\n"
               "tollgate_billing_batch_seconds_count %" PRId64 "\n",
               m->batches, m->batch_ms_sum / 1000, m->batch_ms_sum % 1000, m->batches);
}

static const struct source *source_at(const struct list *link)
{
    return (const struct source *)(const void *)((const char *)link -
                                                 offsetof(struct source, link));
}

static void write_sources(const struct intake *intake, int64_t now_ms, struct buf *out)
{
    int64_t stopped = 0, lag_ms = 0;
    buf_add_string(out, "# HELP tollgate_billing_source_lag Messages (kafka) or bytes (journal)"
                        " not posted yet.\n# TYPE tollgate_billing_source_lag gauge\n");
    for (const struct list *link = intake->sources.next; link != &intake->sources;
         link = link->next) {
        const struct source *s = source_at(link);
        stopped += s->state == SOURCE_STOPPED;
        if (s->behind > 0 && s->last_event_ms > 0 && now_ms - s->last_event_ms > lag_ms)
            lag_ms = now_ms - s->last_event_ms;
        buf_printf(out, "tollgate_billing_source_lag{source=\"%s\",state=\"%s\"} %" PRId64 "\n",
                   s->identity, source_state_name(s->state), s->behind < 0 ? 0 : s->behind);
    }
    gauge(out, "sources_stopped", "Sources that wait for an operator.", stopped);
    buf_printf(out,
               "# HELP tollgate_billing_lag_seconds Age of the newest posted event of the source"
               " that is behind most.\n# TYPE tollgate_billing_lag_seconds gauge\n"
               "tollgate_billing_lag_seconds %" PRId64 ".%03" PRId64 "\n",
               lag_ms / 1000, lag_ms % 1000);
}

void metrics_write(const struct metrics *m, const struct intake *intake, int64_t now_ms,
                   struct buf *out)
{
    buf_printf(out,
               "# HELP tollgate_build_info The program.\n# TYPE tollgate_build_info gauge\n"
               "tollgate_build_info{program=\"tollgate-billing\",version=\"%s\"} 1\n",
               TOLLGATE_VERSION);
    gauge(out, "database_up", "Whether the database answers.", m->database_up);
    counter(out, "events_total", "Usage events posted.", m->total.events);
    counter(out, "duplicates_total", "Events that came again.", m->total.duplicates);
    counter(out, "dead_letters_total", "Events that could not be posted.", m->total.dead_letters);
    counter(out, "others_total", "Lease records, refusals, unknown types.", m->total.others);
    counter(out, "overruns_total", "Events charged less than due: goal 0.", m->total.overruns);
    counter(out, "price_variances_total", "Events told another charge than due: goal 0.",
            m->total.variances);
    counter(out, "late_total", "Events of a period that was closed.", m->total.late);
    counter(out, "batches_total", "Transactions.", m->batches);
    counter(out, "batch_retries_total", "Batches settled again.", m->total.retries);
    counter(out, "fenced_total", "Batches given up: another consumer moved the source.", m->fenced);
    counter(out, "connections_lost_total", "Times the database was lost.", m->lost);
    gauge(out, "dead_letters_depth", "Dead letters not resolved.", m->dead_letters_open);
    write_latency(m, out);
    write_sources(intake, now_ms, out);
}
