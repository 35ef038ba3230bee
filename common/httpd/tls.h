/*
 * tls: the server's certificate and the rules of its TLS: 1.2 and newer, HTTP/1.1 only.
 *
 * Shared by all threads. A reload is for new connections; those that are open keep what they have.
 */
#ifndef TOLLGATE_COMMON_HTTPD_TLS_H
#define TOLLGATE_COMMON_HTTPD_TLS_H

#include "common/base/attr.h"
#include "common/base/buf.h"

struct httpd_tls;

/* Reads a PEM chain and its key. NULL when they make no sense together; `why` says so. */
must_use struct httpd_tls *tls_new(const char *certificate_path, const char *key_path,
                                   struct buf *why);
/* Reads both files again. 0, or -EINVAL with `why`, and then the old ones stay. Any thread. */
must_use int tls_reload(struct httpd_tls *tls, struct buf *why);
void tls_free(struct httpd_tls *tls);

#endif
