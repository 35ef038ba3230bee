/*
 * rate: event + price version + plan → priced lines. Pure, exact, one rounding per event.
 *
 * Used by the gateway (reservations, usage.cost) and by billing (truth): the same arithmetic, so
 * that both come to the same pico. Rules: docs/billing.md, "Rating one event".
 */
#ifndef TOLLGATE_BILLING_RATE_RATE_H
#define TOLLGATE_BILLING_RATE_RATE_H

#include "common/base/attr.h"
#include "common/base/money.h"
#include "tenants/model/price.h"

enum rate_outcome {
    RATE_OK,
    RATE_NO_PRICE,     /* a meter with a quantity has neither a rate nor a meter it falls back to */
    RATE_BAD_QUANTITY, /* negative, above RATE_QUANTITY_MAX, or reasoning above output */
    RATE_OVERFLOW,     /* does not fit int64 pico */
};

#define RATE_QUANTITY_MAX                                                                          \
    INT64_C(10000000) /* tokens of one class in one event; more is quarantined */

/* One product of the base: quantity × rate = amount, exactly. */
struct rated_line {
    enum meter meter;     /* what was counted */
    enum meter priced_as; /* whose rate was applied: its own, or the meter it falls back to */
    int64_t quantity;     /* output without reasoning where reasoning has its own rate */
    int64_t pico_per_unit;
    int64_t amount_pico;
};

struct rated {
    struct rated_line lines[METERS];
    uint32_t line_count;
    int64_t context_tier; /* the context_over that applied */
    int64_t base_pico;
    int64_t discount_pico; /* base - what is left of it, for display; rounded like the charge */
    int64_t charge_pico;
};

/* What a plan does to a base: charge = round_half_up(base × (1e6 − discount)/1e6 × (1e6 +
 * markup)/1e6 + fixed). */
struct rate_terms {
    int32_t discount_ppm, markup_ppm;
    int64_t fixed_pico;
};

must_use const char *rate_outcome_name(enum rate_outcome outcome);

/* Prices one event at one version. `meter_out` (may be NULL) names the meter on RATE_NO_PRICE and
 * RATE_BAD_QUANTITY. */
must_use enum rate_outcome rate_event(const struct meters *meters, enum price_mode mode,
                                      const struct price_version *price,
                                      const struct rate_terms *terms, struct rated *rated_out,
                                      enum meter *meter_out);

/* The base alone, for cost: no discount, no markup. */
must_use enum rate_outcome rate_base(const struct meters *meters, enum price_mode mode,
                                     const struct price_version *price, int64_t *base_pico_out);

/* One product over many events: the sum of their lines of this meter. */
struct rated_sum {
    enum meter meter, priced_as; /* as in struct rated_line */
    int64_t quantity;
    int64_t pico_per_unit;
    int128 amount_pico;
};

/* The lines of summed meters. Of events of one version and mode at one context tier (as
 * rate_event() told it) they add up to the sum of their bases, because each line is linear in its
 * quantity. RATE_OK, RATE_NO_PRICE or RATE_BAD_QUANTITY (negative, or reasoning above output). */
must_use enum rate_outcome rate_sums(const struct meters *sums, enum price_mode mode,
                                     const struct price_version *price, int64_t context_tier,
                                     struct rated_sum lines_out[METERS], uint32_t *count_out);

/* An upper bound of the charge of any event with at most `input_bound` prompt tokens of whatever
 * class and at most `output_bound` generated ones: dearest rate per side at the dearest context
 * tier the bound reaches. */
must_use enum rate_outcome rate_worst_case(int64_t input_bound, int64_t output_bound,
                                           enum price_mode mode, const struct price_version *price,
                                           const struct rate_terms *terms,
                                           int64_t *charge_pico_out);

/* The dimensions of a price: all classes of prompt tokens are one, all classes of generated ones
 * another, each other meter one of its own. Whether this version has any rate in that meter's. */
must_use bool rate_has_dimension(const struct price_version *price, enum meter meter);

/* What an event can have at most. */
struct rate_bounds {
    int64_t input, output; /* tokens of whatever class */
    struct meters units;   /* pictures, seconds, characters, requests */
};

/* The same for what is paid by units, too. A dimension that the version has no rate in is no part
 * of its price; RATE_NO_PRICE when that leaves nothing. */
must_use enum rate_outcome rate_worst_case_units(const struct rate_bounds *bounds,
                                                 enum price_mode mode,
                                                 const struct price_version *price,
                                                 const struct rate_terms *terms,
                                                 int64_t *charge_pico_out);

/* Whether the version can be sold: it has a rate for the meters that this kind of model makes,
 * above 0 somewhere. */
must_use bool rate_sellable(const struct price_version *price);

#endif
