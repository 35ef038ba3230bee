#include "tests/unit/gateway/flow/world.h"

#include <errno.h>

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hello there\"}]"
#define WHOLE "{\"model\":\"a/m\"," HELLO "}"
#define STREAM "{\"model\":\"a/m\",\"stream\":true," HELLO "}"
#define STREAM_USAGE                                                                               \
    "{\"model\":\"a/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}," HELLO "}"
#define USAGE "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}"
#define ANSWER                                                                                     \
    "{\"id\":\"c1\",\"choices\":[{\"message\":{\"content\":\"abcdefgh\"},\"finish_reason\":"       \
    "\"stop\"}],\"usage\":" USAGE "}"
#define ROLE                                                                                       \
    "data: "                                                                                       \
    "{\"id\":\"c1\",\"model\":\"up-m\",\"choices\":[{\"delta\":{\"role\":\"assistant\","           \
    "\"content\":\"\"}}]}\n\n"
#define TEXT "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"abcdefgh\"}}]}\n\n"
#define STOP "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define TOLD "data: {\"id\":\"c1\",\"choices\":[],\"usage\":" USAGE "}\n\n"
#define DONE "data: [DONE]\n\n"
#define SSE "text/event-stream"
#define JSON "application/json"
/* 10 x 2e6 + 5 x 8e6 pico, and 5 % on it. */
#define CHARGE 63000000
#define COST                                                                                       \
    "\"cost\":0.000063,\"cost_details\":{\"base\":\"0.00006\",\"markup\":\"0.000003\","            \
    "\"discount\":\"0\"}"

static int open_world(void **state)
{
    (void)state;
    world_open();
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    assert_int_equal(flow_open(&world.worker), 0);
    world_close();
    return 0;
}

static struct span sent(void)
{
    return buf_span(&world.request.sent);
}

static bool sent_has(const char *text)
{
    return world.request.sent.at != NULL && strstr(world.request.sent.at, text) != NULL;
}

static void a_whole_answer_goes_out_behind_its_event(void **state)
{
    (void)state;
    world_ask(WHOLE);
    assert_int_equal(world_count(RECORD_INTENT), 1);
    assert_int_equal(script_count(world.script), 0); /* not before the INTENT is written */
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_span("upstream body", buf_span(&script_at(world.script, 0)->body),
                "{\"max_tokens\":1000,\"model\":\"up-m\"," HELLO "}");
    script_answer(world.script, 0, 200, JSON, ANSWER);
    assert_int_equal(world_count(RECORD_FINAL), 1);
    assert_int_equal(world.request.status, 0); /* not before the FINAL is written */
    assert_int_equal(world.settled, 0);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world.request.ended && world.request.complete);
    assert_span("answer", sent(),
                "{\"id\":\"c1\",\"choices\":[{\"message\":{\"content\":\"abcdefgh\"},"
                "\"finish_reason\":\"stop\"}],\"usage\":{" COST
                ",\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}");
    assert_true(world_head_has("x-tollgate-model: a/m"));
    assert_true(world_head_has("x-tollgate-provider: one"));
    assert_true(world_head_has("x-tollgate-attempts: 1"));
    assert_true(world_head_has("x-tollgate-cache: bypass"));
    assert_true(world_head_has("content-type: application/json"));
    const struct usage_event *event = world_event();
    assert_int_equal(event->outcome, OUTCOME_FINISHED);
    assert_int_equal(event->charge_pico, CHARGE);
    assert_int_equal(event->usage_from, USAGE_PROVIDER);
    assert_int_equal(event->attempt_count, 1);
    assert_true(event->attempts[0].delivered);
    assert_int_equal(event->attempts[0].cost_pico, 60000000);
    assert_span("verbatim", event->usage_verbatim, USAGE);
    assert_int_equal(world.settled_pico, CHARGE);
    assert_int_equal(world.settled_events, 1);
    assert_true(world.reserved_pico >= CHARGE);
}

static void a_stream_passes_byte_for_byte_without_usage(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE);
    assert_int_equal(world.request.status, 0); /* held until content */
    script_bytes(world.script, 0, TEXT);
    assert_int_equal(world.request.status, 200);
    assert_span("at once", sent(), ROLE TEXT);
    script_bytes(
        world.script, 0,
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}\n\n" STOP TOLD);
    script_bytes(world.script, 0, DONE);
    assert_false(sent_has("[DONE]"));
    world_write();
    assert_span("all", sent(),
                ROLE TEXT "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n" STOP DONE);
    assert_true(world.request.complete);
    assert_true(world_head_has("content-type: text/event-stream; charset=utf-8"));
    assert_int_equal(world_event()->charge_pico, CHARGE);
    assert_true(world_event()->stream);
    assert_true(world_event()->first_token_ms >= 0);
    script_end(world.script, 0, UPSTREAM_WHOLE);
}

