/*
 * change: see change.h.
 */
#include "tenants/api/change.h"

enum { REASON_BYTES_MAX = 16384 };

/* Empty when there is no such object. */
static enum store_outcome look(struct api *api, const struct change *change, struct span *json_out,
                               struct store_error *error_out)
{
    enum store_outcome outcome =
        view_object(api->pg, change->view, change->params, api->arena, json_out, error_out);

    return outcome == STORE_NOT_FOUND ? STORE_OK : outcome;
}

/* {"reason": "…", then what the object says of itself}. */
static void add_reason(struct api *api, const struct change *change, struct span *after)
{
    cleanup(buf_done) struct buf text = buf_make(after->size + REASON_BYTES_MAX);
    struct json_writer w = json_writer_make(&text);

    if (change->reason.size == 0 || after->size < 2)
        return;
    json_begin(&w, '{');
    json_put_string(&w, "reason", change->reason);
    buf_printf(&text, ",%.*s", SPAN_ARG(span_part(*after, 1, SIZE_MAX)));
    if (!buf_failed(&text))
        *after = arena_span(api->arena, buf_span(&text));
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
    add_reason(api, change, &mutation.after);
    if (outcome == STORE_OK)
        outcome = store_audit(api->pg, &api->actor, &mutation, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    return api_one(api, change->view, change->what, change->params);
}
