#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/bedrock.h"
#include "gateway/dialect/event_stream.h"
#include "tests/support/testing_event_stream.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

struct seen {
    struct buf text;
    struct answer answer;
    struct json_doc doc;
    struct answer_reader reader;
};

static void on_event(void *context, const struct answer_event *event)
{
    struct buf *out = context;

    buf_printf(out, "%s%s", out->size > 0 ? " " : "", fixture_event_names[event->kind]);
    if (event->kind == EVENT_TOOL || event->kind == EVENT_ARGUMENTS)
        buf_printf(out, "%u", event->tool);
    if (event->kind == EVENT_TOOL)
        buf_printf(out, "(%.*s,%.*s)", SPAN_ARG(event->id), SPAN_ARG(event->name));
    if (event->kind == EVENT_FINISH)
        buf_printf(out, "(%s)", answer_finish_name(event->finish));
    else if (event->text.size > 0)
        buf_printf(out, "(%.*s%.*s)", SPAN_ARG(event->type), SPAN_ARG(event->text));
    if (event->kind == EVENT_CITATION)
        buf_printf(out, "(%.*s)", SPAN_ARG(event->json));
}

static void begin(struct seen *seen)
{
    seen->text = buf_make(1 << 16);
    seen->doc = json_doc_make();
    seen->answer = answer_make();
    seen->reader = answer_reader_make(&bedrock_upstream, &seen->doc, &seen->answer,
                                      (struct answer_sink){on_event, &seen->text}, NULL);
}

static void done(struct seen *seen)
{
    json_doc_done(&seen->doc);
    buf_done(&seen->text);
}

/* Lines of "event payload". */
static void stream(struct seen *seen, const char *lines, bool framed)
{
    struct span rest = span_of(lines);

    begin(seen);
    while (rest.size > 0) {
        struct span data = span_cut(&rest, '\n'), event = span_cut(&data, ' ');
        bedrock_read_frame(&seen->reader, event, data);
    }
    bedrock_read_end(&seen->reader, framed);
}

#define START "messageStart {\"role\":\"assistant\",\"p\":\"abc\"}\n"
#define STOP(reason) "messageStop {\"stopReason\":\"" reason "\"}\n"
#define USAGE "metadata {\"usage\":{\"inputTokens\":3,\"outputTokens\":2,\"totalTokens\":5}}\n"
#define DELTA(index, delta)                                                                        \
    "contentBlockDelta {\"contentBlockIndex\":" index ",\"delta\":" delta "}\n"
#define CALL(index, use)                                                                           \
    "contentBlockStart {\"contentBlockIndex\":" index ",\"start\":{\"toolUse\":" use "}}\n"

