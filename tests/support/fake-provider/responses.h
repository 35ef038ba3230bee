/*
 * responses: OpenAI's Responses, and those that can be read again.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_RESPONSES_H
#define TOLLGATE_FAKE_PROVIDER_RESPONSES_H

#include "provider.h"

/* POST …/responses; and all that is about one that exists. */
must_use struct call *responses_create(struct provider *provider, struct arrival *arrival);
must_use struct call *responses_stored(struct provider *provider, struct arrival *arrival);

/* The dialect's begin: stores what is going to be said, unless the request forbids it. */
void responses_begin(struct provider *provider, struct arrival *arrival, struct telling *telling);

/* Appends the response in a status: only "completed" has its output. */
void responses_write(struct telling *telling, const char *status, struct buf *out);

struct stored;
must_use struct stored *stored_new(void);
void stored_free(struct stored *stored);

#endif
