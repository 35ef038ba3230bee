/*
 * behind: see behind.h.
 *
 * With Kafka, a journal must first be shipped (its own note beside it says how far), then the
 * partitions posted; embedded, the journals must be posted. What lies behind the noted place and
 * holds no event (an INTENT, progress) does not count.
 */
#include "billing/behind.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "billing/consume/intake.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"

enum { GATEWAYS_MAX = 4096, JOURNALS_MAX = 1024, NAP_MS = 50, QUESTION_MS = 5000, NOTE_MAX = 128 };

struct journal_end {
    struct uuid journal;
    char folder[SEGMENT_PATH_MAX];
    uint64_t end; /* packed */
};

struct ends {
    struct journal_end *journals;
    size_t journal_count, journal_capacity;
    int64_t *partitions; /* Kafka: where each ended */
    int32_t partition_count;
};

static void ends_done(struct ends *ends)
{
    mem_free(ends->journals);
    mem_free(ends->partitions);
}

static void add_journal(struct ends *ends, const char *folder, struct uuid journal)
{
    _Atomic uint64_t *durable;
    struct journal_end *end;
    if (segment_map_durable(folder, journal, false, &durable) < 0)
        return;
    if (ends->journal_count == ends->journal_capacity) {
        ends->journal_capacity = ends->journal_capacity * 2 + 16;
        ends->journals = mem_resize(ends->journals, ends->journal_capacity * sizeof(*end));
    }
    end = &ends->journals[ends->journal_count++];
    end->journal = journal;
    end->end = atomic_load(durable);
    snprintf(end->folder, sizeof(end->folder), "%s", folder);
    segment_unmap_durable(durable);
}

static void find_journals(const char *root, struct ends *ends)
{
    struct uuid *gateways = mem_array(GATEWAYS_MAX, sizeof(*gateways));
    struct segment_listing *listings = mem_array(JOURNALS_MAX, sizeof(*listings));
    int count = segment_gateways(root, gateways, GATEWAYS_MAX);
    for (int i = 0; i < count; i++) {
        char folder[SEGMENT_PATH_MAX], id[UUID_TEXT_SIZE];
        int journals;
        uuid_format(gateways[i], id);
        snprintf(folder, sizeof(folder), "%s/%s", root, id);
        journals = segment_list(folder, listings, JOURNALS_MAX);
        for (int j = 0; j < journals; j++)
            if (listings[j].first != 0)
                add_journal(ends, folder, listings[j].journal);
    }
    mem_free(gateways);
    mem_free(listings);
}

/* Whether a record that is an event stands between the two. */
static bool holds_events(const struct journal_end *end, struct position from)
{
    struct cursor *cursor;
    struct record record;
    struct position next;
    bool found = false;
    if (position_pack(from) >= end->end ||
        cursor_open(end->folder, end->journal, from, &cursor) < 0)
        return false;
    while (!found && cursor_next(cursor, &record, &next) == CURSOR_RECORD &&
           position_pack(next) <= end->end)
        found = record.type == RECORD_FINAL || record.type == RECORD_LEASE;
    cursor_close(cursor);
    return found;
}

static struct position shipped(const struct journal_end *end)
{
    char path[SEGMENT_PATH_MAX];
    struct buf text = buf_make(NOTE_MAX);
    struct position at = {0};
    segment_side_path(end->folder, end->journal, "shipped", path);
    if (file_read(path, &text) < 0 ||
        sscanf(text.at, "%" SCNu32 " %" SCNu32, &at.segment, &at.offset) != 2)
        at = (struct position){0};
    buf_done(&text);
    return at;
}

static int posted(struct pg *pg, const struct journal_end *end, struct position *at_out)
{
    struct source source = {.row = 0};
    char identity[SOURCE_IDENTITY_MAX], id[UUID_TEXT_SIZE];
    bool found;
    uuid_format(end->journal, id);
    snprintf(identity, sizeof(identity), "journal:%s", id);
    if (source_find(pg, identity, &source, &found) != PG_OK)
        return -EAGAIN;
    *at_out = found ? (struct position){(uint32_t)source.next.segment, (uint32_t)source.next.offset}
                    : (struct position){0};
    return 0;
}

