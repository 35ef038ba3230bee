/*
 * build: see build.h. One function per kind of row; everything lands in the snapshot's own arena.
 */
#include "gateway/snapshot/build.h"

#include "common/base/mem.h"
#include "gateway/snapshot/credentials.h"
#include "gateway/snapshot/presets.h"
#include "gateway/snapshot/snapshot_private.h"

enum { CHUNK_BYTES = 1 << 20, ARENA_MAX_BYTES = 1 << 30 };

struct builder {
    const struct snapshot_rows *rows;
    const struct build_config *config;
    struct snapshot *snapshot;
    struct arena *arena;
    struct plan_version *plans;
    struct credentials credentials;
    struct json_doc doc; /* scratch */
};

static struct span copy(struct builder *b, struct span text)
{
    return text.size == 0 ? span_make("", 0) : arena_span(b->arena, text);
}

static void build_plans(struct builder *b)
{
    const struct snapshot_rows *rows = b->rows;
    struct snapshot_discount *discounts =
        arena_array(b->arena, rows->plan_discount_count + 1, sizeof(*discounts));

    b->plans = arena_array(b->arena, rows->plan_count + 1, sizeof(*b->plans));
    for (uint32_t i = 0; i < rows->plan_count; i++) {
        b->plans[i] = rows->plans[i];
        b->plans[i].plan = copy(b, rows->plans[i].plan);
    }
    for (uint32_t i = 0; i < rows->plan_discount_count; i++) {
        const struct plan_discount_row *row = &rows->plan_discounts[i];

        discounts[i] = (struct snapshot_discount){rows->plans[row->plan].id,
                                                  copy(b, rows->providers[row->provider].slug),
                                                  row->discount_ppm};
    }
    b->snapshot->discounts = discounts;
    b->snapshot->discount_count = rows->plan_discount_count;
}

static struct routing_rules build_routing(struct builder *b, const struct routing_row *row)
{
    struct span *regions = arena_array(b->arena, row->region_count + 1, sizeof(*regions));

    for (uint32_t i = 0; i < row->region_count; i++) {
        regions[i] = copy(b, row->regions[i]);
    }
    return (struct routing_rules){
        .continue_on_failure = row->continue_on_failure,
        .hedge = row->hedge,
        .zdr = row->zdr,
        .no_collection = row->no_collection,
        .strategy = copy(b, row->strategy),
        .regions = regions,
        .region_count = row->region_count,
    };
}

static void build_tenant(struct builder *b, const struct tenant_row *row,
                         struct snapshot_tenant *tenant)
{
    const struct plan_version **plans =
        arena_array(b->arena, row->subscription_count + 1, sizeof(struct plan_version *));
    int64_t *from_ms = arena_array(b->arena, row->subscription_count + 1, sizeof(*from_ms));
    int64_t *until_ms = arena_array(b->arena, row->subscription_count + 1, sizeof(*until_ms));

    for (uint32_t i = 0; i < row->subscription_count; i++) {
        const struct subscription_row *subscription =
            &b->rows->subscriptions[row->first_subscription + i];

        plans[i] = &b->plans[subscription->plan];
        from_ms[i] = subscription->from_ms;
        until_ms[i] = subscription->until_ms;
    }
    *tenant = (struct snapshot_tenant){
        .id = row->id,
        .status = row->status,
        .billing_mode = row->billing_mode,
        .cell = copy(b, row->home_cell),
        .plans = plans,
        .plan_from_ms = from_ms,
        .plan_until_ms = until_ms,
        .plan_count = row->subscription_count,
        .routing = build_routing(b, &row->routing),
    };
}

