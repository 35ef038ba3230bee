#include "tests/support/testing.h"

#include <pthread.h>

#include "gateway/route/board.h"

#define MINUTE_MS INT64_C(60000)
/* Far from 0, so that the first stretch of time is not the first of all. */
#define START_MS INT64_C(7200000)

static struct snapshot_deployment deployment_of(uint32_t number)
{
    struct snapshot_deployment deployment = {.index = number};

    deployment.id.at[14] = (uint8_t)(number >> 8);
    deployment.id.at[15] = (uint8_t)number;
    return deployment;
}

static void serve(struct board *board, const struct snapshot_deployment *deployment,
                  int64_t first_token_ms, int64_t total_ms, int64_t now_ms)
{
    const struct board_end end = {.result = BOARD_SERVED,
                                  .first_token_ms = first_token_ms,
                                  .total_ms = total_ms,
                                  .output_tokens = 100};

    board_end(board, deployment, &end, now_ms);
}

static void fail_at(struct board *board, const struct snapshot_deployment *deployment,
                    int64_t now_ms)
{
    const struct board_end end = {.result = BOARD_FAILED, .outage_ms = 30000};

    board_end(board, deployment, &end, now_ms);
}

static void an_outage_ends_with_its_time_or_an_answer(void **state)
{
    static const struct {
        const char *what;
        struct board_end end;
        int64_t outage_until_ms, out_until_ms;
    } steps[] = {
        {"nothing is said of a client that left", {.result = BOARD_NEITHER}, 0, 0},
        {"behind the others", {.result = BOARD_FAILED, .outage_ms = 30000}, START_MS + 30000, 0},
        {"out of service as well",
         {.result = BOARD_FAILED, .cooldown_ms = 60000},
         START_MS + 30000,
         START_MS + 60000},
        {"a client that left ends nothing",
         {.result = BOARD_NEITHER},
         START_MS + 30000,
         START_MS + 60000},
        {"an answer ends both", {.result = BOARD_SERVED, .first_token_ms = -1}, 0, 0},
    };
    struct snapshot_deployment one = deployment_of(1), other = deployment_of(2);
    struct board *board = board_new();

    (void)state;
    for (size_t i = 0; i < array_size(steps); i++) {
        struct board_state found;

        board_end(board, &one, &steps[i].end, START_MS);
        found = board_state_of(board, &one);
        assert_int(steps[i].what, found.outage_until_ms, steps[i].outage_until_ms);
        assert_int(steps[i].what, found.out_until_ms, steps[i].out_until_ms);
        assert_int(steps[i].what, board_state_of(board, &other).outage_until_ms, 0);
    }
    board_free(board);
}

static void the_sandbox_has_a_row_of_its_own(void **state)
{
    struct snapshot_deployment one = deployment_of(1), sandboxed = one;
    struct board *board = board_new();

    (void)state;
    sandboxed.sandbox = true;
    fail_at(board, &sandboxed, START_MS);
    serve(board, &one, -1, 100, START_MS);
    assert_int("the provider served", board_counts(board, &one, BOARD_MINUTE, START_MS).served, 1);
    assert_int("and had no outage", board_state_of(board, &one).outage_until_ms, 0);
    assert_int("the sandbox had", board_state_of(board, &sandboxed).outage_until_ms,
               START_MS + 30000);
    board_free(board);
}

static void counts_slide_out_of_their_windows(void **state)
{
    static const struct {
        const char *what;
        int64_t after_ms;
        enum board_window window;
        uint32_t served, failed;
    } rows[] = {
        {"at once, a minute", 0, BOARD_MINUTE, 3, 1},
        {"at once, a day", 0, BOARD_DAY, 3, 1},
        {"54 s later they are in the minute", 54999, BOARD_MINUTE, 3, 1},
        {"a minute later they are not", 60000, BOARD_MINUTE, 0, 0},
        {"but in five", 60000, BOARD_5_MINUTES, 3, 1},
        {"five minutes later they are not", 5 * MINUTE_MS, BOARD_5_MINUTES, 0, 0},
        {"but in thirty", 29 * MINUTE_MS, BOARD_30_MINUTES, 3, 1},
        {"thirty minutes later they are not", 30 * MINUTE_MS, BOARD_30_MINUTES, 0, 0},
        {"but in a day", 23 * 60 * MINUTE_MS, BOARD_DAY, 3, 1},
        {"a day later they are gone", 24 * 60 * MINUTE_MS, BOARD_DAY, 0, 0},
    };
    struct snapshot_deployment one = deployment_of(1);
    struct board *board = board_new();

    (void)state;
    for (int i = 0; i < 3; i++)
        serve(board, &one, -1, 100, START_MS);
    fail_at(board, &one, START_MS);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board_counts counts =
            board_counts(board, &one, rows[i].window, START_MS + rows[i].after_ms);

        assert_int(rows[i].what, counts.served, rows[i].served);
        assert_int(rows[i].what, counts.failed, rows[i].failed);
    }
    board_free(board);
}

static void a_ring_that_comes_around_forgets_what_stood_there(void **state)
{
    struct snapshot_deployment one = deployment_of(1);
    struct board *board = board_new();

    (void)state;
    for (int64_t i = 0; i < 100; i++)
        serve(board, &one, 50, 100, START_MS + i * MINUTE_MS);
    assert_int("the last 30",
               board_counts(board, &one, BOARD_30_MINUTES, START_MS + 99 * MINUTE_MS).served, 30);
    assert_int("all", board_counts(board, &one, BOARD_DAY, START_MS + 99 * MINUTE_MS).served, 100);
    assert_int("the last 30 of the measures",
               board_spread(board, &one, BOARD_TOTAL_MS, START_MS + 99 * MINUTE_MS).samples, 30);
    assert_int("half an hour of silence",
               board_spread(board, &one, BOARD_TOTAL_MS, START_MS + 130 * MINUTE_MS).samples, 0);
    board_free(board);
}

