/* flow: OpenAI's Responses: of providers that speak them, which keep them, and of others. */
#include <stdio.h>

#include "tests/unit/gateway/flow/answers.h"

#include "gateway/dialect/response_id.h"

#define ASK "{\"model\":\"a/m\",\"input\":\"hello there\"}"
#define ASK_STREAM "{\"model\":\"a/m\",\"input\":\"hello there\",\"stream\":true}"
#define OUTPUT                                                                                     \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","      \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"abcdefgh\",\"annotations\":[]}]}"
#define USED "{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}"
#define RESPONSE(id, status, output, usage)                                                        \
    "{\"id\":\"" id "\",\"object\":\"response\",\"status\":\"" status                              \
    "\",\"error\":null,\"model\":\"up-m\",\"output\":[" output                                     \
    "],\"previous_response_id\":null,\"usage\":" usage "}"
#define FRAME(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"," rest "}\n\n"
#define CREATED                                                                                    \
    FRAME("response.created",                                                                      \
          "\"response\":" RESPONSE("resp_1", "in_progress", "", "null") ",\"sequence_number\":0")
#define DELTA                                                                                      \
    FRAME("response.output_text.delta",                                                            \
          "\"output_index\":0,\"delta\":\"abcdefgh\",\"sequence_number\":4")
#define COMPLETED                                                                                  \
    FRAME("response.completed",                                                                    \
          "\"response\":" RESPONSE("resp_1", "completed", OUTPUT, USED) ",\"sequence_number\":5")

/* Deployments of the catalog's dialect, each with an id. */
static void speak(const char *dialect)
{
    for (size_t i = 0; i < array_size(world.deployments); i++) {
        world.deployments[i].dialect = span_of(dialect);
        memset(&world.deployments[i].id, (int)i + 1, sizeof(struct uuid));
    }
}

/* What the client is told for the provider's own id. */
static void id_of(uint32_t deployment, const char *own, char id_out[RESPONSE_ID_MAX])
{
    const struct snapshot_deployment *kept = &world.deployments[deployment];
    const struct response_place place = {
        .project = world.key.project,
        .deployment = kept->id,
        .account = kept->credential_count == 0 ? 0 : kept->credentials[0].fingerprint,
        .id = span_of(own)};
    struct buf id = buf_make(RESPONSE_ID_MAX);

    response_id_write(&world.worker.response_key, &place, &id);
    memcpy(id_out, id.at, id.size + 1);
    buf_done(&id);
}

static void a_provider_that_speaks_them_is_passed_on(void **state)
{
    char id[RESPONSE_ID_MAX];

    (void)state;
    speak("openai");
    id_of(0, "resp_1", id);
    world_responses(ASK);
    world_write();
    assert_span("path", span_of(script_at(world.script, 0)->path), "/responses");
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"model\":\"up-m\""));
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"input\":\"hello there\""));
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"max_output_tokens\":1000"));
    script_answer(world.script, 0, 200, JSON, RESPONSE("resp_1", "completed", OUTPUT, USED));
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has(id));
    assert_false(world_sent_has("\"id\":\"resp_1\""));
    assert_true(world_sent_has("\"model\":\"up-m\""));
    assert_true(world_sent_has(COST));
    assert_int_equal(world_event()->charge_pico, CHARGE);
    assert_span("normaliser", world_event()->normaliser, "responses/1");
}

static void its_stream_has_one_id_and_the_cost(void **state)
{
    char id[RESPONSE_ID_MAX];

    (void)state;
    speak("openai");
    id_of(0, "resp_1", id);
    world_responses(ASK_STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, CREATED);
    assert_int_equal(world.request.status, 0); /* held until content */
    script_bytes(world.script, 0, DELTA);
    assert_true(world_sent_has(id));
    assert_true(world_sent_has(DELTA));
    script_bytes(world.script, 0, COMPLETED);
    assert_false(world_sent_has("response.completed"));
    world_write();
    assert_true(world_sent_has("event: response.completed\n"));
    assert_true(world_sent_has(COST));
    assert_false(world_sent_has("\"resp_1\""));
    assert_false(world_sent_has("[DONE]"));
    assert_true(world.request.complete);
    assert_int_equal(world_event()->charge_pico, CHARGE);
}

