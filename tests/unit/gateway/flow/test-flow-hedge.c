/* flow: a second attempt beside one that is late. */
#include <errno.h>

#include "tests/unit/gateway/flow/answers.h"

#define LATE_MS 2000

static void ask(const char *body)
{
    world_close();
    world_open();
    world.hedged = true;
    world_ask(body);
    world_write();
}

/* Until the second attempt is on its way too. */
static void ask_late(const char *body)
{
    ask(body);
    world_wait(LATE_MS);
    world_write();
    assert_int_equal(script_count(world.script), 2);
}

static void answer(uint32_t call, bool stream)
{
    if (stream) {
        script_head(world.script, call, 200, SSE);
        script_bytes(world.script, call, ROLE TEXT STOP TOLD DONE);
    } else {
        script_answer(world.script, call, 200, JSON, ANSWER);
    }
    world_write();
}

static void check_one_answer(uint32_t winner, bool stream)
{
    const struct usage_event *event = world_event();
    uint32_t loser = 1 - winner;

    assert_int_equal(world.request.status, 200);
    assert_true(world.request.complete);
    if (stream)
        assert_span("sent", world_sent(), ROLE TEXT STOP DONE);
    assert_true(
        world_head_has(winner == 0 ? "x-tollgate-provider: one" : "x-tollgate-provider: two"));
    assert_span("provider", event->provider, winner == 0 ? "one" : "two");
    assert_true(script_at(world.script, loser)->cancelled);
    assert_int_equal(event->attempt_count, 2);
    assert_true(event->attempts[winner].delivered);
    assert_false(event->attempts[loser].delivered);
    assert_span("reason", event->attempts[loser].reason, "hedged");
    assert_true(event->attempts[loser].cost_pico > 0);
    assert_int_equal(event->charge_pico, CHARGE);
    assert_int_equal(world_count(RECORD_INTENT), 2);
    assert_int_equal(world_count(RECORD_FINAL), 1);
    assert_int_equal(world.settled, 1);
}

static void the_one_that_is_first_answers(void **state)
{
    (void)state;
    for (uint32_t winner = 0; winner < 2; winner++) {
        ask_late(STREAM);
        answer(winner, true);
        check_one_answer(winner, true);
        ask_late(WHOLE);
        answer(winner, false);
        check_one_answer(winner, false);
    }
}

static void who_is_in_time_is_not_hedged(void **state)
{
    (void)state;
    ask(STREAM);
    world_wait(LATE_MS - 1);
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    world_wait(LATE_MS);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_int_equal(world_event()->attempt_count, 1);
}

static void nobody_is_hedged_who_did_not_ask(void **state)
{
    (void)state;
    world_close();
    world_open();
    world_ask(STREAM);
    world_write();
    world_wait(2 * LATE_MS);
    assert_int_equal(script_count(world.script), 1);
    answer(0, true);
    assert_int_equal(world_event()->attempt_count, 1);
}

/* What both say before their content is of no matter to each other. */
static void what_the_loser_said_is_not_seen(void **state)
{
    (void)state;
    ask_late(STREAM);
    script_head(world.script, 0, 200, SSE);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 0,
                 "data: {\"id\":\"other\",\"choices\":[{\"index\":0,\"delta\":"
                 "{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n");
    script_bytes(world.script, 1, ROLE);
    script_bytes(world.script, 1, TEXT STOP TOLD DONE);
    world_write();
    check_one_answer(1, true);
}

static void the_other_goes_on_when_one_fails(void **state)
{
    (void)state;
    for (uint32_t failing = 0; failing < 2; failing++)
        for (int by = 0; by < 2; by++) {
            const struct usage_event *event;

            ask_late(STREAM);
            if (by == 0)
                script_end(world.script, failing, UPSTREAM_BROKEN);
            else
                script_answer(world.script, failing, 503, JSON, "{}");
            world_write();
            assert_int_equal(world.request.status, 0);
            answer(1 - failing, true);
            event = world_event();
            assert_int_equal(world.request.status, 200);
            assert_int_equal(event->attempt_count, 2);
            assert_true(event->attempts[1 - failing].delivered);
            assert_span("reason", event->attempts[failing].reason, by == 0 ? "reset" : "status");
            assert_int_equal(event->charge_pico, CHARGE);
        }
}

static void when_both_fail_the_client_is_told(void **state)
{
    (void)state;
    ask_late(STREAM);
    script_answer(world.script, 0, 503, JSON, "{}");
    script_answer(world.script, 1, 503, JSON, "{}");
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(world_event()->attempt_count, 2);
    assert_int_equal(world_event()->charge_pico, 0);
}

