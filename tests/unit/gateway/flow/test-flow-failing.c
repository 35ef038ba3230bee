/* flow: providers that fail, clients that leave, journals that cannot take it. */
#include <errno.h>

#include "tests/unit/gateway/flow/answers.h"

/* The first failed, unless it was a kept connection that was dead, and the second served. */
static void check_board(const char *what, bool stream, bool counts)
{
    const struct board *board = world.worker.board;
    struct board_counts first =
        board_counts(board, &world.deployments[0], BOARD_MINUTE, world.now_ms);
    struct board_counts second =
        board_counts(board, &world.deployments[1], BOARD_MINUTE, world.now_ms);
    enum board_measure measures[] = {BOARD_FIRST_TOKEN_MS, BOARD_TOTAL_MS, BOARD_DECITOKENS};

    assert_int(what, first.failed, counts);
    assert_int(what, first.served, 0);
    assert_int(what, second.served, 1);
    assert_int(what, second.failed, 0);
    for (size_t i = 0; i < array_size(measures); i++) {
        assert_int(what,
                   board_spread(board, &world.deployments[1], measures[i], world.now_ms).samples,
                   stream || measures[i] != BOARD_FIRST_TOKEN_MS);
    }
}

/* How the first attempt fails before it said anything; the second answers. */
static void fail_first(bool stream)
{
    static const struct {
        const char *what;
        int status;
        const char *type, *body;
        enum upstream_end end;
        int64_t wait_ms;
    } rows[] = {
        {"no connection", 0, NULL, NULL, UPSTREAM_NO_CONNECTION, 0},
        {"connect timeout", 0, NULL, NULL, UPSTREAM_CONNECT_TIMEOUT, 0},
        {"forbidden", 0, NULL, NULL, UPSTREAM_FORBIDDEN, 0},
        {"a dead kept connection", 0, NULL, NULL, UPSTREAM_STALE, 0},
        {"reset before the head", 0, NULL, NULL, UPSTREAM_BROKEN, 0},
        {"reset behind the head", 200, SSE, ROLE, UPSTREAM_BROKEN, 0},
        {"408", 408, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"409", 409, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"429", 429, JSON, "{\"error\":{\"message\":\"slow down\"}}", UPSTREAM_WHOLE, 0},
        {"500", 500, "text/html", "<html>", UPSTREAM_WHOLE, 0},
        {"503", 503, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"our key", 401, JSON, "{\"error\":{\"message\":\"bad key sk-1\"}}", UPSTREAM_WHOLE, 0},
        {"our money", 402, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"our rights", 403, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"our name for it", 404, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"a redirect", 302, JSON, "{}", UPSTREAM_WHOLE, 0},
        {"HTML", 200, "text/html", "<html>", UPSTREAM_WHOLE, 0},
        {"malformed", 200, JSON, "{\"choices\":[{", UPSTREAM_WHOLE, 0},
        {"an error as an answer", 200, JSON, "{\"error\":{\"message\":\"m\"}}", UPSTREAM_WHOLE, 0},
        {"a stream without an end", 200, SSE, ROLE, UPSTREAM_WHOLE, 0},
        {"an error in the stream", 200, SSE, ROLE "data: {\"error\":{\"message\":\"m\"}}\n\n",
         UPSTREAM_WHOLE, 0},
        {"a malformed frame", 200, SSE, ROLE "data: {\"x\n\n", UPSTREAM_WHOLE, 0},
        {"an end without a finish", 200, SSE, ROLE DONE, UPSTREAM_WHOLE, 0},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(stream ? STREAM : WHOLE);
        world_write();
        if (rows[i].status != 0) {
            script_head(world.script, 0, rows[i].status, rows[i].type);
            script_bytes(world.script, 0, rows[i].body);
        }
        script_end(world.script, 0, rows[i].end);
        world_write();
        assert_int(rows[i].what, script_count(world.script), 2);
        assert_int(rows[i].what, script_at(world.script, 1)->attempt, 2);
        if (stream) {
            script_head(world.script, 1, 200, SSE);
            script_bytes(world.script, 1, ROLE TEXT STOP TOLD DONE);
        } else {
            script_answer(world.script, 1, 200, JSON, ANSWER);
        }
        world_write();
        assert_int(rows[i].what, world.request.status, 200);
        if (stream)
            assert_span(rows[i].what, world_sent(), ROLE TEXT STOP DONE);
        in_row(rows[i].what, world_head_has("x-tollgate-provider: two"));
        in_row(rows[i].what, world_head_has("x-tollgate-attempts: 2"));
        assert_int(rows[i].what, world_event()->attempt_count, 2);
        assert_int(rows[i].what, world_event()->attempts[0].status, rows[i].status);
        in_row(rows[i].what, !world_event()->attempts[0].delivered);
        in_row(rows[i].what, world_event()->attempts[1].delivered);
        assert_int(rows[i].what, world_event()->charge_pico, CHARGE);
        assert_int(rows[i].what, world_count(RECORD_INTENT), 2);
        assert_int(rows[i].what, world.settled, 1);
        in_row(rows[i].what, !world_sent_has("sk-1"));
        check_board(rows[i].what, stream, rows[i].end != UPSTREAM_STALE);
    }
}

