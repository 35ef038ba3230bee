#include "gateway/edge/auth.h"

static const struct {
    enum refusal refusal;
    const char *message;
} rows[] = {
    [AUTH_OK] = {REFUSE_INTERNAL, "The key is good."},
    [AUTH_MISSING] = {REFUSE_MISSING_KEY, "No API key was given. Send it as `Authorization: Bearer "
                                          "YOUR_KEY`, x-api-key or x-goog-api-key."},
    [AUTH_CONFLICT] = {REFUSE_INVALID_REQUEST,
                       "Two API keys that differ were given in the headers; send one."},
    [AUTH_GARBAGE] = {REFUSE_INVALID_KEY,
                      "The API key is not of the form sk-tg1_…, or was mistyped or cut."},
    [AUTH_UNKNOWN] = {REFUSE_INVALID_KEY, "The API key is not known."},
    [AUTH_REVOKED] = {REFUSE_KEY_INACTIVE, "The API key was revoked."},
    [AUTH_DISABLED] = {REFUSE_KEY_INACTIVE, "The API key is disabled."},
    [AUTH_EXPIRED] = {REFUSE_KEY_INACTIVE, "The API key has expired."},
    [AUTH_SUSPENDED] = {REFUSE_SUSPENDED, "The account of this API key is not active."},
    [AUTH_WRONG_KIND] = {REFUSE_NOT_ALLOWED,
                         "This is a management key; it steers the account and calls no model."},
    [AUTH_STALE] = {REFUSE_STORE, "The gateway has not heard from its store for too long."},
};

enum refusal auth_refusal(enum auth_outcome outcome, const char **message_out)
{
    *message_out = rows[outcome].message;
    return rows[outcome].refusal;
}

struct auth_headers auth_headers_of(const struct httpd_request *request)
{
    return (struct auth_headers){
        .authorization = httpd_header(request, "authorization"),
        .x_api_key = httpd_header(request, "x-api-key"),
        .x_goog_api_key = httpd_header(request, "x-goog-api-key"),
    };
}
