/*
 * board: see the header. A table of rows by deployment that only ever grows, so that whoever reads
 * it needs no lock; in a row, rings of counts and of histograms, each place of which says of itself
 * which stretch of time it is about.
 */
#include "gateway/route/board.h"

#include <stdatomic.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/mem.h"
#include "gateway/route/board_row.h"
#include "gateway/route/rotation.h"

enum { SLOTS = 2 * BOARD_ROWS_MAX };
_Static_assert((SLOTS & (SLOTS - 1)) == 0, "a slot is found by a mask");

struct board {
    _Atomic(struct board_row *) slots[SLOTS];
    _Atomic uint32_t row_count;
    _Atomic bool full_told;
    struct rotation *rotation;
};

struct board *board_new(void)
{
    struct board *board = mem_new(sizeof(*board));

    board->rotation = rotation_new();
    return board;
}

void board_free(struct board *board)
{
    if (board == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        mem_free(atomic_load(&board->slots[i]));
    rotation_free(board->rotation);
    mem_free(board);
}

struct rotation *board_rotation(const struct board *board)
{
    return board->rotation;
}

/* ---- rows ---- */

/* The id, with a bit of its version turned for the sandbox. */
static struct uuid key_of(const struct snapshot_deployment *deployment)
{
    struct uuid key = deployment->id;

    if (deployment->sandbox)
        key.at[6] ^= 0x80;
    return key;
}

/* The row, or NULL and the slot where it would stand. */
static struct board_row *find(const struct board *board, struct uuid key, size_t *slot_out)
{
    size_t slot = (size_t)map_hash(uuid_span(&key)) & (SLOTS - 1);
    struct board_row *row;

    while ((row = atomic_load_explicit(&board->slots[slot], memory_order_acquire)) != NULL) {
        if (uuid_equal(row->key, key))
            break;
        slot = (slot + 1) & (SLOTS - 1);
    }
    *slot_out = slot;
    return row;
}

struct board_row *board_row_find(const struct board *board,
                                 const struct snapshot_deployment *deployment)
{
    size_t slot;

    return find(board, key_of(deployment), &slot);
}

/* Another worker may put the same row there first: then that one is it. */
static struct board_row *place(struct board *board, struct board_row *made)
{
    struct board_row *there;
    size_t slot;

    while ((there = find(board, made->key, &slot)) == NULL) {
        if (atomic_compare_exchange_strong_explicit(&board->slots[slot], &there, made,
                                                    memory_order_release, memory_order_relaxed))
            return made;
    }
    mem_free(made);
    atomic_fetch_sub(&board->row_count, 1);
    return there;
}

struct board_row *board_row_make(struct board *board, const struct snapshot_deployment *deployment)
{
    struct board_row *row = board_row_find(board, deployment);

    if (row != NULL)
        return row;
    if (atomic_fetch_add(&board->row_count, 1) >= BOARD_ROWS_MAX) {
        atomic_fetch_sub(&board->row_count, 1);
        if (!atomic_exchange(&board->full_told, true))
            log_event(LOG_ALARM, "board.full", LOG_N("rows", BOARD_ROWS_MAX));
        return NULL;
    }
    row = mem_new(sizeof(*row));
    row->key = key_of(deployment);
    return place(board, row);
}

/* ---- writing ---- */

static void measure(struct board_row *row, const struct board_end *end, int64_t now_ms)
{
    int64_t writing_ms = end->total_ms - (end->first_token_ms > 0 ? end->first_token_ms : 0);

    if (end->total_ms < 0)
        return;
    if (end->first_token_ms >= 0)
        board_row_measure(row, BOARD_FIRST_TOKEN_MS, end->first_token_ms, now_ms);
    board_row_measure(row, BOARD_TOTAL_MS, end->total_ms, now_ms);
    if (end->output_tokens > 0 && end->output_tokens <= INT32_MAX)
        board_row_measure(row, BOARD_DECITOKENS,
                          end->output_tokens * 10000 / (writing_ms > 0 ? writing_ms : 1), now_ms);
}

static void until(_Atomic int64_t *time, int64_t wait_ms, int64_t now_ms)
{
    if (wait_ms > 0)
        atomic_store_explicit(time, now_ms + wait_ms, memory_order_relaxed);
}

static void clear(_Atomic int64_t *time)
{
    /* Most of the time there is nothing to end, and reading leaves the line to all. */
    if (atomic_load_explicit(time, memory_order_relaxed) != 0)
        atomic_store_explicit(time, 0, memory_order_relaxed);
}

static void tell_breaker(struct board_row *row, const struct snapshot_deployment *deployment,
                         enum board_result result, int64_t begun_ms, int64_t now_ms)
{
    struct board_counts counts;
    char id[ID_TEXT_SIZE];

    switch (result) {
    case BOARD_SERVED:
        breaker_served(&row->breaker, begun_ms, now_ms);
        break;
    case BOARD_FAILED:
        counts = board_row_counts(row, BOARD_MINUTE, now_ms);
        if (!breaker_failed(&row->breaker, counts.failed, counts.served + counts.failed, now_ms))
            break;
        id_format(ID_DEPLOYMENT, deployment->id, id);
        log_event(LOG_WARN, "deployment.breaker_opened", LOG_S("deployment", id),
                  LOG_SP("provider", deployment->provider), LOG_N("failed", counts.failed),
                  LOG_N("served", counts.served));
        break;
    case BOARD_NEITHER:
        breaker_neither(&row->breaker, now_ms);
        break;
    }
}

void board_end(struct board *board, const struct snapshot_deployment *deployment,
               const struct board_end *end, int64_t now_ms)
{
    bool says_much = end->result != BOARD_NEITHER || end->outage_ms > 0 || end->cooldown_ms > 0;
    struct board_row *row =
        says_much ? board_row_make(board, deployment) : board_row_find(board, deployment);

    if (row == NULL)
        return;
    if (end->result == BOARD_SERVED) {
        board_row_spoke(row, end->begun_ms);
        clear(&row->outage_until_ms);
        clear(&row->out_until_ms);
        measure(row, end, now_ms);
    }
    until(&row->outage_until_ms, end->outage_ms, now_ms);
    until(&row->out_until_ms, end->cooldown_ms, now_ms);
    if (end->result != BOARD_NEITHER)
        board_row_count(row, end->result == BOARD_SERVED, now_ms);
    tell_breaker(row, deployment, end->result, end->begun_ms, now_ms);
}

/* ---- reading ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct board_state state_of(const struct board *board, const struct board_row *row,
                                   const struct snapshot_deployment *deployment)
{
    struct rotation_state credentials = rotation_state_of(board->rotation, deployment);
    struct board_state state = {credentials.limited_until_ms, credentials.out_until_ms};

    if (row == NULL)
        return state;
    state.outage_until_ms =
        later(state.outage_until_ms,
              later(atomic_load_explicit(&row->outage_until_ms, memory_order_relaxed),
                    atomic_load_explicit(&row->silent_until_ms, memory_order_relaxed)));
    state.out_until_ms =
        later(state.out_until_ms, atomic_load_explicit(&row->out_until_ms, memory_order_relaxed));
    return state;
}

struct board_state board_state_of(const struct board *board,
                                  const struct snapshot_deployment *deployment)
{
    return state_of(board, board_row_find(board, deployment), deployment);
}

struct board_look board_look_at(const struct board *board,
                                const struct snapshot_deployment *deployment, int64_t now_ms)
{
    const struct board_row *row = board_row_find(board, deployment);
    struct board_look look = {.state = state_of(board, row, deployment)};

    if (row == NULL)
        return look;
    look.breaker = breaker_state(&row->breaker, now_ms);
    look.first_token_ms = board_row_average(row, BOARD_FIRST_TOKEN_MS);
    look.decitokens = board_row_average(row, BOARD_DECITOKENS);
    return look;
}

bool board_probe(struct board *board, const struct snapshot_deployment *deployment, int64_t now_ms)
{
    size_t slot;
    struct board_row *row = find(board, key_of(deployment), &slot);

    return row != NULL && breaker_probe(&row->breaker, now_ms);
}

int64_t board_back_ms(const struct board *board, const struct snapshot_model *model, int64_t now_ms)
{
    int64_t soonest = 0;

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        int64_t back_ms = board_state_of(board, model->deployments[i]).out_until_ms;

        if (back_ms > now_ms && (soonest == 0 || back_ms < soonest))
            soonest = back_ms;
    }
    return soonest;
}

struct board_counts board_counts(const struct board *board,
                                 const struct snapshot_deployment *deployment,
                                 enum board_window window, int64_t now_ms)
{
    const struct board_row *row = board_row_find(board, deployment);

    return row == NULL ? (struct board_counts){0} : board_row_counts(row, window, now_ms);
}

struct board_spread board_spread(const struct board *board,
                                 const struct snapshot_deployment *deployment,
                                 enum board_measure measured, int64_t now_ms)
{
    const struct board_row *row = board_row_find(board, deployment);

    return row == NULL ? (struct board_spread){0} : board_row_spread(row, measured, now_ms);
}

int64_t board_quantile(const struct board *board, const struct snapshot_deployment *deployment,
                       enum board_measure measured, uint32_t percent, int64_t now_ms)
{
    const struct board_row *row = board_row_find(board, deployment);

    return row == NULL ? 0 : board_row_quantile(row, measured, percent, now_ms);
}
