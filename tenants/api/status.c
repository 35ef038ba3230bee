/*
 * status: how the programs are: for operators, and for tollgatectl.
 */
#include "tenants/store/status_store.h"

#include "tenants/api/count.h"
#include "tenants/api/time_range.h"

static const struct pg_param none = {.kind = PG_PARAM_END};

/* A member that is one row of a view, as an object. */
static enum store_outcome put_object(struct api *api, const char *name, const struct view *view,
                                     struct json_writer *w, struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = view_read(api->pg, view, &none, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    if (name == NULL) {
        view_write_members(view, rows, 0, w);
        return STORE_OK;
    }
    json_name(w, name);
    view_write_row(view, rows, 0, w);
    return STORE_OK;
}

static enum store_outcome put_list(struct api *api, const char *name, const struct view *view,
                                   struct json_writer *w, struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = view_read(api->pg, view, &none, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    json_name(w, name);
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        view_write_row(view, rows, i, w);
    json_end(w, ']');
    return STORE_OK;
}

static enum store_outcome put_problems(struct api *api, struct json_writer *w,
                                       struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = status_store_problems(api->pg, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    json_put_bool(w, "ok", pg_rows_count(rows) == 0);
    json_name(w, "problems");
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        json_write_string(w, pg_get_text(rows, i, 0));
    json_end(w, ']');
    return STORE_OK;
}

static void put_control(const struct api *api, struct json_writer *w)
{
    json_name(w, "control");
    json_begin(w, '{');
    json_put_cstring(w, "version", TOLLGATE_VERSION);
    time_put(w, "started_at", api->counts->started_ms);
    json_put_int64(w, "threads", api->counts->threads);
    json_put_int64(w, "waiting", atomic_load(&api->counts->waiting));
    json_end(w, '}');
}

static enum api_outcome status(struct api *api)
{
    static const struct {
        const char *name; /* NULL: its members stand beside the others */
        const struct view *view;
        bool list;
    } parts[] = {
        {"database", &status_database_view, false}, {"snapshot", &status_snapshot_view, false},
        {"gateways", &status_gateways_view, true},  {"sources", &status_sources_view, true},
        {NULL, &status_sums_view, false},
    };
    struct json_writer *w = api_json(api);
    struct store_error error = {""};

    json_begin(w, '{');
    time_put(w, "checked_at", api->now_ms);
    enum store_outcome outcome = put_problems(api, w, &error);
    put_control(api, w);
    for (size_t i = 0; i < array_size(parts) && outcome == STORE_OK; i++)
        outcome =
            (parts[i].list ? put_list : put_object)(api, parts[i].name, parts[i].view, w, &error);
    json_end(w, '}');
    return api_store(api, outcome, &error);
}

static const struct api_route table[] = {
    ROUTE(API_GET, "/status", ROLE_OPERATOR, NULL, status),
};
const struct api_routes status_routes = API_ROUTES(table);