static void a_stream_that_breaks_fails_under_its_id(void **state)
{
    char id[RESPONSE_ID_MAX];

    (void)state;
    speak("openai");
    id_of(0, "resp_1", id);
    world_responses(ASK_STREAM);
    world_write();
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, CREATED DELTA);
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    const char *end = strstr(world.request.sent.at, "event: response.failed");
    assert_non_null(end);
    assert_non_null(strstr(end, id));
    assert_non_null(strstr(end, "\"sequence_number\":5}"));
    assert_null(strstr(end, "response.created"));
}

static void nonsense_is_no_answer(void **state)
{
    static const char *const frames[] = {
        "data: {\"type\":\n\n",
        "data: [DONE]\n\n",
        "data: 5\n\n",
        "data: {}\n\n",
        CREATED "data: {\"type\":\"response.created\",\"response\":\n\n",
        CREATED DELTA "data: nonsense\n\n",
    };

    (void)state;
    for (size_t i = 0; i < array_size(frames); i++) {
        world_close();
        world_open();
        speak("openai");
        world_responses(ASK_STREAM);
        world_write();
        script_head(world.script, 0, 200, SSE);
        script_bytes(world.script, 0, frames[i]);
        script_end(world.script, 0, UPSTREAM_WHOLE);
        for (uint32_t n = 1; n < 4 && n < script_count(world.script) + 1; n++) {
            world_write();
            world_wait(6000);
            world_write();
            if (n < script_count(world.script))
                script_answer(world.script, n, 200, JSON, "{");
        }
        world_write();
        in_row(frames[i], !world_sent_has("response.completed"));
        in_row(frames[i], world.request.ended);
    }
}

static void another_provider_is_asked_in_its_language(void **state)
{
    (void)state;
    speak("openai-compatible");
    world_responses(ASK_STREAM);
    world_write();
    assert_span("path", span_of(script_at(world.script, 0)->path), "/chat/completions");
    script_head(world.script, 0, 200, SSE);
    script_bytes(world.script, 0, ROLE TEXT);
    assert_true(world_sent_has("event: response.created\n"));
    assert_true(world_sent_has("\"id\":\"resp_gen_"));
    assert_true(world_sent_has("\"delta\":\"abcdefgh\""));
    script_end(world.script, 0, UPSTREAM_BROKEN);
    world_write();
    assert_true(world_sent_has("event: response.failed\n"));
    assert_true(world_sent_has("\"status\":\"incomplete\""));
}

static void thoughts_of_another_provider_are_not_shown_to_it(void **state)
{
    (void)state;
    speak("openai");
    world_responses(
        "{\"model\":\"a/m\",\"input\":[{\"role\":\"user\",\"content\":\"q\"},{\"type\":"
        "\"reasoning\",\"id\":\"rs_gen_1_0\",\"summary\":[],\"encrypted_content\":\"Eq\"},"
        "{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"q\"}]}");
    world_write();
    assert_span("path", span_of(script_at(world.script, 0)->path), "/responses");
    assert_null(strstr(script_at(world.script, 0)->body.at, "reasoning"));
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "\"store\":false"));
    script_answer(world.script, 0, 200, JSON, RESPONSE("resp_1", "completed", OUTPUT, USED));
    world_write();
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"model\":\"up-m\""));
}

