/*
 * intake_journals: every journal below a directory, read directly (embedded mode).
 *
 * Finds new journals and those of dead gateways by looking at the folders once a second; reads each
 * up to its published durable position. A record that no event is in moves the position along with
 * the next one that is.
 */
#include "billing/consume/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "gateway/journal/cursor.h"

enum { GATEWAYS_MAX = 4096, JOURNALS_MAX = 1024, REFRESH_MS = 1000, NAP_MS = 5, RUN_MAX = 256 };

struct feed {
    struct source source;
    char *folder;
    struct cursor *cursor; /* NULL: read again from source.next at the next refresh */
    bool done;             /* read to its end, and there will be no more */
    const char *wrong;     /* found while reading; the refresh stops the source with it */
};

struct intake_journals {
    struct intake intake;
    char *root;
    struct feed *turn; /* whose records are handed out now */
    uint32_t run;      /* how many in a row */
    int64_t refreshed_ms;
    bool stale;
};

static struct intake_journals *of(struct intake *intake)
{
    return container_of(intake, struct intake_journals, intake);
}

static const struct intake_journals *view(const struct intake *intake)
{
    return (const struct intake_journals *)(const void *)((const char *)intake -
                                                          offsetof(struct intake_journals, intake));
}

static struct feed *feed_of(struct list *link)
{
    return container_of(list_item(link, struct source, link), struct feed, source);
}

static void feed_free(struct feed *feed)
{
    list_remove(&feed->source.link);
    cursor_close(feed->cursor);
    mem_free(feed->folder);
    mem_free(feed);
}

static void journals_close(struct intake *intake)
{
    struct intake_journals *j = of(intake);
    list_each_safe(&intake->sources, link, after) feed_free(feed_of(link));
    mem_free(j->root);
    mem_free(j);
}

static struct feed *find(struct intake_journals *j, struct uuid journal)
{
    list_each(&j->intake.sources, link)
    {
        if (uuid_equal(feed_of(link)->source.journal, journal))
            return feed_of(link);
    }
    return NULL;
}

static struct feed *meet(struct intake_journals *j, const char *folder, struct uuid journal)
{
    struct feed *feed = mem_new(sizeof(*feed));
    char id[UUID_TEXT_SIZE];
    uuid_format(journal, id);
    feed->folder = mem_strdup(folder);
    feed->source.kind = SOURCE_JOURNAL;
    feed->source.journal = journal;
    feed->source.behind = -1;
    snprintf(feed->source.identity, sizeof(feed->source.identity), "journal:%s", id);
    list_push_back(&j->intake.sources, &feed->source.link);
    return feed;
}

/* A journal that was read before the mode changed away and back: what the gateway has deleted of it
 * since was posted the other way. */
static bool may_skip(const struct source *s, const struct segment_listing *listing)
{
    return s->state == SOURCE_DRAINED && s->next.segment > 0 &&
           s->next.segment < (int64_t)listing->first;
}

static enum pg_outcome skip_to(struct pg *pg, struct source *s, int64_t segment)
{
    s->next = s->read = (struct source_position){segment, SEGMENT_HEAD_BYTES};
    return pg_exec(pg, NULL,
                   "UPDATE tollgate.sources SET next_segment = $2, next_offset = $3"
                   " WHERE source_id = $1",
                   PG_INT(s->row), PG_INT(s->next.segment), PG_INT(s->next.offset));
}

