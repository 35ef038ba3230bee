/*
 * listener: see listener.h.
 */
#include "gateway/listener.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/tcp.h"

int listener_open(const char *text, bool share, uint32_t count, int *fds_out, uint16_t *port_out,
                  struct buf *why)
{
    struct tcp_address address;
    uint32_t made = 0;
    int error = tcp_parse(text, &address);

    if (error != 0) {
        buf_printf(why, "\"%s\" is not an IP address and a port", text);
        return error;
    }
    /* Another process of the same user could share the port unseen; so it is tried alone first. */
    if (!share)
        error = tcp_check_free(&address);
    for (; error == 0 && made < count; made++) {
        fds_out[made] = tcp_listen(&address, true);
        if (fds_out[made] < 0) {
            error = fds_out[made];
            break;
        }
    }
    if (error == 0) {
        *port_out = tcp_port(&address);
        return 0;
    }
    while (made > 0)
        close(fds_out[--made]);
    buf_printf(why, "cannot listen on %s: %s", text, strerror(-error));
    return error;
}
