/*
 * rate: the arithmetic of billing. See rate.h.
 *
 * A meter without a rate of its own falls back along `fallback`; what has no fallback and no rate
 * cannot be priced. Products are int128, one division rounds.
 */
#include "billing/rate/rate.h"

#include <string.h>

enum { NO_FALLBACK = METERS };

/* Whose rate a meter takes when it has none. Reasoning is not here: it is a part of output, so
 * without a rate of its own it simply stays there. */
static const uint8_t fallback[METERS] = {
    [METER_INPUT] = NO_FALLBACK,          [METER_OUTPUT] = NO_FALLBACK,
    [METER_REASONING] = METER_OUTPUT,     [METER_CACHE_READ] = METER_INPUT,
    [METER_CACHE_WRITE_5M] = METER_INPUT, [METER_CACHE_WRITE_1H] = METER_INPUT,
    [METER_INPUT_AUDIO] = METER_INPUT,    [METER_OUTPUT_AUDIO] = METER_OUTPUT,
    [METER_INPUT_IMAGE] = METER_INPUT,    [METER_OUTPUT_IMAGE] = METER_OUTPUT,
    [METER_IMAGE] = NO_FALLBACK,          [METER_REQUEST] = NO_FALLBACK,
    [METER_WEB_SEARCH] = NO_FALLBACK,     [METER_SECOND] = NO_FALLBACK,
    [METER_CHARACTER] = NO_FALLBACK,
};

static const enum meter input_side[] = {METER_INPUT,          METER_CACHE_READ,
                                        METER_CACHE_WRITE_5M, METER_CACHE_WRITE_1H,
                                        METER_INPUT_AUDIO,    METER_INPUT_IMAGE};
static const enum meter output_side[] = {METER_OUTPUT, METER_REASONING, METER_OUTPUT_AUDIO,
                                         METER_OUTPUT_IMAGE};

const char *rate_outcome_name(enum rate_outcome outcome)
{
    static const char *const names[] = {
        [RATE_OK] = "ok",
        [RATE_NO_PRICE] = "no_price",
        [RATE_BAD_QUANTITY] = "bad_quantity",
        [RATE_OVERFLOW] = "overflow",
    };
    return names[outcome];
}

/* A tier holds for prompts of more tokens than its threshold; the base tier for all. */
static bool reached(const struct price_rate *rate, int64_t prompt)
{
    return rate->context_over == 0 || prompt > rate->context_over;
}

/* The rate of exactly this meter and mode at the highest tier that the prompt reaches, or NULL. */
static const struct price_rate *own_rate(const struct price_version *price, enum meter meter,
                                         enum price_mode mode, int64_t prompt)
{
    const struct price_rate *best = NULL;
    for (uint32_t i = 0; i < price->rate_count; i++) {
        const struct price_rate *rate = &price->rates[i];
        if (rate->meter == meter && rate->mode == mode && reached(rate, prompt) &&
            (best == NULL || rate->context_over > best->context_over))
            best = rate;
    }
    return best;
}

/* In a mode that leaves a meter out, the standard rate of that meter holds. */
static const struct price_rate *mode_rate(const struct price_version *price, enum meter meter,
                                          enum price_mode mode, int64_t prompt)
{
    const struct price_rate *rate = own_rate(price, meter, mode, prompt);
    if (rate == NULL && mode != MODE_STANDARD)
        rate = own_rate(price, meter, MODE_STANDARD, prompt);
    return rate;
}

static bool has_mode(const struct price_version *price, enum price_mode mode)
{
    for (uint32_t i = 0; i < price->rate_count; i++)
        if (price->rates[i].mode == mode)
            return true;
    return false;
}

/* Of the mode's rates and the standard ones that stand in for them: so tier and mode together say
 * which rates were applied. */
static int64_t tier_of(const struct price_version *price, enum price_mode mode, int64_t prompt)
{
    int64_t tier = 0;
    for (uint32_t i = 0; i < price->rate_count; i++) {
        const struct price_rate *rate = &price->rates[i];
        if ((rate->mode == mode || rate->mode == MODE_STANDARD) && reached(rate, prompt) &&
            rate->context_over > tier)
            tier = rate->context_over;
    }
    return tier;
}