static void what_only_its_own_can_read_goes_there(void **state)
{
    (void)state;
    speak("openai-compatible");
    world.deployments[1].dialect = span_of("openai");
    world_responses(
        "{\"model\":\"a/m\",\"input\":[{\"type\":\"custom_tool_call_output\",\"call_id\":"
        "\"c\",\"output\":\"x\"}]}");
    world_write();
    assert_ptr_equal(script_at(world.script, 0)->deployment, &world.deployments[1]);
    assert_non_null(strstr(script_at(world.script, 0)->body.at, "custom_tool_call_output"));
    script_answer(world.script, 0, 200, JSON, RESPONSE("resp_1", "completed", OUTPUT, USED));
    world_write();
    world.deployments[1].dialect = span_of("openai-compatible");
    world_responses(
        "{\"model\":\"a/m\",\"input\":[{\"type\":\"custom_tool_call_output\",\"call_id\":"
        "\"c\",\"output\":\"x\"}]}");
    world_write();
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("\"param\":\"input[0].type\""));
}

static void going_on_leads_to_who_keeps_it(void **state)
{
    char id[RESPONSE_ID_MAX], body[RESPONSE_ID_MAX + 128];

    (void)state;
    speak("openai");
    id_of(1, "resp_0", id);
    (void)snprintf(body, sizeof(body),
                   "{\"model\":\"a/m\",\"input\":\"a\",\"previous_response_id\":\"%s\"}", id);
    world_responses(body);
    world_write();
    assert_ptr_equal(script_at(world.script, 0)->deployment, &world.deployments[1]);
    assert_non_null(
        strstr(script_at(world.script, 0)->body.at, "\"previous_response_id\":\"resp_0\""));
    script_answer(world.script, 0, 200, JSON,
                  "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"model\":"
                  "\"up-m\",\"output\":[" OUTPUT "],\"previous_response_id\":\"resp_0\","
                  "\"usage\":" USED "}");
    world_write();
    assert_true(world_sent_has(id));
    assert_false(world_sent_has("\"resp_0\""));
    assert_int_equal(script_count(world.script), 1);
}

static void what_cannot_be_gone_on_with_is_refused(void **state)
{
    static const struct {
        const char *what, *body, *says;
    } rows[] = {
        {"of a provider itself",
         "{\"model\":\"a/m\",\"input\":\"a\",\"previous_response_id\":\"resp_0\"}", "not found"},
        {"that nobody keeps",
         "{\"model\":\"a/m\",\"input\":\"a\",\"previous_response_id\":\"resp_gen_0\"}",
         "retention"},
    };

    (void)state;
    speak("openai");
    for (size_t i = 0; i < array_size(rows); i++) {
        world_responses(rows[i].body);
        assert_int(rows[i].what, world.request.status, 400);
        in_row(rows[i].what, world_sent_has(rows[i].says));
        in_row(rows[i].what, world_sent_has("\"param\":\"previous_response_id\""));
    }
    assert_int_equal(script_count(world.script), 0);
}

static void what_is_kept_is_read_without_an_event(void **state)
{
    char id[RESPONSE_ID_MAX], before[RESPONSE_ID_MAX];

    (void)state;
    speak("openai");
    id_of(1, "resp_1", id);
    id_of(1, "resp_0", before);
    world.query = "include=x";
    world_response("GET", ENDPOINT_RESPONSE, id);
    assert_int_equal(script_at(world.script, 0)->method, UPSTREAM_GET);
    assert_span("path", span_of(script_at(world.script, 0)->path), "/responses/resp_1?include=x");
    assert_ptr_equal(script_at(world.script, 0)->deployment, &world.deployments[1]);
    script_answer(world.script, 0, 200, JSON,
                  "{\"id\":\"resp_1\",\"previous_response_id\":\"resp_0\",\"output\":[]}");
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has(id));
    assert_true(world_sent_has(before));
    assert_false(world_sent_has("\"resp_"
                                "0\""));
    world.query = NULL;
    world_response("DELETE", ENDPOINT_RESPONSE, id);
    assert_int_equal(script_at(world.script, 1)->method, UPSTREAM_DELETE);
    script_answer(world.script, 1, 404, JSON, "{\"error\":{\"message\":\"resp_1?\"}}");
    assert_int_equal(world.request.status, 404);
    assert_true(world_sent_has(id));
    world_response("POST", ENDPOINT_RESPONSE_CANCEL, id);
    assert_span("cancel", span_of(script_at(world.script, 2)->path), "/responses/resp_1/cancel");
    script_answer(world.script, 2, 400, JSON, "{\"error\":{\"message\":\"not so\"}}");
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("not so"));
    assert_int_equal(world.record_count, 0);
}