static void what_fails_before_content_fails_over_unseen(void **state)
{
    (void)state;
    fail_first(true);
    fail_first(false);
}

static void a_black_hole_fails_over_by_time(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    world_wait(59000);
    assert_int_equal(script_count(world.script), 1);
    assert_int_equal(world.request.status, 200); /* since 10 s */
    world_wait(2000);
    assert_int_equal(script_count(world.script), 2);
    assert_true(script_at(world.script, 0)->cancelled);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, TEXT STOP TOLD DONE);
    world_write();
    assert_true(world_sent_has(": ping\n\n" TEXT STOP DONE));
    assert_span("reason", world_event()->attempts[0].reason, "timeout_first");
}

static void a_refusal_of_the_request_itself_is_passed_on(void **state)
{
    static const struct {
        int status, wanted;
        const char *body, *says, *code;
    } rows[] = {
        {400, 400, "{\"error\":{\"message\":\"bad role\",\"param\":\"messages[0].role\"}}",
         "\"bad role\"", "messages[0].role"},
        {422, 422, "{\"detail\":\"no such thing\"}", "no such thing", "error"},
        {400, 400, "{\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}",
         "too long", "\"code\":\"context_length_exceeded\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(STREAM);
        world_write();
        script_answer(world.script, 0, rows[i].status, JSON, rows[i].body);
        world_write();
        assert_int(rows[i].says, script_count(world.script), 1);
        assert_int(rows[i].says, world.request.status, rows[i].wanted);
        in_row(rows[i].says, world_sent_has(rows[i].says) && world_sent_has(rows[i].code));
        assert_int(rows[i].says, world_event()->outcome, OUTCOME_PROVIDER_FAILED);
        assert_int(rows[i].says, world_event()->charge_pico, 0);
        assert_int(rows[i].says, world.settled_events, 1);
        assert_int(
            "which is no failure of the provider's",
            board_counts(world.worker.board, &world.deployments[0], BOARD_DAY, world.now_ms).failed,
            0);
    }
}

static void when_all_fail_the_client_is_told_which_way(void **state)
{
    static const struct {
        const char *what;
        int status, wanted;
        const char *type, *body;
    } rows[] = {
        {"5xx", 500, 503, JSON, "{}"},
        {"429", 429, 429, JSON, "{}"},
        {"our key", 401, 503, JSON, "{}"},
        {"our quota", 429, 503, JSON,
         "{\"error\":{\"message\":\"m\",\"code\":\"insufficient_quota\"}}"},
        {"nonsense", 200, 502, "text/html", "<html>"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(WHOLE);
        world_write();
        script_answer(world.script, 0, rows[i].status, rows[i].type, rows[i].body);
        world_write();
        script_answer(world.script, 1, rows[i].status, rows[i].type, rows[i].body);
        world_write();
        assert_int(rows[i].what, world.request.status, rows[i].wanted);
        assert_int(rows[i].what, world_event()->outcome, OUTCOME_PROVIDER_FAILED);
        assert_int(rows[i].what, world_event()->charge_pico, 0);
        assert_int(rows[i].what, world_event()->attempt_count, 2);
        assert_int(rows[i].what, world.settled_pico, 0);
    }
}

static void a_stream_that_breaks_says_so_and_never_says_done(void **state)
{
    static const struct {
        const char *what, *more;
        enum upstream_end end;
        int64_t wait_ms;
    } rows[] = {
        {"reset", "", UPSTREAM_BROKEN, 0},
        {"no end marker", "", UPSTREAM_WHOLE, 0},
        {"a finish but no marker", STOP, UPSTREAM_WHOLE, 0},
        {"an error", "data: {\"error\":{\"message\":\"m\"}}\n\n", UPSTREAM_WHOLE, 0},
        {"a frame cut", "data: {\"choices\":[{\"delta\":{\"cont", UPSTREAM_WHOLE, 0},
        {"silence", "", UPSTREAM_ENDS, 61000},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(STREAM);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, ROLE TEXT);
        script_bytes(world.script, 0, rows[i].more);
        if (rows[i].wait_ms > 0)
            world_wait(rows[i].wait_ms);
        else
            script_end(world.script, 0, rows[i].end);
        world_write();
        in_row(rows[i].what, world.request.ended && world.request.complete);
        in_row(rows[i].what, world_sent_has("data: {\"error\":{"));
        in_row(rows[i].what, !world_sent_has("[DONE]"));
        assert_int(rows[i].what, script_count(world.script), 1);
        assert_int(rows[i].what, world_event()->outcome, OUTCOME_PROVIDER_DIED);
        assert_int(rows[i].what, world_event()->usage_from, USAGE_COUNTED);
        assert_int(rows[i].what, world_event()->meters.count[METER_OUTPUT], 2);
        assert_int(rows[i].what, world.settled_pico, world_event()->charge_pico);
        in_row(rows[i].what, world_event()->charge_pico > 0);
    }
}

static void a_provider_that_ends_without_a_finish_is_finished_for_it(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT TOLD DONE);
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    assert_true(world.request.ended && world.request.complete);
    assert_true(world_sent_has("\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"));
    assert_true(world_sent_has("data: [DONE]\n\n"));
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
}

