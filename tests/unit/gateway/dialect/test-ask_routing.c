#include "tests/support/testing.h"

#include "common/base/arena.h"
#include "gateway/dialect/ask_header.h"

#define BODY(members)                                                                              \
    "{\"model\":\"m\"," members "\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}"

struct reading {
    struct json_doc doc;
    struct arena *arena;
    struct ask ask;
    struct ask_refusal why;
};

static struct reading open_reading(void)
{
    return (struct reading){.doc = json_doc_make(), .arena = arena_new(4096, 1 << 20)};
}

static void close_reading(struct reading *r)
{
    arena_free(r->arena);
    json_doc_done(&r->doc);
}

static enum ask_outcome read_body(struct reading *r, const char *body)
{
    const struct ask_source source = {.kind = ASK_CHAT, .body = span_of(body)};

    r->why = (struct ask_refusal){0};
    return ask_read(&source, &r->doc, r->arena, &r->ask, &r->why);
}

static void wrong_values_are_named_with_their_range(void **state)
{
    static const struct {
        const char *what, *body;
        enum ask_outcome wanted;
        const char *param, *says;
    } rows[] = {
        {"models of text", BODY("\"models\":\"a\","), ASK_INVALID, "models", "array of strings"},
        {"nine models", BODY("\"models\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],"),
         ASK_INVALID, "models", "at most 8"},
        {"fallbacks of text", BODY("\"fallbacks\":\"a\","), ASK_INVALID, "fallbacks",
         "array of models' names"},
        {"a fallback of a number", BODY("\"fallbacks\":[1],"), ASK_INVALID, "fallbacks", "array"},
        {"a fallback with more in it", BODY("\"fallbacks\":[{\"model\":\"a\",\"messages\":[]}],"),
         ASK_UNSUPPORTED, "fallbacks", "'model' alone"},
        {"a fallback by model, as a router's settings have it",
         BODY("\"context_window_fallbacks\":[{\"m\":[\"a\"]}],"), ASK_UNSUPPORTED,
         "context_window_fallbacks", "'model' alone"},
        {"nine fallbacks",
         BODY("\"content_policy_fallbacks\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\","
              "\"9\"],"),
         ASK_INVALID, "content_policy_fallbacks", "at most 8"},
        {"six retries", BODY("\"num_retries\":6,"), ASK_INVALID, "num_retries", "from 0 to 5"},
        {"less than none", BODY("\"num_retries\":-1,"), ASK_INVALID, "num_retries", "from 0 to 5"},
        {"half a retry", BODY("\"num_retries\":0.5,"), ASK_INVALID, "num_retries", "whole"},
        {"no time", BODY("\"timeout\":0,"), ASK_INVALID, "timeout", "0.001 to 3600"},
        {"more than an hour", BODY("\"timeout\":3601,"), ASK_INVALID, "timeout", "0.001 to 3600"},
        {"time of text", BODY("\"stream_timeout\":\"5\","), ASK_INVALID, "stream_timeout",
         "number of seconds"},
        {"a ping after an hour", BODY("\"first_ping_ms\":3600000,"), ASK_INVALID, "first_ping_ms",
         "0 to 120000"},
        {"a preset of a number", BODY("\"preset\":1,"), ASK_INVALID, "preset", "string"},
        {"a preset without a name", BODY("\"preset\":\"@preset/\","), ASK_INVALID, "preset",
         "name of a preset"},
        {"a mock of text", BODY("\"mock_testing_fallbacks\":\"yes\","), ASK_INVALID,
         "mock_testing_fallbacks", "true or false"},
        {"a mocked limit of a number", BODY("\"mock_testing_rate_limit_error\":1,"), ASK_INVALID,
         "mock_testing_rate_limit_error", "true or false"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct reading r = open_reading();

        assert_int(rows[i].what, read_body(&r, rows[i].body), rows[i].wanted);
        assert_span(rows[i].what, span_of(r.why.param), rows[i].param);
        in_row(rows[i].what, strstr(r.why.message, rows[i].says) != NULL);
        close_reading(&r);
    }
}

static void nothing_told_is_told_apart(void **state)
{
    struct reading r = open_reading();

    (void)state;
    assert_int_equal(read_body(&r, BODY("\"timeout\":null,\"num_retries\":null,\"models\":null,")),
                     ASK_OK);
    assert_int_equal(r.ask.routing.retries, -1);
    assert_int_equal(r.ask.routing.timeout_ms, -1);
    assert_int_equal(r.ask.routing.first_token_ms, -1);
    assert_int_equal(r.ask.routing.first_ping_ms, -1);
    assert_int_equal(r.ask.routing.models.count, 0);
    assert_int_equal(r.ask.routing.preset.size, 0);
    close_reading(&r);
}

static void members_are_read(void **state)
{
    struct reading r = open_reading();

    (void)state;
    assert_int_equal(
        read_body(&r, BODY("\"models\":[\"a\",\"b\"],\"fallbacks\":[\"c\",{\"model\":\"d\"}],"
                           "\"context_window_fallbacks\":[\"e\"],\"num_retries\":0,"
                           "\"content_policy_fallbacks\":[\"f\"],\"timeout\":1.5,"
                           "\"stream_timeout\":0.25,\"first_ping_ms\":0,"
                           "\"preset\":\"@preset/p\",\"mock_testing_fallbacks\":true,")),
        ASK_OK);
    assert_span("the second model", r.ask.routing.models.at[1], "b");
    assert_span("an object", r.ask.routing.fallbacks[FALL_ERROR].at[1], "d");
    assert_span("context", r.ask.routing.fallbacks[FALL_CONTEXT].at[0], "e");
    assert_span("policy", r.ask.routing.fallbacks[FALL_POLICY].at[0], "f");
    assert_int_equal(r.ask.routing.retries, 0);
    assert_int_equal(r.ask.routing.timeout_ms, 1500);
    assert_int_equal(r.ask.routing.first_token_ms, 250);
    assert_int_equal(r.ask.routing.first_ping_ms, 0);
    assert_span("preset", r.ask.routing.preset, "p");
    assert_true(r.ask.routing.mock_fall[FALL_ERROR]);
    assert_false(r.ask.routing.mock_fall[FALL_CONTEXT]);
    assert_int_equal(r.ask.consumed_count, 10);
    close_reading(&r);
}

/* Every header that is known, with what the other way round would be refused. */
static void headers_are_read_as_members(void **state)
{
    static const struct {
        const char *name, *value;
        enum ask_outcome wanted;
    } rows[] = {
        {"x-tollgate-models", "a , b,", ASK_OK},
        {"x-tollgate-models", "[\"a\",\"b\"]", ASK_OK},
        {"x-tollgate-fallbacks", "[{\"model\":\"a\"}]", ASK_OK},
        {"x-tollgate-context-window-fallbacks", "a", ASK_OK},
        {"x-tollgate-content-policy-fallbacks", "a", ASK_OK},
        {"x-tollgate-provider", "{\"only\":[\"p\"]}", ASK_OK},
        {"x-tollgate-provider", "p", ASK_INVALID},
        {"x-tollgate-provider", "{\"only\":1}", ASK_INVALID},
        {"x-tollgate-num-retries", "3", ASK_OK},
        {"x-tollgate-num-retries", "many", ASK_INVALID},
        {"x-tollgate-num-retries", "6", ASK_INVALID},
        {"x-tollgate-timeout", "2.5", ASK_OK},
        {"x-tollgate-timeout", "[", ASK_INVALID},
        {"x-tollgate-stream-timeout", "1", ASK_OK},
        {"x-tollgate-first-ping-ms", "100", ASK_OK},
        {"x-tollgate-preset", "canary", ASK_OK},
        {"x-tollgate-session-id", "4711", ASK_OK},
        {"x-tollgate-tags", "team=red,x", ASK_OK},
        {"x-tollgate-mock-testing-fallbacks", "true", ASK_OK},
        {"x-tollgate-mock-testing-fallbacks", "yes", ASK_INVALID},
        {"x-tollgate-mock-testing-rate-limit-error", "true", ASK_OK},
        {"x-tollgate-trace", "1", ASK_OK},
        {"x-tollgate-", "1", ASK_OK},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct reading r = open_reading();
        enum ask_outcome outcome;

        assert_int(rows[i].name, read_body(&r, BODY("")), ASK_OK);
        outcome =
            ask_read_header(&r.ask, span_of(rows[i].name), span_of(rows[i].value), r.arena, &r.why);
        assert_int(rows[i].value, outcome, rows[i].wanted);
        if (outcome != ASK_OK)
            in_row(rows[i].name, strstr(r.why.message, rows[i].name) != NULL);
        close_reading(&r);
    }
}

static void a_header_that_comes_often_says_no_more_than_one(void **state)
{
    static const char *const names[] = {"x-tollgate-models", "x-tollgate-fallbacks",
                                        "x-tollgate-context-window-fallbacks",
                                        "x-tollgate-content-policy-fallbacks"};

    (void)state;
    for (size_t i = 0; i < array_size(names); i++) {
        const struct span name = span_of(names[i]);
        struct reading r = open_reading();

        assert_int(names[i], read_body(&r, BODY("")), ASK_OK);
        assert_int(names[i], ask_read_header(&r.ask, name, span_of("a,b,c,d,e"), r.arena, &r.why),
                   ASK_OK);
        assert_int(names[i], ask_read_header(&r.ask, name, span_of("f,g,h"), r.arena, &r.why),
                   ASK_OK);
        assert_int(names[i], ask_read_header(&r.ask, name, span_of("i"), r.arena, &r.why),
                   ASK_INVALID);
        assert_span(names[i], span_of(r.why.param), names[i]);
        in_row(names[i], strstr(r.why.message, "at most 8") != NULL);
        in_row(names[i], r.ask.routing.models.count <= ASK_MODELS_MAX);
        close_reading(&r);
    }
}

static void a_member_wins_over_its_header(void **state)
{
    static const struct {
        const char *name, *value;
    } headers[] = {{"x-tollgate-timeout", "9"},
                   {"x-tollgate-models", "a,b"},
                   {"x-tollgate-session-id", "12"},
                   {"x-tollgate-num-retries", "2"}};
    struct reading r = open_reading();

    (void)state;
    assert_int_equal(read_body(&r, BODY("\"timeout\":1,\"num_retries\":null,")), ASK_OK);
    for (size_t i = 0; i < array_size(headers); i++)
        assert_int_equal(ask_read_header(&r.ask, span_of(headers[i].name),
                                         span_of(headers[i].value), r.arena, &r.why),
                         ASK_OK);
    assert_int_equal(r.ask.routing.timeout_ms, 1000);
    assert_int_equal(r.ask.routing.models.count, 2);
    assert_span("trimmed", r.ask.routing.models.at[1], "b");
    assert_span("a text, whatever it looks like", r.ask.session_id, "12");
    assert_int_equal(r.ask.routing.retries, 2); /* null says nothing */
    close_reading(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_values_are_named_with_their_range),
        cmocka_unit_test(nothing_told_is_told_apart),
        cmocka_unit_test(members_are_read),
        cmocka_unit_test(headers_are_read_as_members),
        cmocka_unit_test(a_header_that_comes_often_says_no_more_than_one),
        cmocka_unit_test(a_member_wins_over_its_header),
    };

    return run_test_table(tests);
}
