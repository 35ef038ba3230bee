/*
 * budget: see budget.h.
 */
#include "tenants/api/budget.h"

/* The choices begin behind WINDOW_NONE. */
static enum budget_window window_of(const struct field_value *window)
{
    return (enum budget_window)(window->choice + 1);
}

static enum api_outcome without_amount(struct api *api, const struct budget *now,
                                       const struct field_value *window, struct budget *budget_out)
{
    if (window->state == FIELD_ABSENT)
        return API_OK;
    if (window->state == FIELD_NULL && now->window != WINDOW_NONE)
        return api_fail_field(api, "budget_window", "set budget to null to take the budget away");
    if (window->state == FIELD_NULL)
        return API_OK;
    if (now->window == WINDOW_NONE)
        return api_fail_field(api, "budget_window", "goes with a budget, and there is none");
    budget_out->window = window_of(window);
    return API_OK;
}

enum api_outcome budget_read(struct api *api, const struct budget *now, struct budget *budget_out,
                             bool *named_out)
{
    const struct field_value *amount = api_body(api, "budget");
    const struct field_value *window = api_body(api, "budget_window");
    *budget_out = *now;
    *named_out = amount->state != FIELD_ABSENT || window->state != FIELD_ABSENT;
    switch (amount->state) {
    case FIELD_ABSENT:
        return without_amount(api, now, window, budget_out);
    case FIELD_NULL:
        if (window->state == FIELD_SET)
            return api_fail_field(api, "budget_window", "goes with a budget, and that is null");
        *budget_out = (struct budget){WINDOW_NONE, 0};
        return API_OK;
    case FIELD_SET:
        if (window->state == FIELD_NULL)
            return api_fail_field(api, "budget_window", "a budget counts over a window");
        budget_out->pico = amount->pico;
        if (window->state == FIELD_SET)
            budget_out->window = window_of(window);
        else if (now->window == WINDOW_NONE)
            budget_out->window = WINDOW_TOTAL;
        return API_OK;
    }
    return API_OK;
}
