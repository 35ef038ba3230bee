#include "tests/support/testing.h"

#include <pthread.h>

#include "gateway/route/board_live.h"
#include "gateway/route/silence.h"

#define START_MS INT64_C(7200000)
#define TIMEOUT_MS INT64_C(60000)

static const struct snapshot_deployment one = {.id = {.at = {[15] = 1}}};

static void what_is_under_way_is_counted(void **state)
{
    static const struct {
        const char *what;
        int begin, over; /* how many */
        int64_t tokens, after_ms;
        uint32_t in_flight, requests;
        int64_t least, most; /* of tokens in the minute */
    } steps[] = {
        {"nothing yet", 0, 0, 0, 0, 0, 0, 0, 0},
        {"three of a thousand", 3, 0, 1000, 0, 3, 3, 3000, 3200},
        {"one is over", 0, 1, 0, 0, 2, 3, 3000, 3200},
        {"half a minute later one more", 1, 0, 500, 30000, 3, 4, 3500, 3800},
        {"the first are gone from the minute, not from the road", 0, 0, 0, 60000, 3, 1, 500, 600},
        {"no tokens known", 1, 4, -1, 120000, 0, 1, 0, 0},
        {"as many as there are", 1, 1, INT64_MAX, 240000, 0, 1, 1 << 24, 1 << 24},
    };
    struct board *board = board_new();

    (void)state;
    for (size_t i = 0; i < array_size(steps); i++) {
        int64_t now_ms = START_MS + steps[i].after_ms;
        struct board_load load;

        for (int k = 0; k < steps[i].begin; k++)
            board_begin(board, &one, steps[i].tokens, now_ms);
        for (int k = 0; k < steps[i].over; k++)
            board_over(board, &one);
        load = board_load_of(board, &one, now_ms);
        assert_int(steps[i].what, load.in_flight, steps[i].in_flight);
        assert_int(steps[i].what, load.requests, steps[i].requests);
        in_row(steps[i].what, load.tokens >= steps[i].least && load.tokens <= steps[i].most);
    }
    board_free(board);
}

/* A hundred answers whose first token took so long. */
static void measure(struct board *board, int64_t first_token_ms)
{
    const struct board_end end = {
        .result = BOARD_SERVED, .first_token_ms = first_token_ms, .total_ms = 2 * first_token_ms};

    for (int i = 0; i < 100; i++)
        board_end(board, &one, &end, START_MS - 1000);
}

static int64_t tell(struct board *board, struct board_wait *wait, int64_t silent_ms)
{
    return board_silent(board, &one, wait, wait->begun_ms + silent_ms) - wait->begun_ms;
}

static bool is_behind(const struct board *board, int64_t now_ms)
{
    return board_state_of(board, &one).outage_until_ms > now_ms;
}

static void one_alone_is_given_three_times_the_p99(void **state)
{
    struct board_wait wait = {.begun_ms = START_MS, .timeout_ms = TIMEOUT_MS};
    struct board *board = board_new();
    int64_t several_ms, alone_ms;

    (void)state;
    measure(board, 4000);
    several_ms = tell(board, &wait, SILENCE_FLOOR_MS);
    in_row("called again at the p75", several_ms >= 3500 && several_ms <= 4500);
    several_ms = tell(board, &wait, several_ms);
    in_row("and at twice the p90", several_ms >= 7000 && several_ms <= 9000);
    alone_ms = tell(board, &wait, several_ms);
    in_row("and at three times the p99", alone_ms >= 10500 && alone_ms <= 13500);
    assert_int("so far it is nothing", is_behind(board, START_MS + several_ms), false);
    assert_int("then again after 10 s", tell(board, &wait, alone_ms), alone_ms + 10000);
    assert_int("it is behind the others", is_behind(board, START_MS + alone_ms + 29999), true);
    assert_int("for 30 s", is_behind(board, START_MS + alone_ms + 30000), false);
    (void)!tell(board, &wait, alone_ms + 10000);
    assert_int("and longer while it is silent", is_behind(board, START_MS + alone_ms + 30000),
               true);
    board_free(board);
}

