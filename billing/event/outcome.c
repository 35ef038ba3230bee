/*
 * outcome: see outcome.h.
 */
#include "billing/event/outcome.h"

#include <stddef.h>

static const char *const outcome_names[] = {
    [0] = "",
    [OUTCOME_FINISHED] = "finished",
    [OUTCOME_PROVIDER_FAILED] = "provider_failed",
    [OUTCOME_PROVIDER_DIED] = "provider_died",
    [OUTCOME_CLIENT_LEFT] = "client_left",
    [OUTCOME_CLIENT_LEFT_EARLY] = "client_left_early",
    [OUTCOME_CRASH] = "crash",
    [OUTCOME_BLANK] = "blank",
    [OUTCOME_CACHED] = "cached",
    [OUTCOME_NOT_DISPATCHED] = "not_dispatched",
};

const char *event_outcome_name(enum event_outcome outcome)
{
    return (size_t)outcome < array_size(outcome_names) ? outcome_names[outcome] : "";
}

const char *usage_from_name(enum usage_from from)
{
    static const char *const names[] = {
        [USAGE_NONE] = "none",
        [USAGE_PROVIDER] = "provider",
        [USAGE_COUNTED] = "counted",
        [USAGE_CRASH] = "crash",
    };
    return (size_t)from < array_size(names) ? names[from] : "";
}
