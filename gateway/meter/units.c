/*
 * units: see the header.
 */
#include "gateway/meter/units.h"

#include "billing/rate/rate.h"

#define BIT(meter) (UINT32_C(1) << (meter))

/* Reasoning is a part of the output, and goes with it. */
static const uint32_t dimensions[] = {
    BIT(METER_INPUT) | BIT(METER_CACHE_READ) | BIT(METER_CACHE_WRITE_5M) |
        BIT(METER_CACHE_WRITE_1H) | BIT(METER_INPUT_AUDIO) | BIT(METER_INPUT_IMAGE),
    BIT(METER_OUTPUT) | BIT(METER_REASONING) | BIT(METER_OUTPUT_AUDIO) | BIT(METER_OUTPUT_IMAGE),
    BIT(METER_IMAGE),
    BIT(METER_REQUEST),
    BIT(METER_WEB_SEARCH),
    BIT(METER_SECOND),
    BIT(METER_CHARACTER),
};

static enum meter first_of(uint32_t dimension)
{
    return (enum meter)__builtin_ctz(dimension);
}

static void take(const struct meters *from, uint32_t dimension, struct meters *to)
{
    for (int m = 0; m < METERS; m++)
        if ((dimension & BIT(m)) != 0 && meters_has(from, (enum meter)m))
            meters_set(to, (enum meter)m, from->count[m]);
}

struct meters units_of(const struct units *units, const struct price_version *price,
                       bool *counted_out)
{
    struct meters result = {0};

    *counted_out = false;
    for (size_t i = 0; i < array_size(dimensions); i++) {
        uint32_t dimension = dimensions[i];

        if (!rate_has_dimension(price, first_of(dimension)))
            continue;
        if ((units->told->present & dimension) != 0) {
            take(units->told, dimension, &result);
        } else if ((units->seen->present & dimension) != 0) {
            take(units->seen, dimension, &result);
        } else if ((units->counted->present & dimension) != 0) {
            take(units->counted, dimension, &result);
            /* One call is one call, whoever says it. */
            *counted_out = *counted_out || dimension != BIT(METER_REQUEST) ||
                           units->counted->count[METER_REQUEST] > 1;
        }
    }
    return result;
}
