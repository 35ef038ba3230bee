#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/language.h"
#include "gateway/dialect/sse.h"

/* What was said, an event a letter with its choice when that is not 0, texts that belong together
 * as one. */
struct heard {
    struct answer answer;
    struct buf said;
    char last[32];
};

static void on_event(void *context, const struct answer_event *event)
{
    static const char letters[EVENT_KINDS] = {
        [EVENT_BEGIN] = 'B',     [EVENT_TEXT] = 't',      [EVENT_REFUSAL] = 'f',
        [EVENT_REASONING] = 'r', [EVENT_SIGNATURE] = 's', [EVENT_REDACTED] = 'x',
        [EVENT_TOOL] = 'T',      [EVENT_ARGUMENTS] = 'a', [EVENT_CITATION] = 'c',
        [EVENT_LOGPROBS] = 'l',  [EVENT_IMAGE] = 'i',     [EVENT_FINISH] = 'F',
        [EVENT_USAGE] = 'U',     [EVENT_ERROR] = 'E',     [EVENT_DONE] = 'D'};
    struct heard *heard = context;
    char head[32] = "";

    if (event->choice > 0)
        (void)snprintf(head, sizeof(head), " %c%u:", letters[event->kind], event->choice);
    else if (event->kind == EVENT_TOOL || event->kind == EVENT_ARGUMENTS || event->of_call)
        (void)snprintf(head, sizeof(head), " %c@%u:", letters[event->kind], event->tool);
    else
        (void)snprintf(head, sizeof(head), " %c:", letters[event->kind]);
    if (strcmp(head, heard->last) != 0 || event->kind == EVENT_CITATION)
        buf_add_string(&heard->said, head);
    memcpy(heard->last, head, sizeof(head));
    if (event->kind == EVENT_BEGIN || event->kind == EVENT_TOOL)
        buf_printf(&heard->said, "%.*s=%.*s", SPAN_ARG(event->id), SPAN_ARG(event->name));
    else if (event->kind == EVENT_FINISH)
        buf_printf(&heard->said, "%s/%.*s", answer_finish_name(event->finish),
                   SPAN_ARG(event->text));
    else if (event->kind == EVENT_IMAGE)
        buf_printf(&heard->said, "%.*s,%.*s", SPAN_ARG(event->type), SPAN_ARG(event->text));
    else
        buf_add_span(&heard->said, event->json.size > 0 ? event->json : event->text);
}

static struct answer_reader begin(struct heard *heard, struct json_doc *doc)
{
    *heard = (struct heard){.answer = answer_make(), .said = buf_make(1 << 20)};
    *doc = json_doc_make();
    return answer_reader_make(&gemini_upstream, doc, &heard->answer,
                              (struct answer_sink){on_event, heard}, NULL);
}

static void hear_whole(struct heard *heard, const char *body)
{
    struct json_doc doc;
    struct answer_reader reader = begin(heard, &doc);

    gemini_upstream.read_whole(&reader, span_of(body));
    json_doc_done(&doc);
}

/* Frames stand apart by '\n' in the rows. */
static void hear_stream(struct heard *heard, const char *lines, size_t piece, bool framed)
{
    struct json_doc doc;
    struct answer_reader reader = begin(heard, &doc);
    struct buf body = buf_make(1 << 20);
    struct sse sse = sse_make();
    struct sse_frame frame;
    struct span rest = span_of(lines);

    while (rest.at != NULL) {
        struct span line = span_cut(&rest, '\n');
        buf_printf(&body, "data: %.*s\r\n\r\n", SPAN_ARG(line));
    }
    for (size_t at = 0; at < body.size; at += piece) {
        sse_feed(&sse, span_part(buf_span(&body), at, piece));
        while (sse_next(&sse, &frame) == SSE_FRAME)
            gemini_upstream.read_frame(&reader, frame.event, frame.data);
    }
    gemini_upstream.read_end(&reader, framed);
    sse_done(&sse);
    buf_done(&body);
    json_doc_done(&doc);
}