/* The second one failed first, so it is not the one that is tried once more. */
static void who_is_tried_once_more_is_who_failed_last(void **state)
{
    static const struct {
        const char *what, *body;
        int status;
        uint32_t credentials;
    } rows[] = {
        {"with its other credential", WHOLE, 401, 2},
        {"as was asked for", "{\"model\":\"a/m\",\"num_retries\":1," HELLO "}", 500, 1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world.hedged = true;
        world.deployments[0].credential_count = rows[i].credentials;
        world_ask(rows[i].body);
        world_write();
        world_wait(LATE_MS);
        assert_int(rows[i].what, script_count(world.script), 2);
        script_answer(world.script, 1, 503, JSON, "{}");
        script_answer(world.script, 0, rows[i].status, JSON, "{}");
        world_write();
        world_wait(500);
        assert_int(rows[i].what, script_count(world.script), 3);
        assert_span(rows[i].what, script_at(world.script, 2)->deployment->provider, "one");
        script_answer(world.script, 2, 200, JSON, ANSWER);
        world_write();
        assert_int(rows[i].what, world.request.status, 200);
        assert_int(rows[i].what, world_event()->charge_pico, CHARGE);
    }
}

static void both_end_when_the_time_of_the_request_is_over(void **state)
{
    (void)state;
    for (int stream = 0; stream < 2; stream++) {
        ask_late(stream == 0 ? "{\"model\":\"a/m\",\"timeout\":5," HELLO "}"
                             : "{\"model\":\"a/m\",\"timeout\":5,\"stream\":true," HELLO "}");
        world_wait(5000 - LATE_MS);
        assert_int_equal(world.request.status, 408);
        assert_true(script_at(world.script, 0)->cancelled);
        assert_true(script_at(world.script, 1)->cancelled);
        assert_int_equal(world_event()->charge_pico, 0);
    }
}

static void a_fault_of_the_client_ends_both(void **state)
{
    (void)state;
    ask_late(STREAM);
    script_answer(world.script, 0, 400, JSON, "{\"error\":{\"message\":\"bad role\"}}");
    world_write();
    assert_int_equal(world.request.status, 400);
    assert_true(script_at(world.script, 1)->cancelled);
    assert_int_equal(world_event()->charge_pico, 0);
}

static void a_client_that_leaves_ends_both(void **state)
{
    (void)state;
    ask_late(STREAM);
    world_leave();
    world_write();
    assert_true(script_at(world.script, 0)->cancelled);
    assert_true(script_at(world.script, 1)->cancelled);
    assert_int_equal(world_event()->charge_pico, 0);
    assert_int_equal(world.settled, 1);
}

/* While the INTENT of the second is being written. */
static void the_first_may_answer_before_the_second_is_sent(void **state)
{
    (void)state;
    ask(STREAM);
    world.journal_stalls = true;
    world_wait(LATE_MS);
    assert_int_equal(script_count(world.script), 1);
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_int_equal(world.request.status, 200);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world.journal_stalls = false;
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_true(world.request.complete);
    assert_span("sent", world_sent(), ROLE TEXT STOP DONE);
    assert_int_equal(world_event()->attempt_count, 2);
    assert_true(world_event()->attempts[0].delivered);
    assert_int_equal(world_event()->attempts[1].cost_pico, 0);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_journal_that_takes_no_second_intent_hurts_nobody(void **state)
{
    (void)state;
    for (int by = 0; by < 3; by++) {
        ask(STREAM);
        if (by == 0)
            world.journal_error = -ENOSPC;
        if (by == 1)
            world.journal_write_error = -EIO;
        world.journal_stalls = by == 2;
        world_wait(LATE_MS + 1000);
        world.journal_stalls = false;
        world.journal_write_error = 0;
        assert_int_equal(script_count(world.script), 1);
        assert_int_equal(world.request.status, 0);
        answer(0, true);
        assert_true(world.request.complete);
        assert_int_equal(world_event()->charge_pico, CHARGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(the_one_that_is_first_answers),
        world_row(who_is_in_time_is_not_hedged),
        world_row(nobody_is_hedged_who_did_not_ask),
        world_row(what_the_loser_said_is_not_seen),
        world_row(the_other_goes_on_when_one_fails),
        world_row(when_both_fail_the_client_is_told),
        world_row(who_is_tried_once_more_is_who_failed_last),
        world_row(both_end_when_the_time_of_the_request_is_over),
        world_row(a_fault_of_the_client_ends_both),
        world_row(a_client_that_leaves_ends_both),
        world_row(the_first_may_answer_before_the_second_is_sent),
        cmocka_unit_test_setup_teardown(a_journal_that_takes_no_second_intent_hurts_nobody,
                                        world_setup, world_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
