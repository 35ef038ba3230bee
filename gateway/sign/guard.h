/*
 * guard: what every handle of libcurl is set to that carries a secret: TLS verified, no proxy, no
 * redirect, no cookies, no file of the user's; and which addresses it may dial.
 */
#ifndef TOLLGATE_GATEWAY_SIGN_GUARD_H
#define TOLLGATE_GATEWAY_SIGN_GUARD_H

#include <curl/curl.h>
#include <stdbool.h>

#include "common/base/attr.h"

/* `ca_file` may be NULL: the system's. It is copied. */
void guard_handle(CURL *easy, const char *ca_file);

/* A socket to that address, or CURL_SOCKET_BAD when it may not be dialled: public addresses over
 * TLS alone, this host where `loopback` says so, private networks never. `plain`: http. */
must_use curl_socket_t guard_socket(const struct curl_sockaddr *address, bool plain, bool loopback);

#endif
