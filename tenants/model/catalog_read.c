/*
 * catalog_read: the file format of docs/catalog.md into structs. See catalog_file.h.
 *
 * One function per object of the format, in the order in which its members are described there.
 */
#include <errno.h>

#include "common/base/map.h"
#include "tenants/model/catalog_check.h"
#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_reader.h"

/* What must not stand there twice, over the whole file. */
struct seen {
    struct map *providers; /* slug -> struct catalog_provider */
    struct map *names;     /* id, alias or openrouter_id -> struct catalog_model */
    struct map *keys;      /* key -> struct catalog_deployment */
};

static bool read_endpoint(struct catalog_reader *r, uint32_t object, struct catalog_endpoint *e)
{
    static const char *const members[] = {"dialect", "base_url", "query", "auth", NULL};
    unsigned dialect = 0, auth = 0;

    if (!catalog_only(r, object, members) ||
        !catalog_name_of(r, object, "dialect", &catalog_dialects, CATALOG_REQUIRED, &dialect) ||
        !catalog_text(r, object, "base_url", CATALOG_REQUIRED, CATALOG_MAX_URL, &e->base_url) ||
        !catalog_text(r, object, "query", CATALOG_OPTIONAL, CATALOG_MAX_TEXT, &e->query) ||
        !catalog_name_of(r, object, "auth", &catalog_auths, CATALOG_REQUIRED, &auth))
        return false;
    e->dialect = (enum catalog_dialect)dialect;
    e->auth = (enum catalog_auth)auth;
    return true;
}

static const struct catalog_endpoint *endpoint_of(const struct catalog_provider *p,
                                                  enum catalog_dialect dialect, uint32_t below)
{
    for (uint32_t i = 0; i < below; i++)
        if (p->endpoints[i].dialect == dialect)
            return &p->endpoints[i];
    return NULL;
}