static void build_key(struct builder *b, const struct key_row *row, struct snapshot_key *key)
{
    const struct project_row *project = &b->rows->projects[row->project];
    struct span *models = NULL;

    if (!row->all_models) {
        models = arena_array(b->arena, row->allowed_count + 1, sizeof(*models));
        for (uint32_t i = 0; i < row->allowed_count; i++) {
            models[i] = copy(b, row->allowed_models[i]);
        }
    }
    *key = (struct snapshot_key){
        .id = row->id,
        .project = project->id,
        .tenant = &b->snapshot->tenants[row->tenant],
        .status_reason = copy(b, row->status_reason),
        .kind = row->kind,
        .status = project->archived && row->status == KEY_ACTIVE ? KEY_DISABLED : row->status,
        .expires_ms = row->expires_ms,
        .allowed_models = models,
        .allowed_count = row->all_models ? 0 : row->allowed_count,
        .budget_window = row->budget_window,
        .budget_pico = row->budget_pico,
        .project_budget_window = project->budget_window,
        .project_budget_pico = project->budget_pico,
        .requests_per_minute = row->requests_per_minute,
        .tokens_per_minute = row->tokens_per_minute,
        .preset = presets_default(b->snapshot, row->preset, project->preset,
                                  b->rows->tenants[row->tenant].preset),
    };
}

static void build_secrets(struct builder *b)
{
    struct snapshot *s = b->snapshot;

    s->secret_count = b->rows->secret_count;
    s->secrets = arena_array(b->arena, s->secret_count + 1, sizeof(*s->secrets));
    s->secrets_by_hash = map_new(s->secret_count + 1);
    for (uint32_t i = 0; i < s->secret_count; i++) {
        const struct secret_row *row = &b->rows->secrets[i];
        struct snapshot_secret *secret = &s->secrets[i];

        *secret = (struct snapshot_secret){row->hash, &s->keys[row->key],
                                           row->revoked ? 0 : row->expires_ms};
        s->keys[row->key].public_part = copy(b, row->public_part);
        map_put(s->secrets_by_hash,
                span_make((const char *)secret->hash.at, sizeof(secret->hash.at)), secret);
    }
}

static void build_tenants(struct builder *b)
{
    struct snapshot *s = b->snapshot;

    s->tenant_count = b->rows->tenant_count;
    s->tenants = arena_array(b->arena, s->tenant_count + 1, sizeof(*s->tenants));
    for (uint32_t i = 0; i < s->tenant_count; i++) {
        build_tenant(b, &b->rows->tenants[i], &s->tenants[i]);
    }
    presets_build(b->rows, s);
    s->key_count = b->rows->key_count;
    s->keys = arena_array(b->arena, s->key_count + 1, sizeof(*s->keys));
    for (uint32_t i = 0; i < s->key_count; i++) {
        build_key(b, &b->rows->keys[i], &s->keys[i]);
    }
    build_secrets(b);
}

/* ---- deployments ---- */

static enum wire_dialect wire_of(struct span dialect)
{
    static const struct {
        const char *dialect;
        enum wire_dialect wire;
    } wires[] = {
        {"anthropic", WIRE_ANTHROPIC},
        {"vertex-anthropic", WIRE_ANTHROPIC_VERTEX},
        {"gemini", WIRE_GEMINI},
        {"vertex-gemini", WIRE_GEMINI_VERTEX},
        {"bedrock-converse", WIRE_BEDROCK},
        {"cohere-v2", WIRE_COHERE},
        {"bedrock-openai-responses", WIRE_RESPONSES},
    };

    for (size_t i = 0; i < array_size(wires); i++) {
        if (span_is(dialect, wires[i].dialect)) {
            return wires[i].wire;
        }
    }
    return WIRE_OPENAI;
}

static enum auth_scheme auth_of(struct span auth)
{
    static const char *const names[] = {
        [AUTH_BEARER] = "bearer",       [AUTH_API_KEY] = "api-key",
        [AUTH_X_API_KEY] = "x-api-key", [AUTH_X_GOOG_API_KEY] = "x-goog-api-key",
        [AUTH_SIGV4] = "sigv4",         [AUTH_OAUTH] = "oauth",
    };

    for (size_t i = 0; i < array_size(names); i++) {
        if (names[i] != NULL && span_is(auth, names[i])) {
            return (enum auth_scheme)i;
        }
    }
    return AUTH_NONE;
}

static const struct price_version *build_prices(struct builder *b, const struct deployment_row *row)
{
    struct price_version *versions = arena_array(b->arena, row->price_count + 1, sizeof(*versions));

    for (uint32_t i = 0; i < row->price_count; i++) {
        const struct price_version *from = &b->rows->prices[row->first_price + i];
        struct price_rate *rates = arena_array(b->arena, from->rate_count + 1, sizeof(*rates));

        if (from->rate_count > 0) {
            memcpy(rates, from->rates, from->rate_count * sizeof(*rates));
        }
        versions[i] = *from;
        versions[i].rates = rates;
    }
    return versions;
}

