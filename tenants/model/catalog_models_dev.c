/*
 * catalog_models_dev: providers and their models into one catalog. See catalog_models_dev.h.
 *
 * Two passes: the first reads every model of every provider as a deployment and hangs it on the
 * model it is joined to, the second makes arrays of what was found.
 */
#include "tenants/model/catalog_models_dev.h"

#include <errno.h>

#include "common/base/map.h"
#include "tenants/model/catalog_check.h"
#include "tenants/model/catalog_join.h"
#include "tenants/model/catalog_models_dev_parts.h"

/* A deployment on its way into a model. */
struct found {
    struct catalog_deployment deployment;
    struct found *next;
};

/* A model on its way into the catalog, with the deployments found so far. */
struct draft {
    struct catalog_model model;
    struct found *first, **last;
    bool described; /* by the author's own entry: others no longer describe it */
    struct draft *next;
};

struct importer {
    struct models_dev m;
    const struct catalog *known; /* may be NULL */
    struct map *upstream;        /* known "provider/upstream_id" -> struct catalog_model */
    struct map *names;           /* known, folded names -> struct catalog_model */
    struct map *authors;         /* known authors -> the same text */
    struct map *drafts;          /* folded id -> struct draft */
    struct map *taken;           /* names of drafts, as they are -> struct draft */
    struct draft *first, **last;
    struct catalog *catalog;
};

/* What the surroundings of one model say. */
struct place {
    struct catalog_provider *provider;
    uint32_t node; /* of the provider */
};

static void know_model(struct importer *in, const struct catalog_model *model)
{
    struct arena *arena = in->catalog->arena;
    struct span rest = span_of(model->id), author = span_cut(&rest, '/');
    /* The maps hold what they are given and promise not to change it. */
    void *value = (void *)(uintptr_t)model;

    author = arena_span(arena, author);
    (void)map_put(in->authors, author, (void *)(uintptr_t)author.at);
    (void)map_put(in->names, span_of(catalog_fold(model->id, arena)), value);
    for (uint32_t i = 0; i < model->alias_count; i++)
        if (strchr(model->aliases[i], '/') != NULL)
            (void)map_put(in->names, span_of(catalog_fold(model->aliases[i], arena)), value);
    if (model->openrouter_id != NULL)
        (void)map_put(in->names, span_of(catalog_fold(model->openrouter_id, arena)), value);
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct catalog_deployment *d = &model->deployments[i];

        (void)map_put(in->upstream,
                      span_of(arena_printf(arena, "%s/%s", d->provider, d->upstream_id)), value);
    }
}

static const char *copy(struct importer *in, const char *text)
{
    return text == NULL ? NULL : arena_strdup(in->catalog->arena, text);
}

static void copy_known(struct importer *in, struct catalog_model *model,
                       const struct catalog_model *known)
{
    *model = (struct catalog_model){
        .id = copy(in, known->id),
        .name = copy(in, known->name),
        .kind = known->kind,
        .openrouter_id = copy(in, known->openrouter_id),
        .family = copy(in, known->family),
        .release_date = copy(in, known->release_date),
        .knowledge = copy(in, known->knowledge),
        .open_weights = known->open_weights,
        .alias_count = known->alias_count,
    };
    model->aliases = arena_array(in->catalog->arena, known->alias_count, sizeof(const char *));
    for (uint32_t i = 0; i < known->alias_count; i++)
        model->aliases[i] = copy(in, known->aliases[i]);
}

/* The first entry describes a model, until the author's own does. */
static void describe(struct importer *in, struct draft *draft, uint32_t node, bool first_party,
                     const struct catalog_deployment *d)
{
    struct catalog_model *model = &draft->model;
    const char *name;
    bool open;

    if (draft->described || (draft->first != NULL && !first_party))
        return;
    draft->described = first_party;
    name = models_dev_text(&in->m, node, "name");
    model->name = name == NULL ? model->id : name;
    model->kind = models_dev_kind(model->id, &d->capabilities);
    model->family = models_dev_text(&in->m, node, "family");
    model->knowledge = models_dev_text(&in->m, node, "knowledge");
    model->release_date = models_dev_date(&in->m, node, "release_date");
    if (model->knowledge != NULL && strlen(model->knowledge) > 64)
        model->knowledge = NULL;
    if (json_bool(&in->m.r.doc, json_find(&in->m.r.doc, node, "open_weights"), &open) == 0)
        model->open_weights = open ? CATALOG_YES : CATALOG_NO;
}

