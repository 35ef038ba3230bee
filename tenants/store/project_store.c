/*
 * project_store: see project_store.h.
 */
#include "tenants/store/project_store.h"

#include "tenants/store/audited.h"
#include "tenants/store/tenant_view.h"

static struct pg_param budget_or_null(enum budget_window window, int128 pico)
{
    return window == WINDOW_NONE ? PG_NULL : PG_NUMERIC(pico);
}

static struct pg_param window_or_null(enum budget_window window)
{
    return window == WINDOW_NONE ? PG_NULL : PG_STRING(words_name(&budget_window_words, window));
}

/* The one rule of names there is, said in words. */
static enum store_outcome name_taken(enum store_outcome outcome, struct span name,
                                     struct store_error *error_out)
{
    if (outcome != STORE_CONFLICT)
        return outcome;
    return store_fail(error_out, STORE_CONFLICT, "there is a project \"%.*s\" already",
                      SPAN_ARG(name));
}

struct making {
    struct uuid id;
    const struct project_new *project;
};

static enum store_outcome make(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct making *making = with;
    const struct project_new *project = making->project;
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the project",
        "INSERT INTO tollgate.projects (project_id, tenant_id, name, budget_pico, budget_window, "
        "preset_id) SELECT $1, $2::uuid, $3, $4::numeric, $5, $7::uuid WHERE (SELECT count(*) FROM "
        "tollgate.projects "
        "WHERE tenant_id = $2::uuid) < $6::int8",
        PG_UUID(making->id), PG_UUID(project->tenant), PG_TEXT(project->name),
        budget_or_null(project->budget_window, project->budget_pico),
        window_or_null(project->budget_window), PG_INT(PROJECTS_MAX),
        PG_UUID_OR_NULL(project->preset));
    outcome = name_taken(outcome, project->name, error_out);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_CONFLICT, "a tenant has at most %d projects",
                             (int)PROJECTS_MAX);
    return outcome;
}

enum store_outcome project_store_create(struct pg *pg, const struct store_actor *actor,
                                        const struct project_new *project, struct uuid *project_out,
                                        struct store_error *error_out)
{
    const struct making making = {uuid_new(), project};
    const struct audited what = {"project.create", project->tenant, ID_PROJECT, making.id,
                                 &project_view};
    enum store_outcome outcome = audited_run(pg, actor, &what, make, &making, error_out);
    if (outcome == STORE_OK)
        *project_out = making.id;
    return outcome;
}

enum store_outcome project_store_find(struct pg *pg, struct uuid tenant, struct span name,
                                      struct uuid *project_out, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "find the project",
                   "SELECT project_id FROM tollgate.projects WHERE tenant_id = $1 AND name = $2",
                   PG_UUID(tenant), PG_TEXT(name));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "the tenant has no project \"%.*s\"",
                          SPAN_ARG(name));
    *project_out = pg_get_uuid(rows, 0, 0);
    return STORE_OK;
}

enum store_outcome project_store_lock(struct pg *pg, struct uuid tenant, struct uuid project,
                                      struct project_state *state_out,
                                      struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    unsigned status = PROJECT_ACTIVE, window = WINDOW_NONE;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find the project",
        "SELECT revision, status, coalesce(budget_window, 'none'), coalesce(budget_pico, 0) "
        "FROM tollgate.projects WHERE tenant_id = $1 AND project_id = $2 FOR NO KEY UPDATE",
        PG_UUID(tenant), PG_UUID(project));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such project");
    if (words_find(&project_status_words, pg_get_text(rows, 0, 1), &status) < 0 ||
        words_find(&budget_window_words, pg_get_text(rows, 0, 2), &window) < 0)
        return store_fail(error_out, STORE_BROKEN, "the project is in an unknown state");
    *state_out = (struct project_state){
        .revision = pg_get_int64(rows, 0, 0),
        .status = (enum project_status)status,
        .budget_window = (enum budget_window)window,
        .budget_pico = pg_get_int128(rows, 0, 3),
    };
    return STORE_OK;
}

static enum store_outcome change_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct project_change *c = with;
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "change the project",
        "UPDATE tollgate.projects SET revision = revision + 1, name = coalesce($3, name), "
        "status = coalesce($4, status), "
        "budget_pico = CASE WHEN $5::boolean THEN $6::numeric ELSE budget_pico END, "
        "budget_window = CASE WHEN $5::boolean THEN $7::text ELSE budget_window END, "
        "preset_id = CASE WHEN $8::boolean THEN $9::uuid ELSE preset_id END "
        "WHERE tenant_id = $1 AND project_id = $2",
        PG_UUID(c->tenant), PG_UUID(c->project), c->has_name ? PG_TEXT(c->name) : PG_NULL,
        c->has_status ? PG_STRING(words_name(&project_status_words, c->status)) : PG_NULL,
        PG_BOOL(c->has_budget), budget_or_null(c->budget_window, c->budget_pico),
        window_or_null(c->budget_window), PG_BOOL(c->has_preset), PG_UUID_OR_NULL(c->preset));
    outcome = name_taken(outcome, c->name, error_out);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such project");
    if (outcome == STORE_OK && c->has_budget)
        outcome = store_exec(pg, NULL, error_out, "begin the budget",
                             "SELECT tollgate.budget_begin('project', $1)", PG_UUID(c->project));
    return outcome;
}

enum store_outcome project_store_change(struct pg *pg, const struct store_actor *actor,
                                        const struct project_change *change,
                                        struct store_error *error_out)
{
    const struct audited what = {"project.update", change->tenant, ID_PROJECT, change->project,
                                 &project_view};
    return audited_run(pg, actor, &what, change_row, change, error_out);
}
