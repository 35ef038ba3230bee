/*
 * change: see change.h.
 */
#include "tenants/api/change.h"

/* Empty when there is no such object. */
static enum store_outcome look(struct api *api, const struct change *change, struct span *json_out,
                               struct store_error *error_out)
{
    enum store_outcome outcome =
        view_object(api->pg, change->view, change->params, api->arena, json_out, error_out);

    return outcome == STORE_NOT_FOUND ? STORE_OK : outcome;
}

enum api_outcome change_run(struct api *api, const struct change *change)
{
    struct store_mutation mutation = {.action = change->action, .subject = change->subject};
    struct store_error error;
    enum store_outcome outcome = look(api, change, &mutation.before, &error);

    if (outcome == STORE_OK)
        outcome = change->run(api->pg, change->with, &error);
    if (outcome == STORE_OK)
        outcome = look(api, change, &mutation.after, &error);
    if (outcome == STORE_OK)
        outcome = store_audit(api->pg, &api->actor, &mutation, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    return api_one(api, change->view, change->what, change->params);
}
