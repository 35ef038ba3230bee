/* flow: what the board is told of attempts that are under way. */
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
        world_row(the_drained_get_nothing_new_and_all_of_them_are_503),
        world_row(what_is_under_way_at_a_drain_ends),
    };

    return run_test_table(tests);
}
