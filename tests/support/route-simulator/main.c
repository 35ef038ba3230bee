/*
 * route-simulator: what each policy makes of invented providers.
 *
 * route-simulator [--requests N] [--rate PER_SECOND] [--seed N] [SCENARIO…] prints a table per
 * scenario; route-simulator --check tests a small run of each and prints what failed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/support/route-simulator/check.h"
#include "tests/support/route-simulator/simulate.h"

/* Those that differ where all have one weight and one priority. */
static const struct manner manners[] = {
    {POLICY_DEFAULT, false},    {POLICY_DEFAULT, true},     {POLICY_PRICE, false},
    {POLICY_THROUGHPUT, false}, {POLICY_LATENCY, false},    {POLICY_BALANCED, false},
    {POLICY_WEIGHTED, false},   {POLICY_LEAST_BUSY, false}, {POLICY_USAGE, false},
};

static void print_row(const struct manner *manner, const struct result *result)
{
    char back[16] = "–";

    if (result->back_s >= 0)
        (void)snprintf(back, sizeof(back), "%.1f", result->back_s);
    printf("| `%s`%s | %.3f | %lld | %lld | %.3f | %.1f | %.4f | %.0f | %.0f | %.0f | %s |\n",
           policy_name(manner->policy), manner->hedges ? " with hedging" : "",
           100 * (double)result->served / (double)result->requests, (long long)result->errors_10_s,
           (long long)result->errors_later, (double)result->attempts / (double)result->requests,
           100 * (double)result->limited / (double)result->requests,
           result->cost_usd * 1000 / (double)(result->served > 0 ? result->served : 1),
           result_first_ms(result, 0.5), result_first_ms(result, 0.99), 100 * result->top_share,
           back);
    (void)fflush(stdout);
}

static void print_scenario(const struct scenario *scenario, const struct load *load)
{
    struct result result;

    printf("\n%s: %s\n\n", scenario->name, scenario->what);
    printf("| policy | served %% | errors in first 10 s | errors later | attempts per request | "
           "429 %% | USD per 1000 | first token p50 ms | p99 ms | busiest %% | back s |\n");
    printf("|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_size(manners); i++) {
        simulate(scenario, &manners[i], load, &result);
        print_row(&manners[i], &result);
    }
}

static bool is_asked(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

static double number_of(const char *text)
{
    char *end;
    double number = strtod(text, &end);

    if (*end != '\0' || number < 1 || number > 1e9) {
        (void)fprintf(stderr, "no number from 1 to 10^9: %s\n", text);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    struct load load = {.seed = 1, .requests = 1000000, .per_second = 500};
    int at = 1, printed = 0;

    log_set_level(LOG_ALARM);
    if (argc == 2 && strcmp(argv[1], "--check") == 0)
        return check_all() == 0 ? 0 : 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        double number = number_of(argv[at + 1]);

        if (strcmp(argv[at], "--requests") == 0)
            load.requests = (int64_t)number;
        else if (strcmp(argv[at], "--rate") == 0)
            load.per_second = number;
        else if (strcmp(argv[at], "--seed") == 0)
            load.seed = (uint64_t)number;
        else
            return 2;
    }
    for (uint32_t i = 0; i < scenario_count; i++) {
        if (is_asked(scenarios[i].name, &argv[at], argc - at)) {
            print_scenario(&scenarios[i], &load);
            printed++;
        }
    }
    return printed > 0 ? 0 : 2;
}
