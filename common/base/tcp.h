/*
 * tcp: addresses as settings name them, and sockets that listen on them.
 *
 * Numbers only: names are resolved by nobody but "localhost" by this file. Sockets are non-blocking
 * and closed on exec. Any thread.
 */
#ifndef TOLLGATE_COMMON_BASE_TCP_H
#define TOLLGATE_COMMON_BASE_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/attr.h"

enum { TCP_TEXT_SIZE = 64 };

struct tcp_address {
    struct sockaddr_storage at;
    socklen_t size;
};

/* "127.0.0.1:8080", "[::1]:0" or "localhost:80"; 0, or -EINVAL. */
must_use int tcp_parse(const char *text, struct tcp_address *address_out);
void tcp_format(const struct tcp_address *address, char text_out[TCP_TEXT_SIZE]);
must_use uint16_t tcp_port(const struct tcp_address *address);

/* Binds and listens. Port 0 takes a free one, and stands in the address then. With `share` other
 * sockets of this user may have the same port (SO_REUSEPORT). The descriptor, the caller's, or
 * -errno. */
must_use int tcp_listen(struct tcp_address *address, bool share);

/* Whether tcp_listen() without `share` would take it: 0, or -errno. */
must_use int tcp_check_free(const struct tcp_address *address);

#endif
