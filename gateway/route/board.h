/*
 * board: the health of each deployment, as this gateway saw it: one board for all workers.
 *
 * Every attempt's end is told here. Shared: all of it is atomics, nobody ever waits. A row belongs
 * to a deployment's id, so it outlives snapshots; the sandbox that stands in for a deployment has a
 * row of its own, so that test keys tell nothing of the provider. A row is made at the first thing
 * there is to say and takes BOARD_ROW_BYTES_MAX at most; there are BOARD_ROWS_MAX, and a deployment
 * beyond them has no health kept. Times are monotonic milliseconds and come from the caller.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BOARD_H
#define TOLLGATE_GATEWAY_ROUTE_BOARD_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/route/breaker.h"
#include "gateway/snapshot/snapshot.h"

enum { BOARD_ROWS_MAX = 4096, BOARD_ROW_BYTES_MAX = 7 << 10 };

struct board;
must_use struct board *board_new(void);
void board_free(struct board *board); /* when no worker uses it any more */
/* Which credentials are put aside: rotation.h. */
must_use struct rotation *board_rotation(const struct board *board);

/* ---- writing: any worker ---- */
enum board_result {
    BOARD_SERVED,
    BOARD_FAILED,  /* for a reason that is not the client's */
    BOARD_NEITHER, /* the client left, or its request was wrong */
};

struct board_end {
    enum board_result result;
    int64_t outage_ms;      /* behind the others for so long; 0 leaves that alone */
    int64_t cooldown_ms;    /* out of service for so long; likewise */
    int64_t begun_ms;       /* of an attempt that served: when it was sent */
    int64_t first_token_ms; /* of a stream; -1: none */
    int64_t total_ms;       /* of an attempt that served; -1: nothing of it is measured */
    int64_t output_tokens;  /* likewise; 0: none, or not known */
};
/* An attempt has ended. One that served ends an outage and a time out of service, and closes the
 * breaker if it was sent after that opened; one that failed may open it. */
void board_end(struct board *board, const struct snapshot_deployment *deployment,
               const struct board_end *end, int64_t now_ms);

/* ---- reading: any thread; of a deployment without a row all is zero ---- */
struct board_state {
    int64_t outage_until_ms; /* behind the others until then; 0 or past: not */
    int64_t out_until_ms;    /* out of service until then, itself or all of its credentials */
};
must_use struct board_state board_state_of(const struct board *board,
                                           const struct snapshot_deployment *deployment);
/* What a choice among deployments looks at, by one look. */
struct board_look {
    struct board_state state;
    enum breaker_state breaker;
    /* Moving averages, a sample weighing an eighth of all before it; 0: none yet. */
    int64_t first_token_ms, decitokens;
};
must_use struct board_look board_look_at(const struct board *board,
                                         const struct snapshot_deployment *deployment,
                                         int64_t now_ms);
/* Takes the probe of a half-open breaker: breaker_probe(). */
must_use bool board_probe(struct board *board, const struct snapshot_deployment *deployment,
                          int64_t now_ms);
/* The soonest time at which one of those that are out comes back; 0 when none is out. */
must_use int64_t board_back_ms(const struct board *board, const struct snapshot_model *model,
                               int64_t now_ms);

/* Attempts that served and failed within a sliding window, told in twelfths, fifths, thirtieths and
 * forty-eighths of it: what is older than the window never counts. */
enum board_window { BOARD_MINUTE, BOARD_5_MINUTES, BOARD_30_MINUTES, BOARD_DAY };
struct board_counts {
    uint32_t served, failed;
};
must_use struct board_counts board_counts(const struct board *board,
                                          const struct snapshot_deployment *deployment,
                                          enum board_window window, int64_t now_ms);

/* What was measured of attempts that served, over the last 25 to 30 minutes. */
enum board_measure {
    BOARD_FIRST_TOKEN_MS, /* from the request's being sent to the first content; streams only */
    BOARD_TOTAL_MS,       /* to the end */
    BOARD_DECITOKENS,     /* tenths of output tokens per second, behind the first token */
    BOARD_MEASURES
};
struct board_spread {
    uint64_t samples;                /* 0: all is 0 */
    int64_t p50, p75, p90, p95, p99; /* within 12 % of the true value */
};
must_use struct board_spread board_spread(const struct board *board,
                                          const struct snapshot_deployment *deployment,
                                          enum board_measure measure, int64_t now_ms);
/* What `percent` of them are at most, 1 to 99; 0: there are none. */
must_use int64_t board_quantile(const struct board *board,
                                const struct snapshot_deployment *deployment,
                                enum board_measure measure, uint32_t percent, int64_t now_ms);

#endif
