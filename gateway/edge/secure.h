/*
 * secure: the headers that keep a browser from doing more with an answer than it must.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_SECURE_H
#define TOLLGATE_GATEWAY_EDGE_SECURE_H

#include "common/base/attr.h"
#include "common/httpd/httpd.h"

enum { SECURE_HEADERS_MAX = 8 };

enum secure_for {
    SECURE_CONSOLE, /* the console's own files: they may load each other */
    SECURE_DATA     /* what is data and no page: nothing may be loaded or framed */
};

/* Writes them; constants. `tls`: the client came over TLS. Returns how many. */
size_t secure_headers(enum secure_for what, bool tls, struct httpd_header at[SECURE_HEADERS_MAX]);

#endif
