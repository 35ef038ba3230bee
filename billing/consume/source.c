/*
 * source: rows of tollgate.sources. See source.h.
 */
#include "billing/consume/source.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

enum { SOURCES_AT_ONCE = 256 };

static const char *source_kind_name(enum source_kind kind)
{
    return kind == SOURCE_KAFKA ? "kafka" : "journal";
}

static const char *const state_names[] = {
    [SOURCE_ACTIVE] = "active",
    [SOURCE_STOPPED] = "stopped",
    [SOURCE_DRAINED] = "drained",
    [SOURCE_GONE] = "gone",
};

const char *source_state_name(enum source_state state)
{
    return state_names[state];
}

bool source_position_equal(struct source_position a, struct source_position b)
{
    return a.segment == b.segment && a.offset == b.offset;
}

static enum source_state parse_state(struct span name)
{
    for (size_t i = 0; i < array_size(state_names); i++)
        if (span_is(name, state_names[i]))
            return (enum source_state)i;
    return SOURCE_STOPPED;
}

enum pg_outcome source_find(struct pg *pg, const char *identity, struct source *source,
                            bool *found_out)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, &rows,
                                      "SELECT source_id, state, next_segment, next_offset, epoch,"
                                      " mark, last_event_at"
                                      " FROM tollgate.sources WHERE identity = $1",
                                      PG_STRING(identity));
    if (outcome != PG_OK)
        return outcome;
    *found_out = pg_rows_count(rows) == 1;
    if (identity != source->identity)
        snprintf(source->identity, sizeof(source->identity), "%s", identity);
    if (!*found_out)
        return PG_OK;
    source->row = (int32_t)pg_get_int64(rows, 0, 0);
    source->state = parse_state(pg_get_text(rows, 0, 1));
    source->next.segment = pg_get_int64(rows, 0, 2);
    source->next.offset = pg_get_int64(rows, 0, 3);
    source->read = source->next;
    source->epoch = pg_get_int64(rows, 0, 4);
    source->last_event_ms = pg_is_null(rows, 0, 6) ? 0 : pg_get_unix_ms(rows, 0, 6);
    source->marked = pg_get_bytes(rows, 0, 5).size == sizeof(source->mark);
    if (source->marked)
        memcpy(&source->mark, pg_get_bytes(rows, 0, 5).at, sizeof(source->mark));
    return PG_OK;
}

enum pg_outcome source_make(struct pg *pg, struct source *source, const char *topic,
                            const char *alarm)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(
        pg, &rows,
        "INSERT INTO tollgate.sources (kind, identity, topic, part, next_segment,"
        " next_offset, state, alarm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " RETURNING source_id",
        PG_STRING(source_kind_name(source->kind)), PG_STRING(source->identity), PG_STRING(topic),
        topic == NULL ? PG_NULL : PG_INT(source->part), PG_INT(source->next.segment),
        PG_INT(source->next.offset), PG_STRING(source_state_name(source->state)), PG_STRING(alarm));
    if (outcome != PG_OK)
        return outcome;
    source->row = (int32_t)pg_get_int64(rows, 0, 0);
    source->read = source->next;
    if (alarm != NULL)
        log_event(LOG_ALARM, "source.stopped", LOG_S("source", source->identity),
                  LOG_N("source_id", source->row), LOG_S("why", alarm));
    return PG_OK;
}

enum pg_outcome source_take_over(struct pg *pg, struct source *source)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome =
        pg_exec(pg, &rows,
                "UPDATE tollgate.sources SET epoch = epoch + 1, state = 'active'"
                " WHERE source_id = $1 RETURNING epoch, next_segment, next_offset",
                PG_INT(source->row));
    if (outcome != PG_OK)
        return outcome;
    source->state = SOURCE_ACTIVE;
    source->epoch = pg_get_int64(rows, 0, 0);
    source->next.segment = pg_get_int64(rows, 0, 1);
    source->next.offset = pg_get_int64(rows, 0, 2);
    source->read = source->next;
    return PG_OK;
}

enum pg_outcome source_stop(struct pg *pg, struct source *source, const char *alarm)
{
    source->state = SOURCE_STOPPED;
    log_event(LOG_ALARM, "source.stopped", LOG_S("source", source->identity),
              LOG_N("source_id", source->row), LOG_S("why", alarm));
    return pg_exec(pg, NULL,
                   "UPDATE tollgate.sources SET state = 'stopped', alarm = $2"
                   " WHERE source_id = $1",
                   PG_INT(source->row), PG_STRING(alarm));
}

enum pg_outcome source_set_state(struct pg *pg, struct source *source, enum source_state state)
{
    source->state = state;
    return pg_exec(pg, NULL, "UPDATE tollgate.sources SET state = $2 WHERE source_id = $1",
                   PG_INT(source->row), PG_STRING(source_state_name(state)));
}

enum pg_outcome source_accept(struct pg *pg, int32_t row, struct source_position from,
                              bool *found_out)
{
    enum pg_outcome outcome =
        pg_exec(pg, NULL,
                "UPDATE tollgate.sources SET state = 'active', alarm = NULL, mark = NULL,"
                " next_segment = $2, next_offset = $3, epoch = epoch + 1, moved_at = now()"
                " WHERE source_id = $1 AND state = 'stopped'",
                PG_INT(row), PG_INT(from.segment), PG_INT(from.offset));
    *found_out = outcome == PG_OK && pg_affected(pg) == 1;
    return outcome;
}

/* What was handed out, but is not posted, is behind even where nothing more is to be read. */
static int64_t behind_of(const struct source *s)
{
    return s->behind == 0 && !source_position_equal(s->read, s->next) ? 1 : s->behind;
}

enum pg_outcome source_note_behind(struct pg *pg, const struct list *sources)
{
    int64_t rows[SOURCES_AT_ONCE], behind[SOURCES_AT_ONCE];
    size_t count = 0;
    enum pg_outcome outcome = PG_OK;
    for (const struct list *link = sources->next; link != sources && outcome == PG_OK;
         link = link->next) {
        const struct source *s =
            (const struct source *)(const void *)((const char *)link -
                                                  offsetof(struct source, link));
        if (s->row != 0 && s->state == SOURCE_ACTIVE && s->behind >= 0) {
            rows[count] = s->row;
            behind[count++] = behind_of(s);
        }
        if (count == 0 || (count < SOURCES_AT_ONCE && link->next != sources))
            continue;
        outcome = pg_exec(pg, NULL,
                          "UPDATE tollgate.sources s SET behind = u.behind, measured_at = now(),"
                          " caught_up_at = CASE WHEN u.behind = 0 THEN now() ELSE caught_up_at END"
                          " FROM unnest($1::int8[], $2::int8[]) AS u(id, behind)"
                          " WHERE s.source_id = u.id",
                          PG_INTS(rows, count), PG_INTS(behind, count));
        count = 0;
    }
    return outcome;
}
