/*
 * sidelines: what a batch's transaction writes beside the money: dead letters, refusals, positions.
 */
#include "billing/ledger/posting.h"

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/log.h"

static struct uuid event_of(const struct batch_item *item)
{
    static const struct uuid none = {{0}};
    return item->reason == DEAD_DECODE ? none : item->event.usage.id;
}

static struct uuid tenant_of(const struct batch_item *item)
{
    static const struct uuid none = {{0}};
    if (item->reason == DEAD_DECODE)
        return none;
    return item->event.kind == EVENT_KIND_LEASE ? item->event.lease.tenant
                                                : item->event.usage.tenant;
}

static enum pg_outcome put_dead_letter(struct pg *pg, const struct batch_item *item)
{
    const char *reason = dead_reason_name(item->reason);
    log_event(LOG_ALARM, "event.dead_letter", LOG_S("source", item->reach->source->identity),
              LOG_N("offset", item->at.offset), LOG_S("reason", reason),
              LOG_SP("detail", item->detail));
    return pg_exec(pg, NULL,
                   "INSERT INTO tollgate.dead_letters (source_id, source_segment, source_offset,"
                   " event_id, tenant_id, reason, detail, payload)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                   PG_INT(item->reach->source->row), PG_INT(item->at.segment),
                   PG_INT(item->at.offset), PG_UUID_OR_NULL(event_of(item)),
                   PG_UUID_OR_NULL(tenant_of(item)), PG_STRING(reason), PG_TEXT(item->detail),
                   PG_BYTES(item->payload));
}

enum pg_outcome put_dead_letters(struct pg *pg, const struct batch *batch)
{
    enum pg_outcome outcome = PG_OK;
    for (uint32_t i = 0; i < batch->count && outcome == PG_OK; i++)
        if (batch->items[i].verdict == VERDICT_DEAD)
            outcome = put_dead_letter(pg, &batch->items[i]);
    return outcome;
}

enum pg_outcome put_refusals(struct pg *pg, const struct batch *batch)
{
    enum pg_outcome outcome = PG_OK;
    for (uint32_t i = 0; i < batch->count && outcome == PG_OK; i++) {
        const struct refusal_event *event = &batch->items[i].event.refusal;
        if (batch->items[i].verdict != VERDICT_REFUSAL ||
            memchr(event->code.at, '\0', event->code.size) != NULL)
            continue;
        outcome =
            pg_exec(pg, NULL,
                    "INSERT INTO tollgate.refusals AS r (minute, tenant_id, key_id, code,"
                    " requests) VALUES (date_trunc('minute', $1::timestamptz), $2, $3, $4, $5)"
                    " ON CONFLICT (minute, key_id, code)"
                    " DO UPDATE SET requests = r.requests + excluded.requests",
                    PG_TIME(event->minute_ms), PG_UUID(event->tenant), PG_UUID(event->key),
                    PG_TEXT(event->code), PG_INT(event->requests));
    }
    return outcome;
}

static void count_item(enum verdict verdict, struct post_counts *counts)
{
    switch (verdict) {
    case VERDICT_POST:
        counts->events++;
        break;
    case VERDICT_DUPLICATE:
        counts->duplicates++;
        break;
    case VERDICT_DEAD:
        counts->dead_letters++;
        break;
    case VERDICT_NEW:
    case VERDICT_LEASE:
    case VERDICT_REFUSAL:
    case VERDICT_OTHER:
        counts->others++;
        break;
    }
}

void count_batch(const struct batch *batch, struct post_counts *counts)
{
    for (uint32_t i = 0; i < batch->count; i++)
        count_item(batch->items[i].verdict, counts);
}

static struct post_counts count_reach(const struct batch *batch, const struct batch_reach *reach,
                                      int64_t *newest_ms)
{
    struct post_counts counts = {0};
    *newest_ms = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_item *item = &batch->items[i];
        if (item->reach != reach)
            continue;
        count_item(item->verdict, &counts);
        if (item->verdict == VERDICT_POST && item->event.usage.start_ms > *newest_ms)
            *newest_ms = item->event.usage.start_ms;
    }
    return counts;
}

static enum pg_outcome move_source(struct pg *pg, const struct batch *batch,
                                   const struct batch_reach *reach, bool *fenced_out)
{
    int64_t newest_ms;
    struct post_counts counts = count_reach(batch, reach, &newest_ms);
    struct sha256 mark = digest_sha256(reach->last);
    bool kafka = reach->source->kind == SOURCE_KAFKA;
    enum pg_outcome outcome = pg_exec(
        pg, NULL,
        "UPDATE tollgate.sources SET next_segment = $5, next_offset = $6, mark = $7,"
        " events = events + $8, duplicates = duplicates + $9, dead_letters = dead_letters + $10,"
        " others = others + $11, last_event_at = greatest(last_event_at, $12), moved_at = now()"
        " WHERE source_id = $1 AND next_segment = $2 AND next_offset = $3 AND epoch = $4",
        PG_INT(reach->source->row), PG_INT(reach->from.segment), PG_INT(reach->from.offset),
        PG_INT(reach->source->epoch), PG_INT(reach->to.segment), PG_INT(reach->to.offset),
        kafka ? PG_BYTES(span_make((const char *)mark.at, sizeof(mark.at))) : PG_NULL,
        PG_INT(counts.events), PG_INT(counts.duplicates), PG_INT(counts.dead_letters),
        PG_INT(counts.others), newest_ms == 0 ? PG_NULL : PG_TIME(newest_ms));
    if (outcome == PG_OK && pg_affected(pg) != 1) {
        log_event(LOG_WARN, "source.fenced", LOG_S("source", reach->source->identity),
                  LOG_N("offset", reach->from.offset));
        *fenced_out = true;
    }
    return outcome;
}

enum pg_outcome move_sources(struct pg *pg, const struct batch *batch, bool *fenced_out)
{
    enum pg_outcome outcome = PG_OK;
    *fenced_out = false;
    for (uint32_t i = 0; i < batch->reach_count && outcome == PG_OK && !*fenced_out; i++)
        outcome = move_source(pg, batch, &batch->reaches[i], fenced_out);
    return outcome;
}
