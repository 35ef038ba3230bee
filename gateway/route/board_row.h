/*
 * board_row: what the board keeps of one deployment. Private to gateway/route.
 *
 * Counts: rings of words, each with the stretch of time it is about, those that served and those
 * that failed, changed in one step. Measures: histograms whose buckets are a quarter of a doubling
 * wide, in a ring of slices of five minutes. Any thread; nobody waits.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BOARD_ROW_H
#define TOLLGATE_GATEWAY_ROUTE_BOARD_ROW_H

#include <stdatomic.h>

#include "gateway/route/board.h"
#include "gateway/route/board_live.h"
#include "gateway/route/breaker.h"

enum {
    BOARD_FIVE_SECONDS = 12, /* a minute's */
    BOARD_MINUTES = 30,
    BOARD_HALF_HOURS = 48, /* a day's */
    BOARD_SLICES = 6,
    BOARD_BUCKETS = 80, /* up to 2^21 */
};

struct board_slice {
    _Atomic uint32_t stretch; /* which five minutes, from 1 on; 0: none yet */
    _Atomic uint32_t counts[BOARD_MEASURES][BOARD_BUCKETS];
};

struct board_row {
    struct uuid key; /* never changed once the row is on the board */
    _Atomic int64_t outage_until_ms, out_until_ms;
    struct breaker breaker;
    _Atomic uint32_t in_flight;
    _Atomic uint64_t served, failed;        /* attempts, ever */
    _Atomic uint64_t probes, probes_failed; /* those of gateway/probe among them */
    _Atomic uint64_t probe_cost_pico;
    _Atomic bool probe_capped;
    _Atomic int64_t sent_ms;         /* when an attempt was sent last */
    _Atomic uint32_t silent_run;     /* silent attempts, nothing sent after the first spoke … */
    _Atomic int64_t silent_begun_ms; /* … which was sent then */
    _Atomic int64_t silent_until_ms; /* behind the others for it; 0 or past: not */
    _Atomic int64_t silent_told_ms;  /* when it was logged last */
    _Atomic int64_t spoke_begun_ms;  /* the latest time at which one that spoke was sent */
    _Atomic uint64_t sent[BOARD_FIVE_SECONDS]; /* requests, and tokens in units of 64 */
    _Atomic int64_t averages[BOARD_MEASURES];  /* in 1/256; 0: none */
    _Atomic uint64_t five_seconds[BOARD_FIVE_SECONDS];
    _Atomic uint64_t minutes[BOARD_MINUTES];
    _Atomic uint64_t half_hours[BOARD_HALF_HOURS];
    struct board_slice slices[BOARD_SLICES];
};
_Static_assert(sizeof(struct board_row) <= BOARD_ROW_BYTES_MAX, "the bound that is stated");

/* NULL where there is none; board_row_make() makes it, and tells NULL when the board is full. */
must_use struct board_row *board_row_find(const struct board *board,
                                          const struct snapshot_deployment *deployment);
must_use struct board_row *board_row_make(struct board *board,
                                          const struct snapshot_deployment *deployment);

void board_row_send(struct board_row *row, int64_t tokens, int64_t now_ms);
must_use struct board_load board_row_load(const struct board_row *row, int64_t now_ms);
void board_row_spoke(struct board_row *row, int64_t begun_ms);
void board_row_count(struct board_row *row, bool served, int64_t now_ms);
void board_row_measure(struct board_row *row, enum board_measure measure, int64_t value,
                       int64_t now_ms);
must_use struct board_counts board_row_counts(const struct board_row *row, enum board_window window,
                                              int64_t now_ms);
must_use struct board_spread board_row_spread(const struct board_row *row,
                                              enum board_measure measure, int64_t now_ms);
must_use int64_t board_row_quantile(const struct board_row *row, enum board_measure measure,
                                    uint32_t percent, int64_t now_ms);
must_use int64_t board_row_average(const struct board_row *row, enum board_measure measure);

#endif
