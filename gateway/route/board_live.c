/*
 * board_live: see the header.
 */
#include "gateway/route/board_live.h"

#include "common/base/log.h"
#include "gateway/route/board_row.h"
#include "gateway/route/silence.h"

/* As long as any outage: docs/routing.md. */
#define BEHIND_MS INT64_C(30000)
#define AGAIN_MS INT64_C(10000)

void board_begin(struct board *board, const struct snapshot_deployment *deployment, int64_t tokens,
                 int64_t now_ms)
{
    struct board_row *row = board_row_make(board, deployment);

    if (row == NULL)
        return;
    atomic_fetch_add_explicit(&row->in_flight, 1, memory_order_relaxed);
    atomic_store_explicit(&row->sent_ms, now_ms, memory_order_relaxed);
    board_row_send(row, tokens, now_ms);
}

void board_over(struct board *board, const struct snapshot_deployment *deployment)
{
    struct board_row *row = board_row_find(board, deployment);

    if (row != NULL)
        atomic_fetch_sub_explicit(&row->in_flight, 1, memory_order_relaxed);
}

struct board_load board_load_of(const struct board *board,
                                const struct snapshot_deployment *deployment, int64_t now_ms)
{
    const struct board_row *row = board_row_find(board, deployment);

    return row == NULL ? (struct board_load){0} : board_row_load(row, now_ms);
}

void board_spoke(struct board *board, const struct snapshot_deployment *deployment,
                 int64_t begun_ms)
{
    struct board_row *row = board_row_find(board, deployment);

    if (row != NULL)
        board_row_spoke(row, begun_ms);
}

/* ---- silence ---- */

/* Which one in a row it is; nobody waits, so of two at the same time both may be the first. */
static uint32_t count_silent(struct board_row *row, struct board_wait *wait)
{
    if (wait->counted)
        return atomic_load_explicit(&row->silent_run, memory_order_relaxed);
    wait->counted = true;
    if (atomic_load_explicit(&row->silent_run, memory_order_relaxed) == 0)
        atomic_store_explicit(&row->silent_begun_ms, wait->begun_ms, memory_order_relaxed);
    return atomic_fetch_add_explicit(&row->silent_run, 1, memory_order_relaxed) + 1;
}

static void log_silent(const char *event, const struct snapshot_deployment *deployment,
                       uint32_t in_a_row, int64_t silent_ms)
{
    char id[ID_TEXT_SIZE];

    id_format(ID_DEPLOYMENT, deployment->id, id);
    log_event(LOG_WARN, event, LOG_S("deployment", id), LOG_SP("provider", deployment->provider),
              LOG_N("silent", in_a_row), LOG_N("silent_ms", silent_ms));
}

static void put_behind(struct board_row *row, const struct snapshot_deployment *deployment,
                       uint32_t in_a_row, const struct board_wait *wait, int64_t now_ms)
{
    atomic_store_explicit(&row->silent_until_ms, now_ms + BEHIND_MS, memory_order_relaxed);
    /* One that speaks now and then may be silent as often. */
    if (now_ms - atomic_load_explicit(&row->silent_told_ms, memory_order_relaxed) < BEHIND_MS)
        return;
    atomic_store_explicit(&row->silent_told_ms, now_ms, memory_order_relaxed);
    log_silent("deployment.silent", deployment, in_a_row, now_ms - wait->begun_ms);
}

static void open_breaker(struct board_row *row, const struct snapshot_deployment *deployment,
                         uint32_t in_a_row, const struct board_wait *wait, int64_t now_ms)
{
    if (in_a_row >= BREAKER_ATTEMPTS && breaker_silent(&row->breaker, wait->begun_ms, now_ms))
        log_silent("deployment.breaker_opened", deployment, in_a_row, now_ms - wait->begun_ms);
}

/* What was sent later has spoken: it is this request that takes long. */
static bool others_speak(const struct board_row *row, const struct board_wait *wait)
{
    return wait->begun_ms <= atomic_load_explicit(&row->spoke_begun_ms, memory_order_relaxed);
}

