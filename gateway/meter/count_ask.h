/*
 * count_ask: what of a chat in nobody's dialect counts as input; see count.h.
 */
#ifndef TOLLGATE_GATEWAY_METER_COUNT_ASK_H
#define TOLLGATE_GATEWAY_METER_COUNT_ASK_H

#include "gateway/dialect/chat.h"
#include "gateway/meter/count.h"

/* Feeds all texts, refusals and reasoning, names and arguments of calls, and names, descriptions
 * and schemas of tools. Roles and media count nothing. */
void count_ask(struct count *count, const struct chat *chat);

#endif
