/*
 * metrics: see metrics.h. Prometheus text format 0.0.4.
 */
#include "gateway/observe/metrics.h"

#include <stdatomic.h>

#include "common/base/mem.h"

/* Buckets: 1-2-5 from 10 µs to 500 s; the last one has the rest. */
enum { BUCKETS = 25, STATUSES = 26, PROVIDER_NAME = 40 };
static const int64_t bucket_us[BUCKETS - 1] = {
    10,      20,      50,       100,      200,      500,       1000,      2000,
    5000,    10000,   20000,    50000,    100000,   200000,    500000,    1000000,
    2000000, 5000000, 10000000, 20000000, 50000000, 100000000, 200000000, 500000000};

/* The last row stands for every other status. */
static const int statuses[STATUSES] = {200, 201, 204, 304, 400, 401, 402, 403, 404,
                                       405, 408, 409, 413, 415, 422, 424, 429, 431,
                                       499, 500, 501, 502, 503, 504, 529, 0};

typedef _Atomic uint64_t cell;

struct histogram {
    cell buckets[BUCKETS];
    cell sum;
};

struct provider {
    char name[PROVIDER_NAME];
    cell attempts[ATTEMPT_RESULTS];
};

struct metrics {
    struct metrics_words words;
    cell counters[METRIC_COUNTERS];
    _Atomic int64_t gauges[METRIC_GAUGES];
    struct histogram histograms[METRIC_HISTOGRAMS];
    cell requests[METRICS_ENDPOINTS_MAX][STATUSES];
    cell errors[METRICS_ERRORS_MAX];
    struct provider providers[METRICS_PROVIDERS_MAX];
    _Atomic uint32_t provider_count; /* published after the name stands */
};

static const struct {
    const char *name, *help;
} counters[METRIC_COUNTERS] = {
    [COUNT_STREAMS] = {"tollgate_streams_total", "Streamed answers begun."},
    [COUNT_STREAM_CHUNKS] = {"tollgate_stream_chunks_total", "Events relayed to clients."},
    [COUNT_CLIENT_LEFT] = {"tollgate_clients_left_total",
                           "Clients that left before their answer was whole."},
    [COUNT_FAILOVERS] = {"tollgate_failovers_total", "Attempts after the first of a request."},
    [COUNT_HEDGES] = {"tollgate_hedges_total", "Attempts beside one that was late."},
    [COUNT_CONTINUED] = {"tollgate_continued_total",
                         "Streams that went on at another provider, in the midst of the answer."},
    [COUNT_UPSTREAM_BYTES] = {"tollgate_upstream_bytes_total", "Bytes received from providers."},
    [COUNT_BODY_BYTES] = {"tollgate_body_bytes_total", "Bytes of request bodies received."},
    [COUNT_UPSTREAM_PAUSES] = {"tollgate_upstream_pauses_total",
                               "Times a provider was paused for a slow client."},
    [COUNT_LEASE_WAITS] = {"tollgate_lease_waits_total", "Requests that waited for a lease."},
    [COUNT_JOURNAL_REFUSED] = {"tollgate_journal_refused_total",
                               "Requests refused because the journal could not take them."},
    [COUNT_USAGE_QUARANTINED] = {"tollgate_usage_quarantined_total",
                                 "Usage told by providers that made no sense."},
    [COUNT_AUTH_REFUSED] = {"tollgate_auth_refused_total", "Requests without a good key."},
    [COUNT_CHARGE_NANO] = {"tollgate_charge_nano_usd_total", "Charged to clients, in 1e-9 USD."},
    [COUNT_ACCESS_LOG_DROPPED] = {"tollgate_access_log_dropped_total",
                                  "Lines lost because the access log was behind."},
    [COUNT_HTTP_REFUSED] = {"tollgate_http_refused_total",
                            "Connections refused before a request was whole."},
};

static const struct {
    const char *name, *help;
} gauges[METRIC_GAUGES] = {
    [GAUGE_CONNECTIONS] = {"tollgate_connections", "Open connections of clients."},
    [GAUGE_REQUESTS] = {"tollgate_requests_open", "Requests being worked on."},
    [GAUGE_STREAMS] = {"tollgate_streams_open", "Open streams."},
    [GAUGE_UPSTREAMS] = {"tollgate_upstreams_open", "Calls to providers under way."},
    [GAUGE_LEASES] = {"tollgate_leases", "Leases held."},
    [GAUGE_LEASE_GRANTED_NANO] = {"tollgate_lease_granted_nano_usd", "Granted on leases held."},
    [GAUGE_LEASE_FREE_NANO] = {"tollgate_lease_free_nano_usd", "Of that, free to reserve."},
};

