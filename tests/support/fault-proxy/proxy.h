/*
 * proxy: TCP connections that are handed on to a target, as well or as badly as the policy wants.
 *
 * One thread, one epoll set. Holds at most 256 KiB each way and connection: a reader that does not
 * read stops the writer, as without a proxy.
 */
#ifndef TOLLGATE_FAULT_PROXY_PROXY_H
#define TOLLGATE_FAULT_PROXY_PROXY_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/tcp.h"
#include "policy.h"

struct proxy;

/* Listens at `listen`, hands on to `target`, takes lines at `control`; each "HOST:PORT" in numbers,
 * port 0 takes a free one. Writes the addresses it got. NULL and a text in `error` when it cannot.
 */
struct proxy_addresses {
    char listen[TCP_TEXT_SIZE], target[TCP_TEXT_SIZE], control[TCP_TEXT_SIZE];
};
must_use struct proxy *proxy_new(struct proxy_addresses *addresses, struct buf *error);
void proxy_free(struct proxy *proxy);

/* Serves until `stop_fd` becomes readable. 0 or -errno. */
must_use int proxy_run(struct proxy *proxy, int stop_fd);

#endif
