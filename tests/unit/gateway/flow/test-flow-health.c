/* flow: what the board is told of attempts that are under way. */
#include <errno.h>

#include "gateway/route/board_live.h"
#include "tests/unit/gateway/flow/answers.h"

/* Where nothing was measured yet, a third of the first token's 60 s. */
#define SILENT_MS 20000

static uint32_t under_way(uint32_t deployment)
{
    return board_load_of(world.worker.board, &world.deployments[deployment], world.now_ms)
        .in_flight;
}

static bool is_behind(uint32_t deployment)
{
    return board_state_of(world.worker.board, &world.deployments[deployment]).outage_until_ms >
           world.now_ms;
}

static void a_silent_stream_puts_its_deployment_behind_until_it_speaks(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    assert_int_equal(under_way(0), 1);
    world_wait(SILENT_MS - 1);
    assert_false(is_behind(0));
    world_wait(1);
    assert_true(is_behind(0));
    assert_false(is_behind(1));
    script_head(world.script, 0, 200, SSE);
    assert_true(is_behind(0));
    script_bytes(world.script, 0, ROLE TEXT);
    assert_false(is_behind(0));
    assert_int_equal(under_way(0), 1);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_int_equal(under_way(0), 0);
}

static void a_whole_answer_may_take_its_time(void **state)
{
    (void)state;
    world_ask(WHOLE);
    world_write();
    world_wait(3 * SILENT_MS);
    assert_false(is_behind(0));
    assert_int_equal(under_way(0), 1);
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(under_way(0), 0);
}

static void who_fails_is_under_way_no_more(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_answer(world.script, 0, 503, JSON, "{}");
    assert_int_equal(under_way(0), 0);
    world_write();
    assert_int_equal(under_way(1), 1);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, ROLE TEXT STOP TOLD DONE);
    world_write();
    assert_int_equal(under_way(1), 0);
}

static void a_client_that_leaves_ends_it(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    assert_int_equal(under_way(0), 1);
    world_leave();
    world_write();
    assert_int_equal(under_way(0), 0);
}

static void tokens_are_counted_when_it_is_sent(void **state)
{
    struct board_load load;

    (void)state;
    world_ask(STREAM);
    world_write();
    load = board_load_of(world.worker.board, &world.deployments[0], world.now_ms);
    assert_int_equal(load.requests, 1);
    assert_true(load.tokens > 0 && load.tokens <= 1024 + 64);
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT STOP TOLD DONE);
    world_write();
}

/* The first deployment's, whose time to be left alone is over. */
static void open_breaker(void)
{
    for (int i = 0; i < BREAKER_ATTEMPTS; i++)
        board_end(world.worker.board, &world.deployments[0],
                  &(struct board_end){.result = BOARD_FAILED}, world.now_ms);
    world_wait(5000);
}

static enum breaker_state breaker(void)
{
    return board_look_at(world.worker.board, &world.deployments[0], world.now_ms).breaker;
}

static void a_probe_that_is_not_sent_is_given_back(void **state)
{
    static const struct {
        const char *what, *body;
        uint32_t sent;
        enum admit_outcome rate;
        int journal_error;
    } rows[] = {
        {"as if it had failed", "{\"model\":\"a/m\",\"mock_testing_fallbacks\":true," HELLO "}", 1,
         ADMIT_OK, 0},
        {"it cannot be asked so",
         "{\"model\":\"a/m\",\"provider\":{\"require_parameters\":true},\"seed\":1," HELLO "}", 1,
         ADMIT_OK, 0},
        {"over the key's rate", WHOLE, 0, ADMIT_RATE_LIMITED, 0},
        {"the only one that is wished for",
         "{\"model\":\"a/m\",\"provider\":{\"allow_fallbacks\":false}," HELLO "}", 0,
         ADMIT_RATE_LIMITED, 0},
        {"nothing can be recorded", WHOLE, 0, ADMIT_OK, -EIO},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world.deployments[0].wire = i == 1 ? WIRE_ANTHROPIC : WIRE_OPENAI;
        open_breaker();
        assert_int(rows[i].what, breaker(), BREAKER_HALF_OPEN);
        world.rate = rows[i].rate;
        world.journal_error = rows[i].journal_error;
        world_ask(rows[i].body);
        world_write();
        assert_int(rows[i].what, script_count(world.script), rows[i].sent);
        assert_int(rows[i].what, breaker(), BREAKER_HALF_OPEN);
        if (rows[i].sent == 1) {
            assert_span(rows[i].what, script_at(world.script, 0)->deployment->provider, "two");
            script_answer(world.script, 0, 200, JSON, ANSWER);
            world_write();
        }
        assert_int(rows[i].what, breaker(), BREAKER_HALF_OPEN);
    }
}

static void a_probe_that_is_sent_is_its_own_until_its_client_leaves(void **state)
{
    (void)state;
    open_breaker();
    world_ask(STREAM);
    world_write();
    assert_span("sent to", script_at(world.script, 0)->deployment->provider, "one");
    assert_int_equal(breaker(), BREAKER_OPEN);
    world_leave();
    world_write();
    assert_int_equal(breaker(), BREAKER_HALF_OPEN);
}

static void drain(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        world.deployments[i].draining = true;
}

static void the_drained_get_nothing_new_and_all_of_them_are_503(void **state)
{
    (void)state;
    drain(1);
    world_ask(WHOLE);
    world_write();
    assert_span("another one", script_at(world.script, 0)->deployment->provider, "two");
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    drain(2);
    world_ask(WHOLE);
    assert_int_equal(world.request.status, 503);
    assert_true(world_sent_has("an operator has drained"));
    assert_true(world_sent_has("\"excluded_because\":\"drained\""));
    assert_true(world_head_has("retry-after: 60"));
}

static void what_is_under_way_at_a_drain_ends(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    drain(2);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world.request.complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(a_silent_stream_puts_its_deployment_behind_until_it_speaks),
        world_row(a_whole_answer_may_take_its_time),
        world_row(who_fails_is_under_way_no_more),
        world_row(a_client_that_leaves_ends_it),
        world_row(tokens_are_counted_when_it_is_sent),
        world_row(a_probe_that_is_not_sent_is_given_back),
        world_row(a_probe_that_is_sent_is_its_own_until_its_client_leaves),
        world_row(the_drained_get_nothing_new_and_all_of_them_are_503),
        world_row(what_is_under_way_at_a_drain_ends),
    };

    return run_test_table(tests);
}
