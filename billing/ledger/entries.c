/*
 * entries: see entries.h.
 */
#include "billing/ledger/entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/mem.h"

struct entries {
    struct arena *arena;
    struct map *by_key;
};

const char *account_kind_name(enum account_kind kind)
{
    static const char *const names[] = {
        [ACCOUNT_PREPAID] = "prepaid",
        [ACCOUNT_PROMO] = "promo",
        [ACCOUNT_ACCRUED] = "accrued",
        [ACCOUNT_RECEIVABLE] = "receivable",
        [ACCOUNT_TAX_PAYABLE] = "tax_payable",
        [ACCOUNT_REV_USAGE] = "rev_usage",
        [ACCOUNT_REV_SUB] = "rev_sub",
        [ACCOUNT_ROUNDING] = "rounding",
        [ACCOUNT_COGS] = "cogs",
        [ACCOUNT_PROVIDER_PAYABLE] = "provider_payable",
        [ACCOUNT_OVERRUN] = "overrun",
        [ACCOUNT_PRICE_VARIANCE] = "price_variance",
    };
    must((size_t)kind < array_size(names));
    return names[kind];
}

struct entries *entries_new(struct arena *arena, size_t expected)
{
    struct entries *entries = mem_new(sizeof(*entries));
    entries->arena = arena;
    entries->by_key = map_new(expected);
    return entries;
}

void entries_free(struct entries *entries)
{
    if (entries == NULL)
        return;
    map_free(entries->by_key);
    mem_free(entries);
}

struct account_key account_key_make(struct uuid tenant, enum account_kind kind,
                                    const char *currency, int32_t period_no)
{
    struct account_key key;
    memset(&key, 0, sizeof(key));
    key.tenant = tenant;
    memcpy(key.currency, currency, strnlen(currency, sizeof(key.currency) - 1));
    key.kind = (uint8_t)kind;
    key.period_no = period_no;
    return key;
}

static void add(struct entries *entries, const struct account_key *key, int128 amount)
{
    struct entry *entry;
    if (amount == 0)
        return;
    entry = map_get(entries->by_key, span_make((const char *)key, sizeof(*key)));
    if (entry == NULL) {
        entry = arena_take(entries->arena, sizeof(*entry));
        entry->key = *key;
        (void)map_put(entries->by_key, span_make((const char *)&entry->key, sizeof(entry->key)),
                      entry);
    }
    entry->amount_pico += amount;
}

void entries_move(struct entries *entries, struct account_key debit, struct account_key credit,
                  int128 amount_pico)
{
    add(entries, &debit, amount_pico);
    add(entries, &credit, -amount_pico);
}

void entries_add_usage(struct entries *entries, const struct usage_posting *p)
{
    const struct {
        enum account_kind kind;
        int128 amount;
    } tenants[] = {
        {ACCOUNT_PROMO, p->promo_pico},
        {ACCOUNT_PREPAID, p->prepaid_pico},
        {ACCOUNT_ACCRUED, p->accrued_pico},
        {ACCOUNT_OVERRUN, p->overrun_pico},
        {ACCOUNT_REV_USAGE, -p->told_pico},
        {ACCOUNT_PRICE_VARIANCE,
         p->told_pico - p->promo_pico - p->prepaid_pico - p->accrued_pico - p->overrun_pico},
    };
    static const struct uuid house = {{0}};
    for (size_t i = 0; i < array_size(tenants); i++) {
        struct account_key key =
            account_key_make(p->tenant, tenants[i].kind, p->currency, p->period_no);
        add(entries, &key, tenants[i].amount);
    }
    entries_move(entries, account_key_make(house, ACCOUNT_COGS, p->currency, 0),
                 account_key_make(house, ACCOUNT_PROVIDER_PAYABLE, p->currency, 0), p->cost_pico);
}

static int by_key(const void *a, const void *b)
{
    return memcmp(&((const struct entry *)a)->key, &((const struct entry *)b)->key,
                  sizeof(struct account_key));
}

const struct entry *entries_sorted(const struct entries *entries, size_t *count_out)
{
    size_t cursor = 0, count = 0;
    struct span key;
    void *value;
    struct entry *all = arena_array(entries->arena, map_size(entries->by_key) + 1, sizeof(*all));
    while (map_next(entries->by_key, &cursor, &key, &value)) {
        const struct entry *entry = value;
        if (entry->amount_pico != 0)
            all[count++] = *entry;
    }
    qsort(all, count, sizeof(*all), by_key);
    *count_out = count;
    return all;
}

int128 entries_sum(const struct entries *entries)
{
    size_t cursor = 0;
    struct span key;
    void *value;
    int128 sum = 0;
    while (map_next(entries->by_key, &cursor, &key, &value))
        sum += ((const struct entry *)value)->amount_pico;
    return sum;
}
