/*
 * token: how a token is asked for and what comes back: OAuth 2's client credentials (RFC 6749, 4.4)
 * and signed assertions (RFC 7523). Pure; the time is the caller's.
 *
 * Pages followed: https://developers.google.com/identity/protocols/oauth2/service-account and
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
 */
#ifndef TOLLGATE_GATEWAY_SIGN_TOKEN_H
#define TOLLGATE_GATEWAY_SIGN_TOKEN_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "tenants/model/secret.h"

enum {
    TOKEN_TEXT_MAX = 8192,    /* of a token */
    TOKEN_ASK_MAX = 32 << 10, /* of a question for one */
    TOKEN_ANSWER_MAX = 64 << 10,
    TOKEN_LIFE_MIN_S = 2, /* shorter ones would be over before they are used */
    TOKEN_LIFE_MAX_S = 86400,
    TOKEN_ERROR_MAX = 64,
};

/* Appends the signed assertion of a service account: a JSON Web Token by RS256. 0; -EINVAL: its key
 * is no RSA key of 2048 bits or more; -EMSGSIZE. */
must_use int token_assertion(const struct secret_grant *grant, int64_t wall_s, struct buf *out);

/* Appends the form that is posted to grant->token_url. 0, or as token_assertion(). */
must_use int token_ask(const struct secret_grant *grant, int64_t wall_s, struct buf *out);

struct token_answer {
    char token[TOKEN_TEXT_MAX + 1];
    int64_t life_s;
    const char *why;                 /* there is none: a constant; NULL: there is */
    char error[TOKEN_ERROR_MAX + 1]; /* the issuer's own word for it, letters and dashes only */
};

/* What the issuer answered. */
void token_read(int status, struct span body, struct token_answer *answer_out);

#endif
