/*
 * address: which addresses may be dialled. Pure.
 *
 * A provider's base URL comes from the catalog or an operator, its address from DNS: neither may
 * lead to this machine's or this network's own services (cloud metadata above all).
 */
#ifndef TOLLGATE_COMMON_BASE_ADDRESS_H
#define TOLLGATE_COMMON_BASE_ADDRESS_H

#include <sys/socket.h>

#include "common/base/attr.h"

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_LOOPBACK,
    ADDRESS_FORBIDDEN, /* private, link-local, shared, multicast, reserved, or of another family */
};

/* IPv6 addresses that carry an IPv4 address (mapped, NAT64, 6to4) are judged by it. Ranges: IANA's
 * special-purpose registries. */
must_use enum address_kind address_kind_of(const struct sockaddr *address);

#endif
