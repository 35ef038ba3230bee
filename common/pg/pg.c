/*
 * pg: the connection: opening, statements, transactions, notifications; see pg.h.
 */
#include "common/pg/pg.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/mem.h"
#include "common/pg/pg_inside.h"

#define PATIENCE_EXTRA_MS 5000
#define CONNECT_TIMEOUT_S 10
#define PARAMETER_BYTES (64u << 20)
#define STATEMENTS_EXPECTED 64u
#define BINARY 1

/* A prepared statement. One text may have several, when a parameter is bytes in one call and null
 * in another. */
struct statement {
    struct statement *older;   /* of all, for freeing */
    struct statement *variant; /* of the same text */
    char name[16];
    int count;
    Oid types[];
};

static void ignore_notice(void *nobody, const PGresult *notice)
{
    (void)nobody;
    (void)notice;
}

static PGconn *connect_to(const struct pg_settings *settings)
{
    char timeout[24];
    const char *names[] = {"dbname",          "application_name", "client_encoding",
                           "connect_timeout", "tcp_user_timeout", NULL};
    const char *values[] = {settings->url, settings->application_name, "UTF8", timeout, "30000",
                            NULL};
    int64_t seconds = settings->connect_timeout_s;

    snprintf(timeout, sizeof(timeout), "%lld",
             (long long)(seconds > 0 ? seconds : CONNECT_TIMEOUT_S));
    return PQconnectdbParams(names, values, 1);
}

static enum pg_outcome configure(struct pg *pg, const char *name, struct pg_param value)
{
    return pg_exec_once(pg, NULL, "SELECT set_config($1, $2, false)",
                        (const struct pg_param[]){PG_STRING(name), value, {.kind = PG_PARAM_END}});
}

static enum pg_outcome set_up_session(struct pg *pg, const struct pg_settings *settings)
{
    enum pg_outcome outcome = PG_OK;

    if (settings->schema != NULL)
        outcome = configure(pg, "search_path", PG_STRING(settings->schema));
    if (outcome == PG_OK && settings->statement_timeout_ms > 0)
        outcome = configure(pg, "statement_timeout", PG_INT(settings->statement_timeout_ms));
    if (outcome == PG_OK && settings->lock_timeout_ms > 0)
        outcome = configure(pg, "lock_timeout", PG_INT(settings->lock_timeout_ms));
    return outcome;
}

enum pg_outcome pg_open(const struct pg_settings *settings, struct pg **pg_out,
                        struct pg_error *error_out)
{
    struct pg *pg = mem_new(sizeof(*pg));
    enum pg_outcome outcome = PG_OK;

    pg->room = buf_make(PARAMETER_BYTES);
    pg->statements = map_new(STATEMENTS_EXPECTED);
    pg->connection = connect_to(settings);
    if (settings->statement_timeout_ms > 0)
        pg->patience_ms = settings->statement_timeout_ms + PATIENCE_EXTRA_MS;
    if (PQstatus(pg->connection) != CONNECTION_OK || PQsetnonblocking(pg->connection, 1) != 0) {
        outcome = pg_lost(pg);
    } else {
        PQsetNoticeReceiver(pg->connection, ignore_notice, NULL);
        outcome = set_up_session(pg, settings);
    }
    if (outcome != PG_OK) {
        *error_out = pg->error;
        pg_close(pg);
        return outcome;
    }
    *pg_out = pg;
    return PG_OK;
}

void pg_close(struct pg *pg)
{
    if (pg == NULL)
        return;
    PQfinish(pg->connection);
    PQfreemem(pg->notify);
    while (pg->newest != NULL) {
        struct statement *older = pg->newest->older;
        mem_free(pg->newest);
        pg->newest = older;
    }
    map_free(pg->statements);
    buf_done(&pg->room);
    mem_free(pg);
}

void pg_close_at(struct pg **pg)
{
    pg_close(*pg);
    *pg = NULL;
}

bool pg_alive(const struct pg *pg)
{
    return pg->connection != NULL;
}

const struct pg_error *pg_error(const struct pg *pg)
{
    return &pg->error;
}

