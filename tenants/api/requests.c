/*
 * requests: the request log, and one request: what it cost and why, and where it went.
 */
#include "common/base/log.h"
#include "tenants/api/attempts.h"
#include "tenants/api/cost_lines.h"
#include "tenants/api/time_range.h"

enum { DAYS = 7, DAYS_MAX = 400, DEAREST_DAYS_MAX = 31 };
enum { SORT_TIME, SORT_CHARGE };

/* ---- the log ---- */

static bool dearest_first(const struct api *api)
{
    const struct field_value *sort = api_query(api, "sort");

    return sort->state == FIELD_SET && sort->choice == SORT_CHARGE;
}

/* A gen_… is a request's own id, which tells its time: it is found however old it is. All else is
 * an id of the client's or of the provider's. */
static void read_id(const struct api *api, struct time_range *range, struct pg_param *own_out,
                    struct pg_param *other_out)
{
    const struct field_value *id = api_query(api, "id");
    struct uuid own;

    *own_out = *other_out = PG_NULL;
    if (id->state != FIELD_SET)
        return;
    if (id_parse(ID_GENERATION, id->text, &own) < 0) {
        *other_out = PG_TEXT(id->text);
        return;
    }
    *own_out = PG_UUID(own);
    if (api_query(api, "from")->state != FIELD_SET && uuid_unix_ms(own) < range->from_ms)
        range->from_ms = uuid_unix_ms(own);
}

/* Which statement is the quick one for what is asked. An id and a least charge have indexes. */
static const struct view *choose_view(const struct api *api)
{
    static const char *const filters[] = {"model",   "key",      "project",
                                          "outcome", "provider", "failed"};

    if (dearest_first(api))
        return &request_dearest_view;
    if (api_query(api, "id")->state == FIELD_SET ||
        api_query(api, "min_charge")->state == FIELD_SET)
        return &request_newest_view;
    for (size_t i = 0; i < array_size(filters); i++) {
        if (api_query(api, filters[i])->state == FIELD_SET)
            return &request_filtered_view;
    }
    return &request_newest_view;
}

static enum api_outcome list_requests(struct api *api)
{
    const struct view *view = choose_view(api);
    struct pg_param own, other;
    struct time_range range;

    if (time_range_exact(api, DAYS, dearest_first(api) ? DEAREST_DAYS_MAX : DAYS_MAX, &range) !=
        API_OK)
        return API_FAILED;
    read_id(api, &range, &own, &other);
    return api_list_of(api, view, PG_UUID(api_path_id(api, "tenant")), PG_TIME(range.from_ms),
                       PG_TIME(range.to_ms), api_query_param(api, "model"),
                       api_query_param(api, "key"), api_query_param(api, "project"),
                       api_query_param(api, "outcome"), api_query_param(api, "provider"),
                       api_query_param(api, "failed"), api_query_param(api, "min_charge"), own,
                       other);
}

/* ---- one ---- */

/* A price that the caller may not see, or that does not explain the base, leaves no lines: the
 * base stands for itself then. */
static enum store_outcome put_lines(struct api *api, const struct pg_rows *rows,
                                    struct json_writer *w, struct store_error *error)
{
    struct request_priced priced = {.base_pico = 0};
    struct price_version price;
    struct rated lines;
    enum store_outcome outcome = STORE_NOT_FOUND;
    char id[ID_TEXT_SIZE];

    if (!request_detail_priced(rows, 0, &priced))
        return store_fail(error, STORE_BROKEN, "the request is of an unknown mode");
    if (!uuid_is_zero(priced.price_version) && priced.base_pico != 0)
        outcome = request_store_price(api->pg, priced.price_version, api->arena, &price, error);
    if (outcome != STORE_OK && outcome != STORE_NOT_FOUND)
        return outcome;
    if (!cost_lines_make(&priced, outcome == STORE_OK ? &price : NULL, &lines)) {
        id_format(ID_GENERATION, api_path_id(api, "request"), id);
        log_event(LOG_WARN, "request.lines_unexplained", LOG_S("request", id));
    }
    json_name(w, "lines");
    cost_lines_write(&lines, w);
    return STORE_OK;
}

static void put_text_or_null(struct json_writer *w, const char *name, struct span text)
{
    json_name(w, name);
    if (text.size == 0)
        json_write_null(w);
    else
        json_write_string(w, text);
}

