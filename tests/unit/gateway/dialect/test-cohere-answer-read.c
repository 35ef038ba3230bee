#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/cohere.h"
#include "gateway/dialect/sse.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

struct heard {
    struct answer answer;
    struct buf said;
};

static void hear(struct heard *heard, struct span body, size_t piece)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct answer_reader reader;
    struct sse sse = sse_make();
    struct sse_frame frame;

    heard->answer = answer_make();
    heard->said = buf_make(1 << 20);
    reader = answer_reader_make(&cohere_upstream, &doc, &heard->answer,
                                (struct answer_sink){fixture_note, &heard->said}, arena);
    if (piece == 0)
        cohere_upstream.read_whole(&reader, body);
    while (piece > 0 && body.size > 0) {
        sse_feed(&sse, span_part(body, 0, piece));
        while (sse_next(&sse, &frame) == SSE_FRAME)
            cohere_upstream.read_frame(&reader, frame.event, frame.data);
        body = span_part(body, piece, body.size);
    }
    sse_done(&sse);
    arena_free(arena);
    json_doc_done(&doc);
}

#define DATA(json) "data: " json "\n\n"
#define START DATA("{\"type\":\"message-start\",\"id\":\"m\",\"delta\":{\"message\":{}}}")
#define CONTENT(json)                                                                              \
    DATA("{\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":" json "}}"  \
         "}")
#define PLAN(text)                                                                                 \
    DATA("{\"type\":\"tool-plan-delta\",\"delta\":{\"message\":{\"tool_plan\":\"" text "\"}}}")
#define CALL(index, call)                                                                          \
    DATA("{\"type\":\"tool-call-start\",\"index\":" #index                                         \
         ",\"delta\":{\"message\":{\"tool_calls\":" call "}}}")
#define ARGUMENTS(index, text)                                                                     \
    DATA("{\"type\":\"tool-call-delta\",\"index\":" #index                                         \
         ",\"delta\":{\"message\":{\"tool_calls\":{\"function\":{\"arguments\":" text "}}}}}")
#define USAGE                                                                                      \
    "{\"billed_units\":{\"input_tokens\":2,\"output_tokens\":3},"                                  \
    "\"tokens\":{\"input_tokens\":20,\"output_tokens\":5},\"cached_tokens\":8}"
#define END(word)                                                                                  \
    DATA("{\"type\":\"message-end\",\"delta\":{\"finish_reason\":\"" word "\",\"usage\":" USAGE    \
         "}}")
#define WHOLE(message, word)                                                                       \
    "{\"id\":\"m\",\"message\":{\"role\":\"assistant\"," message "},\"finish_reason\":\"" word     \
    "\",\"usage\":" USAGE "}"
#define CITED                                                                                      \
    "{\"start\":0,\"end\":2,\"text\":\"Hi\",\"type\":\"TEXT_CONTENT\",\"sources\":["               \
    "{\"type\":\"document\",\"id\":\"d1\",\"document\":{\"url\":\"https://a\",\"title\":\"A\"}},"  \
    "{\"type\":\"tool\",\"id\":\"t:0\",\"tool_output\":{\"n\":1}}]}"
#define SHOWN(url, title)                                                                          \
    "{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"" url "\",\"title\":\"" title          \
    "\",\"content\":\"Hi\",\"start_index\":0,\"end_index\":2}}"

