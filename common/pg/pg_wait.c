/*
 * pg_wait: waiting for the server with a deadline, and what its answers mean.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/pg/pg_inside.h"

static void set_message(struct pg *pg, const char *message)
{
    char *at = pg->error.message;

    snprintf(at, sizeof(pg->error.message), "%s", message == NULL ? "" : message);
    for (size_t size = strlen(at); size > 0 && at[size - 1] == '\n'; size--)
        at[size - 1] = '\0';
}

static void drop(struct pg *pg)
{
    PQfinish(pg->connection);
    pg->connection = NULL;
}

enum pg_outcome pg_lost(struct pg *pg)
{
    if (pg->connection == NULL)
        return PG_CONNECTION_LOST;
    pg->error = (struct pg_error){.sqlstate = ""};
    set_message(pg, PQerrorMessage(pg->connection));
    drop(pg);
    return PG_CONNECTION_LOST;
}

static void too_slow(struct pg *pg)
{
    pg->error = (struct pg_error){.sqlstate = ""};
    snprintf(pg->error.message, sizeof(pg->error.message), "no answer within %lld ms",
             (long long)pg->patience_ms);
    drop(pg);
}

/* When this wait has to end, on the monotonic clock; INT64_MAX for never. */
static int64_t deadline_of(const struct pg *pg)
{
    return pg->patience_ms == 0 ? INT64_MAX : clock_mono_ms() + pg->patience_ms;
}

/* What of `events` has come; 0 when the deadline passed first. */
static short wait_for(struct pg *pg, short events, int64_t deadline_ms)
{
    struct pollfd it = {.fd = PQsocket(pg->connection), .events = events};

    for (;;) {
        int64_t left = deadline_ms == INT64_MAX ? -1 : deadline_ms - clock_mono_ms();
        if (deadline_ms != INT64_MAX && left < 0)
            left = 0;
        int r = poll(&it, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (r > 0)
            return it.revents;
        if (r == 0 && left == 0)
            return 0;
        must(r == 0 || errno == EINTR);
    }
}

/* One wait and the reading that it led to. */
static bool wait_and_read(struct pg *pg, short events, int64_t deadline_ms)
{
    short came = wait_for(pg, events, deadline_ms);

    if (came == 0) {
        too_slow(pg);
        return false;
    }
    if ((came & ~POLLOUT) != 0 && PQconsumeInput(pg->connection) != 1) {
        (void)pg_lost(pg);
        return false;
    }
    return true;
}

bool pg_flush(struct pg *pg)
{
    int64_t deadline_ms = deadline_of(pg);

    for (;;) {
        int r = PQflush(pg->connection);
        if (r == 0)
            return true;
        if (r < 0) {
            (void)pg_lost(pg);
            return false;
        }
        if (!wait_and_read(pg, POLLIN | POLLOUT, deadline_ms))
            return false;
    }
}

PGresult *pg_next_result(struct pg *pg)
{
    int64_t deadline_ms = deadline_of(pg);

    while (PQisBusy(pg->connection) == 1) {
        if (!wait_and_read(pg, POLLIN, deadline_ms))
            return NULL;
    }
    return PQgetResult(pg->connection);
}

static const struct {
    const char *sqlstate; /* a whole one, or its first characters */
    enum pg_outcome outcome;
} outcomes[] = {
    {"23505", PG_UNIQUE_VIOLATION},
    {"23503", PG_FOREIGN_KEY_VIOLATION},
    {"23514", PG_CHECK_VIOLATION},
    {"23P01", PG_EXCLUSION_VIOLATION},
    {"23502", PG_NOT_NULL_VIOLATION},
    {"40", PG_SERIALIZATION},
    {"57014", PG_TIMEOUT},
    {"55P03", PG_TIMEOUT},
    {"42501", PG_DENIED},
    {"57P", PG_CONNECTION_LOST},
    {"08P01", PG_BAD_DATA}, /* binary data of another type; the connection lives on */
    {"08", PG_CONNECTION_LOST},
    {"25P03", PG_CONNECTION_LOST}, /* idle for too long */
    {"53300", PG_CONNECTION_LOST},
    {"22", PG_BAD_DATA},
};

static enum pg_outcome outcome_of(const char *sqlstate)
{
    for (size_t i = 0; i < array_size(outcomes); i++) {
        if (span_starts(span_of(sqlstate), outcomes[i].sqlstate))
            return outcomes[i].outcome;
    }
    return PG_OTHER;
}

static void take_field(const PGresult *result, int field, char *at, size_t size)
{
    const char *text = PQresultErrorField(result, field);

    snprintf(at, size, "%s", text == NULL ? "" : text);
}

enum pg_outcome pg_judge(struct pg *pg, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);

    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY)
        return PG_OK;
    struct pg_error *error = &pg->error;
    take_field(result, PG_DIAG_SQLSTATE, error->sqlstate, sizeof(error->sqlstate));
    take_field(result, PG_DIAG_CONSTRAINT_NAME, error->constraint, sizeof(error->constraint));
    set_message(pg, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    if (error->message[0] == '\0')
        set_message(pg, PQresultErrorMessage(result));
    enum pg_outcome outcome = outcome_of(error->sqlstate);
    if (PQstatus(pg->connection) == CONNECTION_BAD)
        outcome = PG_CONNECTION_LOST;
    return outcome;
}

static void note_affected(struct pg *pg, PGresult *result)
{
    const char *text = PQcmdTuples(result);

    if (text[0] != '\0')
        pg->affected = strtoll(text, NULL, 10);
}

enum pg_outcome pg_finish(struct pg *pg, PGresult **kept_out)
{
    enum pg_outcome outcome = PG_OK;
    PGresult *kept = NULL, *result;

    if (!pg_flush(pg))
        return PG_CONNECTION_LOST;
    while ((result = pg_next_result(pg)) != NULL) {
        /* A COPY that came in by another way than pg_copy would wait for us for ever. */
        must(PQresultStatus(result) != PGRES_COPY_IN && PQresultStatus(result) != PGRES_COPY_OUT);
        enum pg_outcome one = pg_judge(pg, result);
        if (one == PG_OK) {
            note_affected(pg, result);
            PQclear(kept);
            kept = TAKE(result);
        } else {
            outcome = one;
        }
        PQclear(result);
        if (one == PG_CONNECTION_LOST)
            break;
    }
    if (pg->connection == NULL)
        outcome = PG_CONNECTION_LOST;
    if (outcome == PG_CONNECTION_LOST)
        drop(pg);
    if (outcome == PG_OK && kept_out != NULL && kept != NULL)
        *kept_out = TAKE(kept);
    PQclear(kept);
    return outcome;
}

uint64_t pg_load(const char *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | (unsigned char)at[i];
    return value;
}

void pg_store(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; value >>= 8)
        at[i] = (uint8_t)value;
}

const char *pg_outcome_name(enum pg_outcome outcome)
{
    static const char *const names[] = {
        [PG_OK] = "ok",
        [PG_UNIQUE_VIOLATION] = "unique_violation",
        [PG_FOREIGN_KEY_VIOLATION] = "foreign_key_violation",
        [PG_CHECK_VIOLATION] = "check_violation",
        [PG_EXCLUSION_VIOLATION] = "exclusion_violation",
        [PG_NOT_NULL_VIOLATION] = "not_null_violation",
        [PG_SERIALIZATION] = "serialization",
        [PG_TIMEOUT] = "timeout",
        [PG_DENIED] = "denied",
        [PG_BAD_DATA] = "bad_data",
        [PG_CONNECTION_LOST] = "connection_lost",
        [PG_OTHER] = "other",
    };

    return names[outcome];
}
