/*
 * fuzz-field: the first byte says what the rest is: a body, a query, or a path. Whatever comes, the
 * values that are set keep what their row of the table promises, and what is not set was complained
 * of or did not come.
 */
#include "common/base/json_text.h"
#include "common/base/mem.h"
#include "tenants/api/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT, SECRET, EMAIL, INT, BOOL, CHOICE, USD, TIME, ID, TEXTS, JSON, FIELDS_COUNT };

static const struct field table[FIELDS_COUNT] = {
    [TEXT] = {.name = "text", .type = FIELD_TEXT, .nullable = true, .min = 1, .max = 5},
    [SECRET] = {.name = "secret", .type = FIELD_SECRET, .min = 3, .max = 10},
    [EMAIL] = {.name = "email", .type = FIELD_EMAIL},
    [INT] = {.name = "int", .type = FIELD_INT, .min = 1, .max = 200},
    [BOOL] = {.name = "bool", .type = FIELD_BOOL},
    [CHOICE] = {.name = "choice", .type = FIELD_CHOICE, .choices = "active|disabled"},
    [USD] = {.name = "usd", .type = FIELD_USD, .min = 0, .max = 100},
    [TIME] = {.name = "time", .type = FIELD_TIME},
    [ID] = {.name = "id", .type = FIELD_ID, .id = ID_KEY},
    [TEXTS] = {.name = "texts", .type = FIELD_TEXTS, .min = 1, .max = 3},
    [JSON] = {.name = "json", .type = FIELD_JSON},
};
static const struct fields fields = FIELDS(table);
static const struct json_limits limits = {.max_bytes = 1 << 20, .max_depth = 16, .max_nodes = 4096};

static enum api_outcome nothing(struct api *api)
{
    (void)api;
    return API_OK;
}

static const struct api_route routes[] = {
    ROUTE(API_GET, "/models/{model}", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_GET, "/models/import", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_GET, "/tenants/{tenant}/keys/{key}", ROLE_VIEWER, NULL, nothing),
};
static const struct api_routes family = API_ROUTES(routes);
static const struct api_routes *const families[] = {&family, NULL};

static void must_be_text(struct span text)
{
    const char *at = text.at, *end = text.at + text.size;

    while (at < end) {
        size_t length = json_utf8_length(at, end);
        must(length > 0 && *at != '\0');
        at += length;
    }
}

static void must_hold(const struct field_value *values)
{
    if (values[TEXT].state == FIELD_SET) {
        must(values[TEXT].text.size >= 1 && values[TEXT].text.size <= 20);
        must_be_text(values[TEXT].text);
    }
    if (values[EMAIL].state == FIELD_SET)
        must(span_index(values[EMAIL].text, '@') > 0);
    if (values[INT].state == FIELD_SET)
        must(values[INT].number >= 1 && values[INT].number <= 200);
    if (values[CHOICE].state == FIELD_SET)
        must(values[CHOICE].choice == 0 || values[CHOICE].choice == 1);
    if (values[USD].state == FIELD_SET)
        must(values[USD].pico >= 0 && values[USD].pico <= 100 * (int128)PICO_PER_UNIT);
    if (values[TEXTS].state == FIELD_SET) {
        must(values[TEXTS].texts.count >= 1 && values[TEXTS].texts.count <= 3);
        for (size_t i = 0; i < values[TEXTS].texts.count; i++)
            must_be_text(values[TEXTS].texts.items[i]);
    }
    for (int i = 0; i < FIELDS_COUNT; i++)
        must(values[i].state != FIELD_NULL || i == TEXT);
}

static void try_path(struct span path, struct arena *arena)
{
    struct route_value values[ROUTE_PARAMETERS_MAX];
    struct route_match match;
    size_t count = 0;

    route_find(families, span_of("GET"), path, &match);
    must((match.route != NULL) == (match.methods != 0));
    if (match.route == NULL || !route_values(&match, arena, values, &count))
        return;
    for (size_t i = 0; i < count; i++)
        must_be_text(values[i].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096, 8 << 20);
    struct json_doc doc = json_doc_make();
    struct field_value values[FIELDS_COUNT] = {{0}};
    struct field_complaints complaints = {0};
    struct span text = span_part(span_make((const char *)data, size), 1, SIZE_MAX);

    if (size > 0 && data[0] == 'q') {
        fields_read_query(&fields, text, arena, values, &complaints);
        must_hold(values);
    } else if (size > 0 && data[0] == 'p') {
        try_path(text, arena);
    } else if (size > 0 && json_parse(&doc, text, &limits) == JSON_OK) {
        fields_read_body(&fields, &doc, 0, arena, values, &complaints);
        must_hold(values);
        must(values[JSON].state != FIELD_SET || json_kind(&doc, values[JSON].node) >= JSON_ARRAY);
    }
    must(complaints.count <= FIELD_COMPLAINTS_MAX);
    json_doc_done(&doc);
    arena_free(arena);
    return 0;
}
