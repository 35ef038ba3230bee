/*
 * rows: see rows.h. The rollups are in rows_rollup.c.
 */
#include "billing/ledger/rows.h"

#include "billing/ledger/rows_inside.h"
#include "common/base/json_writer.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/pg/pg_copy.h"

enum { TEXT_MAX = 1 << 20 };

#define EVENT_COLUMNS                                                                              \
    "event_id, event_day, tenant_id, project_id, key_id, gateway_id, lease_id, event_time,"        \
    " period_no, late, model_asked, model, deployment_id, outcome, usage_from, mode, byok, test,"  \
    " input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens,"              \
    " output_tokens, reasoning_tokens, other_meters, context_tier, price_version_id,"              \
    " cost_version_id, plan_version_id, cost_pico, base_pico, discount_pico, charge_pico,"         \
    " told_pico, overrun_pico, source_id, source_segment, source_offset, txn_id"
enum { EVENT_COLUMN_COUNT = 39 };

#define LOG_COLUMNS                                                                                \
    "event_id, event_day, tenant_id, key_id, client_request_id, provider_request_id, app,"         \
    " session_id, end_user, trace_id, parent_id, tags, attempts, usage_verbatim, normaliser,"      \
    " error, first_token_ms, total_ms, overhead_us"
enum { LOG_COLUMN_COUNT = 19 };

#define ENTRY_COLUMNS "txn_id, account_id, tenant_id, currency, period_no, amount_pico"
enum { ENTRY_COLUMN_COUNT = 6 };

/* A table with row-level security, the ways into it, and its stand-in. */
struct target {
    const char *direct, *staged, *move;
};

static const struct target events_target = {
    "COPY tollgate.usage_events (" EVENT_COLUMNS ") FROM STDIN (FORMAT binary)",
    "COPY in_usage_events (" EVENT_COLUMNS ") FROM STDIN (FORMAT binary)",
    "INSERT INTO tollgate.usage_events (" EVENT_COLUMNS ") SELECT " EVENT_COLUMNS
    " FROM in_usage_events"};
static const struct target log_target = {
    "COPY tollgate.request_log (" LOG_COLUMNS ") FROM STDIN (FORMAT binary)",
    "COPY in_request_log (" LOG_COLUMNS ") FROM STDIN (FORMAT binary)",
    "INSERT INTO tollgate.request_log (" LOG_COLUMNS ") SELECT " LOG_COLUMNS
    " FROM in_request_log"};
static const struct target entries_target = {
    "COPY tollgate.ledger_entries (" ENTRY_COLUMNS ") FROM STDIN (FORMAT binary)",
    "COPY in_ledger_entries (" ENTRY_COLUMNS ") FROM STDIN (FORMAT binary)",
    "INSERT INTO tollgate.ledger_entries (" ENTRY_COLUMNS ") SELECT " ENTRY_COLUMNS
    " FROM in_ledger_entries"};

enum pg_outcome rows_init(struct rows *rows, struct pg *pg)
{
    struct pg_rows *answer cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(
        pg, &answer, "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user");
    if (outcome != PG_OK)
        return outcome;
    rows->pg = pg;
    rows->bypass = pg_rows_count(answer) == 1 && pg_get_bool(answer, 0, 0);
    rows->text = buf_make(TEXT_MAX);
    rows->upsert_hourly = rows_upsert_hourly();
    log_event(LOG_INFO, "ledger.copy",
              LOG_S("way", rows->bypass ? "direct" : "staged: the role has no BYPASSRLS"));
    return pg_script(
        pg, "CREATE TEMP TABLE IF NOT EXISTS in_usage_events (LIKE tollgate.usage_events INCLUDING"
            " DEFAULTS) ON COMMIT DELETE ROWS;"
            "CREATE TEMP TABLE IF NOT EXISTS in_request_log (LIKE tollgate.request_log)"
            " ON COMMIT DELETE ROWS;"
            "CREATE TEMP TABLE IF NOT EXISTS in_ledger_entries (LIKE tollgate.ledger_entries)"
            " ON COMMIT DELETE ROWS;"
            "CREATE TEMP TABLE IF NOT EXISTS in_usage_hourly (LIKE tollgate.usage_hourly)"
            " ON COMMIT DELETE ROWS;"
            "CREATE TEMP TABLE IF NOT EXISTS in_usage_hourly_by (LIKE tollgate.usage_hourly_by)"
            " ON COMMIT DELETE ROWS;");
}

