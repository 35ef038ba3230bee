/* flow: client and provider that speak different languages, or both another one than OpenAI's. */
#include "tests/unit/gateway/flow/answers.h"

#define ASK "{\"model\":\"a/m\",\"max_tokens\":50," HELLO "}"
#define ASK_STREAM "{\"model\":\"a/m\",\"max_tokens\":50,\"stream\":true," HELLO "}"
#define GENERATE "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hello there\"}]}]}"
#define BEGIN                                                                                      \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","       \
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"up-m\",\"content\":[],"               \
    "\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}\n\n"                                    \
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"             \
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
#define DELTA                                                                                      \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"             \
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"abcdefgh\"}}\n\n"
#define STOPPED "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
#define ENDED                                                                                      \
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"          \
    "\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n"
#define LAST "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
#define MESSAGE                                                                                    \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"up-m\","            \
    "\"content\":[{\"type\":\"text\",\"text\":\"abcdefgh\"}],\"stop_reason\":\"end_turn\","        \
    "\"usage\":{\"input_tokens\":10,\"output_tokens\":5}}"
#define CANDIDATE(text, rest)                                                                      \
    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" text                            \
    "\"}],\"role\":\"model\"}" rest "}],\"usageMetadata\":{\"promptTokenCount\":10,"               \
    "\"candidatesTokenCount\":5,\"totalTokenCount\":15}}\r\n\r\n"

static void speak(enum wire_dialect wire)
{
    world.deployments[0].wire = wire;
    world.deployments[1].wire = wire;
}

static void an_openai_client_is_served_by_anthropic(void **state)
{
    const struct script_call *call;

    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask(WHOLE);
    world_write();
    call = script_at(world.script, 0);
    assert_span("path", span_of(call->path), "/messages");
    assert_non_null(strstr(call->lines.at, "anthropic-version: 2023-06-01\n"));
    assert_non_null(strstr(call->body.at, "\"model\":\"up-m\""));
    assert_non_null(strstr(call->body.at, "\"max_tokens\":1000"));
    script_answer(world.script, 0, 200, JSON, MESSAGE);
    assert_int_equal(world.request.status, 0); /* not before the FINAL is written */
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"object\":\"chat.completion\""));
    assert_true(world_sent_has("\"id\":\"chatcmpl-"));
    assert_true(world_sent_has("\"model\":\"a/m\""));
    assert_true(world_sent_has("\"content\":\"abcdefgh\""));
    assert_true(world_sent_has("\"finish_reason\":\"stop\""));
    assert_true(world_sent_has("\"prompt_tokens\":10"));
    assert_true(world_sent_has(COST));
    assert_int_equal(world_event()->charge_pico, CHARGE);
    assert_span("normaliser", world_event()->normaliser, "anthropic/1");
    assert_int_equal(world_event()->usage_from, USAGE_PROVIDER);
}

static void a_stream_is_translated_as_it_comes(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask(STREAM_USAGE);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, BEGIN);
    assert_int_equal(world.request.status, 0); /* held until content */
    script_bytes(world.script, 0, DELTA);
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"content\":\"abcdefgh\""));
    script_bytes(world.script, 0, STOPPED ENDED LAST);
    assert_true(world_sent_has("\"finish_reason\":\"stop\""));
    assert_false(world_sent_has("[DONE]"));
    world_write();
    assert_true(world_sent_has("\"choices\":[],\"usage\":{"));
    assert_true(world_sent_has(COST));
    assert_true(world_sent_has("data: [DONE]\n\n"));
    assert_true(world.request.complete);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void every_split_is_translated_alike(void **state)
{
    static const char all[] = BEGIN DELTA STOPPED ENDED LAST;
    struct buf whole = buf_make(1 << 16);

    (void)state;
    for (size_t cut = 0; cut < sizeof(all) - 1; cut += 7) {
        char first[sizeof(all)] = {0};
        memcpy(first, all, cut);
        world_close();
        world_open();
        speak(WIRE_ANTHROPIC);
        world_ask(STREAM_USAGE);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, first);
        script_bytes(world.script, 0, all + cut);
        world_write();
        if (cut == 0)
            buf_add_span(&whole, world_sent());
        assert_int("the same bytes", span_equal(buf_span(&whole), world_sent()), true);
    }
    buf_done(&whole);
}

