/*
 * audited: see audited.h.
 */
#include "tenants/store/audited.h"

#define ARENA_CHUNK_BYTES 16384
#define ARENA_MAX_BYTES ((size_t)4 << 20)

/* Empty when there is no such object. */
static enum store_outcome look(struct pg *pg, const struct audited *what, struct arena *arena,
                               struct span *json_out, struct store_error *error_out)
{
    bool alone = what->kind == ID_TENANT || uuid_is_zero(what->tenant);
    const struct pg_param one[] = {PG_UUID(what->id), {.kind = PG_PARAM_END}};
    const struct pg_param two[] = {
        PG_UUID(what->tenant), PG_UUID(what->id), {.kind = PG_PARAM_END}};
    enum store_outcome outcome =
        view_object(pg, what->view, alone ? one : two, arena, json_out, error_out);
    return outcome == STORE_NOT_FOUND ? STORE_OK : outcome;
}

enum store_outcome audited_run(struct pg *pg, const struct store_actor *actor,
                               const struct audited *what,
                               enum store_outcome (*change)(struct pg *pg, const void *with,
                                                            struct store_error *error_out),
                               const void *with, struct store_error *error_out)
{
    struct arena *arena = arena_new(ARENA_CHUNK_BYTES, ARENA_MAX_BYTES);
    struct store_mutation mutation = {.action = what->action, .tenant = what->tenant};
    char subject[ID_TEXT_SIZE];
    id_format(what->kind, what->id, subject);
    mutation.subject = span_of(subject);
    enum store_outcome outcome = look(pg, what, arena, &mutation.before, error_out);
    if (outcome == STORE_OK)
        outcome = change(pg, with, error_out);
    if (outcome == STORE_OK)
        outcome = look(pg, what, arena, &mutation.after, error_out);
    if (outcome == STORE_OK)
        outcome = store_audit(pg, actor, &mutation, error_out);
    arena_free(arena);
    return outcome;
}
