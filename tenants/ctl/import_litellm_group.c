/*
 * import_litellm_group: the deployments of one of LiteLLM's groups as targets of a preset.
 *
 * Deployments of one `order` are drawn by weight, or by the strategy; those of a higher order stand
 * behind them. Where a strategy other than the shuffle chooses among providers of one model, the
 * gateway's own of the same purpose does: one target that names them all.
 */
#include "tenants/ctl/import_litellm_inside.h"

static const char *const sorts[] = {
    [LITELLM_SHUFFLE] = NULL,  [LITELLM_LATENCY] = "latency",
    [LITELLM_COST] = "price",  [LITELLM_LEAST_BUSY] = "least-busy",
    [LITELLM_USAGE] = "usage",
};

bool litellm_has_group(const struct litellm *import, struct span group)
{
    for (uint32_t i = 0; i < import->group_count; i++) {
        if (span_equal(import->groups[i], group))
            return true;
    }
    return false;
}

/* ---- deployments of one order ---- */

static bool same_call(const struct import_target *a, const struct import_target *b)
{
    return span_equal(a->model, b->model) && span_equal(a->overrides, b->overrides) &&
           a->total_ms == b->total_ms && a->first_ms == b->first_ms &&
           a->retry.attempts == b->retry.attempts;
}

static bool same_place(const struct import_target *a, const struct import_target *b)
{
    return a->provider_count == b->provider_count &&
           (a->provider_count == 0 || span_equal(a->providers[0], b->providers[0]));
}

static void add_to_rung(struct litellm *import, struct litellm_rung *rung,
                        const struct litellm_deployment *one)
{
    for (int i = 0; i < rung->count; i++) {
        struct import_target *leaf = &rung->at[i].leaf;
        if (!same_call(leaf, &one->leaf) || !same_place(leaf, &one->leaf))
            continue;
        import_note(import->report, "model_list",
                    "%.*s has %.*s at one provider more than once: they are one target, their "
                    "weights added",
                    SPAN_ARG(one->group), SPAN_ARG(one->leaf.model));
        rung->at[i].weight += one->weight;
        return;
    }
    if (rung->count < IMPORT_TARGETS_MAX)
        rung->at[rung->count++] = *one;
    else
        import_lose(import->report, "model_list", "%.*s has more than %d deployments",
                    SPAN_ARG(one->group), IMPORT_TARGETS_MAX);
}

/* Where some have a weight, those without one are never drawn by LiteLLM. */
static void drop_weightless(struct litellm *import, struct litellm_rung *rung)
{
    int kept = 0;
    for (int i = 0; i < rung->count; i++) {
        const struct litellm_deployment *one = &rung->at[i];
        bool drawn = one->weight > 0 && (one->weighted || !rung->weighted);
        if (drawn)
            rung->at[kept++] = *one;
        else
            import_note(import->report, "model_list",
                        "%.*s: %.*s is left out, as it has no weight and others do",
                        SPAN_ARG(one->group), SPAN_ARG(one->leaf.model));
    }
    rung->count = kept;
}

static bool is_of(const struct litellm_deployment *one, struct span group, int64_t order)
{
    return span_equal(one->group, group) && one->order == order;
}

/* LiteLLM weighs all by what the first of them has: by weight, else by rpm, else by tpm.
 * LITELLM_UNITS where nobody has any. */
static int unit_of(const struct litellm *import, struct span group, int64_t order)
{
    int unit = LITELLM_UNITS;
    for (uint32_t i = 0; i < import->deployment_count && unit == LITELLM_UNITS; i++) {
        const struct litellm_deployment *one = &import->deployments[i];
        for (int j = 0; is_of(one, group, order) && j < LITELLM_UNITS; j++) {
            if (one->weights[j] >= 0 && unit == LITELLM_UNITS)
                unit = j;
        }
    }
    return unit;
}

