/*
 * meter: what is counted, and in which mode of service it was sold.
 *
 * The names are those of the table tollgate.meters, of events and of the catalog. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_METER_H
#define TOLLGATE_TENANTS_MODEL_METER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum meter {
    METER_INPUT,     /* prompt tokens neither read from nor written to a cache */
    METER_OUTPUT,    /* all generated tokens, reasoning among them */
    METER_REASONING, /* a part of METER_OUTPUT */
    METER_CACHE_READ,
    METER_CACHE_WRITE_5M,
    METER_CACHE_WRITE_1H,
    METER_INPUT_AUDIO,
    METER_OUTPUT_AUDIO,
    METER_INPUT_IMAGE,
    METER_OUTPUT_IMAGE,
    METER_IMAGE,
    METER_REQUEST,
    METER_WEB_SEARCH,
    METER_SECOND,
    METER_CHARACTER,
    METERS
};

enum price_mode { MODE_STANDARD, MODE_BATCH, MODE_FLEX, MODE_PRIORITY, PRICE_MODES };

must_use const char *meter_name(enum meter meter);
/* 0 or -ENOENT. */
must_use int meter_parse(struct span name, enum meter *meter_out);
must_use const char *price_mode_name(enum price_mode mode);
must_use int price_mode_parse(struct span name, enum price_mode *mode_out);

/* A quantity per meter. `present` has bit 1 << meter set where one was told: missing is not 0. */
struct meters {
    int64_t count[METERS];
    uint32_t present;
};

static inline void meters_set(struct meters *meters, enum meter meter, int64_t count)
{
    meters->count[meter] = count;
    meters->present |= 1u << meter;
}

static inline bool meters_has(const struct meters *meters, enum meter meter)
{
    return (meters->present >> meter & 1u) != 0;
}

/* Prompt tokens of every class: what context tiers are chosen by. */
must_use int64_t meters_prompt(const struct meters *meters);

#endif
