/*
 * chat: an answer to what is asked in any chat dialect, whole or streamed.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_CHAT_H
#define TOLLGATE_FAKE_PROVIDER_CHAT_H

#include "dialect.h"
#include "provider.h"

/* A request that passed the faults that come instead of an answer. Makes its call. */
must_use struct call *chat_call(struct provider *provider, struct arrival *arrival);

/* An error answer of the arrival's dialect; bills nothing. */
must_use struct call *chat_error(const struct arrival *arrival, int status, const char *message,
                                 const char *param);
/* The error answer that a fault is. */
must_use struct call *chat_fault(const struct arrival *arrival);
/* The same error, told inside of a 200 or in a stream. */
must_use struct error_told chat_inner_error(const struct fault_spec *spec, uint64_t id,
                                            char message_out[128]);

/* What a stream takes over: the telling and the script that it tells. */
struct call *chat_stream(struct provider *provider, struct arrival *arrival,
                         struct telling *telling, struct script *script);

/* A whole answer of any endpoint: usage stands in the record. Takes the body. */
must_use struct call *chat_reply(const struct arrival *arrival, const char *content_type,
                                 struct buf body);

#endif
