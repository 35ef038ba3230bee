/*
 * forwarded: who a client is, and whether it came over TLS, behind balancers that we trust.
 *
 * What a client says of itself in x-forwarded-for counts for nothing. A balancer that the settings
 * name appends the address that it saw, so the list is read from its end: the last address that is
 * no trusted balancer's is the client's. Pure; any thread.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_FORWARDED_H
#define TOLLGATE_GATEWAY_EDGE_FORWARDED_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum { FORWARDED_NETS_MAX = 32, FORWARDED_HOPS_MAX = 16, FORWARDED_ADDRESS_SIZE = 46 };

struct forwarded_net {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint32_t bits;       /* of the 128 */
};
struct forwarded_trust {
    struct forwarded_net nets[FORWARDED_NETS_MAX];
    uint32_t count;
};

/* Adds "10.0.0.0/8", "192.0.2.4" or "2001:db8::/32": 0, -EINVAL, or -ENOSPC when there are too
 * many. */
must_use int forwarded_trust_add(struct forwarded_trust *trust, struct span text);

/* Whether this peer is one of them. */
must_use bool forwarded_trusts(const struct forwarded_trust *trust, struct span peer);

/* The client's address: the peer's own, or what a trusted peer says in `header` (x-forwarded-for,
 * may be empty). What is no address there ends the reading at the hop behind it; brackets are taken
 * off, so a header never says more than FORWARDED_ADDRESS_SIZE - 1 bytes. Borrows from its
 * arguments. */
must_use struct span forwarded_client(const struct forwarded_trust *trust, struct span peer,
                                      struct span header);

/* Whether the client's connection is TLS: ours is, or a trusted peer says so in `header`
 * (x-forwarded-proto). */
must_use bool forwarded_secure(const struct forwarded_trust *trust, struct span peer, bool is_tls,
                               struct span header);

#endif
