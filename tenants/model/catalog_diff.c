/*
 * catalog_diff: two catalogs walked side by side. See catalog_diff.h.
 */
#include "tenants/model/catalog_diff.h"

#include "common/base/map.h"
#include "common/base/mem.h"
#include "tenants/model/catalog_file.h"

/* A deployment with the model it stands under. */
struct placed {
    const struct catalog_model *model;
    const struct catalog_deployment *deployment;
};

struct differ {
    struct arena *arena;
    struct catalog_changes changes;
    uint32_t capacity;
    struct map *old_keys, *new_keys; /* key -> struct placed */
    char fields[400];                /* of the pair that is being compared */
    size_t fields_size;
};

static bool same(const char *a, const char *b)
{
    return span_equal(span_of(a), span_of(b)) && (a == NULL) == (b == NULL);
}

static struct catalog_change *note(struct differ *d, enum catalog_change_kind kind)
{
    struct catalog_change *change = &d->changes.items[d->changes.count];

    must(d->changes.count < d->capacity);
    d->changes.count++;
    d->changes.by_kind[kind]++;
    change->kind = kind;
    return change;
}

static void field(struct differ *d, bool changed, const char *name)
{
    size_t size = strlen(name), comma = d->fields_size > 0 ? 2 : 0;

    if (!changed)
        return;
    must(d->fields_size + comma + size < sizeof(d->fields));
    memcpy(d->fields + d->fields_size, ", ", comma);
    memcpy(d->fields + d->fields_size + comma, name, size + 1);
    d->fields_size += comma + size;
}

/* The fields noted since the last call, or NULL when nothing differed. */
static const char *take_fields(struct differ *d)
{
    const char *fields = d->fields_size == 0 ? NULL : arena_strdup(d->arena, d->fields);

    d->fields_size = 0;
    return fields;
}

static bool endpoints_equal(const struct catalog_provider *a, const struct catalog_provider *b)
{
    if (a->endpoint_count != b->endpoint_count)
        return false;
    for (uint32_t i = 0; i < a->endpoint_count; i++) {
        const struct catalog_endpoint *one = &a->endpoints[i], *other = &b->endpoints[i];

        if (one->dialect != other->dialect || one->auth != other->auth ||
            !same(one->base_url, other->base_url) || !same(one->query, other->query))
            return false;
    }
    return true;
}

static bool variables_equal(const struct catalog_provider *a, const struct catalog_provider *b)
{
    if (a->variable_count != b->variable_count)
        return false;
    for (uint32_t i = 0; i < a->variable_count; i++)
        if (!same(a->variables[i].name, b->variables[i].name))
            return false;
    return true;
}

static void diff_provider(struct differ *d, const struct catalog_provider *old,
                          const struct catalog_provider *new)
{
    struct catalog_change *change;
    const char *fields;

    if (old != NULL && new != NULL) {
        field(d, !same(old->name, new->name), "name");
        field(d, !endpoints_equal(old, new), "endpoints");
        field(d, !variables_equal(old, new), "variables");
        fields = take_fields(d);
        if (fields == NULL)
            return;
        change = note(d, CATALOG_PROVIDER_CHANGED);
        change->fields = fields;
    } else {
        change = note(d, new == NULL ? CATALOG_PROVIDER_REMOVED : CATALOG_PROVIDER_ADDED);
    }
    change->old_provider = old;
    change->new_provider = new;
}

static bool aliases_equal(const struct catalog_model *a, const struct catalog_model *b)
{
    if (a->alias_count != b->alias_count)
        return false;
    for (uint32_t i = 0; i < a->alias_count; i++)
        if (!same(a->aliases[i], b->aliases[i]))
            return false;
    return true;
}

static const char *model_fields(struct differ *d, const struct catalog_model *old,
                                const struct catalog_model *new)
{
    field(d, !same(old->name, new->name), "name");
    field(d, old->kind != new->kind, "kind");
    field(d, !aliases_equal(old, new), "aliases");
    field(d, !same(old->openrouter_id, new->openrouter_id), "openrouter_id");
    field(d, !same(old->family, new->family), "family");
    field(d, !same(old->release_date, new->release_date), "release_date");
    field(d, !same(old->knowledge, new->knowledge), "knowledge");
    field(d, old->open_weights != new->open_weights, "open_weights");
    field(d, old->deprecated != new->deprecated, "deprecated");
    return take_fields(d);
}