static void anthropics_client_is_served_by_openai(void **state)
{
    (void)state;
    world_messages(ASK);
    world_write();
    assert_span("path", span_of(script_at(world.script, 0)->path), "/chat/completions");
    script_answer(world.script, 0, 200, JSON, ANSWER);
    world_write();
    assert_true(world_sent_has("\"type\":\"message\""));
    assert_true(world_sent_has("\"text\":\"abcdefgh\""));
    assert_true(world_sent_has("\"stop_reason\":\"end_turn\""));
    assert_true(world_sent_has("\"input_tokens\":10"));
    assert_true(world_sent_has(COST));
    assert_int_equal(world_event()->charge_pico, CHARGE);
    assert_span("endpoint", world_event()->endpoint, "messages");
}

static void anthropics_stream_ends_in_its_own_words(void **state)
{
    (void)state;
    world_messages(ASK_STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_true(world_sent_has("event: message_start\n"));
    script_bytes(world.script, 0, STOP TOLD DONE);
    assert_false(world_sent_has("message_stop"));
    world_write();
    assert_true(world_sent_has("event: message_stop\n"));
    assert_true(world_sent_has("\"output_tokens\":5"));
    assert_false(world_sent_has("[DONE]"));
}

static void the_same_language_passes_but_for_its_cost(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_messages(ASK_STREAM);
    world_write();
    assert_span("upstream body", buf_span(&script_at(world.script, 0)->body),
                "{\"model\":\"up-m\",\"max_tokens\":50,\"stream\":true," HELLO "}");
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, BEGIN);
    assert_int_equal(world.request.status, 0);
    script_bytes(world.script, 0, DELTA STOPPED);
    assert_span("at once", world_sent(), BEGIN DELTA STOPPED);
    script_bytes(world.script, 0, ENDED LAST);
    world_write();
    assert_span("all", world_sent(),
                BEGIN DELTA STOPPED
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"
                "\"stop_reason\":\"end_turn\"},\"usage\":{" COST ",\"output_tokens\":5}}\n\n" LAST);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_whole_answer_of_the_same_language_has_its_cost(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_messages(ASK);
    world_write();
    script_answer(world.script, 0, 200, JSON, MESSAGE);
    world_write();
    assert_true(world_sent_has("\"id\":\"msg_1\""));
    assert_true(world_sent_has("\"usage\":{" COST ",\"input_tokens\":10,\"output_tokens\":5}}"));
}

static void gemini_ends_with_its_body(void **state)
{
    static const struct {
        const char *what, *rest;
        enum upstream_end end;
        bool complete;
    } rows[] = {
        {"a finish and the end", CANDIDATE("efgh", ",\"finishReason\":\"STOP\""), UPSTREAM_WHOLE,
         true},
        {"a reset behind the finish", CANDIDATE("efgh", ",\"finishReason\":\"STOP\""),
         UPSTREAM_BROKEN, true},
        {"a reset before it", CANDIDATE("efgh", ""), UPSTREAM_BROKEN, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        speak(WIRE_GEMINI);
        world_ask(STREAM);
        world_write();
        assert_span(rows[i].what, span_of(script_at(world.script, 0)->path),
                    "/models/up-m:streamGenerateContent?alt=sse");
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, CANDIDATE("abcd", ""));
        script_bytes(world.script, 0, rows[i].rest);
        assert_false(world_sent_has("[DONE]"));
        script_end(world.script, 0, rows[i].end);
        world_write();
        assert_int(rows[i].what, world_sent_has("data: [DONE]\n\n"), rows[i].complete);
        assert_int(rows[i].what, world_sent_has("\"error\""), !rows[i].complete);
    }
}

static void geminis_client_names_model_and_stream_in_its_path(void **state)
{
    (void)state;
    world.path_streams = true;
    world_generate(GENERATE);
    world_write();
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"stream\":true"));
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_true(world_head_has("content-type: application/json; charset=UTF-8"));
    assert_int_equal(world_sent().at[0], '[');
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_int_equal(world_sent().at[world_sent().size - 1], ']');
    world_close();
    world_open();
    world.path_streams = true;
    world.query = "key=x&alt=sse";
    world_generate(GENERATE);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_true(world_head_has("content-type: text/event-stream"));
    assert_true(span_starts(world_sent(), "data: {"));
    script_bytes(world.script, 0, STOP TOLD DONE);
    world_write();
    assert_true(world.request.complete);
}

