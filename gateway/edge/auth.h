/*
 * auth: whose request is it: reads the key from the headers and says no in the client's dialect.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_AUTH_H
#define TOLLGATE_GATEWAY_EDGE_AUTH_H

#include "gateway/admit/admit.h"
#include "gateway/edge/reply.h"

/* The refusal for anything but AUTH_OK; `message_out` is a constant sentence. */
must_use enum refusal auth_refusal(enum auth_outcome outcome, const char **message_out);

/* What stood in the three headers a key may come in. */
must_use struct auth_headers auth_headers_of(const struct httpd_request *request);

#endif
