/*
 * ops: the listener for operators: /metrics (Prometheus), /status (JSON), /healthz, /readyz. One
 * thread with a small server; never for clients.
 */
#ifndef TOLLGATE_GATEWAY_OPS_H
#define TOLLGATE_GATEWAY_OPS_H

#include "gateway/gateway.h"

struct ops;

/* Takes the bound socket. */
must_use struct ops *ops_start(struct gateway *gateway, int listen_fd);
void ops_stop(struct ops *ops); /* NULL is fine */

#endif
