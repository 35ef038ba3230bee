/*
 * prices: what deployments cost, in versions that hold from a time on; new ones are made with
 * notice, so that every gateway knows them when they begin.
 */
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/decimal.h"
#include "tenants/api/api.h"
#include "tenants/store/catalog_store.h"
#include "tenants/store/price_store.h"

enum { PRICE_SCALE = 6, WHOLE_DIGITS_MAX = 9, RATES_BYTES_MAX = 64 << 10 };

static enum api_outcome list_prices(struct api *api)
{
    return api_list_of(api, &price_list_view, api_query_param(api, "deployment"),
                       api_query_param(api, "model"), api_query_param(api, "provider"),
                       api_query_param(api, "book"), api_query_param(api, "tenant"),
                       api_query_param(api, "state"));
}

static enum api_outcome get_price(struct api *api)
{
    return api_one_of(api, &price_view, "price", PG_UUID(api_path_id(api, "price")));
}

/* ---- rates ---- */

enum { RATE_METER, RATE_MODE, RATE_CONTEXT_OVER, RATE_PER_MILLION, RATE_FIELDS };

static const struct field rate_body[RATE_FIELDS] = {
    [RATE_METER] = {.name = "meter", .type = FIELD_TEXT, .required = true, .min = 1, .max = 32},
    [RATE_MODE] = {.name = "mode", .type = FIELD_CHOICE, .choices = "standard|batch|flex|priority"},
    [RATE_CONTEXT_OVER] = {.name = "context_over",
                           .type = FIELD_INT,
                           .max = INT64_C(1000000000000)},
    [RATE_PER_MILLION] =
        {.name = "per_million", .type = FIELD_TEXT, .required = true, .min = 1, .max = 16},
};
static const struct fields rate_fields = FIELDS(rate_body);

/* USD per 1,000,000 units with up to 6 decimals is whole pico per unit. */
static bool read_per_million(struct span text, int64_t *pico_out)
{
    struct decimal decimal;
    int128 pico;

    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] != '.' && (text.at[i] < '0' || text.at[i] > '9'))
            return false;
    }
    if (span_ends(text, ".") || decimal_parse(text, &decimal) != 0 ||
        decimal.whole.size > WHOLE_DIGITS_MAX || decimal.fraction.size > PRICE_SCALE ||
        decimal_scaled(&decimal, PRICE_SCALE, DECIMAL_EXACT, &pico) != 0)
        return false;
    return money_narrow(pico, pico_out) == 0;
}

static enum api_outcome fail_rate(struct api *api, uint32_t index, struct span member,
                                  struct span message)
{
    char name[64];

    snprintf(name, sizeof(name), "rates[%u]%s%.*s", index, member.size == 0 ? "" : ".",
             (int)(member.size > 32 ? 32 : member.size), member.at == NULL ? "" : member.at);
    return api_fail_field(api, name, "%.*s", SPAN_ARG(message));
}

static bool same_rate(const struct price_rate *a, const struct price_rate *b)
{
    return a->meter == b->meter && a->mode == b->mode && a->context_over == b->context_over;
}

static enum api_outcome read_rate(struct api *api, uint32_t node, uint32_t index,
                                  struct price_rate *rates)
{
    struct field_value values[RATE_FIELDS] = {{0}};
    struct field_complaints complaints = {.count = 0};
    struct price_rate *rate = &rates[index];
    enum meter meter;

    if (json_kind(api->document, node) != JSON_OBJECT)
        return fail_rate(api, index, span_of(""), span_of("must be an object"));
    fields_read_body(&rate_fields, api->document, node, api->arena, values, &complaints);
    for (size_t i = 0; i < complaints.count; i++)
        (void)fail_rate(api, index, complaints.items[i].field, complaints.items[i].message);
    if (complaints.count > 0)
        return API_FAILED;
    if (meter_parse(values[RATE_METER].text, &meter) != 0)
        return fail_rate(api, index, span_of("meter"), span_of("is not a meter"));
    *rate = (struct price_rate){
        .meter = (uint8_t)meter,
        .mode = values[RATE_MODE].state == FIELD_SET ? (uint8_t)values[RATE_MODE].choice
                                                     : (uint8_t)MODE_STANDARD,
        .context_over =
            values[RATE_CONTEXT_OVER].state == FIELD_SET ? values[RATE_CONTEXT_OVER].number : 0,
    };
    if (!read_per_million(values[RATE_PER_MILLION].text, &rate->pico_per_unit))
        return fail_rate(api, index, span_of("per_million"),
                         span_of("must be USD per 1,000,000 units as a decimal string, with up to "
                                 "9 digits before the point and 6 behind it"));
    for (uint32_t i = 0; i < index; i++) {
        if (same_rate(&rates[i], rate))
            return fail_rate(api, index, span_of(""),
                             span_of("stands twice: one rate for each meter, mode and tier"));
    }
    return API_OK;
}

