/*
 * pages: what the fake provider says of itself, beside calls of models.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_PAGES_H
#define TOLLGATE_FAKE_PROVIDER_PAGES_H

#include "provider.h"

must_use struct call *error_page(int status, const char *message);
must_use struct call *truth_page(struct provider *provider, const struct http_request *request);
must_use struct call *control_page(struct provider *provider, const struct http_request *request);
must_use struct call *faults_page(struct provider *provider, const struct http_request *request);
must_use struct call *health_page(struct provider *provider, const struct http_request *request);
must_use struct call *models_page(struct provider *provider, const struct http_request *request);
must_use struct call *model_page(struct provider *provider, const struct http_request *request);

#endif
