/*
 * step: the names of a flow's steps, and what a step says when it returns. Private to gateway/flow.
 */
#ifndef TOLLGATE_GATEWAY_FLOW_STEP_H
#define TOLLGATE_GATEWAY_FLOW_STEP_H

enum step {
    STEP_AUTH,
    STEP_ASK,
    STEP_IDEMPOTENCY,
    STEP_GUARD_IN,
    STEP_CACHE,
    STEP_ADMIT,
    STEP_ROUTE,
    STEP_SEND,
    STEP_RELAY,
    STEP_GUARD_OUT,
    STEP_SETTLE,
    STEP_DONE
};

enum go {
    GO_NEXT,
    GO_WAIT,  /* a callback runs us again */
    GO_ROUTE, /* back: another attempt */
    GO_SEND,  /* back: one beside the one that runs */
    GO_END,   /* to settle: refused, failed, or the client left */
};

#endif
