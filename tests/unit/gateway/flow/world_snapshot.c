/*
 * world_snapshot: what stands in for gateway/snapshot in the tests of flows.
 */
#include "common/base/mem.h"
#include "tests/unit/gateway/flow/world.h"

static const struct snapshot_deployment *const pointers[] = {&world.deployments[0],
                                                             &world.deployments[1]};
const struct snapshot_model world_chat_model = {.id = {"a/m", 3},
                                                .kind = {"chat", 4},
                                                .deployments = pointers,
                                                .deployment_count = 2,
                                                .callable = true};
static const struct snapshot_model embedding_model = {.id = {"a/e", 3},
                                                      .kind = {"embedding", 9},
                                                      .deployments = pointers,
                                                      .deployment_count = 2,
                                                      .callable = true};
static const struct snapshot_deployment *const big_pointers[] = {&world.deployments[2]};
const struct snapshot_model world_big_model = {.id = {"a/big", 5},
                                               .kind = {"chat", 4},
                                               .deployments = big_pointers,
                                               .deployment_count = 1,
                                               .callable = true};
static struct snapshot_model service_model;
static const struct price_rate rates[] = {{METER_INPUT, MODE_STANDARD, 0, 2000000},
                                          {METER_OUTPUT, MODE_STANDARD, 0, 8000000},
                                          {METER_CACHE_READ, MODE_STANDARD, 0, 500000}};

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    (void)snapshot;
}

const struct snapshot_model *snapshot_find_model(const struct snapshot *snapshot, struct span name)
{
    (void)snapshot;
    if (span_is(name, "a/s")) {
        service_model = world_chat_model;
        service_model.id = span_of("a/s");
        service_model.kind = span_of(world.service_kind);
        return &service_model;
    }
    if (span_is(name, "a/big"))
        return &world_big_model;
    return span_is(name, "a/m")   ? &world_chat_model
           : span_is(name, "a/e") ? &embedding_model
                                  : NULL;
}

const struct snapshot_deployment *snapshot_find_deployment(const struct snapshot *snapshot,
                                                           struct uuid id)
{
    (void)snapshot;
    for (size_t i = 0; i < array_size(world.deployments); i++)
        if (memcmp(&world.deployments[i].id, &id, sizeof(id)) == 0)
            return &world.deployments[i];
    return NULL;
}

const struct snapshot_preset *snapshot_find_preset(const struct snapshot *snapshot,
                                                   const struct snapshot_tenant *tenant,
                                                   struct span name)
{
    (void)snapshot;
    (void)tenant;
    return span_is(name, "p") && world.preset.version > 0 ? &world.preset : NULL;
}

size_t snapshot_near_presets(const struct snapshot *snapshot, const struct snapshot_tenant *tenant,
                             struct span name, struct span *names_out, size_t max)
{
    (void)tenant;
    return snapshot_near_providers(snapshot, name, names_out, max);
}

bool snapshot_has_provider(const struct snapshot *snapshot, struct span slug)
{
    (void)snapshot;
    return !span_is(slug, "nobody");
}

size_t snapshot_near_providers(const struct snapshot *snapshot, struct span name,
                               struct span *slugs_out, size_t max)
{
    (void)snapshot;
    (void)name;
    slugs_out[0] = span_of("somebody");
    return max > 0;
}

size_t snapshot_near_models(const struct snapshot *snapshot, struct span name, struct span *ids_out,
                            size_t max)
{
    (void)snapshot;
    (void)name;
    ids_out[0] = span_of("a/m");
    return max > 0 ? 1 : 0;
}

bool snapshot_terms(const struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                    const struct snapshot_tenant *tenant, int64_t at_ms,
                    struct snapshot_terms *terms_out)
{
    static struct price_version price;
    static const struct plan_version plan = {.id = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 4, 0x80, 1}}};

    (void)snapshot;
    (void)deployment;
    (void)tenant;
    (void)at_ms;
    price = (struct price_version){.id = {.at = {1, 0x9a, 0, 0, 0, 0, 0x70, 3, 0x80, 1}},
                                   .rates = rates,
                                   .rate_count = array_size(rates)};
    if (world.service_rate_count > 0) {
        price.rates = world.service_rates;
        price.rate_count = world.service_rate_count;
    }
    *terms_out = (struct snapshot_terms){
        .list = &price, .cost = &price, .plan = &plan, .terms = {.markup_ppm = 50000}};
    return true;
}
