/*
 * server: the control plane's listener: takes calls on one loop, has them performed by the pool,
 * and answers.
 *
 * What needs no database (no such path or method, a body that is too large, too many calls) is
 * answered on the loop at once. A client that leaves does not stop what it asked for.
 */
#ifndef TOLLGATE_TENANTS_API_SERVER_H
#define TOLLGATE_TENANTS_API_SERVER_H

#include "common/base/scrape.h"
#include "tenants/api/perform.h"

struct server_settings {
    const struct performing *performing; /* borrowed */
    struct scrape *scrape;               /* borrowed; NULL: nobody asks for metrics */
    size_t threads;
    size_t waiting_max; /* calls that may wait for a thread; 503 above it */
    uint32_t drain_ms;  /* how long calls may still take once it is told to stop */
    int listen_fd;      /* bound and listening; taken */
    int stop_fd;        /* thread_stop_fd(): readable when the server is to stop; borrowed */
};

struct server;

must_use struct server *server_new(const struct server_settings *settings);
/* Serves until it is told to stop, and then until all calls are answered or drain_ms is over. */
void server_run(struct server *server);
void server_free(struct server *server);

#endif
