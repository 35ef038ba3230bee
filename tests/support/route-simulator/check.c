/*
 * check: see the header. Each scenario is run once per policy; the rows are about what came out.
 */
#include "tests/support/route-simulator/check.h"

#include <stdio.h>
#include <string.h>

#include "common/base/mem.h"
#include "tests/support/route-simulator/simulate.h"

/* A hundred seconds of calls. */
static const struct load small = {.seed = 1, .requests = 10000, .per_second = 100};

static double error_percent(const struct result *result)
{
    return 100 * (double)result->errors / (double)result->requests;
}

static double attempts(const struct result *result)
{
    return (double)result->attempts / (double)result->requests;
}

static double errors_later(const struct result *result)
{
    return (double)result->errors_later;
}

static double errors_outside(const struct result *result)
{
    return (double)(result->errors - result->errors_10_s - result->errors_later);
}

static double left_under_way(const struct result *result)
{
    return (double)result->left_under_way;
}

static double without_attempt(const struct result *result)
{
    return (double)result->without_attempt;
}

static double unaccounted(const struct result *result)
{
    return (double)(result->requests - small.requests) +
           (double)(result->requests - result->served - result->errors);
}

static double back_s(const struct result *result)
{
    return result->back_s < 0 ? 1e9 : result->back_s;
}

/* One call in so many ends with a refusal for its rate. */
static double limited_percent(const struct result *result)
{
    return 100 * (double)result->limited / (double)result->requests;
}

#define DEFAULT (1u << POLICY_DEFAULT)
#define CHANCE (DEFAULT | 1u << POLICY_BALANCED)
#define ALL                                                                                        \
    (CHANCE | 1u << POLICY_LATENCY | 1u << POLICY_PRICE | 1u << POLICY_LEAST_BUSY |                \
     1u << POLICY_USAGE)

static const struct {
    const char *what, *scenario; /* NULL: each of them */
    uint32_t policies;           /* 1 << enum policy */
    double (*of)(const struct result *result);
    double most;
} bounds[] = {
    {"every request is served or refused, once", NULL, ALL, unaccounted, 0},
    {"no attempt is left under way", NULL, ALL, left_under_way, 0},
    {"no request finds the pool empty", NULL, ALL, without_attempt, 0},
    {"chance alone is calm", "calm", ALL, error_percent, 0},
    {"… and makes one attempt", "calm", CHANCE, attempts, 1.02},
    {"five attempts leave 0.24 %", "random", ALL, error_percent, 0.3},
    {"a third dead: nobody sees it", "third-dead", ALL, error_percent, 0},
    {"… and after 10 s nobody above all", "third-dead", ALL, errors_later, 0},
    {"… and they are left alone", "third-dead", CHANCE, attempts, 1.06},
    {"… and come back", "third-dead", CHANCE, back_s, 60},
    {"an account's outage: nobody sees it", "domain", ALL, error_percent, 0},
    {"… and it comes back", "domain", DEFAULT, back_s, 60},
    {"four of five fail at two: nobody sees it", "degraded", ALL, error_percent, 0},
    {"… and they are left alone", "degraded", CHANCE, attempts, 1.2},
    {"… and come back", "degraded", CHANCE, back_s, 60},
    {"a black hole: nobody sees an error", "black-hole", ALL, error_percent, 0},
    {"silence: nobody sees an error", "hang", ALL, error_percent, 0},
    {"… and it is found out long before the first token's time is over", "hang", DEFAULT, attempts,
     1.03},
    {"slow is no error", "slow", ALL, error_percent, 0},
    {"flapping: nobody sees it", "flapping", ALL, error_percent, 0},
    {"rate limits: nobody sees them", "limits", ALL, error_percent, 0},
    {"… and most calls meet none", "limits", ALL, limited_percent, 2},
    {"retired: nobody sees it", "retired", ALL, error_percent, 0},
    {"… and it is asked no more", "retired", CHANCE, attempts, 1.03},
    {"all are down: served again at once", "all-down", ALL, errors_outside, 0},
    {"… and all of them come back", "all-down", CHANCE, back_s, 60},
    {"alone: three attempts leave 2.7 %", "alone", ALL, error_percent, 3.2},
};

