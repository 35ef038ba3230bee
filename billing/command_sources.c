/*
 * command_sources: what an operator sees of the sources and the dead letters, and does about them.
 */
#include <inttypes.h>
#include <stdio.h>

#include "billing/commands.h"
#include "billing/consume/judge.h"
#include "billing/database.h"
#include "billing/ledger/post.h"
#include "common/base/clock.h"
#include "gateway/journal/record.h"

enum { QUESTION_MS = 10000, REPLAY_PAGE = 500 };

static void print_sources(const struct pg_rows *rows)
{
    printf("%-6s %-8s %10s %12s %10s %8s %8s %8s  %s\n", "source", "state", "segment", "offset",
           "events", "twice", "dead", "others", "identity");
    for (size_t i = 0; i < pg_rows_count(rows); i++) {
        printf("%-6" PRId64 " %-8.*s %10" PRId64 " %12" PRId64 " %10" PRId64 " %8" PRId64
               " %8" PRId64 " %8" PRId64 "  %.*s\n",
               pg_get_int64(rows, i, 0), SPAN_ARG(pg_get_text(rows, i, 1)),
               pg_get_int64(rows, i, 2), pg_get_int64(rows, i, 3), pg_get_int64(rows, i, 4),
               pg_get_int64(rows, i, 5), pg_get_int64(rows, i, 6), pg_get_int64(rows, i, 7),
               SPAN_ARG(pg_get_text(rows, i, 8)));
        if (!pg_is_null(rows, i, 9))
            printf("       alarm: %.*s\n", SPAN_ARG(pg_get_text(rows, i, 9)));
    }
}

static void print_dead(const struct pg_rows *rows)
{
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        printf("dead letters, %.*s: %" PRId64 "\n", SPAN_ARG(pg_get_text(rows, i, 0)),
               pg_get_int64(rows, i, 1));
}