static void usage_comes_last_when_it_was_asked_for(void **state)
{
    static const struct {
        const char *what, *tail, *wanted;
    } rows[] = {
        {"a chunk of its own", STOP TOLD DONE,
         STOP "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{" COST
              ",\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\n" DONE},
        {"beside the finish",
         "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
         "\"usage\":" USAGE "}\n\n" DONE,
         STOP "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{" COST
              ",\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}}\n\n" DONE},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(STREAM_USAGE);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, ROLE TEXT);
        script_bytes(world.script, 0, rows[i].tail);
        world_write();
        in_row(rows[i].what, world.request.sent.size > sizeof(ROLE TEXT) - 1);
        assert_span(rows[i].what, span_part(sent(), sizeof(ROLE TEXT) - 1, SIZE_MAX),
                    rows[i].wanted);
    }
}

static void an_answer_without_good_usage_is_counted(void **state)
{
    static const struct {
        const char *what, *usage;
    } rows[] = {
        {"none", ""},
        {"zero",
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":0,\"completion_tokens\":0}}\n\n"},
        {"text", "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":\"12\"}}\n\n"},
        {"negative",
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1}}\n\n"},
        {"huge",
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1e18,\"completion_tokens\":1}}\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world_ask(STREAM_USAGE);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, TEXT STOP);
        script_bytes(world.script, 0, rows[i].usage);
        script_bytes(world.script, 0, DONE);
        script_end(world.script, 0, UPSTREAM_WHOLE);
        world_write();
        assert_int(rows[i].what, world_event()->usage_from, USAGE_COUNTED);
        assert_int(rows[i].what, world_event()->outcome, OUTCOME_FINISHED);
        assert_int(rows[i].what, world_event()->meters.count[METER_INPUT], 3);
        assert_int(rows[i].what, world_event()->meters.count[METER_OUTPUT], 2);
        assert_span(rows[i].what, world_event()->count_method, "bytes:4.000");
        in_row(rows[i].what, sent_has("\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
                                      "\"total_tokens\":5,\"cost\":"));
        in_row(rows[i].what, sent_has(DONE));
    }
}

static void usage_behind_the_end_marker_is_waited_for(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT STOP DONE);
    assert_int_equal(world_count(RECORD_FINAL), 0);
    script_bytes(world.script, 0, TOLD);
    world_write();
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
    assert_span("all", sent(), TEXT STOP DONE);
}

/* How the first attempt fails before it said anything; the second answers. */
static void fail_first(const char *what, bool stream)
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
        if (strcmp(rows[i].what, what) != 0 && what[0] != '\0')
            continue;
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
            assert_span(rows[i].what, sent(), ROLE TEXT STOP DONE);
        in_row(rows[i].what, world_head_has("x-tollgate-provider: two"));
        in_row(rows[i].what, world_head_has("x-tollgate-attempts: 2"));
        assert_int(rows[i].what, world_event()->attempt_count, 2);
        assert_int(rows[i].what, world_event()->attempts[0].status, rows[i].status);
        in_row(rows[i].what, !world_event()->attempts[0].delivered);
        in_row(rows[i].what, world_event()->attempts[1].delivered);
        assert_int(rows[i].what, world_event()->charge_pico, CHARGE);
        assert_int(rows[i].what, world_count(RECORD_INTENT), 2);
        assert_int(rows[i].what, world.settled, 1);
        in_row(rows[i].what, !sent_has("sk-1"));
    }
}