#define HEAD "\"responseId\":\"r-1\",\"modelVersion\":\"gemini-x\""
#define USAGE                                                                                      \
    "\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":2,\"totalTokenCount\":5}"
#define PARTS(parts)                                                                               \
    "{\"candidates\":[{\"content\":{\"parts\":[" parts "],\"role\":\"model\"}}]," HEAD "}"
#define LAST(parts, reason)                                                                        \
    "{\"candidates\":[{\"content\":{\"parts\":[" parts                                             \
    "],\"role\":\"model\"},\"finishReason\":\"" reason "\",\"index\":0}]," USAGE "," HEAD "}"

/* The same in frames and, where `whole` is told, in one. */
static const struct {
    const char *what, *frames, *whole, *said;
    uint32_t signs;
} rows[] = {
    {"a text", PARTS("{\"text\":\"a\\n\"}") "\n" LAST("{\"text\":\"b\"}", "STOP"),
     LAST("{\"text\":\"a\\nb\"}", "STOP"), " B:r-1=gemini-x t:a\\nb F:stop/STOP U: D:",
     ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
    {"it says that it stopped in each frame",
     LAST("{\"text\":\"a\"}", "STOP") "\n" LAST("{\"text\":\"b\"}", "STOP"), NULL,
     " B:r-1=gemini-x t:ab F:stop/STOP U: D:", 0},
    {"thoughts, and a signature of the text",
     PARTS("{\"text\":\"hm\",\"thought\":true}") "\n" LAST(
         "{\"text\":\"b\",\"thoughtSignature\":\"c2ln\"}", "STOP"),
     LAST("{\"text\":\"hm\",\"thought\":true},{\"text\":\"b\",\"thoughtSignature\":\"c2ln\"}",
          "STOP"),
     " B:r-1=gemini-x r:hm s:c2ln t:b F:stop/STOP U: D:", 0},
    {"calls, with an id and without, with a signature, with null and without arguments",
     LAST("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":\"\\\"\"}},"
          "\"thoughtSignature\":\"c2ln\"},"
          "{\"functionCall\":{\"id\":\"mine\",\"name\":\"g\",\"args\":null}},"
          "{\"functionCall\":{\"name\":\"h\"}}",
          "STOP"),
     LAST("{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":\"\\\"\"}},"
          "\"thoughtSignature\":\"c2ln\"},"
          "{\"functionCall\":{\"id\":\"mine\",\"name\":\"g\",\"args\":null}},"
          "{\"functionCall\":{\"name\":\"h\"}}",
          "STOP"),
     " B:r-1=gemini-x T@0:call_r-1_0=f a@0:{\\\"a\\\":\\\"\\\\\\\"\\\"} s@0:c2ln T@1:mine=g "
     "a@1:{} T@2:call_r-1_2=h a@2:{} F:tool_calls/STOP U: D:",
     0},
    {"a call that was cut by the limit",
     LAST("{\"functionCall\":{\"name\":\"f\",\"args\":{}}}", "MAX_TOKENS"), NULL,
     " B:r-1=gemini-x T@0:call_r-1_0=f a@0:{} F:length/MAX_TOKENS U: D:", 0},
    {"two candidates",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"index\":0},"
     "{\"content\":{\"parts\":[{\"text\":\"b\"}]},\"finishReason\":\"SAFETY\",\"index\":1}]," HEAD
     "}\n{\"candidates\":[{\"index\":0,\"finishReason\":\"STOP\"}]," HEAD "}",
     NULL, " B:r-1=gemini-x t:a t1:b F:stop/STOP F1:content_filter/SAFETY D:", 0},
    {"a prompt that was blocked",
     "{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},"
     "\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3}," HEAD "}",
     "{\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},"
     "\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3}," HEAD "}",
     " B:r-1=gemini-x F:content_filter/PROHIBITED_CONTENT U: D:", 0},
    {"a reason that nobody knows yet", LAST("{\"text\":\"a\"}", "NEW_ONE"),
     LAST("{\"text\":\"a\"}", "NEW_ONE"), " B:r-1=gemini-x t:a F:stop/NEW_ONE U: D:", 0},
    {"no content",
     "{\"candidates\":[{\"content\":{},\"finishReason\":\"RECITATION\",\"index\":0}]," HEAD "}",
     "{\"candidates\":[{\"content\":{},\"finishReason\":\"RECITATION\",\"index\":0}]," HEAD "}",
     " B:r-1=gemini-x F:content_filter/RECITATION D:", 0},
    {"no reason, but the output is told",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
     "\"a\"}]}}]," USAGE "," HEAD "}",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":"
     "\"a\"}]}}]," USAGE "," HEAD "}",
     " B:r-1=gemini-x t:a F:stop/ U: D:", 0},
    {"a picture", LAST("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iVBO\"}}", "STOP"),
     NULL, " B:r-1=gemini-x i:image/png,iVBO F:stop/STOP U: D:", 0},
    {"unknown members and parts",
     LAST("{\"executableCode\":{\"code\":\"1\"}},{\"new\":[1]},{\"text\":\"a\"}", "STOP"), NULL,
     " B:r-1=gemini-x t:a F:stop/STOP U: D:", 0},
    {"an error in the midst",
     PARTS("{\"text\":\"a\"}") "\n{\"error\":{\"code\":503,\"message\":\"over\",\"status\":"
                               "\"UNAVAILABLE\"}}\n" LAST("{\"text\":\"b\"}", "STOP"),
     NULL, " B:r-1=gemini-x t:a E:", ANSWER_CONTENT | ANSWER_ERROR},
    {"no JSON in the midst",
     PARTS("{\"text\":\"a\"}") "\n{\"candidates\":[\n" PARTS("{\"text\":\"b\"}"), NULL,
     " B:r-1=gemini-x t:a", ANSWER_CONTENT | ANSWER_MALFORMED},
    {"cut", PARTS("{\"text\":\"a\"}"), NULL, " B:r-1=gemini-x t:a", ANSWER_CONTENT},
    {"sources, each once",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"groundingMetadata\":{"
     "\"groundingChunks\":[{\"web\":{\"uri\":\"https://a\",\"title\":\"A\"}}],"
     "\"groundingSupports\":[{\"segment\":{\"endIndex\":4},\"groundingChunkIndices\":[0,7]}]}}]"
     "," HEAD "}\n{\"candidates\":[{\"finishReason\":\"STOP\",\"groundingMetadata\":{"
     "\"groundingChunks\":[{\"web\":{\"uri\":\"https://a\",\"title\":\"A\"}}],"
     "\"groundingSupports\":[{\"segment\":{\"endIndex\":4},\"groundingChunkIndices\":[0]}]},"
     "\"citationMetadata\":{\"citationSources\":[{\"startIndex\":1,\"endIndex\":2,"
     "\"uri\":\"https://b\"}]}}]," HEAD "}",
     NULL,
     " B:r-1=gemini-x t:a c:{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":0,"
     "\"end_index\":4,\"title\":\"A\",\"url\":\"https://a\"}} c:{\"type\":\"url_citation\","
     "\"url_citation\":{\"start_index\":1,\"end_index\":2,\"title\":\"\",\"url\":\"https://b\"}} "
     "F:stop/STOP D:",
     0},
    {"logprobs",
     "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]},\"finishReason\":\"STOP\","
     "\"logprobsResult\":{\"chosenCandidates\":[{\"token\":\"a\",\"logProbability\":-0.5}],"
     "\"topCandidates\":[{\"candidates\":[{\"token\":\"b\",\"logProbability\":-1}]}]}}]," HEAD "}",
     NULL,
     " B:r-1=gemini-x t:a l:{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":null,"
     "\"top_logprobs\":[{\"token\":\"b\",\"logprob\":-1,\"bytes\":null}]}],\"refusal\":null} "
     "F:stop/STOP D:",
     0},
};

static void answers_become_events_however_they_are_cut(void **state)
{
    static const size_t pieces[] = {1 << 20, 1, 7};
    struct heard heard;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        for (size_t j = 0; j < array_size(pieces); j++) {
            hear_stream(&heard, rows[i].frames, pieces[j], true);
            assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
            if (rows[i].signs != 0)
                assert_int(rows[i].what, heard.answer.signs, rows[i].signs);
            buf_done(&heard.said);
        }
        if (rows[i].whole == NULL)
            continue;
        hear_whole(&heard, rows[i].whole);
        assert_span(rows[i].what, buf_span(&heard.said), rows[i].said);
        buf_done(&heard.said);
    }
}

