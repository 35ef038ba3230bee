/*
 * things: see things.h.
 */
#include "tests/unit/tenants/api/things.h"

#include <stdatomic.h>

#include "tenants/api/api.h"

_Atomic int things_runs;

static const struct view_column thing_columns[] = {
    {.name = "name", .kind = VIEW_TEXT},
    {.name = "n", .kind = VIEW_INT},
    {.name = "etag", .kind = VIEW_ETAG},
};
static const struct view things_view =
    VIEW("SELECT name, n, revision, n::text AS at_n, name AS at_name FROM tollgate.things"
         " WHERE ($2::text IS NULL OR (n, name) > ($2::int8, $3::text))"
         "   AND ($4::text IS NULL OR name LIKE '%' || $4 || '%') ORDER BY things.n, things.name "
         "LIMIT $1",
         thing_columns, 2);
static const struct view same_things_view =
    VIEW("SELECT name, n, revision, n::text AS at_n, name AS at_name FROM tollgate.things"
         " WHERE ($2::text IS NULL OR (n, name) > ($2::int8, $3::text)) ORDER BY things.n, "
         "things.name LIMIT $1",
         thing_columns, 2);
static const struct view thing_view =
    VIEW("SELECT name, n, revision FROM tollgate.things WHERE name = $1", thing_columns, 0);

static enum api_outcome list_things(struct api *api)
{
    return api_list_of(api, &things_view, api_query_param(api, "q"));
}

static enum api_outcome list_others(struct api *api)
{
    return api_list_of(api, &same_things_view);
}

static enum api_outcome get_thing(struct api *api)
{
    return api_one_of(api, &thing_view, "thing", PG_TEXT(api_path_text(api, "thing")));
}

static enum api_outcome make_thing(struct api *api)
{
    struct store_error error;
    enum store_outcome outcome =
        store_exec(api->pg, NULL, &error, "make the thing",
                   "INSERT INTO tollgate.things (name, n) VALUES ($1, coalesce($2, 0))",
                   api_body_param(api, "name"), api_body_param(api, "n"));

    atomic_fetch_add(&things_runs, 1);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    outcome = store_exec(api->pg, NULL, &error, "wait", "SELECT pg_sleep(0.2)");
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    enum api_outcome shown = api_one_of(api, &thing_view, "thing", api_body_param(api, "name"));
    return shown == API_OK ? API_CREATED : shown;
}

static enum api_outcome change_thing(struct api *api)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct store_error error;
    enum store_outcome outcome =
        store_exec(api->pg, &rows, &error, "lock",
                   "SELECT revision FROM tollgate.things WHERE name = $1 FOR UPDATE",
                   PG_TEXT(api_path_text(api, "thing")));

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (pg_rows_count(rows) == 0)
        return api_fail(api, PROBLEM_NOT_FOUND, "there is no such thing");
    if (api_match(api, pg_get_int64(rows, 0, 0)) != API_OK)
        return API_FAILED;
    outcome =
        store_exec(api->pg, NULL, &error, "change",
                   "UPDATE tollgate.things SET n = $2, revision = revision + 1 WHERE name = $1",
                   PG_TEXT(api_path_text(api, "thing")), api_body_param(api, "n"));
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    return get_thing(api);
}

/* Fails as a serialization would for the first `body.times` runs. */
static enum api_outcome fail_at_first(struct api *api)
{
    struct store_error error;
    int run = atomic_fetch_add(&things_runs, 1);
    bool fail = run < (int)api_body(api, "times")->number;
    enum store_outcome outcome = store_exec(
        api->pg, NULL, &error, "try",
        "SELECT CASE WHEN $1::bool THEN tollgate.fail_serialization() END", PG_BOOL(fail));

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    json_begin(api_json(api), '{');
    json_put_int64(api_json(api), "run", run);
    json_end(api_json(api), '}');
    return API_OK;
}

static enum api_outcome lose_connection(struct api *api)
{
    struct store_error error;
    enum store_outcome outcome = STORE_OK;

