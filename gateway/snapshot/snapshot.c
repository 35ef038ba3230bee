/*
 * snapshot: finding things in it. See snapshot.h.
 */
#include "gateway/snapshot/snapshot.h"

#include <ctype.h>

#include "common/base/mem.h"
#include "gateway/snapshot/snapshot_private.h"

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    if (snapshot == NULL ||
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    map_free(snapshot->secrets_by_hash);
    map_free(snapshot->models_by_name);
    map_free(snapshot->deployments_by_id);
    map_free(snapshot->presets_by_name);
    map_free(snapshot->presets_by_id);
    arena_free(snapshot->arena);
    mem_free(snapshot);
}

int64_t snapshot_version(const struct snapshot *snapshot)
{
    return snapshot->version;
}

int64_t snapshot_confirmed_ms(const struct snapshot *snapshot)
{
    return atomic_load_explicit(&snapshot->confirmed_ms, memory_order_relaxed);
}

void snapshot_confirm(struct snapshot *snapshot, int64_t wall_ms)
{
    atomic_store_explicit(&snapshot->confirmed_ms, wall_ms, memory_order_relaxed);
}

const struct snapshot_key *snapshot_find_key(const struct snapshot *snapshot,
                                             const struct sha256 *hash,
                                             int64_t *secret_expires_ms_out)
{
    const struct snapshot_secret *secret =
        map_get(snapshot->secrets_by_hash, span_make((const char *)hash->at, sizeof(hash->at)));

    if (secret == NULL) {
        return NULL;
    }
    *secret_expires_ms_out = secret->expires_ms;
    return secret->key;
}

const struct snapshot_model *snapshot_find_model(const struct snapshot *snapshot, struct span name)
{
    return map_get(snapshot->models_by_name, name);
}

const struct snapshot_deployment *snapshot_find_deployment(const struct snapshot *snapshot,
                                                           struct uuid id)
{
    return map_get(snapshot->deployments_by_id, uuid_span(&id));
}

uint32_t snapshot_model_count(const struct snapshot *snapshot)
{
    return snapshot->model_count;
}

const struct snapshot_model *snapshot_model_at(const struct snapshot *snapshot, uint32_t index)
{
    must(index < snapshot->model_count);
    return &snapshot->models[index];
}

uint32_t snapshot_deployment_count(const struct snapshot *snapshot)
{
    return snapshot->deployment_count;
}

const struct snapshot_deployment *snapshot_deployment_at(const struct snapshot *snapshot,
                                                         uint32_t index)
{
    must(index < snapshot->deployment_count);
    return &snapshot->deployments[index];
}

uint32_t snapshot_provider_count(const struct snapshot *snapshot)
{
    return snapshot->provider_count;
}

const struct snapshot_provider *snapshot_provider_at(const struct snapshot *snapshot,
                                                     uint32_t index)
{
    must(index < snapshot->provider_count);
    return &snapshot->providers[index];
}

uint32_t snapshot_unusable_count(const struct snapshot *snapshot)
{
    return snapshot->unusable_count;
}

const struct snapshot_unusable *snapshot_unusable_at(const struct snapshot *snapshot,
                                                     uint32_t index)
{
    must(index < snapshot->unusable_count);
    return &snapshot->unusable[index];
}

const struct snapshot_preset *snapshot_find_preset(const struct snapshot *snapshot,
                                                   const struct snapshot_tenant *tenant,
                                                   struct span name)
{
    char key[PRESET_KEY_MAX];

    if (name.size > PRESET_NAME_MAX)
        return NULL;
    return map_get(snapshot->presets_by_name, preset_key(tenant->id, name, key));
}

uint32_t snapshot_unreadable_count(const struct snapshot *snapshot)
{
    return snapshot->unreadable_count;
}

const struct snapshot_unreadable *snapshot_unreadable_at(const struct snapshot *snapshot,
                                                         uint32_t index)
{
    must(index < snapshot->unreadable_count);
    return &snapshot->unreadable[index];
}

/* ---- names that look alike: the share of letter pairs that two names have in common (Dice) ----
 */

enum { PAIR_BITS = 512, NAME_MAX_BYTES = 96 };

struct pairs {
    uint64_t bits[PAIR_BITS / 64];
    int count;
};

static struct pairs pairs_of(struct span name)
{
    struct pairs pairs = {0};
    unsigned before = 0;

    for (size_t i = 0; i < name.size && i < NAME_MAX_BYTES; i++) {
        unsigned letter = (unsigned)tolower((unsigned char)name.at[i]);
        unsigned bit = (before * 31 + letter) % PAIR_BITS;

        if (!isalnum((int)letter)) {
            continue;
        }
        if (before != 0 && (pairs.bits[bit / 64] >> bit % 64 & 1) == 0) {
            pairs.bits[bit / 64] |= UINT64_C(1) << bit % 64;
            pairs.count++;
        }
        before = letter;
    }
    return pairs;
}

/* 0..1000. */
static int likeness(const struct pairs *a, const struct pairs *b)
{
    int common = 0;

    for (size_t i = 0; i < array_size(a->bits); i++) {
        common += __builtin_popcountll(a->bits[i] & b->bits[i]);
    }
    return a->count + b->count == 0 ? 0 : 2000 * common / (a->count + b->count);
}