/* Whether anybody may buy it: published, and a list price that is not nothing. */
static bool sellable(const struct builder *b, const struct deployment_row *row,
                     const struct snapshot_deployment *d)
{
    if (row->status != ROW_PUBLISHED || b->rows->models[row->model].status != ROW_PUBLISHED ||
        b->rows->providers[row->provider].disabled) {
        return false;
    }
    for (uint32_t i = 0; i < d->price_count; i++) {
        if (d->prices[i].book == BOOK_LIST &&
            (row->free_on_purpose || rate_sellable(&d->prices[i]))) {
            return true;
        }
    }
    return false;
}

/* Served at `base_url` without a credential. */
static void use_base(struct builder *b, struct span base_url, struct snapshot_deployment *d)
{
    struct snapshot_credential *none = arena_take(b->arena, sizeof(*none));

    none->base_url = base_url;
    none->secret = none->region = span_make("", 0);
    none->upstream_id = d->upstream_id;
    d->query = span_make("", 0);
    d->credentials = none;
    d->credential_count = 1;
    d->callable = base_url.size > 0;
}

static void use_sandbox(struct builder *b, struct snapshot_deployment *d)
{
    d->sandbox = true;
    d->wire = WIRE_OPENAI;
    use_base(b, b->config->sandbox_url, d);
}

/* All of this gateway's own file that are for that provider. */
static enum credential_found choose_own(struct builder *b, const struct deployment_row *row,
                                        struct credentials_chosen *chosen)
{
    struct snapshot_credential made[SNAPSHOT_CREDENTIALS_MAX];
    struct span provider = b->rows->providers[row->provider].slug;
    enum credential_found found = CREDENTIAL_NONE;
    uint32_t count = 0;

    for (size_t i = 0; i < b->config->credential_count && count < array_size(made); i++) {
        const struct build_credential *own = &b->config->credentials[i];

        if (!span_equal(own->provider, provider))
            continue;
        found = CREDENTIAL_UNFIT;
        if (credentials_make(&b->credentials, row, auth_of(row->auth), own, &made[count]) == NULL)
            count++;
    }
    if (count == 0)
        return found;
    *chosen = credentials_keep(b->arena, made, count);
    return CREDENTIAL_CHOSEN;
}

/* By credentials of the database or of this gateway's own file. False when there is neither. */
static bool use_credentials(struct builder *b, const struct deployment_row *row,
                            struct snapshot_deployment *d)
{
    struct credentials_chosen chosen = {0};
    enum credential_found found =
        credentials_choose(&b->credentials, row, auth_of(row->auth), &chosen);

    if (found != CREDENTIAL_CHOSEN && b->config->credential_count > 0) {
        enum credential_found own = choose_own(b, row, &chosen);

        found = own == CREDENTIAL_NONE ? found : own;
    }
    d->callable = found == CREDENTIAL_CHOSEN;
    d->credentials = chosen.at;
    d->credential_count = chosen.count;
    return found != CREDENTIAL_NONE;
}

/* Who answers for it: an override of its dialect, the provider itself, or in trial the sandbox. */
static void choose_upstream(struct builder *b, const struct deployment_row *row,
                            struct snapshot_deployment *d)
{
    struct span instead = b->config->upstream_url[d->wire];

    if (instead.size > 0) {
        use_base(b, instead, d);
        return;
    }
    if (!use_credentials(b, row, d) && b->config->trial) {
        use_sandbox(b, d);
    }
}

