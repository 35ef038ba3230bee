/*
 * ops: see ops.h.
 */
#include "gateway/ops.h"

#include "common/base/clock.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/account.h"
#include "gateway/adoption.h"
#include "gateway/route/board_metrics.h"
#include "gateway/worker.h"

enum { TEXT_BYTES_MAX = 8 << 20, CONNECTIONS_MAX = 64, BODY_BYTES_MAX = 4096 };

struct ops {
    struct gateway *gateway;
    struct httpd *httpd;
    pthread_t thread;
};

/* ---- /metrics ---- */

static void render_shipper(struct gateway *gateway, struct buf *out)
{
    static const char name[] = "tollgate_ship_lag_seconds";
    struct shipper_state state;
    uint64_t below = 0;

    if (gateway->shipper == NULL)
        return;
    shipper_state(gateway->shipper, &state);
    metrics_render_one(out, "tollgate_shipped_total", "counter", "Events acked by Kafka.",
                       (double)state.acked);
    metrics_render_one(out, "tollgate_ship_in_flight", "gauge", "Events on their way to Kafka.",
                       (double)state.in_flight);
    metrics_render_one(out, "tollgate_ship_behind_bytes", "gauge",
                       "Durable on the journals and not acked yet.", (double)state.behind_bytes);
    metrics_render_one(out, "tollgate_ship_rebuilt_total", "counter",
                       "Times the producer had to be made anew.", (double)state.rebuilt);
    metrics_render_one(out, "tollgate_kafka_connected", "gauge", "1 while Kafka is there.",
                       state.connected ? 1 : 0);
    buf_printf(out, "# HELP %s From the end of a request to Kafka's ack.\n# TYPE %s histogram\n",
               name, name);
    for (int i = 0; i < SHIPPER_LAG_BUCKETS; i++) {
        below += state.lag_bucket[i];
        if (i < SHIPPER_LAG_BUCKETS - 1)
            buf_printf(out, "%s_bucket{le=\"%g\"} %llu\n", name, (double)(1 << i) / 1000,
                       (unsigned long long)below);
        else
            buf_printf(out, "%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)below);
    }
    buf_printf(out, "%s_sum %.3f\n%s_count %llu\n", name, (double)state.lag_ms_sum / 1000, name,
               (unsigned long long)below);
}

static void render_journals(struct gateway *gateway, struct buf *out)
{
    struct journals_state state;
    struct adoption_state adopted;

    journals_state(gateway->journals, &state);
    adoption_state(gateway->adoption, &adopted);
    metrics_render_one(out, "tollgate_journal_depth_bytes", "gauge",
                       "On the journals and not acked yet.", (double)state.depth_bytes);
    metrics_render_one(out, "tollgate_journal_unsynced_seconds", "gauge",
                       "Age of the oldest written record that is not durable.",
                       (double)state.oldest_unsynced_ms / 1000);
    metrics_render_one(out, "tollgate_journal_records_total", "counter", "Records written.",
                       (double)state.written_records);
    metrics_render_one(out, "tollgate_journal_syncs_total", "counter", "Calls of fdatasync.",
                       (double)state.syncs);
    metrics_render_one(out, "tollgate_journal_healthy", "gauge",
                       "1 while the journals take billable requests.", state.healthy ? 1 : 0);
    metrics_render_one(out, "tollgate_adopted_folders", "gauge",
                       "Journals of dead gateways that are kept.", (double)adopted.folders);
    metrics_render_one(out, "tollgate_adopted_crashed_total", "counter",
                       "Requests that a crash cut off and recovery ended.",
                       (double)adopted.finals_made);
}

static void render_process(struct gateway *gateway, struct buf *out)
{
    struct snapshot *snapshot = gateway_snapshot(gateway);
    struct loader_state loader;

    buf_printf(out, "# HELP tollgate_build_info The version that runs.\n"
                    "# TYPE tollgate_build_info gauge\n"
                    "tollgate_build_info{version=\"" TOLLGATE_VERSION "\"} 1\n");
    metrics_render_one(out, "tollgate_start_time_seconds", "gauge", "When the process began.",
                       (double)gateway->started_ms / 1000);
    metrics_render_one(out, "tollgate_ready", "gauge", "1 while requests can be served.",
                       gateway_not_ready(gateway) == NULL ? 1 : 0);
    metrics_render_one(out, "tollgate_bodies_bytes", "gauge", "Held by large request bodies.",
                       (double)atomic_load(&gateway->bodies_bytes));
    metrics_render_one(out, "tollgate_database_connected", "gauge",
                       "1 while the lease broker reaches PostgreSQL.",
                       broker_connected(gateway->broker) ? 1 : 0);
    loader_state(gateway->loader, &loader);
    metrics_render_one(out, "tollgate_snapshot_loads_total", "counter", "Snapshots taken.",
                       (double)loader.loads);
    metrics_render_one(out, "tollgate_snapshot_refused_total", "counter",
                       "Snapshots that made no sense.", (double)loader.refused);
    if (snapshot == NULL)
        return;
    metrics_render_one(out, "tollgate_snapshot_version", "gauge", "Version of the snapshot.",
                       (double)snapshot_version(snapshot));
    metrics_render_one(out, "tollgate_snapshot_age_seconds", "gauge",
                       "Since the database last confirmed the snapshot.",
                       (double)(clock_wall_ms() - snapshot_confirmed_ms(snapshot)) / 1000);
    metrics_render_one(out, "tollgate_credentials_unusable", "gauge",
                       "Provider credentials of the database that no call can be made with.",
                       (double)snapshot_unusable_count(snapshot));
    snapshot_unref(snapshot);
}

static void render_deployments(struct gateway *gateway, struct buf *out)
{
    struct snapshot *snapshot = gateway_snapshot(gateway);

    if (snapshot == NULL)
        return;
    board_metrics_render(gateway->board, snapshot, clock_mono_ms(), out);
    snapshot_unref(snapshot);
}

static void answer_metrics(struct ops *ops, struct httpd_request *request)
{
    const struct httpd_header type = {span_of("content-type"),
                                      span_of("text/plain; version=0.0.4; charset=utf-8")};
    struct gateway *gateway = ops->gateway;
    struct buf out cleanup(buf_done) = buf_make(TEXT_BYTES_MAX);

    metrics_render(gateway->metrics, gateway->worker_count, &out);
    render_process(gateway, &out);
    render_journals(gateway, &out);
    render_shipper(gateway, &out);
    render_deployments(gateway, &out);
    httpd_answer(request, 200, &type, 1, buf_span(&out));
}

/* ---- /status ---- */

static void put_snapshot(struct json_writer *w, struct gateway *gateway)
{
    struct snapshot *snapshot = gateway_snapshot(gateway);
    struct loader_state state;

    loader_state(gateway->loader, &state);
    json_name(w, "snapshot");
    json_begin(w, '{');
    json_put_bool(w, "connected", state.connected);
    json_put_int64(w, "loads", state.loads);
    json_put_int64(w, "refused", state.refused);
    if (snapshot != NULL) {
        json_put_int64(w, "version", snapshot_version(snapshot));
        json_put_int64(w, "age_ms", clock_wall_ms() - snapshot_confirmed_ms(snapshot));
        json_put_int64(w, "models", snapshot_model_count(snapshot));
        json_put_int64(w, "deployments", snapshot_deployment_count(snapshot));
        snapshot_unref(snapshot);
    }
    json_end(w, '}');
}

static void answer_status(struct ops *ops, struct httpd_request *request)
{
    const struct httpd_header type = {span_of("content-type"), span_of("application/json")};
    struct gateway *gateway = ops->gateway;
    struct buf out cleanup(buf_done) = buf_make(TEXT_BYTES_MAX);
    struct json_writer w = json_writer_make(&out);
    const char *why = gateway_not_ready(gateway);
    char id[ID_TEXT_SIZE];

    json_begin(&w, '{');
    json_put_cstring(&w, "program", "tollgate-gateway");
    json_put_cstring(&w, "version", TOLLGATE_VERSION);
    json_put_string(&w, "gateway", span_make(id, id_format(ID_GATEWAY, gateway->id, id)));
    json_put_cstring(&w, "mode", gateway->config.mode == MODE_TRIAL ? "trial" : "production");
    json_put_bool(&w, "ready", why == NULL);
    json_put_cstring(&w, "reason", why);
    json_put_int64(&w, "port", gateway->port);
    json_put_int64(&w, "tls_port", gateway->tls_port);
    json_put_bool(&w, "leases_connected", broker_connected(gateway->broker));
    put_snapshot(&w, gateway);
    account_put(&w, gateway);
    json_end(&w, '}');
    httpd_answer(request, 200, &type, 1, buf_span(&out));
}

/* ---- the server ---- */

static void on_request(void *context, struct httpd_request *request)
{
    static const struct reply_head nothing = {.attempts = -1, .overhead_us = -1};
    struct ops *ops = context;
    struct span path = httpd_path(request);

    if (!span_is(httpd_method(request), "GET") && !span_is(httpd_method(request), "HEAD"))
        httpd_answer(request, 405, NULL, 0, span_of("GET only\n"));
    else if (span_is(path, "/metrics"))
        answer_metrics(ops, request);
    else if (span_is(path, "/status"))
        answer_status(ops, request);
    else if (span_is(path, "/healthz") || span_is(path, "/readyz"))
        dispatch_health(ops->gateway, request, &nothing, span_is(path, "/readyz"));
    else
        httpd_answer(request, 404, NULL, 0, span_of("/metrics /status /healthz /readyz\n"));
}

static void *run(void *argument)
{
    struct ops *ops = argument;

    httpd_run(ops->httpd);
    return NULL;
}

struct ops *ops_start(struct gateway *gateway, int listen_fd)
{
    struct ops *ops = mem_new(sizeof(*ops));
    const struct httpd_handler handler = {.context = ops, .on_request = on_request};
    struct httpd_config config = httpd_config_initial;

    config.max_connections = CONNECTIONS_MAX;
    config.max_body_bytes = BODY_BYTES_MAX;
    ops->gateway = gateway;
    ops->httpd = httpd_new(&config, &handler);
    httpd_listen(ops->httpd, listen_fd, NULL);
    thread_start(&ops->thread, "ops", run, ops);
    return ops;
}

void ops_stop(struct ops *ops)
{
    if (ops == NULL)
        return;
    httpd_stop(ops->httpd, 0);
    pthread_join(ops->thread, NULL);
    httpd_free(ops->httpd);
    mem_free(ops);
}
