/*
 * rate-lines: prints random rating problems with our answers, one a line, for
 * tests/unit/billing/oracle/check-rate.py, which solves them again with integers of any size.
 *
 * mode double discount markup fixed | meter:count … | meter:mode:over:pico … | outcome tier base
 * discount charge | worst-case outcome input output charge
 */
#include <stdio.h>
#include <stdlib.h>

#include "billing/rate/rate.h"

enum { RATES_MAX = 12 };

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static int64_t below(uint64_t *seed, uint64_t limit)
{
    return (int64_t)(next(seed) % limit);
}

/* Small numbers and thresholds as often as large ones. */
static int64_t some_count(uint64_t *seed)
{
    static const uint64_t limits[] = {2, 1000, 200002, 10000001, 10000003};
    return below(seed, limits[next(seed) % array_size(limits)]);
}

static int64_t some_price(uint64_t *seed)
{
    static const uint64_t limits[] = {2, 100, 20000001, 1000000000000u, INT64_MAX};
    return below(seed, limits[next(seed) % (next(seed) % 16 == 0 ? 5 : 4)]);
}

static bool has_rate(const struct price_rate *rates, uint32_t count, struct price_rate rate)
{
    for (uint32_t i = 0; i < count; i++)
        if (rates[i].meter == rate.meter && rates[i].mode == rate.mode &&
            rates[i].context_over == rate.context_over)
            return true;
    return false;
}

static uint32_t some_rates(uint64_t *seed, struct price_rate *rates)
{
    static const int64_t tiers[] = {0, 0, 0, 32000, 200000};
    uint32_t count = 0;
    for (int64_t n = below(seed, RATES_MAX + 1); n > 0; n--) {
        struct price_rate rate = {
            .meter = (uint8_t)below(seed, next(seed) % 2 ? 3 : METERS),
            .mode = (uint8_t)(next(seed) % 4 == 0 ? below(seed, PRICE_MODES) : MODE_STANDARD),
            .context_over = tiers[next(seed) % array_size(tiers)],
            .pico_per_unit = some_price(seed)};
        if (!has_rate(rates, count, rate))
            rates[count++] = rate;
    }
    return count;
}

static struct meters some_meters(uint64_t *seed)
{
    struct meters meters = {.present = 0};
    for (int64_t n = below(seed, 5); n > 0; n--)
        meters_set(&meters, (enum meter)below(seed, next(seed) % 2 ? 4 : METERS), some_count(seed));
    if (next(seed) % 64 == 0)
        meters_set(&meters, METER_INPUT, -1);
    return meters;
}

static void print_answer(const struct meters *meters, enum price_mode mode,
                         const struct price_version *price, const struct rate_terms *terms,
                         uint64_t *seed)
{
    struct rated rated = {0};
    int64_t input = some_count(seed), output = some_count(seed), worst = 0;
    enum rate_outcome outcome = rate_event(meters, mode, price, terms, &rated, NULL);
    printf("| %s %lld %lld %lld %lld ", rate_outcome_name(outcome), (long long)rated.context_tier,
           (long long)rated.base_pico, (long long)rated.discount_pico,
           (long long)rated.charge_pico);
    outcome = rate_worst_case(input, output, mode, price, terms, &worst);
    printf("| %s %lld %lld %lld\n", rate_outcome_name(outcome), (long long)input, (long long)output,
           (long long)worst);
}

static void print_line(uint64_t *seed)
{
    struct price_rate rates[RATES_MAX];
    struct price_version price = {.rates = rates};
    struct rate_terms terms = {.discount_ppm = (int32_t)below(seed, 1000001),
                               .markup_ppm = (int32_t)below(seed, 10000001),
                               .fixed_pico = next(seed) % 8 == 0 ? some_price(seed) : 0};
    struct meters meters = some_meters(seed);
    enum price_mode mode =
        next(seed) % 4 == 0 ? (enum price_mode)below(seed, PRICE_MODES) : MODE_STANDARD;
    price.rate_count = some_rates(seed, rates);
    price.one_hour_write_twice_input = next(seed) % 2;
    printf("%s %d %d %d %lld |", price_mode_name(mode), price.one_hour_write_twice_input,
           terms.discount_ppm, terms.markup_ppm, (long long)terms.fixed_pico);
    for (int m = 0; m < METERS; m++)
        if (meters_has(&meters, (enum meter)m))
            printf(" %s:%lld", meter_name((enum meter)m), (long long)meters.count[m]);
    printf(" |");
    for (uint32_t i = 0; i < price.rate_count; i++)
        printf(" %s:%s:%lld:%lld", meter_name((enum meter)rates[i].meter),
               price_mode_name((enum price_mode)rates[i].mode), (long long)rates[i].context_over,
               (long long)rates[i].pico_per_unit);
    printf(" ");
    print_answer(&meters, mode, &price, &terms, seed);
}

int main(void)
{
    const char *lines = getenv("TOLLGATE_RATE_LINES");
    const char *start = getenv("TOLLGATE_RATE_SEED");
    uint64_t seed = start == NULL ? 88172645463325252u : strtoull(start, NULL, 10) | 1;
    for (long n = lines == NULL ? 20000 : strtol(lines, NULL, 10); n > 0; n--)
        print_line(&seed);
    return 0;
}
