/*
 * verdict: what an attempt's end means: for the request, and for the deployment. Pure.
 *
 * The rules are docs/routing.md's: what can be the provider's bad moment goes to the next candidate
 * at once; what is our fault (credential, model name) goes on too, with the deployment put aside;
 * what is the client's fault is told to the client.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_VERDICT_H
#define TOLLGATE_GATEWAY_ROUTE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "tenants/model/preset.h"

/* How an attempt ended without an answer that can be delivered. */
enum attempt_fault {
    FAULT_CONNECT,     /* no connection: nothing was sent */
    FAULT_STALE,       /* a kept connection was dead: a moment's bad luck, no outage */
    FAULT_RESET,       /* broke before the answer was whole */
    FAULT_FIRST_TOKEN, /* no content within its time */
    FAULT_IDLE,        /* silence between chunks */
    FAULT_TOTAL,       /* the whole time is over */
    FAULT_DEADLINE,    /* the client's own time for the request is over */
    FAULT_BLOCKED,     /* it answered with nothing, because of what was asked */
    FAULT_MOCKED,      /* not sent: the client wants to see what follows */
    FAULT_STATUS,      /* an HTTP status that is no success; see `status` */
    FAULT_NONSENSE,    /* a success whose body is none */
    FAULT_TRUNCATED,   /* a stream without its end marker */
    FAULT_STREAM,      /* an error inside the stream */
    FAULTS
};
must_use const char *attempt_fault_name(enum attempt_fault fault);

enum verdict {
    VERDICT_NEXT,    /* try the next candidate */
    VERDICT_PASS_ON, /* the client's own fault: told as the provider said it */
    VERDICT_GIVE_UP, /* neither: not to be tried again, not the client's fault */
};

/* Whose fault an outage or a cooldown is. */
enum verdict_blame {
    BLAME_DEPLOYMENT,
    BLAME_CREDENTIAL_HERE, /* this credential's, at this deployment: another may serve */
    BLAME_CREDENTIAL,      /* this credential's, wherever it is used */
};

struct verdict_in {
    enum attempt_fault fault;
    int status;             /* of FAULT_STATUS, or of an error in a stream that tells one; else 0 */
    const char *code;       /* the provider's error code; may be "" */
    enum preset_fall about; /* by the words of its error; FALL_ERROR: neither of the others */
    bool hurried;           /* the time that was over was shorter than the deployment's own */
    bool path_unsure; /* not every such provider has this path: a 404 says nothing of the model */
    bool stream;
    bool content; /* some was already sent to the client */
    int64_t retry_after_ms;
};

struct verdict_out {
    enum verdict verdict;
    int64_t outage_ms;   /* goes behind the others for so long; 0: no outage */
    int64_t cooldown_ms; /* out for so long: its credential or name is wrong; 0: not */
    enum verdict_blame blame;
    bool blameless;        /* it says nothing of the deployment */
    enum preset_fall fall; /* of VERDICT_PASS_ON too: who else may take it */
};

must_use struct verdict_out verdict_of(const struct verdict_in *in);

#endif