static void a_reason_says_what_a_client_is_told(void **state)
{
    static const struct {
        const char *word, *finish;
    } reasons[] = {
        {"STOP", "stop"},
        {"MAX_TOKENS", "length"},
        {"SAFETY", "content_filter"},
        {"RECITATION", "content_filter"},
        {"LANGUAGE", "content_filter"},
        {"BLOCKLIST", "content_filter"},
        {"PROHIBITED_CONTENT", "content_filter"},
        {"SPII", "content_filter"},
        {"MODEL_ARMOR", "content_filter"},
        {"IMAGE_SAFETY", "content_filter"},
        {"OTHER", "content_filter"},
        {"MALFORMED_FUNCTION_CALL", "error"},
        {"UNEXPECTED_TOOL_CALL", "error"},
        {"FINISH_REASON_UNSPECIFIED", "stop"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(reasons); i++) {
        struct heard heard;
        char body[256], wanted[64];
        (void)snprintf(body, sizeof(body), "{\"candidates\":[{\"finishReason\":\"%s\"}]}",
                       reasons[i].word);
        (void)snprintf(wanted, sizeof(wanted), " F:%s/", reasons[i].finish);
        hear_whole(&heard, body);
        in_row(reasons[i].word, strstr(heard.said.at, wanted) != NULL);
        buf_done(&heard.said);
    }
}

static void a_connection_that_closed_is_no_end_unless_all_was_said(void **state)
{
    struct heard heard;

    (void)state;
    hear_stream(&heard, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]," USAGE "}",
                1 << 20, false);
    assert_int_equal(heard.answer.signs & ANSWER_DONE, 0);
    buf_done(&heard.said);
    hear_stream(&heard, LAST("{\"text\":\"a\"}", "STOP"), 1 << 20, false);
    assert_int_not_equal(heard.answer.signs & ANSWER_DONE, 0);
    buf_done(&heard.said);
    hear_stream(&heard, "{}", 1 << 20, true);
    assert_int_equal(heard.answer.signs, 0);
    buf_done(&heard.said);
}