    if (atomic_fetch_add(&things_runs, 1) == 0)
        outcome = store_exec(api->pg, NULL, &error, "end", "SELECT tollgate.end_backend()");
    return outcome == STORE_OK ? API_NO_CONTENT : api_store(api, outcome, &error);
}

static enum api_outcome wait_long(struct api *api)
{
    struct store_error error;
    enum store_outcome outcome =
        store_exec(api->pg, NULL, &error, "wait", "SELECT pg_sleep($1::float8 / 1000)",
                   api_query_param(api, "ms"));

    atomic_fetch_add(&things_runs, 1);
    return outcome == STORE_OK ? API_NO_CONTENT : api_store(api, outcome, &error);
}

static enum api_outcome write_while_reading(struct api *api)
{
    struct store_error error;
    enum store_outcome outcome = store_exec(api->pg, NULL, &error, "write",
                                            "INSERT INTO tollgate.things (name) VALUES ('sneaky')");

    return api_store(api, outcome, &error);
}

static enum api_outcome do_nothing(struct api *api)
{
    (void)api;
    return API_NO_CONTENT;
}

static const struct field thing_query[] = {{.name = "q", .type = FIELD_TEXT, .max = 20}};
static const struct field wait_query[] = {{.name = "ms", .type = FIELD_INT, .required = true}};
static const struct field thing_body[] = {
    {.name = "name", .type = FIELD_TEXT, .required = true, .min = 1, .max = 20},
    {.name = "n", .type = FIELD_INT, .min = 0, .max = 100},
};
static const struct field change_body[] = {{.name = "n", .type = FIELD_INT, .min = 0, .max = 100}};
static const struct field times_body[] = {{.name = "times", .type = FIELD_INT, .required = true}};

static const struct api_route table[] = {
    ROUTE(API_GET, "/things", ROLE_OPERATOR, NULL, list_things, .query = FIELDS(thing_query),
          .flags = API_LIST),
    ROUTE(API_GET, "/others", ROLE_OPERATOR, NULL, list_others, .flags = API_LIST),
    ROUTE(API_POST, "/things", ROLE_OPERATOR, NULL, make_thing, .body = FIELDS(thing_body)),
    ROUTE(API_GET, "/things/{thing}", ROLE_OPERATOR, NULL, get_thing),
    ROUTE(API_PATCH, "/things/{thing}", ROLE_OPERATOR, NULL, change_thing,
          .body = FIELDS(change_body), .flags = API_IF_MATCH),
    ROUTE(API_POST, "/fail", ROLE_OPERATOR, NULL, fail_at_first, .body = FIELDS(times_body)),
    ROUTE(API_POST, "/lose", ROLE_OPERATOR, NULL, lose_connection),
    ROUTE(API_GET, "/wait", ROLE_OPERATOR, NULL, wait_long, .query = FIELDS(wait_query)),
    ROUTE(API_GET, "/sneak", ROLE_OPERATOR, NULL, write_while_reading),
    ROUTE(API_POST, "/once", ROLE_OPERATOR, NULL, do_nothing, .flags = API_NEEDS_IDEMPOTENCY),
    ROUTE(API_GET, "/open", ROLE_PUBLIC, NULL, do_nothing),
    ROUTE(API_GET, "/open/wait", ROLE_PUBLIC, NULL, wait_long, .query = FIELDS(wait_query)),
    ROUTE(API_POST, "/large", ROLE_OPERATOR, NULL, do_nothing, .body = FIELDS(thing_body),
          .flags = API_LARGE_BODY),
    ROUTE(API_GET, "/tenants/{tenant}/things", ROLES_MEMBER | ROLE_OPERATOR, "things:read",
          do_nothing),
    ROUTE(API_POST, "/tenants/{tenant}/things", ROLE_OWNER, NULL, do_nothing),
};
static const struct api_routes family = API_ROUTES(table);
const struct api_routes *const things_families[] = {&family, NULL};
