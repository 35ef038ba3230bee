/*
 * worker: see worker.h.
 */
#include "gateway/worker.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/admit/worker.h"
#include "gateway/edge/reverse.h"
#include "gateway/probe/prober.h"
#include "gateway/upstream/curl.h"

enum {
    GAUGES_MS = 500,
    PROBES_MS = 200,
    BUSY_TICK_MS = 20, /* waits for leases are measured in it */
    IDLE_TICK_MS = 250,
    SETTLE_MS = 5000, /* after the drain, for what is on its way to the journal */
    TURN_MS = 20,
    IDLE_UPSTREAMS_MAX = 256,
    IDLE_HANDLES_PER_DEPLOYMENT = 64,
};

/* ---- the loop's calls ---- */

static void take_snapshot(struct worker *worker)
{
    uint64_t newest =
        atomic_load_explicit(&worker->gateway->newest.generation, memory_order_acquire);

    if (newest == worker->generation)
        return;
    worker->generation = newest;
    flow_set_snapshot(&worker->flow, gateway_snapshot(worker->gateway));
}

static void on_turn_end(void *context)
{
    struct worker *worker = context;

    take_snapshot(worker);
    worker->flow.upstream->ops->turn(worker->flow.upstream);
    journal_flush(worker->journal);
}

static void on_wake(void *context)
{
    struct worker *worker = context;
    uint64_t count;

    if (read(worker->wake_fd, &count, sizeof(count)) < 0)
        return;
    take_snapshot(worker);
}

static void on_journal(void *context)
{
    struct worker *worker = context;

    journal_complete(worker->journal);
}

static void on_admit(void *context)
{
    struct worker *worker = context;

    admit_receive(worker->admit, httpd_now_ms(worker->httpd));
}

static void publish_gauges(struct worker *worker)
{
    struct metrics *metrics = worker->flow.metrics;
    struct admit_state state;
    int64_t upstreams, streams;

    admit_state(worker->admit, &state);
    flow_gauges(&worker->flow, &upstreams, &streams);
    metrics_set(metrics, GAUGE_UPSTREAMS, upstreams);
    metrics_set(metrics, GAUGE_STREAMS, streams);
    metrics_set(metrics, GAUGE_CONNECTIONS, httpd_open_connections(worker->httpd));
    metrics_set(metrics, GAUGE_REQUESTS, httpd_open_requests(worker->httpd));
    metrics_set(metrics, GAUGE_LEASES, (int64_t)state.leases);
    metrics_set(metrics, GAUGE_LEASE_GRANTED_NANO, state.held_pico / 1000);
    metrics_set(metrics, GAUGE_LEASE_FREE_NANO, (state.held_pico - state.reserved_pico) / 1000);
}

static void on_tick(void *context)
{
    struct worker *worker = context;
    int64_t now_ms = httpd_now_ms(worker->httpd);

    admit_tick(worker->admit, now_ms);
    refused_tick(worker->flow.refused, clock_wall_ms(), false);
    if (worker->prober != NULL && now_ms - worker->probed_ms >= PROBES_MS) {
        const struct prober_now now = {now_ms, clock_wall_ms()};

        worker->probed_ms = now_ms;
        prober_tick(worker->prober, worker->flow.snapshot, &now);
    }
    if (now_ms - worker->gauges_ms >= GAUGES_MS) {
        worker->gauges_ms = now_ms;
        publish_gauges(worker);
    }
    httpd_timer_set(worker->httpd, &worker->tick,
                    now_ms + (flow_open(&worker->flow) > 0 ? BUSY_TICK_MS : IDLE_TICK_MS));
}

/* ---- its life ---- */

static struct httpd *make_httpd(struct worker *worker)
{
    struct gateway *gateway = worker->gateway;
    const struct httpd_handler handler = {
        .context = worker, .on_request = dispatch_request, .on_refusal = dispatch_refusal};
    struct httpd_config config = httpd_config_initial;

    config.max_body_bytes = (size_t)gateway->config.max_body_bytes;
    config.max_bodies_bytes = (size_t)gateway->config.max_bodies_bytes;
    config.bodies_bytes = &gateway->bodies_bytes;
    config.max_connections = gateway->max_connections / gateway->worker_count + 1;
    config.idle_timeout_ms = (uint32_t)gateway->config.idle_timeout_seconds * 1000;
    return httpd_new(&config, &handler);
}

static struct admit *make_admit(struct worker *worker)
{
    const struct config *config = &worker->gateway->config;
    const struct admit_config admit = {
        .broker = worker->gateway->broker,
        .limits = worker->gateway->limits,
        .journal = worker->journal,
        .gateway = worker->gateway->id,
        .worker = worker->index,
        .lease_wait_ms = config->lease_wait_ms,
        .lease_life_ms = config->lease_life_seconds * 1000,
        .lease_rotate_ms = config->lease_life_seconds * 1000 * 2 / 3,
        .idle_ms = config->lease_idle_seconds * 1000,
        .outage_pico = config->outage_allowance_cents * PICO_PER_CENT,
    };

    return admit_new(&admit);
}

