/*
 * ask-calls: whether results of tools have calls. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ASK_CALLS_H
#define TOLLGATE_FAKE_PROVIDER_ASK_CALLS_H

#include "common/base/json.h"

/* Each costs a walk over what is before it. */
#define RESULTS_LOOKED_AT_MAX 64

/* False when a result below the node answers no call before it. */
must_use bool ask_calls_match(const struct json_doc *doc, uint32_t turns);

#endif