/* The model that a provider means by a name: the known one, or one of its own making. */
static struct draft *draft_of(struct importer *in, const char *provider, const char *upstream_id,
                              const struct catalog_identity *identity)
{
    struct arena *arena = in->catalog->arena;
    const char *id = arena_printf(
        arena, "%s/%s", identity->author == NULL ? provider : identity->author, identity->slug);
    const char *fold = catalog_fold(id, arena);
    const struct catalog_model *known =
        map_get(in->upstream, span_of(arena_printf(arena, "%s/%s", provider, upstream_id)));
    struct draft *draft;

    if (known == NULL)
        known = map_get(in->names, span_of(fold));
    if (known != NULL)
        fold = catalog_fold(known->id, arena);
    draft = map_get(in->drafts, span_of(fold));
    if (draft != NULL)
        return draft;
    draft = arena_take(arena, sizeof(*draft));
    draft->last = &draft->first;
    if (known != NULL) {
        copy_known(in, &draft->model, known);
        draft->described = true;
    } else {
        draft->model.id = id;
    }
    (void)map_put(in->drafts, span_of(fold), draft);
    *in->last = draft;
    in->last = &draft->next;
    return draft;
}

static struct catalog_endpoint *endpoint_of(const struct catalog_provider *p,
                                            enum catalog_dialect dialect)
{
    for (uint32_t i = 0; p != NULL && i < p->endpoint_count; i++)
        if (p->endpoints[i].dialect == dialect)
            return &p->endpoints[i];
    return NULL;
}

/* Takes a ${NAME} over into what the provider declares. */
static void declare(struct importer *in, struct catalog_provider *p, struct span behind_dollar)
{
    struct span rest = behind_dollar, name = span_cut(&rest, '}');

    if (rest.at == NULL || name.size < 2 || name.size > 64 || name.at[0] != '{' ||
        p->variable_count == CATALOG_MAX_LIST)
        return;
    name = arena_span(in->catalog->arena, span_part(name, 1, SIZE_MAX));
    for (uint32_t i = 0; i < p->variable_count; i++)
        if (span_is(name, p->variables[i].name))
            return;
    if (catalog_is_variable(name.at))
        p->variables[p->variable_count++] = (struct catalog_variable){name.at, "from models.dev"};
}

/* Without the slash at its end; NULL when it may not stand in a catalog. */
static const char *usable_url(struct importer *in, struct catalog_provider *p, const char *url)
{
    struct span text = span_of(url);
    const char *problem;

    while (text.size > 0 && text.at[text.size - 1] == '/')
        text.size--;
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] == '$')
            declare(in, p, span_part(text, i + 1, SIZE_MAX));
    problem = text.size > CATALOG_MAX_URL ? "is too long" : catalog_url_problem(text, p);
    if (problem == NULL)
        return arena_span(in->catalog->arena, text).at;
    models_dev_note(&in->m, "base URL \"%.*s\" %s, left out",
                    (int)(text.size > 100 ? 100 : text.size), text.at, problem);
    return NULL;
}

/* The base URL as the entry, its provider, the known catalog or the package has it. */
static const char *find_url(struct importer *in, struct catalog_provider *p, const char *own,
                            const struct catalog_endpoint *known,
                            const struct models_dev_wire *wire)
{
    const char *url = own;

    if (url == NULL && known != NULL)
        url = known->base_url;
    if (url == NULL)
        url = wire->base_url;
    if (url == NULL) {
        models_dev_note(&in->m, "left out: no base URL is known for %s",
                        catalog_word(&catalog_dialects, wire->dialect));
        return NULL;
    }
    return usable_url(in, p, url);
}

/* Dialect, address and credential; the first of a dialect makes the provider's endpoint. */
static bool find_wire(struct importer *in, const struct place *place, uint32_t node,
                      struct catalog_deployment *d)
{
    struct catalog_provider *p = place->provider;
    uint32_t own = json_find(&in->m.r.doc, node, "provider");
    const char *npm = models_dev_text(&in->m, own, "npm"),
               *url = models_dev_text(&in->m, own, "api");
    struct models_dev_wire wire;
    const struct catalog_provider *known_provider = NULL;
    const struct catalog_endpoint *known;
    struct catalog_endpoint *endpoint;