/* Without the author, for what the client most likely got right is the model's own name. */
static struct span slug_of(struct span id)
{
    ptrdiff_t slash = span_index(id, '/');

    return slash < 0 ? id : span_part(id, (size_t)slash + 1, id.size);
}

enum { NEAR_MAX = 8, NEAR_ENOUGH = 500 };

/* The most alike so far, best first. */
struct near {
    struct pairs wanted;
    int scores[NEAR_MAX];
    struct span *names;
    size_t count, max;
};

static void consider_near(struct near *near, struct span shown, struct span compared)
{
    struct pairs have = pairs_of(compared);
    int score = likeness(&near->wanted, &have);
    size_t place = near->count;

    if (score < NEAR_ENOUGH)
        return;
    while (place > 0 && near->scores[place - 1] < score)
        place--;
    if (place >= near->max)
        return;
    near->count += near->count < near->max;
    for (size_t j = near->count - 1; j > place; j--) {
        near->scores[j] = near->scores[j - 1];
        near->names[j] = near->names[j - 1];
    }
    near->scores[place] = score;
    near->names[place] = shown;
}

size_t snapshot_near_models(const struct snapshot *snapshot, struct span name, struct span *ids_out,
                            size_t max)
{
    struct near near = {.wanted = pairs_of(slug_of(name)),
                        .names = ids_out,
                        .max = max > NEAR_MAX ? NEAR_MAX : max};

    for (uint32_t i = 0; i < snapshot->model_count; i++)
        if (snapshot->models[i].callable)
            consider_near(&near, snapshot->models[i].id, slug_of(snapshot->models[i].id));
    return near.count;
}

size_t snapshot_near_providers(const struct snapshot *snapshot, struct span name,
                               struct span *slugs_out, size_t max)
{
    struct near near = {
        .wanted = pairs_of(name), .names = slugs_out, .max = max > NEAR_MAX ? NEAR_MAX : max};

    for (uint32_t i = 0; i < snapshot->provider_count; i++)
        consider_near(&near, snapshot->providers[i].slug, snapshot->providers[i].slug);
    return near.count;
}

size_t snapshot_near_presets(const struct snapshot *snapshot, const struct snapshot_tenant *tenant,
                             struct span name, struct span *names_out, size_t max)
{
    struct near near = {
        .wanted = pairs_of(name), .names = names_out, .max = max > NEAR_MAX ? NEAR_MAX : max};

    for (uint32_t i = 0; i < snapshot->preset_count; i++) {
        const struct snapshot_preset *preset = &snapshot->presets[i];

        if (preset->name.size > 0 && uuid_equal(preset->tenant, tenant->id))
            consider_near(&near, preset->name, preset->name);
    }
    return near.count;
}

bool snapshot_has_provider(const struct snapshot *snapshot, struct span slug)
{
    for (uint32_t i = 0; i < snapshot->provider_count; i++)
        if (span_equal(snapshot->providers[i].slug, slug))
            return true;
    return false;
}

/* ---- prices ---- */

/* A contract's version of this tenant wins over everybody's. */
static const struct price_version *price_at(const struct snapshot_deployment *deployment,
                                            enum price_book book, struct uuid tenant, int64_t at_ms)
{
    const struct price_version *general = NULL;

    for (uint32_t i = 0; i < deployment->price_count; i++) {
        const struct price_version *version = &deployment->prices[i];

        if (version->book != book || at_ms < version->from_ms || at_ms >= version->until_ms) {
            continue;
        }
        if (uuid_equal(version->tenant, tenant)) {
            return version;
        }
        if (uuid_is_zero(version->tenant)) {
            general = version;
        }
    }
    return general;
}

static const struct plan_version *plan_at(const struct snapshot_tenant *tenant, int64_t at_ms)
{
    for (uint32_t i = 0; i < tenant->plan_count; i++) {
        if (at_ms >= tenant->plan_from_ms[i] && at_ms < tenant->plan_until_ms[i]) {
            return tenant->plans[i];
        }
    }
    return NULL;
}

bool snapshot_terms(const struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                    const struct snapshot_tenant *tenant, int64_t at_ms,
                    struct snapshot_terms *terms_out)
{
    struct snapshot_terms terms = {
        .list = price_at(deployment, BOOK_LIST, tenant->id, at_ms),
        .cost = price_at(deployment, BOOK_COST, (struct uuid){{0}}, at_ms),
        .plan = plan_at(tenant, at_ms),
    };

    if (terms.list == NULL || terms.plan == NULL) {
        return false;
    }
    terms.terms = (struct rate_terms){terms.plan->discount_ppm, terms.plan->markup_ppm,
                                      terms.plan->fixed_pico};
    for (uint32_t i = 0; i < snapshot->discount_count; i++) {
        const struct snapshot_discount *discount = &snapshot->discounts[i];

        if (uuid_equal(discount->plan, terms.plan->id) &&
            span_equal(discount->provider, deployment->provider)) {
            terms.terms.discount_ppm = discount->discount_ppm;
        }
    }
    *terms_out = terms;
    return true;
}

const struct price_version *snapshot_cost(const struct snapshot_deployment *deployment,
                                          int64_t at_ms)
{
    const struct uuid everybody = {{0}};
    const struct price_version *cost = price_at(deployment, BOOK_COST, everybody, at_ms);

    return cost != NULL ? cost : price_at(deployment, BOOK_LIST, everybody, at_ms);
}