/* Finds the rate of a line, falling back once. False when there is none. */
static bool price_line(const struct price_version *price, enum price_mode mode, int64_t prompt,
                       struct rated_line *line)
{
    const struct price_rate *rate = mode_rate(price, line->meter, mode, prompt);
    int64_t times = 1;
    line->priced_as = line->meter;
    if (rate == NULL && fallback[line->meter] != NO_FALLBACK) {
        line->priced_as = (enum meter)fallback[line->meter];
        rate = mode_rate(price, line->priced_as, mode, prompt);
        if (line->meter == METER_CACHE_WRITE_1H && price->one_hour_write_twice_input)
            times = 2;
    }
    if (rate == NULL || rate->pico_per_unit > INT64_MAX / times)
        return false;
    line->pico_per_unit = rate->pico_per_unit * times;
    return true;
}

static enum rate_outcome check(const struct meters *meters, enum meter *meter_out)
{
    for (int m = 0; m < METERS; m++) {
        *meter_out = (enum meter)m;
        if (meters->count[m] < 0 || meters->count[m] > RATE_QUANTITY_MAX)
            return RATE_BAD_QUANTITY;
    }
    *meter_out = METER_REASONING;
    return meters->count[METER_REASONING] > meters->count[METER_OUTPUT] ? RATE_BAD_QUANTITY
                                                                        : RATE_OK;
}

/* Calls without a rate are what most models have: they are then no dimension of the price. */
static bool no_line(enum meter meter, int64_t quantity, bool priced)
{
    return quantity == 0 || (meter == METER_REQUEST && !priced);
}

static enum rate_outcome add_line(const struct price_version *price, enum price_mode mode,
                                  int64_t prompt, struct rated_line line, struct rated *rated,
                                  int128 *base)
{
    bool priced = price_line(price, mode, prompt, &line);
    int128 amount = (int128)line.quantity * line.pico_per_unit;
    if (no_line(line.meter, line.quantity, priced))
        return RATE_OK;
    if (!priced)
        return RATE_NO_PRICE;
    if (money_narrow(amount, &line.amount_pico) < 0)
        return RATE_OVERFLOW;
    *base += amount;
    rated->lines[rated->line_count++] = line;
    return RATE_OK;
}

static enum rate_outcome rate_lines(const struct meters *meters, enum price_mode mode,
                                    const struct price_version *price, struct rated *rated,
                                    enum meter *meter_out)
{
    int64_t prompt = meters_prompt(meters);
    bool apart = mode_rate(price, METER_REASONING, mode, prompt) != NULL;
    int128 base = 0;
    rated->context_tier = tier_of(price, mode, prompt);
    for (int m = 0; m < METERS; m++) {
        struct rated_line line = {.meter = (enum meter)m, .quantity = meters->count[m]};
        enum rate_outcome outcome;
        if (m == METER_REASONING && !apart)
            continue;
        if (m == METER_OUTPUT && apart)
            line.quantity -= meters->count[METER_REASONING];
        *meter_out = line.meter;
        outcome = add_line(price, mode, prompt, line, rated, &base);
        if (outcome != RATE_OK)
            return outcome;
    }
    return money_narrow(base, &rated->base_pico) < 0 ? RATE_OVERFLOW : RATE_OK;
}

/* The charge of a base. RATE_OK or RATE_OVERFLOW. */
static enum rate_outcome rate_charge(int64_t base_pico, const struct rate_terms *terms,
                                     int64_t *charge_pico_out)
{
    const int128 square = (int128)PPM_ONE * PPM_ONE;
    int128 product =
        (int128)base_pico * (PPM_ONE - terms->discount_ppm) * (PPM_ONE + terms->markup_ppm);
    int128 charge = money_divide_half_up(product + terms->fixed_pico * square, square);
    return money_narrow(charge, charge_pico_out) < 0 ? RATE_OVERFLOW : RATE_OK;
}

