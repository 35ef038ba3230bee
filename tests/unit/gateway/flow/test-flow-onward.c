/* flow: what a request says of its routing: fallbacks of a kind, retries, its own time, mocks. */
#include "tests/unit/gateway/flow/answers.h"

#define ASK(members) "{\"model\":\"a/m\"," members "," HELLO "}"
#define STREAMED(members) "{\"model\":\"a/m\",\"stream\":true," members "," HELLO "}"
#define TOO_LONG                                                                                   \
    "{\"error\":{\"message\":\"This model's maximum context length is 8 tokens.\",\"type\":"       \
    "\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}"
#define REFUSED                                                                                    \
    "{\"error\":{\"message\":\"It triggered the content management policy.\",\"code\":"            \
    "\"content_filter\"}}"
#define BLOCKED                                                                                    \
    "{\"id\":\"c1\",\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":"               \
    "\"content_filter\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":0}}"

/* The first attempt fails; who has the second, or what the client is told. */
static void a_failure_goes_to_who_takes_its_kind(void **state)
{
    static const struct {
        const char *what, *body;
        int status;
        const char *answer;
        const char *next; /* NULL: nobody */
        const char *says;
    } rows[] = {
        {"too long, and nobody for it", WHOLE, 400, TOO_LONG, NULL, "context_length_exceeded"},
        {"too long", ASK("\"context_window_fallbacks\":[\"a/big\"]"), 400, TOO_LONG, "three", NULL},
        {"too long, for any reason", ASK("\"fallbacks\":[{\"model\":\"a/big\"}]"), 400, TOO_LONG,
         "three", NULL},
        {"too long, by models", ASK("\"models\":[\"a/big\"]"), 400, TOO_LONG, "three", NULL},
        {"too long, but it is for refused contents",
         ASK("\"content_policy_fallbacks\":[\"a/big\"]"), 400, TOO_LONG, NULL,
         "context_length_exceeded"},
        {"refused", ASK("\"content_policy_fallbacks\":[\"a/big\"]"), 400, REFUSED, "three", NULL},
        {"refused as 403", ASK("\"content_policy_fallbacks\":[\"a/big\"]"), 403, REFUSED, "three",
         NULL},
        {"refused, and nobody for it", WHOLE, 403, REFUSED, NULL, "content_policy_violation"},
        {"an answer of nothing", ASK("\"content_policy_fallbacks\":[\"a/big\"]"), 200, BLOCKED,
         "three", NULL},
        {"an answer of nothing, and nobody for it", WHOLE, 200, BLOCKED, NULL, "content_filter"},
        {"another 400", ASK("\"models\":[\"a/big\"]"), 400, "{\"error\":{\"message\":\"no\"}}",
         NULL, "no"},
        {"an error stays with the model", ASK("\"models\":[\"a/big\"]"), 500, "{}", "two", NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(rows[i].body);
        world_write();
        script_answer(world.script, 0, rows[i].status, JSON, rows[i].answer);
        world_write();
        assert_int(rows[i].what, script_count(world.script), rows[i].next == NULL ? 1 : 2);
        if (rows[i].next == NULL) {
            in_row(rows[i].what, world_sent_has(rows[i].says));
            continue;
        }
        assert_span(rows[i].what, span_of(provider_at(1)), rows[i].next);
        script_answer(world.script, 1, 200, JSON, ANSWER);
        world_write();
        assert_int(rows[i].what, world.request.status, 200);
        assert_int(rows[i].what, world_event()->attempt_count, 2);
        assert_int(rows[i].what, world_event()->charge_pico, CHARGE);
    }
}

static void a_stream_of_nothing_goes_to_who_takes_it(void **state)
{
    (void)state;
    world_ask(STREAMED("\"content_policy_fallbacks\":[\"a/big\"]"));
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE);
    script_bytes(world.script, 0,
                 "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{},\"finish_reason\":"
                 "\"content_filter\"}]}\n\n" TOLD DONE);
    world_write();
    assert_int_equal(script_count(world.script), 2);
    assert_string_equal(provider_at(1), "three");
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, ROLE TEXT STOP TOLD DONE);
    world_write();
    assert_span("nothing of the first", world_sent(), ROLE TEXT STOP DONE);
    assert_int_equal(world_event()->attempt_count, 2);
    assert_true(world_event()->attempts[0].cost_pico > 0);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void retries_are_of_the_same_deployment(void **state)
{
    (void)state;
    world_ask(ASK("\"num_retries\":2"));
    world_write();
    for (uint32_t n = 0; n < 3; n++) {
        assert_int_equal(script_count(world.script), n + 1);
        assert_string_equal(provider_at(n), "one");
        script_answer(world.script, n, 500, JSON, "{}");
        world_wait(3000);
        world_write();
    }
    assert_int_equal(script_count(world.script), 4);
    assert_string_equal(provider_at(3), "two");
    script_answer(world.script, 3, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world_event()->attempt_count, 4);
}

