/*
 * account: the gateway's account of itself, as members of a JSON object: what its workers have in
 * hand, and what waits in its journals. For /status, and for the operators' page by way of the
 * database (tollgate.gateways.report).
 */
#ifndef TOLLGATE_GATEWAY_ACCOUNT_H
#define TOLLGATE_GATEWAY_ACCOUNT_H

#include "common/base/json_writer.h"
#include "gateway/gateway.h"

/* Reads atomics and what is locked by itself; any thread, from before the broker runs until after
 * it was stopped. */
void account_put(struct json_writer *w, struct gateway *gateway);

#endif
