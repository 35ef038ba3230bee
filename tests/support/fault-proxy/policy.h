/*
 * policy: what the proxy does to the connections that pass it, set by lines of text. Pure.
 */
#ifndef TOLLGATE_FAULT_PROXY_POLICY_H
#define TOLLGATE_FAULT_PROXY_POLICY_H

#include <stdint.h>

#include "common/base/span.h"

/* What happens to a new connection. */
enum admit { ADMIT_PASS, ADMIT_REFUSE, ADMIT_BLACKHOLE };

/* How a connection ends at its byte limit. */
enum limit { LIMIT_NONE, LIMIT_RESET, LIMIT_CUT };

/* Towards the target, or back to the client. */
enum way { WAY_UP, WAY_DOWN, WAYS };

struct policy {
    enum admit admit;
    int64_t admit_left;  /* connections it holds for; -1: all */
    bool stopped;        /* no byte is forwarded, in either way */
    int64_t delay_ms;    /* of every byte, each way */
    int64_t bytes_per_s; /* each way and connection; 0: as fast as it goes */
    enum limit limit;
    enum way limit_way;
    int64_t limit_bytes; /* forwarded that way on one connection, from its beginning */
};

/* What a line wants done at once. */
enum action {
    ACTION_NONE,       /* the policy changed, or nothing had to be done */
    ACTION_RESET_ALL,  /* RST every connection */
    ACTION_CLOSE_ALL,  /* FIN every connection */
    ACTION_HALF_CLOSE, /* FIN the way that is told, go on with the other */
    ACTION_UNLISTEN,   /* new connections are refused by the kernel */
    ACTION_LISTEN,
    ACTION_STATS,
    ACTION_BAD, /* not understood; nothing changed */
};

/* Reads one line. `way_out` belongs to ACTION_HALF_CLOSE. */
must_use enum action policy_read(struct policy *policy, struct span line, enum way *way_out);

/* What to do with a connection that has just come. Counts it. */
must_use enum admit policy_admit(struct policy *policy);

#define POLICY_HELP                                                                                \
    "pass | refuse [N] | blackhole [N] | stop | resume | delay MS | rate BYTES_PER_S | "           \
    "reset-after N [up|down] | cut-after N [up|down] | half-close up|down | reset | close | "      \
    "unlisten | listen | stats"

#endif
