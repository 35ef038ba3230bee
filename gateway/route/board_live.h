/*
 * board_live: what the board is told of attempts that are under way: how many there are, and which
 * of them are waited for too long. Any worker; nobody waits.
 *
 * board_end() says how an attempt ended; board_over() only that it did, and follows each
 * board_begin() once, whatever else is told.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BOARD_LIVE_H
#define TOLLGATE_GATEWAY_ROUTE_BOARD_LIVE_H

#include "gateway/route/board.h"

/* An attempt is sent. `tokens`: about what it will take, input and output. */
void board_begin(struct board *board, const struct snapshot_deployment *deployment, int64_t tokens,
                 int64_t now_ms);
void board_over(struct board *board, const struct snapshot_deployment *deployment);

/* Its first content came. `begun_ms`: when it was sent. Whoever is behind the others for its
 * silence is so no more, if the attempt was sent since then. */
void board_spoke(struct board *board, const struct snapshot_deployment *deployment,
                 int64_t begun_ms);

/* An attempt of a stream that has said nothing yet. */
struct board_wait {
    int64_t begun_ms;
    int64_t timeout_ms; /* it is given so long */
    bool counted;       /* by an earlier call; false at first */
};
/* To be called SILENCE_FLOOR_MS after it was sent, and then at the time that is returned, while it
 * is silent. By silence.h's rule the deployment goes behind the others for 30 s, which the next
 * call says anew; where many attempts are silent its breaker opens. */
must_use int64_t board_silent(struct board *board, const struct snapshot_deployment *deployment,
                              struct board_wait *wait, int64_t now_ms);

/* It was cancelled without having said a word, because another attempt of the same request was
 * faster. `measure`: what it was waited for, a first token or a whole answer. Where that is later
 * than nine of ten, it is measured as if it had come now, and of streams several in a row count as
 * silence. Instead of board_end(). */
void board_outrun(struct board *board, const struct snapshot_deployment *deployment,
                  enum board_measure measure, struct board_wait *wait, int64_t now_ms);

/* What is under way, and what was sent in the last minute. */
struct board_load {
    int64_t sent_ms; /* when an attempt was sent last; 0: never */
    uint32_t in_flight;
    uint32_t requests;
    int64_t tokens; /* as estimated when they were sent */
};
must_use struct board_load board_load_of(const struct board *board,
                                         const struct snapshot_deployment *deployment,
                                         int64_t now_ms);
/* For the metrics: a probe of gateway/probe ended, which board_end() was told like an attempt's
 * end; and whether its money of the day is spent. */
void board_probed(struct board *board, const struct snapshot_deployment *deployment, bool served,
                  int64_t cost_pico);
void board_capped(struct board *board, const struct snapshot_deployment *deployment, bool capped);

#endif
