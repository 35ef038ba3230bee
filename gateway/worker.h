/*
 * worker: one thread with its loop: clients, providers, journal, leases, snapshot.
 *
 * Made and freed by the control thread, runs on its own. Shares nothing with other workers but what
 * struct gateway says.
 */
#ifndef TOLLGATE_GATEWAY_WORKER_H
#define TOLLGATE_GATEWAY_WORKER_H

#include "gateway/flow/flow.h"
#include "gateway/gateway.h"

struct prober;
struct reverse;

struct worker {
    struct gateway *gateway; /* shared */
    uint32_t index;
    pthread_t thread;
    struct httpd *httpd;
    struct flow_worker flow;
    struct prober *prober;   /* of the first worker; NULL: of all others */
    int64_t probed_ms;       /* when it was told the time last */
    struct reverse *reverse; /* NULL: the control plane is not reached through here */
    struct journal *journal;
    struct admit *admit;
    struct httpd_watch *journal_watch, *admit_watch, *wake_watch;
    int wake_fd;
    uint64_t generation; /* of the snapshot the flow has */
    struct httpd_timer tick;
    int64_t gauges_ms; /* when they were published last */
};

must_use struct worker *worker_new(struct gateway *gateway, uint32_t index);
/* Gives it a socket to take clients from; before worker_start(). */
void worker_listen(struct worker *worker, int fd, struct httpd_tls *tls);
void worker_start(struct worker *worker);
/* There is a new snapshot. Any thread. */
void worker_wake(struct worker *worker);
/* Drains for at most so long. Any thread; again with less to hurry. */
void worker_stop(struct worker *worker, uint32_t drain_ms);
void worker_join(struct worker *worker);
void worker_free(struct worker *worker); /* after worker_join(); NULL is fine */

/* dispatch.c: what httpd calls; `context` is the worker. */
void dispatch_request(void *context, struct httpd_request *request);
void dispatch_refusal(void *context, struct httpd_request *request, int status, const char *why);
/* site.c: what is served around the API: the control plane and the console. True when the request
 * was taken; false: nothing is there. */
must_use bool site_serve(struct worker *worker, const struct call *call);
/* Is the endpoint of a site, and does this gateway have it? True for all of the API. */
must_use bool site_has(const struct worker *worker, enum endpoint endpoint);

/* {"status":"ok"}, or why not; also for the ops listener. */
void dispatch_health(struct gateway *gateway, struct httpd_request *request,
                     const struct reply_head *head, bool ready);

#endif