static void a_failure_in_a_stream_is_told_in_the_clients_words(void **state)
{
    (void)state;
    world_messages(ASK_STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    assert_true(world_sent_has("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"));
    assert_false(world_sent_has("message_stop"));
    assert_int_equal(world_event()->outcome, OUTCOME_PROVIDER_DIED);
}

static void an_error_inside_of_a_stream_goes_to_the_next_before_content(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask(STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0,
                 BEGIN "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"
                       "\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n");
    world_write();
    assert_int_equal(script_count(world.script), 2);
    script_head(world.script, 1, 200, SSE);
    script_bytes(world.script, 1, BEGIN DELTA STOPPED ENDED LAST);
    world_write();
    assert_true(world.request.complete);
    assert_int_equal(world_event()->attempt_count, 2);
}

/* Bodies that fill the memory of their request to nearly the last byte, a little more each time:
 * all are answered or refused. */
static void a_body_that_takes_all_memory_is_refused_and_ends_nobody(void **state)
{
    static const char call[] = "{\"functionCall\":{\"name\":\"f\",\"args\":{}}}";
    static const char result[] =
        "{\"functionResponse\":{\"name\":\"f\",\"response\":{\"a\":[\"b\"]}}}";
    enum { MEMORY = 256 << 10 };
    uint32_t refused = 0;

    (void)state;
    for (uint32_t parts = 30; parts < 90; parts++) {
        struct buf body = buf_make(1 << 20);
        world_close();
        world_open();
        world.worker.config.max_request_memory = MEMORY;
        speak(WIRE_ANTHROPIC);
        buf_add_string(&body, "{\"contents\":[{\"role\":\"model\",\"parts\":[");
        for (uint32_t i = 0; i < parts; i++)
            buf_printf(&body, "%s%s", i == 0 ? "" : ",", call);
        buf_add_string(&body, "]},{\"role\":\"user\",\"parts\":[");
        for (uint32_t i = 0; i < parts; i++)
            buf_printf(&body, "%s%s", i == 0 ? "" : ",", result);
        buf_add_string(&body, "]}]}");
        buf_add_byte(&body, '\0');
        world_generate(body.at);
        world_write();
        if (script_count(world.script) > 0)
            script_answer(world.script, 0, 200, JSON, MESSAGE);
        world_write();
        refused += world.request.status >= 400;
        assert_int("answered or refused", world.request.status,
                   script_count(world.script) > 0 ? 200 : 400);
        buf_done(&body);
    }
    assert_true(refused > 0 && refused < 60);
}

static void failover_goes_from_one_language_to_another(void **state)
{
    (void)state;
    world.deployments[1].wire = WIRE_GEMINI;
    world_messages(ASK);
    world_write();
    script_answer(world.script, 0, 503, JSON, "{\"error\":{\"message\":\"busy\"}}");
    world_write();
    assert_int_equal(script_count(world.script), 2);
    assert_span("path", span_of(script_at(world.script, 1)->path), "/models/up-m:generateContent");
    script_answer(world.script, 1, 200, JSON,
                  "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"abcdefgh\"}]},"
                  "\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,"
                  "\"candidatesTokenCount\":5}}");
    world_write();
    assert_true(world_sent_has("\"text\":\"abcdefgh\""));
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void what_was_dropped_is_told_and_required_parameters_are_not(void **state)
{
    static const char loose[] = "{\"model\":\"a/m\",\"seed\":7," HELLO "}";
    static const char strict[] =
        "{\"model\":\"a/m\",\"seed\":7,\"provider\":{\"require_parameters\":true}," HELLO "}";

    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask(loose);
    world_write();
    script_answer(world.script, 0, 200, JSON, MESSAGE);
    world_write();
    assert_true(world_head_has("x-tollgate-dropped: seed"));
    world_close();
    world_open();
    speak(WIRE_ANTHROPIC);
    world_ask(strict);
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("'seed'"));
    assert_int_equal(world_count(RECORD_INTENT), 0);
}

static void a_trace_tells_attempts_and_what_was_dropped(void **state)
{
    static const char loose[] = "{\"model\":\"a/m\",\"seed\":7," HELLO "}";

    (void)state;
    speak(WIRE_ANTHROPIC);
    world.traced = true;
    world_ask(loose);
    world_write();
    script_answer(world.script, 0, 503, JSON, "{}");
    world_write();
    script_answer(world.script, 1, 200, JSON, MESSAGE);
    world_write();
    assert_true(
        world_sent_has(",\"tollgate\":{\"requested\":\"a/m\",\"strategy\":\"default\","
                       "\"attempts\":[{\"provider\":\"one\",\"model\":\"a/m\",\"status\":503,"));
    assert_true(world_sent_has("{\"provider\":\"two\",\"model\":\"a/m\",\"status\":200,"));
    assert_true(world_sent_has("\"dropped\":[\"seed\"]}}"));
}

static void a_dry_run_sends_nothing_and_makes_no_event(void **state)
{
    (void)state;
    world_dry_run("{\"model\":\"a/m\",\"provider\":{\"order\":[\"two\"]}," HELLO "}");
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"object\":\"route.dry_run\""));
    assert_true(
        world_sent_has("\"order\":[{\"provider\":\"two\",\"model\":\"a/m\",\"health\":\"ok\""));
    assert_true(world_sent_has("\"price\":{\"prompt\":\"2.1\",\"completion\":\"8.4\"}"));
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world.record_count, 0);
    assert_int_equal(world.settled, 0);
}

