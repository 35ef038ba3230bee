/*
 * board: what it costs to tell the health board of an attempt that served, to ask it for a
 * deployment's state, and to read a spread: alone, and with another thread at the same rows. Prints
 * a line per case; tests nothing.
 *
 * Built by hand against the release: tests/bench/micro/run.
 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "gateway/route/board_live.h"

enum { DEPLOYMENTS = 20, ROUNDS = 2000000, READS = 100000 };

static struct snapshot_deployment deployments[DEPLOYMENTS];

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *tell(void *argument)
{
    struct board *board = argument;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct board_end end = {.result = BOARD_SERVED,
                                      .first_token_ms = 100 + i % 900,
                                      .total_ms = 2000 + i % 3000,
                                      .output_tokens = 200};

        board_end(board, &deployments[i % DEPLOYMENTS], &end, 7200000 + i / 1000);
    }
    return NULL;
}

static void live(struct board *board)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const struct snapshot_deployment *deployment = &deployments[i % DEPLOYMENTS];

        board_begin(board, deployment, 1000, 7200000 + i / 1000);
        board_spoke(board, deployment, 7200000 + i / 1000);
        board_over(board, deployment);
    }
}

static int64_t ask(const struct board *board)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < ROUNDS; i++)
        sum += board_state_of(board, &deployments[i % DEPLOYMENTS]).outage_until_ms;
    return sum;
}

static int64_t spread(const struct board *board)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < READS; i++)
        sum += board_spread(board, &deployments[i % DEPLOYMENTS], BOARD_TOTAL_MS, 7200000).p99;
    return sum;
}

static void line(const char *what, double begin_ns, int rounds)
{
    printf("%-44s %8.1f ns\n", what, (now_ns() - begin_ns) / rounds);
}

int main(void)
{
    struct board *board = board_new();
    volatile int64_t kept;
    pthread_t other;
    double begin_ns;

    for (uint32_t i = 0; i < DEPLOYMENTS; i++)
        deployments[i].id = uuid_new();
    tell(board);
    begin_ns = now_ns();
    tell(board);
    line("tell of an attempt that served", begin_ns, ROUNDS);
    begin_ns = now_ns();
    live(board);
    line("… of its begin, first word and going", begin_ns, ROUNDS);
    begin_ns = now_ns();
    kept = ask(board);
    line("ask for a deployment's state", begin_ns, ROUNDS);
    begin_ns = now_ns();
    kept += spread(board);
    line("read a spread (four quantiles)", begin_ns, READS);
    if (pthread_create(&other, NULL, tell, board) != 0)
        return 1;
    begin_ns = now_ns();
    tell(board);
    line("tell, another thread telling of the same", begin_ns, ROUNDS);
    pthread_join(other, NULL);
    board_free(board);
    return kept == 0;
}