static void the_client_may_leave_at_any_step(void **state)
{
    (void)state;
    /* While it waits for a lease: nothing was done. */
    world.admit = ADMIT_WAIT;
    world_ask(STREAM);
    world_leave();
    assert_int_equal(world.forgotten, 1);
    assert_int_equal(world.record_count, 0);
    assert_int_equal(flow_open(&world.worker), 0);

    world_close();
    world_open(); /* while the INTENT is being written: nothing goes out */
    world_ask(STREAM);
    world_leave();
    world_write();
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT_EARLY);
    assert_int_equal(world_event()->charge_pico, 0);
    assert_int_equal(world_event()->attempts[0].cost_pico, 0);
    assert_int_equal(world.settled, 1);

    world_close();
    world_open(); /* before content: the provider may bill us, the tenant pays nothing */
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE);
    world_leave();
    assert_true(script_at(world.script, 0)->cancelled);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT_EARLY);
    assert_int_equal(world_event()->charge_pico, 0);
    assert_int_equal(world_event()->attempts[0].cost_pico, 3 * 2000000);

    world_close();
    world_open(); /* behind content */
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT);
    world_leave();
    assert_true(script_at(world.script, 0)->cancelled);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
    assert_int_equal(world_event()->usage_from, USAGE_COUNTED);
    assert_int_equal(world_event()->charge_pico, (3 * 2000000 + 2 * 8000000) / 100 * 105);

    world_close();
    world_open(); /* a whole answer that is not there yet */
    world_ask(WHOLE);
    world_write();
    world_leave();
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT_EARLY);

    world_close();
    world_open(); /* while the FINAL is being written: the event stands */
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_leave();
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
    assert_int_equal(world.settled_pico, CHARGE);
}

static void a_deployment_may_be_drained_when_the_client_left(void **state)
{
    (void)state;
    world.deployments[0].abort_policy = ABORT_DRAIN;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT);
    world_leave();
    assert_false(script_at(world.script, 0)->cancelled);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
    assert_int_equal(world_event()->charge_pico, CHARGE);

    world_close();
    world_open(); /* not for ever */
    world.deployments[0].abort_policy = ABORT_DRAIN;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT);
    world_leave();
    for (int i = 0; i < 62; i++) {
        script_bytes(world.script, 0, TEXT);
        world_wait(1000);
    }
    world_write();
    assert_true(script_at(world.script, 0)->cancelled);
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
}

static void a_journal_that_cannot_take_it_refuses_with_503(void **state)
{
    (void)state;
    world.journal_sick = true;
    world_ask(WHOLE);
    assert_int_equal(world.request.status, 503);
    assert_int_equal(world.settled, 0);

    world_close();
    world_open();
    world.journal_error = -ENOSPC;
    world_ask(WHOLE);
    assert_int_equal(world.request.status, 503);
    assert_int_equal(world.settled, 1);
    assert_int_equal(world.settled_events, 0);
    assert_int_equal(script_count(world.script), 0);

    world_close();
    world_open();
    world.journal_write_error = -EIO;
    world_ask(WHOLE);
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(world.settled_events, 0);
    assert_int_equal(script_count(world.script), 0);

    world_close();
    world_open(); /* a FINAL that is lost: nothing is charged, nothing is promised */
    world_ask(WHOLE);
    world_write();
    world.journal_write_error = -EIO;
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(world.settled_pico, 0);
}