/* What one policy must not have more of than another. */
static double usd(const struct result *result)
{
    return result->cost_usd / (double)result->served;
}

static double first_p50(const struct result *result)
{
    return result_first_ms(result, 0.5);
}

static double first_p99(const struct result *result)
{
    return result_first_ms(result, 0.99);
}

static const struct {
    const char *what, *scenario;
    double (*of)(const struct result *result);
    enum policy less, more;
} orders[] = {
    {"the cheapest is never dearer", NULL, usd, POLICY_PRICE, POLICY_DEFAULT},
    {"the default pays less than the balanced", "calm", usd, POLICY_DEFAULT, POLICY_BALANCED},
    {"… which is the faster one", "calm", first_p50, POLICY_BALANCED, POLICY_DEFAULT},
    {"the shortest time is the shorter one", "calm", first_p50, POLICY_LATENCY, POLICY_DEFAULT},
    {"… and leaves who became slow", "slow", first_p99, POLICY_LATENCY, POLICY_DEFAULT},
};

static bool is_about(const char *asked, const struct scenario *scenario)
{
    return asked == NULL || strcmp(asked, scenario->name) == 0;
}

static int check_bounds(const struct scenario *scenario, const struct result *results)
{
    int failed = 0;

    for (size_t i = 0; i < array_size(bounds); i++) {
        for (int policy = 0; policy < POLICIES; policy++) {
            double value = bounds[i].of(&results[policy]);

            if (!is_about(bounds[i].scenario, scenario) ||
                (bounds[i].policies >> policy & 1) == 0 || (value >= 0 && value <= bounds[i].most))
                continue;
            printf("%s, %s: %s: %g is not between 0 and %g\n", scenario->name,
                   policy_name((enum policy)policy), bounds[i].what, value, bounds[i].most);
            failed++;
        }
    }
    return failed;
}

static int check_orders(const struct scenario *scenario, const struct result *results)
{
    int failed = 0;

    for (size_t i = 0; i < array_size(orders); i++) {
        double less = orders[i].of(&results[orders[i].less]);
        double more = orders[i].of(&results[orders[i].more]);

        if (!is_about(orders[i].scenario, scenario) || less <= more)
            continue;
        printf("%s: %s: %s %g, %s %g\n", scenario->name, orders[i].what,
               policy_name(orders[i].less), less, policy_name(orders[i].more), more);
        failed++;
    }
    return failed;
}

static bool is_same(const struct result *a, const struct result *b)
{
    return a->served == b->served && a->attempts == b->attempts && a->errors == b->errors &&
           a->limited == b->limited &&
           memcmp(a->first_tokens, b->first_tokens, sizeof(a->first_tokens)) == 0 &&
           memcmp(a->served_by, b->served_by, sizeof(a->served_by)) == 0;
}

static const struct manner by_default = {.policy = POLICY_DEFAULT};

/* The seed decides all, and decides something. */
static int check_seed(const struct scenario *scenario, const struct result *first)
{
    struct load other = small;
    struct result again;
    int failed = 0;

    simulate(scenario, &by_default, &small, &again);
    failed += !is_same(&again, first);
    other.seed++;
    simulate(scenario, &by_default, &other, &again);
    failed += is_same(&again, first);
    if (failed > 0)
        printf("%s: the seed does not decide\n", scenario->name);
    return failed;
}

int check_all(void)
{
    int failed = 0;

    for (uint32_t i = 0; i < scenario_count; i++) {
        struct result *results = mem_array(POLICIES, sizeof(*results));

        for (int policy = 0; policy < POLICIES; policy++)
            if ((ALL >> policy & 1) != 0)
                simulate(&scenarios[i], &(struct manner){.policy = (enum policy)policy}, &small,
                         &results[policy]);
        failed += check_bounds(&scenarios[i], results);
        failed += check_orders(&scenarios[i], results);
        if (i == 0)
            failed += check_seed(&scenarios[i], &results[POLICY_DEFAULT]);
        mem_free(results);
    }
    printf("%d rows of %u scenarios failed\n", failed, scenario_count);
    return failed;
}
