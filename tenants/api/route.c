/*
 * route: see route.h. The table is walked from end to end: a few hundred short comparisons are
 * nothing beside the statement that follows.
 */
#include "tenants/api/route.h"

#include "common/base/mem.h"

static const char *const method_names[API_METHODS] = {
    [API_GET] = "GET",     [API_POST] = "POST",     [API_PUT] = "PUT",
    [API_PATCH] = "PATCH", [API_DELETE] = "DELETE",
};

static const struct {
    const char *name;
    enum id_kind kind;
} id_names[] = {
    {"tenant", ID_TENANT},
    {"project", ID_PROJECT},
    {"member", ID_MEMBER},
    {"key", ID_KEY},
    {"deployment", ID_DEPLOYMENT},
    {"price", ID_PRICE_VERSION},
    {"invoice", ID_INVOICE},
    {"request", ID_GENERATION},
    {"operator", ID_OPERATOR},
    {"credential", ID_CREDENTIAL},
    {"plan_version", ID_PLAN_VERSION},
};

static const struct {
    unsigned role;
    const char *name;
} role_names[] = {
    {ROLE_PUBLIC, "public"}, {ROLE_OPERATOR, "operator"}, {ROLE_OWNER, "owner"},
    {ROLE_ADMIN, "admin"},   {ROLE_BILLING, "billing"},   {ROLE_DEVELOPER, "developer"},
    {ROLE_VIEWER, "viewer"},
};

static const char *const type_names[] = {
    [FIELD_TEXT] = "text",   [FIELD_SECRET] = "secret", [FIELD_EMAIL] = "email",
    [FIELD_INT] = "int",     [FIELD_BOOL] = "bool",     [FIELD_CHOICE] = "choice",
    [FIELD_USD] = "usd",     [FIELD_TIME] = "time",     [FIELD_ID] = "id",
    [FIELD_TEXTS] = "texts", [FIELD_JSON] = "json",
};

const char *route_method_name(enum api_method method)
{
    return method_names[method];
}

const struct api_route *route_at(const struct api_routes *const *families, size_t index)
{
    for (; *families != NULL; families++) {
        if (index < (*families)->count)
            return &(*families)->table[index];
        index -= (*families)->count;
    }
    return NULL;
}

/* ---- matching ---- */

struct fit {
    unsigned literal; /* a bit per segment, the first one highest */
    struct span values[ROUTE_PARAMETERS_MAX];
};

static bool is_parameter(struct span segment)
{
    return segment.size > 2 && segment.at[0] == '{';
}

/* Both begin with their slash. */
static bool fits(const char *pattern, struct span path, struct fit *fit_out)
{
    struct span wanted = span_of(pattern);
    struct fit fit = {0};
    size_t count = 0;

    for (unsigned i = 0; wanted.at != NULL && path.at != NULL; i++) {
        struct span want = span_cut(&wanted, '/'), have = span_cut(&path, '/');
        must(i <= ROUTE_SEGMENTS_MAX);
        if (is_parameter(want) && have.size > 0) {
            must(count < ROUTE_PARAMETERS_MAX);
            fit.values[count++] = have;
        } else if (span_equal(want, have)) {
            fit.literal |= 1U << (ROUTE_SEGMENTS_MAX - i);
        } else {
            return false;
        }
    }
    *fit_out = fit;
    return wanted.at == NULL && path.at == NULL;
}

void route_find(const struct api_routes *const *families, struct span method, struct span path,
                struct route_match *match_out)
{
    const struct api_route *route;
    unsigned best = 0;

    *match_out = (struct route_match){0};
    for (size_t i = 0; (route = route_at(families, i)) != NULL; i++) {
        struct fit fit;
        if (!fits(route->path, path, &fit))
            continue;
        match_out->methods |= 1U << route->method;
        if (!span_is(method, method_names[route->method]) ||
            (match_out->route != NULL && fit.literal <= best))
            continue;
        best = fit.literal;
        match_out->route = route;
        memcpy(match_out->values, fit.values, sizeof(fit.values));
    }
}

