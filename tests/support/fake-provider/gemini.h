/*
 * gemini: Google's endpoints.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_GEMINI_H
#define TOLLGATE_FAKE_PROVIDER_GEMINI_H

#include "provider.h"

must_use struct call *gemini_generate(struct provider *provider, struct arrival *arrival);
must_use struct call *gemini_count_tokens(struct provider *provider, struct arrival *arrival);

#endif