static void a_stream_under_every_split_and_the_whole_say_the_same(void **state)
{
    static const struct {
        const char *what, *stream, *whole, *said;
    } rows[] = {
        {"thinking and text; ends of blocks and unknown events say nothing",
         START CONTENT("{\"thinking\":\"h\"}") CONTENT("{\"thinking\":\"m\"}")
             DATA("{\"type\":\"content-end\",\"index\":0}") DATA("{\"type\":\"to-come\"}")
                 CONTENT("{\"text\":\"a\\n\"}") CONTENT("[{\"text\":\"\\u00fc\"}]") END("COMPLETE"),
         WHOLE("\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},{\"type\":\"text\","
               "\"text\":\"a\\n\\u00fc\"}]",
               "COMPLETE"),
         "|B0:m=|r0:hm|t0:a\\n\\u00fc|F0:stop|U0:|D0:"},
        {"a plan and parallel calls, one begun twice, one of null arguments",
         START PLAN("I ") PLAN("will")
             CALL(0, "{\"id\":\"f_1\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}")
                 CALL(0, "{\"id\":\"f_1\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}")
                     ARGUMENTS(0, "\"{\\\"a\\\":\"") ARGUMENTS(0, "\"null\"") ARGUMENTS(0, "\"}\"")
                         CALL(1, "[{\"id\":\"g_1\",\"function\":{\"name\":\"g\"}}]")
                             ARGUMENTS(1, "null") ARGUMENTS(1, "\"null\"") END("TOOL_CALL"),
         WHOLE("\"tool_plan\":\"I will\",\"tool_calls\":[{\"id\":\"f_1\",\"function\":{\"name\":"
               "\"f\",\"arguments\":{\"a\":null}}},{\"id\":\"g_1\",\"function\":{\"name\":\"g\","
               "\"arguments\":\"null\"}}]",
               "TOOL_CALL"),
         "|B0:m=|p0:I will|T0:f_1=f|a0:{\\\"a\\\":null}|T1:g_1=g|F0:tool_calls|U0:|D0:"},
        {"citations, each of its sources; none of a plan",
         START CONTENT("{\"text\":\"Hi\"}")
             DATA("{\"type\":\"citation-start\",\"index\":0,\"delta\":{\"message\":{\"citations\":"
                  "{\"type\":\"PLAN\",\"sources\":[{\"id\":\"x\"}]}}}}")
                 DATA("{\"type\":\"citation-start\",\"index\":1,\"delta\":{\"message\":"
                      "{\"citations\":" CITED "}}}") END("MAX_TOKENS"),
         WHOLE("\"content\":\"Hi\",\"citations\":[" CITED "]", "MAX_TOKENS"),
         "|B0:m=|t0:Hi|c0:" SHOWN("https://a", "A") SHOWN("t:0", "t:0") "|F0:length|U0:|D0:"},
        {"nothing at all", START END("STOP_SEQUENCE"), WHOLE("\"content\":null", "STOP_SEQUENCE"),
         "|B0:m=|F0:stop|U0:|D0:"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;
        for (size_t piece = 1; piece <= strlen(rows[i].stream); piece += piece < 40 ? 1 : 97) {
            hear(&heard, span_of(rows[i].stream), piece);
            assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
            assert_int(rows[i].what, heard.answer.usage.meters.count[METER_INPUT], 2);
            buf_done(&heard.said);
        }
        hear(&heard, span_of(rows[i].whole), 0);
        assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
        assert_int(rows[i].what, heard.answer.usage.shown.count[METER_CACHE_READ], 8);
        assert_string_equal(heard.answer.id, "m");
        buf_done(&heard.said);
    }
}

static void log_probabilities_become_those_of_openai(void **state)
{
    struct heard heard;

    (void)state;
    hear(&heard,
         span_of(START DATA("{\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":"
                            "{\"text\":\"ab\"}}},\"logprobs\":{\"text\":\"ab\",\"token_ids\":[1,2],"
                            "\"logprobs\":[-0.5,-0.25]}}")
                     DATA("{\"type\":\"content-delta\",\"delta\":{\"message\":{\"content\":"
                          "{\"text\":\"c\"}}},\"logprobs\":{\"text\":\"c\",\"token_ids\":[3],"
                          "\"logprobs\":[-0.125e0]}}")),
         4096);
    assert_span("both", buf_span(&heard.said),
                "|B0:m=|t0:ab"
                "|l0:{\"content\":[{\"token\":\"ab\",\"logprob\":-0.75,\"bytes\":null,"
                "\"top_logprobs\":[]}],\"refusal\":null}"
                "|t0:c|l0:{\"content\":[{\"token\":\"c\",\"logprob\":-0.125e0,\"bytes\":null,"
                "\"top_logprobs\":[]}],\"refusal\":null}");
    buf_done(&heard.said);
}

static void every_finish_reason_has_its_meaning(void **state)
{
    static const struct {
        const char *word, *wanted;
    } rows[] = {
        {"COMPLETE", "stop"},        {"complete", "stop"},   {"STOP_SEQUENCE", "stop"},
        {"MAX_TOKENS", "length"},    {"ERROR", "error"},     {"TIMEOUT", "error"},
        {"TOOL_CALL", "tool_calls"}, {"UNHEARD_OF", "stop"}, {"ERROR_TOXIC", "content_filter"},
        {"ERROR_LIMIT", "length"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char body[512], said[128];
        struct heard heard;
        (void)snprintf(body, sizeof(body),
                       "{\"id\":\"m\",\"message\":{\"content\":[]},\"finish_reason\":\"%s\"}",
                       rows[i].word);
        (void)snprintf(said, sizeof(said), "|B0:m=|F0:%s|D0:", rows[i].wanted);
        hear(&heard, span_of(body), 0);
        assert_span(rows[i].word, buf_span(&heard.said), said);
        assert_string_equal(heard.answer.finish_reason, rows[i].word);
        assert_int(rows[i].word, heard.answer.usage.state, ANSWER_USAGE_ABSENT);
        buf_done(&heard.said);
    }
}

static void what_is_no_answer_is_an_error_or_malformed_and_never_done(void **state)
{
    static const struct {
        const char *what, *body;
        bool stream;
        uint32_t signs;
        const char *message;
    } rows[] = {
        {"an error where an answer should be", "{\"message\":\"no such model\"}", false,
         ANSWER_ERROR, "no such model"},
        {"an error of a proxy", "{\"error\":{\"message\":\"no\"}}", false, ANSWER_ERROR, "no"},
        {"another thing", "{\"id\":\"m\"}", false, ANSWER_MALFORMED, ""},
        {"an HTML page", "<html>", false, ANSWER_MALFORMED, ""},
        {"null", "null", false, ANSWER_MALFORMED, ""},
        {"an error in the last event",
         START DATA("{\"type\":\"message-end\",\"delta\":{\"error\":\"it broke\","
                    "\"finish_reason\":\"ERROR\"}}"),
         true, ANSWER_ERROR, "it broke"},
        {"an event named error", START "event: error\n" DATA("{\"message\":\"late\"}"), true,
         ANSWER_ERROR, "late"},
        {"an error without a type", DATA("{\"message\":\"too many\",\"id\":\"x\"}"), true,
         ANSWER_ERROR, "too many"},
        {"arguments of no call", START ARGUMENTS(3, "\"{}\""), true, ANSWER_MALFORMED, ""},
        {"an index out of range", START CALL(70000, "{\"id\":\"a\"}"), true, ANSWER_MALFORMED, ""},
        {"half of an event", START DATA("{\"type\":"), true, ANSWER_MALFORMED, ""},
        {"a stream that is cut", START CONTENT("{\"text\":\"a\"}"), true, ANSWER_CONTENT, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;
        hear(&heard, span_of(rows[i].body), rows[i].stream ? 7 : 0);
        assert_int(rows[i].what, heard.answer.signs, rows[i].signs);
        assert_span(rows[i].what, span_of(heard.answer.error_message), rows[i].message);
        buf_done(&heard.said);
    }
}

static void errors_with_a_status_are_read_as_far_as_there_is_room(void **state)
{
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct answer_reader reader =
        answer_reader_make(&cohere_upstream, &doc, &answer, (struct answer_sink){0}, NULL);
    struct buf body = buf_make(4096);

    (void)state;
    assert_true(cohere_upstream.read_error(
        &reader, span_of("{\"id\":\"x\",\"message\":\"invalid \\\"k\\\"\"}")));
    assert_string_equal(answer.error_message, "invalid \"k\"");
    assert_false(cohere_upstream.read_error(&reader, span_of("{\"data\":\"x\"}")));
    assert_false(cohere_upstream.read_error(&reader, span_of("Bad Gateway")));
    buf_add_string(&body, "{\"message\":\"a");
    for (int i = 0; i < 400; i++)
        buf_add_string(&body, "\xc3\xbc");
    buf_add_string(&body, "\"}");
    assert_true(cohere_upstream.read_error(&reader, buf_span(&body)));
    assert_int_equal(strlen(answer.error_message), ANSWER_MESSAGE_MAX - 1);
    buf_done(&body);
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_under_every_split_and_the_whole_say_the_same),
        cmocka_unit_test(log_probabilities_become_those_of_openai),
        cmocka_unit_test(every_finish_reason_has_its_meaning),
        cmocka_unit_test(what_is_no_answer_is_an_error_or_malformed_and_never_done),
        cmocka_unit_test(errors_with_a_status_are_read_as_far_as_there_is_room),
    };

    return run_test_table(tests);
}