int64_t pg_affected(const struct pg *pg)
{
    return pg->affected;
}

/* What every call begins with. */
static enum pg_outcome begin_call(struct pg *pg)
{
    pg->affected = 0;
    if (pg->connection == NULL)
        return PG_CONNECTION_LOST; /* the error still says why */
    pg->error = (struct pg_error){.sqlstate = ""};
    return PG_OK;
}

static enum pg_outcome hand_out(enum pg_outcome outcome, PGresult *result,
                                struct pg_rows **rows_out)
{
    if (outcome == PG_OK && rows_out != NULL)
        *rows_out = pg_rows_make(TAKE(result));
    PQclear(result);
    return outcome;
}

static bool fits(const struct statement *statement, const struct rendered *params)
{
    for (int i = 0; i < params->count; i++) {
        if (params->values[i] != NULL && params->types[i] != statement->types[i])
            return false;
    }
    return statement->count == params->count;
}

static enum pg_outcome prepare(struct pg *pg, const char *sql, const struct rendered *params,
                               struct statement **statement_out)
{
    size_t types = (size_t)params->count * sizeof(Oid);
    struct statement *statement = mem_new(sizeof(*statement) + types);

    statement->older = pg->newest;
    pg->newest = statement;
    statement->count = params->count;
    memcpy(statement->types, params->types, types);
    snprintf(statement->name, sizeof(statement->name), "s%u", pg->statement_count++);
    if (PQsendPrepare(pg->connection, statement->name, sql, params->count, params->types) != 1)
        return pg_lost(pg);
    enum pg_outcome outcome = pg_finish(pg, NULL);
    if (outcome != PG_OK)
        return outcome;
    statement->variant = map_put(pg->statements, span_of(sql), statement);
    *statement_out = statement;
    return PG_OK;
}

static enum pg_outcome find_statement(struct pg *pg, const char *sql, const struct rendered *params,
                                      struct statement **statement_out)
{
    struct statement *it = map_get(pg->statements, span_of(sql));

    while (it != NULL && !fits(it, params))
        it = it->variant;
    if (it == NULL)
        return prepare(pg, sql, params, statement_out);
    *statement_out = it;
    return PG_OK;
}

static enum pg_outcome run_prepared(struct pg *pg, PGresult **result_out, const char *sql,
                                    const struct rendered *params)
{
    struct statement *statement = NULL;

    enum pg_outcome outcome = find_statement(pg, sql, params, &statement);
    if (outcome != PG_OK)
        return outcome;
    if (PQsendQueryPrepared(pg->connection, statement->name, params->count, params->values,
                            params->lengths, params->formats, BINARY) != 1)
        return pg_lost(pg);
    return pg_finish(pg, result_out);
}

/* A migration changed a table under a prepared statement, or something dropped it. */
static bool is_stale(const struct pg *pg, enum pg_outcome outcome)
{
    return outcome == PG_OTHER &&
           (strcmp(pg->error.sqlstate, "26000") == 0 ||
            strcmp(pg->error.message, "cached plan must not change result type") == 0);
}

static enum pg_outcome begin_rendered(struct pg *pg, const struct pg_param *params,
                                      struct rendered *rendered_out)
{
    enum pg_outcome outcome = begin_call(pg);
    if (outcome != PG_OK)
        return outcome;
    return pg_render(params, &pg->room, rendered_out, &pg->error) ? PG_OK : PG_BAD_DATA;
}

enum pg_outcome pg_exec_params(struct pg *pg, struct pg_rows **rows_out, const char *sql,
                               const struct pg_param *params)
{
    struct rendered rendered;
    PGresult *result = NULL;

    enum pg_outcome outcome = begin_rendered(pg, params, &rendered);
    if (outcome != PG_OK)
        return outcome;
    bool alone = !pg_in_transaction(pg);
    outcome = run_prepared(pg, &result, sql, &rendered);
    if (is_stale(pg, outcome)) {
        (void)map_remove(pg->statements, span_of(sql));
        outcome = alone ? run_prepared(pg, &result, sql, &rendered) : PG_SERIALIZATION;
    }
    return hand_out(outcome, result, rows_out);
}