static void an_only_one_is_not_tried_again_where_none_are_asked_for(void **state)
{
    (void)state;
    world_ask(ASK("\"num_retries\":0,\"provider\":{\"only\":[\"one\"]}"));
    world_write();
    script_answer(world.script, 0, 500, JSON, "{}");
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(script_count(world.script), 1);
}

static void the_clients_own_time_is_that_of_all_attempts(void **state)
{
    (void)state;
    world_ask(ASK("\"timeout\":2.5"));
    world_write();
    world_wait(2000);
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    assert_int_equal(script_count(world.script), 2);
    world_wait(400);
    assert_int_equal(world.request.status, 0);
    world_wait(200);
    world_write();
    assert_int_equal(world.request.status, 408);
    assert_true(world_sent_has("'timeout' of 2500 ms"));
    assert_true(script_at(world.script, 1)->cancelled);
    assert_int_equal(
        board_counts(world.worker.board, &world.deployments[1], BOARD_MINUTE, world.now_ms).failed,
        0);
    assert_int_equal(world_event()->charge_pico, 0);
}

static void a_stream_hears_pings_while_a_retry_is_waited_for(void **state)
{
    (void)state;
    world_ask(ASK("\"stream\":true,\"num_retries\":1,\"provider\":{\"only\":[\"one\"]}"));
    world_write();
    script_head_retry(world.script, 0, 429, 35000);
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    world_wait(9999);
    assert_int_equal(world.request.status, 0);
    world_wait(1);
    assert_span("the first", world_sent(), ": ping\n\n");
    world_wait(20000);
    assert_span("one each 10 s", world_sent(), ": ping\n\n: ping\n\n: ping\n\n");
    assert_int_equal(script_count(world.script), 1);
    world_wait(5000);
    assert_int_equal(script_count(world.script), 2);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, ROLE TEXT STOP TOLD DONE);
    world_write();
    assert_true(world_sent_has(": ping\n\n" ROLE TEXT STOP DONE));
    assert_true(world.request.complete);
}

static void a_wait_does_not_go_beyond_it(void **state)
{
    (void)state;
    world_ask(ASK("\"timeout\":1,\"num_retries\":5,\"provider\":{\"only\":[\"one\"]}"));
    world_write();
    for (uint32_t n = 0; n < 5 && world.request.status == 0; n++) {
        if (n < script_count(world.script))
            script_answer(world.script, n, 500, JSON, "{}");
        world_wait(900);
        world_write();
    }
    assert_true(world.request.status == 503 || world.request.status == 408);
    /* The second one is answered with 100 ms left: a third, if its wait is that short. */
    assert_true(script_count(world.script) <= 3);
}

static void the_clients_own_time_to_the_first_token_blames_nobody(void **state)
{
    (void)state;
    world_ask(STREAMED("\"stream_timeout\":1"));
    world_write();
    world_wait(1100);
    world_write();
    assert_int_equal(script_count(world.script), 2);
    assert_true(script_at(world.script, 0)->cancelled);
    assert_int_equal(
        board_counts(world.worker.board, &world.deployments[0], BOARD_MINUTE, world.now_ms).failed,
        0);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, ROLE TEXT STOP TOLD DONE);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
}

static void the_first_ping_comes_when_it_is_asked_for(void **state)
{
    (void)state;
    world_ask(STREAMED("\"first_ping_ms\":200"));
    world_write();
    world_wait(100);
    assert_int_equal(world.request.status, 0);
    world_wait(150);
    assert_int_equal(world.request.status, 200);
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT STOP TOLD DONE);
    world_write();
}

