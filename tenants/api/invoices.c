/*
 * invoices: what was billed, and one invoice with its lines as JSON or CSV.
 */
#include "tenants/api/api.h"
#include "tenants/store/billing_view.h"

static enum api_outcome list(struct api *api)
{
    return api_list_of(api, &invoice_list_view, PG_UUID(api_path_id(api, "tenant")),
                       api_query_param(api, "status"));
}

static void write_json(struct api *api, const struct pg_rows *invoice, const struct pg_rows *lines)
{
    struct json_writer *w = api_json(api);
    size_t count = pg_rows_count(lines);
    json_begin(w, '{');
    view_write_members(&invoice_view, invoice, 0, w);
    json_name(w, "lines");
    json_begin(w, '[');
    for (size_t i = 0; i < count; i++)
        view_write_row(&invoice_line_view, lines, i, w);
    json_end(w, ']');
    json_end(w, '}');
}

/* Named by its number, or by its id as long as it has none. */
static void write_csv(struct api *api, const struct pg_rows *lines, struct span number)
{
    size_t count = pg_rows_count(lines);
    char id[ID_TEXT_SIZE];
    id_format(ID_INVOICE, api_path_id(api, "invoice"), id);
    const char *file = number.size == 0 ? arena_printf(api->arena, "%s.csv", id)
                                        : arena_printf(api->arena, "%.*s.csv", SPAN_ARG(number));
    struct buf *out = api_text(api, "text/csv; charset=utf-8; header=present", file);
    view_write_csv_head(&invoice_line_view, out);
    for (size_t i = 0; i < count; i++)
        view_write_csv_row(&invoice_line_view, lines, i, out);
}

static enum api_outcome show(struct api *api)
{
    enum { NUMBER = 2 }; /* of the view's columns */
    cleanup(pg_rows_free_at) struct pg_rows *invoice = NULL;
    cleanup(pg_rows_free_at) struct pg_rows *lines = NULL;
    const struct field_value *format = api_query(api, "format");
    const struct pg_param params[] = {PG_UUID(api_path_id(api, "tenant")),
                                      PG_UUID(api_path_id(api, "invoice")),
                                      {.kind = PG_PARAM_END}};
    struct store_error error;
    enum store_outcome outcome = view_read(api->pg, &invoice_view, params, &invoice, &error);
    if (outcome == STORE_OK && pg_rows_count(invoice) == 0)
        return api_fail(api, PROBLEM_NOT_FOUND, "there is no such invoice");
    if (outcome == STORE_OK)
        outcome = view_read(api->pg, &invoice_line_view, params, &lines, &error);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    if (format->state == FIELD_SET && format->choice == 1)
        write_csv(api, lines, pg_get_text(invoice, 0, NUMBER));
    else
        write_json(api, invoice, lines);
    return API_OK;
}

static const struct field list_query[] = {
    {.name = "status",
     .type = FIELD_CHOICE,
     .choices = "draft|grace|finalized|paid|past_due|void|uncollectible"},
};
static const struct field show_query[] = {
    {.name = "format", .type = FIELD_CHOICE, .choices = "json|csv"},
};

#define READERS (ROLES_SIGNED_IN & ~(unsigned)ROLE_DEVELOPER)
static const struct api_route table[] = {
    ROUTE(API_GET, "/tenants/{tenant}/invoices", READERS, "billing:read", list,
          .query = FIELDS(list_query), .flags = API_LIST),
    ROUTE(API_GET, "/tenants/{tenant}/invoices/{invoice}", READERS, "billing:read", show,
          .query = FIELDS(show_query)),
};
const struct api_routes invoices_routes = API_ROUTES(table);