enum pg_outcome pg_exec_once(struct pg *pg, struct pg_rows **rows_out, const char *sql,
                             const struct pg_param *params)
{
    struct rendered rendered;
    PGresult *result = NULL;

    enum pg_outcome outcome = begin_rendered(pg, params, &rendered);
    if (outcome != PG_OK)
        return outcome;
    if (PQsendQueryParams(pg->connection, sql, rendered.count, rendered.types, rendered.values,
                          rendered.lengths, rendered.formats, BINARY) != 1)
        return pg_lost(pg);
    outcome = pg_finish(pg, &result);
    return hand_out(outcome, result, rows_out);
}

static enum pg_outcome run_simple(struct pg *pg, const char *sql, PGresult **result_out)
{
    enum pg_outcome outcome = begin_call(pg);

    if (outcome != PG_OK)
        return outcome;
    if (PQsendQuery(pg->connection, sql) != 1)
        return pg_lost(pg);
    return pg_finish(pg, result_out);
}

enum pg_outcome pg_script(struct pg *pg, const char *sql)
{
    return run_simple(pg, sql, NULL);
}

enum pg_outcome pg_begin(struct pg *pg, enum pg_isolation isolation)
{
    static const char *const texts[] = {
        [PG_READ_COMMITTED] = "BEGIN ISOLATION LEVEL READ COMMITTED",
        [PG_REPEATABLE_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ",
        [PG_SERIALIZABLE] = "BEGIN ISOLATION LEVEL SERIALIZABLE",
        [PG_READ_ONLY] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    };

    must(!pg_in_transaction(pg));
    return run_simple(pg, texts[isolation], NULL);
}

enum pg_outcome pg_commit(struct pg *pg)
{
    PGresult *result = NULL;

    enum pg_outcome outcome = run_simple(pg, "COMMIT", &result);
    /* The server answers the commit of a failed transaction with success and rolls it back. */
    if (outcome == PG_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        outcome = PG_OTHER;
        snprintf(pg->error.sqlstate, sizeof(pg->error.sqlstate), "25P02");
        snprintf(pg->error.message, sizeof(pg->error.message),
                 "the transaction had failed and was rolled back");
    }
    PQclear(result);
    return outcome;
}

void pg_rollback(struct pg *pg)
{
    struct pg_error kept = pg->error;

    if (!pg_in_transaction(pg))
        return;
    enum pg_outcome outcome = run_simple(pg, "ROLLBACK", NULL);
    /* A rollback cannot be refused; without a connection the server does it by itself. */
    if (outcome == PG_OK)
        pg->error = kept;
}

bool pg_in_transaction(const struct pg *pg)
{
    if (pg->connection == NULL)
        return false;
    PGTransactionStatusType status = PQtransactionStatus(pg->connection);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

enum pg_outcome pg_listen(struct pg *pg, const char *channel)
{
    char sql[80];

    must(channel[0] != '\0' && strlen(channel) < 64);
    for (const char *at = channel; *at != '\0'; at++)
        must(isalnum((unsigned char)*at) || *at == '_');
    snprintf(sql, sizeof(sql), "LISTEN \"%s\"", channel);
    return run_simple(pg, sql, NULL);
}

int pg_fd(const struct pg *pg)
{
    return pg->connection == NULL ? -1 : PQsocket(pg->connection);
}

enum pg_outcome pg_notified(struct pg *pg, struct pg_notification *notification_out, bool *got_out)
{
    enum pg_outcome outcome = begin_call(pg);

    if (outcome != PG_OK)
        return outcome;
    PQfreemem(pg->notify);
    pg->notify = PQnotifies(pg->connection);
    if (pg->notify == NULL) {
        if (PQconsumeInput(pg->connection) != 1)
            return pg_lost(pg);
        pg->notify = PQnotifies(pg->connection);
    }
    *got_out = pg->notify != NULL;
    if (pg->notify != NULL)
        *notification_out = (struct pg_notification){pg->notify->relname, pg->notify->extra};
    return PG_OK;
}