static void the_only_candidate_is_tried_again_after_a_pause(void **state)
{
    (void)state;
    world.deployments[1].callable = false;
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 503, JSON, "{}");
    world_wait(600);
    assert_int_equal(script_count(world.script), 2);
    script_answer(world.script, 1, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_int_equal(world_event()->attempt_count, 2);
}

static void a_stream_far_past_its_cap_is_cut(void **state)
{
    (void)state;
    world_ask("{\"model\":\"a/m\",\"stream\":true,\"max_tokens\":10," HELLO "}");
    world_write();
    script_head(world.script, 0, 200, SSE);
    for (int i = 0; i < 10000 && !script_at(world.script, 0)->cancelled; i++)
        script_bytes(world.script, 0, TEXT);
    world_write();
    assert_true(script_at(world.script, 0)->cancelled);
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
    assert_int_equal(world_event()->meters.count[METER_OUTPUT],
                     10); /* never above the reservation */
    assert_false(world_sent_has("[DONE]"));
}

static void the_only_candidate_is_waited_for_when_it_says_how_long(void **state)
{
    (void)state;
    world.deployments[1].callable = false;
    world_ask(WHOLE);
    world_write();
    script_head_retry(world.script, 0, 429, 3000);
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_wait(2900);
    assert_int_equal(script_count(world.script), 1);
    world_wait(200);
    assert_int_equal(script_count(world.script), 2);
    script_answer(world.script, 1, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
}

static void a_call_that_cannot_be_started_fails_over(void **state)
{
    (void)state;
    script_refuse_next(world.script);
    world_ask(WHOLE);
    world_write();
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_ptr_equal(script_at(world.script, 0)->deployment, &world.deployments[1]);
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_int_equal(world_event()->attempt_count, 2);
}

static void two_names_of_one_account_are_one_candidate(void **state)
{
    (void)state;
    world.deployments[1].failure_domain = world.deployments[0].failure_domain;
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 503, JSON, "{}");
    world_wait(600);
    assert_int_equal(script_count(world.script), 2);
    assert_ptr_equal(script_at(world.script, 1)->deployment, &world.deployments[0]);
    script_answer(world.script, 1, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
}

static void flows_can_be_ended_by_force(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT);
    flow_abort_all(&world.worker);
    world_write();
    assert_true(world.request.ended && !world.request.complete);
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
}

static void an_endless_answer_is_cut(void **state)
{
    (void)state;
    world.worker.config.max_answer_bytes = 1000;
    flow_worker_done(&world.worker);
    flow_worker_init(&world.worker);
    flow_set_snapshot(&world.worker, (struct snapshot *)&world);
    world.deployments[1].callable = false;
    world_ask("{\"model\":\"a/m\",\"provider\":{\"allow_fallbacks\":false}," HELLO "}");
    world_write();
    for (uint32_t n = 0; n < 3; n++) {
        script_head(world.script, n, 200, JSON);
        for (int i = 0; i < 200; i++)
            script_bytes(world.script, n, "{\"aaaaaaa\":1,");
        assert_true(script_at(world.script, n)->cancelled);
        world_write();
        world_wait(5000);
    }
    world_write();
    assert_int_equal(world.request.status, 502);
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(what_fails_before_content_fails_over_unseen),
        world_row(a_black_hole_fails_over_by_time),
        world_row(a_refusal_of_the_request_itself_is_passed_on),
        world_row(when_all_fail_the_client_is_told_which_way),
        world_row(a_stream_that_breaks_says_so_and_never_says_done),
        world_row(a_provider_that_ends_without_a_finish_is_finished_for_it),
        world_row(the_client_may_leave_at_any_step),
        world_row(a_deployment_may_be_drained_when_the_client_left),
        world_row(a_journal_that_cannot_take_it_refuses_with_503),
        world_row(the_only_candidate_is_tried_again_after_a_pause),
        world_row(a_stream_far_past_its_cap_is_cut),
        world_row(the_only_candidate_is_waited_for_when_it_says_how_long),
        world_row(a_call_that_cannot_be_started_fails_over),
        world_row(two_names_of_one_account_are_one_candidate),
        world_row(flows_can_be_ended_by_force),
        world_row(an_endless_answer_is_cut),
    };

    return run_test_table(tests);
}
