/*
 * account: see account.h.
 */
#include "gateway/account.h"

#include "common/base/clock.h"
#include "gateway/adoption.h"

static void put_gauges(struct json_writer *w, const struct gateway *gateway)
{
    static const struct {
        const char *name;
        enum metric_gauge gauge;
    } gauges[] = {
        {"connections", GAUGE_CONNECTIONS}, {"requests", GAUGE_REQUESTS},
        {"streams", GAUGE_STREAMS},         {"upstreams", GAUGE_UPSTREAMS},
        {"leases", GAUGE_LEASES},
    };

    for (size_t i = 0; i < array_size(gauges); i++)
        json_put_int64(w, gauges[i].name,
                       metrics_gauge(gateway->metrics, gateway->worker_count, gauges[i].gauge));
}

static void put_journals(struct json_writer *w, const struct gateway *gateway)
{
    struct journals_state state;
    struct adoption_state adopted;

    journals_state(gateway->journals, &state);
    adoption_state(gateway->adoption, &adopted);
    json_name(w, "journal");
    json_begin(w, '{');
    json_put_bool(w, "healthy", state.healthy);
    json_put_int64(w, "depth_bytes", (int64_t)state.depth_bytes);
    json_put_int64(w, "oldest_unsynced_ms", state.oldest_unsynced_ms);
    json_put_int64(w, "records", (int64_t)state.written_records);
    json_put_int64(w, "adopted_folders", (int64_t)adopted.folders);
    json_put_int64(w, "crashed_requests_ended", (int64_t)adopted.finals_made);
    json_end(w, '}');
}

static void put_shipper(struct json_writer *w, const struct gateway *gateway)
{
    struct shipper_state state;

    if (gateway->shipper == NULL)
        return;
    shipper_state(gateway->shipper, &state);
    json_name(w, "kafka");
    json_begin(w, '{');
    json_put_bool(w, "connected", state.connected);
    json_put_bool(w, "drained", state.drained);
    json_put_int64(w, "acked", (int64_t)state.acked);
    json_put_int64(w, "in_flight", (int64_t)state.in_flight);
    json_put_int64(w, "behind_bytes", (int64_t)state.behind_bytes);
    json_end(w, '}');
}

void account_put(struct json_writer *w, struct gateway *gateway)
{
    struct snapshot *snapshot = gateway_snapshot(gateway);

    json_put_int64(w, "uptime_ms", clock_wall_ms() - gateway->started_ms);
    json_put_int64(w, "workers", gateway->worker_count);
    json_put_bool(w, "draining", atomic_load(&gateway->draining));
    if (snapshot != NULL)
        json_put_int64(w, "snapshot_version", snapshot_version(snapshot));
    snapshot_unref(snapshot);
    put_gauges(w, gateway);
    put_journals(w, gateway);
    put_shipper(w, gateway);
}
