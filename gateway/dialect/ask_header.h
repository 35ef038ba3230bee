/*
 * ask_header: headers that say what members of a body say, for clients that cannot add members.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_ASK_HEADER_H
#define TOLLGATE_GATEWAY_DIALECT_ASK_HEADER_H

#include "gateway/dialect/ask.h"

/* What all their names begin with. */
#define ASK_HEADER_PREFIX "x-tollgate-"

/* Adds what one header says to what was read of the body; a member that stands in the body wins.
 * ASK_OK also for headers that say nothing of this. Lists are names with commas between, or JSON;
 * objects are JSON. */
must_use enum ask_outcome ask_read_header(struct ask *ask, struct span name, struct span value,
                                          struct arena *arena, struct ask_refusal *refusal_out);

#endif
