/*
 * catalog_render: changes as lines for a person. See catalog_diff.h.
 *
 * A line begins with + (new), - (gone), ~ (changed), $ (price) or ! (quarantine).
 */
#include "common/base/money.h"
#include "tenants/model/catalog_diff.h"
#include "tenants/model/catalog_file.h"

static const struct {
    const char *name;
    char mark;
} kinds[CATALOG_CHANGE_COUNT] = {
    [CATALOG_PROVIDER_ADDED] = {"providers added", '+'},
    [CATALOG_PROVIDER_CHANGED] = {"providers changed", '~'},
    [CATALOG_PROVIDER_REMOVED] = {"providers removed", '-'},
    [CATALOG_MODEL_ADDED] = {"models added", '+'},
    [CATALOG_MODEL_CHANGED] = {"models changed", '~'},
    [CATALOG_MODEL_REMOVED] = {"models removed", '-'},
    [CATALOG_DEPLOYMENT_ADDED] = {"deployments added", '+'},
    [CATALOG_DEPLOYMENT_CHANGED] = {"deployments changed", '~'},
    [CATALOG_DEPLOYMENT_REMOVED] = {"deployments removed", '-'},
    [CATALOG_PRICE_CHANGED] = {"prices changed", '$'},
    [CATALOG_QUARANTINED] = {"quarantined", '!'},
    [CATALOG_QUARANTINE_LIFTED] = {"quarantines lifted", '!'},
};

const char *catalog_change_name(enum catalog_change_kind kind)
{
    return kinds[kind].name;
}

static int compare_rates(const struct price_rate *a, const struct price_rate *b)
{
    if (a->meter != b->meter)
        return a->meter < b->meter ? -1 : 1;
    if (a->mode != b->mode)
        return a->mode < b->mode ? -1 : 1;
    if (a->context_over != b->context_over)
        return a->context_over < b->context_over ? -1 : 1;
    return 0;
}

/* " input", " batch output over 200000" */
static void add_rate_name(const struct price_rate *rate, struct buf *out)
{
    buf_add_byte(out, ' ');
    if (rate->mode != MODE_STANDARD) {
        buf_add_string(out, price_mode_name((enum price_mode)rate->mode));
        buf_add_byte(out, ' ');
    }
    buf_add_string(out, meter_name((enum meter)rate->meter));
    if (rate->context_over > 0) {
        buf_add_string(out, " over ");
        buf_add_int64(out, rate->context_over);
    }
    buf_add_byte(out, ' ');
}

static void add_price(const struct price_rate *rate, struct buf *out)
{
    char text[MONEY_TEXT_MAX];

    (void)catalog_price_format((enum meter)rate->meter, rate->pico_per_unit, text);
    buf_add_string(out, text);
}

/* " (+11.1 %)": tenths of a percent, towards zero. */
static void add_percent(const struct price_rate *old, const struct price_rate *new, struct buf *out)
{
    int128 tenths;
    long long shown;

    if (old->pico_per_unit == 0)
        return;
    tenths = ((int128) new->pico_per_unit - old->pico_per_unit) * 1000 / old->pico_per_unit;
    if (tenths > 1000000 || tenths < -1000000)
        return;
    shown = (long long)tenths;
    buf_printf(out, " (%c%lld.%lld %%)", new->pico_per_unit < old->pico_per_unit ? '-' : '+',
               (shown < 0 ? -shown : shown) / 10, (shown < 0 ? -shown : shown) % 10);
}

static void add_rate_change(const struct price_rate *old, const struct price_rate *new, bool first,
                            struct buf *out)
{
    buf_add_string(out, first ? ":" : ",");
    add_rate_name(new == NULL ? old : new, out);
    if (old == NULL) {
        buf_add_string(out, "none -> ");
        add_price(new, out);
    } else if (new == NULL) {
        add_price(old, out);
        buf_add_string(out, " -> none");
    } else {
        add_price(old, out);
        buf_add_string(out, " -> ");
        add_price(new, out);
        add_percent(old, new, out);
    }
}

static void add_price_changes(const struct catalog_deployment *old,
                              const struct catalog_deployment *new, struct buf *out)
{
    uint32_t i = 0, j = 0;
    bool first = true;

    while (i < old->rate_count || j < new->rate_count) {
        const struct price_rate *a = i < old->rate_count ? &old->rates[i] : NULL;
        const struct price_rate *b = j < new->rate_count ? &new->rates[j] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : compare_rates(a, b);

        i += order <= 0;
        j += order >= 0;
        if (order == 0 && a->pico_per_unit == b->pico_per_unit)
            continue;
        add_rate_change(order <= 0 ? a : NULL, order >= 0 ? b : NULL, first, out);
        first = false;
    }
}

