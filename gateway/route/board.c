/*
 * board: who had an outage; see route.h. One small entry for each deployment that ever had one.
 */
#include "gateway/route/board.h"
#include "common/base/map.h"
#include "common/base/mem.h"

struct row {
    struct uuid deployment;
    struct board_state state;
};

struct board {
    struct map *rows;
};

struct board *board_new(void)
{
    struct board *board = mem_new(sizeof(*board));

    board->rows = map_new(64);
    return board;
}

void board_free(struct board *board)
{
    struct span key;
    void *row;

    if (board == NULL)
        return;
    for (size_t cursor = 0; map_next(board->rows, &cursor, &key, &row);)
        mem_free(row);
    map_free(board->rows);
    mem_free(board);
}

void board_note(struct board *board, struct uuid deployment, int64_t outage_ms, int64_t cooldown_ms,
                int64_t now_mono_ms)
{
    struct row *row = map_get(board->rows, uuid_span(&deployment));

    if (outage_ms == 0 && cooldown_ms == 0)
        return;
    if (row == NULL) {
        row = mem_new(sizeof(*row));
        row->deployment = deployment;
        map_put(board->rows, uuid_span(&row->deployment), row);
    }
    if (outage_ms > 0)
        row->state.outage_until_ms = now_mono_ms + outage_ms;
    if (cooldown_ms > 0)
        row->state.out_until_ms = now_mono_ms + cooldown_ms;
}

void board_clear(struct board *board, struct uuid deployment)
{
    struct row *row = map_get(board->rows, uuid_span(&deployment));

    if (row != NULL)
        row->state = (struct board_state){0};
}

struct board_state board_state_of(const struct board *board, struct uuid deployment)
{
    const struct row *row = map_get(board->rows, uuid_span(&deployment));

    return row == NULL ? (struct board_state){0} : row->state;
}

int64_t board_back_ms(const struct board *board, const struct snapshot_model *model,
                      int64_t now_mono_ms)
{
    int64_t soonest = 0;

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        int64_t until = board_state_of(board, model->deployments[i]->id).out_until_ms;
        if (until > now_mono_ms && (soonest == 0 || until < soonest))
            soonest = until;
    }
    return soonest;
}
