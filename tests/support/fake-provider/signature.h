/*
 * signature: whether a request is signed as AWS wants it (Signature Version 4), read from
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html on its own, so that
 * the gateway's way of signing is held against another reading. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_SIGNATURE_H
#define TOLLGATE_FAKE_PROVIDER_SIGNATURE_H

#include "http.h"

/* What is wrong, in AWS's words; NULL: nothing. */
must_use const char *signature_judge(const struct http_request *request, const char *key_id,
                                     const char *secret, int64_t now_ms);

#endif
