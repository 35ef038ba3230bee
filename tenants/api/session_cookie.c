/*
 * session_cookie: see session_cookie.h.
 */
#include "tenants/api/session_cookie.h"

/* No script reads it, no other site's request carries it, and nothing but the API is sent it. */
#define ATTRIBUTES "Path=/control/v1; HttpOnly; SameSite=Strict"

struct span session_cookie_find(struct span header)
{
    while (header.at != NULL) {
        struct span value = span_trim(span_cut(&header, ';'));
        struct span name = span_cut(&value, '=');
        if (value.at != NULL && span_is(name, SESSION_COOKIE_NAME))
            return value;
    }
    return (struct span){0};
}

static const char *secure(const struct api *api)
{
    return api->headers->secure ? "; Secure" : "";
}

void session_cookie_set(struct api *api, const struct session_token *token, int64_t life_ms)
{
    api_header(api, "set-cookie", SESSION_COOKIE_NAME "=%s; " ATTRIBUTES "; Max-Age=%lld%s",
               token->text, (long long)(life_ms / 1000), secure(api));
}

void session_cookie_clear(struct api *api)
{
    api_header(api, "set-cookie", SESSION_COOKIE_NAME "=; " ATTRIBUTES "; Max-Age=0%s",
               secure(api));
}
