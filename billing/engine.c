/*
 * engine: see engine.h.
 */
#include "billing/engine.h"

#include <errno.h>
#include <time.h>

#include "billing/consume/judge.h"
#include "billing/database.h"
#include "billing/ledger/post.h"
#include "billing/metrics.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/scrape.h"

enum {
    IDLE_MS = 200,
    DAYS_MS = 3600000, /* partitions are made and looked up again this often */
    LOST_MS = 60000,   /* gateways that stay away are looked for this often */
    PUBLISH_MS = 1000,
    NOTE_MS = 500, /* how far the sources are behind is noted this often */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 5000,
    KAFKA_TIMEOUT_MS = 5000,
    METRICS_BYTES_MAX = 4 << 20,
};

struct engine {
    const struct config *config;
    struct pg *pg;
    struct poster *poster;
    struct intake *intake;
    struct versions *versions;
    struct batch *batch;
    struct scrape *ops;
    struct metrics metrics;
    struct judge_days days;
    int64_t days_ms, published_ms, lost_ms, noted_ms;
    int64_t backoff_ms;
    bool reading;    /* the intake reads at the committed positions */
    uint32_t limit;  /* events in a batch; smaller while one is looked for that Postgres refuses */
    bool waits_told; /* that another process consumes */
};

static struct intake *open_intake(const struct config *config)
{
    struct intake_kafka_settings kafka = {
        .brokers = config->brokers, .topic = config->topic, .timeout_ms = KAFKA_TIMEOUT_MS};
    if (config->source == CONFIG_JOURNAL)
        return intake_journals_open(config->journal_dir == NULL ? "" : config->journal_dir);
    return intake_kafka_open(&kafka);
}

struct engine *engine_new(const struct config *config)
{
    struct engine *e = mem_new(sizeof(*e));
    e->config = config;
    e->limit = (uint32_t)config->batch_events;
    e->batch = batch_new(e->limit);
    e->versions = versions_new();
    e->intake = open_intake(config);
    e->backoff_ms = BACKOFF_MIN_MS;
    if (e->intake == NULL) {
        engine_free(e);
        return NULL;
    }
    if (config->ops_listen != NULL && *config->ops_listen != '\0') {
        int error = scrape_start(config->ops_listen, &e->ops);
        if (error < 0)
            log_event(LOG_ALARM, "ops.refused", LOG_S("listen", config->ops_listen),
                      LOG_S("why", strerror(-error)));
    }
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL)
        return;
    scrape_stop(e->ops);
    intake_close(e->intake);
    poster_free(e->poster);
    versions_free(e->versions);
    batch_free(e->batch);
    pg_close(e->pg);
    mem_free(e);
}

static void disconnect(struct engine *e)
{
    poster_free(e->poster);
    e->poster = NULL;
    pg_close(e->pg);
    e->pg = NULL;
    e->days_ms = 0;
    e->reading = false;
    e->metrics.database_up = false;
}

static void nap(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL); /* a signal ends it early, as it should */
}

static void back_off(struct engine *e)
{
    nap(e->backoff_ms);
    e->backoff_ms = e->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : e->backoff_ms * 2;
}

/* Connected, the only consumer, with partitions for today. */
static bool ready(struct engine *e)
{
    bool ours = true;
    if (e->pg == NULL) {
        e->pg = database_open(e->config);
        if (e->pg == NULL)
            return false;
        ours = false;
        if (database_claim(e->pg, &ours) != PG_OK || !ours ||
            poster_new(e->pg, &e->poster) != PG_OK) {
            if (!ours && !e->waits_told)
                log_event(LOG_INFO, "engine.stands_by",
                          LOG_S("why", "another billing process consumes"));
            e->waits_told = !ours;
            disconnect(e);
            e->metrics.database_up = !ours;
            return false;
        }
        e->waits_told = false;
    }
    e->metrics.database_up = true;
    if (e->days_ms != 0 && clock_mono_ms() - e->days_ms < DAYS_MS)
        return true;
    if (database_days(e->pg, e->config, &e->days.first, &e->days.last) != PG_OK) {
        log_event(LOG_ALARM, "engine.no_partitions", LOG_S("why", pg_error(e->pg)->message));
        disconnect(e);
        return false;
    }
    e->days_ms = clock_mono_ms();
    return true;
}

/* What gateways hold that will not come back; a failure is only told, the next minute tries again.
 */
static void find_lost(struct engine *e)
{
    if (e->lost_ms != 0 && clock_mono_ms() - e->lost_ms < LOST_MS)
        return;
    e->lost_ms = clock_mono_ms();
    if (database_lose_gateways(e->pg, e->config) != PG_OK)
        log_event(LOG_WARN, "engine.lost_not_asked", LOG_S("why", pg_error(e->pg)->message));
}

static void count_open(struct engine *e)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    if (e->pg != NULL && pg_exec(e->pg, &rows,
                                 "SELECT count(*) FROM tollgate.dead_letters"
                                 " WHERE resolved_at IS NULL") == PG_OK)
        e->metrics.dead_letters_open = pg_get_int64(rows, 0, 0);
}

