/*
 * listener: see listener.h.
 */
#include "gateway/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/span.h"

enum { BACKLOG = 4096 };

struct address {
    struct sockaddr_storage at;
    socklen_t size;
};

static int parse(const char *text, struct address *address_out)
{
    struct span whole = span_of(text), host;
    const char *colon = strrchr(text, ':');
    struct sockaddr_in *v4 = (void *)&address_out->at;
    struct sockaddr_in6 *v6 = (void *)&address_out->at;
    char name[INET6_ADDRSTRLEN];
    int64_t port;

    memset(address_out, 0, sizeof(*address_out));
    if (colon == NULL || span_int64(span_of(colon + 1), &port) != 0 || port < 0 || port > 65535)
        return -EINVAL;
    host = span_part(whole, 0, (size_t)(colon - text));
    if (span_starts(host, "[") && span_ends(host, "]"))
        host = span_part(host, 1, host.size - 2);
    if (host.size >= sizeof(name))
        return -EINVAL;
    memcpy(name, host.at, host.size);
    name[host.size] = 0;
    if (inet_pton(AF_INET, name, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        address_out->size = sizeof(*v4);
        return 0;
    }
    if (inet_pton(AF_INET6, name, &v6->sin6_addr) != 1)
        return -EINVAL;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    address_out->size = sizeof(*v6);
    return 0;
}

static int open_one(const struct address *address, int *fd_out)
{
    int on = 1;
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&address->at, address->size) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    *fd_out = fd;
    return 0;
}

/* Another process of the same user could share the port unseen; so the first socket is tried
 * without SO_REUSEPORT. */
static int check_free(const struct address *address)
{
    int on = 1, error = 0;
    int fd = socket(address->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&address->at, address->size) != 0)
        error = -errno;
    close(fd);
    return error;
}

int listener_open(const char *text, bool share, uint32_t count, int *fds_out, uint16_t *port_out,
                  struct buf *why)
{
    struct address address;
    uint32_t made = 0;
    int error = parse(text, &address);

    if (error != 0) {
        buf_printf(why, "\"%s\" is not an IP address and a port", text);
        return error;
    }
    if (!share)
        error = check_free(&address);
    while (error == 0 && made < count) {
        error = open_one(&address, &fds_out[made]);
        if (error == 0 && made++ == 0 &&
            getsockname(fds_out[0], (struct sockaddr *)&address.at, &address.size) != 0)
            error = -errno;
    }
    if (error == 0) {
        /* The port stands at the same place in both families. */
        *port_out = ntohs(((const struct sockaddr_in *)(const void *)&address.at)->sin_port);
        return 0;
    }
    while (made > 0)
        close(fds_out[--made]);
    buf_printf(why, "cannot listen on %s: %s", text, strerror(-error));
    return error;
}
