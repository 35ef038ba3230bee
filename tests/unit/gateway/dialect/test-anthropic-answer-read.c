#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/anthropic.h"
#include "gateway/dialect/sse.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

struct heard {
    struct answer answer;
    struct buf said;
};

static struct answer_reader begin(struct heard *heard, struct json_doc *doc)
{
    heard->answer = answer_make();
    heard->said = buf_make(1 << 20);
    return answer_reader_make(&anthropic_upstream, doc, &heard->answer,
                              (struct answer_sink){fixture_note, &heard->said}, NULL);
}

static void hear_whole(struct heard *heard, const char *body)
{
    struct json_doc doc = json_doc_make();
    struct answer_reader reader = begin(heard, &doc);

    anthropic_upstream.read_whole(&reader, span_of(body));
    json_doc_done(&doc);
}

static void hear_stream(struct heard *heard, const char *body, size_t piece)
{
    struct json_doc doc = json_doc_make();
    struct answer_reader reader = begin(heard, &doc);
    struct sse sse = sse_make();
    struct sse_frame frame;
    struct span rest = span_of(body);

    while (rest.size > 0) {
        sse_feed(&sse, span_part(rest, 0, piece));
        while (sse_next(&sse, &frame) == SSE_FRAME)
            anthropic_upstream.read_frame(&reader, frame.event, frame.data);
        rest = span_part(rest, piece, rest.size);
    }
    sse_done(&sse);
    json_doc_done(&doc);
}

static void forget(struct heard *heard)
{
    buf_done(&heard->said);
}

#define START(usage)                                                                               \
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","       \
    "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],"           \
    "\"stop_reason\":null,\"usage\":" usage "}}\n\n"                                               \
    "event: ping\ndata: {\"type\": \"ping\"}\n\n"
#define BLOCK(index, block)                                                                        \
    "data: {\"type\":\"content_block_start\",\"index\":" #index ",\"content_block\":" block "}\n"  \
    "\n"
#define DELTA(index, delta)                                                                        \
    "data: {\"type\":\"content_block_delta\",\"index\":" #index ",\"delta\":" delta "}\n\n"
#define STOP(index) "data: {\"type\":\"content_block_stop\",\"index\":" #index "}\n\n"
#define END(reason, usage)                                                                         \
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" reason "},\"usage\":" usage    \
    "}\n\ndata: {\"type\":\"message_stop\"}\n\n"
#define USAGE "{\"input_tokens\":9,\"output_tokens\":4}"
#define WHOLE(content, reason)                                                                     \
    "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\","        \
    "\"content\":[" content "],\"stop_reason\":" reason ",\"usage\":" USAGE "}"