enum rate_outcome rate_event(const struct meters *meters, enum price_mode mode,
                             const struct price_version *price, const struct rate_terms *terms,
                             struct rated *rated_out, enum meter *meter_out)
{
    struct rated rated = {.line_count = 0};
    enum meter ignored;
    enum meter *meter = meter_out == NULL ? &ignored : meter_out;
    enum rate_outcome outcome = check(meters, meter);
    if (outcome == RATE_OK && !has_mode(price, mode)) {
        *meter = METER_INPUT;
        outcome = RATE_NO_PRICE;
    }
    if (outcome == RATE_OK)
        outcome = rate_lines(meters, mode, price, &rated, meter);
    if (outcome == RATE_OK)
        outcome = rate_charge(rated.base_pico, terms, &rated.charge_pico);
    if (outcome != RATE_OK)
        return outcome;
    rated.discount_pico =
        rated.base_pico - (int64_t)money_divide_half_up(
                              (int128)rated.base_pico * (PPM_ONE - terms->discount_ppm), PPM_ONE);
    *rated_out = rated;
    return RATE_OK;
}

enum rate_outcome rate_base(const struct meters *meters, enum price_mode mode,
                            const struct price_version *price, int64_t *base_pico_out)
{
    static const struct rate_terms none = {0};
    struct rated rated;
    enum rate_outcome outcome = rate_event(meters, mode, price, &none, &rated, NULL);
    if (outcome == RATE_OK)
        *base_pico_out = rated.base_pico;
    return outcome;
}

/* The lowest prompt that reaches the tier stands for all prompts in it. */
enum rate_outcome rate_sums(const struct meters *sums, enum price_mode mode,
                            const struct price_version *price, int64_t context_tier,
                            struct rated_sum lines_out[METERS], uint32_t *count_out)
{
    int64_t prompt = context_tier > 0 ? context_tier + 1 : 0;
    bool apart = mode_rate(price, METER_REASONING, mode, prompt) != NULL;
    uint32_t count = 0;
    for (int m = 0; m < METERS; m++) {
        struct rated_line line = {.meter = (enum meter)m, .quantity = sums->count[m]};
        bool priced = price_line(price, mode, prompt, &line);
        if (m == METER_REASONING && !apart)
            continue;
        if (m == METER_OUTPUT && apart)
            line.quantity -= sums->count[METER_REASONING];
        if (line.quantity < 0)
            return RATE_BAD_QUANTITY;
        if (no_line(line.meter, line.quantity, priced))
            continue;
        if (!priced)
            return RATE_NO_PRICE;
        lines_out[count++] =
            (struct rated_sum){line.meter, line.priced_as, line.quantity, line.pico_per_unit,
                               (int128)line.quantity * line.pico_per_unit};
    }
    *count_out = count;
    return RATE_OK;
}

/* The dearest rate that a unit of these meters can meet with a prompt of at most `bound`; -1 when
 * there is none. Rates only change where a tier begins, so the lowest prompt and the first of each
 * tier stand for all. */
static int64_t dearest(const struct price_version *price, enum price_mode mode, int64_t bound,
                       const enum meter *side, size_t count)
{
    int64_t best = -1;
    for (size_t i = 0; i < count; i++) {
        struct rated_line line = {.meter = side[i]};
        if (price_line(price, mode, 0, &line) && line.pico_per_unit > best)
            best = line.pico_per_unit;
        for (uint32_t r = 0; r < price->rate_count; r++) {
            int64_t over = price->rates[r].context_over;
            if (over > 0 && over < bound && price_line(price, mode, over + 1, &line) &&
                line.pico_per_unit > best)
                best = line.pico_per_unit;
        }
    }
    return best;
}