static void what_is_not_kept_or_not_theirs_is_not_asked_for(void **state)
{
    static const char *const queries[] = {"stream=true", "include=<x>", "include=a b",
                                          "include=\xc3\xbc", "after=a#b"};
    char id[RESPONSE_ID_MAX];
    struct uuid project = world.key.project;

    (void)state;
    speak("openai");
    id_of(1, "resp_1", id);
    world_response("GET", ENDPOINT_RESPONSE, "resp_1");
    assert_int_equal(world.request.status, 404);
    world_response("GET", ENDPOINT_RESPONSE, "resp_gen_1");
    assert_int_equal(world.request.status, 400);
    assert_true(world_sent_has("retention"));
    memset(&world.key.project, 9, sizeof(project));
    world_response("GET", ENDPOINT_RESPONSE, id);
    assert_int_equal(world.request.status, 404);
    world.key.project = project;
    for (size_t i = 0; i < array_size(queries); i++) {
        world.query = queries[i];
        world_response("GET", ENDPOINT_RESPONSE, id);
        assert_int(queries[i], world.request.status, 400);
    }
    world.query = NULL;
    world.rate = ADMIT_RATE_LIMITED;
    world_response("GET", ENDPOINT_RESPONSE, id);
    assert_int_equal(world.request.status, 429);
    assert_true(world_head_has("retry-after: 2"));
    world.rate = ADMIT_OK;
    world.auth = AUTH_UNKNOWN;
    world_response("GET", ENDPOINT_RESPONSE, id);
    assert_int_equal(world.request.status, 401);
    assert_int_equal(script_count(world.script), 0);
}

static void a_provider_that_is_away_is_told(void **state)
{
    char id[RESPONSE_ID_MAX];

    (void)state;
    speak("openai");
    id_of(0, "resp_1", id);
    world_response("GET", ENDPOINT_RESPONSE, id);
    script_end(world.script, 0, UPSTREAM_NO_CONNECTION);
    assert_int_equal(world.request.status, 503);
    world_response("GET", ENDPOINT_RESPONSE, id);
    script_answer(world.script, 1, 200, "text/html", "<html>");
    assert_int_equal(world.request.status, 502);
    world_response("GET", ENDPOINT_RESPONSE, id);
    world_wait(60001);
    assert_int_equal(world.request.status, 504);
    assert_true(script_at(world.script, 2)->cancelled);
    world_response("GET", ENDPOINT_RESPONSE, id);
    world_leave();
    assert_true(script_at(world.script, 3)->cancelled);
    world_response("GET", ENDPOINT_RESPONSE, id);
    flow_abort_all(&world.worker);
    assert_true(script_at(world.script, 4)->cancelled);
    assert_true(world.request.ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(a_provider_that_speaks_them_is_passed_on),
        world_row(its_stream_has_one_id_and_the_cost),
        world_row(a_stream_that_breaks_fails_under_its_id),
        world_row(nonsense_is_no_answer),
        world_row(another_provider_is_asked_in_its_language),
        world_row(thoughts_of_another_provider_are_not_shown_to_it),
        world_row(what_only_its_own_can_read_goes_there),
        world_row(going_on_leads_to_who_keeps_it),
        world_row(what_cannot_be_gone_on_with_is_refused),
        world_row(what_is_kept_is_read_without_an_event),
        world_row(what_is_not_kept_or_not_theirs_is_not_asked_for),
        world_row(a_provider_that_is_away_is_told),
    };

    return run_test_table(tests);
}