static void a_stream_under_every_split_and_the_whole_say_the_same(void **state)
{
    static const struct {
        const char *what, *stream, *whole, *said;
    } rows[] = {
        {"text",
         START("{\"input_tokens\":9,\"output_tokens\":1}")
             BLOCK(0, "{\"type\":\"text\",\"text\":\"\"}")
                 DELTA(0, "{\"type\":\"text_delta\",\"text\":\"Hi \\u00fc\"}")
                     DELTA(0, "{\"type\":\"text_delta\",\"text\":\"\\n!\"}") STOP(0)
                         END("\"end_turn\"", "{\"output_tokens\":4}"),
         WHOLE("{\"type\":\"text\",\"text\":\"Hi \\u00fc\\n!\"}", "\"end_turn\""),
         "|B0:msg_1=claude-x|t0:Hi \\u00fc\\n!|F0:stop|U0:|D0:"},
        {"thinking, signed, redacted, and a call without arguments",
         START(USAGE) BLOCK(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
             DELTA(0, "{\"type\":\"thinking_delta\",\"thinking\":\"hm\"}")
                 DELTA(0, "{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}") STOP(0)
                     BLOCK(1, "{\"type\":\"redacted_thinking\",\"data\":\"ZGF0YQ==\"}") STOP(1)
                         BLOCK(2, "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\","
                                  "\"input\":{}}")
                             DELTA(2, "{\"type\":\"input_json_delta\",\"partial_json\":\"\"}")
                                 STOP(2) END("\"tool_use\"", USAGE),
         WHOLE("{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"c2ln\"},"
               "{\"type\":\"redacted_thinking\",\"data\":\"ZGF0YQ==\"},"
               "{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}",
               "\"tool_use\""),
         "|B0:msg_1=claude-x|r0:hm|s0:c2ln|x0:ZGF0YQ==|T0:toolu_1=f|a0:{}|F0:tool_calls|U0:|D0:"},
        {"parallel calls",
         START(USAGE) BLOCK(0, "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}")
             DELTA(0, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"c\\\":\"}")
                 DELTA(0, "{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"P\\\"}\"}") STOP(0)
                     BLOCK(1, "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\",\"input\":{}}")
                         DELTA(1, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"n\\\":"
                                  "null}\"}") STOP(1) END("\"tool_use\"", USAGE),
         WHOLE("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{\"c\":\"P\"}},"
               "{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"g\",\"input\":{\"n\":null}}",
               "\"tool_use\""),
         "|B0:msg_1=claude-x|T0:a=f|a0:{\\\"c\\\":\\\"P\\\"}|T1:b=g|a1:{\\\"n\\\":null}|F0:tool_"
         "calls|U0:|D0:"},
        {"what the provider does itself is passed over, its citations are not",
         START(USAGE) BLOCK(0, "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\","
                               "\"input\":{}}")
             DELTA(0, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"q\\\":1}\"}") STOP(0)
                 BLOCK(1, "{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\","
                          "\"content\":[]}") STOP(1)
                     BLOCK(2, "{\"type\":\"text\",\"text\":\"\",\"citations\":[]}")
                         DELTA(2, "{\"type\":\"citations_delta\",\"citation\":{\"type\":\"web_"
                                  "search_result_location\",\"url\":\"https://a\",\"title\":\"A\","
                                  "\"cited_text\":\"q\",\"encrypted_index\":\"e\"}}")
                             DELTA(2, "{\"type\":\"text_delta\",\"text\":\"ok\"}") STOP(2)
                                 END("\"end_turn\"", USAGE),
         WHOLE("{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{"
               "\"q\":1}},{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"s\",\"content\":["
               "]},{\"type\":\"text\",\"text\":\"ok\",\"citations\":[{\"type\":\"web_search_result_"
               "location\",\"url\":\"https://a\",\"title\":\"A\",\"cited_text\":\"q\"}]}",
               "\"end_turn\""),
         "|B0:msg_1=claude-x|c0:{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://"
         "a\",\"title\":\"A\",\"content\":\"q\",\"start_index\":0,\"end_index\":0}}|t0:ok|F0:stop|"
         "U0:|D0:"},
        {"the tool that stands for a schema is the text",
         START(USAGE) BLOCK(0, "{\"type\":\"tool_use\",\"id\":\"a\",\"name\":"
                               "\"tollgate_structured_output\",\"input\":{}}")
             DELTA(0, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\":1}\"}") STOP(0)
                 END("\"tool_use\"", USAGE),
         WHOLE("{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"tollgate_structured_output\","
               "\"input\":{\"a\":1}}",
               "\"tool_use\""),
         "|B0:msg_1=claude-x|t0:{\\\"a\\\":1}|F0:stop|U0:|D0:"},
        {"nothing at all, refused", START(USAGE) END("\"refusal\"", USAGE),
         WHOLE("", "\"refusal\""), "|B0:msg_1=claude-x|F0:content_filter|U0:|D0:"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;

        hear_whole(&heard, rows[i].whole);
        assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
        assert_int(rows[i].what, heard.answer.usage.meters.count[METER_OUTPUT], 4);
        forget(&heard);
        for (size_t piece = 1; piece <= strlen(rows[i].stream); piece += piece < 70 ? 1 : 97) {
            hear_stream(&heard, rows[i].stream, piece);
            assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
            assert_int(rows[i].what, heard.answer.usage.meters.count[METER_INPUT], 9);
            assert_int(rows[i].what, heard.answer.usage.meters.count[METER_OUTPUT], 4);
            assert_string_equal(heard.answer.id, "msg_1");
            forget(&heard);
        }
    }
}

static void what_a_stream_begins_with_is_no_figure_of_its_output(void **state)
{
    static const struct {
        const char *what, *stream;
        enum answer_usage_state usage;
    } rows[] = {
        {"told at the end", START(USAGE) END("\"end_turn\"", "{\"output_tokens\":4}"),
         ANSWER_USAGE_GOOD},
        {"null at the end", START(USAGE) END("\"end_turn\"", "null"), ANSWER_USAGE_QUARANTINED},
        {"not told at the end",
         START(USAGE) "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
                      "\"end_turn\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n",
         ANSWER_USAGE_QUARANTINED},
        {"told nowhere", START("null") END("\"end_turn\"", "null"), ANSWER_USAGE_ABSENT},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;

        hear_stream(&heard, rows[i].stream, 4096);
        assert_int(rows[i].what, heard.answer.usage.state, rows[i].usage);
        forget(&heard);
    }
}

static void why_an_answer_ended_is_told_by_table(void **state)
{
    static const struct {
        const char *reason, *wanted;
    } rows[] = {
        {"\"end_turn\"", "|F0:stop"},
        {"\"stop_sequence\"", "|F0:stop"},
        {"\"max_tokens\"", "|F0:length"},
        {"\"model_context_window_exceeded\"", "|F0:length"},
        {"\"tool_use\"", "|F0:tool_calls"},
        {"\"pause_turn\"", "|F0:stop"},
        {"\"refusal\"", "|F0:content_filter"},
        {"\"something new\"", "|F0:stop"},
        {"null", "|F0:stop"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char body[512];
        struct heard heard;

        (void)snprintf(body, sizeof(body),
                       "{\"type\":\"message\",\"content\":[],\"stop_reason\":%s,\"usage\":" USAGE
                       "}",
                       rows[i].reason);
        hear_whole(&heard, body);
        in_row(rows[i].reason, strstr(heard.said.at, rows[i].wanted) != NULL);
        forget(&heard);
    }
}

static void what_is_no_answer_is_an_error_or_malformed_and_never_done(void **state)
{
    static const struct {
        const char *what, *stream;
        uint32_t signs;
        int32_t status;
        const char *code;
    } rows[] = {
        {"cut before its end", START(USAGE) BLOCK(0, "{\"type\":\"text\",\"text\":\"a\"}"),
         ANSWER_CONTENT, 0, ""},
        {"cut between the reason and the end",
         START(USAGE) "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},"
                      "\"usage\":" USAGE "}\n\n",
         0, 0, ""},
        {"overloaded in the middle",
         START(USAGE) "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_"
                      "error\",\"message\":\"Overloaded\"}}\n\n" END("\"end_turn\"", USAGE),
         ANSWER_ERROR, 529, "overloaded_error"},
        {"an error without a type", "data: {\"error\":\"down\"}\n\n", ANSWER_ERROR, 0, ""},
        {"not JSON", "data: <html>\n\n", ANSWER_MALFORMED, 0, ""},
        {"no object", "data: [1]\n\n", ANSWER_MALFORMED, 0, ""},
        {"an index past every limit", START(USAGE) STOP(256), ANSWER_MALFORMED, 0, ""},
        {"arguments of nothing",
         START(USAGE) DELTA(0, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}"),
         ANSWER_MALFORMED, 0, ""},
        {"unknown events and deltas are ignored",
         START(USAGE) "event: new\ndata: {\"type\":\"new\",\"x\":[]}\n\n" BLOCK(
             0, "{\"type\":\"hologram\"}") DELTA(0, "{\"type\":\"hologram_delta\"}") STOP(0),
         0, 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;

        hear_stream(&heard, rows[i].stream, 7);
        assert_int(rows[i].what, heard.answer.signs & ~(uint32_t)ANSWER_USAGE, rows[i].signs);
        assert_int(rows[i].what, heard.answer.error_status, rows[i].status);
        assert_span(rows[i].what, span_of(heard.answer.error_code), rows[i].code);
        forget(&heard);
    }
}

static void a_whole_answer_that_is_none_is_told_apart(void **state)
{
    static const struct {
        const char *what, *body;
        uint32_t signs;
    } rows[] = {
        {"an error with a status of 200",
         "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"x\"}}", ANSWER_ERROR},
        {"a page", "<html>", ANSWER_MALFORMED},
        {"another dialect", "{\"choices\":[]}", ANSWER_MALFORMED},
        {"an array", "[]", ANSWER_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;

        hear_whole(&heard, rows[i].body);
        assert_int(rows[i].what, heard.answer.signs, rows[i].signs);
        forget(&heard);
    }
}

static void errors_have_the_status_of_their_type(void **state)
{
    static const struct {
        const char *what, *body;
        bool read;
        int32_t status;
        const char *code, *message;
    } rows[] = {
        {"rate limit",
         "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow "
         "\\u00e4\"}"
         ",\"request_id\":\"r\"}",
         true, 429, "rate_limit_error", "slow \xc3\xa4"},
        {"too long",
         "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt "
         "is "
         "too long: 210000 tokens > 200000 maximum\"}}",
         true, 400, "context_length_exceeded",
         "prompt is too long: 210000 tokens > 200000 maximum"},
        {"too long together with max_tokens",
         "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"input length and "
         "`max_tokens`"
         " exceed context limit: 1 + 2 > 2\"}}",
         true, 400, "context_length_exceeded",
         "input length and `max_tokens` exceed context limit: 1 + 2 > 2"},
        {"Vertex tells Google's way",
         "[{\"error\":{\"code\":404,\"message\":\"no model\",\"status\":\"NOT_FOUND\"}}]", true,
         404, "", "no model"},
        {"a page", "<html>", false, 0, "", ""},
        {"nothing", "", false, 0, "", ""},
        {"no error", "{\"ok\":true}", false, 0, "", ""},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;
        struct answer_reader reader = begin(&heard, &doc);

        assert_int(rows[i].what, anthropic_upstream.read_error(&reader, span_of(rows[i].body)),
                   rows[i].read);
        assert_int(rows[i].what, heard.answer.error_status, rows[i].status);
        assert_span(rows[i].what, span_of(heard.answer.error_code), rows[i].code);
        assert_span(rows[i].what, span_of(heard.answer.error_message), rows[i].message);
        forget(&heard);
    }
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_under_every_split_and_the_whole_say_the_same),
        cmocka_unit_test(what_a_stream_begins_with_is_no_figure_of_its_output),
        cmocka_unit_test(why_an_answer_ended_is_told_by_table),
        cmocka_unit_test(what_is_no_answer_is_an_error_or_malformed_and_never_done),
        cmocka_unit_test(a_whole_answer_that_is_none_is_told_apart),
        cmocka_unit_test(errors_have_the_status_of_their_type),
    };

    return run_test_table(tests);
}
