/*
 * budget: what a body says of a budget, by its members `budget` and `budget_window`: those of keys
 * and of projects.
 */
#ifndef TOLLGATE_TENANTS_API_BUDGET_H
#define TOLLGATE_TENANTS_API_BUDGET_H

#include "common/base/money.h"
#include "tenants/api/api.h"
#include "tenants/model/tenant.h"

struct budget {
    enum budget_window window; /* WINDOW_NONE: none */
    int128 pico;
};

/* Rows of a body's table. */
#define BUDGET_FIELDS(may_be_null)                                                                 \
    {.name = "budget", .type = FIELD_USD, .nullable = (may_be_null)},                              \
    {                                                                                              \
        .name = "budget_window", .type = FIELD_CHOICE, .choices = "total|day|week|month",          \
        .nullable = (may_be_null)                                                                  \
    }

/* What `now` becomes. A budget without a window keeps the one it has, and else counts over all
 * time; a window needs a budget; null takes both away. *named_out: the body speaks of it at all.
 * API_FAILED when the two do not fit together, which has been said. */
must_use enum api_outcome budget_read(struct api *api, const struct budget *now,
                                      struct budget *budget_out, bool *named_out);

#endif