static struct silence_patience patience_of(const struct board_spread *spread, int64_t timeout_ms)
{
    return silence_patience_of(&(struct silence_known){.samples = spread->samples,
                                                       .p75_ms = spread->p75,
                                                       .p90_ms = spread->p90,
                                                       .p99_ms = spread->p99,
                                                       .timeout_ms = timeout_ms});
}

/* The soonest of the times that are still to come, which are in order. */
static int64_t next_of(const struct silence_patience *patience, int64_t silent_ms)
{
    const int64_t times_ms[] = {patience->many_ms, patience->several_ms, patience->alone_ms};

    for (size_t i = 0; i < array_size(times_ms); i++)
        if (times_ms[i] > silent_ms && times_ms[i] < silent_ms + AGAIN_MS)
            return times_ms[i];
    return silent_ms + AGAIN_MS;
}

int64_t board_silent(struct board *board, const struct snapshot_deployment *deployment,
                     struct board_wait *wait, int64_t now_ms)
{
    struct board_row *row = board_row_make(board, deployment);
    int64_t silent_ms = now_ms - wait->begun_ms;
    struct silence_patience patience;
    struct board_spread spread;
    uint32_t in_a_row;

    if (row == NULL || others_speak(row, wait))
        return now_ms + AGAIN_MS;
    spread = board_row_spread(row, BOARD_FIRST_TOKEN_MS, now_ms);
    patience = patience_of(&spread, wait->timeout_ms);
    if (silent_ms >= patience.many_ms) {
        in_a_row = count_silent(row, wait);
        if (silence_is_hanging(&patience, in_a_row, silent_ms))
            put_behind(row, deployment, in_a_row, wait, now_ms);
        if (silent_ms >= patience.several_ms)
            open_breaker(row, deployment, in_a_row, wait, now_ms);
    }
    return wait->begun_ms + next_of(&patience, silent_ms);
}

static void count_outrun(struct board_row *row, const struct snapshot_deployment *deployment,
                         struct board_wait *wait, int64_t now_ms)
{
    uint32_t in_a_row = others_speak(row, wait) ? 0 : count_silent(row, wait);

    if (in_a_row >= SILENCE_SEVERAL)
        put_behind(row, deployment, in_a_row, wait, now_ms);
    open_breaker(row, deployment, in_a_row, wait, now_ms);
}

void board_outrun(struct board *board, const struct snapshot_deployment *deployment,
                  enum board_measure measure, struct board_wait *wait, int64_t now_ms)
{
    struct board_row *row = board_row_make(board, deployment);
    int64_t waited_ms = now_ms - wait->begun_ms;
    struct board_spread spread;

    if (row == NULL)
        return;
    spread = board_row_spread(row, measure, now_ms);
    if (spread.samples >= SILENCE_SAMPLES && waited_ms > spread.p90) {
        board_row_measure(row, measure, waited_ms, now_ms);
        if (measure == BOARD_FIRST_TOKEN_MS)
            count_outrun(row, deployment, wait, now_ms);
    }
    breaker_neither(&row->breaker, now_ms);
}

/* ---- probes ---- */

void board_probed(struct board *board, const struct snapshot_deployment *deployment, bool served,
                  int64_t cost_pico)
{
    struct board_row *row = board_row_make(board, deployment);

    if (row == NULL)
        return;
    atomic_fetch_add_explicit(&row->probes, 1, memory_order_relaxed);
    if (!served)
        atomic_fetch_add_explicit(&row->probes_failed, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&row->probe_cost_pico, (uint64_t)cost_pico, memory_order_relaxed);
}

void board_capped(struct board *board, const struct snapshot_deployment *deployment, bool capped)
{
    struct board_row *row = board_row_find(board, deployment);

    if (row != NULL)
        atomic_store_explicit(&row->probe_capped, capped, memory_order_relaxed);
}
