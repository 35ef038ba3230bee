/*
 * load: calls that begin when they are due, whether or not earlier ones have ended; so a server
 * that is slow meets as many as one that is quick, and a call's time counts from when it was due.
 *
 * One thread, one epoll set, connections kept alive and opened as they are needed.
 */
#ifndef TOLLGATE_OPEN_LOAD_LOAD_H
#define TOLLGATE_OPEN_LOAD_LOAD_H

#include <stdint.h>
#include <stdio.h>

#include "common/base/span.h"
#include "common/base/tcp.h"

struct load_plan {
    struct tcp_address address;
    struct span request; /* head and body as they are sent; borrowed. A run of '@', four at
                            least, becomes the call's number, from 0, in as many digits */
    const char *marker;  /* what a whole body has in it; "" : nothing */
    double rate;         /* a second, by Poisson's law; 0: one call behind the other */
    int64_t duration_us; /* of the rate */
    int64_t calls;       /* at most so many */
    int64_t timeout_us;  /* of one call */
    uint64_t seed;
};

/* Writes a line for each call when it has ended: when it was due, in µs from the beginning; µs
 * until its first byte and until its end; the status (0: none came); attempts as the head tells;
 * and one word: whole, unmarked (whole, but without the marker), error (whole, with the member
 * "error" in it), broken, late (not within its time). 0 or -errno. */
must_use int load_run(const struct load_plan *plan, FILE *out);

#endif
