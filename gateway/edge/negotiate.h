/*
 * negotiate: which form of a stored file a client gets: Accept-Encoding and If-None-Match (RFC
 * 9110, 12.5.3 and 13.1.2). Pure; any thread.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_NEGOTIATE_H
#define TOLLGATE_GATEWAY_EDGE_NEGOTIATE_H

#include "common/base/attr.h"
#include "common/base/span.h"

/* In the order in which they are preferred where the client likes them alike. */
enum coding { CODING_BROTLI, CODING_GZIP, CODING_IDENTITY, CODINGS };

/* "br", "gzip", or NULL for the bytes themselves. */
must_use const char *coding_name(enum coding coding);

/* The best of `available` (bits 1 << coding; identity is always there). What a client cannot be
 * given it gets as it is: better than a refusal. An absent header has at == NULL. */
must_use enum coding negotiate_coding(struct span accept_encoding, unsigned available);

/* Does the client have it: `etag` with its quotes stands in the list, weak or strong, or "*". */
must_use bool negotiate_has(struct span if_none_match, struct span etag);

#endif
