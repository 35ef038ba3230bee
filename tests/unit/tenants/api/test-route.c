/* Paths against a table, and what every row of the real table must hold. */
#include "tenants/api/route.h"

#include "common/base/mem.h"
#include "tests/support/testing.h"

static enum api_outcome nothing(struct api *api)
{
    (void)api;
    return API_NO_CONTENT;
}

static const struct api_route first[] = {
    ROUTE(API_GET, "/models", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_GET, "/models/{model}", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_PATCH, "/models/{model}", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_POST, "/models/import", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_GET, "/models/newest", ROLE_VIEWER, NULL, nothing),
};
static const struct api_route second[] = {
    ROUTE(API_GET, "/tenants/{tenant}/keys/{key}", ROLE_VIEWER, NULL, nothing),
    ROUTE(API_DELETE, "/tenants/{tenant}/keys/{key}", ROLE_VIEWER, NULL, nothing),
};
static const struct api_routes one = API_ROUTES(first), two = API_ROUTES(second);
static const struct api_routes *const families[] = {&one, &two, NULL};

#define GET_BIT (1U << API_GET)

static void a_path_finds_its_route(void **state)
{
    static const struct {
        const char *method, *path;
        const struct api_route *route;
        unsigned methods;
        const char *value, *second_value;
    } rows[] = {
        {"GET", "/models", &first[0], GET_BIT, "", ""},
        {"GET", "/models/", NULL, 0, "", ""},
        {"GET", "models", NULL, 0, "", ""},
        {"GET", "", NULL, 0, "", ""},
        {"GET", "/", NULL, 0, "", ""},
        {"GET", "//models", NULL, 0, "", ""},
        {"POST", "/models", NULL, GET_BIT, "", ""},
        {"get", "/models", NULL, GET_BIT, "", ""},
        {"GET", "/models/a%2Fb", &first[1], GET_BIT | 1U << API_PATCH, "a%2Fb", ""},
        {"GET", "/models/a/b", NULL, 0, "", ""},
        {"GET", "/models/newest", &first[4], GET_BIT | 1U << API_PATCH, "", ""},
        {"GET", "/models/import", &first[1], GET_BIT | 1U << API_PATCH | 1U << API_POST, "import",
         ""},
        {"POST", "/models/import", &first[3], GET_BIT | 1U << API_PATCH | 1U << API_POST, "", ""},
        {"GET", "/tenants/t/keys/k", &second[0], GET_BIT | 1U << API_DELETE, "t", "k"},
        {"DELETE", "/tenants/t/keys/k", &second[1], GET_BIT | 1U << API_DELETE, "t", "k"},
        {"GET", "/tenants//keys/k", NULL, 0, "", ""},
        {"GET", "/tenants/t/keys/k/", NULL, 0, "", ""},
        {"GET", "/tenants/t/%6beys/k", NULL, 0, "", ""},
        {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v", NULL, 0, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct route_match match;
        route_find(families, span_of(rows[i].method), span_of(rows[i].path), &match);
        in_row(rows[i].path, match.route == rows[i].route);
        assert_int(rows[i].path, match.methods, rows[i].methods);
        assert_span(rows[i].path, match.values[0], rows[i].value);
        assert_span(rows[i].path, match.values[1], rows[i].second_value);
    }
}

static void values_of_a_path_are_what_their_names_say(void **state)
{
    static const struct {
        const char *path;
        bool there;
    } rows[] = {
        {"/tenants/ten_01jd0000000000000000000001/keys/key_01jd0000000000000000000001", true},
        {"/tenants/ten_01jd0000000000000000000001/keys/prj_01jd0000000000000000000001", false},
        {"/tenants/ten_01jd0000000000000000000001/keys/key_1", false},
        {"/tenants/%74en_01jd0000000000000000000001/keys/key_01jd0000000000000000000001", true},
        {"/tenants/00000000-0000-0000-0000-000000000000/keys/key_01jd0000000000000000000001",
         false},
        {"/models/a%2Fb", true},
        {"/models/%ff", false},
        {"/models/%00", false},
        {"/models/%4", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 65536);
        struct route_value values[ROUTE_PARAMETERS_MAX];
        struct route_match match;
        size_t count = 0;
        route_find(families, span_of("GET"), span_of(rows[i].path), &match);
        in_row(rows[i].path, match.route != NULL);
        in_row(rows[i].path, route_values(&match, arena, values, &count) == rows[i].there);
        arena_free(arena);
    }
}

static void the_table_names_its_routes(void **state)
{
    struct buf out cleanup(buf_done) = buf_make(1 << 20);
    struct json_writer w = json_writer_make(&out);

    (void)state;
    route_write_all(families, &w);
    in_row("a route", strstr(out.at, "{\"method\":\"DELETE\",\"path\":\"/tenants/{tenant}/keys/"
                                     "{key}\",\"roles\":[\"viewer\"],\"flags\":[],\"query\":[],"
                                     "\"body\":[]}") != NULL);
    assert_null(route_at(families, array_size(first) + array_size(second)));
}

/* Whether a table names a field twice, or one that the core takes itself. */
static bool clashes(const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(fields->table[i].name, fields->table[k].name) == 0)
                return true;
        }
    }
    return false;
}

static void every_route_that_is_served_is_whole(void **state)
{
    const struct api_route *route, *other;

    (void)state;
    for (size_t i = 0; (route = route_at(api_families, i)) != NULL; i++) {
        bool list = (route->flags & API_LIST) != 0;
        in_row(route->path, route->path[0] == '/' && route->roles != 0 && route->run != NULL);
        in_row(route->path, !clashes(&route->query) && !clashes(&route->body));
        in_row(route->path, !list || route->method == API_GET);
        in_row(route->path,
               route->body.count == 0 || (route->method != API_GET && route->method != API_DELETE));
        in_row(route->path, (route->flags & API_IF_MATCH) != 0 ||
                                (route->method != API_PATCH && route->method != API_PUT));
        in_row(route->path, (route->roles & ROLE_PUBLIC) == 0 || route->scope == NULL);
        for (size_t k = 0; k < i; k++) {
            other = route_at(api_families, k);
            in_row(route->path,
                   other->method != route->method || strcmp(other->path, route->path) != 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_finds_its_route),
        cmocka_unit_test(values_of_a_path_are_what_their_names_say),
        cmocka_unit_test(the_table_names_its_routes),
        cmocka_unit_test(every_route_that_is_served_is_whole),
    };

    return run_test_table(tests);
}
