/*
 * gateway: what all threads of the process share. Filled by control.c before the first worker runs.
 *
 * Immutable from then on, but for what says otherwise.
 */
#ifndef TOLLGATE_GATEWAY_GATEWAY_H
#define TOLLGATE_GATEWAY_GATEWAY_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/base/digest.h"
#include "common/httpd/httpd.h"
#include "common/httpd/tls.h"
#include "gateway/admit/broker.h"
#include "gateway/admit/limits.h"
#include "gateway/config.h"
#include "gateway/journal/journals.h"
#include "gateway/journal/shipper.h"
#include "gateway/observe/access_log.h"
#include "gateway/observe/metrics.h"
#include "gateway/route/board.h"
#include "gateway/snapshot/loader.h"

struct worker;
struct ops;
struct adoption;
struct console;

/* The newest snapshot: set by the loader's thread, taken by workers at the begin of a turn. */
struct newest {
    pthread_mutex_t lock; /* for the pointer and its reference only */
    struct snapshot *snapshot;
    _Atomic uint64_t generation;
};

struct gateway {
    struct config config;
    struct uuid id;             /* new for every start */
    struct sha256 response_key; /* of the ids by which clients name responses */
    int64_t started_ms;
    uint32_t worker_count;
    uint32_t max_connections; /* of the config, or what the limit of descriptors allows */
    struct worker **workers;
    struct metrics **metrics; /* one per worker */
    struct journals *journals;
    struct shipper *shipper; /* NULL: billing reads the journals itself */
    struct adoption *adoption;
    struct broker *broker;
    struct limits *limits;
    struct board *board; /* of the providers' health */
    struct loader *loader;
    struct access_log *access_log; /* NULL: none is kept */
    struct httpd_tls *tls;         /* NULL: no TLS */
    struct console *console;       /* NULL: none is served */
    struct ops *ops;
    struct newest newest;
    _Atomic size_t bodies_bytes; /* held by all workers' connections */
    _Atomic bool draining;       /* not ready any more */
    _Atomic bool workers_done;   /* all have ended */
    uint16_t port, tls_port, ops_port;
};

/* A reference of the caller's, or NULL when there is none yet. Any thread. */
must_use struct snapshot *gateway_snapshot(struct gateway *gateway);

/* Can requests be served? NULL, or the reason why not. Any thread. */
must_use const char *gateway_not_ready(struct gateway *gateway);

#endif