static void build_deployment(struct builder *b, uint32_t index)
{
    const struct deployment_row *row = &b->rows->deployments[index];
    struct snapshot *s = b->snapshot;
    struct snapshot_deployment *d = &s->deployments[index], *sandboxed = &s->sandboxed[index];

    *d = (struct snapshot_deployment){
        .id = row->id,
        .index = index,
        .model = &s->models[row->model],
        .host = &s->providers[row->provider],
        .provider = s->providers[row->provider].slug,
        .upstream_id = copy(b, row->upstream_id),
        .failure_domain = copy(b, row->failure_domain),
        .wire = wire_of(row->dialect),
        .dialect = copy(b, row->dialect),
        .query = copy(b, row->query),
        .context_limit = row->context_limit,
        .input_limit = row->input_limit,
        .output_limit = row->output_limit,
        .abilities = abilities_read(&b->doc, row->capabilities),
        .region = copy(b, row->region),
        .quantization = copy(b, row->quantization),
        .trains = row->trains,
        .retains = row->retains,
        .deprecated = row->deprecated,
        .connect_timeout_ms = row->connect_timeout_ms,
        .first_token_timeout_ms = row->first_token_timeout_ms,
        .idle_timeout_ms = row->idle_timeout_ms,
        .total_timeout_ms = row->total_timeout_ms,
        .priority = row->priority,
        .weight = row->weight,
        .draining = row->draining,
        .probe_interval_s = row->probe_interval_s,
        .probe_daily_cap_pico = row->probe_daily_cap_pico,
        .abort_policy = row->abort_policy,
        .reasoning = row->reasoning,
        .no_temperature = row->no_temperature,
        .prices = build_prices(b, row),
        .price_count = row->price_count,
    };
    choose_upstream(b, row, d);
    d->callable = d->callable && sellable(b, row, d);
    *sandboxed = *d;
    use_sandbox(b, sandboxed);
    sandboxed->callable = sandboxed->callable && sellable(b, row, d);
    d->sandboxed = sandboxed->callable ? sandboxed : NULL;
    map_put(s->deployments_by_id, uuid_span(&d->id), d);
}

static void build_model(struct builder *b, uint32_t index)
{
    const struct model_row *row = &b->rows->models[index];
    struct snapshot *s = b->snapshot;
    struct snapshot_model *model = &s->models[index];
    const struct snapshot_deployment **deployments =
        arena_array(b->arena, row->deployment_count + 1, sizeof(struct snapshot_deployment *));

    *model = (struct snapshot_model){
        .id = copy(b, row->id),
        .name = copy(b, row->name),
        .kind = copy(b, row->kind),
        .facts = copy(b, row->facts),
        .can = model_facts_read(&b->doc, row->facts),
        .listed = row->status != ROW_RETIRED,
        .deprecated = row->deprecated,
        .created_s = row->released_ms / 1000,
        .deployments = deployments,
        .deployment_count = row->deployment_count,
    };
    for (uint32_t i = 0; i < row->deployment_count; i++) {
        deployments[i] = &s->deployments[row->first_deployment + i];
        model->callable = model->callable || deployments[i]->callable;
        model->sandbox_callable = model->sandbox_callable || deployments[i]->sandboxed != NULL;
    }
    map_put(s->models_by_name, model->id, model);
}

/* A name that two models would answer to is nobody's. */
struct short_name {
    struct snapshot_model *model;
    bool ambiguous;
};

static void note_short_name(struct builder *b, struct map *names, struct span name,
                            struct snapshot_model *model)
{
    struct short_name *known = map_get(names, name);

    if (name.size == 0 || map_get(b->snapshot->models_by_name, name) != NULL) {
        return;
    }
    if (known == NULL) {
        known = arena_take(b->arena, sizeof(*known));
        known->model = model;
        map_put(names, name, known);
    } else if (known->model != model) {
        known->ambiguous = true;
    }
}

/* Clients that come from a provider's own API name its models as the provider does: "gpt-4.1",
 * "claude-sonnet-4-5". Such a name answers when it can mean one model only. */
static void build_short_names(struct builder *b)
{
    struct snapshot *s = b->snapshot;
    struct map *names = map_new(s->model_count + s->deployment_count + 1);
    size_t cursor = 0;
    struct span name;
    void *value;

    for (uint32_t i = 0; i < s->model_count; i++) {
        ptrdiff_t slash = span_index(s->models[i].id, '/');

        if (slash >= 0) {
            struct span id = s->models[i].id;

            note_short_name(b, names, span_part(id, (size_t)slash + 1, id.size), &s->models[i]);
        }
    }
    for (uint32_t i = 0; i < s->deployment_count; i++) {
        const struct snapshot_deployment *d = &s->deployments[i];
        struct span author = span_part(d->model->id, 0, d->provider.size);

        if (span_equal(author, d->provider)) {
            note_short_name(b, names, d->upstream_id, &s->models[b->rows->deployments[i].model]);
        }
    }
    while (map_next(names, &cursor, &name, &value)) {
        const struct short_name *known = value;

        if (!known->ambiguous) {
            map_put(s->models_by_name, name, known->model);
        }
    }
    map_free(names);
}

