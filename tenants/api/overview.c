/*
 * overview: the figures of a tenant's first page, in one answer.
 */
#include "tenants/api/time_range.h"
#include "tenants/store/request_store.h"
#include "tenants/store/tenant_view.h"
#include "tenants/store/usage_store.h"

enum { DAYS_MAX = 400, TOP_KEYS = 5, LAST_ERRORS = 5 };

static enum store_outcome put_balance(struct api *api, struct uuid tenant, struct json_writer *w,
                                      struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct pg_param params[] = {PG_UUID(tenant), {.kind = PG_PARAM_END}};
    enum store_outcome outcome = view_read(api->pg, &balance_view, params, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error, STORE_NOT_FOUND, "there is no such tenant");
    json_name(w, "balance");
    view_write_row(&balance_view, rows, 0, w);
    return STORE_OK;
}

static void put_usd(struct json_writer *w, const char *name, int128 pico)
{
    char text[MONEY_TEXT_MAX];

    money_format(pico, text);
    json_put_cstring(w, name, text);
}

static enum store_outcome put_month(struct api *api, struct uuid tenant, struct json_writer *w,
                                    struct store_error *error)
{
    struct usage_month month;
    enum store_outcome outcome = usage_month(api->pg, tenant, api->now_ms, &month, error);

    if (outcome != STORE_OK)
        return outcome;
    json_put_bool(w, "ever_called", month.ever_called);
    put_usd(w, "month_to_date", month.to_date_pico);
    if (month.has_forecast) {
        put_usd(w, "month_forecast", month.forecast_pico);
    } else {
        json_name(w, "month_forecast");
        json_write_null(w);
    }
    return STORE_OK;
}

static enum store_outcome put_totals(struct api *api, const char *name,
                                     const struct usage_question *question, struct json_writer *w,
                                     struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = usage_total(api->pg, question, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    json_name(w, name);
    view_write_row(&usage_total_view, rows, 0, w);
    return STORE_OK;
}

static enum store_outcome put_top_keys(struct api *api, const struct usage_question *question,
                                       struct json_writer *w, struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct view view = usage_view(USAGE_KEY);
    enum store_outcome outcome = usage_read(api->pg, question, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    json_name(w, "top_keys");
    json_begin(w, '[');
    /* Without buckets the rest is one row, the last. */
    for (size_t i = 0; i < pg_rows_count(rows) && i < TOP_KEYS; i++)
        view_write_row(&view, rows, i, w);
    json_end(w, ']');
    return STORE_OK;
}

static enum store_outcome put_last_errors(struct api *api, const struct usage_question *question,
                                          struct json_writer *w, struct store_error *error)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct pg_param params[] = {PG_INT(LAST_ERRORS),
                                      PG_NULL,
                                      PG_NULL,
                                      PG_UUID(question->tenant),
                                      PG_TIME(question->from_ms),
                                      PG_TIME(question->to_ms),
                                      PG_NULL,
                                      PG_NULL,
                                      PG_NULL,
                                      PG_NULL,
                                      PG_NULL,
                                      PG_BOOL(true),
                                      PG_NULL,
                                      PG_NULL,
                                      PG_NULL,
                                      {.kind = PG_PARAM_END}};
    enum store_outcome outcome = view_read(api->pg, &request_filtered_view, params, &rows, error);

    if (outcome != STORE_OK)
        return outcome;
    json_name(w, "last_errors");
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        view_write_row(&request_filtered_view, rows, i, w);
    json_end(w, ']');
    return STORE_OK;
}

static enum api_outcome overview(struct api *api)
{
    struct usage_question question = {.tenant = api_path_id(api, "tenant"),
                                      .group = USAGE_KEY,
                                      .top = TOP_KEYS,
                                      .with_cost = api->caller.kind == CALLER_OPERATOR,
                                      .model = PG_NULL,
                                      .key = PG_NULL,
                                      .project = PG_NULL,
                                      .outcome = PG_NULL};
    struct json_writer *w = api_json(api);
    struct time_range range;
    struct store_error error = {""};
    int64_t fresh_ms = INT64_MIN;

    if (time_range_hours(api, DAYS_MAX, &range) != API_OK)
        return API_FAILED;
    question.from_ms = range.from_ms;
    question.to_ms = range.to_ms;
    struct usage_question before = question;
    before.to_ms = range.from_ms;
    before.from_ms = range.from_ms - (range.to_ms - range.from_ms);
    json_begin(w, '{');
    time_put(w, "from", range.from_ms);
    time_put(w, "to", range.to_ms);
    enum store_outcome outcome = usage_fresh(api->pg, &fresh_ms, &error);
    time_put(w, "fresh_at", fresh_ms);
    if (outcome == STORE_OK)
        outcome = put_balance(api, question.tenant, w, &error);
    if (outcome == STORE_OK)
        outcome = put_month(api, question.tenant, w, &error);
    if (outcome == STORE_OK)
        outcome = put_totals(api, "totals", &question, w, &error);
    if (outcome == STORE_OK)
        outcome = put_totals(api, "before", &before, w, &error);
    if (outcome == STORE_OK)
        outcome = put_top_keys(api, &question, w, &error);
    if (outcome == STORE_OK)
        outcome = put_last_errors(api, &question, w, &error);
    json_end(w, '}');
    return api_store(api, outcome, &error);
}

static const struct field query[] = {{.name = "from", .type = FIELD_TIME},
                                     {.name = "to", .type = FIELD_TIME}};

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/overview", ROLES_SIGNED_IN, "usage:read", overview,
          .query = FIELDS(query)),
};
const struct api_routes overview_routes = API_ROUTES(table);
