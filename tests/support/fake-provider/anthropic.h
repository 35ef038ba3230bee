/*
 * anthropic: Anthropic's endpoints.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_ANTHROPIC_H
#define TOLLGATE_FAKE_PROVIDER_ANTHROPIC_H

#include "provider.h"

must_use struct call *anthropic_messages(struct provider *provider, struct arrival *arrival);
must_use struct call *anthropic_count_tokens(struct provider *provider, struct arrival *arrival);

/* Appends the signature of a thinking text. */
void anthropic_signature(struct span thinking, struct buf *out);

#endif
