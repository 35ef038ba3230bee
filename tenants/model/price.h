/*
 * price: versions of prices and plans as they are in memory. Immutable once built; shared by
 * readers.
 *
 * A version holds for request starts in [from_ms, until_ms). See docs/billing.md for the rules.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRICE_H
#define TOLLGATE_TENANTS_MODEL_PRICE_H

#include <stdint.h>

#include "common/base/id.h"
#include "tenants/model/meter.h"

enum price_book { BOOK_COST, BOOK_LIST };

struct price_rate {
    uint8_t meter;        /* enum meter */
    uint8_t mode;         /* enum price_mode */
    int64_t context_over; /* holds for prompts of more tokens than this; 0 = the base tier */
    int64_t pico_per_unit;
};

struct price_version {
    struct uuid id;
    struct uuid deployment;
    struct uuid tenant; /* zero: everybody's; else a contract's override */
    enum price_book book;
    int64_t from_ms, until_ms;       /* INT64_MAX: open */
    bool one_hour_write_twice_input; /* see price_doubles_one_hour_writes() */
    const struct price_rate *rates;  /* borrowed from whatever the version lives in */
    uint32_t rate_count;
};

/* Whether cache writes for an hour cost twice the input where a version has no rate for them:
 * Anthropic's rule, whoever hosts the model. Whoever loads a version sets the flag by this. */
static inline bool price_doubles_one_hour_writes(struct span model, struct span dialect)
{
    return span_starts(model, "anthropic/") || span_is(dialect, "anthropic");
}

struct plan_version {
    struct uuid id;
    struct span plan; /* "pro" */
    int64_t from_ms, until_ms;
    int32_t markup_ppm;
    int32_t discount_ppm;
    int64_t fixed_pico;
};

#endif