static void what_fails_before_content_fails_over_unseen(void **state)
{
    (void)state;
    fail_first("", true);
    fail_first("", false);
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
    assert_true(sent_has(": ping\n\n" TEXT STOP DONE));
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
        in_row(rows[i].says, sent_has(rows[i].says) && sent_has(rows[i].code));
        assert_int(rows[i].says, world_event()->outcome, OUTCOME_PROVIDER_FAILED);
        assert_int(rows[i].says, world_event()->charge_pico, 0);
        assert_int(rows[i].says, world.settled_events, 1);
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
        {"a marker but no finish", DONE, UPSTREAM_WHOLE, 0},
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
        in_row(rows[i].what, sent_has("data: {\"error\":{"));
        in_row(rows[i].what, !sent_has("[DONE]"));
        assert_int(rows[i].what, script_count(world.script), 1);
        assert_int(rows[i].what, world_event()->outcome, OUTCOME_PROVIDER_DIED);
        assert_int(rows[i].what, world_event()->usage_from, USAGE_COUNTED);
        assert_int(rows[i].what, world_event()->meters.count[METER_OUTPUT], 2);
        assert_int(rows[i].what, world.settled_pico, world_event()->charge_pico);
        in_row(rows[i].what, world_event()->charge_pico > 0);
    }
}

static void progress_is_put_down_every_two_seconds(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT);
    world_wait(1900);
    assert_int_equal(world_count(RECORD_PROGRESS), 0);
    world_wait(4200);
    assert_int_equal(world_count(RECORD_PROGRESS), 3);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
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

static void a_lease_is_waited_for(void **state)
{
    (void)state;
    world.admit = ADMIT_WAIT;
    world_ask(WHOLE);
    assert_int_equal(world.record_count, 0);
    world.admit = ADMIT_OK;
    world.waiting->on_ready(world.waiting->context);
    world_write();
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
}

static void money_that_is_not_there_is_402(void **state)
{
    static const struct {
        const char *what;
        enum admit_outcome admit;
        int status;
    } rows[] = {
        {"credit", ADMIT_NO_CREDIT, 402},
        {"budget", ADMIT_NO_BUDGET, 402},
        {"rate", ADMIT_RATE_LIMITED, 429},
        {"store", ADMIT_UNAVAILABLE, 503},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world.admit = rows[i].admit;
        world_ask(WHOLE);
        assert_int(rows[i].what, world.request.status, rows[i].status);
        in_row(rows[i].what, sent_has("\"limit_source\":\"balance\""));
        assert_int(rows[i].what, world.record_count, 0);
    }
}

static void a_missing_cap_is_clamped_to_what_is_there(void **state)
{
    (void)state;
    world.admit = ADMIT_NO_CREDIT;
    world.affordable_pico = 5000000000;
    world_ask(WHOLE);
    assert_true(world.reserved_pico <= world.affordable_pico);
    assert_true(world.reserved_pico > world.affordable_pico - 9000000);
    world_write();
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"max_tokens\":5"));
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);

    world_close();
    world_open(); /* a cap of the client's stands */
    world.admit = ADMIT_NO_CREDIT;
    world.affordable_pico = 5000000000;
    world_ask("{\"model\":\"a/m\",\"max_tokens\":900," HELLO "}");
    assert_int_equal(world.request.status, 402);
}

static void silence_is_filled_with_pings(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    world_wait(9900);
    assert_int_equal(world.request.status, 0);
    world_wait(200);
    assert_int_equal(world.request.status, 200);
    assert_span("one", sent(), ": ping\n\n");
    world_wait(10000);
    assert_span("two", sent(), ": ping\n\n: ping\n\n");
    /* Failover goes on, a final failure is told inside. */
    script_answer(world.script, 0, 500, JSON, "{}");
    world_write();
    script_answer(world.script, 1, 500, JSON, "{}");
    world_write();
    assert_true(sent_has(": ping\n\ndata: {\"error\":{"));
    assert_false(sent_has("[DONE]"));
    assert_true(world.request.complete);
}

static void a_slow_client_pauses_the_upstream(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    world.request.full = true;
    script_bytes(world.script, 0, TEXT);
    assert_true(script_at(world.script, 0)->paused);
    world_wait(120000); /* its silence is ours */
    assert_false(script_at(world.script, 0)->cancelled);
    world.request.full = false;
    world.request.on_room(world.request.owner);
    assert_false(script_at(world.script, 0)->paused);
    assert_int_equal(script_at(world.script, 0)->resumed, 1);
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world_event()->outcome, OUTCOME_FINISHED);
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

