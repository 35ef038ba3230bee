/*
 * stored: responses that a provider keeps: read, deleted, cancelled, and what they answered listed.
 *
 * The id says which deployment keeps one, and whose it is (gateway/dialect/response_id.h). Nothing
 * is generated, so nothing is billed: no reservation, no event. Worker thread.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_STORED_H
#define TOLLGATE_GATEWAY_FLOW_STORED_H

#include "gateway/flow/flow.h"

/* Takes over a request for one of ENDPOINT_RESPONSE, …_CANCEL, …_ITEMS. */
void stored_start(struct flow_worker *worker, const struct call *call);
/* The deployment's credential of that fingerprint, which is of the account that keeps a response;
 * NULL: it is not there any more. */
must_use const struct snapshot_credential *
stored_credential(const struct snapshot_deployment *deployment, uint64_t account);
/* Lets all clients go. */
void stored_abort_all(struct flow_worker *worker);

#endif
