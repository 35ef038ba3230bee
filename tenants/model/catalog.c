/*
 * catalog: life of a catalog, its order, and the questions asked of it. See catalog_file.h.
 *
 * Used by the readers and the store. Knows no JSON.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "tenants/model/catalog_file.h"
#include "tenants/model/catalog_judge.h"

/* Text of CATALOG_MAX_BYTES makes less than this: see the limits beside it. */
#define ARENA_MAX_BYTES ((size_t)256 << 20)
#define ARENA_CHUNK_BYTES ((size_t)256 << 10)

struct catalog *catalog_new(void)
{
    struct arena *arena = arena_new(ARENA_CHUNK_BYTES, ARENA_MAX_BYTES);
    struct catalog *catalog = arena_take(arena, sizeof(*catalog));

    catalog->arena = arena;
    return catalog;
}

void catalog_free(struct catalog *catalog)
{
    if (catalog != NULL)
        arena_free(catalog->arena);
}

void catalog_free_at(struct catalog **catalog)
{
    catalog_free(*catalog);
}

static int by_slug(const void *a, const void *b)
{
    const struct catalog_provider *one = a, *other = b;

    return strcmp(one->slug, other->slug);
}

static int by_id(const void *a, const void *b)
{
    const struct catalog_model *one = a, *other = b;

    return strcmp(one->id, other->id);
}

static int by_key(const void *a, const void *b)
{
    const struct catalog_deployment *one = a, *other = b;

    return strcmp(one->key, other->key);
}

static int by_meter(const void *a, const void *b)
{
    const struct price_rate *one = a, *other = b;

    if (one->meter != other->meter)
        return one->meter < other->meter ? -1 : 1;
    if (one->mode != other->mode)
        return one->mode < other->mode ? -1 : 1;
    if (one->context_over != other->context_over)
        return one->context_over < other->context_over ? -1 : 1;
    return 0;
}

static int by_dialect(const void *a, const void *b)
{
    const struct catalog_endpoint *one = a, *other = b;

    return (int)one->dialect - (int)other->dialect;
}

static int by_variable(const void *a, const void *b)
{
    const struct catalog_variable *one = a, *other = b;

    return strcmp(one->name, other->name);
}

static int by_text(const void *a, const void *b)
{
    const char *const *one = a, *const *other = b;

    return strcmp(*one, *other);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(items, count, size, compare);
}

/* What both have: unknown unless both know, no where one says no. */
static enum catalog_flag both(enum catalog_flag a, enum catalog_flag b)
{
    if (a == CATALOG_NO || b == CATALOG_NO)
        return CATALOG_NO;
    return a == CATALOG_YES && b == CATALOG_YES ? CATALOG_YES : CATALOG_UNKNOWN;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void narrow(struct catalog_capabilities *common, const struct catalog_capabilities *more)
{
    common->tools = both(common->tools, more->tools);
    common->structured_output = both(common->structured_output, more->structured_output);
    common->attachments = both(common->attachments, more->attachments);
    common->temperature = both(common->temperature, more->temperature);
    common->reasoning = both(common->reasoning, more->reasoning);
    common->reasoning_toggle = both(common->reasoning_toggle, more->reasoning_toggle);
    common->reasoning_budget = both(common->reasoning_budget, more->reasoning_budget);
    common->interleaved = both(common->interleaved, more->interleaved);
    common->input &= more->input;
    common->output &= more->output;
    common->efforts &= more->efforts;
}

/* How a provider takes reasoning is its own; of the model only what all its deployments share. */
static void finish_model(struct catalog_model *model)
{
    struct catalog_limits *limits = &model->limits;

    *limits = (struct catalog_limits){0};
    model->capabilities = (struct catalog_capabilities){0};
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct catalog_deployment *d = &model->deployments[i];

        limits->context = larger(limits->context, d->limits.context);
        limits->input = larger(limits->input, d->limits.input);
        limits->output = larger(limits->output, d->limits.output);
        if (i == 0)
            model->capabilities = d->capabilities;
        else
            narrow(&model->capabilities, &d->capabilities);
    }
    model->capabilities.budget_min = model->capabilities.budget_max = 0;
    model->capabilities.reasoning_field = NULL;
}

