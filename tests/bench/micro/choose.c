/*
 * choose: what it costs to choose among the deployments of a model, by each policy: the whole of
 * route_collect(), and of it the order alone. Prints a line per case; tests nothing.
 *
 * Built by hand against the release: tests/bench/micro/run.
 */
#include <stdio.h>
#include <time.h>

#include "gateway/route/route.h"

enum { DEPLOYMENTS = 20, ROUNDS = 200000 };

static struct snapshot_deployment deployments[DEPLOYMENTS];
static const struct snapshot_deployment *pointers[DEPLOYMENTS];
static struct price_rate rates[DEPLOYMENTS][2];
static struct price_version lists[DEPLOYMENTS];

/* Stands in for the snapshot's, which is measured with the road. */
bool snapshot_terms(const struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                    const struct snapshot_tenant *tenant, int64_t at_ms,
                    struct snapshot_terms *terms_out)
{
    (void)snapshot;
    (void)tenant;
    (void)at_ms;
    *terms_out = (struct snapshot_terms){.list = &lists[deployment->index]};
    return true;
}

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void make_model(struct board *board)
{
    for (uint32_t i = 0; i < DEPLOYMENTS; i++) {
        const struct board_end end = {.result = BOARD_SERVED,
                                      .first_token_ms = 100 + 10 * i,
                                      .total_ms = 3000,
                                      .output_tokens = 200};

        rates[i][0] = (struct price_rate){METER_INPUT, MODE_STANDARD, 0, 1000000 + 100000 * i};
        rates[i][1] = (struct price_rate){METER_OUTPUT, MODE_STANDARD, 0, 4000000 + 400000 * i};
        lists[i] = (struct price_version){.rates = rates[i], .rate_count = 2};
        deployments[i] = (struct snapshot_deployment){.id = uuid_new(),
                                                      .index = i,
                                                      .provider = span_of("p"),
                                                      .callable = true,
                                                      .weight = 100};
        pointers[i] = &deployments[i];
        board_end(board, &deployments[i], &end, 7200000);
    }
}

static void measure(struct board *board, uint32_t count, enum policy policy)
{
    const struct snapshot_model model = {
        .kind = span_of("chat"), .deployments = pointers, .deployment_count = count};
    const struct route_view view = {.board = board, .now_mono_ms = 7200000};
    struct route_wish wish = {
        .chat = true, .policy = policy, .input_tokens = 1000, .output_tokens = 256};
    static struct route route;
    double begin_ns = now_ns();
    uint32_t left = 0;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        route.count = route.excluded_count = 0;
        wish.random = i * UINT64_C(0x9e3779b97f4a7c15);
        left += route_collect(&view, &model, &wish, &route) == ROUTE_OK;
    }
    printf("%-12s among %2u deployments %22.1f ns\n", policy_name(policy), count,
           (now_ns() - begin_ns) / left);
}

int main(void)
{
    static const uint32_t counts[] = {1, 2, DEPLOYMENTS};
    struct board *board = board_new();

    make_model(board);
    for (int policy = 0; policy < POLICIES; policy++)
        for (size_t i = 0; i < array_size(counts); i++)
            measure(board, counts[i], (enum policy)policy);
    board_free(board);
    return 0;
}
