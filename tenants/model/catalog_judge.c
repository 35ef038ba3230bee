/*
 * catalog_judge: the rules of docs/catalog.md, "Quarantine". See catalog_judge.h.
 */
#include "tenants/model/catalog_judge.h"

#include "common/base/money.h"
#include "tenants/model/catalog_file.h"

#define BIT(reason) (1u << (reason))

/* Kinds that write text must have a price for it; and each kind one of the meters it is counted
 * by: a set of 1u << enum meter. No meter is known for "other". */
static const struct {
    bool writes_text;
    unsigned counted_by;
} kinds[CATALOG_KIND_COUNT] = {
    [CATALOG_CHAT] = {true, BIT(METER_INPUT)},
    [CATALOG_SPECIALIST] = {true, BIT(METER_INPUT)},
    /* Those that judge by what they write are asked as chats, and priced so; others write none. */
    [CATALOG_MODERATION] = {false, BIT(METER_INPUT) | BIT(METER_REQUEST)},
    [CATALOG_REALTIME] = {true, BIT(METER_INPUT_AUDIO)},
    [CATALOG_EMBEDDING] = {false, BIT(METER_INPUT)},
    [CATALOG_RERANK] = {false, BIT(METER_INPUT) | BIT(METER_REQUEST)},
    [CATALOG_IMAGE] = {false, BIT(METER_IMAGE) | BIT(METER_OUTPUT_IMAGE)},
    [CATALOG_SPEECH] = {false, BIT(METER_OUTPUT_AUDIO) | BIT(METER_CHARACTER) | BIT(METER_SECOND)},
    [CATALOG_TRANSCRIPTION] = {false, BIT(METER_SECOND) | BIT(METER_INPUT_AUDIO)},
    [CATALOG_VIDEO] = {false, BIT(METER_SECOND)},
    [CATALOG_OTHER] = {false, 0},
};

/* The standard price of the lowest tier; 0 when there is none. */
static int64_t price_of(const struct catalog_deployment *d, enum meter meter)
{
    const struct price_rate *rate = catalog_rate_at(d, meter, MODE_STANDARD, 0);

    return rate == NULL ? 0 : rate->pico_per_unit;
}

static bool live(const struct catalog_deployment *d)
{
    return d->status != CATALOG_DEPRECATED && catalog_priced(d);
}

static bool plain(const struct catalog_deployment *d)
{
    return d->scope == NULL && d->variant == NULL;
}

/* A host's main offer, which is compared with other hosts': without regional and faster variants,
 * unless it has nothing else. */
static bool main_offer(const struct catalog_model *model, const struct catalog_deployment *d)
{
    if (!live(d) || plain(d))
        return live(d);
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct catalog_deployment *other = &model->deployments[i];

        if (live(other) && plain(other) && strcmp(other->provider, d->provider) == 0)
            return false;
    }
    return true;
}

/* The cheapest and the dearest seen in one meter. */
struct range {
    const struct catalog_deployment *low, *high;
};

static void widen(struct range *range, const struct catalog_deployment *d, enum meter meter)
{
    int64_t price = price_of(d, meter);

    if (price == 0)
        return;
    if (range->low == NULL || price < price_of(range->low, meter))
        range->low = d;
    if (range->high == NULL || price > price_of(range->high, meter))
        range->high = d;
}

static bool too_wide(const struct range *range, enum meter meter)
{
    return range->low != NULL && (int128)price_of(range->high, meter) >
                                     (int128)CATALOG_SPREAD * price_of(range->low, meter);
}

static const char *describe_range(const struct range *range, enum meter meter, struct arena *arena)
{
    char low[MONEY_TEXT_MAX], high[MONEY_TEXT_MAX];

    (void)catalog_price_format(meter, price_of(range->low, meter), low);
    (void)catalog_price_format(meter, price_of(range->high, meter), high);
    return arena_printf(arena, "%s from %s (%s) to %s (%s)", meter_name(meter), low,
                        range->low->key, high, range->high->key);
}

static void add(struct catalog_deployment *d, enum catalog_reason reason, const char *detail)
{
    d->quarantine |= BIT(reason);
    if (d->quarantine_detail == NULL)
        d->quarantine_detail = detail;
}

static const enum meter compared[] = {METER_INPUT, METER_OUTPUT};

/* The hosts' main offers too far apart: nobody can tell which is wrong, so none is sold. */
static bool judge_hosts(struct catalog_model *model, const bool *is_main, struct arena *arena)
{
    for (size_t m = 0; m < array_size(compared); m++) {
        struct range range = {0};
        const char *detail;

        for (uint32_t i = 0; i < model->deployment_count; i++)
            if (is_main[i])
                widen(&range, &model->deployments[i], compared[m]);
        if (!too_wide(&range, compared[m]))
            continue;
        detail = describe_range(&range, compared[m], arena);
        for (uint32_t i = 0; i < model->deployment_count; i++)
            if (live(&model->deployments[i]))
                add(&model->deployments[i], CATALOG_PRICE_SPREAD, detail);
        return true;
    }
    return false;
}

/* The hosts agree, a variant is far from them: it alone is kept back. */
static void judge_variant(struct catalog_model *model, const bool *is_main, uint32_t variant,
                          struct arena *arena)
{
    for (size_t m = 0; m < array_size(compared); m++) {
        struct range range = {0};

        for (uint32_t i = 0; i < model->deployment_count; i++)
            if (is_main[i] || i == variant)
                widen(&range, &model->deployments[i], compared[m]);
        if (too_wide(&range, compared[m])) {
            add(&model->deployments[variant], CATALOG_PRICE_SPREAD,
                describe_range(&range, compared[m], arena));
            return;
        }
    }
}

static void judge_meters(enum catalog_kind kind, struct catalog_deployment *d, struct arena *arena)
{
    unsigned priced = 0;

    if (!catalog_priced(d))
        return;
    for (int meter = 0; meter < METERS; meter++)
        if (price_of(d, (enum meter)meter) > 0)
            priced |= BIT(meter);
    if (kinds[kind].writes_text && (priced & BIT(METER_OUTPUT)) == 0)
        add(d, CATALOG_MISSING_OUTPUT_PRICE, "no price for output");
    if ((priced & kinds[kind].counted_by) == 0)
        add(d, CATALOG_MISSING_METER,
            arena_printf(arena, "no price in a meter that %s is counted by",
                         catalog_word(&catalog_kinds, kind)));
}

void catalog_judge(struct catalog_model *model, struct arena *arena)
{
    bool *is_main;

    if (model->deployment_count == 0)
        return;
    is_main = arena_array(arena, model->deployment_count, sizeof(*is_main));
    for (uint32_t i = 0; i < model->deployment_count; i++)
        is_main[i] = main_offer(model, &model->deployments[i]);
    if (!judge_hosts(model, is_main, arena))
        for (uint32_t i = 0; i < model->deployment_count; i++)
            if (!is_main[i] && live(&model->deployments[i]))
                judge_variant(model, is_main, i, arena);
    for (uint32_t i = 0; i < model->deployment_count; i++)
        judge_meters(model->kind, &model->deployments[i], arena);
}
