/*
 * board_metrics: the board as Prometheus text.
 *
 * One set of series for each deployment of the snapshot that something was sent to since the
 * gateway began, or that is drained; at most BOARD_METRICS_MAX, so that a catalog of thousands does
 * not become hundreds of thousands of series. Any thread.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_BOARD_METRICS_H
#define TOLLGATE_GATEWAY_ROUTE_BOARD_METRICS_H

#include "common/base/buf.h"
#include "gateway/route/board.h"

enum { BOARD_METRICS_MAX = 1024 };

/* Version 0.0.4, appended. */
void board_metrics_render(const struct board *board, const struct snapshot *snapshot,
                          int64_t now_ms, struct buf *out);

#endif
