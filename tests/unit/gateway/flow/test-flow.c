/* flow: a request's life when all goes well, and what is refused before anything went out. */
#include "common/base/mem.h"
#include "tests/unit/gateway/flow/answers.h"

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
    assert_span("answer", world_sent(),
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
    assert_span("app", event->app, "An app");
    assert_span("trace", event->trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_span("parent", event->parent_id, "b7ad6b7169203331");
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
    assert_span("at once", world_sent(), ROLE TEXT);
    script_bytes(
        world.script, 0,
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"usage\":null}\n\n" STOP TOLD);
    script_bytes(world.script, 0, DONE);
    assert_false(world_sent_has("[DONE]"));
    world_write();
    assert_span("all", world_sent(),
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
        assert_span(rows[i].what, span_part(world_sent(), sizeof(ROLE TEXT) - 1, SIZE_MAX),
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
        in_row(rows[i].what,
               world_sent_has("\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,"
                              "\"total_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":0},"
                              "\"completion_tokens_details\":{\"reasoning_tokens\":0},\"cost\":"));
        in_row(rows[i].what, world_sent_has(DONE));
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
    assert_span("all", world_sent(), TEXT STOP DONE);
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
        in_row(rows[i].what, world_sent_has("\"limit_source\":\"balance\""));
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
    assert_span("one", world_sent(), ": ping\n\n");
    world_wait(10000);
    assert_span("two", world_sent(), ": ping\n\n: ping\n\n");
    /* Failover goes on, a final failure is told inside. */
    script_answer(world.script, 0, 500, JSON, "{}");
    world_write();
    script_answer(world.script, 1, 500, JSON, "{}");
    world_write();
    assert_true(world_sent_has(": ping\n\ndata: {\"error\":{"));
    assert_false(world_sent_has("[DONE]"));
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
         400, "one is not among 'provider.only' (provider.only); two"},
        {"only, and all of it ignored",
         "{\"model\":\"a/m\",\"provider\":{\"only\":[\"x\"],\"ignore\":[\"x\"]}," HELLO "}",
         AUTH_OK, 400, "nobody is left"},
        {"an unknown strategy", "{\"model\":\"a/m\",\"provider\":{\"sort\":\"luck\"}," HELLO "}",
         AUTH_OK, 400, "'least-busy' or 'usage'"},
        {"an unknown preference", "{\"model\":\"a/m\",\"route_preference\":\"luck\"," HELLO "}",
         AUTH_OK, 400, "'speed', 'cost' or 'balanced'"},
        {"a cap below every price",
         "{\"model\":\"a/m\",\"provider\":{\"max_price\":{\"prompt\":1}}," HELLO "}", AUTH_OK, 400,
         "one costs more per prompt token (provider.max_price.prompt)"},
        {"a quantization that nobody tells",
         "{\"model\":\"a/m\",\"provider\":{\"quantizations\":[\"fp8\"]}," HELLO "}", AUTH_OK, 400,
         "one is not known to comply (provider.quantizations)"},
        {"a host", "{\"model\":\"a/m\",\"base_url\":\"x\"," HELLO "}", AUTH_OK, 400, "base_url"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        world.auth = rows[i].auth;
        world_ask(rows[i].body);
        assert_int(rows[i].what, world.request.status, rows[i].status);
        in_row(rows[i].what, world_sent_has(rows[i].says));
        assert_int(rows[i].what, world.record_count, 0);
        assert_int(rows[i].what, flow_open(&world.worker), 0);
    }
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
    assert_span("all", world_sent(), TEXT STOP DONE);
}

static void embeddings_are_metered_too(void **state)
{
    (void)state;
    world_serve(ENDPOINT_EMBEDDINGS, span_of("{\"model\":\"a/e\",\"input\":\"hello\"}"));
    world_write();
    assert_string_equal(script_at(world.script, 0)->path, "/embeddings");
    assert_span("body", buf_span(&script_at(world.script, 0)->body),
                "{\"model\":\"up-m\",\"input\":\"hello\"}");
    script_answer(world.script, 0, 200, JSON,
                  "{\"data\":[{\"embedding\":[0.1]}],\"usage\":{\"prompt_tokens\":4,\"total_"
                  "tokens\":4}}");
    world_write();
    assert_int_equal(world_event()->charge_pico, 8400000);
    assert_true(world_sent_has("\"cost\":0.0000084,"));
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
    assert_true(world_sent_has("\"cost\":0,"));
}

static void frames_of_one_shape_go_the_short_way_and_come_out_alike(void **state)
{
#define SHAPED(text, tail)                                                                         \
    "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]" tail "}\n\n"
    static const char *const texts[] = {
        "one", "two two two two",     "th\\u0072ee", "f\xc3\xbcnf", "", "six",
        "\\n", "seven and more of it"};
    struct buf wanted = buf_make(1 << 16);

    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        world_close();
        world_open();
        buf_clear(&wanted);
        world_ask(asked ? STREAM_USAGE : STREAM);
        world_write();
        script_head(world.script, 0, 200, SSE);
        for (size_t i = 0; i < array_size(texts); i++) {
            char *in = mem_printf(SHAPED("%s", ",\"usage\":null"), texts[i]);
            script_bytes(world.script, 0, in);
            if (asked)
                buf_add_string(&wanted, in);
            else
                buf_printf(&wanted, SHAPED("%s", ""), texts[i]);
            mem_free(in);
            assert_span(texts[i], world_sent(), wanted.at);
        }
        script_bytes(world.script, 0, STOP DONE);
        script_end(world.script, 0, UPSTREAM_WHOLE);
        world_write();
        /* 3 + 15 + 5 + 5 + 3 + 1 + 20 bytes of text */
        assert_int_equal(world_event()->meters.count[METER_OUTPUT], 13);
    }
    buf_done(&wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(a_whole_answer_goes_out_behind_its_event),
        world_row(frames_of_one_shape_go_the_short_way_and_come_out_alike),
        world_row(a_stream_passes_byte_for_byte_without_usage),
        world_row(usage_comes_last_when_it_was_asked_for),
        world_row(an_answer_without_good_usage_is_counted),
        world_row(usage_behind_the_end_marker_is_waited_for),
        world_row(progress_is_put_down_every_two_seconds),
        world_row(a_lease_is_waited_for),
        world_row(money_that_is_not_there_is_402),
        world_row(a_missing_cap_is_clamped_to_what_is_there),
        world_row(silence_is_filled_with_pings),
        world_row(a_slow_client_pauses_the_upstream),
        world_row(refusals_before_dispatch_make_no_event),
        world_row(a_chunk_for_no_usage_is_not_shown),
        world_row(embeddings_are_metered_too),
        world_row(a_test_key_pays_nothing),
    };

    return run_test_table(tests);
}
