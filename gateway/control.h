/*
 * control: the life of the process: what is made in which order, the signals, and the way down.
 */
#ifndef TOLLGATE_GATEWAY_CONTROL_H
#define TOLLGATE_GATEWAY_CONTROL_H

#include "gateway/gateway.h"

/* Serves until SIGTERM or SIGINT, then drains. 0, or 1 when it could not start (said in the log).
 * `gateway` has its config and is zero otherwise. Main thread, all signals blocked by then. */
must_use int control_run(struct gateway *gateway);

/* Blocks the signals that control_run() waits for and raises the limit of descriptors; before the
 * first thread. */
void control_prepare(void);

#endif