/* What only operators set changes only by being stated. */
static bool restated(const char *old, const char *new)
{
    return new != NULL && !same(old, new);
}

static bool flag_restated(enum catalog_flag old, enum catalog_flag new)
{
    return new != CATALOG_UNKNOWN &&old != new;
}

static const char *deployment_fields(struct differ *d, const struct placed *old,
                                     const struct placed *new)
{
    const struct catalog_deployment *a = old->deployment, *b = new->deployment;

    field(d, !same(old->model->id, new->model->id), "model");
    field(d, !same(a->failure_domain, b->failure_domain), "failure_domain");
    field(d, a->dialect != b->dialect, "dialect");
    field(d, !same(a->base_url, b->base_url), "base_url");
    field(d, !same(a->query, b->query), "query");
    field(d, a->auth != b->auth, "auth");
    field(d, a->status != b->status, "status");
    field(d, a->first_party != b->first_party, "first_party");
    field(d, !same(a->scope, b->scope), "scope");
    field(d, !same(a->variant, b->variant), "variant");
    field(d, !same(a->snapshot, b->snapshot), "snapshot");
    field(d, restated(a->region, b->region), "region");
    field(d, restated(a->quantization, b->quantization), "quantization");
    field(d, flag_restated(a->trains, b->trains) || flag_restated(a->retains, b->retains),
          "data_policy");
    field(d,
          a->limits.context != b->limits.context || a->limits.input != b->limits.input ||
              a->limits.output != b->limits.output,
          "limits");
    field(d, !catalog_capabilities_equal(&a->capabilities, &b->capabilities), "capabilities");
    field(d, !same(a->prices_as_of, b->prices_as_of), "prices_as_of");
    field(d, !same(a->source, b->source), "source");
    return take_fields(d);
}

static bool rates_equal(const struct catalog_deployment *a, const struct catalog_deployment *b)
{
    if (a->rate_count != b->rate_count)
        return false;
    for (uint32_t i = 0; i < a->rate_count; i++) {
        const struct price_rate *one = &a->rates[i], *other = &b->rates[i];

        if (one->meter != other->meter || one->mode != other->mode ||
            one->context_over != other->context_over || one->pico_per_unit != other->pico_per_unit)
            return false;
    }
    return true;
}

static void note_deployment(struct differ *d, enum catalog_change_kind kind,
                            const struct placed *old, const struct placed *new, const char *fields)
{
    struct catalog_change *change = note(d, kind);

    change->fields = fields;
    if (old != NULL) {
        change->old_model = old->model;
        change->old_deployment = old->deployment;
    }
    if (new != NULL) {
        change->new_model = new->model;
        change->new_deployment = new->deployment;
    }
}

static void diff_deployment(struct differ *d, const struct placed *new)
{
    const struct placed *old = map_get(d->old_keys, span_of(new->deployment->key));
    unsigned was, is;
    const char *fields;

    if (old == NULL) {
        note_deployment(d, CATALOG_DEPLOYMENT_ADDED, NULL, new, NULL);
        return;
    }
    fields = deployment_fields(d, old, new);
    if (fields != NULL)
        note_deployment(d, CATALOG_DEPLOYMENT_CHANGED, old, new, fields);
    if (!rates_equal(old->deployment, new->deployment))
        note_deployment(d, CATALOG_PRICE_CHANGED, old, new, NULL);
    was = old->deployment->quarantine;
    is = new->deployment->quarantine;
    if ((is & ~was) != 0)
        note_deployment(d, CATALOG_QUARANTINED, old, new, NULL);
    else if (was != is)
        note_deployment(d, CATALOG_QUARANTINE_LIFTED, old, new, NULL);
}

