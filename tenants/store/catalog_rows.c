/*
 * catalog_rows: see catalog_rows.h.
 */
#include "tenants/store/catalog_rows.h"

#include "common/base/id.h"
#include "common/base/json_writer.h"
#include "tenants/model/catalog_facts.h"

#define ROWS_MAX_BYTES ((size_t)32 << 20)
#define FIRST_TOKEN_MS 60000
#define FIRST_TOKEN_REASONING_MS 300000

static void put_uuid(struct json_writer *w, const char *name)
{
    char text[UUID_TEXT_SIZE];
    uuid_format(uuid_new(), text);
    json_put_cstring(w, name, text);
}

static void put_flag(struct json_writer *w, const char *name, enum catalog_flag flag)
{
    if (flag != CATALOG_UNKNOWN)
        json_put_bool(w, name, flag == CATALOG_YES);
}

static void put_limit(struct json_writer *w, const char *name, int64_t tokens)
{
    if (tokens > 0)
        json_put_int64(w, name, tokens);
}

static void put_provider(struct json_writer *w, const struct catalog_provider *provider)
{
    json_begin(w, '{');
    json_put_cstring(w, "provider", provider->slug);
    json_put_cstring(w, "name", provider->name);
    json_name(w, "endpoints");
    catalog_write_endpoints(provider, w);
    json_name(w, "variables");
    catalog_write_variables(provider, w);
    json_end(w, '}');
}

static void put_model(struct json_writer *w, const struct catalog_model *model)
{
    json_begin(w, '{');
    json_put_cstring(w, "model", model->id);
    json_put_cstring(w, "name", model->name);
    json_put_cstring(w, "kind", catalog_word(&catalog_kinds, model->kind));
    json_put_cstring(w, "openrouter_id", model->openrouter_id);
    json_put_cstring(w, "family", model->family);
    json_put_cstring(w, "knowledge", model->knowledge);
    json_put_cstring(w, "release_date", model->release_date);
    put_flag(w, "open_weights", model->open_weights);
    json_put_bool(w, "deprecated", model->deprecated);
    json_name(w, "facts");
    catalog_write_model_facts(model, w);
    json_end(w, '}');
}

static void put_aliases(struct json_writer *w, const struct catalog_model *model)
{
    for (uint32_t i = 0; i < model->alias_count; i++) {
        json_begin(w, '{');
        json_put_cstring(w, "alias", model->aliases[i]);
        json_put_cstring(w, "model", model->id);
        json_end(w, '}');
    }
}

static void put_quarantine(struct json_writer *w, const struct catalog_deployment *deployment)
{
    json_name(w, "quarantine");
    json_begin(w, '[');
    for (unsigned reason = 0; reason < catalog_reasons.count; reason++) {
        if ((deployment->quarantine >> reason & 1u) != 0)
            json_write_string(w, span_of(catalog_word(&catalog_reasons, reason)));
    }
    json_end(w, ']');
    json_put_cstring(w, "status_reason", deployment->quarantine_detail);
}

static void put_deployment(struct json_writer *w, const struct catalog_model *model,
                           const struct catalog_deployment *deployment)
{
    json_begin(w, '{');
    put_uuid(w, "deployment_id");
    json_put_cstring(w, "catalog_key", deployment->key);
    json_put_cstring(w, "model", model->id);
    json_put_cstring(w, "provider", deployment->provider);
    json_put_cstring(w, "upstream_id", deployment->upstream_id);
    json_put_cstring(w, "failure_domain", deployment->failure_domain);
    json_put_cstring(w, "dialect", catalog_word(&catalog_dialects, deployment->dialect));
    json_put_cstring(w, "base_url", deployment->base_url);
    json_put_cstring(w, "query", deployment->query);
    json_put_cstring(w, "auth", catalog_word(&catalog_auths, deployment->auth));
    json_put_cstring(w, "maturity", catalog_word(&catalog_statuses, deployment->status));
    json_put_bool(w, "first_party", deployment->first_party);
    json_put_cstring(w, "offer_scope", deployment->scope);
    json_put_cstring(w, "variant", deployment->variant);
    json_put_cstring(w, "model_snapshot", deployment->snapshot);
    put_limit(w, "context_limit", deployment->limits.context);
    put_limit(w, "input_limit", deployment->limits.input);
    put_limit(w, "output_limit", deployment->limits.output);
    json_name(w, "capabilities");
    catalog_write_capabilities(&deployment->capabilities, w);
    json_put_cstring(w, "region", deployment->region);
    json_put_cstring(w, "quantization", deployment->quantization);
    put_flag(w, "trains", deployment->trains);
    put_flag(w, "retains", deployment->retains);
    /* A model that thinks before it speaks is given longer until its first token. */
    json_put_int64(w, "first_token_timeout_ms",
                   deployment->capabilities.reasoning == CATALOG_YES ? FIRST_TOKEN_REASONING_MS
                                                                     : FIRST_TOKEN_MS);
    put_quarantine(w, deployment);
    json_put_cstring(w, "prices_as_of", deployment->prices_as_of);
    json_put_cstring(w, "source", deployment->source);
    json_end(w, '}');
}

static void put_price(struct json_writer *w, const struct catalog_deployment *deployment)
{
    json_begin(w, '{');
    json_put_cstring(w, "key", deployment->key);
    put_uuid(w, "version_cost");
    put_uuid(w, "version_list");
    json_put_bool(w, "has_rates", deployment->rate_count > 0);
    json_put_cstring(w, "prices_as_of", deployment->prices_as_of);
    json_put_cstring(w, "source", deployment->source);
    json_end(w, '}');
}