static void several_in_a_row_are_enough(void **state)
{
    struct board_wait waits[BREAKER_ATTEMPTS];
    struct board *board = board_new();

    (void)state;
    measure(board, 100);
    for (int i = 0; i < BREAKER_ATTEMPTS; i++) {
        int64_t now_ms = START_MS + i + SILENCE_FLOOR_MS;

        waits[i] = (struct board_wait){.begun_ms = START_MS + i, .timeout_ms = TIMEOUT_MS};
        (void)!tell(board, &waits[i], SILENCE_FLOOR_MS);
        assert_int("behind from the fifth on", is_behind(board, now_ms), i + 1 >= SILENCE_SEVERAL);
        assert_int("and the tenth opens the breaker", board_look_at(board, &one, now_ms).breaker,
                   i + 1 == BREAKER_ATTEMPTS ? BREAKER_OPEN : BREAKER_CLOSED);
    }
    board_free(board);
}

static void many_are_enough_before(void **state)
{
    struct board_wait waits[SILENCE_MANY];
    struct board *board = board_new();

    (void)state;
    measure(board, 4000);
    for (int i = 0; i < SILENCE_MANY; i++) {
        int64_t now_ms = START_MS + i + 5000;

        waits[i] = (struct board_wait){.begun_ms = START_MS + i, .timeout_ms = TIMEOUT_MS};
        (void)!tell(board, &waits[i], 5000);
        assert_int("behind from the twentieth on", is_behind(board, now_ms), i + 1 == SILENCE_MANY);
        assert_int("that is too soon to open the breaker",
                   board_look_at(board, &one, now_ms).breaker, BREAKER_CLOSED);
    }
    board_free(board);
}

static void who_is_outrun_again_and_again_is_silent(void **state)
{
    static const struct {
        const char *what;
        int64_t after_ms; /* each was cancelled so long after it was sent */
        bool speaks;      /* others of it do meanwhile */
        bool behind;
        enum board_measure measure;
        uint64_t measured;
    } rows[] = {
        {"later than nine of ten", 500, false, true, BOARD_FIRST_TOKEN_MS, 100 + BREAKER_ATTEMPTS},
        {"another was faster", 20, false, false, BOARD_FIRST_TOKEN_MS, 100},
        {"late, but others of it speak", 500, true, false, BOARD_FIRST_TOKEN_MS,
         100 + BREAKER_ATTEMPTS},
        {"a whole answer is no silence", 500, false, false, BOARD_TOTAL_MS, 100 + BREAKER_ATTEMPTS},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board *board = board_new();

        measure(board, 100);
        for (int k = 0; k < BREAKER_ATTEMPTS; k++) {
            struct board_wait wait = {.begun_ms = START_MS + k, .timeout_ms = TIMEOUT_MS};

            if (rows[i].speaks)
                board_spoke(board, &one, START_MS + k);
            board_outrun(board, &one, rows[i].measure, &wait, START_MS + k + rows[i].after_ms);
        }
        assert_int(rows[i].what, is_behind(board, START_MS + 1000), rows[i].behind);
        assert_int(rows[i].what, board_look_at(board, &one, START_MS + 1000).breaker,
                   rows[i].behind ? BREAKER_OPEN : BREAKER_CLOSED);
        assert_int(rows[i].what,
                   board_spread(board, &one, rows[i].measure, START_MS + 1000).samples,
                   rows[i].measured);
        board_free(board);
    }
}

