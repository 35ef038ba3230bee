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

enum pg_outcome database_claim(struct pg *pg, bool *ours_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows, "SELECT pg_try_advisory_lock(7014120)");
    if (outcome == PG_OK)
        *ours_out = pg_get_bool(rows, 0, 0);
    return outcome;
}
