/*
 * sigv4: AWS Signature Version 4, as pure functions.
 *
 * Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html. The time is
 * the caller's; nothing is sent, nothing is kept. The secret is only read.
 */
#ifndef TOLLGATE_GATEWAY_SIGN_SIGV4_H
#define TOLLGATE_GATEWAY_SIGN_SIGV4_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/span.h"

enum { SIGV4_HEADERS_MAX = 16, SIGV4_QUERY_MAX = 32, SIGV4_SCOPE_NAME_MAX = 64 };
enum { SIGV4_DATE_BYTES = 17 }; /* "20150830T123600Z" and a NUL */

struct sigv4_header {
    struct span name, value; /* the name in lower case */
};

struct sigv4_key {
    struct span id, secret, token; /* token: empty for keys that last */
};

/* All spans are borrowed for the call. */
struct sigv4_ask {
    struct span method;
    struct span path;  /* absolute, as it goes over the wire; it is encoded once more, as all
                          services but S3 want it. Dot segments are not resolved. */
    struct span query; /* as it goes over the wire, without "?" */
    const struct sigv4_header *headers; /* that are signed: host at least; not x-amz-date and
                                           x-amz-security-token, which are added here */
    uint32_t header_count;              /* at most SIGV4_HEADERS_MAX */
    struct sha256 payload;
    struct span region, service;
    int64_t time_s; /* since 1970, UTC; before the year 10000 */
};

/* The value of x-amz-date. */
void sigv4_date(int64_t time_s, char date_out[SIGV4_DATE_BYTES]);

/* Appends the canonical request: what is hashed. 0 or -EINVAL: too many headers or members of the
 * query, no host, an empty or relative path; -EMSGSIZE. */
must_use int sigv4_canonical(const struct sigv4_ask *ask, const struct sigv4_key *key,
                             struct buf *out);

/* Appends the value of the authorization header. Sent with it: x-amz-date with sigv4_date() and,
 * where the key has one, x-amz-security-token with its token. Fails as sigv4_canonical(). */
must_use int sigv4_authorization(const struct sigv4_ask *ask, const struct sigv4_key *key,
                                 struct buf *out);

/* Appends text percent-encoded but for RFC 3986's unreserved characters and those of `keep`. */
void sigv4_encode(struct span text, const char *keep, struct buf *out);

#endif
