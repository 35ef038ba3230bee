/*
 * database: see database.h.
 */
#include "billing/database.h"

#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/mem.h"

enum {
    URL_MAX = 4096,
    CONNECT_TIMEOUT_S = 5,
    STATEMENT_TIMEOUT_MS = 120000,
    LOCK_TIMEOUT_MS = 20000
};

static char *read_url(const char *path)
{
    struct buf text = buf_make(URL_MAX);
    int error = path == NULL || *path == '\0' ? -ENOENT : file_read_secret(path, &text);
    char *url = error < 0 ? NULL : buf_take(&text);
    if (error < 0)
        log_event(LOG_ALARM, "database.no_url", LOG_S("file", path == NULL ? "" : path),
                  LOG_S("why", strerror(-error)));
    buf_done(&text);
    return url;
}

struct pg *database_open(const struct config *config)
{
    char *url = read_url(config->database_url_file);
    struct pg_settings settings = {.url = url,
                                   .application_name = "tollgate-billing",
                                   .connect_timeout_s = CONNECT_TIMEOUT_S,
                                   .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
                                   .lock_timeout_ms = LOCK_TIMEOUT_MS};
    struct pg_error error;
    struct pg *pg = NULL;
    if (url == NULL)
        return NULL;
    if (pg_open(&settings, &pg, &error) != PG_OK) {
        log_event(LOG_WARN, "database.away", LOG_S("why", error.message));
        pg = NULL;
    }
    mem_free_secret(url, strlen(url));
    return pg;
}

enum pg_outcome database_days(struct pg *pg, const struct config *config, int32_t *first_out,
                              int32_t *last_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome =
        pg_exec(pg, NULL,
                "SELECT tollgate.ensure_partitions((now() AT TIME ZONE 'UTC')::date - $1::int,"
                " (now() AT TIME ZONE 'UTC')::date + $2::int)",
                PG_INT(config->partition_days_back), PG_INT(config->partition_days_ahead));
    if (outcome == PG_OK)
        outcome = pg_exec(pg, &rows,
                          "SELECT min(d), max(d) FROM (SELECT to_date(right(c.relname, 8),"
                          " 'YYYYMMDD') AS d FROM pg_inherits i JOIN pg_class c"
                          " ON c.oid = i.inhrelid"
                          " WHERE i.inhparent = 'tollgate.usage_events'::regclass) AS days");
    if (outcome != PG_OK)
        return outcome;
    *first_out = pg_get_day(rows, 0, 0);
    *last_out = pg_get_day(rows, 0, 1);
    return PG_OK;
}

static void tell_lost(const struct pg_rows *rows, size_t at)
{
    char id[ID_TEXT_SIZE], pico[MONEY_TEXT_MAX];
    id_format(ID_GATEWAY, pg_get_uuid(rows, at, 0), id);
    money_format_integer(pg_get_int128(rows, at, 2), pico);
    log_event(LOG_ALARM, "gateway.lost", LOG_S("gateway", id),
              LOG_N("leases", pg_get_int64(rows, at, 1)), LOG_S("freed_pico", pico));
}

enum pg_outcome database_lose_gateways(struct pg *pg, const struct config *config)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(
        pg, &rows,
        "SELECT g.gateway_id, f.leases_freed, f.freed_pico FROM (SELECT gateway_id"
        " FROM tollgate.gateways g WHERE g.state <> 'lost'"
        " AND g.seen_at < now() - make_interval(mins => $1::int) AND EXISTS (SELECT 1"
        " FROM tollgate.leases l WHERE l.gateway_id = g.gateway_id"
        " AND l.state IN ('open', 'closing')) OFFSET 0) g CROSS JOIN LATERAL"
        " tollgate.gateway_declare_lost(g.gateway_id, make_interval(mins => $1::int), false) f",
        PG_INT(config->gateway_lost_minutes));
    for (size_t i = 0; outcome == PG_OK && i < pg_rows_count(rows); i++)
        tell_lost(rows, i);
    return outcome;
}

enum pg_outcome database_lose_gateway(struct pg *pg, struct uuid gateway, bool force,
                                      int64_t *leases_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows,
                                      "SELECT $1::uuid, leases_freed, freed_pico"
                                      " FROM tollgate.gateway_declare_lost($1, NULL, $2)",
                                      PG_UUID(gateway), PG_BOOL(force));
    if (outcome != PG_OK)
        return outcome;
    *leases_out = pg_rows_count(rows) == 0 ? -1 : pg_get_int64(rows, 0, 1);
    if (*leases_out >= 0)
        tell_lost(rows, 0);
    return PG_OK;
}

enum pg_outcome database_claim(struct pg *pg, bool *ours_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows, "SELECT pg_try_advisory_lock(7014120)");
    if (outcome == PG_OK)
        *ours_out = pg_get_bool(rows, 0, 0);
    return outcome;
}
