/*
 * post: see post.h.
 */
#include "billing/ledger/post.h"

#include <inttypes.h>
#include <stdio.h>

#include "billing/ledger/posting.h"
#include "common/base/log.h"
#include "common/base/mem.h"

enum { TRIES_MAX = 10, IDEM_KEY_MAX = 128 };

enum pg_outcome poster_new(struct pg *pg, struct poster **poster_out)
{
    struct poster *poster = mem_new(sizeof(*poster));
    enum pg_outcome outcome = rows_init(&poster->rows, pg);
    poster->pg = pg;
    poster->accounts = accounts_new();
    if (outcome == PG_OK)
        *poster_out = poster;
    else
        poster_free(poster);
    return outcome;
}

void poster_free(struct poster *poster)
{
    if (poster == NULL)
        return;
    rows_done(&poster->rows);
    accounts_free(poster->accounts);
    mem_free(poster);
}

/* One try to post. */
struct attempt {
    struct poster *poster;
    struct batch *batch;
    struct books books;
    struct rollup rollup;
    const struct entry *entries;
    int64_t *accounts;
    size_t entry_count;
    bool any;
    struct uuid txn;
    char idem_key[IDEM_KEY_MAX];
    int64_t dead_letter; /* 0: an ordinary batch */
    bool fenced;
    struct settle_counts settled;
};

static bool any_posts(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_POST)
            return true;
    return false;
}

/* Everything that can be done before the transaction: reading and reckoning. */
static enum pg_outcome prepare(struct attempt *a)
{
    struct entries *entries = entries_new(a->batch->arena, a->batch->count);
    enum pg_outcome outcome = books_read(&a->books, a->poster->pg, a->batch);
    if (outcome == PG_OK) {
        settle_batch(a->batch, &a->books, entries, &a->settled);
        must(entries_sum(entries) == 0);
        a->any = any_posts(a->batch);
        a->entries = entries_sorted(entries, &a->entry_count);
        a->accounts = arena_array(a->batch->arena, a->entry_count + 1, sizeof(*a->accounts));
        rollup_make(&a->rollup, a->batch);
        outcome = accounts_resolve(a->poster->accounts, a->poster->pg, a->entries, a->entry_count,
                                   a->accounts);
    }
    entries_free(entries);
    return outcome;
}

/* Derived from where the batch begins, which no other batch can commit. */
static void name_transaction(struct attempt *a)
{
    const struct batch_reach *first = &a->batch->reaches[0];
    a->txn = uuid_new();
    if (a->dead_letter != 0)
        snprintf(a->idem_key, sizeof(a->idem_key), "replay:%" PRId64, a->dead_letter);
    else
        snprintf(a->idem_key, sizeof(a->idem_key), "usage:%d:%" PRId64 ":%" PRId64,
                 first->source->row, first->from.segment, first->from.offset);
}

static enum pg_outcome write_money(struct attempt *a)
{
    struct rows *rows = &a->poster->rows;
    enum pg_outcome outcome;
    if (!a->any)
        return PG_OK;
    outcome = rows_put_events(rows, a->batch, a->txn);
    if (outcome == PG_OK)
        outcome = rows_put_log(rows, a->batch);
    if (outcome == PG_OK)
        outcome = pg_exec(a->poster->pg, NULL,
                          "INSERT INTO tollgate.ledger_txns (txn_id, idem_key, kind, effective_at)"
                          " VALUES ($1, $2, 'usage', now())",
                          PG_UUID(a->txn), PG_STRING(a->idem_key));
    if (outcome == PG_OK)
        outcome = rows_put_entries(rows, a->txn, a->entries, a->accounts, a->entry_count);
    if (outcome == PG_OK)
        outcome = rows_put_rollup(rows, &a->rollup);
    return outcome;
}

static enum pg_outcome resolve_dead_letter(struct attempt *a)
{
    bool posted = a->batch->items[0].verdict == VERDICT_POST;
    enum pg_outcome outcome =
        pg_exec(a->poster->pg, NULL,
                "UPDATE tollgate.dead_letters SET resolved_at = now(), resolution = $2"
                " WHERE dead_letter_id = $1 AND resolved_at IS NULL",
                PG_INT(a->dead_letter), PG_STRING(posted ? "posted" : "was posted already"));
    a->fenced = outcome == PG_OK && pg_affected(a->poster->pg) != 1;
    return outcome;
}

static enum pg_outcome write_all(struct attempt *a)
{
    struct pg *pg = a->poster->pg;
    enum pg_outcome outcome = write_money(a);
    if (outcome == PG_OK && a->dead_letter == 0)
        outcome = put_dead_letters(pg, a->batch);
    if (outcome == PG_OK && a->dead_letter == 0)
        outcome = put_refusals(pg, a->batch);
    if (outcome == PG_OK)
        outcome = books_write(&a->books, pg, a->batch->arena);
    if (outcome == PG_OK)
        outcome =
            a->dead_letter == 0 ? move_sources(pg, a->batch, &a->fenced) : resolve_dead_letter(a);
    return outcome;
}