static void read_rung(struct litellm *import, struct span group, int64_t order,
                      struct litellm_rung *rung)
{
    int unit = unit_of(import, group, order);
    rung->count = 0;
    rung->weighted = unit != LITELLM_UNITS;
    for (uint32_t i = 0; i < import->deployment_count; i++) {
        struct litellm_deployment *one = &import->deployments[i];
        if (!is_of(one, group, order))
            continue;
        one->weighted = rung->weighted && one->weights[unit] >= 0;
        one->weight = one->weighted ? one->weights[unit] : 1;
        add_to_rung(import, rung, one);
    }
    if (import->strategy == LITELLM_SHUFFLE)
        drop_weightless(import, rung);
}

/* ---- targets ---- */

static void fill(struct litellm *import, struct import_preset *preset, int index,
                 const struct litellm_deployment *one, bool alone)
{
    struct import_target *target = &preset->at[index];
    int parent = target->parent;
    *target = one->leaf;
    target->parent = parent;
    target->weight = one->weighted ? one->weight : 0;
    if (alone && target->retry.attempts < 0)
        target->retry = import->retry;
    if (one->name.size > 0)
        target->name = import_unique(preset, one->name, import->arena);
}

/* One target for all, when they differ in nothing but the provider. */
static bool merge(const struct litellm_rung *rung, struct litellm_deployment *out)
{
    *out = rung->at[0];
    out->weighted = false;
    for (int i = 0; i < rung->count; i++) {
        const struct import_target *leaf = &rung->at[i].leaf;
        if (!same_call(&out->leaf, leaf) || leaf->provider_count != 1 || i == IMPORT_PROVIDERS_MAX)
            return false;
        out->leaf.providers[i] = leaf->providers[0];
    }
    out->leaf.provider_count = (uint32_t)rung->count;
    return true;
}

static int add_rung(struct litellm *import, struct import_preset *preset, int parent,
                    const struct litellm_rung *rung)
{
    struct litellm_deployment one;
    bool merged = rung->count > 1 && import->strategy != LITELLM_SHUFFLE && merge(rung, &one);
    if (rung->count > 1 && import->strategy != LITELLM_SHUFFLE && !merged)
        import_note(import->report, "routing_strategy",
                    "%.*s has several models, so its targets are drawn by chance",
                    SPAN_ARG(rung->at[0].group));
    bool alone = rung->count == 1 || merged;
    int index = import_add(preset, parent, alone ? IMPORT_SINGLE : IMPORT_LOADBALANCE);
    if (index == IMPORT_NONE)
        return IMPORT_NONE;
    if (alone) {
        fill(import, preset, index, merged ? &one : &rung->at[0], rung->count == 1);
        preset->at[index].sort = merged ? sorts[import->strategy] : NULL;
        return index;
    }
    for (int i = 0; i < rung->count; i++) {
        int leaf = import_add(preset, index, IMPORT_SINGLE);
        if (leaf == IMPORT_NONE)
            return IMPORT_NONE;
        fill(import, preset, leaf, &rung->at[i], false);
    }
    return index;
}

/* ---- a group ---- */

/* The smallest order of the group above `last`. False when there is none. */
static bool next_order(const struct litellm *import, struct span group, bool first, int64_t last,
                       int64_t *order_out)
{
    bool found = false;
    for (uint32_t i = 0; i < import->deployment_count; i++) {
        const struct litellm_deployment *one = &import->deployments[i];
        if (!span_equal(one->group, group) || (!first && one->order <= last) ||
            (found && one->order >= *order_out))
            continue;
        *order_out = one->order;
        found = true;
    }
    return found;
}

int litellm_add_group(struct litellm *import, struct import_preset *preset, int parent,
                      struct span group)
{
    struct litellm_rung *rung = import->rung;
    int64_t order = 0, after = 0;
    if (!next_order(import, group, true, 0, &order))
        return IMPORT_NONE;
    bool several = next_order(import, group, false, order, &after);
    int top = several ? import_add(preset, parent, IMPORT_FALLBACK) : parent;
    if (several && top == IMPORT_NONE)
        return IMPORT_NONE;
    int index = IMPORT_NONE;
    do {
        read_rung(import, group, order, rung);
        if (rung->count > 0)
            index = add_rung(import, preset, top, rung);
        else if (!several)
            return IMPORT_NONE;
    } while ((rung->count == 0 || index != IMPORT_NONE) &&
             next_order(import, group, false, order, &order));
    return several && index != IMPORT_NONE ? top : index;
}
