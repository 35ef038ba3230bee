/*
 * session_cookie: the cookie that a browser's session travels in.
 */
#ifndef TOLLGATE_TENANTS_API_SESSION_COOKIE_H
#define TOLLGATE_TENANTS_API_SESSION_COOKIE_H

#include "tenants/api/identify.h"
#include "tenants/model/session_token.h"

#define SESSION_COOKIE_NAME "tollgate_session"

/* Of a Cookie header (RFC 6265, 4.2): the first of our name; at == NULL when there is none. */
must_use struct span session_cookie_find(struct span header);

/* The answer sets it, or takes it away. Needs api->headers. */
void session_cookie_set(struct api *api, const struct session_token *token, int64_t life_ms);
void session_cookie_clear(struct api *api);

#endif
