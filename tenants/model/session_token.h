/*
 * session_token: the form of a session's token, "tgs_" and 43 characters of base64url, and what is
 * derived from it.
 *
 * The token that follows another is derived from it with the session's secret, so that a browser
 * that lost the answer with its new cookie is given the same one again. Pure. Any thread.
 */
#ifndef TOLLGATE_TENANTS_MODEL_SESSION_TOKEN_H
#define TOLLGATE_TENANTS_MODEL_SESSION_TOKEN_H

#include "common/base/attr.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "common/base/span.h"

#define SESSION_TOKEN_PREFIX "tgs_"

enum {
    SESSION_TOKEN_LENGTH = 47,
    SESSION_CSRF_LENGTH = 43,
    SESSION_RANDOM_SIZE = 32,
};

/* Overwrite it (session_token_forget) once it was sent. */
struct session_token {
    char text[SESSION_TOKEN_LENGTH + 1];
};

/* A session's own, kept beside it; worth nothing without the token. */
struct session_secret {
    uint8_t at[32];
};

must_use struct session_token session_token_make(const uint8_t random[SESSION_RANDOM_SIZE]);
/* The one behind it when the session rotates. */
must_use struct session_token session_token_next(const struct session_secret *secret,
                                                 const struct session_token *token);
/* As a client sent it: 0, or -EINVAL when it is none of ours. */
must_use int session_token_parse(struct span text, struct session_token *token_out);
/* What is stored and looked up. */
must_use struct sha256 session_token_hash(const struct session_token *token);
void session_token_forget(struct session_token *token); /* overwrites; for cleanup() too */

/* What a browser's script sends back as x-csrf-token; the same for the whole session. */
void session_csrf(const struct session_secret *secret, struct uuid session,
                  char text_out[SESSION_CSRF_LENGTH + 1]);
/* Compared in constant time. */
must_use bool session_csrf_holds(const struct session_secret *secret, struct uuid session,
                                 struct span given);

#endif