int command_status(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = database_open(config);
    struct pg_rows *sources cleanup(pg_rows_free_at) = NULL;
    struct pg_rows *dead cleanup(pg_rows_free_at) = NULL;
    (void)word;
    if (pg == NULL)
        return command_failed("the database is away");
    if (pg_exec(pg, &sources,
                "SELECT source_id, state, next_segment, next_offset, events, duplicates,"
                " dead_letters, others, identity, alarm FROM tollgate.sources ORDER BY 1") !=
            PG_OK ||
        pg_exec(pg, &dead,
                "SELECT reason, count(*) FROM tollgate.dead_letters WHERE resolved_at IS NULL"
                " GROUP BY 1 ORDER BY 1") != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    print_sources(sources);
    print_dead(dead);
    return 0;
}

/* Where a stopped source may go on: where Kafka's log begins now, or at the journal's next segment.
 */
static int begin_of(const struct config *config, const struct pg_rows *row,
                    struct source_position *from_out)
{
    struct intake_kafka_settings kafka = {config->brokers, config->topic, QUESTION_MS};
    *from_out = (struct source_position){pg_get_int64(row, 0, 1) + 1, SEGMENT_HEAD_BYTES};
    if (!span_is(pg_get_text(row, 0, 0), "kafka"))
        return 0;
    return intake_kafka_begin(&kafka, (int32_t)pg_get_int64(row, 0, 2), &from_out->offset);
}

int command_accept_gap(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = database_open(config);
    struct pg_rows *row cleanup(pg_rows_free_at) = NULL;
    struct source_position from;
    int64_t id;
    bool found;
    if (word == NULL || span_int64(span_of(word), &id) < 0 || id <= 0 || id > INT32_MAX)
        return command_failed("accept-gap takes a source's number; status lists them");
    if (pg == NULL)
        return command_failed("the database is away");
    if (pg_exec(pg, &row,
                "SELECT kind, next_segment, coalesce(part, 0) FROM tollgate.sources"
                " WHERE source_id = $1 AND state = 'stopped'",
                PG_INT(id)) != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    if (pg_rows_count(row) != 1)
        return command_failed("source %s is not there, or not stopped", word);
    if (begin_of(config, row, &from) < 0)
        return command_failed("the brokers do not say where the log begins");
    if (source_accept(pg, (int32_t)id, from, &found) != PG_OK || !found)
        return command_failed("not accepted: %s", pg_error(pg)->message);
    printf("source %s goes on at segment %" PRId64 " offset %" PRId64 "\n", word, from.segment,
           from.offset);
    return 0;
}

int command_declare_lost(const struct config *config, const char *word)
{
    struct pg *pg cleanup(pg_close_at) = NULL;
    struct uuid gateway;
    int64_t leases;
    if (command_id(ID_GATEWAY, word, &gateway) < 0)
        return 2;
    pg = database_open(config);
    if (pg == NULL)
        return command_failed("the database is away");
    if (database_lose_gateway(pg, gateway, config->force, &leases) != PG_OK)
        return command_failed("%s", pg_error(pg)->message);
    if (leases < 0)
        return command_failed("%s is not known, or its leases have not expired: --force", word);
    printf("%s is lost: %" PRId64 " leases freed\n", word, leases);
    return 0;
}

struct replay {
    struct pg *pg;
    struct poster *poster;
    struct batch *batch;
    struct versions *versions;
    struct judge_days days;
    int64_t posted, still_dead;
};

/* What is decoded and judged anew is the stored payload. */
static int replay_one(struct replay *r, const struct pg_rows *rows, size_t at)
{
    int64_t id = pg_get_int64(rows, at, 0);
    struct source source = {.row = (int32_t)pg_get_int64(rows, at, 1), .kind = SOURCE_JOURNAL};
    struct source_position place = {pg_get_int64(rows, at, 2), pg_get_int64(rows, at, 3)};
    struct intake_message message = {&source, place, place, pg_get_bytes(rows, at, 4)};
    const struct batch_item *item = &r->batch->items[0];
    enum post_outcome outcome;
    batch_reset(r->batch);
    batch_take(r->batch, &message);
    judge_decode(r->batch);
    if (judge_batch(r->batch, r->versions, r->days, r->pg, clock_wall_ms()) != PG_OK)
        return command_failed("%s", pg_error(r->pg)->message);
    outcome = post_dead_letter(r->poster, r->batch, id);
    if (outcome == POST_DONE && item->verdict == VERDICT_DEAD) {
        r->still_dead++;
        printf("%" PRId64 " is still dead: %s: %.*s\n", id, dead_reason_name(item->reason),
               SPAN_ARG(item->detail));
    } else if (outcome == POST_DONE) {
        r->posted++;
    } else if (outcome != POST_FENCED) {
        return command_failed("%" PRId64 ": %s", id, pg_error(r->pg)->message);
    }
    return 0;
}

static int replay_page(struct replay *r, const struct config *config, int64_t *after)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    int status = 0;
    if (pg_exec(r->pg, &rows,
                "SELECT dead_letter_id, source_id, source_segment, source_offset, payload"
                " FROM tollgate.dead_letters WHERE resolved_at IS NULL AND dead_letter_id > $1"
                " AND ($2 OR dead_letter_id = $3) ORDER BY 1 LIMIT $4",
                PG_INT(*after), PG_BOOL(config->all), PG_INT(config->dead_letter),
                PG_INT(REPLAY_PAGE)) != PG_OK)
        return command_failed("%s", pg_error(r->pg)->message);
    for (size_t i = 0; i < pg_rows_count(rows) && status == 0; i++) {
        *after = pg_get_int64(rows, i, 0);
        status = replay_one(r, rows, i);
    }
    return status != 0 || pg_rows_count(rows) < REPLAY_PAGE ? status + 2 : 0;
}

int command_replay(const struct config *config, const char *word)
{
    struct replay r = {.pg = database_open(config)};
    int64_t after = 0;
    int status = 0;
    (void)word;
    if (!config->all && config->dead_letter == 0) {
        pg_close(r.pg);
        return command_failed("replay takes --dead-letter ID or --all") + 1;
    }
    if (r.pg == NULL || database_days(r.pg, config, &r.days.first, &r.days.last) != PG_OK ||
        poster_new(r.pg, &r.poster) != PG_OK) {
        pg_close(r.pg);
        return command_failed("the database is away");
    }
    r.batch = batch_new(1);
    r.versions = versions_new();
    while (status == 0)
        status = replay_page(&r, config, &after);
    printf("%" PRId64 " resolved, %" PRId64 " still dead\n", r.posted, r.still_dead);
    versions_free(r.versions);
    batch_free(r.batch);
    poster_free(r.poster);
    pg_close(r.pg);
    return status == 2 && r.still_dead == 0 ? 0 : 1;
}