static enum api_outcome read_rates(struct api *api, struct price_rate *rates, uint32_t *count_out)
{
    uint32_t list = api_body(api, "rates")->node, count = json_count(api->document, list), i = 0;
    enum api_outcome outcome = API_OK;

    if (json_kind(api->document, list) != JSON_ARRAY || count == 0 || count > PRICE_RATES_MAX)
        return api_fail_field(api, "rates", "must be an array of 1 to %u rates", PRICE_RATES_MAX);
    for (uint32_t n = json_first(api->document, list); n != JSON_NONE;
         n = json_after(api->document, list, n), i++) {
        if (read_rate(api, n, i, rates) != API_OK)
            outcome = API_FAILED;
    }
    *count_out = count;
    return outcome;
}

/* ---- new ones ---- */

static enum api_outcome check_new(struct api *api, const struct price_new *price)
{
    int64_t earliest_ms = api->now_ms + CATALOG_PRICE_NOTICE_MS;
    char when[CLOCK_TEXT_SIZE];
    enum api_outcome outcome = API_OK;

    if (price->from_ms < earliest_ms) {
        clock_format(earliest_ms, when);
        outcome = api_fail_field(api, "effective_from",
                                 "must be at least ten minutes ahead, so that every gateway knows "
                                 "it in time: from %s on",
                                 when);
    }
    if (price->book != BOOK_LIST && !uuid_is_zero(price->tenant))
        outcome = api_fail_field(api, "tenant", "a contract's price stands in book list");
    return outcome;
}

static enum api_outcome read_new(struct api *api, struct price_rate *rates, struct price_new *price)
{
    const struct field_value *book = api_body(api, "book"), *tenant = api_body(api, "tenant"),
                             *reason = api_body(api, "reason");
    bool told = reason->state == FIELD_SET && reason->text.size > 0;

    *price = (struct price_new){
        .deployment = api_body(api, "deployment")->id,
        .book = book->state == FIELD_SET ? (enum price_book)book->choice : BOOK_LIST,
        .tenant = tenant->state == FIELD_SET ? tenant->id : (struct uuid){{0}},
        .from_ms = api_body(api, "effective_from")->number,
        .rates = rates,
        .source = told ? reason->text : span_of("operator"),
    };
    enum api_outcome checked = check_new(api, price);
    return read_rates(api, rates, &price->rate_count) == API_OK ? checked : API_FAILED;
}

static enum api_outcome plan(struct api *api, const struct price_new *price,
                             struct price_planned *planned)
{
    struct store_error error;
    enum store_outcome outcome = price_store_know_tenant(api->pg, price->tenant, &error);

    if (outcome == STORE_NOT_FOUND)
        return api_fail_field(api, "tenant", "%s", error.text);
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    outcome = price_store_plan(api->pg, price, planned, &error);
    if (outcome == STORE_NOT_FOUND)
        return api_fail_field(api, "deployment", "%s", error.text);
    if (outcome == STORE_REFUSED)
        return api_fail_field(api, "rates", "%s", error.text);
    return api_store(api, outcome, &error);
}

static struct pg_param *one(struct pg_param params[2], struct uuid id)
{
    params[0] = PG_UUID(id);
    params[1] = (struct pg_param){.kind = PG_PARAM_END};
    return params;
}

static enum store_outcome audit(struct api *api, const struct price_new *price,
                                const struct price_planned *planned, struct uuid id,
                                struct store_error *error_out)
{
    char subject[ID_TEXT_SIZE];
    struct pg_param params[2];
    struct store_mutation mutation = {.action = "price.create", .tenant = price->tenant};
    enum store_outcome outcome = STORE_OK;

    id_format(ID_PRICE_VERSION, id, subject);
    mutation.subject = span_of(subject);
    if (!uuid_is_zero(planned->replaces))
        outcome = view_object(api->pg, &price_view, one(params, planned->replaces), api->arena,
                              &mutation.before, error_out);
    if (outcome == STORE_OK)
        outcome = view_object(api->pg, &price_view, one(params, id), api->arena, &mutation.after,
                              error_out);
    return outcome == STORE_OK ? store_audit(api->pg, &api->actor, &mutation, error_out) : outcome;
}