static void a_mocked_failure_is_not_sent(void **state)
{
    (void)state;
    world.traced = true;
    world_ask(ASK("\"mock_testing_fallbacks\":true"));
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_string_equal(provider_at(0), "two");
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"reason\":\"mocked\""));
    assert_int_equal(world_count(RECORD_INTENT), 1);
    assert_int_equal(world_event()->attempt_count, 2);
    assert_int_equal(world_event()->attempts[0].cost_pico, 0);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_mocked_failure_of_all_is_no_event(void **state)
{
    (void)state;
    world_ask(ASK("\"mock_testing_fallbacks\":true,\"provider\":{\"only\":[\"one\"]},"
                  "\"num_retries\":0"));
    world_write();
    assert_int_equal(world.request.status, 503);
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world.record_count, 0);
}

static void a_mocked_limit_is_a_limit(void **state)
{
    (void)state;
    world_ask(ASK("\"mock_testing_rate_limit_error\":true"));
    assert_int_equal(world.request.status, 429);
    assert_true(world_head_has("retry-after: 1"));
    assert_true(world_sent_has("rate_limit_exceeded"));
    assert_int_equal(world.record_count, 0);
}

static void what_is_not_there_is_named(void **state)
{
    static const struct {
        const char *what, *body;
        int status;
        const char *says;
    } rows[] = {
        {"a model of models[]", ASK("\"models\":[\"a/x\"]"), 404, "\"param\":\"models\""},
        {"of fallbacks", ASK("\"fallbacks\":[\"a/x\"]"), 404, "The model 'a/x' does not exist"},
        {"of another list", ASK("\"context_window_fallbacks\":[\"a/x\"]"), 404,
         "\"param\":\"context_window_fallbacks\""},
        {"a provider", ASK("\"provider\":{\"only\":[\"nobody\"]}"), 400,
         "there is no provider 'nobody'. Did you mean 'somebody'?"},
        {"one in the order", ASK("\"provider\":{\"order\":[\"one\",\"nobody\"]}"), 400,
         "'provider.order'"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(rows[i].body);
        assert_int(rows[i].what, world.request.status, rows[i].status);
        in_row(rows[i].what, world_sent_has(rows[i].says));
        assert_int(rows[i].what, world.record_count, 0);
    }
}

static void headers_say_what_members_say(void **state)
{
    (void)state;
    world.headers[0].name = span_of("x-tollgate-context-window-fallbacks");
    world.headers[0].value = span_of("a/big");
    world.headers[1].name = span_of("x-tollgate-provider");
    world.headers[1].value = span_of("{\"order\":[\"two\"]}");
    world.headers[2].name = span_of("x-tollgate-trace");
    world.headers[2].value = span_of("1");
    world_ask(WHOLE);
    world_write();
    assert_string_equal(provider_at(0), "two");
    script_answer(world.script, 0, 400, JSON, TOO_LONG);
    world_write();
    assert_string_equal(provider_at(1), "three");
    script_answer(world.script, 1, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
}

static void what_is_answered_without_a_provider_passes_the_keys_rate(void **state)
{
    (void)state;
    world.rate = ADMIT_RATE_LIMITED;
    world_dry_run(WHOLE);
    assert_int_equal(world.request.status, 429);
    world_count_messages("{\"model\":\"a/m\",\"max_tokens\":5," HELLO "}");
    assert_int_equal(world.request.status, 429);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(a_failure_goes_to_who_takes_its_kind),
        world_row(a_stream_of_nothing_goes_to_who_takes_it),
        world_row(retries_are_of_the_same_deployment),
        world_row(an_only_one_is_not_tried_again_where_none_are_asked_for),
        world_row(the_clients_own_time_is_that_of_all_attempts),
        world_row(a_stream_hears_pings_while_a_retry_is_waited_for),
        world_row(a_wait_does_not_go_beyond_it),
        world_row(the_clients_own_time_to_the_first_token_blames_nobody),
        world_row(the_first_ping_comes_when_it_is_asked_for),
        world_row(a_mocked_failure_is_not_sent),
        world_row(a_mocked_failure_of_all_is_no_event),
        world_row(a_mocked_limit_is_a_limit),
        world_row(what_is_not_there_is_named),
        world_row(headers_say_what_members_say),
        world_row(what_is_answered_without_a_provider_passes_the_keys_rate),
    };

    return run_test_table(tests);
}