static int check_journals(const struct config *config, struct pg *pg, const struct ends *ends,
                          struct buf *what)
{
    for (size_t i = 0; i < ends->journal_count; i++) {
        const struct journal_end *end = &ends->journals[i];
        struct position at;
        char id[UUID_TEXT_SIZE];
        if (config->source == CONFIG_KAFKA)
            at = shipped(end);
        else if (posted(pg, end, &at) < 0)
            return -EAGAIN;
        if (!holds_events(end, at))
            continue;
        uuid_format(end->journal, id);
        buf_printf(what, "journal %s of %s is not %s to its end", id, end->folder,
                   config->source == CONFIG_KAFKA ? "shipped" : "posted");
        return -EAGAIN;
    }
    return 0;
}

static int check_partitions(struct pg *pg, const struct ends *ends, struct buf *what)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT p.n - 1, coalesce(max(s.next_offset), 0) FROM unnest($1::int8[])"
                " WITH ORDINALITY AS p(high, n) LEFT JOIN tollgate.sources s ON s.kind = 'kafka'"
                " AND s.part = p.n - 1 AND s.state IN ('active', 'drained') GROUP BY p.n, p.high"
                " HAVING coalesce(max(s.next_offset), 0) < p.high ORDER BY 1 LIMIT 1",
                PG_INTS(ends->partitions, (size_t)ends->partition_count)) != PG_OK)
        return -EAGAIN;
    if (pg_rows_count(rows) == 0)
        return 0;
    buf_printf(what, "partition %" PRId64 " is posted to %" PRId64 ", but ends at %" PRId64,
               pg_get_int64(rows, 0, 0), pg_get_int64(rows, 0, 1),
               ends->partitions[pg_get_int64(rows, 0, 0)]);
    return -EAGAIN;
}

static int check_stopped(struct pg *pg, struct buf *what)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (pg_exec(pg, &rows,
                "SELECT source_id, alarm FROM tollgate.sources WHERE state = 'stopped' LIMIT 1") !=
        PG_OK)
        return -EAGAIN;
    if (pg_rows_count(rows) == 0)
        return 0;
    buf_printf(what, "source %" PRId64 " is stopped: %.*s", pg_get_int64(rows, 0, 0),
               SPAN_ARG(pg_get_text(rows, 0, 1)));
    return -EBUSY;
}

/* The partitions' ends are taken once the journals are shipped. */
static int take_partitions(const struct config *config, struct ends *ends, struct buf *what)
{
    struct intake_kafka_settings kafka = {config->brokers, config->topic, QUESTION_MS};
    if (config->source != CONFIG_KAFKA || ends->partitions != NULL)
        return 0;
    if (intake_kafka_ends(&kafka, &ends->partitions, &ends->partition_count) == 0)
        return 0;
    buf_add_string(what, "the brokers do not say where the partitions end");
    return -EAGAIN;
}

static int look(const struct config *config, struct pg *pg, struct ends *ends, struct buf *what)
{
    int r;
    buf_clear(what);
    r = check_stopped(pg, what);
    if (r == 0)
        r = check_journals(config, pg, ends, what);
    if (r == 0)
        r = take_partitions(config, ends, what);
    if (r == 0 && config->source == CONFIG_KAFKA)
        r = check_partitions(pg, ends, what);
    return r;
}

int behind_wait(const struct config *config, struct pg *pg, int64_t patience_ms, struct buf *what)
{
    static const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    int64_t until_ms = clock_mono_ms() + patience_ms;
    struct ends ends = {.journal_count = 0};
    int r;
    if (config->journal_dir != NULL && *config->journal_dir != '\0')
        find_journals(config->journal_dir, &ends);
    while ((r = look(config, pg, &ends, what)) == -EAGAIN && clock_mono_ms() < until_ms)
        (void)nanosleep(&nap, NULL);
    ends_done(&ends);
    return r == 0 ? 0 : -EAGAIN;
}
