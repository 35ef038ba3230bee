/*
 * listener: bound, listening sockets: one per worker on the same port (SO_REUSEPORT), so that the
 * kernel spreads the connections and no two workers share a queue.
 */
#ifndef TOLLGATE_GATEWAY_LISTENER_H
#define TOLLGATE_GATEWAY_LISTENER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Opens `count` sockets on "127.0.0.1:8080" or "[::1]:0"; port 0 takes a free one, the same for
 * all. `share`: another process of this user may have the port too. 0 with the descriptors, the
 * caller's, and the port; or -errno with a sentence in `why`, and none is left open. */
must_use int listener_open(const char *address, bool share, uint32_t count, int *fds_out,
                           uint16_t *port_out, struct buf *why);

#endif