void catalog_finish(struct catalog *catalog)
{
    sort(catalog->providers, catalog->provider_count, sizeof(catalog->providers[0]), by_slug);
    for (uint32_t i = 0; i < catalog->provider_count; i++) {
        struct catalog_provider *p = &catalog->providers[i];

        sort(p->endpoints, p->endpoint_count, sizeof(p->endpoints[0]), by_dialect);
        sort(p->variables, p->variable_count, sizeof(p->variables[0]), by_variable);
    }
    sort(catalog->models, catalog->model_count, sizeof(catalog->models[0]), by_id);
    for (uint32_t i = 0; i < catalog->model_count; i++) {
        struct catalog_model *model = &catalog->models[i];

        sort(model->aliases, model->alias_count, sizeof(model->aliases[0]), by_text);
        sort(model->deployments, model->deployment_count, sizeof(model->deployments[0]), by_key);
        for (uint32_t j = 0; j < model->deployment_count; j++) {
            struct catalog_deployment *d = &model->deployments[j];

            sort(d->rates, d->rate_count, sizeof(d->rates[0]), by_meter);
        }
        finish_model(model);
        catalog_judge(model, catalog->arena);
    }
}

bool catalog_priced(const struct catalog_deployment *deployment)
{
    for (uint32_t i = 0; i < deployment->rate_count; i++) {
        const struct price_rate *rate = &deployment->rates[i];

        if (rate->mode == MODE_STANDARD && rate->context_over == 0 && rate->pico_per_unit > 0)
            return true;
    }
    return false;
}

bool catalog_sellable(const struct catalog_deployment *deployment)
{
    return deployment->quarantine == 0 && deployment->status != CATALOG_DEPRECATED &&
           catalog_priced(deployment);
}

bool catalog_model_sellable(const struct catalog_model *model)
{
    for (uint32_t i = 0; i < model->deployment_count; i++)
        if (catalog_sellable(&model->deployments[i]))
            return true;
    return false;
}

const struct price_rate *catalog_rate_at(const struct catalog_deployment *deployment,
                                         enum meter meter, enum price_mode mode,
                                         int64_t prompt_tokens)
{
    const struct price_rate *best = NULL;

    for (uint32_t i = 0; i < deployment->rate_count; i++) {
        const struct price_rate *rate = &deployment->rates[i];
        bool holds = rate->context_over == 0 || prompt_tokens > rate->context_over;

        if (rate->meter != meter || rate->mode != mode || !holds)
            continue;
        if (best == NULL || rate->context_over > best->context_over)
            best = rate;
    }
    return best;
}

const struct catalog_provider *catalog_provider_find(const struct catalog *catalog,
                                                     const char *slug)
{
    struct catalog_provider sought = {.slug = slug};

    if (catalog->provider_count == 0)
        return NULL;
    return bsearch(&sought, catalog->providers, catalog->provider_count, sizeof(sought), by_slug);
}

const struct catalog_model *catalog_model_find(const struct catalog *catalog, const char *id)
{
    struct catalog_model sought = {.id = id};

    if (catalog->model_count == 0)
        return NULL;
    return bsearch(&sought, catalog->models, catalog->model_count, sizeof(sought), by_id);
}

/* How many units a stated price is for: 1,000,000 of a token meter, 1 of any other. */
static int64_t catalog_meter_per(enum meter meter)
{
    return meter < METER_IMAGE ? 1000000 : 1;
}

int catalog_price_parse(enum meter meter, struct span text, int64_t *pico_per_unit_out)
{
    int64_t pico;
    int err;

    if (catalog_meter_per(meter) != 1)
        return money_parse_price_per_million(text, pico_per_unit_out);
    err = money_parse(text, &pico);
    if (err < 0)
        return err;
    if (pico < 0)
        return -EINVAL;
    *pico_per_unit_out = pico;
    return 0;
}

size_t catalog_price_format(enum meter meter, int64_t pico_per_unit, char text_out[MONEY_TEXT_MAX])
{
    return money_format((int128)pico_per_unit * catalog_meter_per(meter), text_out);
}