static void make_flow(struct worker *worker)
{
    struct gateway *gateway = worker->gateway;
    const struct curl_config curl = {
        .allow_loopback = gateway->config.mode == MODE_TRIAL,
        .ca_file = gateway->config.ca_file != NULL && gateway->config.ca_file[0] != 0
                       ? gateway->config.ca_file
                       : NULL,
        .max_idle = IDLE_UPSTREAMS_MAX,
        .idle_handles = IDLE_HANDLES_PER_DEPLOYMENT,
    };

    worker->flow.config = flow_config_default();
    worker->flow.config.gateway = gateway->id;
    worker->flow.config.strategy = (enum policy)gateway->config.routing_strategy;
    worker->flow.response_key = gateway->response_key;
    worker->flow.config.max_flows =
        (uint32_t)gateway->config.max_requests / gateway->worker_count + 1;
    worker->flow.httpd = worker->httpd;
    worker->flow.upstream = curl_upstream_new(worker->httpd, &curl);
    worker->flow.journal = worker->journal;
    worker->flow.admit = worker->admit;
    worker->flow.board = gateway->board;
    worker->flow.metrics = gateway->metrics[worker->index];
    worker->flow.access = access_log_ring(gateway->access_log, worker->index);
    worker->flow.refused = refused_new(worker->journal, gateway->id);
    flow_worker_init(&worker->flow);
}

/* One worker makes the probes of all. */
static struct prober *make_prober(struct worker *worker)
{
    struct prober_config config = {.upstream = worker->flow.upstream,
                                   .board = worker->gateway->board};

    memcpy(&config.seed, &worker->gateway->id.at[8], sizeof(config.seed));
    return worker->index == 0 ? prober_new(&config) : NULL;
}

static struct reverse *make_reverse(struct worker *worker)
{
    const struct reverse_config reverse = {
        .origin = worker->gateway->config.control_url,
        .trust = &worker->gateway->config.trust,
        .httpd = worker->httpd,
        .upstream = worker->flow.upstream,
        .metrics = worker->flow.metrics,
        .access = worker->flow.access,
    };

    return reverse.origin[0] == 0 ? NULL : reverse_new(&reverse);
}

struct worker *worker_new(struct gateway *gateway, uint32_t index)
{
    struct worker *worker = mem_new(sizeof(*worker));

    worker->gateway = gateway;
    worker->index = index;
    worker->journal = journals_of_worker(gateway->journals, index);
    worker->httpd = make_httpd(worker);
    worker->admit = make_admit(worker);
    worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    must(worker->wake_fd >= 0);
    make_flow(worker);
    worker->prober = make_prober(worker);
    worker->reverse = make_reverse(worker);
    worker->journal_watch =
        httpd_watch_fd(worker->httpd, journal_fd(worker->journal), on_journal, worker);
    worker->admit_watch = httpd_watch_fd(worker->httpd, admit_fd(worker->admit), on_admit, worker);
    worker->wake_watch = httpd_watch_fd(worker->httpd, worker->wake_fd, on_wake, worker);
    must(worker->journal_watch != NULL && worker->admit_watch != NULL &&
         worker->wake_watch != NULL);
    httpd_at_turn_end(worker->httpd, on_turn_end, worker);
    worker->tick = (struct httpd_timer){.expired = on_tick, .context = worker};
    httpd_timer_set(worker->httpd, &worker->tick, clock_mono_ms() + IDLE_TICK_MS);
    return worker;
}

void worker_listen(struct worker *worker, int fd, struct httpd_tls *tls)
{
    httpd_listen(worker->httpd, fd, tls);
}

/* The clients are gone. What is still open ends now, so that its event is put down; then the leases
 * are closed. */
static void settle(struct worker *worker)
{
    int64_t end_ms = clock_mono_ms() + SETTLE_MS;

    flow_abort_all(&worker->flow);
    while (flow_open(&worker->flow) > 0 && clock_mono_ms() < end_ms)
        httpd_turn(worker->httpd, TURN_MS);
    if (flow_open(&worker->flow) > 0)
        log_event(LOG_ALARM, "worker.flows_left", LOG_N("count", flow_open(&worker->flow)));
    refused_tick(worker->flow.refused, clock_wall_ms(), true);
    admit_close(worker->admit);
    journal_flush(worker->journal);
    httpd_turn(worker->httpd, 0);
}

static void *run(void *argument)
{
    struct worker *worker = argument;

    httpd_run(worker->httpd);
    settle(worker);
    return NULL;
}

void worker_start(struct worker *worker)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "worker-%u", worker->index);
    thread_start(&worker->thread, name, run, worker);
}

void worker_wake(struct worker *worker)
{
    uint64_t one = 1;

    if (write(worker->wake_fd, &one, sizeof(one)) < 0)
        return; /* it has not read the last one yet */
}

void worker_stop(struct worker *worker, uint32_t drain_ms)
{
    httpd_stop(worker->httpd, drain_ms);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    flow_worker_done(&worker->flow);
    prober_free(worker->prober);
    reverse_free(worker->reverse);
    worker->flow.upstream->ops->free(worker->flow.upstream);
    httpd_timer_cancel(worker->httpd, &worker->tick);
    httpd_unwatch(worker->journal_watch);
    httpd_unwatch(worker->admit_watch);
    httpd_unwatch(worker->wake_watch);
    refused_free(worker->flow.refused);
    admit_free(worker->admit);
    httpd_free(worker->httpd);
    close(worker->wake_fd);
    mem_free(worker);
}