static void add_prices(const struct catalog_deployment *d, struct buf *out)
{
    for (uint32_t i = 0; i < d->rate_count; i++) {
        buf_add_string(out, i == 0 ? ":" : ",");
        add_rate_name(&d->rates[i], out);
        add_price(&d->rates[i], out);
    }
    if (d->rate_count == 0)
        buf_add_string(out, ": no price");
}

static void add_quarantine(const struct catalog_deployment *d, struct buf *out)
{
    for (unsigned reason = 0; reason < CATALOG_REASON_COUNT; reason++)
        if ((d->quarantine & 1u << reason) != 0) {
            buf_add_byte(out, ' ');
            buf_add_string(out, catalog_word(&catalog_reasons, reason));
        }
    if (d->quarantine_detail != NULL)
        buf_printf(out, " (%s)", d->quarantine_detail);
}

static void add_limit_change(const char *name, int64_t old, int64_t new, struct buf *out)
{
    if (old != new)
        buf_printf(out, "; %s %lld -> %lld", name, (long long)old, (long long)new);
}

static void render_deployment(const struct catalog_change *change, struct buf *out)
{
    const struct catalog_deployment *old = change->old_deployment, *new = change->new_deployment;

    switch (change->kind) {
    case CATALOG_DEPLOYMENT_ADDED:
        buf_printf(out, "deployment %s of %s", new->key, change->new_model->id);
        add_prices(new, out);
        if (new->quarantine != 0) {
            buf_add_string(out, "; in quarantine:");
            add_quarantine(new, out);
        }
        break;
    case CATALOG_DEPLOYMENT_REMOVED:
        buf_printf(out, "deployment %s of %s", old->key, change->old_model->id);
        break;
    case CATALOG_DEPLOYMENT_CHANGED:
        buf_printf(out, "deployment %s: %s", new->key, change->fields);
        add_limit_change("context", old->limits.context, new->limits.context, out);
        add_limit_change("input", old->limits.input, new->limits.input, out);
        add_limit_change("output", old->limits.output, new->limits.output, out);
        break;
    case CATALOG_PRICE_CHANGED:
        buf_printf(out, "price %s", new->key);
        add_price_changes(old, new, out);
        break;
    case CATALOG_QUARANTINED:
        buf_printf(out, "quarantine %s:", new->key);
        add_quarantine(new, out);
        break;
    case CATALOG_QUARANTINE_LIFTED:
        buf_printf(out, "quarantine of %s no longer for:", new->key);
        for (unsigned reason = 0; reason < CATALOG_REASON_COUNT; reason++)
            if ((old->quarantine & ~new->quarantine & 1u << reason) != 0)
                buf_printf(out, " %s", catalog_word(&catalog_reasons, reason));
        break;
    case CATALOG_PROVIDER_ADDED:
    case CATALOG_PROVIDER_CHANGED:
    case CATALOG_PROVIDER_REMOVED:
    case CATALOG_MODEL_ADDED:
    case CATALOG_MODEL_CHANGED:
    case CATALOG_MODEL_REMOVED:
    case CATALOG_CHANGE_COUNT:
        break;
    }
}

static void render_model(const struct catalog_change *change, struct buf *out)
{
    const struct catalog_model *m =
        change->new_model == NULL ? change->old_model : change->new_model;

    buf_printf(out, "model %s", m->id);
    if (change->fields != NULL)
        buf_printf(out, ": %s", change->fields);
    else
        buf_printf(out, " (%s)", catalog_word(&catalog_kinds, m->kind));
}

static void render_provider(const struct catalog_change *change, struct buf *out)
{
    const struct catalog_provider *p =
        change->new_provider == NULL ? change->old_provider : change->new_provider;

    buf_printf(out, "provider %s", p->slug);
    if (change->fields != NULL)
        buf_printf(out, ": %s", change->fields);
    else
        buf_printf(out, " (%s)", p->name);
}

void catalog_render_change(const struct catalog_change *change, struct buf *out)
{
    buf_add_byte(out, kinds[change->kind].mark);
    buf_add_byte(out, ' ');
    if (change->old_deployment != NULL || change->new_deployment != NULL)
        render_deployment(change, out);
    else if (change->old_model != NULL || change->new_model != NULL)
        render_model(change, out);
    else
        render_provider(change, out);
    buf_add_byte(out, '\n');
}

void catalog_render(const struct catalog_changes *changes, struct buf *out)
{
    bool first = true;

    for (uint32_t i = 0; i < changes->count; i++)
        catalog_render_change(&changes->items[i], out);
    for (unsigned kind = 0; kind < CATALOG_CHANGE_COUNT; kind++) {
        if (changes->by_kind[kind] == 0)
            continue;
        buf_printf(out, "%s%u %s", first ? "" : ", ", changes->by_kind[kind], kinds[kind].name);
        first = false;
    }
    buf_add_string(out, first ? "no changes\n" : "\n");
}
