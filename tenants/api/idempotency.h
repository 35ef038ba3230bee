/*
 * idempotency: the same call twice has one effect and one answer.
 *
 * Only answers that went well are kept: a failure rolls its claim back with everything else. What
 * is kept is sealed, because it may show a secret that is shown once.
 */
#ifndef TOLLGATE_TENANTS_API_IDEMPOTENCY_H
#define TOLLGATE_TENANTS_API_IDEMPOTENCY_H

#include "tenants/api/inside.h"

enum { IDEMPOTENCY_HOURS = 48, IDEMPOTENCY_KEY_MAX = 200 };

/* Whether this call has a key that counts: those of nobody in particular do not. */
must_use bool idempotency_applies(const struct api *api);
/* API_FAILED when a key is missing that is needed, or is none. Before the transaction. */
must_use enum api_outcome idempotency_check(struct api *api);

/* Within the transaction, before the handler. *done_out: the answer was given before and stands in
 * the call; its outcome is returned. */
must_use enum api_outcome idempotency_begin(struct api *api, bool *done_out);
/* Within the transaction, after a handler that went well. */
must_use enum api_outcome idempotency_end(struct api *api, enum api_outcome outcome);

#endif