/* Values 1..1000 ms, each once: the truth is known. */
static void quantiles_are_near_the_truth(void **state)
{
    struct snapshot_deployment one = deployment_of(1);
    struct board *board = board_new();
    struct board_spread spread;

    (void)state;
    assert_int("nothing yet", board_spread(board, &one, BOARD_FIRST_TOKEN_MS, START_MS).p50, 0);
    for (int64_t ms = 1; ms <= 1000; ms++)
        serve(board, &one, ms, ms + 1000, START_MS);
    spread = board_spread(board, &one, BOARD_FIRST_TOKEN_MS, START_MS);
    assert_int("samples", spread.samples, 1000);
    in_row("p50", spread.p50 >= 440 && spread.p50 <= 560);
    in_row("p75", spread.p75 >= 660 && spread.p75 <= 840);
    in_row("p90", spread.p90 >= 792 && spread.p90 <= 1008);
    in_row("p10", board_quantile(board, &one, BOARD_FIRST_TOKEN_MS, 10, START_MS) >= 88 &&
                      board_quantile(board, &one, BOARD_FIRST_TOKEN_MS, 10, START_MS) <= 112);
    in_row("p99", spread.p99 >= 872 && spread.p99 <= 1109);
    spread = board_spread(board, &one, BOARD_DECITOKENS, START_MS);
    in_row("100 tokens in 1 s", spread.p50 >= 880 && spread.p50 <= 1120);
    assert_int("the average follows", board_look_at(board, &one, START_MS).decitokens, 1000);
    board_free(board);
}

static void one_value_alone_is_told_closely(void **state)
{
    static const int64_t values[] = {0,    1,    3,     4,      7,       8,      100,
                                     1234, 9999, 60000, 600000, 2097151, 9999999};
    struct snapshot_deployment one = deployment_of(1);

    (void)state;
    for (size_t i = 0; i < array_size(values); i++) {
        struct board *board = board_new();
        int64_t wanted = values[i] > 2097151 ? 2097151 : values[i], p99;

        serve(board, &one, values[i], values[i], START_MS);
        p99 = board_spread(board, &one, BOARD_FIRST_TOKEN_MS, START_MS).p99;
        in_row("within an eighth", p99 >= wanted - wanted / 8 && p99 <= wanted + wanted / 8);
        board_free(board);
    }
}

static void a_full_board_goes_on_without_the_rest(void **state)
{
    struct board *board = board_new();
    struct snapshot_deployment last = deployment_of(BOARD_ROWS_MAX);

    (void)state;
    for (uint32_t i = 0; i <= BOARD_ROWS_MAX; i++) {
        struct snapshot_deployment one = deployment_of(i);

        fail_at(board, &one, START_MS);
        if (i < BOARD_ROWS_MAX)
            assert_int("noted", board_state_of(board, &one).outage_until_ms, START_MS + 30000);
    }
    assert_int("not noted", board_state_of(board, &last).outage_until_ms, 0);
    assert_int("nor counted", board_counts(board, &last, BOARD_DAY, START_MS).failed, 0);
    board_free(board);
}

enum { THREADS = 4, ROUNDS = 20000, SHARED = 8 };

struct hand {
    pthread_t thread;
    struct board *board;
    int64_t now_ms;
    uint64_t seen;
};

static void *work(void *argument)
{
    struct hand *hand = argument;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct snapshot_deployment one = deployment_of(i % SHARED);

        if (i % 4 == 0)
            fail_at(hand->board, &one, hand->now_ms);
        else
            serve(hand->board, &one, 10, 20, hand->now_ms);
        if (i % 64 == 0)
            hand->seen += board_spread(hand->board, &one, BOARD_TOTAL_MS, hand->now_ms).samples;
    }
    return NULL;
}

static void no_attempt_is_lost_between_workers(void **state)
{
    struct hand hands[THREADS];
    struct board *board = board_new();
    uint64_t served = 0, failed = 0, measured = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        hands[i] = (struct hand){.board = board, .now_ms = START_MS};
        assert_int_equal(pthread_create(&hands[i].thread, NULL, work, &hands[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(hands[i].thread, NULL);
    for (uint32_t i = 0; i < SHARED; i++) {
        struct snapshot_deployment one = deployment_of(i);
        struct board_counts counts = board_counts(board, &one, BOARD_MINUTE, START_MS);

        served += counts.served;
        failed += counts.failed;
        measured += board_spread(board, &one, BOARD_TOTAL_MS, START_MS).samples;
    }
    assert_int("served", served, THREADS * ROUNDS * 3 / 4);
    assert_int("failed", failed, THREADS * ROUNDS / 4);
    /* While a thread empties a slice the others' samples are left out. */
    in_row("measured", measured <= served && measured + 1000 >= served);
    board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_ends_with_its_time_or_an_answer),
        cmocka_unit_test(the_sandbox_has_a_row_of_its_own),
        cmocka_unit_test(counts_slide_out_of_their_windows),
        cmocka_unit_test(a_ring_that_comes_around_forgets_what_stood_there),
        cmocka_unit_test(quantiles_are_near_the_truth),
        cmocka_unit_test(one_value_alone_is_told_closely),
        cmocka_unit_test(a_full_board_goes_on_without_the_rest),
        cmocka_unit_test(no_attempt_is_lost_between_workers),
    };

    return run_test_table(tests);
}