void rows_done(struct rows *rows)
{
    buf_done(&rows->text);
    mem_free(rows->upsert_hourly);
    rows->upsert_hourly = NULL;
}

static enum pg_outcome begin(struct rows *rows, const struct target *target,
                             struct pg_copy **copy_out)
{
    return pg_copy_begin(rows->pg, rows->bypass ? target->direct : target->staged, copy_out);
}

static enum pg_outcome end(struct rows *rows, const struct target *target, struct pg_copy *copy)
{
    enum pg_outcome outcome = pg_copy_end(copy, NULL);
    if (outcome == PG_OK && !rows->bypass)
        outcome = pg_exec(rows->pg, NULL, target->move);
    return outcome;
}

/* PostgreSQL's text cannot hold a NUL, JSON's can. */
struct span rows_clean(struct rows *rows, struct span text)
{
    if (text.size == 0 || memchr(text.at, '\0', text.size) == NULL)
        return text;
    buf_clear(&rows->text);
    buf_add_span(&rows->text, text);
    for (size_t i = 0; i < rows->text.size; i++)
        if (rows->text.at[i] == '\0')
            rows->text.at[i] = '?';
    return buf_span(&rows->text);
}

static void put_text(struct rows *rows, struct pg_copy *copy, struct span text)
{
    pg_copy_text(copy, rows_clean(rows, text));
}

static void put_text_or_null(struct rows *rows, struct pg_copy *copy, struct span text)
{
    if (text.size == 0)
        pg_copy_null(copy);
    else
        put_text(rows, copy, text);
}

static bool is_other(int meter)
{
    return meter > METER_CACHE_WRITE_1H;
}

static void rows_put_other_meters(struct rows *rows, struct pg_copy *copy, const int64_t *meters)
{
    struct json_writer w;
    bool any = false;
    for (int m = 0; m < METERS; m++)
        any = any || (is_other(m) && meters[m] != 0);
    if (!any) {
        pg_copy_null(copy);
        return;
    }
    buf_clear(&rows->text);
    w = json_writer_make(&rows->text);
    json_begin(&w, '{');
    for (int m = 0; m < METERS; m++)
        if (is_other(m) && meters[m] != 0)
            json_put_int64(&w, meter_name((enum meter)m), meters[m]);
    json_end(&w, '}');
    pg_copy_jsonb(copy, buf_span(&rows->text));
}

void rows_put_meters(struct rows *rows, struct pg_copy *copy, const int64_t *meters)
{
    pg_copy_int64(copy, meters[METER_INPUT]);
    pg_copy_int64(copy, meters[METER_CACHE_READ]);
    pg_copy_int64(copy, meters[METER_CACHE_WRITE_5M]);
    pg_copy_int64(copy, meters[METER_CACHE_WRITE_1H]);
    pg_copy_int64(copy, meters[METER_OUTPUT]);
    pg_copy_int64(copy, meters[METER_REASONING]);
    rows_put_other_meters(rows, copy, meters);
}

