/* flow: a stream that goes on at another deployment when its provider dies in the midst of it. */
#include <errno.h>

#include "tests/unit/gateway/flow/answers.h"

#define IDLE_MS 61000
#define SAY(text) "data: {\"id\":\"c2\",\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define THINK "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
#define CALL                                                                                       \
    "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t\","     \
    "\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}}]}\n\n"
#define ERROR "data: {\"error\":{\"message\":\"no\",\"code\":503}}\n\n"
#define CHUNK(choices)                                                                             \
    "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1760936591,"            \
    "\"model\":\"up-m\",\"choices\":" choices
#define WRITTEN(delta, finish)                                                                     \
    CHUNK("[{\"index\":0,\"delta\":{" delta "},\"logprobs\":null,\"finish_reason\":" finish        \
          "}]}\n\n")

static struct snapshot_tenant willing;

static void open_willing(void)
{
    world_close();
    world_open();
    willing = *world.key.tenant;
    willing.routing.continue_on_failure = true;
    world.key.tenant = &willing;
}

/* The first one says it and dies. */
static void first_says(const char *body, const char *text)
{
    open_willing();
    world_ask(body);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, text);
}

static void second_says(const char *text, bool bytewise)
{
    script_head(world.script, 1, 200, SSE);
    for (size_t i = 0; bytewise && text[i] != '\0'; i++)
        script_bytes(world.script, 1, (char[]){text[i], '\0'});
    if (!bytewise)
        script_bytes(world.script, 1, text);
    world_write();
}

enum death { RESET, CUT, SILENT, TOLD_ERROR };

static void die(enum death death)
{
    if (death == SILENT)
        world_wait(IDLE_MS);
    else if (death == TOLD_ERROR)
        script_bytes(world.script, 0, ERROR);
    else
        script_end(world.script, 0, death == RESET ? UPSTREAM_BROKEN : UPSTREAM_WHOLE);
    world_write();
}

static bool body_has(uint32_t call, const char *text)
{
    struct span body = buf_span(&script_at(world.script, call)->body);

    return memmem(body.at, body.size, text, strlen(text)) != NULL;
}

static void a_stream_goes_on_whatever_its_provider_died_of(void **state)
{
    static const char *const reasons[] = {[RESET] = "reset",
                                          [CUT] = "truncated",
                                          [SILENT] = "timeout_idle",
                                          [TOLD_ERROR] = "stream_error"};

    (void)state;
    for (int i = 0; i < 8; i++) {
        const struct usage_event *event;
        enum death death = (enum death)(i / 2);
        first_says(STREAM, ROLE TEXT);
        die(death);
        assert_int_equal(script_count(world.script), 2);
        assert_int_equal(world_count(RECORD_INTENT), 2);
        assert_true(body_has(1, "{\"role\":\"assistant\",\"content\":\"abcdefgh\"}]"));
        /* Two tokens of 1000 are told. */
        assert_true(body_has(1, "\"max_tokens\":998"));
        assert_int_equal(world_count(RECORD_FINAL), 0);
        second_says(ROLE SAY("ijkl") STOP TOLD DONE, i % 2 == 1);
        assert_true(world.request.complete);
        /* Between them are pings, where it took its time. */
        assert_true(world_sent_has(ROLE TEXT));
        assert_true(world_sent_has(": continued\n\n" WRITTEN("\"content\":\"ijkl\"", "null")
                                       WRITTEN("", "\"stop\"") DONE));
        if (death != SILENT)
            assert_int_equal(world_sent().size,
                             strlen(ROLE TEXT ": continued\n\n" WRITTEN(
                                 "\"content\":\"ijkl\"", "null") WRITTEN("", "\"stop\"") DONE));
        event = world_event();
        assert_int_equal(event->outcome, OUTCOME_FINISHED);
        assert_span("provider", event->provider, "one");
        assert_span("reason", event->attempts[0].reason, reasons[death]);
        assert_int_equal(event->meters.count[METER_INPUT], 3);
        assert_int_equal(event->meters.count[METER_OUTPUT], 2 + 5);
        assert_int_equal(event->usage_from, USAGE_COUNTED);
        assert_true(event->attempts[0].delivered && event->attempts[1].delivered);
        assert_int_equal(world.settled_pico, event->charge_pico);
        assert_true(event->charge_pico <= world.reserved_pico);
    }
}