static enum pg_outcome look_up(struct pg *pg, struct feed *feed,
                               const struct segment_listing *listing)
{
    struct source *s = &feed->source;
    bool found, was_ours = s->row != 0 && s->state == SOURCE_ACTIVE;
    int64_t epoch = s->epoch;
    char alarm[SOURCE_ALARM_MAX];
    enum pg_outcome outcome = source_find(pg, s->identity, s, &found);
    if (outcome == PG_OK && !found) {
        s->state = SOURCE_ACTIVE;
        outcome = source_make(pg, s, NULL, NULL);
    }
    if (outcome != PG_OK || s->state == SOURCE_STOPPED)
        return outcome;
    if (feed->wrong != NULL) {
        snprintf(alarm, sizeof(alarm),
                 "%s at segment %" PRId64 " offset %" PRId64 "; accept-gap to go on", feed->wrong,
                 s->next.segment, s->next.offset);
        feed->wrong = NULL;
        return source_stop(pg, s, alarm);
    }
    if (may_skip(s, listing))
        outcome = skip_to(pg, s, listing->first);
    if (outcome == PG_OK && (!was_ours || s->epoch != epoch))
        outcome = source_take_over(pg, s);
    return outcome;
}

static void open_cursor(struct feed *feed)
{
    struct source *s = &feed->source;
    struct position from = {(uint32_t)s->next.segment, (uint32_t)s->next.offset};
    int error = cursor_open(feed->folder, s->journal, from, &feed->cursor);
    s->read = s->next;
    feed->done = false;
    /* A journal whose first segment is not there yet is only young. */
    if (error < 0)
        feed->cursor = NULL;
}

static enum pg_outcome refresh_feed(struct pg *pg, struct feed *feed,
                                    const struct segment_listing *listing)
{
    struct source *s = &feed->source;
    bool reading = feed->cursor != NULL && feed->wrong == NULL && s->state == SOURCE_ACTIVE &&
                   source_position_equal(s->read, s->next);
    enum pg_outcome outcome;
    if (reading) {
        s->behind = (int64_t)cursor_behind(feed->cursor);
        return PG_OK;
    }
    cursor_close(feed->cursor);
    feed->cursor = NULL;
    outcome = look_up(pg, feed, listing);
    if (outcome == PG_OK && s->state == SOURCE_ACTIVE)
        open_cursor(feed);
    return outcome;
}

static enum pg_outcome refresh_folder(struct intake_journals *j, struct pg *pg, struct uuid gateway)
{
    struct segment_listing *listings = mem_array(JOURNALS_MAX, sizeof(*listings));
    char id[UUID_TEXT_SIZE], folder[SEGMENT_PATH_MAX];
    enum pg_outcome outcome = PG_OK;
    int count;
    uuid_format(gateway, id);
    snprintf(folder, sizeof(folder), "%s/%s", j->root, id);
    count = segment_list(folder, listings, JOURNALS_MAX);
    for (int i = 0; i < count && outcome == PG_OK; i++) {
        struct feed *feed = find(j, listings[i].journal);
        if (listings[i].first == 0 || (feed != NULL && feed->done))
            continue;
        if (feed == NULL)
            feed = meet(j, folder, listings[i].journal);
        outcome = refresh_feed(pg, feed, &listings[i]);
    }
    mem_free(listings);
    return outcome;
}

static int journals_refresh(struct intake *intake, struct pg *pg)
{
    struct intake_journals *j = of(intake);
    struct uuid *gateways = mem_array(GATEWAYS_MAX, sizeof(*gateways));
    int count = segment_gateways(j->root, gateways, GATEWAYS_MAX);
    enum pg_outcome outcome = PG_OK;
    if (count < 0)
        log_event(LOG_WARN, "journals.unreadable", LOG_S("directory", j->root),
                  LOG_N("errno", -count));
    for (int i = 0; i < count && outcome == PG_OK; i++)
        outcome = refresh_folder(j, pg, gateways[i]);
    mem_free(gateways);
    j->turn = NULL;
    j->stale = outcome != PG_OK || count < 0;
    j->refreshed_ms = clock_mono_ms();
    return j->stale ? -EAGAIN : 0;
}

static bool journals_stale(const struct intake *intake)
{
    const struct intake_journals *j = view(intake);
    return j->stale || clock_mono_ms() - j->refreshed_ms >= REFRESH_MS;
}