static void refusals_before_dispatch_make_no_event(void **state)
{
    static const struct {
        const char *what, *body;
        enum auth_outcome auth;
        int status;
        const char *says;
    } rows[] = {
        {"no key", WHOLE, AUTH_MISSING, 401, "API key"},
        {"two keys", WHOLE, AUTH_CONFLICT, 400, "differ"},
        {"garbage", WHOLE, AUTH_GARBAGE, 401, "Incorrect"},
        {"revoked", WHOLE, AUTH_REVOKED, 401, "revoked"},
        {"a management key", WHOLE, AUTH_WRONG_KIND, 403, "management"},
        {"stale", WHOLE, AUTH_STALE, 503, "checked"},
        {"not JSON", "{", AUTH_OK, 400, "at byte 1"},
        {"unknown model", "{\"model\":\"a/x\"," HELLO "}", AUTH_OK, 404, "Did you mean 'a/m'?"},
        {"wrong kind", "{\"model\":\"a/e\"," HELLO "}", AUTH_OK, 400, "embedding"},
        {"nobody left", "{\"model\":\"a/m\",\"provider\":{\"only\":[\"x\"]}," HELLO "}", AUTH_OK,
         404, "provider"},
        {"a host", "{\"model\":\"a/m\",\"base_url\":\"x\"," HELLO "}", AUTH_OK, 400, "base_url"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world.auth = rows[i].auth;
        world_ask(rows[i].body);
        assert_int(rows[i].what, world.request.status, rows[i].status);
        in_row(rows[i].what, sent_has(rows[i].says));
        assert_int(rows[i].what, world.record_count, 0);
        assert_int(rows[i].what, flow_open(&world.worker), 0);
    }
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
    assert_false(sent_has("[DONE]"));
}

static void a_chunk_for_no_usage_is_not_shown(void **state)
{
    (void)state;
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, TEXT STOP "data: {\"choices\":[],\"usage\":null}\n\n" DONE);
    script_end(world.script, 0, UPSTREAM_WHOLE);
    world_write();
    assert_span("all", sent(), TEXT STOP DONE);
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

static void embeddings_are_metered_too(void **state)
{
    (void)state;
    world_embed("{\"model\":\"a/e\",\"input\":\"hello\"}");
    world_write();
    assert_string_equal(script_at(world.script, 0)->path, "/embeddings");
    assert_span("body", buf_span(&script_at(world.script, 0)->body),
                "{\"model\":\"up-m\",\"input\":\"hello\"}");
    script_answer(world.script, 0, 200, JSON,
                  "{\"data\":[{\"embedding\":[0.1]}],\"usage\":{\"prompt_tokens\":4,\"total_"
                  "tokens\":4}}");
    world_write();
    assert_int_equal(world_event()->charge_pico, 8400000);
    assert_true(sent_has("\"cost\":0.0000084,"));
}

static void a_test_key_pays_nothing(void **state)
{
    (void)state;
    world.key.kind = KEY_TEST;
    world.deployments[0].sandboxed = &world.deployments[1];
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_event()->test);
    assert_int_equal(world_event()->charge_pico, 0);
    assert_true(sent_has("\"cost\":0,"));
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

#define row(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        row(a_whole_answer_goes_out_behind_its_event),
        row(a_stream_passes_byte_for_byte_without_usage),
        row(usage_comes_last_when_it_was_asked_for),
        row(an_answer_without_good_usage_is_counted),
        row(usage_behind_the_end_marker_is_waited_for),
        row(what_fails_before_content_fails_over_unseen),
        row(a_black_hole_fails_over_by_time),
        row(a_refusal_of_the_request_itself_is_passed_on),
        row(when_all_fail_the_client_is_told_which_way),
        row(a_stream_that_breaks_says_so_and_never_says_done),
        row(progress_is_put_down_every_two_seconds),
        row(the_client_may_leave_at_any_step),
        row(a_deployment_may_be_drained_when_the_client_left),
        row(a_journal_that_cannot_take_it_refuses_with_503),
        row(a_lease_is_waited_for),
        row(money_that_is_not_there_is_402),
        row(a_missing_cap_is_clamped_to_what_is_there),
        row(silence_is_filled_with_pings),
        row(a_slow_client_pauses_the_upstream),
        row(the_only_candidate_is_tried_again_after_a_pause),
        row(refusals_before_dispatch_make_no_event),
        row(a_stream_far_past_its_cap_is_cut),
        row(a_chunk_for_no_usage_is_not_shown),
        row(two_names_of_one_account_are_one_candidate),
        row(embeddings_are_metered_too),
        row(a_test_key_pays_nothing),
        row(flows_can_be_ended_by_force),
        row(an_endless_answer_is_cut),
    };

    return run_test_table(tests);
}