static enum breaker_state breaker_of_the_first(void)
{
    return board_look_at(world.worker.board, &world.deployments[0], world.now_ms).breaker;
}

static void a_probe_that_says_nothing_is_given_back(void **state)
{
    static const struct board_end failed = {.result = BOARD_FAILED};

    (void)state;
    for (int i = 0; i < 10; i++)
        board_end(world.worker.board, &world.deployments[0], &failed, world.now_ms - 6000);
    assert_int_equal(breaker_of_the_first(), BREAKER_HALF_OPEN);
    world_dry_run("{\"model\":\"a/m\"," HELLO "}");
    assert_true(world_sent_has("breaker_half_open"));
    world.admit = ADMIT_NO_CREDIT;
    world_ask("{\"model\":\"a/m\"," HELLO "}");
    assert_int_equal(world.request.status, 402);
    assert_int_equal(breaker_of_the_first(), BREAKER_HALF_OPEN);
    world.admit = ADMIT_OK;
    world_ask("{\"model\":\"a/m\"," HELLO "}");
    world_write();
    assert_int_equal(breaker_of_the_first(), BREAKER_OPEN);
    assert_ptr_equal(script_at(world.script, 0)->deployment, &world.deployments[0]);
    world.request.on_gone(world.request.owner);
    world_write();
    assert_true(script_at(world.script, 0)->cancelled);
    assert_int_equal(breaker_of_the_first(), BREAKER_HALF_OPEN);
}

static void what_is_no_conversation_is_refused_before_anything_is_sent(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask("{\"model\":\"a/m\",\"messages\":[{\"role\":\"nobody\",\"content\":\"x\"}]}");
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world_count(RECORD_INTENT), 0);
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("\"param\":\"messages"));
}

static void tokens_are_counted_without_a_call(void **state)
{
    (void)state;
    world_count_messages("{\"model\":\"a/m\"," HELLO "}");
    assert_int_equal(world.request.status, 200);
    assert_span("count", world_sent(), "{\"input_tokens\":3}");
    assert_int_equal(script_count(world.script), 0);
    assert_int_equal(world_count(RECORD_INTENT), 0);
}

static void errors_of_a_status_are_read_in_the_providers_language(void **state)
{
    (void)state;
    speak(WIRE_ANTHROPIC);
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 400, JSON,
                  "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                  "\"message\":\"max_tokens: too large\"}}");
    world_write();
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("max_tokens: too large"));
    assert_true(world_sent_has("{\"error\":{\"message\":"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(an_openai_client_is_served_by_anthropic),
        world_row(a_stream_is_translated_as_it_comes),
        world_row(every_split_is_translated_alike),
        world_row(anthropics_client_is_served_by_openai),
        world_row(anthropics_stream_ends_in_its_own_words),
        world_row(the_same_language_passes_but_for_its_cost),
        world_row(a_whole_answer_of_the_same_language_has_its_cost),
        world_row(gemini_ends_with_its_body),
        world_row(geminis_client_names_model_and_stream_in_its_path),
        world_row(a_failure_in_a_stream_is_told_in_the_clients_words),
        world_row(an_error_inside_of_a_stream_goes_to_the_next_before_content),
        world_row(a_body_that_takes_all_memory_is_refused_and_ends_nobody),
        world_row(failover_goes_from_one_language_to_another),
        world_row(what_was_dropped_is_told_and_required_parameters_are_not),
        world_row(a_trace_tells_attempts_and_what_was_dropped),
        world_row(a_dry_run_sends_nothing_and_makes_no_event),
        world_row(a_probe_that_says_nothing_is_given_back),
        world_row(what_is_no_conversation_is_refused_before_anything_is_sent),
        world_row(tokens_are_counted_without_a_call),
        world_row(errors_of_a_status_are_read_in_the_providers_language),
    };

    return run_test_table(tests);
}
