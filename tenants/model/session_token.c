/*
 * session_token: see session_token.h.
 */
#include "tenants/model/session_token.h"

#include <errno.h>
#include <sodium.h>

#include "common/base/mem.h"

#define PREFIX_LENGTH (sizeof(SESSION_TOKEN_PREFIX) - 1)
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* What HMACs of one secret are about begins with a word of its own, so that none is another's. */
#define ABOUT_CSRF "csrf:"
#define ABOUT_NEXT "next:"

static struct session_token token_of(const uint8_t bytes[32])
{
    struct session_token token = {SESSION_TOKEN_PREFIX};
    sodium_bin2base64(token.text + PREFIX_LENGTH, sizeof(token.text) - PREFIX_LENGTH, bytes, 32,
                      VARIANT);
    return token;
}

static struct span secret_span(const struct session_secret *secret)
{
    return span_make((const char *)secret->at, sizeof(secret->at));
}

struct session_token session_token_make(const uint8_t random[SESSION_RANDOM_SIZE])
{
    return token_of(random);
}

struct session_token session_token_next(const struct session_secret *secret,
                                        const struct session_token *token)
{
    char text[sizeof(ABOUT_NEXT) + SESSION_TOKEN_LENGTH] = ABOUT_NEXT;
    size_t size = sizeof(ABOUT_NEXT) - 1;
    memcpy(text + size, token->text, SESSION_TOKEN_LENGTH);
    struct sha256 mac =
        digest_hmac_sha256(secret_span(secret), span_make(text, size + SESSION_TOKEN_LENGTH));
    struct session_token next = token_of(mac.at);
    explicit_bzero(text, sizeof(text));
    explicit_bzero(&mac, sizeof(mac));
    return next;
}

int session_token_parse(struct span text, struct session_token *token_out)
{
    uint8_t bytes[SESSION_RANDOM_SIZE];
    size_t size = 0;
    const char *end = NULL;
    if (text.size != SESSION_TOKEN_LENGTH || !span_starts(text, SESSION_TOKEN_PREFIX))
        return -EINVAL;
    struct span rest = span_part(text, PREFIX_LENGTH, SESSION_TOKEN_LENGTH);
    int result =
        sodium_base642bin(bytes, sizeof(bytes), rest.at, rest.size, NULL, &size, &end, VARIANT);
    bool whole = result == 0 && size == sizeof(bytes) && end == rest.at + rest.size;
    explicit_bzero(bytes, sizeof(bytes));
    if (!whole)
        return -EINVAL;
    memcpy(token_out->text, text.at, SESSION_TOKEN_LENGTH);
    token_out->text[SESSION_TOKEN_LENGTH] = '\0';
    return 0;
}

struct sha256 session_token_hash(const struct session_token *token)
{
    return digest_sha256(span_make(token->text, SESSION_TOKEN_LENGTH));
}

void session_token_forget(struct session_token *token)
{
    explicit_bzero(token, sizeof(*token));
}

void session_csrf(const struct session_secret *secret, struct uuid session,
                  char text_out[SESSION_CSRF_LENGTH + 1])
{
    char text[sizeof(ABOUT_CSRF) - 1 + sizeof(session.at)] = {0};
    size_t size = sizeof(ABOUT_CSRF) - 1;
    memcpy(text, ABOUT_CSRF, size);
    memcpy(text + size, session.at, sizeof(session.at));
    struct sha256 mac = digest_hmac_sha256(secret_span(secret), span_make(text, sizeof(text)));
    sodium_bin2base64(text_out, SESSION_CSRF_LENGTH + 1, mac.at, sizeof(mac.at), VARIANT);
    explicit_bzero(&mac, sizeof(mac));
}

bool session_csrf_holds(const struct session_secret *secret, struct uuid session, struct span given)
{
    char right[SESSION_CSRF_LENGTH + 1];
    session_csrf(secret, session, right);
    bool holds =
        given.size == SESSION_CSRF_LENGTH && digest_equal(given.at, right, SESSION_CSRF_LENGTH);
    explicit_bzero(right, sizeof(right));
    return holds;
}
