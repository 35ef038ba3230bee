/*
 * usage: what was used and what it cost, by time and by what it was spent on.
 */
#include "tenants/api/time_range.h"
#include "tenants/store/request_store.h"
#include "tenants/store/usage_store.h"

enum { DAYS_MAX = 400, DAYS_BY_HOUR_MAX = 31, TOP = 10, TOP_MAX = 50, MODEL_MAX = 200 };

#define COMMON_FIELDS(a_groups)                                                                    \
    {.name = "from", .type = FIELD_TIME}, {.name = "to", .type = FIELD_TIME},                      \
        {.name = "bucket", .type = FIELD_CHOICE, .choices = "none|hour|day|month"},                \
        {.name = "group", .type = FIELD_CHOICE, .choices = (a_groups)},                            \
        {.name = "top", .type = FIELD_INT, .min = 1, .max = TOP_MAX},                              \
        {.name = "model", .type = FIELD_TEXT, .min = 1, .max = MODEL_MAX},                         \
        {.name = "outcome", .type = FIELD_CHOICE, .choices = REQUEST_OUTCOME_CHOICES},             \
    {                                                                                              \
        .name = "format", .type = FIELD_CHOICE, .choices = "json|csv"                              \
    }

static const struct field tenant_query[] = {
    COMMON_FIELDS("none|model|key|project|outcome|provider|deployment"),
    {.name = "key", .type = FIELD_ID, .id = ID_KEY},
    {.name = "project", .type = FIELD_ID, .id = ID_PROJECT},
};
static const enum usage_group tenant_groups[] = {USAGE_GROUP_NONE, USAGE_MODEL,   USAGE_KEY,
                                                 USAGE_PROJECT,    USAGE_OUTCOME, USAGE_PROVIDER,
                                                 USAGE_DEPLOYMENT};

static const struct field fleet_query[] = {
    COMMON_FIELDS("none|tenant|model|outcome|provider|deployment")};
static const enum usage_group fleet_groups[] = {USAGE_GROUP_NONE, USAGE_TENANT,   USAGE_MODEL,
                                                USAGE_OUTCOME,    USAGE_PROVIDER, USAGE_DEPLOYMENT};

static int choice(const struct api *api, const char *name)
{
    const struct field_value *value = api_query(api, name);

    return value->state == FIELD_SET ? value->choice : 0;
}

/* What both calls take; `groups` are the meanings of the choices of "group". */
static enum api_outcome read_question(struct api *api, const enum usage_group *groups,
                                      struct usage_question *question_out)
{
    const struct field_value *top = api_query(api, "top");
    struct usage_question question = {
        .bucket = (enum usage_bucket)choice(api, "bucket"), /* in this order */
        .group = groups[choice(api, "group")],
        .top = top->state == FIELD_SET ? top->number : TOP,
        .with_cost = api->caller.kind == CALLER_OPERATOR,
        .model = api_query_param(api, "model"),
        .key = PG_NULL,
        .project = PG_NULL,
        .outcome = api_query_param(api, "outcome"),
    };
    struct time_range range = {0};
    enum api_outcome outcome =
        time_range_hours(api, question.bucket == USAGE_HOUR ? DAYS_BY_HOUR_MAX : DAYS_MAX, &range);

    question.from_ms = range.from_ms;
    question.to_ms = range.to_ms;
    *question_out = question;
    return outcome;
}

static void write_csv(struct api *api, const struct view *view, const struct pg_rows *rows)
{
    struct buf *out = api_text(api, "text/csv; charset=utf-8; header=present", "usage.csv");

    view_write_csv_head(view, out);
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        view_write_csv_row(view, rows, i, out);
}

static enum api_outcome write_json(struct api *api, const struct usage_question *question,
                                   const struct view *view, const struct pg_rows *rows)
{
    cleanup(pg_rows_free_at) struct pg_rows *total = NULL;
    struct json_writer *w = api_json(api);
    struct store_error error;
    int64_t fresh_ms = INT64_MIN;
    enum store_outcome outcome = usage_total(api->pg, question, &total, &error);

    if (outcome == STORE_OK)
        outcome = usage_fresh(api->pg, &fresh_ms, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    json_begin(w, '{');
    time_put(w, "from", question->from_ms);
    time_put(w, "to", question->to_ms);
    time_put(w, "fresh_at", fresh_ms);
    json_put_cstring(w, "bucket", usage_bucket_name(question->bucket));
    json_put_cstring(w, "group", usage_group_name(question->group));
    json_name(w, "data");
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        view_write_row(view, rows, i, w);
    json_end(w, ']');
    json_name(w, "total");
    view_write_row(&usage_total_view, total, 0, w);
    json_end(w, '}');
    return API_OK;
}

static enum api_outcome answer(struct api *api, const struct usage_question *question)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct view view = usage_view(question->group);
    struct store_error error;
    enum store_outcome outcome = usage_read(api->pg, question, &rows, &error);

    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (choice(api, "format") == 0)
        return write_json(api, question, &view, rows);
    write_csv(api, &view, rows);
    return API_OK;
}

static enum api_outcome of_tenant(struct api *api)
{
    struct usage_question question;

    if (read_question(api, tenant_groups, &question) != API_OK)
        return API_FAILED;
    question.tenant = api_path_id(api, "tenant");
    question.key = api_query_param(api, "key");
    question.project = api_query_param(api, "project");
    return answer(api, &question);
}

static enum api_outcome of_fleet(struct api *api)
{
    struct usage_question question;

    if (read_question(api, fleet_groups, &question) != API_OK)
        return API_FAILED;
    return answer(api, &question);
}

static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/usage", ROLES_SIGNED_IN, "usage:read", of_tenant,
          .query = FIELDS(tenant_query)),
    ROUTE(API_GET, "/usage", ROLE_OPERATOR, NULL, of_fleet, .query = FIELDS(fleet_query)),
};
const struct api_routes usage_routes = API_ROUTES(table);