static void put_event(struct rows *rows, struct pg_copy *copy, const struct batch_item *item,
                      struct uuid txn)
{
    static const struct uuid none = {{0}};
    const struct usage_event *event = &item->event.usage;
    pg_copy_row(copy, EVENT_COLUMN_COUNT);
    pg_copy_uuid(copy, event->id);
    pg_copy_day(copy, uuid_day(event->id));
    pg_copy_uuid(copy, event->tenant);
    pg_copy_uuid(copy, event->project);
    pg_copy_uuid(copy, event->key);
    pg_copy_uuid(copy, event->gateway);
    pg_copy_uuid_or_null(copy, event->lease_count > 0 ? event->leases[0].lease : none);
    pg_copy_time(copy, event->start_ms);
    pg_copy_int32(copy, item->settled.period_no);
    pg_copy_bool(copy, item->settled.late);
    put_text(rows, copy, event->model_asked);
    put_text(rows, copy, event->model);
    pg_copy_uuid_or_null(copy, event->deployment);
    pg_copy_int16(copy, (int16_t)event->outcome);
    pg_copy_int16(copy, (int16_t)event->usage_from);
    pg_copy_string(copy, price_mode_name(event->mode));
    pg_copy_bool(copy, event->byok);
    pg_copy_bool(copy, event->test);
    rows_put_meters(rows, copy, event->meters.count);
    pg_copy_int64(copy, item->priced.context_tier);
    pg_copy_uuid_or_null(copy, event->price_version);
    pg_copy_uuid_or_null(copy, event->cost_version);
    pg_copy_uuid_or_null(copy, event->plan_version);
    pg_copy_int64(copy, item->priced.cost_pico);
    pg_copy_int64(copy, item->priced.base_pico);
    pg_copy_int64(copy, item->priced.discount_pico);
    pg_copy_int64(copy, item->settled.charge_pico);
    pg_copy_int64(copy, event->charge_pico);
    pg_copy_int64(copy, item->settled.overrun_pico);
    pg_copy_int32(copy, item->reach->source->row);
    pg_copy_int64(copy, item->at.segment);
    pg_copy_int64(copy, item->at.offset);
    pg_copy_uuid(copy, txn);
}

enum pg_outcome rows_put_events(struct rows *rows, const struct batch *batch, struct uuid txn)
{
    struct pg_copy *copy;
    enum pg_outcome outcome = begin(rows, &events_target, &copy);
    if (outcome != PG_OK)
        return outcome;
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_POST)
            put_event(rows, copy, &batch->items[i], txn);
    return end(rows, &events_target, copy);
}

/* jsonb cannot hold a NUL either: its escape becomes that of a question mark. A backslash before
 * it, itself escaped, makes this a wrong guess that changes a label and no money. */
static void put_json(struct rows *rows, struct pg_copy *copy)
{
    static const char nul[] = "\\u0000", mark[] = "\\u003f";
    char *at = rows->text.at, *found;
    size_t left = rows->text.size;
    while ((found = memmem(at, left, nul, 6)) != NULL) {
        memcpy(found, mark, 6);
        left -= (size_t)(found + 6 - at);
        at = found + 6;
    }
    pg_copy_jsonb(copy, buf_span(&rows->text));
}

static void put_tags(struct rows *rows, struct pg_copy *copy, const struct usage_event *event)
{
    struct json_writer w;
    if (event->tag_count == 0) {
        pg_copy_null(copy);
        return;
    }
    buf_clear(&rows->text);
    w = json_writer_make(&rows->text);
    json_begin(&w, '{');
    for (uint32_t i = 0; i < event->tag_count; i++) {
        json_name_span(&w, event->tags[i].name);
        json_write_string(&w, event->tags[i].value);
    }
    json_end(&w, '}');
    put_json(rows, copy);
}

