/*
 * dedupe: what of a batch is posted already.
 *
 * The event id is the key; an event that comes again says the same, else it is a conflict and kept
 * as a dead letter. Asked only when a COPY ran into the key, and for the batches right after one.
 */
#include "billing/ledger/posting.h"

#include "common/base/map.h"

static bool same(const struct pg_rows *rows, size_t at, const struct usage_event *event)
{
    return uuid_equal(pg_get_uuid(rows, at, 1), event->tenant) &&
           uuid_equal(pg_get_uuid(rows, at, 2), event->key) &&
           uuid_equal(pg_get_uuid(rows, at, 3), event->deployment) &&
           uuid_equal(pg_get_uuid(rows, at, 4), event->price_version) &&
           uuid_equal(pg_get_uuid(rows, at, 5), event->plan_version) &&
           pg_get_int64(rows, at, 6) == (int64_t)event->outcome &&
           pg_get_int64(rows, at, 7) == (int64_t)event->usage_from &&
           pg_get_int64(rows, at, 8) == event->meters.count[METER_INPUT] &&
           pg_get_int64(rows, at, 9) == event->meters.count[METER_CACHE_READ] &&
           pg_get_int64(rows, at, 10) == event->meters.count[METER_OUTPUT] &&
           pg_get_int64(rows, at, 11) == event->charge_pico;
}

static void mark(struct batch *batch, const struct pg_rows *rows)
{
    for (size_t at = 0; at < pg_rows_count(rows); at++) {
        struct uuid id = pg_get_uuid(rows, at, 0);
        struct batch_item *item = map_get(batch->by_event, uuid_span(&id));
        if (item == NULL || item->verdict != VERDICT_POST)
            continue;
        if (same(rows, at, &item->event.usage))
            item->verdict = VERDICT_DUPLICATE;
        else
            batch_kill(batch, item, DEAD_CONFLICT,
                       "an event with this id and other content is posted already");
    }
}

enum pg_outcome dedupe_batch(struct pg *pg, struct batch *batch)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    struct uuid *ids = arena_array(batch->arena, (size_t)batch->count + 1, sizeof(*ids));
    size_t count = 0;
    enum pg_outcome outcome;
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_POST)
            ids[count++] = batch->items[i].event.usage.id;
    if (count == 0)
        return PG_OK;
    /* OFFSET 0 keeps the planner from reading whole partitions: each id is looked up in its own. */
    outcome = pg_exec(pg, &rows,
                      "SELECT e.* FROM unnest($1::uuid[]) AS u(id) CROSS JOIN LATERAL"
                      " (SELECT event_id, tenant_id, key_id, deployment_id, price_version_id,"
                      " plan_version_id, outcome, usage_from, input_tokens, cache_read_tokens,"
                      " output_tokens, told_pico FROM tollgate.usage_events"
                      " WHERE event_id = u.id AND event_day = tollgate.uuid7_day(u.id) OFFSET 0) e",
                      PG_UUIDS(ids, count));
    if (outcome == PG_OK)
        mark(batch, rows);
    return outcome;
}