static enum pg_outcome try_once(struct attempt *a)
{
    struct poster *poster = a->poster;
    enum pg_outcome outcome = PG_OK;
    if (poster->look_first)
        outcome = dedupe_batch(poster->pg, a->batch);
    if (outcome == PG_OK)
        outcome = prepare(a);
    if (outcome == PG_OK && a->dead_letter != 0 && a->batch->items[0].verdict == VERDICT_DEAD)
        return PG_OK;
    name_transaction(a);
    if (outcome == PG_OK)
        outcome = pg_begin(poster->pg, PG_READ_COMMITTED);
    if (outcome == PG_OK)
        outcome = write_all(a);
    if (outcome == PG_OK && !a->fenced)
        return pg_commit(poster->pg);
    pg_rollback(poster->pg);
    return outcome;
}

/* What the commit made true, for the sources in memory. */
static void advance(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_item *item = &batch->items[i];
        struct source *source = item->reach->source;
        if (item->verdict == VERDICT_POST && item->event.usage.start_ms > source->last_event_ms)
            source->last_event_ms = item->event.usage.start_ms;
    }
    for (uint32_t i = 0; i < batch->reach_count; i++) {
        const struct batch_reach *reach = &batch->reaches[i];
        struct source *source = reach->source;
        source->next = reach->to;
        if (source->kind == SOURCE_KAFKA) {
            source->mark = digest_sha256(reach->last);
            source->marked = true;
        }
    }
}

enum step { STEP_AGAIN, STEP_DONE, STEP_FENCED, STEP_AWAY, STEP_POISON, STEP_STUCK };

static enum step judge_try(struct attempt *a, enum pg_outcome outcome)
{
    const struct pg_error *error = pg_error(a->poster->pg);
    enum step refused = STEP_POISON;
    switch (outcome) {
    case PG_OK:
        return a->fenced ? STEP_FENCED : STEP_DONE;
    case PG_UNIQUE_VIOLATION:
        /* The transaction's name is taken: this very batch is posted. */
        if (strstr(error->constraint, "idem_key") != NULL)
            return STEP_FENCED;
        a->poster->look_first = true;
        return STEP_AGAIN;
    case PG_SERIALIZATION:
    case PG_TIMEOUT:
        return STEP_AGAIN;
    case PG_CONNECTION_LOST:
        return STEP_AWAY;
    case PG_FOREIGN_KEY_VIOLATION:
    case PG_CHECK_VIOLATION:
    case PG_EXCLUSION_VIOLATION:
    case PG_NOT_NULL_VIOLATION:
    case PG_BAD_DATA:
        break;
    case PG_DENIED:
    case PG_OTHER:
        refused = STEP_STUCK;
        break;
    }
    log_event(LOG_ALARM, "batch.refused", LOG_S("outcome", pg_outcome_name(outcome)),
              LOG_S("sqlstate", error->sqlstate), LOG_S("why", error->message));
    return refused;
}

static enum step run(struct attempt *a, int64_t *retries_out)
{
    enum step step = STEP_AGAIN;
    for (int i = 0; i < TRIES_MAX && step == STEP_AGAIN; i++) {
        enum pg_outcome outcome;
        a->fenced = false;
        outcome = try_once(a);
        step = judge_try(a, outcome);
        books_done(&a->books);
        *retries_out = i;
    }
    return step;
}

static bool has_duplicates(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        if (batch->items[i].verdict == VERDICT_DUPLICATE)
            return true;
    return false;
}

static enum post_outcome outcome_of(enum step step)
{
    switch (step) {
    case STEP_DONE:
        return POST_DONE;
    case STEP_FENCED:
        return POST_FENCED;
    case STEP_AWAY:
        return POST_AWAY;
    case STEP_AGAIN:
        log_event(LOG_ALARM, "batch.no_peace", LOG_N("tries", TRIES_MAX));
        return POST_FENCED;
    case STEP_POISON:
        return POST_POISON;
    case STEP_STUCK:
        break;
    }
    return POST_STUCK;
}

enum post_outcome post_batch(struct poster *poster, struct batch *batch,
                             struct post_counts *counts_out)
{
    struct attempt a = {.poster = poster, .batch = batch};
    struct post_counts counts = {0};
    enum step step;
    batch_find_duplicates(batch);
    step = run(&a, &counts.retries);
    if (step != STEP_DONE)
        return outcome_of(step);
    poster->look_first = has_duplicates(batch);
    advance(batch);
    count_batch(batch, &counts);
    counts.overruns = a.settled.overruns;
    counts.variances = a.settled.variances;
    counts.late = a.settled.late;
    *counts_out = counts;
    return POST_DONE;
}

enum post_outcome post_dead_letter(struct poster *poster, struct batch *batch,
                                   int64_t dead_letter_id)
{
    struct attempt a = {.poster = poster, .batch = batch, .dead_letter = dead_letter_id};
    int64_t retries;
    must(batch->count == 1);
    batch_find_duplicates(batch);
    poster->look_first = true;
    return outcome_of(run(&a, &retries));
}
