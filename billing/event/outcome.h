/*
 * outcome: how a request ended, and where its meters came from: words of the usage event.
 */
#ifndef TOLLGATE_BILLING_EVENT_OUTCOME_H
#define TOLLGATE_BILLING_EVENT_OUTCOME_H

#include "common/base/attr.h"

/* Numbers as in tollgate.outcomes. */
enum event_outcome {
    OUTCOME_FINISHED = 1,
    OUTCOME_PROVIDER_FAILED = 2,   /* dispatched, no output came */
    OUTCOME_PROVIDER_DIED = 3,     /* after some output */
    OUTCOME_CLIENT_LEFT = 4,       /* after the first output token */
    OUTCOME_CLIENT_LEFT_EARLY = 5, /* before any output */
    OUTCOME_CRASH = 6,             /* our gateway died before FINAL; made by recovery */
    OUTCOME_BLANK = 7,             /* an empty answer with an error finish */
    OUTCOME_CACHED = 8,
    OUTCOME_NOT_DISPATCHED = 9, /* admitted, then nothing went out */
};

enum usage_from { USAGE_NONE = 0, USAGE_PROVIDER = 1, USAGE_COUNTED = 2, USAGE_CRASH = 3 };

must_use const char *event_outcome_name(enum event_outcome outcome);
must_use const char *usage_from_name(enum usage_from from);

#endif