static void a_whole_that_is_no_answer_is_malformed_or_an_error(void **state)
{
    static const struct {
        const char *what, *body;
        uint32_t signs;
    } bodies[] = {
        {"no JSON", "<html>", ANSWER_MALFORMED},
        {"nothing", "", ANSWER_MALFORMED},
        {"null", "null", ANSWER_MALFORMED},
        {"no candidates", "{\"usageMetadata\":{\"promptTokenCount\":1}}", ANSWER_MALFORMED},
        {"a candidate that is none", "{\"candidates\":[7]}", ANSWER_MALFORMED},
        {"an index out of range", "{\"candidates\":[{\"index\":99}]}", ANSWER_MALFORMED},
        {"an error with a 200", "{\"error\":{\"code\":500,\"message\":\"m\"}}", ANSWER_ERROR},
        {"an error in an array", "[{\"error\":{\"code\":500,\"message\":\"m\"}}]", ANSWER_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < array_size(bodies); i++) {
        struct heard heard;
        hear_whole(&heard, bodies[i].body);
        in_row(bodies[i].what, (heard.answer.signs & bodies[i].signs) != 0);
        in_row(bodies[i].what, (heard.answer.signs & ANSWER_DONE) == 0);
        buf_done(&heard.said);
    }
}

static void an_error_tells_its_status_and_when_to_come_again(void **state)
{
    static const struct {
        const char *body, *message, *code, *param;
        int64_t retry_ms;
        int status;
    } bodies[] = {
        {"{\"error\":{\"code\":429,\"message\":\"quota\",\"status\":\"RESOURCE_EXHAUSTED\","
         "\"details\":[{\"@type\":\"x\",\"violations\":[]},{\"retryDelay\":\"34.4s\"}]}}",
         "quota", "RESOURCE_EXHAUSTED", "", 34400, 429},
        {"[{\"error\":{\"code\":400,\"message\":\"bad\",\"status\":\"INVALID_ARGUMENT\","
         "\"details\":[{\"fieldViolations\":[{\"field\":\"contents\"}]}]}}]",
         "bad", "INVALID_ARGUMENT", "contents", 0, 400},
        {"{\"error\":{\"code\":7,\"details\":{\"retryDelay\":\"0.0001s\"}}}", "", "", "", 1, 0},
        {"{\"error\":{\"details\":[{\"retryDelay\":\"99999999999999999999s\"}]}}", "", "", "",
         86400000, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(bodies); i++) {
        struct heard heard;
        struct json_doc doc;
        struct answer_reader reader = begin(&heard, &doc);
        in_row(bodies[i].body, gemini_upstream.read_error(&reader, span_of(bodies[i].body)));
        assert_string_equal(heard.answer.error_message, bodies[i].message);
        assert_string_equal(heard.answer.error_code, bodies[i].code);
        assert_string_equal(heard.answer.error_param, bodies[i].param);
        assert_int(bodies[i].body, heard.answer.error_retry_ms, bodies[i].retry_ms);
        assert_int(bodies[i].body, heard.answer.error_status, bodies[i].status);
        json_doc_done(&doc);
    }
}

static void what_is_no_error_is_not_read_as_one(void **state)
{
    static const char *const bodies[] = {"", "<html>", "{}", "[]", "{\"error\":\"x\"}", "null"};

    (void)state;
    for (size_t i = 0; i < array_size(bodies); i++) {
        struct heard heard;
        struct json_doc doc;
        struct answer_reader reader = begin(&heard, &doc);
        in_row(bodies[i], !gemini_upstream.read_error(&reader, span_of(bodies[i])));
        json_doc_done(&doc);
    }
}

static void a_long_message_is_cut_at_a_character(void **state)
{
    struct buf body = buf_make(1 << 16);
    struct heard heard;
    struct json_doc doc;
    struct answer_reader reader = begin(&heard, &doc);

    (void)state;
    buf_add_string(&body, "{\"error\":{\"message\":\"");
    for (int i = 0; i < 400; i++)
        buf_add_string(&body, "\xc3\xa9");
    buf_add_string(&body, "\"}}");
    assert_true(gemini_upstream.read_error(&reader, buf_span(&body)));
    assert_int_equal(strlen(heard.answer.error_message), ANSWER_MESSAGE_MAX - 2);
    buf_done(&body);
    json_doc_done(&doc);
}

static void the_tier_that_served_is_told(void **state)
{
    struct heard heard;

    (void)state;
    hear_whole(&heard, "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{"
                       "\"promptTokenCount\":1,\"serviceTier\":\"flex\"}}");
    assert_int_equal(heard.answer.mode, MODE_FLEX);
    buf_done(&heard.said);
    hear_whole(&heard, "{\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{"
                       "\"promptTokenCount\":1,\"trafficType\":\"ON_DEMAND_PRIORITY\"}}");
    assert_int_equal(heard.answer.mode, MODE_PRIORITY);
    buf_done(&heard.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_events_however_they_are_cut),
        cmocka_unit_test(a_reason_says_what_a_client_is_told),
        cmocka_unit_test(a_connection_that_closed_is_no_end_unless_all_was_said),
        cmocka_unit_test(a_whole_that_is_no_answer_is_malformed_or_an_error),
        cmocka_unit_test(an_error_tells_its_status_and_when_to_come_again),
        cmocka_unit_test(what_is_no_error_is_not_read_as_one),
        cmocka_unit_test(a_long_message_is_cut_at_a_character),
        cmocka_unit_test(the_tier_that_served_is_told),
    };

    return run_test_table(tests);
}