static bool journals_drained(const struct intake *intake)
{
    const struct intake_journals *j = view(intake);
    for (const struct list *link = j->intake.sources.next; link != &j->intake.sources;
         link = link->next) {
        const struct feed *feed =
            (const struct feed *)(const void *)((const char *)link -
                                                offsetof(struct feed, source.link));
        if (feed->done || feed->source.state == SOURCE_STOPPED)
            continue;
        if (feed->cursor == NULL || cursor_behind(feed->cursor) > 0 ||
            !source_position_equal(feed->source.read, feed->source.next))
            return false;
    }
    return true;
}

static void journals_measure(struct intake *intake)
{
    list_each(&intake->sources, link)
    {
        struct feed *feed = feed_of(link);
        if (feed->cursor != NULL)
            feed->source.behind = (int64_t)cursor_behind(feed->cursor);
    }
}

static bool is_event(const struct record *record)
{
    return record->type == RECORD_FINAL || record->type == RECORD_LEASE ||
           record->type == RECORD_REFUSALS;
}

/* 1: a message; 0: nothing of this feed now. */
static int read_feed(struct intake_journals *j, struct feed *feed,
                     struct intake_message *message_out)
{
    struct source *s = &feed->source;
    struct record record;
    struct position next;
    enum cursor_outcome outcome = CURSOR_WAIT;
    if (s->state != SOURCE_ACTIVE || feed->cursor == NULL || feed->wrong != NULL)
        return 0;
    do {
        outcome = cursor_next(feed->cursor, &record, &next);
    } while (outcome == CURSOR_RECORD && !is_event(&record));
    if (outcome == CURSOR_GAP || outcome == CURSOR_ERROR) {
        feed->wrong =
            outcome == CURSOR_GAP ? "a record is missing or damaged" : "the journal cannot be read";
        j->stale = true;
    }
    if (outcome == CURSOR_ENDED && source_position_equal(s->read, s->next)) {
        feed->done = true;
        s->behind = 0;
        cursor_close(feed->cursor);
        feed->cursor = NULL;
    }
    if (outcome != CURSOR_RECORD)
        return 0;
    message_out->source = s;
    message_out->at = s->read;
    s->read = (struct source_position){next.segment, next.offset};
    message_out->after = s->read;
    message_out->payload = record.payload;
    return 1;
}

/* Goes round, a run of records of each. */
static int read_any(struct intake_journals *j, struct intake_message *message_out)
{
    struct list *start = j->turn == NULL ? &j->intake.sources : &j->turn->source.link;
    struct list *link = start;
    if (j->turn != NULL && j->run < RUN_MAX && read_feed(j, j->turn, message_out) == 1) {
        j->run++;
        return 1;
    }
    do {
        link = link->next;
        if (link == &j->intake.sources)
            continue;
        if (read_feed(j, feed_of(link), message_out) == 1) {
            j->turn = feed_of(link);
            j->run = 1;
            return 1;
        }
    } while (link != start);
    return 0;
}

static int journals_next(struct intake *intake, int64_t timeout_ms,
                         struct intake_message *message_out)
{
    static const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    struct intake_journals *j = of(intake);
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    while (!j->stale) {
        if (read_any(j, message_out) == 1)
            return 1;
        if (clock_mono_ms() >= until_ms)
            return 0;
        (void)nanosleep(&nap, NULL);
    }
    return 0;
}

struct intake *intake_journals_open(const char *directory)
{
    static const struct intake_ops ops = {.next = journals_next,
                                          .refresh = journals_refresh,
                                          .stale = journals_stale,
                                          .drained = journals_drained,
                                          .measure = journals_measure,
                                          .close = journals_close};
    struct intake_journals *j = mem_new(sizeof(*j));
    j->intake.ops = &ops;
    list_init(&j->intake.sources);
    j->root = mem_strdup(directory);
    j->stale = true;
    return &j->intake;
}