    if (url == NULL && npm == NULL)
        url = models_dev_text(&in->m, place->node, "api");
    if (npm == NULL)
        npm = models_dev_text(&in->m, place->node, "npm");
    wire = models_dev_wire_of(npm, models_dev_text(&in->m, own, "shape"));
    if (in->known != NULL)
        known_provider = catalog_provider_find(in->known, p->slug);
    known = endpoint_of(known_provider, wire.dialect);
    d->base_url = find_url(in, p, url, known, &wire);
    if (d->base_url == NULL)
        return false;
    endpoint = endpoint_of(p, wire.dialect);
    if (endpoint == NULL) {
        endpoint = &p->endpoints[p->endpoint_count++];
        *endpoint = (struct catalog_endpoint){wire.dialect, d->base_url, NULL, wire.auth};
        if (known != NULL) {
            endpoint->auth = known->auth;
            endpoint->query = copy(in, known->query);
            endpoint->base_url = usable_url(in, p, known->base_url);
            if (endpoint->base_url == NULL)
                endpoint->base_url = d->base_url;
        }
    }
    d->dialect = endpoint->dialect;
    d->auth = endpoint->auth;
    d->query = endpoint->query;
    return true;
}

static enum catalog_status status_of(struct importer *in, uint32_t node)
{
    const char *status = models_dev_text(&in->m, node, "status");

    if (status == NULL)
        return CATALOG_STABLE;
    if (strcmp(status, "deprecated") == 0)
        return CATALOG_DEPRECATED;
    return CATALOG_BETA; /* "alpha" and "beta" */
}

static void read_model(struct importer *in, const struct place *place, const char *upstream_id,
                       uint32_t node)
{
    struct arena *arena = in->catalog->arena;
    struct catalog_identity identity;
    struct found *found;
    struct catalog_deployment *d;
    struct draft *draft;

    if (json_kind(&in->m.r.doc, node) != JSON_OBJECT ||
        !catalog_is_upstream_id(span_of(upstream_id)) ||
        !catalog_identify(place->provider->slug, upstream_id, in->authors, arena, &identity) ||
        (identity.variant != NULL && strlen(identity.variant) > 64)) {
        models_dev_note(&in->m, "left out: no model, or no usable id");
        return;
    }
    found = arena_take(arena, sizeof(*found));
    d = &found->deployment;
    if (!find_wire(in, place, node, d))
        return;
    d->provider = d->failure_domain = place->provider->slug;
    d->upstream_id = upstream_id;
    d->key = arena_printf(arena, "%s/%s#1", d->provider, upstream_id);
    d->status = status_of(in, node);
    d->first_party = identity.first_party;
    d->scope = identity.scope;
    d->variant = identity.variant;
    d->snapshot = identity.snapshot;
    d->source = "models.dev";
    models_dev_limits(&in->m, node, &d->limits);
    models_dev_capabilities(&in->m, node, &d->capabilities);
    draft = draft_of(in, d->provider, upstream_id, &identity);
    models_dev_rates(&in->m, node, span_starts(span_of(draft->model.id), "anthropic/"), d);
    describe(in, draft, node, identity.first_party, d);
    if (draft->model.deployment_count == CATALOG_MAX_DEPLOYMENTS) {
        models_dev_note(&in->m, "left out: too many deployments of one model");
        return;
    }
    *draft->last = found;
    draft->last = &found->next;
    draft->model.deployment_count++;
}

static void read_provider(struct importer *in, struct catalog_provider *p, uint32_t node)
{
    struct json_doc *doc = &in->m.r.doc;
    struct arena *arena = in->catalog->arena;
    struct place place = {.provider = p, .node = node};
    uint32_t models = json_find(doc, node, "models");
    size_t mark = in->m.r.path_size;
    const char *name = models_dev_text(&in->m, node, "name");

    p->name = name == NULL ? p->slug : name;
    p->endpoints = arena_array(arena, CATALOG_DIALECT_COUNT, sizeof(p->endpoints[0]));
    p->variables = arena_array(arena, CATALOG_MAX_LIST, sizeof(p->variables[0]));
    if (!json_is(doc, models, JSON_OBJECT))
        return;
    for (uint32_t at = json_first(doc, models); at != JSON_NONE; at = json_after(doc, models, at)) {
        struct span id;

        if (json_string(doc, at, arena, &id) < 0 || id.size == 0 || id.size > CATALOG_MAX_TEXT ||
            memchr(id.at, '\0', id.size) != NULL) {
            models_dev_note(&in->m, "a model's id is no name, left out");
            continue;
        }
        id = arena_span(arena, id);
        catalog_down(&in->m.r, id.at);
        read_model(in, &place, id.at, json_value(doc, at));
        catalog_up(&in->m.r, mark);
    }
}