static void write_attempt(struct json_writer *w, const struct event_attempt *attempt)
{
    char id[ID_TEXT_SIZE];
    json_begin(w, '{');
    if (!uuid_is_zero(attempt->deployment)) {
        id_format(ID_DEPLOYMENT, attempt->deployment, id);
        json_put_cstring(w, "deployment", id);
    }
    json_put_string(w, "provider", attempt->provider);
    json_put_int64(w, "status", attempt->status);
    json_put_string(w, "reason", attempt->reason);
    if (attempt->started_ms >= 0)
        json_put_int64(w, "started_ms", attempt->started_ms);
    json_put_int64(w, "ms", attempt->ms);
    json_put_bool(w, "delivered", attempt->delivered);
    json_put_cstring(w, "usage_from", usage_from_name(attempt->usage_from));
    json_put_int64(w, "cost_pico", attempt->cost_pico);
    json_name(w, "meters");
    json_begin(w, '{');
    for (int m = 0; m < METERS; m++)
        if (meters_has(&attempt->meters, (enum meter)m))
            json_put_int64(w, meter_name((enum meter)m), attempt->meters.count[m]);
    json_end(w, '}');
    json_end(w, '}');
}

static void put_attempts(struct rows *rows, struct pg_copy *copy, const struct usage_event *event)
{
    struct json_writer w;
    if (event->attempt_count == 0) {
        pg_copy_null(copy);
        return;
    }
    buf_clear(&rows->text);
    w = json_writer_make(&rows->text);
    json_begin(&w, '[');
    for (uint32_t i = 0; i < event->attempt_count; i++)
        write_attempt(&w, &event->attempts[i]);
    json_end(&w, ']');
    put_json(rows, copy);
}

static void put_duration(struct pg_copy *copy, int64_t value)
{
    if (value < 0)
        pg_copy_null(copy);
    else
        pg_copy_int32(copy, value > INT32_MAX ? INT32_MAX : (int32_t)value);
}

static void put_log(struct rows *rows, struct pg_copy *copy, const struct usage_event *event)
{
    pg_copy_row(copy, LOG_COLUMN_COUNT);
    pg_copy_uuid(copy, event->id);
    pg_copy_day(copy, uuid_day(event->id));
    pg_copy_uuid(copy, event->tenant);
    pg_copy_uuid(copy, event->key);
    put_text_or_null(rows, copy, event->client_request_id);
    put_text_or_null(rows, copy, event->provider_request_id);
    put_text_or_null(rows, copy, event->app);
    put_text_or_null(rows, copy, event->session_id);
    put_text_or_null(rows, copy, event->end_user);
    put_text_or_null(rows, copy, event->trace_id);
    put_text_or_null(rows, copy, event->parent_id);
    put_tags(rows, copy, event);
    put_attempts(rows, copy, event);
    put_text_or_null(rows, copy, event->usage_verbatim);
    put_text_or_null(rows, copy, event->normaliser);
    put_text_or_null(rows, copy, event->error);
    put_duration(copy, event->first_token_ms);
    put_duration(copy, event->total_ms);
    put_duration(copy, event->overhead_us);
}

enum pg_outcome rows_put_log(struct rows *rows, const struct batch *batch)
{
    struct pg_copy *copy;
    enum pg_outcome outcome = begin(rows, &log_target, &copy);
    if (outcome != PG_OK)
        return outcome;
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_POST)
            put_log(rows, copy, &batch->items[i].event.usage);
    return end(rows, &log_target, copy);
}

enum pg_outcome rows_put_entries(struct rows *rows, struct uuid txn, const struct entry *entries,
                                 const int64_t *accounts, size_t count)
{
    struct pg_copy *copy;
    enum pg_outcome outcome;
    if (count == 0)
        return PG_OK;
    outcome = begin(rows, &entries_target, &copy);
    if (outcome != PG_OK)
        return outcome;
    for (size_t i = 0; i < count; i++) {
        pg_copy_row(copy, ENTRY_COLUMN_COUNT);
        pg_copy_uuid(copy, txn);
        pg_copy_int64(copy, accounts[i]);
        pg_copy_uuid_or_null(copy, entries[i].key.tenant);
        pg_copy_string(copy, entries[i].key.currency);
        pg_copy_int32(copy, entries[i].key.period_no);
        pg_copy_numeric(copy, entries[i].amount_pico);
    }
    return end(rows, &entries_target, copy);
}
