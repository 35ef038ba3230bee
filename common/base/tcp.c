/*
 * tcp: see tcp.h.
 */
#include "common/base/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/span.h"

enum { BACKLOG = 4096 }; /* the kernel cuts it to net.core.somaxconn */

int tcp_parse(const char *text, struct tcp_address *address_out)
{
    const char *colon = strrchr(text, ':');
    struct tcp_address address = {.size = 0};
    struct sockaddr_in *v4 = (void *)&address.at;
    struct sockaddr_in6 *v6 = (void *)&address.at;
    char name[INET6_ADDRSTRLEN];
    struct span host;
    int64_t port;

    if (colon == NULL || span_int64(span_of(colon + 1), &port) != 0 || port < 0 || port > 65535)
        return -EINVAL;
    host = span_part(span_of(text), 0, (size_t)(colon - text));
    if (span_is(host, "localhost"))
        host = span_of("127.0.0.1");
    if (span_starts(host, "[") && span_ends(host, "]"))
        host = span_part(host, 1, host.size - 2);
    if (host.size >= sizeof(name))
        return -EINVAL;
    memcpy(name, host.at, host.size);
    name[host.size] = '\0';
    if (inet_pton(AF_INET, name, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        address.size = sizeof(*v4);
    } else if (inet_pton(AF_INET6, name, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        address.size = sizeof(*v6);
    } else {
        return -EINVAL;
    }
    *address_out = address;
    return 0;
}

uint16_t tcp_port(const struct tcp_address *address)
{
    /* It stands at the same place in both families. */
    return ntohs(((const struct sockaddr_in *)(const void *)&address->at)->sin_port);
}

void tcp_format(const struct tcp_address *address, char text_out[TCP_TEXT_SIZE])
{
    const struct sockaddr_in *v4 = (const void *)&address->at;
    const struct sockaddr_in6 *v6 = (const void *)&address->at;
    bool six = address->at.ss_family == AF_INET6;
    char host[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(address->at.ss_family, six ? (const void *)&v6->sin6_addr : &v4->sin_addr, host,
                    sizeof(host));
    snprintf(text_out, TCP_TEXT_SIZE, six ? "[%s]:%u" : "%s:%u", host, tcp_port(address));
}

static int open_bound(const struct tcp_address *address, bool share)
{
    int on = 1, error;
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        (!share || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
        bind(fd, (const struct sockaddr *)&address->at, address->size) == 0)
        return fd;
    error = -errno;
    close(fd);
    return error;
}

int tcp_listen(struct tcp_address *address, bool share)
{
    int error, fd = open_bound(address, share);

    if (fd < 0 || (listen(fd, BACKLOG) == 0 &&
                   getsockname(fd, (struct sockaddr *)&address->at, &address->size) == 0))
        return fd;
    error = -errno;
    close(fd);
    return error;
}

int tcp_check_free(const struct tcp_address *address)
{
    int fd = open_bound(address, false);

    if (fd < 0)
        return fd;
    close(fd);
    return 0;
}