static void who_tells_twice_is_counted_once(void **state)
{
    struct board_wait wait = {.begun_ms = START_MS, .timeout_ms = TIMEOUT_MS};
    struct board *board = board_new();

    (void)state;
    measure(board, 100);
    for (int i = 0; i < 2 * BREAKER_ATTEMPTS; i++)
        (void)!tell(board, &wait, SILENCE_FLOOR_MS + i);
    assert_int("it is one", is_behind(board, START_MS + SILENCE_FLOOR_MS), false);
    board_free(board);
}

static void a_word_ends_it_if_it_was_asked_since(void **state)
{
    static const struct {
        const char *what;
        int64_t begun_ms;
        bool served; /* told by its end, not by its first content */
        bool behind;
    } rows[] = {
        {"what was sent before the first silent one", START_MS - 1, false, true},
        {"likewise at its end", START_MS - 1, true, true},
        {"the first silent one itself", START_MS, false, false},
        {"one that was sent later", START_MS + 500, false, false},
        {"likewise, a whole answer", START_MS + 500, true, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board_wait wait = {.begun_ms = START_MS, .timeout_ms = TIMEOUT_MS};
        struct board *board = board_new();
        const struct board_end end = {.result = BOARD_SERVED,
                                      .begun_ms = rows[i].begun_ms,
                                      .first_token_ms = -1,
                                      .total_ms = 100};

        measure(board, 100);
        (void)!tell(board, &wait, 6000);
        assert_int("behind the others", is_behind(board, START_MS + 6000), true);
        if (rows[i].served)
            board_end(board, &one, &end, START_MS + 6000);
        else
            board_spoke(board, &one, rows[i].begun_ms);
        assert_int(rows[i].what, is_behind(board, START_MS + 6000), rows[i].behind);
        board_free(board);
    }
}

static void a_long_request_says_nothing_while_others_speak(void **state)
{
    struct board *board = board_new();

    (void)state;
    measure(board, 100);
    for (int i = 0; i < 2 * BREAKER_ATTEMPTS; i++) {
        struct board_wait wait = {.begun_ms = START_MS + i, .timeout_ms = TIMEOUT_MS};

        board_spoke(board, &one, START_MS + i);
        assert_int("called again", tell(board, &wait, 6000), 16000);
        assert_int("not behind", is_behind(board, START_MS + i + 6000), false);
    }
    board_free(board);
}

enum { HANDS = 4, TURNS = 20000 };

static void *work(void *argument)
{
    struct board *board = argument;

    for (int i = 0; i < TURNS; i++) {
        struct board_wait wait = {.begun_ms = START_MS + i, .timeout_ms = TIMEOUT_MS};

        board_begin(board, &one, 100, START_MS);
        if (i % 7 == 0)
            (void)!board_silent(board, &one, &wait, START_MS + i + 30000);
        else
            board_spoke(board, &one, START_MS + i);
        board_over(board, &one);
    }
    return NULL;
}

static void workers_share_it(void **state)
{
    struct board *board = board_new();
    pthread_t hands[HANDS];

    (void)state;
    for (int i = 0; i < HANDS; i++)
        assert_int("thread", pthread_create(&hands[i], NULL, work, board), 0);
    for (int i = 0; i < HANDS; i++)
        assert_int("thread", pthread_join(hands[i], NULL), 0);
    assert_int("all are over", board_load_of(board, &one, START_MS).in_flight, 0);
    assert_int("none is lost", board_load_of(board, &one, START_MS).requests, HANDS * TURNS);
    board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_is_counted),
        cmocka_unit_test(one_alone_is_given_three_times_the_p99),
        cmocka_unit_test(several_in_a_row_are_enough),
        cmocka_unit_test(many_are_enough_before),
        cmocka_unit_test(who_is_outrun_again_and_again_is_silent),
        cmocka_unit_test(who_tells_twice_is_counted_once),
        cmocka_unit_test(a_word_ends_it_if_it_was_asked_since),
        cmocka_unit_test(a_long_request_says_nothing_while_others_speak),
        cmocka_unit_test(workers_share_it),
    };

    return run_test_table(tests);
}