enum rate_outcome rate_worst_case(int64_t input_bound, int64_t output_bound, enum price_mode mode,
                                  const struct price_version *price, const struct rate_terms *terms,
                                  int64_t *charge_pico_out)
{
    static const enum meter call[] = {METER_REQUEST};
    int64_t base, input, output, request;
    if (input_bound < 0 || input_bound > RATE_QUANTITY_MAX || output_bound < 0 ||
        output_bound > RATE_QUANTITY_MAX)
        return RATE_BAD_QUANTITY;
    if (!has_mode(price, mode))
        return RATE_NO_PRICE;
    input = dearest(price, mode, input_bound, input_side, array_size(input_side));
    output = dearest(price, mode, input_bound, output_side, array_size(output_side));
    request = dearest(price, mode, input_bound, call, 1);
    if ((input < 0 && input_bound > 0) || (output < 0 && output_bound > 0))
        return RATE_NO_PRICE;
    if (money_narrow((int128)(input_bound > 0 ? input : 0) * input_bound +
                         (int128)(output_bound > 0 ? output : 0) * output_bound +
                         (request > 0 ? request : 0),
                     &base) < 0)
        return RATE_OVERFLOW;
    return rate_charge(base, terms, charge_pico_out);
}

static bool is_among(enum meter meter, const enum meter *side, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (side[i] == meter)
            return true;
    return false;
}

/* The meters of whose dimension that one is; `alone` is room for one. */
static const enum meter *dimension_of(enum meter meter, enum meter *alone, size_t *count_out)
{
    if (is_among(meter, input_side, array_size(input_side))) {
        *count_out = array_size(input_side);
        return input_side;
    }
    if (is_among(meter, output_side, array_size(output_side))) {
        *count_out = array_size(output_side);
        return output_side;
    }
    *alone = meter;
    *count_out = 1;
    return alone;
}

bool rate_has_dimension(const struct price_version *price, enum meter meter)
{
    size_t count;
    enum meter alone;
    const enum meter *side = dimension_of(meter, &alone, &count);

    for (uint32_t i = 0; i < price->rate_count; i++)
        if (is_among((enum meter)price->rates[i].meter, side, count))
            return true;
    return false;
}

/* What at most so many of that meter cost; nothing where the price has no rate for any of them. */
static enum rate_outcome add_bound(const struct price_version *price, enum price_mode mode,
                                   int64_t prompt_bound, enum meter meter, int64_t bound,
                                   int128 *sum)
{
    size_t count;
    enum meter alone;
    const enum meter *side = dimension_of(meter, &alone, &count);
    int64_t rate;

    if (bound < 0 || bound > RATE_QUANTITY_MAX)
        return RATE_BAD_QUANTITY;
    if (!rate_has_dimension(price, meter))
        return RATE_OK;
    rate = dearest(price, mode, prompt_bound, side, count);
    if (rate < 0 && bound > 0)
        return RATE_NO_PRICE;
    *sum += (int128)(bound > 0 ? rate : 0) * bound;
    return RATE_OK;
}

enum rate_outcome rate_worst_case_units(const struct rate_bounds *bounds, enum price_mode mode,
                                        const struct price_version *price,
                                        const struct rate_terms *terms, int64_t *charge_pico_out)
{
    static const enum meter units[] = {METER_IMAGE, METER_REQUEST, METER_SECOND, METER_CHARACTER};
    enum rate_outcome outcome;
    int128 sum = 0;
    int64_t base;

    if (!has_mode(price, mode))
        return RATE_NO_PRICE;
    outcome = add_bound(price, mode, bounds->input, METER_INPUT, bounds->input, &sum);
    if (outcome == RATE_OK)
        outcome = add_bound(price, mode, bounds->input, METER_OUTPUT, bounds->output, &sum);
    for (size_t i = 0; i < array_size(units) && outcome == RATE_OK; i++)
        outcome =
            add_bound(price, mode, bounds->input, units[i], bounds->units.count[units[i]], &sum);
    if (outcome != RATE_OK)
        return outcome;
    if (money_narrow(sum, &base) < 0)
        return RATE_OVERFLOW;
    return rate_charge(base, terms, charge_pico_out);
}

bool rate_sellable(const struct price_version *price)
{
    for (uint32_t i = 0; i < price->rate_count; i++) {
        const struct price_rate *rate = &price->rates[i];
        if (rate->mode == MODE_STANDARD && rate->context_over == 0 && rate->pico_per_unit > 0)
            return true;
    }
    return false;
}
