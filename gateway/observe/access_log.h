/*
 * access_log: one JSON line per request, written by a thread of its own.
 *
 * Each worker has a ring; putting a line into it makes no system call and never waits. A log that
 * is behind loses lines and counts them. Never prompts, answers or secrets.
 */
#ifndef TOLLGATE_GATEWAY_OBSERVE_ACCESS_LOG_H
#define TOLLGATE_GATEWAY_OBSERVE_ACCESS_LOG_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/span.h"

struct access_log;  /* the process's */
struct access_ring; /* a worker's */

/* One line. Spans are copied, cut at ACCESS_TEXT_MAX. */
enum { ACCESS_TEXT_MAX = 95 };
struct access_entry {
    int64_t time_ms;                  /* wall clock, when the request came */
    struct uuid request, tenant, key; /* zero: unknown */
    const char *endpoint;             /* constants of the source */
    const char *outcome;              /* "finished", "client_left", …; NULL for none */
    const char *error;                /* our word; NULL for none */
    struct span model, provider, peer;
    int32_t status; /* 499: the client left before a head */
    int32_t attempts;
    bool stream, test;
    int64_t first_token_ms, total_ms, overhead_us; /* -1: unknown */
    int64_t tokens_in, tokens_out;
    int64_t charge_pico;
};

/* Writes to `path` ("-": standard output; "": nowhere), made with mode 0640, appended. 0 or -errno.
 */
must_use int access_log_open(const char *path, uint32_t workers, struct access_log **log_out);
/* Writes what is left and stops the thread. */
void access_log_close(struct access_log *log);
/* Opens the path again, after a rotation. Any thread. */
void access_log_reopen(struct access_log *log);

must_use struct access_ring *access_log_ring(struct access_log *log, uint32_t worker);
/* False when the ring was full and the line is lost. `ring` may be NULL: no log is kept. */
bool access_put(struct access_ring *ring, const struct access_entry *entry);

#endif