static void diff_deployments(struct differ *d, const struct catalog_model *old,
                             const struct catalog_model *new)
{
    for (uint32_t i = 0; new != NULL &&i < new->deployment_count; i++)
        diff_deployment(d, map_get(d->new_keys, span_of(new->deployments[i].key)));
    for (uint32_t i = 0; old != NULL && i < old->deployment_count; i++) {
        struct span key = span_of(old->deployments[i].key);

        if (map_get(d->new_keys, key) == NULL)
            note_deployment(d, CATALOG_DEPLOYMENT_REMOVED, map_get(d->old_keys, key), NULL, NULL);
    }
}

static void diff_model(struct differ *d, const struct catalog_model *old,
                       const struct catalog_model *new)
{
    struct catalog_change *change = NULL;
    const char *fields;

    if (old != NULL && new != NULL) {
        fields = model_fields(d, old, new);
        if (fields != NULL) {
            change = note(d, CATALOG_MODEL_CHANGED);
            change->fields = fields;
        }
    } else {
        change = note(d, new == NULL ? CATALOG_MODEL_REMOVED : CATALOG_MODEL_ADDED);
    }
    if (change != NULL) {
        change->old_model = old;
        change->new_model = new;
    }
    diff_deployments(d, old, new);
}

/* Which of two sorted lists goes on: < 0 the old one, > 0 the new one, 0 both. */
static int step(const char *old, const char *new)
{
    if (old == NULL || new == NULL)
        return old == NULL ? 1 : -1;
    return strcmp(old, new);
}

static void diff_providers(struct differ *d, const struct catalog *old, const struct catalog *new)
{
    uint32_t i = 0, j = 0;

    while (i < old->provider_count || j < new->provider_count) {
        const struct catalog_provider *a = i < old->provider_count ? &old->providers[i] : NULL;
        const struct catalog_provider *b = j < new->provider_count ? &new->providers[j] : NULL;
        int order = step(a == NULL ? NULL : a->slug, b == NULL ? NULL : b->slug);

        diff_provider(d, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

static void diff_models(struct differ *d, const struct catalog *old, const struct catalog *new)
{
    uint32_t i = 0, j = 0;

    while (i < old->model_count || j < new->model_count) {
        const struct catalog_model *a = i < old->model_count ? &old->models[i] : NULL;
        const struct catalog_model *b = j < new->model_count ? &new->models[j] : NULL;
        int order = step(a == NULL ? NULL : a->id, b == NULL ? NULL : b->id);

        diff_model(d, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
        i += order <= 0;
        j += order >= 0;
    }
}

static struct map *index_keys(const struct catalog *catalog, struct arena *arena,
                              uint32_t *count_out)
{
    struct map *keys = map_new(1024);

    *count_out = 0;
    for (uint32_t i = 0; i < catalog->model_count; i++) {
        const struct catalog_model *m = &catalog->models[i];

        for (uint32_t j = 0; j < m->deployment_count; j++) {
            struct placed *placed = arena_take(arena, sizeof(*placed));

            *placed = (struct placed){m, &m->deployments[j]};
            (void)map_put(keys, span_of(placed->deployment->key), placed);
            (*count_out)++;
        }
    }
    return keys;
}

struct catalog_changes catalog_diff(const struct catalog *old, const struct catalog *new,
                                    struct arena *arena)
{
    static const struct catalog nothing;
    struct differ d = {.arena = arena};
    uint32_t before, after;

    if (old == NULL)
        old = &nothing;
    d.old_keys = index_keys(old, arena, &before);
    d.new_keys = index_keys(new, arena, &after);
    /* A deployment that stays makes at most three changes; everything else one. */
    d.capacity = old->provider_count + new->provider_count + old->model_count + new->model_count +
                 before + 3 * after;
    d.changes.items = arena_array(arena, d.capacity, sizeof(d.changes.items[0]));
    diff_providers(&d, old, new);
    diff_models(&d, old, new);
    map_free(d.old_keys);
    map_free(d.new_keys);
    return d.changes;
}

bool catalog_takes_many(const struct catalog *old, const struct catalog_changes *changes,
                        uint64_t *gone_out, uint64_t *had_out)
{
    uint64_t had = 0, gone = changes->by_kind[CATALOG_DEPLOYMENT_REMOVED];

    for (uint32_t m = 0; m < old->model_count; m++)
        had += old->models[m].deployment_count;
    *gone_out = gone;
    *had_out = had;
    return gone * 5 > had;
}
