/*
 * auth: see the header.
 */
#include "gateway/edge/auth.h"

static const struct {
    enum refusal refusal;
    const char *message;
} rows[] = {
    [AUTH_OK] = {REFUSE_INTERNAL, "The key is good."},
    [AUTH_MISSING] = {REFUSE_MISSING_KEY,
                      "You didn't provide an API key. Send it as 'Authorization: Bearer KEY', "
                      "x-api-key or x-goog-api-key."},
    [AUTH_CONFLICT] = {REFUSE_INVALID_REQUEST,
                       "Two API keys that differ were sent: send one of Authorization, x-api-key "
                       "and x-goog-api-key."},
    [AUTH_GARBAGE] = {REFUSE_INVALID_KEY, "Incorrect API key provided: it is not of the form "
                                          "sk-tg1_… or was not copied whole."},
    [AUTH_UNKNOWN] = {REFUSE_INVALID_KEY, "Incorrect API key provided: there is no such key."},
    [AUTH_REVOKED] = {REFUSE_KEY_INACTIVE, "This API key was revoked."},
    [AUTH_DISABLED] = {REFUSE_KEY_INACTIVE, "This API key is disabled."},
    [AUTH_EXPIRED] = {REFUSE_KEY_INACTIVE, "This API key has expired."},
    [AUTH_SUSPENDED] = {REFUSE_SUSPENDED, "This account is suspended."},
    [AUTH_WRONG_KIND] = {REFUSE_NOT_ALLOWED,
                         "A management key cannot call models: use a live or a test key."},
    [AUTH_STALE] = {REFUSE_STORE, "Keys cannot be checked now: the store was away for too long."},
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