static void its_usage_is_what_is_charged_and_says_so(void **state)
{
    (void)state;
    first_says(STREAM_USAGE, ROLE TEXT);
    die(RESET);
    second_says(ROLE SAY("ijkl") STOP TOLD DONE, false);
    assert_true(world_sent_has("\"prompt_tokens\":3,\"completion_tokens\":7,\"total_tokens\":10"));
    assert_true(world_sent_has("\"tollgate\":{\"continued\":1}"));
    open_willing();
    world.traced = true;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    die(RESET);
    second_says(ROLE SAY("ijkl") STOP TOLD DONE, false);
    assert_true(world_sent_has("\"continued\":1,\"considered\""));
}

static void it_does_not_where_no_text_can_follow(void **state)
{
    static const struct {
        const char *what, *body, *said;
    } rows[] = {
        {"a call has begun", STREAM, ROLE TEXT CALL},
        {"a thought is the last that was said", STREAM, ROLE TEXT THINK},
        {"it had told its end", STREAM, ROLE TEXT STOP},
        {"blanks are all", STREAM, ROLE SAY(" \\n")},
        {"JSON is asked for",
         "{\"model\":\"a/m\",\"stream\":true,\"response_format\":{\"type\":\"json_object\"}," HELLO
         "}",
         ROLE TEXT},
        {"logprobs are asked for",
         "{\"model\":\"a/m\",\"stream\":true,\"logprobs\":true," HELLO "}", ROLE TEXT},
        {"several answers are asked for", "{\"model\":\"a/m\",\"stream\":true,\"n\":2," HELLO "}",
         ROLE TEXT},
        {"nothing is left of its cap",
         "{\"model\":\"a/m\",\"stream\":true,\"max_tokens\":2," HELLO "}", ROLE TEXT},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        first_says(rows[i].body, rows[i].said);
        die(RESET);
        assert_int(rows[i].what, script_count(world.script), 1);
        assert_true(world_sent_has("data: {\"error\":"));
        assert_false(world_sent_has("[DONE]"));
        assert_true(world.request.complete);
        assert_int(rows[i].what, world_event()->outcome, OUTCOME_PROVIDER_DIED);
        assert_true(world_event()->charge_pico > 0);
    }
}

static void it_does_not_for_who_does_not_want_it(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_willing();
        willing.routing.continue_on_failure = i == 0;
        world.not_continued = i == 0;
        world_ask(STREAM);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, ROLE TEXT);
        die(RESET);
        assert_int_equal(script_count(world.script), 1);
        assert_true(world_sent_has("data: {\"error\":"));
    }
}

static void a_second_one_that_refuses_ends_it_as_before(void **state)
{
    static const int statuses[] = {400, 404, 429, 503};

    (void)state;
    for (size_t i = 0; i < array_size(statuses); i++) {
        first_says(STREAM, ROLE TEXT);
        die(RESET);
        script_answer(world.script, 1, statuses[i], JSON,
                      "{\"error\":{\"message\":\"its words\"}}");
        world_write();
        assert_true(world_sent_has("data: {\"error\":"));
        assert_false(world_sent_has("its words"));
        assert_false(world_sent_has("[DONE]"));
        assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
        assert_int_equal(world_event()->meters.count[METER_OUTPUT], 2);
        assert_int_equal(world_event()->attempts[1].cost_pico, 0);
        assert_int_equal(world.settled_pico, world_event()->charge_pico);
    }
}

/* What it refuses is what the gateway put there. */
static void a_second_one_that_refuses_leaves_it_to_a_third(void **state)
{
    (void)state;
    first_says("{\"model\":\"a/m\",\"stream\":true,\"fallbacks\":[\"a/big\"]," HELLO "}",
               ROLE TEXT);
    die(RESET);
    script_answer(world.script, 1, 400, JSON, "{\"error\":{\"message\":\"its words\"}}");
    world_write();
    assert_int_equal(script_count(world.script), 3);
    script_head(world.script, 2, 200, SSE);
    script_bytes(world.script, 2, ROLE SAY("ijkl") STOP TOLD DONE);
    world_write();
    assert_true(world.request.complete);
    assert_true(world_sent_has(DONE));
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
    assert_span("provider", world_event()->provider, "one");
    assert_int_equal(world_event()->meters.count[METER_OUTPUT], 2 + 5);
}