bool catalog_read_endpoints_at(struct catalog_reader *r, uint32_t object,
                               struct catalog_provider *p)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, object, "endpoints", CATALOG_REQUIRED, CATALOG_MAX_LIST, &list))
        return false;
    p->endpoint_count = json_count(&r->doc, list);
    p->endpoints = arena_array(r->arena, p->endpoint_count, sizeof(p->endpoints[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;
        struct catalog_endpoint *e = &p->endpoints[i];
        const char *problem;

        if (!catalog_enter(r, "endpoints", i, item) || !read_endpoint(r, item, e))
            return false;
        if (endpoint_of(p, e->dialect, i) != NULL)
            return catalog_wrong(r, "dialect", "has an endpoint already");
        problem = catalog_url_problem(span_of(e->base_url), p);
        if (problem != NULL)
            return catalog_wrong(r, "base_url", "\"%s\" %s", e->base_url, problem);
        catalog_up(r, mark);
    }
    return true;
}

bool catalog_read_variables_at(struct catalog_reader *r, uint32_t object,
                               struct catalog_provider *p)
{
    static const char *const members[] = {"name", "what", NULL};
    uint32_t list, i = 0;

    if (!catalog_list(r, object, "variables", CATALOG_OPTIONAL, CATALOG_MAX_LIST, &list))
        return false;
    p->variable_count = json_count(&r->doc, list);
    p->variables = arena_array(r->arena, p->variable_count, sizeof(p->variables[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;
        struct catalog_variable *v = &p->variables[i];

        v->what = "";
        if (!catalog_enter(r, "variables", i, item) || !catalog_only(r, item, members) ||
            !catalog_text(r, item, "name", CATALOG_REQUIRED, 64, &v->name) ||
            !catalog_text(r, item, "what", CATALOG_OPTIONAL, CATALOG_MAX_TEXT, &v->what))
            return false;
        if (!catalog_is_variable(v->name))
            return catalog_wrong(r, "name", "\"%s\" is not of A-Z, 0-9 and _", v->name);
        catalog_up(r, mark);
    }
    return true;
}

static bool read_provider(struct catalog_reader *r, uint32_t object, struct catalog_provider *p,
                          struct seen *seen)
{
    static const char *const members[] = {"slug", "name", "endpoints", "variables", NULL};

    if (!catalog_only(r, object, members) ||
        !catalog_text(r, object, "slug", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &p->slug) ||
        !catalog_text(r, object, "name", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &p->name) ||
        !catalog_read_variables_at(r, object, p) || !catalog_read_endpoints_at(r, object, p))
        return false;
    if (!catalog_is_slug(span_of(p->slug)))
        return catalog_wrong(r, "slug", "\"%s\" is no slug", p->slug);
    if (map_put(seen->providers, span_of(p->slug), p) != NULL)
        return catalog_wrong(r, "slug", "\"%s\" stands there twice", p->slug);
    return true;
}

static bool read_usd(struct catalog_reader *r, uint32_t object, struct price_rate *rate)
{
    const char *text = NULL;
    int err;

    if (!catalog_text(r, object, "usd", CATALOG_REQUIRED, 64, &text))
        return false;
    err = catalog_price_parse((enum meter)rate->meter, span_of(text), &rate->pico_per_unit);
    if (err == -ERANGE)
        return catalog_wrong(r, "usd", "\"%s\" is too large", text);
    if (err < 0)
        return catalog_wrong(r, "usd", "\"%s\" is no price (a decimal from 0)", text);
    return true;
}

static bool read_rate(struct catalog_reader *r, uint32_t object, struct price_rate *rate)
{
    static const char *const members[] = {"meter", "mode", "context_over", "usd", NULL};
    const char *meter = NULL, *mode = "standard";
    enum meter parsed_meter;
    enum price_mode parsed_mode;

    if (!catalog_only(r, object, members) ||
        !catalog_text(r, object, "meter", CATALOG_REQUIRED, 64, &meter) ||
        !catalog_text(r, object, "mode", CATALOG_OPTIONAL, 64, &mode) ||
        !catalog_count(r, object, "context_over", &rate->context_over))
        return false;
    if (meter_parse(span_of(meter), &parsed_meter) < 0)
        return catalog_wrong(r, "meter", "meter \"%s\" is unknown", meter);
    if (price_mode_parse(span_of(mode), &parsed_mode) < 0)
        return catalog_wrong(r, "mode", "mode \"%s\" is unknown", mode);
    rate->meter = (uint8_t)parsed_meter;
    rate->mode = (uint8_t)parsed_mode;
    return read_usd(r, object, rate);
}

static bool rate_is_new(const struct catalog_deployment *d, uint32_t at)
{
    const struct price_rate *rate = &d->rates[at];

    for (uint32_t i = 0; i < at; i++)
        if (d->rates[i].meter == rate->meter && d->rates[i].mode == rate->mode &&
            d->rates[i].context_over == rate->context_over)
            return false;
    return true;
}

static bool read_rates(struct catalog_reader *r, uint32_t object, struct catalog_deployment *d)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, object, "rates", CATALOG_REQUIRED, CATALOG_MAX_RATES, &list))
        return false;
    d->rate_count = json_count(&r->doc, list);
    d->rates = arena_array(r->arena, d->rate_count, sizeof(d->rates[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;

        if (!catalog_enter(r, "rates", i, item) || !read_rate(r, item, &d->rates[i]))
            return false;
        if (!rate_is_new(d, i))
            return catalog_wrong(r, NULL,
                                 "the same meter, mode and context_over stand there twice");
        catalog_up(r, mark);
    }
    if (d->rate_count > 0 && d->prices_as_of == NULL)
        return catalog_wrong(r, "prices_as_of", "is missing, though there are rates");
    return true;
}

static bool read_limits(struct catalog_reader *r, uint32_t object, struct catalog_limits *limits)
{
    static const char *const members[] = {"context", "input", "output", NULL};
    uint32_t at;
    size_t mark = r->path_size;

    if (!catalog_object(r, object, "limits", CATALOG_OPTIONAL, &at))
        return false;
    if (at == JSON_NONE)
        return true;
    catalog_down(r, "limits");
    if (!catalog_only(r, at, members) || !catalog_count(r, at, "context", &limits->context) ||
        !catalog_count(r, at, "input", &limits->input) ||
        !catalog_count(r, at, "output", &limits->output))
        return false;
    catalog_up(r, mark);
    return true;
}

/* What operators set and the facts do not know; region and quantization included. */
static bool read_policy(struct catalog_reader *r, uint32_t object, struct catalog_deployment *d)
{
    static const char *const members[] = {"trains", "retains", NULL};
    uint32_t at;
    size_t mark = r->path_size;

    if (!catalog_text(r, object, "region", CATALOG_OPTIONAL, 64, &d->region) ||
        !catalog_text(r, object, "quantization", CATALOG_OPTIONAL, 64, &d->quantization) ||
        !catalog_object(r, object, "data_policy", CATALOG_OPTIONAL, &at))
        return false;
    if (at == JSON_NONE)
        return true;
    catalog_down(r, "data_policy");
    if (!catalog_only(r, at, members) || !catalog_flag_of(r, at, "trains", &d->trains) ||
        !catalog_flag_of(r, at, "retains", &d->retains))
        return false;
    catalog_up(r, mark);
    return true;
}

static bool read_capabilities(struct catalog_reader *r, uint32_t object,
                              struct catalog_deployment *d)
{
    uint32_t at;
    size_t mark = r->path_size;

    if (!catalog_object(r, object, "capabilities", CATALOG_REQUIRED, &at))
        return false;
    catalog_down(r, "capabilities");
    if (!catalog_read_capabilities_at(r, at, &d->capabilities))
        return false;
    catalog_up(r, mark);
    return true;
}

/* Dialect, base URL and credential: its own or those of the provider's endpoint. */
static bool read_wire(struct catalog_reader *r, uint32_t object, struct catalog_deployment *d,
                      const struct seen *seen)
{
    const struct catalog_provider *p = map_get(seen->providers, span_of(d->provider));
    const struct catalog_endpoint *e;
    const char *problem;
    unsigned dialect = 0;

    if (p == NULL)
        return catalog_wrong(r, "provider", "\"%s\" is none of the providers", d->provider);
    if (!catalog_name_of(r, object, "dialect", &catalog_dialects, CATALOG_REQUIRED, &dialect))
        return false;
    e = endpoint_of(p, (enum catalog_dialect)dialect, p->endpoint_count);
    if (e == NULL)
        return catalog_wrong(r, "dialect", "provider \"%s\" has no endpoint of it", p->slug);
    d->dialect = e->dialect;
    d->auth = e->auth;
    d->query = e->query;
    d->base_url = e->base_url;
    if (!catalog_text(r, object, "base_url", CATALOG_OPTIONAL, CATALOG_MAX_URL, &d->base_url))
        return false;
    problem = catalog_url_problem(span_of(d->base_url), p);
    if (problem != NULL)
        return catalog_wrong(r, "base_url", "\"%s\" %s", d->base_url, problem);
    return true;
}

static bool read_names(struct catalog_reader *r, uint32_t object, struct catalog_deployment *d)
{
    if (!catalog_text(r, object, "key", CATALOG_REQUIRED, 2 * CATALOG_MAX_TEXT, &d->key) ||
        !catalog_text(r, object, "provider", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &d->provider) ||
        !catalog_text(r, object, "upstream_id", CATALOG_REQUIRED, CATALOG_MAX_TEXT,
                      &d->upstream_id) ||
        !catalog_text(r, object, "failure_domain", CATALOG_REQUIRED, CATALOG_MAX_TEXT,
                      &d->failure_domain) ||
        !catalog_text(r, object, "scope", CATALOG_OPTIONAL, 64, &d->scope) ||
        !catalog_text(r, object, "variant", CATALOG_OPTIONAL, 64, &d->variant) ||
        !catalog_text(r, object, "snapshot", CATALOG_OPTIONAL, 64, &d->snapshot) ||
        !catalog_text(r, object, "source", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &d->source) ||
        !catalog_date(r, object, "prices_as_of", &d->prices_as_of))
        return false;
    if (!catalog_is_upstream_id(span_of(d->upstream_id)))
        return catalog_wrong(r, "upstream_id", "\"%s\" has a byte that may not be in it",
                             d->upstream_id);
    if (!catalog_is_key(span_of(d->key), span_of(d->provider), span_of(d->upstream_id)))
        return catalog_wrong(r, "key", "\"%s\" is not %s/%s#n", d->key, d->provider,
                             d->upstream_id);
    return true;
}

static bool read_deployment(struct catalog_reader *r, uint32_t object, struct catalog_deployment *d,
                            struct seen *seen)
{
    static const char *const members[] = {"key",
                                          "provider",
                                          "upstream_id",
                                          "failure_domain",
                                          "dialect",
                                          "base_url",
                                          "status",
                                          "first_party",
                                          "scope",
                                          "variant",
                                          "snapshot",
                                          "region",
                                          "limits",
                                          "quantization",
                                          "data_policy",
                                          "capabilities",
                                          "quarantine",
                                          "rates",
                                          "source",
                                          "prices_as_of",
                                          "quarantine_detail",
                                          NULL};
    unsigned status = CATALOG_STABLE;

    if (!catalog_only(r, object, members) || !read_names(r, object, d) ||
        !read_wire(r, object, d, seen) ||
        !catalog_name_of(r, object, "status", &catalog_statuses, CATALOG_OPTIONAL, &status) ||
        !catalog_truth(r, object, "first_party", &d->first_party) || !read_policy(r, object, d) ||
        !read_limits(r, object, &d->limits) || !read_capabilities(r, object, d) ||
        !read_rates(r, object, d) ||
        !catalog_set(r, object, "quarantine", &catalog_reasons, &d->quarantine) ||
        !catalog_text(r, object, "quarantine_detail", CATALOG_OPTIONAL, 1000,
                      &d->quarantine_detail))
        return false;
    d->status = (enum catalog_status)status;
    if (d->quarantine_detail != NULL && d->quarantine == 0)
        return catalog_wrong(r, "quarantine_detail", "stands there without a quarantine");
    if (map_put(seen->keys, span_of(d->key), d) != NULL)
        return catalog_wrong(r, "key", "\"%s\" stands there twice", d->key);
    return true;
}

static bool read_deployments(struct catalog_reader *r, uint32_t object, struct catalog_model *m,
                             struct seen *seen)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, object, "deployments", CATALOG_REQUIRED, CATALOG_MAX_DEPLOYMENTS, &list))
        return false;
    m->deployment_count = json_count(&r->doc, list);
    m->deployments = arena_array(r->arena, m->deployment_count, sizeof(m->deployments[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;

        if (!catalog_enter(r, "deployments", i, item) ||
            !read_deployment(r, item, &m->deployments[i], seen))
            return false;
        catalog_up(r, mark);
    }
    return true;
}

/* Takes a name for the model; another model's is refused, its own again is fine. */
static bool claim(struct catalog_reader *r, const char *member, const char *name,
                  struct catalog_model *m, struct seen *seen)
{
    struct catalog_model *other = map_get(seen->names, span_of(name));

    if (other != NULL && other != m)
        return catalog_wrong(r, member, "\"%s\" is also a name of %s", name, other->id);
    (void)map_put(seen->names, span_of(name), m);
    return true;
}

static bool read_aliases(struct catalog_reader *r, uint32_t object, struct catalog_model *m,
                         struct seen *seen)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, object, "aliases", CATALOG_OPTIONAL, CATALOG_MAX_LIST, &list))
        return false;
    m->alias_count = json_count(&r->doc, list);
    m->aliases = arena_array(r->arena, m->alias_count, sizeof(m->aliases[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;
        struct span text;

        catalog_down_item(r, "aliases", i);
        if (json_string(&r->doc, item, r->arena, &text) < 0 || text.size > CATALOG_MAX_TEXT ||
            !catalog_is_upstream_id(text))
            return catalog_wrong(r, NULL, "is not a name of visible characters");
        m->aliases[i] = arena_span(r->arena, text).at;
        if (map_get(seen->names, text) == m)
            return catalog_wrong(r, NULL, "\"%s\" stands there twice", m->aliases[i]);
        if (!claim(r, NULL, m->aliases[i], m, seen))
            return false;
        catalog_up(r, mark);
    }
    return true;
}

/* The members that are plain values. */
static bool read_description(struct catalog_reader *r, uint32_t object, struct catalog_model *m)
{
    unsigned kind = 0;

    if (!catalog_text(r, object, "id", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &m->id) ||
        !catalog_text(r, object, "name", CATALOG_REQUIRED, CATALOG_MAX_TEXT, &m->name) ||
        !catalog_name_of(r, object, "kind", &catalog_kinds, CATALOG_REQUIRED, &kind) ||
        !catalog_text(r, object, "openrouter_id", CATALOG_OPTIONAL, CATALOG_MAX_TEXT,
                      &m->openrouter_id) ||
        !catalog_text(r, object, "family", CATALOG_OPTIONAL, CATALOG_MAX_TEXT, &m->family) ||
        !catalog_date(r, object, "release_date", &m->release_date) ||
        !catalog_text(r, object, "knowledge", CATALOG_OPTIONAL, 64, &m->knowledge) ||
        !catalog_flag_of(r, object, "open_weights", &m->open_weights) ||
        !catalog_truth(r, object, "deprecated", &m->deprecated))
        return false;
    m->kind = (enum catalog_kind)kind;
    return true;
}

static bool read_model(struct catalog_reader *r, uint32_t object, struct catalog_model *m,
                       struct seen *seen)
{
    static const char *const members[] = {
        "id",           "name",         "kind",      "family",     "aliases",     "openrouter_id",
        "open_weights", "release_date", "knowledge", "deprecated", "deployments", NULL};

    if (!catalog_only(r, object, members) || !read_description(r, object, m))
        return false;
    if (!catalog_is_model_id(span_of(m->id)))
        return catalog_wrong(r, "id", "\"%s\" is not author/slug", m->id);
    if (map_get(seen->names, span_of(m->id)) != NULL)
        return catalog_wrong(r, "id", "\"%s\" is a name of another model", m->id);
    return claim(r, "id", m->id, m, seen) && read_aliases(r, object, m, seen) &&
           (m->openrouter_id == NULL || claim(r, "openrouter_id", m->openrouter_id, m, seen)) &&
           read_deployments(r, object, m, seen);
}

static bool read_providers(struct catalog_reader *r, struct catalog *catalog, struct seen *seen)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, 0, "providers", CATALOG_REQUIRED, CATALOG_MAX_PROVIDERS, &list))
        return false;
    catalog->provider_count = json_count(&r->doc, list);
    catalog->providers =
        arena_array(r->arena, catalog->provider_count, sizeof(catalog->providers[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;

        if (!catalog_enter(r, "providers", i, item) ||
            !read_provider(r, item, &catalog->providers[i], seen))
            return false;
        catalog_up(r, mark);
    }
    return true;
}

static bool read_models(struct catalog_reader *r, struct catalog *catalog, struct seen *seen)
{
    uint32_t list, i = 0;

    if (!catalog_list(r, 0, "models", CATALOG_REQUIRED, CATALOG_MAX_MODELS, &list))
        return false;
    catalog->model_count = json_count(&r->doc, list);
    catalog->models = arena_array(r->arena, catalog->model_count, sizeof(catalog->models[0]));
    for (uint32_t item = json_first(&r->doc, list); item != JSON_NONE;
         item = json_after(&r->doc, list, item), i++) {
        size_t mark = r->path_size;

        if (!catalog_enter(r, "models", i, item) || !read_model(r, item, &catalog->models[i], seen))
            return false;
        catalog_up(r, mark);
    }
    return true;
}

static bool read_head(struct catalog_reader *r, struct catalog *catalog)
{
    static const char *const members[] = {"format",  "source",    "facts_as_of", "license",
                                          "$schema", "providers", "models",      NULL};
    const char *format = NULL;

    if (!catalog_only(r, 0, members) ||
        !catalog_text(r, 0, "format", CATALOG_REQUIRED, 64, &format) ||
        !catalog_text(r, 0, "source", CATALOG_OPTIONAL, CATALOG_MAX_TEXT, &catalog->source) ||
        !catalog_date(r, 0, "facts_as_of", &catalog->facts_as_of))
        return false;
    if (strcmp(format, CATALOG_FORMAT) != 0)
        return catalog_wrong(r, "format", "\"%s\" is not " CATALOG_FORMAT, format);
    return true;
}

int catalog_parse(struct span text, struct catalog **catalog_out, struct catalog_error *error_out)
{
    struct catalog *catalog = catalog_new();
    struct seen seen = {map_new(64), map_new(1024), map_new(2048)};
    struct catalog_reader r;
    bool good = catalog_reader_open(&r, text, catalog->arena, error_out) &&
                read_head(&r, catalog) && read_providers(&r, catalog, &seen) &&
                read_models(&r, catalog, &seen);

    catalog_reader_done(&r);
    map_free(seen.providers);
    map_free(seen.names);
    map_free(seen.keys);
    if (!good) {
        catalog_free(catalog);
        return -EINVAL;
    }
    catalog_finish(catalog);
    *catalog_out = catalog;
    return 0;
}
