/*
 * tokens: tokens that were issued here, and who has one.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_TOKENS_H
#define TOLLGATE_FAKE_PROVIDER_TOKENS_H

#include "common/base/span.h"

struct issued;

/* With a public key (PEM) claims must be signed by it; NULL: any signature will do. NULL when the
 * key cannot be read. */
must_use struct issued *issued_new(const char *key_path);
void issued_free(struct issued *issued);

/* Whether it was issued here and has not expired. */
must_use bool tokens_know(const struct issued *issued, struct span bearer);

#endif