/* ---- values ---- */

static bool read_value(struct route_value *value)
{
    for (size_t i = 0; i < array_size(id_names); i++) {
        if (span_is(value->name, id_names[i].name)) {
            value->is_id = true;
            /* The zero id is nobody's, and means "none" to the store. */
            return id_parse(id_names[i].kind, value->text, &value->id) == 0 &&
                   !uuid_is_zero(value->id);
        }
    }
    return true;
}

bool route_values(const struct route_match *match, struct arena *arena,
                  struct route_value *values_out, size_t *count_out)
{
    struct span rest = span_of(match->route->path);
    size_t count = 0;

    while (rest.at != NULL) {
        struct span segment = span_cut(&rest, '/');
        if (!is_parameter(segment))
            continue;
        struct route_value value = {.name = span_part(segment, 1, segment.size - 2)};
        if (!field_percent_decode(match->values[count], false, arena, &value.text) ||
            !read_value(&value))
            return false;
        values_out[count++] = value;
    }
    *count_out = count;
    return true;
}

/* ---- the table as text ---- */

void route_role_words(unsigned roles, const char *separator, struct buf *out)
{
    const char *before = "";

    for (size_t i = 0; i < array_size(role_names); i++) {
        if ((roles & role_names[i].role) == 0)
            continue;
        buf_printf(out, "%s%s", before, role_names[i].name);
        before = separator;
    }
}

static void write_choices(const char *choices, struct json_writer *w)
{
    struct span rest = span_of(choices);

    json_name(w, "choices");
    json_begin(w, '[');
    while (rest.at != NULL)
        json_write_string(w, span_cut(&rest, '|'));
    json_end(w, ']');
}

static void write_fields(const char *name, const struct fields *fields, struct json_writer *w)
{
    json_name(w, name);
    json_begin(w, '[');
    for (size_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->table[i];
        json_begin(w, '{');
        json_put_cstring(w, "name", field->name);
        json_put_cstring(w, "type", type_names[field->type]);
        json_put_bool(w, "required", field->required);
        json_put_bool(w, "nullable", field->nullable);
        json_put_int64(w, "min", field->min);
        json_put_int64(w, "max", field->max);
        if (field->type == FIELD_CHOICE)
            write_choices(field->choices, w);
        if (field->type == FIELD_ID) {
            char example[ID_TEXT_SIZE];
            id_format(field->id, (struct uuid){{0}}, example);
            json_put_cstring(w, "id", example);
        }
        json_end(w, '}');
    }
    json_end(w, ']');
}

static void write_words(const char *name, const char *const *words, size_t count, unsigned set,
                        struct json_writer *w)
{
    json_name(w, name);
    json_begin(w, '[');
    for (size_t i = 0; i < count; i++) {
        if ((set & 1U << i) != 0)
            json_write_string(w, span_of(words[i]));
    }
    json_end(w, ']');
}

static void write_route(const struct api_route *route, struct json_writer *w)
{
    static const char *const flags[] = {"list", "if_match", "needs_idempotency", "large_body",
                                        "read_committed"};
    const char *roles[array_size(role_names)];

    for (size_t i = 0; i < array_size(role_names); i++)
        roles[i] = role_names[i].name;
    json_begin(w, '{');
    json_put_cstring(w, "method", method_names[route->method]);
    json_put_cstring(w, "path", route->path);
    write_words("roles", roles, array_size(roles), route->roles, w);
    json_put_cstring(w, "scope", route->scope);
    write_words("flags", flags, array_size(flags), route->flags, w);
    write_fields("query", &route->query, w);
    write_fields("body", &route->body, w);
    json_end(w, '}');
}

void route_write_all(const struct api_routes *const *families, struct json_writer *w)
{
    const struct api_route *route;

    json_begin(w, '[');
    for (size_t i = 0; (route = route_at(families, i)) != NULL; i++)
        write_route(route, w);
    json_end(w, ']');
}
