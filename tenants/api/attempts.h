/*
 * attempts: where a request went before it was answered, as a person reads it. From what billing
 * keeps of the event (tollgate.request_log.attempts). Pure.
 */
#ifndef TOLLGATE_TENANTS_API_ATTEMPTS_H
#define TOLLGATE_TENANTS_API_ATTEMPTS_H

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/json.h"

enum { ATTEMPTS_MAX = 16, ATTEMPT_REASON_SIZE = 128 };

struct attempt {
    struct uuid deployment;           /* zero: not told */
    struct span provider;             /* at == NULL: not told */
    int64_t status;                   /* of HTTP; 0: nothing answered */
    int64_t started_ms;               /* since the request's start; -1: not told */
    int64_t ms;                       /* -1: not told */
    char reason[ATTEMPT_REASON_SIZE]; /* why it failed, in plain words; empty: it did not */
    bool delivered;                   /* the client got this one */
    int64_t cost_pico;
};

/* Reads a JSON array as billing wrote it, in order; what it cannot read it leaves out. Texts live
 * in the arena or in `json`. Returns how many there are. */
must_use size_t attempts_read(struct span json, struct arena *arena,
                              struct attempt attempts_out[ATTEMPTS_MAX]);

#endif