static void streams_become_events(void **state)
{
    static const struct {
        const char *what, *lines, *wanted;
        uint32_t signs;
    } rows[] = {
        {"a text",
         START DELTA("0", "{\"text\":\"a\\n\"}") DELTA(
             "0", "{\"text\":\"\"}") "contentBlockStop {\"contentBlockIndex\":0}\n" STOP("end_turn")
             USAGE,
         "begin text(a\\n) finish(stop) usage done",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"usage before the stop", START DELTA("0", "{\"text\":\"a\"}") USAGE STOP("max_tokens"),
         "begin text(a) finish(length) usage done",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"no usage at all", START DELTA("0", "{\"text\":\"a\"}") STOP("end_turn"),
         "begin text(a) finish(stop) done", ANSWER_CONTENT | ANSWER_FINISH | ANSWER_DONE},
        {"no stop", START DELTA("0", "{\"text\":\"a\"}"), "begin text(a)", ANSWER_CONTENT},
        {"usage and no stop", START USAGE, "begin", 0},
        {"events and members that nobody knows",
         START "surprise {\n"
               "contentBlockDelta {\"contentBlockIndex\":0,\"delta\":{\"video\":1}}\n" STOP(
                   "end_turn") USAGE,
         "begin finish(stop) usage done", ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"thinking, signed and redacted",
         START DELTA("0", "{\"reasoningContent\":{\"text\":\"hm\"}}")
             DELTA("0", "{\"reasoningContent\":{\"signature\":\"s=\"}}")
                 DELTA("1", "{\"reasoningContent\":{\"redactedContent\":\"r=\"}}")
                     DELTA("2", "{\"text\":\"a\"}") STOP("end_turn") USAGE,
         "begin reasoning(hm) signature(s=) redacted(r=) text(a) finish(stop) usage done",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"calls side by side, their parts mixed",
         START DELTA("0", "{\"text\":\"a\"}") CALL("1", "{\"toolUseId\":\"t1\",\"name\":\"f\"}")
             CALL("2", "{\"toolUseId\":\"t2\",\"name\":\"g\",\"type\":\"tool_use\"}")
                 DELTA("2", "{\"toolUse\":{\"input\":\"\"}}")
                     DELTA("2", "{\"toolUse\":{\"input\":\"{\\\"x\\\":\"}}")
                         DELTA("1", "{\"toolUse\":{\"input\":\"{}\"}}")
                             DELTA("2", "{\"toolUse\":{\"input\":\"1}\"}}") STOP("tool_use") USAGE,
         "begin text(a) tool0(t1,f) tool1(t2,g) arguments1({\\\"x\\\":) arguments0({}) "
         "arguments1(1}) finish(tool_calls) usage done",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"a call of the provider's own",
         START CALL("0", "{\"toolUseId\":\"t\",\"name\":\"search\",\"type\":\"server_tool_use\"}")
             DELTA("0", "{\"toolUse\":{\"input\":\"{}\"}}") DELTA(
                 "1", "{\"toolResult\":[{\"text\":\"r\"}]}") DELTA("2", "{\"text\":\"a\"}")
                 DELTA("2", "{\"citation\":{\"title\":\"T\",\"location\":{\"web\":{\"url\":"
                            "\"https://e\"}}}}")
                     DELTA("2", "{\"citation\":{\"location\":{\"documentPage\":{\"start\":1}}}}")
                         STOP("end_turn") USAGE,
         "begin text(a) "
         "citation({\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://e\","
         "\"title\":\"T\",\"start_index\":0,\"end_index\":0}}) finish(stop) usage done",
         ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"arguments of no call", START DELTA("0", "{\"toolUse\":{\"input\":\"{}\"}}"), "begin",
         ANSWER_MALFORMED},
        {"a call without a name", START CALL("0", "{\"toolUseId\":\"t\"}"), "begin",
         ANSWER_MALFORMED},
        {"a delta of no block", START "contentBlockDelta {\"delta\":{\"text\":\"a\"}}\n", "begin",
         ANSWER_MALFORMED},
        {"a block below all", START DELTA("-1", "{\"text\":\"a\"}"), "begin", ANSWER_MALFORMED},
        {"a block beyond all", START DELTA("256", "{\"text\":\"a\"}"), "begin", ANSWER_MALFORMED},
        {"a stop without a reason", START "messageStop {}\n", "begin", ANSWER_MALFORMED},
        {"what is no JSON", START "contentBlockDelta <html>\n", "begin", ANSWER_MALFORMED},
        {"what is no object", START "contentBlockDelta []\n", "begin", ANSWER_MALFORMED},
        {"an exception",
         START DELTA("0", "{\"text\":\"a\"}") "throttlingException {\"message\":\"slow\"}\n" STOP(
             "end_turn") USAGE,
         "begin text(a) error", ANSWER_CONTENT | ANSWER_ERROR},
        {"nothing behind the end", START STOP("end_turn") USAGE DELTA("0", "{\"text\":\"a\"}"),
         "begin finish(stop) usage done", ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct seen seen;
        stream(&seen, rows[i].lines, true);
        assert_span(rows[i].what, buf_span(&seen.text), rows[i].wanted);
        assert_int(rows[i].what, seen.answer.signs, rows[i].signs);
        done(&seen);
    }
}

static void a_connection_that_broke_is_no_end(void **state)
{
    struct seen seen;

    (void)state;
    stream(&seen, START STOP("end_turn"), false);
    assert_span("cut", buf_span(&seen.text), "begin finish(stop)");
    done(&seen);
}

static void stop_reasons_are_translated(void **state)
{
    static const struct {
        const char *reason, *wanted;
        enum answer_finish with_call;
    } rows[] = {
        {"end_turn", "stop", FINISH_TOOL_CALLS},
        {"stop_sequence", "stop", FINISH_TOOL_CALLS},
        {"max_tokens", "length", FINISH_LENGTH},
        {"model_context_window_exceeded", "length", FINISH_LENGTH},
        {"tool_use", "tool_calls", FINISH_TOOL_CALLS},
        {"guardrail_intervened", "content_filter", FINISH_CONTENT_FILTER},
        {"content_filtered", "content_filter", FINISH_CONTENT_FILTER},
        {"malformed_model_output", NULL, FINISH_ERROR},
        {"malformed_tool_use", NULL, FINISH_ERROR},
        {"of_tomorrow", "stop", FINISH_TOOL_CALLS},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *names[] = {rows[i].wanted != NULL ? rows[i].wanted
                                                      : answer_finish_name(FINISH_ERROR),
                               answer_finish_name(rows[i].with_call)};
        for (int call = 0; call < 2; call++) {
            struct buf body = buf_make(4096);
            char wanted[64];
            struct seen seen;
            buf_printf(&body, "{\"output\":{\"message\":{\"content\":[%s]}},\"stopReason\":\"%s\"}",
                       call ? "{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"f\",\"input\":{}}}"
                            : "",
                       rows[i].reason);
            begin(&seen);
            bedrock_read_whole(&seen.reader, buf_span(&body));
            (void)snprintf(wanted, sizeof(wanted), "finish(%s) done", names[call]);
            in_row(rows[i].reason, span_ends(buf_span(&seen.text), wanted));
            assert_string_equal(seen.answer.finish_reason, rows[i].reason);
            done(&seen);
            buf_done(&body);
        }
    }
}

static void whole_answers_become_events(void **state)
{
#define WHOLE(blocks)                                                                              \
    "{\"metrics\":{\"latencyMs\":1},\"output\":{\"message\":{\"role\":\"assistant\",\"content\":"  \
    "[" blocks "]}},\"stopReason\":\"end_turn\",\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}"
    static const struct {
        const char *what, *body, *wanted;
    } rows[] = {
        {"a text", WHOLE("{\"text\":\"a\\u00e9\"}"),
         "begin text(a\\u00e9) finish(stop) usage done"},
        {"nothing in it", WHOLE(""), "begin finish(stop) usage done"},
        {"thinking",
         WHOLE("{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":\"s\"}}},"
               "{\"reasoningContent\":{\"redactedContent\":\"r=\"}},{\"text\":\"a\"}"),
         "begin reasoning(hm) signature(s) redacted(r=) text(a) finish(stop) usage done"},
        {"calls",
         WHOLE("{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"f\",\"input\":{\"q\":\"\\\"\"}}},"
               "{\"toolUse\":{\"toolUseId\":\"t2\",\"name\":\"g\",\"input\":null}},"
               "{\"toolUse\":{\"toolUseId\":\"t3\",\"name\":\"h\",\"type\":\"server_tool_use\"}}"),
         "begin tool0(t1,f) arguments0({\\\"q\\\":\\\"\\\\\\\"\\\"}) tool1(t2,g) "
         "finish(tool_calls) usage done"},
        {"a call without an input", WHOLE("{\"toolUse\":{\"toolUseId\":\"t1\",\"name\":\"f\"}}"),
         "begin tool0(t1,f) finish(tool_calls) usage done"},
        {"what is cited",
         WHOLE("{\"citationsContent\":{\"content\":[{\"text\":\"a\"}],\"citations\":[{\"title\":"
               "\"T\",\"location\":{\"web\":{\"url\":\"https://e\"}}}]}}"),
         "begin text(a) "
         "citation({\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://e\","
         "\"title\":\"T\",\"start_index\":0,\"end_index\":0}}) finish(stop) usage done"},
        {"a picture", WHOLE("{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"iVBO\"}}}"),
         "begin image(image/pngiVBO) finish(stop) usage done"},
        {"an error where an answer should be", "{\"message\":\"no\"}", "error"},
        {"no stop reason", "{\"output\":{\"message\":{\"content\":[]}}}", ""},
        {"no content", "{\"output\":{\"message\":{}},\"stopReason\":\"end_turn\"}", ""},
        {"something else", "{\"choices\":[]}", ""},
        {"a page", "<html>", ""},
        {"nothing", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct seen seen;
        begin(&seen);
        bedrock_read_whole(&seen.reader, span_of(rows[i].body));
        assert_span(rows[i].what, buf_span(&seen.text), rows[i].wanted);
        in_row(rows[i].what,
               ((seen.answer.signs & ANSWER_MALFORMED) != 0) == (rows[i].wanted[0] == '\0'));
        done(&seen);
    }
}

static void usage_is_normalised(void **state)
{
    enum { NONE = -1 };
    static const struct {
        const char *what, *usage, *why;
        int64_t input, output, read, write_5m, write_1h;
    } rows[] = {
        {"plain", "{\"inputTokens\":7,\"outputTokens\":30,\"totalTokens\":37}", NULL, 7, 30, NONE,
         NONE, NONE},
        {"read from a cache",
         "{\"inputTokens\":2,\"outputTokens\":5,\"cacheReadInputTokens\":1322,"
         "\"cacheReadInputTokenCount\":1322,\"cacheWriteInputTokens\":0,\"serverToolUsage\":{}}",
         NULL, 2, 5, 1322, 0, NONE},
        {"the other names",
         "{\"inputTokens\":2,\"outputTokens\":5,\"cacheReadInputTokenCount\":8,"
         "\"cacheWriteInputTokenCount\":9}",
         NULL, 2, 5, 8, 9, NONE},
        {"writes by their lifetime",
         "{\"inputTokens\":2,\"outputTokens\":5,\"cacheWriteInputTokens\":30,\"cacheDetails\":["
         "{\"ttl\":\"1h\",\"inputTokens\":10},{\"ttl\":\"5m\",\"inputTokens\":20}]}",
         NULL, 2, 5, NONE, 20, 10},
        {"details alone",
         "{\"inputTokens\":2,\"outputTokens\":5,\"cacheDetails\":["
         "{\"ttl\":\"1h\",\"inputTokens\":10}]}",
         NULL, 2, 5, NONE, 0, 10},
        {"no details in the list", "{\"inputTokens\":2,\"outputTokens\":5,\"cacheDetails\":[]}",
         NULL, 2, 5, NONE, NONE, NONE},
        {"a null is not told",
         "{\"inputTokens\":2,\"outputTokens\":5,\"cacheReadInputTokens\":null}", NULL, 2, 5, NONE,
         NONE, NONE},
        {"as many as can be", "{\"inputTokens\":10000000,\"outputTokens\":0}", NULL, 10000000, 0,
         NONE, NONE, NONE},
        {"more", "{\"inputTokens\":10000001,\"outputTokens\":0}", "inputTokens is no quantity", 0,
         0, 0, 0, 0},
        {"below nothing", "{\"inputTokens\":1,\"outputTokens\":-1}", "outputTokens is no quantity",
         0, 0, 0, 0, 0},
        {"a fraction", "{\"inputTokens\":1.5,\"outputTokens\":1}", "inputTokens is no quantity", 0,
         0, 0, 0, 0},
        {"a text", "{\"inputTokens\":1,\"outputTokens\":1,\"cacheReadInputTokens\":\"1\"}",
         "cacheReadInputTokens is no quantity", 0, 0, 0, 0, 0},
        {"a write that is a text",
         "{\"inputTokens\":1,\"outputTokens\":1,\"cacheWriteInputTokens\":\"1\"}",
         "cacheWriteInputTokens is no quantity", 0, 0, 0, 0, 0},
        {"no input", "{\"outputTokens\":1}", "inputTokens is missing", 0, 0, 0, 0, 0},
        {"no output", "{\"inputTokens\":1}", "outputTokens is missing", 0, 0, 0, 0, 0},
        {"more details than writes",
         "{\"inputTokens\":1,\"outputTokens\":1,\"cacheWriteInputTokens\":1,\"cacheDetails\":["
         "{\"ttl\":\"1h\",\"inputTokens\":2}]}",
         "more tokens in cacheDetails than were written", 0, 0, 0, 0, 0},
        {"details that are none", "{\"inputTokens\":1,\"outputTokens\":1,\"cacheDetails\":{}}",
         "cacheDetails is no list of quantities", 0, 0, 0, 0, 0},
        {"no object", "[1]", "usage is no object", 0, 0, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct {
            enum meter meter;
            int64_t count;
        } meters[] = {{METER_INPUT, rows[i].input},
                      {METER_OUTPUT, rows[i].output},
                      {METER_CACHE_READ, rows[i].read},
                      {METER_CACHE_WRITE_5M, rows[i].write_5m},
                      {METER_CACHE_WRITE_1H, rows[i].write_1h}};
        struct buf lines = buf_make(4096);
        struct seen seen;
        buf_printf(&lines, START STOP("end_turn") "metadata {\"usage\":%s}\n", rows[i].usage);
        stream(&seen, lines.at, true);
        const struct answer_usage *usage = &seen.answer.usage;
        assert_int(rows[i].what, usage->state,
                   rows[i].why == NULL ? ANSWER_USAGE_GOOD : ANSWER_USAGE_QUARANTINED);
        assert_span(rows[i].what, span_of(usage->why), rows[i].why == NULL ? "" : rows[i].why);
        assert_span(rows[i].what, span_make(usage->verbatim, usage->verbatim_size), rows[i].usage);
        for (size_t m = 0; rows[i].why == NULL && m < array_size(meters); m++) {
            assert_int(rows[i].what, meters_has(&usage->meters, meters[m].meter),
                       meters[m].count != NONE);
            assert_int(rows[i].what, usage->meters.count[meters[m].meter],
                       meters[m].count == NONE ? 0 : meters[m].count);
        }
        in_row(rows[i].what, rows[i].why == NULL || usage->meters.present == 0);
        done(&seen);
        buf_done(&lines);
    }
}

static void the_tier_that_served_is_told(void **state)
{
    static const struct {
        const char *tier;
        enum price_mode mode;
    } rows[] = {{"default", MODE_STANDARD},
                {"flex", MODE_FLEX},
                {"priority", MODE_PRIORITY},
                {"reserved", MODE_STANDARD}};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf lines = buf_make(4096);
        struct seen seen;
        buf_printf(&lines, "metadata {\"serviceTier\":{\"type\":\"%s\"}}\n", rows[i].tier);
        stream(&seen, lines.at, true);
        assert_int(rows[i].tier, seen.answer.mode, rows[i].mode);
        done(&seen);
        buf_done(&lines);
    }
}

static void errors_are_told(void **state)
{
    static const struct {
        const char *what, *body, *message, *code;
        int32_t status;
        bool is;
    } rows[] = {
        {"a message", "{\"message\":\"The model is \\\"invalid\\\".\"}",
         "The model is \"invalid\".", "", 0, true},
        {"in capitals", "{\"Message\":\"m\"}", "m", "", 0, true},
        {"with a type",
         "{\"__type\":\"com.amazon.coral.service#ThrottlingException\","
         "\"message\":\"slow\"}",
         "slow", "ThrottlingException", 429, true},
        {"a type alone", "{\"__type\":\"UnrecognizedClientException:http://e/\"}",
         "UnrecognizedClientException", "UnrecognizedClientException", 403, true},
        {"of a path that is none",
         "{\"Output\":{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"},"
         "\"Version\":\"1.0\"}",
         "UnknownOperationException", "UnknownOperationException", 404, true},
        {"a message that is null", "{\"message\":null}", "", "", 0, false},
        {"nothing that is known", "{}", "", "", 0, false},
        {"a page", "<html></html>", "", "", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct seen seen;
        begin(&seen);
        assert_int(rows[i].what, bedrock_read_error(&seen.reader, span_of(rows[i].body)),
                   rows[i].is);
        assert_span(rows[i].what, span_of(seen.answer.error_message), rows[i].message);
        assert_span(rows[i].what, span_of(seen.answer.error_code), rows[i].code);
        assert_int(rows[i].what, seen.answer.error_status, rows[i].status);
        done(&seen);
    }
}

static void exceptions_of_a_stream_are_told(void **state)
{
    static const struct {
        const char *line, *message, *code;
        int32_t status;
    } rows[] = {
        {"throttlingException {\"message\":\"slow\"}", "slow", "throttlingException", 429},
        {"validationException {\"message\":\"bad\"}", "bad", "validationException", 400},
        {"internalServerException {\"message\":\"oh\"}", "oh", "internalServerException", 500},
        {"serviceUnavailableException {}", "serviceUnavailableException",
         "serviceUnavailableException", 503},
        {"modelStreamErrorException {\"originalMessage\":\"o\",\"originalStatusCode\":500}", "o",
         "modelStreamErrorException", 424},
        {"ofTomorrowException <html>", "ofTomorrowException", "ofTomorrowException", 0},
        {"error it broke", "it broke", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct seen seen;
        stream(&seen, rows[i].line, true);
        assert_span(rows[i].line, buf_span(&seen.text), "error");
        assert_span(rows[i].line, span_of(seen.answer.error_message), rows[i].message);
        assert_span(rows[i].line, span_of(seen.answer.error_code), rows[i].code);
        assert_int(rows[i].line, seen.answer.error_status, rows[i].status);
        done(&seen);
    }
}

static void a_long_message_is_cut_between_characters(void **state)
{
    struct buf body = buf_make(4096);
    struct seen seen;

    (void)state;
    buf_add_string(&body, "{\"message\":\"x");
    for (int i = 0; i < ANSWER_MESSAGE_MAX; i++)
        buf_add_string(&body, "\xc3\xa9");
    buf_add_string(&body, "\"}");
    begin(&seen);
    assert_true(bedrock_read_error(&seen.reader, buf_span(&body)));
    assert_int_equal(strlen(seen.answer.error_message), ANSWER_MESSAGE_MAX - 1);
    assert_int_equal((unsigned char)seen.answer.error_message[ANSWER_MESSAGE_MAX - 2], 0xa9);
    done(&seen);
    buf_done(&body);
}

/* From the bytes to the events, through the framing. */
static void a_stream_cut_at_every_byte_says_the_same(void **state)
{
    struct buf bytes = buf_make(1 << 16);

    (void)state;
    add_event(&bytes, "event", "messageStart", "{\"role\":\"assistant\"}");
    add_event(&bytes, "event", "contentBlockDelta",
              "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"a\"}}");
    add_event(&bytes, "event", "messageStop", "{\"stopReason\":\"end_turn\"}");
    add_event(&bytes, "event", "metadata", "{\"usage\":{\"inputTokens\":1,\"outputTokens\":1}}");
    for (size_t at = 0; at < bytes.size; at++) {
        const struct span parts[] = {span_part(buf_span(&bytes), 0, at),
                                     span_part(buf_span(&bytes), at, bytes.size)};
        struct event_stream events = event_stream_make();
        struct event_stream_frame frame;
        struct seen seen;
        begin(&seen);
        for (size_t i = 0; i < array_size(parts); i++) {
            event_stream_feed(&events, parts[i]);
            while (event_stream_next(&events, &frame) == EVENT_STREAM_FRAME)
                bedrock_read_frame(&seen.reader, frame.event, frame.data);
        }
        assert_span("cut", buf_span(&seen.text), "begin text(a) finish(stop) usage done");
        done(&seen);
        event_stream_done(&events);
    }
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_become_events),
        cmocka_unit_test(a_connection_that_broke_is_no_end),
        cmocka_unit_test(stop_reasons_are_translated),
        cmocka_unit_test(whole_answers_become_events),
        cmocka_unit_test(usage_is_normalised),
        cmocka_unit_test(the_tier_that_served_is_told),
        cmocka_unit_test(errors_are_told),
        cmocka_unit_test(exceptions_of_a_stream_are_told),
        cmocka_unit_test(a_long_message_is_cut_between_characters),
        cmocka_unit_test(a_stream_cut_at_every_byte_says_the_same),
    };

    return run_test_table(tests);
}