static void build_providers(struct builder *b)
{
    struct snapshot *s = b->snapshot;

    s->provider_count = b->rows->provider_count;
    s->providers = arena_array(b->arena, s->provider_count + 1, sizeof(*s->providers));
    for (uint32_t i = 0; i < s->provider_count; i++) {
        const struct provider_row *row = &b->rows->providers[i];

        s->providers[i] =
            (struct snapshot_provider){copy(b, row->slug), copy(b, row->name), row->disabled};
    }
}

/* A key may have been given a model by an alias; who asks whether it allows one has the id. */
static void resolve_allowed(struct builder *b)
{
    const struct snapshot *s = b->snapshot;

    for (uint32_t i = 0; i < s->key_count; i++) {
        struct snapshot_key *key = &s->keys[i];
        struct span *ids;

        if (key->allowed_count == 0)
            continue;
        ids = arena_array(b->arena, key->allowed_count, sizeof(*ids));
        for (uint32_t j = 0; j < key->allowed_count; j++) {
            const struct snapshot_model *model = map_get(s->models_by_name, key->allowed_models[j]);

            ids[j] = model == NULL ? key->allowed_models[j] : model->id;
        }
        key->allowed_models = ids;
    }
}

static void build_catalog(struct builder *b)
{
    const struct snapshot_rows *rows = b->rows;
    struct snapshot *s = b->snapshot;

    s->model_count = rows->model_count;
    s->deployment_count = rows->deployment_count;
    s->models = arena_array(b->arena, s->model_count + 1, sizeof(*s->models));
    s->deployments = arena_array(b->arena, s->deployment_count + 1, sizeof(*s->deployments));
    s->sandboxed = arena_array(b->arena, s->deployment_count + 1, sizeof(*s->sandboxed));
    s->models_by_name = map_new(rows->model_count + rows->alias_count + 1);
    s->deployments_by_id = map_new(rows->deployment_count + 1);
    build_providers(b);
    for (uint32_t i = 0; i < rows->deployment_count; i++) {
        build_deployment(b, i);
    }
    for (uint32_t i = 0; i < rows->model_count; i++) {
        build_model(b, i);
    }
    for (uint32_t i = 0; i < rows->alias_count; i++) {
        struct span alias = copy(b, rows->aliases[i].alias);

        if (map_get(s->models_by_name, alias) == NULL) {
            map_put(s->models_by_name, alias, &s->models[rows->aliases[i].model]);
        }
    }
    build_short_names(b);
}

struct snapshot *snapshot_build(const struct snapshot_rows *rows, const struct build_config *given)
{
    struct snapshot *snapshot = mem_new(sizeof(*snapshot));
    struct build_config config = *given;
    struct builder b = {
        .rows = rows, .config = &config, .snapshot = snapshot, .doc = json_doc_make()};

    atomic_init(&snapshot->references, 1);
    atomic_init(&snapshot->confirmed_ms, rows->read_ms);
    snapshot->arena = b.arena = arena_new(CHUNK_BYTES, ARENA_MAX_BYTES);
    snapshot->version = rows->version;
    snapshot->loaded_ms = rows->read_ms;
    /* The configuration may change; the snapshot keeps what it was built with. */
    config.sandbox_url = copy(&b, given->sandbox_url);
    for (size_t i = 0; i < array_size(config.upstream_url); i++) {
        config.upstream_url[i] = copy(&b, given->upstream_url[i]);
    }
    b.credentials = credentials_open(rows, given->seal, given->tokens, b.arena);
    build_plans(&b);
    build_tenants(&b);
    build_catalog(&b);
    resolve_allowed(&b);
    json_doc_done(&b.doc);
    snapshot->unusable_count = credentials_unusable(&b.credentials);
    snapshot->unusable = b.credentials.unusable;
    return snapshot;
}