static bool read_providers(struct importer *in)
{
    struct json_doc *doc = &in->m.r.doc;
    struct catalog *catalog = in->catalog;
    uint32_t count = json_count(doc, 0);

    if (count > CATALOG_MAX_PROVIDERS)
        return catalog_wrong(&in->m.r, NULL, "there are more than %u providers",
                             CATALOG_MAX_PROVIDERS);
    catalog->providers = arena_array(catalog->arena, count, sizeof(catalog->providers[0]));
    for (uint32_t at = json_first(doc, 0); at != JSON_NONE; at = json_after(doc, 0, at)) {
        struct span slug;

        if (json_string(doc, at, catalog->arena, &slug) < 0 || !catalog_is_slug(slug) ||
            json_kind(doc, json_value(doc, at)) != JSON_OBJECT) {
            models_dev_note(&in->m, "a provider without a usable name is left out");
            continue;
        }
        struct catalog_provider *p = &catalog->providers[catalog->provider_count];
        p->slug = arena_span(catalog->arena, slug).at;
        catalog_down(&in->m.r, p->slug);
        read_provider(in, p, json_value(doc, at));
        catalog_up(&in->m.r, 0);
        catalog->provider_count += p->endpoint_count > 0;
        if (p->endpoint_count == 0)
            *p = (struct catalog_provider){0};
    }
    return true;
}

/* A new model also answers to its author's own name for it, where nobody else does. */
static void add_alias(struct importer *in, struct draft *draft)
{
    struct catalog_model *model = &draft->model;

    model->aliases = arena_array(in->catalog->arena, 1, sizeof(const char *));
    for (struct found *f = draft->first; f != NULL && model->alias_count == 0; f = f->next) {
        struct span name = span_of(f->deployment.upstream_id);

        if (!f->deployment.first_party || strcmp(model->id, f->deployment.upstream_id) == 0 ||
            map_get(in->taken, name) != NULL)
            continue;
        (void)map_put(in->taken, name, draft);
        model->aliases[model->alias_count++] = f->deployment.upstream_id;
    }
}

/* Every plain name that is taken already, so that an alias cannot mean two models. */
static void claim_names(struct importer *in)
{
    for (struct draft *draft = in->first; draft != NULL; draft = draft->next) {
        const struct catalog_model *model = &draft->model;

        (void)map_put(in->taken, span_of(model->id), draft);
        for (uint32_t i = 0; i < model->alias_count; i++)
            (void)map_put(in->taken, span_of(model->aliases[i]), draft);
        if (model->openrouter_id != NULL)
            (void)map_put(in->taken, span_of(model->openrouter_id), draft);
    }
}

static bool gather(struct importer *in)
{
    struct catalog *catalog = in->catalog;
    uint32_t count = 0;

    for (struct draft *draft = in->first; draft != NULL; draft = draft->next)
        count += draft->first != NULL;
    if (count > CATALOG_MAX_MODELS)
        return catalog_wrong(&in->m.r, NULL, "there are more than %u models", CATALOG_MAX_MODELS);
    claim_names(in);
    catalog->models = arena_array(catalog->arena, count, sizeof(catalog->models[0]));
    for (struct draft *draft = in->first; draft != NULL; draft = draft->next) {
        struct catalog_model *model = &catalog->models[catalog->model_count];
        uint32_t n = 0;

        if (draft->first == NULL)
            continue;
        if (draft->model.aliases == NULL)
            add_alias(in, draft);
        *model = draft->model;
        model->deprecated = true;
        model->deployments =
            arena_array(catalog->arena, model->deployment_count, sizeof(model->deployments[0]));
        for (struct found *f = draft->first; f != NULL; f = f->next) {
            model->deployments[n++] = f->deployment;
            model->deprecated &= f->deployment.status == CATALOG_DEPRECATED;
        }
        catalog->model_count++;
    }
    return true;
}

int catalog_from_models_dev(struct span text, const struct catalog *known,
                            struct catalog_notes *notes, struct catalog **catalog_out,
                            struct catalog_error *error_out)
{
    struct importer in = {
        .m = {.notes = notes},
        .known = known,
        .upstream = map_new(2048),
        .names = map_new(2048),
        .authors = map_new(64),
        .drafts = map_new(2048),
        .taken = map_new(2048),
        .catalog = catalog_new(),
    };
    bool good;

    in.last = &in.first;
    in.catalog->source = "models.dev";
    for (uint32_t i = 0; known != NULL && i < known->model_count; i++)
        know_model(&in, &known->models[i]);
    good = catalog_reader_open(&in.m.r, text, in.catalog->arena, error_out) &&
           read_providers(&in) && gather(&in);
    catalog_reader_done(&in.m.r);
    map_free(in.upstream);
    map_free(in.names);
    map_free(in.authors);
    map_free(in.drafts);
    map_free(in.taken);
    if (!good) {
        catalog_free(in.catalog);
        return -EINVAL;
    }
    catalog_finish(in.catalog);
    *catalog_out = in.catalog;
    return 0;
}