static void publish(struct engine *e)
{
    struct buf text;
    if (e->ops == NULL || clock_mono_ms() - e->published_ms < PUBLISH_MS)
        return;
    e->published_ms = clock_mono_ms();
    count_open(e);
    text = buf_make(METRICS_BYTES_MAX);
    metrics_write(&e->metrics, e->intake, clock_wall_ms(), &text);
    scrape_publish(e->ops, buf_span(&text), e->metrics.database_up);
    buf_done(&text);
}

/* Closing a period looks at what is noted here. */
static void note_behind(struct engine *e)
{
    if (e->pg == NULL || !e->reading || clock_mono_ms() - e->noted_ms < NOTE_MS)
        return;
    e->noted_ms = clock_mono_ms();
    if (source_note_behind(e->pg, &e->intake->sources) != PG_OK)
        log_event(LOG_WARN, "engine.not_noted", LOG_S("why", pg_error(e->pg)->message));
}

static void measure(struct engine *e)
{
    if (e->intake->ops->measure != NULL)
        e->intake->ops->measure(e->intake);
}

/* A batch that Postgres refuses for its data is posted in ever smaller parts, until the one event
 * is found; that becomes a dead letter with what Postgres said. */
static void narrow(struct engine *e)
{
    e->reading = false;
    if (e->batch->count > 1) {
        e->limit = e->batch->count / 8 + 1;
        return;
    }
    nap(BACKOFF_MAX_MS);
}

static enum post_outcome post(struct engine *e, struct post_counts *counts)
{
    enum post_outcome outcome = post_batch(e->poster, e->batch, counts);
    if (outcome != POST_POISON || e->batch->count != 1)
        return outcome;
    batch_kill(e->batch, &e->batch->items[0], DEAD_VALIDATE, "PostgreSQL refuses it: %s",
               pg_error(e->pg)->message);
    return post_batch(e->poster, e->batch, counts);
}

static void post_one(struct engine *e)
{
    struct post_counts counts;
    int64_t start_ms = clock_mono_ms();
    judge_decode(e->batch);
    if (judge_batch(e->batch, e->versions, e->days, e->pg, clock_wall_ms()) != PG_OK) {
        log_event(LOG_WARN, "engine.no_versions", LOG_S("why", pg_error(e->pg)->message));
        disconnect(e);
        return;
    }
    switch (post(e, &counts)) {
    case POST_DONE:
        metrics_count_batch(&e->metrics, &counts, clock_mono_ms() - start_ms);
        e->backoff_ms = BACKOFF_MIN_MS;
        if (e->limit < (uint32_t)e->config->batch_events)
            e->limit = e->limit * 2 > (uint32_t)e->config->batch_events
                           ? (uint32_t)e->config->batch_events
                           : e->limit * 2;
        break;
    case POST_FENCED:
        e->metrics.fenced++;
        e->reading = false;
        break;
    case POST_AWAY:
        e->metrics.lost++;
        disconnect(e);
        break;
    case POST_POISON:
        narrow(e);
        break;
    case POST_STUCK:
        e->reading = false;
        back_off(e);
        break;
    }
}

/* Goes on reading at the committed positions. */
static bool refresh(struct engine *e)
{
    if (e->reading && !e->intake->ops->stale(e->intake))
        return true;
    e->reading = intake_refresh(e->intake, e->pg) == 0;
    if (!pg_alive(e->pg))
        disconnect(e);
    return e->reading;
}

static int mark_drained(struct engine *e)
{
    bool stopped = false;
    list_each(&e->intake->sources, link)
    {
        struct source *s = list_item(link, struct source, link);
        stopped = stopped || s->state == SOURCE_STOPPED;
        if (s->state == SOURCE_ACTIVE && source_set_state(e->pg, s, SOURCE_DRAINED) != PG_OK)
            return -EAGAIN;
    }
    log_event(LOG_INFO, "engine.drained", LOG_N("events", e->metrics.total.events));
    return stopped ? -EBUSY : 0;
}

/* True when there is nothing more to drain. */
static bool drained(struct engine *e)
{
    return intake_refresh(e->intake, e->pg) == 0 && e->intake->ops->drained(e->intake);
}

int engine_run(struct engine *e, const volatile sig_atomic_t *stop, bool drain)
{
    while (!*stop) {
        publish(e);
        if (!ready(e) || !refresh(e)) {
            back_off(e);
            continue;
        }
        find_lost(e);
        batch_reset(e->batch);
        e->batch->limit = e->limit;
        batch_fill(e->batch, e->intake, IDLE_MS, e->config->batch_wait_ms);
        if (e->batch->count > 0)
            post_one(e);
        else if (drain && drained(e))
            return mark_drained(e);
        measure(e);
        note_behind(e);
    }
    log_event(LOG_INFO, "engine.stopped", LOG_N("events", e->metrics.total.events));
    return 0;
}