static void a_client_that_leaves_between_pays_what_it_has(void **state)
{
    (void)state;
    for (int written = 0; written < 2; written++) {
        first_says(STREAM, ROLE TEXT);
        script_end(world.script, 0, UPSTREAM_BROKEN);
        if (written == 1)
            world_write();
        world_leave();
        world_write();
        assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
        assert_int_equal(world_event()->meters.count[METER_OUTPUT], 2);
        assert_true(world_event()->charge_pico > 0);
    }
}

/* There is but one, and it is waited for. */
static void a_client_that_leaves_in_the_wait_pays_what_it_has(void **state)
{
    (void)state;
    open_willing();
    world.deployments[1].callable = false;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    die(RESET);
    world_leave();
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_CLIENT_LEFT);
    assert_int_equal(world_event()->meters.count[METER_OUTPUT], 2);
    assert_true(world_event()->charge_pico > 0);
}

/* Its client is told so by whoever wrote its stream until then. */
static void nobody_who_takes_the_begin_of_an_answer_ends_it(void **state)
{
    (void)state;
    open_willing();
    world.deployments[1].provider = span_of("perplexity");
    world_responses("{\"model\":\"a/m\",\"stream\":true,\"input\":\"hello\"}");
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    die(RESET);
    assert_int_equal(script_count(world.script), 1);
    assert_true(world_sent_has("event: response.failed\n"));
    assert_true(world_sent_has("\"text\":\"abcdefgh\""));
    assert_true(world.request.complete);
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
    assert_int_equal(world_event()->meters.count[METER_OUTPUT], 2);
}

static void an_intent_that_is_not_written_ends_it(void **state)
{
    (void)state;
    first_says(STREAM, ROLE TEXT);
    world.journal_write_error = -EIO;
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_true(world_sent_has("data: {\"error\":"));
    assert_false(world_sent_has("[DONE]"));
}

static void nothing_more_to_say_is_an_end_too(void **state)
{
    (void)state;
    first_says(STREAM, ROLE TEXT);
    die(RESET);
    second_says(ROLE STOP TOLD DONE, false);
    assert_true(world.request.complete);
    assert_span("sent", world_sent(), ROLE TEXT WRITTEN("", "\"stop\"") DONE);
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
}

static void a_text_of_which_too_much_came_is_not_gone_on_with(void **state)
{
    static char chunk[20000];

    (void)state;
    memset(chunk, 'x', sizeof(chunk) - 1);
    first_says(STREAM, ROLE TEXT);
    for (int i = 0; i < 14; i++) {
        script_bytes(world.script, 0,
                     "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"");
        script_bytes(world.script, 0, chunk);
        script_bytes(world.script, 0, "\"}}]}\n\n");
    }
    die(RESET);
    assert_int_equal(script_count(world.script), 1);
    assert_true(world_sent_has("data: {\"error\":"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(a_stream_goes_on_whatever_its_provider_died_of),
        world_row(its_usage_is_what_is_charged_and_says_so),
        world_row(it_does_not_where_no_text_can_follow),
        world_row(it_does_not_for_who_does_not_want_it),
        world_row(a_second_one_that_refuses_ends_it_as_before),
        world_row(a_second_one_that_refuses_leaves_it_to_a_third),
        world_row(a_client_that_leaves_between_pays_what_it_has),
        world_row(a_client_that_leaves_in_the_wait_pays_what_it_has),
        world_row(nobody_who_takes_the_begin_of_an_answer_ends_it),
        world_row(an_intent_that_is_not_written_ends_it),
        world_row(nothing_more_to_say_is_an_end_too),
        world_row(a_text_of_which_too_much_came_is_not_gone_on_with),
    };

    return run_test_table(tests);
}
