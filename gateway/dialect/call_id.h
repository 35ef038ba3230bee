/*
 * call_id: ids of tool calls for providers that take only some: nine letters and digits (Mistral).
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_CALL_ID_H
#define TOLLGATE_GATEWAY_DIALECT_CALL_ID_H

#include "common/base/attr.h"
#include "common/base/span.h"

enum { CALL_ID_SHORT = 9 };

must_use bool call_id_is_short(struct span id);
/* The same one for the same id, so that a result finds its call; an id that is short stays. */
void call_id_shorten(struct span id, char short_out[CALL_ID_SHORT]);

#endif