static const struct {
    const char *name, *help;
} histograms[METRIC_HISTOGRAMS] = {
    [HISTOGRAM_FIRST_TOKEN_US] = {"tollgate_first_token_seconds",
                                  "From the request's head to the first content sent."},
    [HISTOGRAM_TOTAL_US] = {"tollgate_request_seconds",
                            "From the request's head to the last byte."},
    [HISTOGRAM_OVERHEAD_US] = {"tollgate_overhead_seconds",
                               "Our own time, without the wait for the provider."},
    [HISTOGRAM_JOURNAL_WAIT_US] = {"tollgate_journal_wait_seconds",
                                   "From handing over a record to its being written."},
    [HISTOGRAM_LEASE_WAIT_US] = {"tollgate_lease_wait_seconds", "Waits for a lease."},
    [HISTOGRAM_CONNECT_US] = {"tollgate_connect_seconds", "New connections to providers."},
};

static const char *const results[ATTEMPT_RESULTS] = {
    [ATTEMPT_OK] = "ok",
    [ATTEMPT_CONNECT] = "connect",
    [ATTEMPT_TIMEOUT] = "timeout",
    [ATTEMPT_RATE_LIMITED] = "rate_limited",
    [ATTEMPT_SERVER_ERROR] = "server_error",
    [ATTEMPT_CLIENT_ERROR] = "client_error",
    [ATTEMPT_OUR_ERROR] = "our_error",
    [ATTEMPT_RESET] = "reset",
    [ATTEMPT_NONSENSE] = "nonsense",
    [ATTEMPT_CANCELLED] = "cancelled",
};

/* One writer: load and store are cheaper than an atomic add and lose nothing. */
static void bump(cell *at, uint64_t n)
{
    atomic_store_explicit(at, atomic_load_explicit(at, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static uint64_t look(const cell *at)
{
    return atomic_load_explicit(at, memory_order_relaxed);
}

struct metrics *metrics_new(const struct metrics_words *words)
{
    struct metrics *metrics = mem_new(sizeof(*metrics));

    must(words->endpoint_count <= METRICS_ENDPOINTS_MAX &&
         words->error_count <= METRICS_ERRORS_MAX);
    metrics->words = *words;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    mem_free(metrics);
}

void metrics_add(struct metrics *metrics, enum metric_counter counter, uint64_t n)
{
    bump(&metrics->counters[counter], n);
}

void metrics_set(struct metrics *metrics, enum metric_gauge gauge, int64_t value)
{
    atomic_store_explicit(&metrics->gauges[gauge], value, memory_order_relaxed);
}

int64_t metrics_gauge(struct metrics *const *workers, size_t count, enum metric_gauge gauge)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += atomic_load_explicit(&workers[i]->gauges[gauge], memory_order_relaxed);
    return sum;
}

void metrics_observe(struct metrics *metrics, enum metric_histogram histogram, int64_t value_us)
{
    uint32_t low = 0, high = BUCKETS - 1;

    if (value_us < 0)
        value_us = 0;
    while (low < high) { /* the first bucket whose bound is not below the value */
        uint32_t middle = (low + high) / 2;

        if (bucket_us[middle] < value_us)
            low = middle + 1;
        else
            high = middle;
    }
    bump(&metrics->histograms[histogram].buckets[low], 1);
    bump(&metrics->histograms[histogram].sum, (uint64_t)value_us);
}

void metrics_request(struct metrics *metrics, uint32_t endpoint, int status, uint32_t error)
{
    uint32_t row = 0;

    while (row < STATUSES - 1 && statuses[row] != status)
        row++;
    if (endpoint < metrics->words.endpoint_count)
        bump(&metrics->requests[endpoint][row], 1);
    if (error < metrics->words.error_count)
        bump(&metrics->errors[error], 1);
}

void metrics_attempt(struct metrics *metrics, struct span provider, enum attempt_result result)
{
    uint32_t count = atomic_load_explicit(&metrics->provider_count, memory_order_relaxed);
    uint32_t i = 0;

    if (provider.size >= PROVIDER_NAME)
        provider.size = PROVIDER_NAME - 1;
    while (i < count && !span_is(provider, metrics->providers[i].name))
        i++;
    if (i == METRICS_PROVIDERS_MAX) {
        i--; /* the last one stands for the rest */
    } else if (i == count) {
        bool last = count == METRICS_PROVIDERS_MAX - 1;

        memset(metrics->providers[i].name, 0, PROVIDER_NAME);
        memcpy(metrics->providers[i].name, last ? "other" : provider.at, last ? 5 : provider.size);
        atomic_store_explicit(&metrics->provider_count, count + 1, memory_order_release);
    }
    bump(&metrics->providers[i].attempts[result], 1);
}

/* ---- as text ---- */

static void render_head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_render_one(struct buf *out, const char *name, const char *type, const char *help,
                        double value)
{
    render_head(out, name, type, help);
    buf_printf(out, "%s %.17g\n", name, value);
}

static void render_numbers(struct metrics *const *workers, size_t count, struct buf *out)
{
    for (size_t k = 0; k < METRIC_COUNTERS; k++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < count; i++)
            sum += look(&workers[i]->counters[k]);
        render_head(out, counters[k].name, "counter", counters[k].help);
        buf_printf(out, "%s %llu\n", counters[k].name, (unsigned long long)sum);
    }
    for (size_t k = 0; k < METRIC_GAUGES; k++) {
        render_head(out, gauges[k].name, "gauge", gauges[k].help);
        buf_printf(out, "%s %lld\n", gauges[k].name,
                   (long long)metrics_gauge(workers, count, (enum metric_gauge)k));
    }
}

static void render_histogram(struct metrics *const *workers, size_t count, size_t which,
                             struct buf *out)
{
    const char *name = histograms[which].name;
    uint64_t below = 0, sum = 0;

    render_head(out, name, "histogram", histograms[which].help);
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        for (size_t i = 0; i < count; i++)
            below += look(&workers[i]->histograms[which].buckets[bucket]);
        if (bucket < BUCKETS - 1)
            buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, (double)bucket_us[bucket] / 1e6,
                       (unsigned long long)below);
        else
            buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)below);
    }
    for (size_t i = 0; i < count; i++)
        sum += look(&workers[i]->histograms[which].sum);
    buf_printf(out, "%s_sum %.6f\n%s_count %llu\n", name, (double)sum / 1e6, name,
               (unsigned long long)below);
}

