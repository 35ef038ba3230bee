/*
 * curl: the upstream over the network: libcurl's multi interface on the worker's loop.
 *
 * HTTP/1.1 with keep-alive, TLS verified, no proxy, no redirects, no cookies. The resolved address
 * is checked against the forbidden ranges when the socket is made; plain HTTP goes to loopback
 * only, and loopback is for the sandbox and, where `allow_loopback` is set, for overrides in
 * trials.
 */
#ifndef TOLLGATE_GATEWAY_UPSTREAM_CURL_H
#define TOLLGATE_GATEWAY_UPSTREAM_CURL_H

#include "common/httpd/httpd.h"
#include "gateway/upstream/upstream.h"

struct curl_config {
    bool allow_loopback;   /* deployments other than the sandbox may be on loopback */
    const char *ca_file;   /* NULL: the system's; borrowed */
    uint32_t max_idle;     /* connections kept, of all providers */
    uint32_t idle_handles; /* kept per deployment */
};

/* Once per process, before the first thread. */
void curl_process_init(void);

must_use struct upstream *curl_upstream_new(struct httpd *httpd, const struct curl_config *config);

#endif