static void put_rates(struct json_writer *w, const struct catalog_deployment *deployment)
{
    for (uint32_t i = 0; i < deployment->rate_count; i++) {
        const struct price_rate *rate = &deployment->rates[i];
        json_begin(w, '{');
        json_put_cstring(w, "key", deployment->key);
        json_put_cstring(w, "meter", meter_name((enum meter)rate->meter));
        json_put_cstring(w, "mode", price_mode_name((enum price_mode)rate->mode));
        json_put_int64(w, "context_over", rate->context_over);
        json_put_int64(w, "pico_per_unit", rate->pico_per_unit);
        json_end(w, '}');
    }
}

struct writers {
    const struct catalog_model
        *last; /* whose row was written last: changes of one stand together */
    struct json_writer providers, models, aliases, deployments, priced, rates;
};

/* What a model can do follows from its deployments, so each change of one writes the model anew. */
static void add_model(struct writers *w, const struct catalog_model *model)
{
    if (model == NULL || model == w->last)
        return;
    put_model(&w->models, model);
    put_aliases(&w->aliases, model);
    w->last = model;
}

static void add_change(struct writers *w, const struct catalog_change *change)
{
    add_model(w, change->new_model);
    switch (change->kind) {
    case CATALOG_PROVIDER_ADDED:
    case CATALOG_PROVIDER_CHANGED:
        put_provider(&w->providers, change->new_provider);
        break;
    case CATALOG_DEPLOYMENT_ADDED:
    case CATALOG_PRICE_CHANGED:
        put_price(&w->priced, change->new_deployment);
        put_rates(&w->rates, change->new_deployment);
        put_deployment(&w->deployments, change->new_model, change->new_deployment);
        break;
    case CATALOG_DEPLOYMENT_CHANGED:
    case CATALOG_QUARANTINED:
    case CATALOG_QUARANTINE_LIFTED:
        put_deployment(&w->deployments, change->new_model, change->new_deployment);
        break;
    case CATALOG_PROVIDER_REMOVED:
    case CATALOG_MODEL_ADDED:
    case CATALOG_MODEL_CHANGED:
    case CATALOG_MODEL_REMOVED:
    case CATALOG_DEPLOYMENT_REMOVED:
    case CATALOG_CHANGE_COUNT:
        break;
    }
}

static const char *gone_name(const struct catalog_change *change, enum catalog_change_kind kind)
{
    if (kind == CATALOG_PROVIDER_REMOVED)
        return change->old_provider->slug;
    if (kind == CATALOG_MODEL_REMOVED)
        return change->old_model->id;
    return change->old_deployment->key;
}

static void put_gone(struct json_writer *w, const struct catalog_changes *changes, const char *name,
                     enum catalog_change_kind kind)
{
    json_name(w, name);
    json_begin(w, '[');
    for (uint32_t i = 0; i < changes->count; i++) {
        if (changes->items[i].kind == kind)
            json_write_string(w, span_of(gone_name(&changes->items[i], kind)));
    }
    json_end(w, ']');
}

static struct json_writer begin_array(struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    json_begin(&w, '[');
    return w;
}

struct catalog_rows catalog_rows_make(const struct catalog_changes *changes)
{
    struct catalog_rows rows;
    struct buf *const buffers[] = {&rows.providers, &rows.models, &rows.aliases, &rows.deployments,
                                   &rows.gone,      &rows.priced, &rows.rates};
    for (size_t i = 0; i < array_size(buffers); i++)
        *buffers[i] = buf_make(ROWS_MAX_BYTES);
    struct writers w = {
        NULL,
        begin_array(&rows.providers),
        begin_array(&rows.models),
        begin_array(&rows.aliases),
        begin_array(&rows.deployments),
        begin_array(&rows.priced),
        begin_array(&rows.rates),
    };
    struct json_writer *const arrays[] = {&w.providers,   &w.models, &w.aliases,
                                          &w.deployments, &w.priced, &w.rates};
    for (uint32_t i = 0; i < changes->count; i++)
        add_change(&w, &changes->items[i]);
    for (size_t i = 0; i < array_size(arrays); i++)
        json_end(arrays[i], ']');
    struct json_writer gone = json_writer_make(&rows.gone);
    json_begin(&gone, '{');
    put_gone(&gone, changes, "providers", CATALOG_PROVIDER_REMOVED);
    put_gone(&gone, changes, "models", CATALOG_MODEL_REMOVED);
    put_gone(&gone, changes, "deployments", CATALOG_DEPLOYMENT_REMOVED);
    json_end(&gone, '}');
    return rows;
}

void catalog_rows_done(struct catalog_rows *rows)
{
    buf_done(&rows->providers);
    buf_done(&rows->models);
    buf_done(&rows->aliases);
    buf_done(&rows->deployments);
    buf_done(&rows->gone);
    buf_done(&rows->priced);
    buf_done(&rows->rates);
}

bool catalog_rows_failed(const struct catalog_rows *rows)
{
    return buf_failed(&rows->providers) || buf_failed(&rows->models) ||
           buf_failed(&rows->aliases) || buf_failed(&rows->deployments) ||
           buf_failed(&rows->gone) || buf_failed(&rows->priced) || buf_failed(&rows->rates);
}
