/*
 * guard: see the header.
 */
#include "gateway/sign/guard.h"

#include <sys/socket.h>

#include "common/base/address.h"

void guard_handle(CURL *easy, const char *ca_file)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

curl_socket_t guard_socket(const struct curl_sockaddr *address, bool plain, bool loopback)
{
    bool allowed = false;

    switch (address_kind_of(&address->addr)) {
    case ADDRESS_PUBLIC:
        allowed = !plain;
        break;
    case ADDRESS_LOOPBACK:
        allowed = loopback;
        break;
    case ADDRESS_FORBIDDEN:
        break;
    }
    return allowed ? socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol)
                   : CURL_SOCKET_BAD;
}