static void put_number_or_null(struct json_writer *w, const char *name, bool there, int64_t number)
{
    json_name(w, name);
    if (there)
        json_write_int64(w, number);
    else
        json_write_null(w);
}

static struct span model_of(const struct pg_rows *models, struct uuid deployment)
{
    for (size_t i = 0; i < pg_rows_count(models); i++) {
        if (uuid_equal(pg_get_uuid(models, i, 0), deployment))
            return pg_get_text(models, i, 1);
    }
    return (struct span){0};
}

static void put_attempt(const struct attempt *attempt, size_t number, struct span model,
                        bool with_cost, struct json_writer *w)
{
    char deployment[ID_TEXT_SIZE] = "", cost[MONEY_TEXT_MAX] = "";

    if (!uuid_is_zero(attempt->deployment))
        id_format(ID_DEPLOYMENT, attempt->deployment, deployment);
    if (with_cost)
        money_format(attempt->cost_pico, cost);
    json_begin(w, '{');
    json_put_int64(w, "number", (int64_t)number);
    put_text_or_null(w, "provider", attempt->provider);
    put_text_or_null(w, "deployment", span_of(deployment));
    put_text_or_null(w, "model", model);
    put_number_or_null(w, "status", attempt->status != 0, attempt->status);
    put_number_or_null(w, "started_ms", attempt->started_ms >= 0, attempt->started_ms);
    put_number_or_null(w, "ms", attempt->ms >= 0, attempt->ms);
    put_text_or_null(w, "reason", span_of(attempt->reason));
    json_put_bool(w, "delivered", attempt->delivered);
    put_text_or_null(w, "cost", span_of(cost));
    json_end(w, '}');
}

static enum store_outcome put_attempts(struct api *api, const struct pg_rows *rows, bool with_cost,
                                       struct json_writer *w, struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *models = NULL;
    struct attempt attempts[ATTEMPTS_MAX];
    struct uuid deployments[ATTEMPTS_MAX];
    size_t count = attempts_read(request_detail_attempts(rows, 0), api->arena, attempts);

    for (size_t i = 0; i < count; i++)
        deployments[i] = attempts[i].deployment;
    enum store_outcome outcome = request_store_models(api->pg, deployments, count, &models, error);
    if (outcome != STORE_OK)
        return outcome;
    json_name(w, "attempt_list");
    json_begin(w, '[');
    for (size_t i = 0; i < count; i++)
        put_attempt(&attempts[i], i + 1, model_of(models, attempts[i].deployment), with_cost, w);
    json_end(w, ']');
    return STORE_OK;
}

static enum api_outcome get_request(struct api *api)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    bool with_cost = api->caller.kind == CALLER_OPERATOR;
    const struct pg_param params[] = {PG_UUID(api_path_id(api, "tenant")),
                                      PG_UUID(api_path_id(api, "request")),
                                      PG_BOOL(with_cost),
                                      {.kind = PG_PARAM_END}};
    struct store_error error;
    enum store_outcome outcome = view_read(api->pg, &request_detail_view, params, &rows, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (pg_rows_count(rows) == 0)
        return api_fail(api, PROBLEM_NOT_FOUND,
                        "there is no such request; it is here once billing has posted it");
    struct json_writer *w = api_json(api);
    json_begin(w, '{');
    view_write_members(&request_detail_view, rows, 0, w);
    outcome = put_lines(api, rows, w, &error);
    if (outcome == STORE_OK)
        outcome = put_attempts(api, rows, with_cost, w, &error);
    json_end(w, '}');
    return api_store(api, outcome, &error);
}

static const struct field list_query[] = {
    {.name = "from", .type = FIELD_TIME},
    {.name = "to", .type = FIELD_TIME},
    {.name = "model", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "key", .type = FIELD_ID, .id = ID_KEY},
    {.name = "project", .type = FIELD_ID, .id = ID_PROJECT},
    {.name = "outcome", .type = FIELD_CHOICE, .choices = REQUEST_OUTCOME_CHOICES},
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "failed", .type = FIELD_BOOL},
    {.name = "min_charge", .type = FIELD_USD, .min = 0, .max = 999999999999},
    {.name = "id", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "sort", .type = FIELD_CHOICE, .choices = "time|charge"},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/requests", ROLES_SIGNED_IN, "requests:read", list_requests,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_GET, "/tenants/{tenant}/requests/{request}", ROLES_SIGNED_IN, "requests:read",
          get_request),
};
const struct api_routes requests_routes = API_ROUTES(table);