/* Several refusals may share a word: the first of them stands for all. */
static void render_error(struct metrics *const *workers, size_t count, uint32_t error,
                         struct buf *out)
{
    const struct metrics_words *words = &workers[0]->words;
    uint64_t sum = 0;

    for (uint32_t other = 0; other < words->error_count; other++) {
        if (strcmp(words->errors[other], words->errors[error]) != 0)
            continue;
        if (other < error)
            return;
        for (size_t i = 0; i < count; i++)
            sum += look(&workers[i]->errors[other]);
    }
    if (sum > 0)
        buf_printf(out, "tollgate_errors_total{error=\"%s\"} %llu\n", words->errors[error],
                   (unsigned long long)sum);
}

static void render_requests(struct metrics *const *workers, size_t count, struct buf *out)
{
    const struct metrics_words *words = &workers[0]->words;

    render_head(out, "tollgate_requests_total", "counter",
                "Requests answered; status 499: the client left before.");
    for (uint32_t endpoint = 0; endpoint < words->endpoint_count; endpoint++) {
        for (size_t row = 0; row < STATUSES; row++) {
            uint64_t sum = 0;

            for (size_t i = 0; i < count; i++)
                sum += look(&workers[i]->requests[endpoint][row]);
            if (sum > 0)
                buf_printf(out, "tollgate_requests_total{endpoint=\"%s\",status=\"%d\"} %llu\n",
                           words->endpoints[endpoint], statuses[row], (unsigned long long)sum);
        }
    }
    render_head(out, "tollgate_errors_total", "counter", "Refusals by their stable word.");
    for (uint32_t error = 0; error < words->error_count; error++)
        render_error(workers, count, error, out);
}

static const struct provider *find_provider(const struct metrics *metrics, const char *name)
{
    uint32_t count = atomic_load_explicit(&metrics->provider_count, memory_order_acquire);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(metrics->providers[i].name, name) == 0)
            return &metrics->providers[i];
    }
    return NULL;
}

static void render_provider(struct metrics *const *workers, size_t count, const char *name,
                            struct buf *out)
{
    for (size_t result = 0; result < ATTEMPT_RESULTS; result++) {
        uint64_t sum = 0;

        for (size_t i = 0; i < count; i++) {
            const struct provider *provider = find_provider(workers[i], name);

            sum += provider == NULL ? 0 : look(&provider->attempts[result]);
        }
        if (sum > 0)
            buf_printf(out, "tollgate_attempts_total{provider=\"%s\",result=\"%s\"} %llu\n", name,
                       results[result], (unsigned long long)sum);
    }
}

static void render_attempts(struct metrics *const *workers, size_t count, struct buf *out)
{
    render_head(out, "tollgate_attempts_total", "counter", "Calls to providers by how they ended.");
    for (size_t i = 0; i < count; i++) {
        uint32_t names = atomic_load_explicit(&workers[i]->provider_count, memory_order_acquire);

        for (uint32_t k = 0; k < names; k++) {
            const char *name = workers[i]->providers[k].name;
            bool seen = false; /* an earlier worker had it */

            for (size_t before = 0; before < i && !seen; before++)
                seen = find_provider(workers[before], name) != NULL;
            if (!seen)
                render_provider(workers, count, name, out);
        }
    }
}

void metrics_render(struct metrics *const *workers, size_t count, struct buf *out)
{
    if (count == 0)
        return;
    render_requests(workers, count, out);
    render_attempts(workers, count, out);
    render_numbers(workers, count, out);
    for (size_t k = 0; k < METRIC_HISTOGRAMS; k++)
        render_histogram(workers, count, k, out);
}
