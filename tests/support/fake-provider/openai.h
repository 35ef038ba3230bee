/*
 * openai: what OpenAI's endpoints share.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_OPENAI_H
#define TOLLGATE_FAKE_PROVIDER_OPENAI_H

#include "dialect.h"
#include "provider.h"

/* {"error":{"message","type","param","code"}} and a line's end. */
void openai_write_error(const struct error_told *error, struct buf *out);

#endif