/* How the rates differ from what would be charged otherwise. */
static enum store_outcome read_changes(struct api *api, const struct price_new *price,
                                       const struct price_planned *planned,
                                       struct pg_rows **rows_out, struct store_error *error_out)
{
    cleanup(buf_done) struct buf rates = buf_make(RATES_BYTES_MAX);

    price_store_rates_json(price, &rates);
    return view_read(api->pg, &rate_change_view,
                     (const struct pg_param[]){PG_UUID_OR_NULL(planned->compared),
                                               PG_TEXT(buf_span(&rates)),
                                               {.kind = PG_PARAM_END}},
                     rows_out, error_out);
}

static enum api_outcome answer(struct api *api, const struct price_planned *planned, struct uuid id,
                               const struct pg_rows *changes)
{
    cleanup(pg_rows_free_at) struct pg_rows *made = NULL;
    struct json_writer *w = api_json(api);
    struct pg_param params[2];
    struct store_error error;
    char replaces[ID_TEXT_SIZE];

    json_begin(w, '{');
    json_put_bool(w, "dry_run", uuid_is_zero(id));
    json_name(w, "price");
    if (uuid_is_zero(id)) {
        json_write_null(w);
    } else {
        enum store_outcome outcome =
            view_read(api->pg, &price_view, one(params, id), &made, &error);
        if (outcome != STORE_OK)
            return api_store(api, outcome, &error);
        view_write_row(&price_view, made, 0, w);
    }
    json_name(w, "replaces");
    if (uuid_is_zero(planned->replaces)) {
        json_write_null(w);
    } else {
        id_format(ID_PRICE_VERSION, planned->replaces, replaces);
        json_write_string(w, span_of(replaces));
    }
    json_name(w, "changes");
    json_begin(w, '[');
    for (size_t i = 0; i < pg_rows_count(changes); i++)
        view_write_row(&rate_change_view, changes, i, w);
    json_end(w, ']');
    json_end(w, '}');
    return API_CREATED;
}

static enum api_outcome create_price(struct api *api)
{
    cleanup(pg_rows_free_at) struct pg_rows *changes = NULL;
    struct price_rate rates[PRICE_RATES_MAX];
    struct price_new price;
    struct price_planned planned;
    struct store_error error;
    struct uuid id = {{0}};
    const struct field_value *dry = api_body(api, "dry_run");

    if (read_new(api, rates, &price) != API_OK || plan(api, &price, &planned) != API_OK)
        return API_FAILED;
    enum store_outcome outcome = read_changes(api, &price, &planned, &changes, &error);
    if (outcome == STORE_OK && !(dry->state == FIELD_SET && dry->flag)) {
        outcome = price_store_create(api->pg, &api->actor, &price, &planned, &id, &error);
        if (outcome == STORE_OK)
            outcome = audit(api, &price, &planned, id, &error);
    }
    if (outcome != STORE_OK)
        return api_store(api, outcome, &error);
    return answer(api, &planned, id, changes);
}

static const struct field list_query[] = {
    {.name = "deployment", .type = FIELD_ID, .id = ID_DEPLOYMENT},
    {.name = "model", .type = FIELD_TEXT, .min = 1, .max = 200},
    {.name = "provider", .type = FIELD_TEXT, .min = 1, .max = 64},
    {.name = "book", .type = FIELD_CHOICE, .choices = "cost|list"},
    {.name = "tenant", .type = FIELD_ID, .id = ID_TENANT},
    {.name = "state", .type = FIELD_CHOICE, .choices = "past|current|future"},
};

static const struct field new_body[] = {
    {.name = "deployment", .type = FIELD_ID, .required = true, .id = ID_DEPLOYMENT},
    {.name = "book", .type = FIELD_CHOICE, .choices = "cost|list"},
    {.name = "tenant", .type = FIELD_ID, .id = ID_TENANT},
    {.name = "effective_from", .type = FIELD_TIME, .required = true},
    {.name = "rates", .type = FIELD_JSON, .required = true},
    {.name = "reason", .type = FIELD_TEXT, .max = 500},
    {.name = "dry_run", .type = FIELD_BOOL},
};

static const struct api_route table[] = {
    ROUTE(API_GET, "/prices", ROLE_OPERATOR, NULL, list_prices, .query = FIELDS(list_query),
          .flags = API_LIST),
    ROUTE(API_POST, "/prices", ROLE_OPERATOR, NULL, create_price, .body = FIELDS(new_body)),
    ROUTE(API_GET, "/prices/{price}", ROLE_OPERATOR, NULL, get_price),
};

const struct api_routes prices_routes = API_ROUTES(table);
