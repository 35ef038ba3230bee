/*
 * metrics: counters, gauges and histograms of one worker, and their sum as Prometheus text.
 *
 * Each worker owns its `metrics` and is its only writer (relaxed atomics, no locks); the ops
 * listener reads all of them. The set of series is fixed but for provider names, of which at most
 * METRICS_PROVIDERS_MAX are told apart. Tenants, keys and models are never labels.
 */
#ifndef TOLLGATE_GATEWAY_OBSERVE_METRICS_H
#define TOLLGATE_GATEWAY_OBSERVE_METRICS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

enum { METRICS_PROVIDERS_MAX = 96, METRICS_ENDPOINTS_MAX = 48, METRICS_ERRORS_MAX = 48 };

enum metric_counter {
    COUNT_STREAMS,            /* streamed answers begun */
    COUNT_STREAM_CHUNKS,      /* relayed to clients */
    COUNT_CLIENT_LEFT,        /* before the answer was whole */
    COUNT_FAILOVERS,          /* attempts after the first */
    COUNT_HEDGES,             /* attempts beside a late one */
    COUNT_CONTINUED,          /* attempts behind the text of one that died */
    COUNT_UPSTREAM_BYTES,     /* received from providers */
    COUNT_BODY_BYTES,         /* received from clients */
    COUNT_UPSTREAM_PAUSES,    /* because a client was slow */
    COUNT_LEASE_WAITS,        /* requests that waited for a lease */
    COUNT_JOURNAL_REFUSED,    /* requests refused because the journal could not take them */
    COUNT_USAGE_QUARANTINED,  /* providers' usage that made no sense */
    COUNT_AUTH_REFUSED,       /* missing, garbage, unknown, revoked … */
    COUNT_CHARGE_NANO,        /* charged to clients, 1e-9 USD, rounded down per request */
    COUNT_ACCESS_LOG_DROPPED, /* lines lost because the log was behind */
    COUNT_HTTP_REFUSED,       /* by the HTTP server itself */
    METRIC_COUNTERS
};

enum metric_gauge {
    GAUGE_CONNECTIONS, /* of clients */
    GAUGE_REQUESTS,    /* being worked on */
    GAUGE_STREAMS,     /* open */
    GAUGE_UPSTREAMS,   /* connections to providers in use */
    GAUGE_LEASES,
    GAUGE_LEASE_GRANTED_NANO, /* 1e-9 USD */
    GAUGE_LEASE_FREE_NANO,
    METRIC_GAUGES
};

enum metric_histogram {
    HISTOGRAM_FIRST_TOKEN_US,  /* from the request's head to the first content sent */
    HISTOGRAM_TOTAL_US,        /* to the last byte */
    HISTOGRAM_OVERHEAD_US,     /* our own part of it */
    HISTOGRAM_JOURNAL_WAIT_US, /* from the hand-over of a record to its being written */
    HISTOGRAM_LEASE_WAIT_US,
    HISTOGRAM_CONNECT_US, /* new connections to providers */
    METRIC_HISTOGRAMS
};

enum attempt_result {
    ATTEMPT_OK,
    ATTEMPT_CONNECT,      /* no connection */
    ATTEMPT_TIMEOUT,      /* any of the four */
    ATTEMPT_RATE_LIMITED, /* 429 */
    ATTEMPT_SERVER_ERROR, /* 5xx */
    ATTEMPT_CLIENT_ERROR, /* other 4xx: passed on */
    ATTEMPT_OUR_ERROR,    /* 401, 402, 403: our credential */
    ATTEMPT_RESET,        /* broke before its end */
    ATTEMPT_NONSENSE,     /* malformed, wrong type, too large */
    ATTEMPT_CANCELLED,    /* by us, because the client left */
    ATTEMPT_RESULTS
};

struct metrics;

/* Names are constants of the caller's, borrowed: endpoints by their enum, errors by theirs. */
struct metrics_words {
    const char *const *endpoints;
    uint32_t endpoint_count;
    const char *const *errors;
    uint32_t error_count;
};
must_use struct metrics *metrics_new(const struct metrics_words *words);
void metrics_free(struct metrics *metrics);

void metrics_add(struct metrics *metrics, enum metric_counter counter, uint64_t n);
void metrics_set(struct metrics *metrics, enum metric_gauge gauge, int64_t value);
void metrics_observe(struct metrics *metrics, enum metric_histogram histogram, int64_t value_us);
/* An answer went out, or its client left before (status 499). `error`: index of the word, or
 * UINT32_MAX for none. */
void metrics_request(struct metrics *metrics, uint32_t endpoint, int status, uint32_t error);
void metrics_attempt(struct metrics *metrics, struct span provider, enum attempt_result result);

/* The sums of all workers as Prometheus text (version 0.0.4), appended. Any thread. */
void metrics_render(struct metrics *const *workers, size_t count, struct buf *out);

/* One gauge, summed over the workers. Any thread. */
must_use int64_t metrics_gauge(struct metrics *const *workers, size_t count,
                               enum metric_gauge gauge);

/* One gauge or counter of the process, appended: for what the ops listener reads elsewhere. */
void metrics_render_one(struct buf *out, const char *name, const char *type, const char *help,
                        double value);

#endif
