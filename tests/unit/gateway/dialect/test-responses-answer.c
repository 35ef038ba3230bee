#include "tests/support/testing.h"

#include "gateway/dialect/responses.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

/* ---- what a provider says ---- */

struct heard {
    struct buf text;
};

static void add(struct heard *heard, const char *word, struct span text)
{
    buf_printf(&heard->text, "%s%s(%.*s)", heard->text.size > 0 ? " " : "", word, SPAN_ARG(text));
}

static void on_event(void *context, const struct answer_event *event)
{
    struct heard *heard = context;

    if (event->kind == EVENT_FINISH)
        add(heard, "finish", span_of(answer_finish_name(event->finish)));
    else if (event->kind == EVENT_TOOL || event->kind == EVENT_BEGIN)
        buf_printf(&heard->text, "%s%s(%.*s %.*s)", heard->text.size > 0 ? " " : "",
                   fixture_event_names[event->kind], SPAN_ARG(event->id), SPAN_ARG(event->name));
    else if (event->kind == EVENT_ARGUMENTS)
        buf_printf(&heard->text, " arguments%u(%.*s)", event->tool, SPAN_ARG(event->text));
    else
        add(heard, fixture_event_names[event->kind],
            event->json.size > 0 ? event->json : event->text);
}

/* Frames, one a line; NULL: a whole answer. */
static struct answer hear(const char *frames, const char *whole, struct heard *heard)
{
    struct json_doc doc = json_doc_make();
    struct answer answer = answer_make();
    struct answer_reader reader = answer_reader_make(&responses_upstream, &doc, &answer,
                                                     (struct answer_sink){on_event, heard}, NULL);
    struct span text = span_of(frames == NULL ? "" : frames);

    heard->text = buf_make(1 << 16);
    (void)buf_add_string(&heard->text, "");
    while (text.size > 0) {
        struct span line = span_cut(&text, '\n');
        responses_upstream.read_frame(&reader, (struct span){0}, line);
    }
    if (whole != NULL)
        responses_upstream.read_whole(&reader, span_of(whole));
    json_doc_done(&doc);
    return answer;
}

#define CREATED "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"model\":\"m\"}}\n"
#define COMPLETED                                                                                  \
    "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":null}}\n"
#define DELTA(kind, text)                                                                          \
    "{\"type\":\"response." kind ".delta\",\"output_index\":0,\"delta\":\"" text "\"}\n"
#define ITEM(when, index, item)                                                                    \
    "{\"type\":\"response.output_item." when "\",\"output_index\":" #index ",\"item\":" item "}\n"
#define CALL(arguments)                                                                            \
    "{\"type\":\"function_call\",\"id\":\"fc\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":"    \
    "\"" arguments "\"}"
#define MESSAGE "{\"type\":\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"ab\"}]}"
#define THOUGHT                                                                                    \
    "{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}],"           \
    "\"encrypted_content\":\"gAAAAx\"}"

static void a_stream_is_told_once_and_ends_with_its_own_end(void **state)
{
    static const struct {
        const char *what, *frames, *heard;
        uint32_t signs; /* beside ANSWER_CONTENT */
    } rows[] = {
        {"text",
         CREATED DELTA("output_text", "a") DELTA("output_text", "b") ITEM("done", 0, MESSAGE)
             COMPLETED,
         "begin(r m) text(a) text(b) finish(stop) done()", ANSWER_FINISH | ANSWER_DONE},
        {"no end", CREATED DELTA("output_text", "a"), "begin(r m) text(a)", 0},
        {"the marker of another language is no end", CREATED DELTA("output_text", "a") "[DONE]\n",
         "begin(r m) text(a)", 0},
        {"items without deltas",
         CREATED ITEM("done", 0, THOUGHT) ITEM("done", 1, MESSAGE) ITEM("done", 2, CALL("{}"))
             COMPLETED,
         "begin(r m) reasoning(hm) signature(gAAAAx) text(ab) tool(c f) arguments0({}) "
         "finish(tool_calls) done()",
         ANSWER_FINISH | ANSWER_DONE},
        {"thoughts and their encryption",
         CREATED DELTA("reasoning_summary_text", "hm") ITEM("done", 0, THOUGHT) COMPLETED,
         "begin(r m) reasoning(hm) signature(gAAAAx) finish(stop) done()",
         ANSWER_FINISH | ANSWER_DONE},
        {"thoughts that nobody may read",
         CREATED ITEM("done", 0,
                      "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"gAAAAx\"}")
             COMPLETED,
         "begin(r m) redacted(gAAAAx) finish(stop) done()", ANSWER_FINISH | ANSWER_DONE},
        {"what was thought and its summary",
         CREATED DELTA("reasoning_text", "raw") DELTA("reasoning_summary_text", "hm") COMPLETED,
         "begin(r m) reasoning(raw) finish(stop) done()", ANSWER_FINISH | ANSWER_DONE},
        {"a refusal", CREATED DELTA("refusal", "no") COMPLETED,
         "begin(r m) refusal(no) finish(stop) done()", ANSWER_FINISH | ANSWER_DONE},
        {"calls whose arguments come in turns",
         CREATED ITEM("added", 1, CALL("")) ITEM("added", 0, CALL(""))
             DELTA("function_call_arguments",
                   "{") "{\"type\":\"response.function_call_arguments."
                        "delta\",\"output_index\":1,\"delta\":\"[\"}\n" ITEM("done", 1, CALL("["))
                            COMPLETED,
         "begin(r m) tool(c f) tool(c f) arguments1({) arguments0([) finish(tool_calls) done()",
         ANSWER_FINISH | ANSWER_DONE},
        {"a citation and the odds",
         CREATED "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\","
                 "\"logprobs\":[{\"token\":\"a\"}]}\n"
                 "{\"type\":\"response.output_text.annotation.added\",\"annotation\":{\"type\":"
                 "\"url_citation\",\"url\":\"u\",\"title\":\"t\",\"start_index\":1}}\n" COMPLETED,
         "begin(r m) text(a) logprobs({\"content\":[{\"token\":\"a\"}],\"refusal\":null}) "
         "citation({\"type\":\"url_citation\",\"url_citation\":{\"url\":\"u\",\"title\":\"t\","
         "\"start_index\":1,\"end_index\":0}}) finish(stop) done()",
         ANSWER_FINISH | ANSWER_DONE},
        {"cut at its cap",
         CREATED DELTA(
             "output_text",
             "a") "{\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":{"
                  "\"reason\":"
                  "\"max_output_tokens\"},\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}}\n",
         "begin(r m) text(a) finish(length) usage() done()",
         ANSWER_FINISH | ANSWER_USAGE | ANSWER_DONE},
        {"filtered",
         CREATED "{\"type\":\"response.incomplete\",\"response\":{\"incomplete_details\":"
                 "{\"reason\":\"content_filter\"}}}\n",
         "begin(r m) finish(content_filter) done()", ANSWER_FINISH | ANSWER_DONE},
        {"failed",
         CREATED "{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":"
                 "\"rate_limit_exceeded\",\"message\":\"slow\"}}}\n" COMPLETED,
         "begin(r m) error()", ANSWER_ERROR},
        {"an error", "{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"x\"}\n",
         "error()", ANSWER_ERROR},
        {"a proxy's error", "{\"error\":{\"message\":\"x\",\"code\":502}}\n", "error()",
         ANSWER_ERROR},
        {"what nobody knows", CREATED "{\"type\":\"response.new\",\"delta\":5}\n{\"a\":1}\n",
         "begin(r m)", 0},
        {"no JSON", CREATED "<html>\n", "begin(r m)", ANSWER_MALFORMED},
        {"an item that is nowhere",
         "{\"type\":\"response.output_text.delta\",\"output_index\":"
         "5000,\"delta\":\"a\"}\n",
         "", ANSWER_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;
        struct answer answer = hear(rows[i].frames, NULL, &heard);

        assert_span(rows[i].what, buf_span(&heard.text), rows[i].heard);
        assert_int(rows[i].what, answer.signs & ~(uint32_t)ANSWER_CONTENT, rows[i].signs);
        buf_done(&heard.text);
    }
}

static void an_error_says_what_kind_it_is_of(void **state)
{
    struct heard heard;
    struct answer answer =
        hear("{\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"rate_limit_"
             "exceeded\",\"message\":\"slow\\n\"},\"usage\":{\"input_tokens\":4,"
             "\"output_tokens\":1}}}\n",
             NULL, &heard);

    (void)state;
    assert_string_equal(answer.error_code, "rate_limit_exceeded");
    assert_string_equal(answer.error_message, "slow\n");
    assert_int_equal(answer.error_status, 429);
    assert_int_equal(answer.usage.meters.count[METER_INPUT], 4);
    buf_done(&heard.text);
}

#define WHOLE(status, rest)                                                                        \
    "{\"id\":\"r\",\"object\":\"response\",\"model\":\"m\",\"status\":\"" status "\"," rest "}"

static void a_whole_answer_is_told_as_its_stream(void **state)
{
    static const struct {
        const char *what, *body, *heard;
    } rows[] = {
        {"all there is",
         WHOLE("completed", "\"error\":null,\"output\":[" THOUGHT "," MESSAGE "," CALL(
                                "{}") ",{\"type\":\"web_search_call\"}],\"service_tier\":\"flex\","
                                      "\"usage\":{\"input_tokens\":1,\"output_tokens\":2}"),
         "begin(r m) reasoning(hm) signature(gAAAAx) text(ab) tool(c f) arguments0({}) "
         "finish(tool_calls) usage() done()"},
        {"cut",
         WHOLE("incomplete", "\"output\":[],\"incomplete_details\":{\"reason\":\"max_output_"
                             "tokens\"}"),
         "begin(r m) finish(length) done()"},
        {"failed", WHOLE("failed", "\"error\":{\"code\":\"server_error\",\"message\":\"x\"}"),
         "error()"},
        {"not done yet", WHOLE("queued", "\"output\":[]"), ""},
        {"another language", "{\"id\":\"c\",\"choices\":[]}", ""},
        {"no output", WHOLE("completed", "\"x\":1"), "begin(r m)"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct heard heard;
        struct answer answer = hear(NULL, rows[i].body, &heard);

        assert_span(rows[i].what, buf_span(&heard.text), rows[i].heard);
        in_row(rows[i].what, (answer.signs & (ANSWER_DONE | ANSWER_ERROR | ANSWER_MALFORMED)) != 0);
        buf_done(&heard.text);
    }
}

/* ---- what a client is told ---- */

static struct responses_fixture {
    struct arena *arena;
    struct buf out;
    struct answer_writer writer;
} fixture;

static void write_all(const struct answer_event *events, size_t count, bool stream,
                      const struct chat *chat)
{
    fixture.arena = arena_new(4096, 1 << 22);
    fixture.out = buf_make(1 << 20);
    fixture.writer = answer_writer_make(&responses_client, &fixture.out, fixture.arena);
    fixture.writer.id = span_of("gen_1");
    fixture.writer.model = span_of("m");
    fixture.writer.stream = stream;
    fixture.writer.chat = chat;
    for (size_t i = 0; i < count; i++)
        responses_client.write(&fixture.writer, &events[i]);
}

static void forget(void)
{
    arena_free(fixture.arena);
    buf_done(&fixture.out);
}

#define EVENT(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"," rest "}\n\n"
#define AT(id, index) "\"item_id\":\"" id "\",\"output_index\":" #index
#define PART0 "\"content_index\":0"
#define SEQ(number) ",\"sequence_number\":" #number
#define THOUGHT_ITEM                                                                               \
    "{\"id\":\"rs_gen_1_0\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","       \
    "\"text\":\"hm\"}],\"encrypted_content\":\"sig\"}"
#define TEXT_PART "{\"type\":\"output_text\",\"text\":\"ab\",\"annotations\":[],\"logprobs\":[]}"
#define MESSAGE_ITEM(status, content)                                                              \
    "{\"id\":\"msg_gen_1_1\",\"type\":\"message\",\"status\":\"" status                            \
    "\",\"role\":\"assistant\",\"content\":[" content "]}"
#define CALL_ITEM(status, arguments)                                                               \
    "{\"id\":\"fc_gen_1_2\",\"type\":\"function_call\",\"status\":\"" status                       \
    "\",\"arguments\":\"" arguments "\",\"call_id\":\"c\",\"name\":\"f\"}"
#define ASKED_NOTHING                                                                              \
    "\"instructions\":null,\"max_output_tokens\":null,\"parallel_tool_calls\":true,"               \
    "\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"              \
    "\"store\":false,\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},"              \
    "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":null,\"truncation\":\"disabled\","            \
    "\"user\":null,\"metadata\":{}"
#define RESPONSE(status, output, usage)                                                            \
    "{\"id\":\"resp_gen_1\",\"object\":\"response\",\"created_at\":0,\"status\":\"" status         \
    "\",\"background\":false,\"error\":null,\"incomplete_details\":null,\"model\":\"m\","          \
    "\"output\":[" output "]," ASKED_NOTHING ",\"usage\":" usage "}"
#define USAGE                                                                                      \
    "{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":2,\"cache_write_tokens\":0}," \
    "\"output_tokens\":9,\"output_tokens_details\":{\"reasoning_tokens\":4},"                      \
    "\"total_tokens\":16,\"cost\":0.5}"
#define OUTPUT                                                                                     \
    THOUGHT_ITEM "," MESSAGE_ITEM("completed", TEXT_PART) "," CALL_ITEM("completed", "{}")

static void every_item_is_opened_told_and_closed(void **state)
{
    struct answer_usage usage = {.state = ANSWER_USAGE_GOOD};
    const struct answer_event events[] = {
        {.kind = EVENT_BEGIN, .id = span_of("other")},
        {.kind = EVENT_REASONING, .text = span_of("hm")},
        {.kind = EVENT_SIGNATURE, .text = span_of("sig")},
        {.kind = EVENT_TEXT, .text = span_of("a")},
        {.kind = EVENT_TEXT, .choice = 1, .text = span_of("another choice")},
        {.kind = EVENT_TEXT, .text = span_of("b")},
        {.kind = EVENT_TOOL, .id = span_of("c"), .name = span_of("f")},
        {.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS},
        {.kind = EVENT_USAGE, .usage = &usage, .json = span_of("\"cost\":0.5")},
        {.kind = EVENT_DONE},
    };

    (void)state;
    meters_set(&usage.meters, METER_INPUT, 5);
    meters_set(&usage.meters, METER_CACHE_READ, 2);
    meters_set(&usage.meters, METER_OUTPUT, 9);
    meters_set(&usage.meters, METER_REASONING, 4);
    write_all(events, array_size(events), true, NULL);
    /* clang-format off */
    assert_span("streamed", buf_span(&fixture.out),
        EVENT("response.created", "\"response\":" RESPONSE("in_progress", "", "null") SEQ(0))
        EVENT("response.in_progress", "\"response\":" RESPONSE("in_progress", "", "null") SEQ(1))
        EVENT("response.output_item.added", "\"output_index\":0,\"item\":{\"id\":\"rs_gen_1_0\","
              "\"type\":\"reasoning\",\"summary\":[]}" SEQ(2))
        EVENT("response.reasoning_summary_part.added", AT("rs_gen_1_0", 0) ",\"summary_index\":0,"
              "\"part\":{\"type\":\"summary_text\",\"text\":\"\"}" SEQ(3))
        EVENT("response.reasoning_summary_text.delta", AT("rs_gen_1_0", 0) ",\"summary_index\":0,"
              "\"delta\":\"hm\"" SEQ(4))
        EVENT("response.reasoning_summary_text.done", AT("rs_gen_1_0", 0) ",\"summary_index\":0,"
              "\"text\":\"hm\"" SEQ(5))
        EVENT("response.reasoning_summary_part.done", AT("rs_gen_1_0", 0) ",\"summary_index\":0,"
              "\"part\":{\"type\":\"summary_text\",\"text\":\"hm\"}" SEQ(6))
        EVENT("response.output_item.done", "\"output_index\":0,\"item\":" THOUGHT_ITEM SEQ(7))
        EVENT("response.output_item.added", "\"output_index\":1,\"item\":"
              MESSAGE_ITEM("in_progress", "") SEQ(8))
        EVENT("response.content_part.added", AT("msg_gen_1_1", 1) "," PART0 ",\"part\":"
              "{\"type\":\"output_text\",\"text\":\"\",\"annotations\":[],\"logprobs\":[]}" SEQ(9))
        EVENT("response.output_text.delta", AT("msg_gen_1_1", 1) "," PART0 ",\"logprobs\":[],"
              "\"delta\":\"a\"" SEQ(10))
        EVENT("response.output_text.delta", AT("msg_gen_1_1", 1) "," PART0 ",\"logprobs\":[],"
              "\"delta\":\"b\"" SEQ(11))
        EVENT("response.output_text.done", AT("msg_gen_1_1", 1) "," PART0 ",\"text\":\"ab\","
              "\"logprobs\":[]" SEQ(12))
        EVENT("response.content_part.done", AT("msg_gen_1_1", 1) "," PART0 ",\"part\":" TEXT_PART
              SEQ(13))
        EVENT("response.output_item.done", "\"output_index\":1,\"item\":"
              MESSAGE_ITEM("completed", TEXT_PART) SEQ(14))
        EVENT("response.output_item.added", "\"output_index\":2,\"item\":"
              CALL_ITEM("in_progress", "") SEQ(15))
        EVENT("response.function_call_arguments.delta", AT("fc_gen_1_2", 2) ",\"delta\":\"{}\""
              SEQ(16))
        EVENT("response.function_call_arguments.done", AT("fc_gen_1_2", 2) ",\"name\":\"f\","
              "\"arguments\":\"{}\"" SEQ(17))
        EVENT("response.output_item.done", "\"output_index\":2,\"item\":"
              CALL_ITEM("completed", "{}") SEQ(18))
        EVENT("response.completed", "\"response\":" RESPONSE("completed", OUTPUT, USAGE) SEQ(19)));
    /* clang-format on */
    forget();
    write_all(events, array_size(events), false, NULL);
    assert_span("whole", buf_span(&fixture.out), RESPONSE("completed", OUTPUT, USAGE));
    forget();
}

static void the_end_says_why(void **state)
{
    static const struct {
        const char *what;
        enum answer_finish finish;
        const char *event, *member;
    } rows[] = {
        {"stop", FINISH_STOP, "event: response.completed", "\"incomplete_details\":null"},
        {"calls", FINISH_TOOL_CALLS, "event: response.completed", "\"status\":\"completed\""},
        {"paused", FINISH_PAUSE, "event: response.completed", "\"status\":\"completed\""},
        {"length", FINISH_LENGTH, "event: response.incomplete",
         "\"incomplete_details\":{\"reason\":\"max_output_tokens\"}"},
        {"filtered", FINISH_CONTENT_FILTER, "event: response.incomplete",
         "\"incomplete_details\":{\"reason\":\"content_filter\"}"},
        {"failed", FINISH_ERROR, "event: response.failed", "\"code\":\"server_error\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct answer_event events[] = {
            {.kind = EVENT_TEXT, .text = span_of("a")},
            {.kind = EVENT_FINISH, .finish = rows[i].finish},
            {.kind = EVENT_DONE},
        };
        bool cut = strstr(rows[i].event, "completed") == NULL;

        for (int stream = 0; stream < 2; stream++) {
            write_all(events, array_size(events), stream == 1, NULL);
            in_row(rows[i].what, strstr(fixture.out.at, rows[i].member) != NULL);
            in_row(rows[i].what, stream == 0 || strstr(fixture.out.at, rows[i].event) != NULL);
            in_row(rows[i].what,
                   (strstr(fixture.out.at, "\"type\":\"message\",\"status\":\"incomplete\"") !=
                    NULL) == cut);
            forget();
        }
    }
}

static void a_stream_that_fails_says_so_with_what_was_told(void **state)
{
    const struct answer_event events[] = {
        {.kind = EVENT_BEGIN},
        {.kind = EVENT_TEXT, .text = span_of("a")},
        {.kind = EVENT_ERROR},
    };
    const char *end;

    (void)state;
    write_all(events, array_size(events), true, NULL);
    in_row("an error alone is the flow's to tell", strstr(fixture.out.at, "failed") == NULL);
    responses_write_error(&fixture.writer,
                          span_of("{\"error\":{\"message\":\"It \\\"broke\\\".\",\"code\":null}}"));
    end = strstr(fixture.out.at, "event: response.failed");
    assert_non_null(end);
    in_row("told", strstr(end, "\"error\":{\"code\":\"server_error\",\"message\":"
                               "\"It \\\"broke\\\".\"}") != NULL);
    in_row("what was said", strstr(end, "\"text\":\"a\"") != NULL);
    in_row("numbered", strstr(end, "\"sequence_number\":8}\n\n") != NULL);
    forget();
}

static void what_was_asked_is_said_again(void **state)
{
    struct chat_tool tool = {
        .name = span_of("f"), .schema = span_of("{\"type\":\"object\"}"), .strict = 1};
    const struct chat chat = {.tools = &tool,
                              .tool_count = 1,
                              .wish = {.temperature = span_of("0.5"),
                                       .max_tokens = 9,
                                       .format = FORMAT_SCHEMA,
                                       .schema_name = span_of("n"),
                                       .schema = span_of("{}"),
                                       .schema_strict = -1,
                                       .effort = EFFORT_LOW,
                                       .tool_choice = CHOICE_NAMED,
                                       .tool_name = span_of("f"),
                                       .parallel_tools = 0}};
    static const char *const wanted[] = {
        ("\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":null,\"parameters\":"
         "{\"type\":\"object\"},\"strict\":true}]"),
        "\"temperature\":0.5",
        "\"max_output_tokens\":9",
        "\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{},\"strict\":null}",
        "\"reasoning\":{\"effort\":\"low\",\"summary\":null}",
        "\"tool_choice\":{\"type\":\"function\",\"name\":\"f\"}",
        "\"parallel_tool_calls\":false",
    };
    const struct answer_event event = {.kind = EVENT_DONE};

    (void)state;
    write_all(&event, 1, false, &chat);
    for (size_t i = 0; i < array_size(wanted); i++)
        in_row(wanted[i], strstr(fixture.out.at, wanted[i]) != NULL);
    forget();
}

/* What only a provider can read goes out as encrypted content, and comes back as what it was. */
static void secrets_come_back_as_what_they_were(void **state)
{
    const struct answer_event events[] = {
        {.kind = EVENT_REASONING, .text = span_of("hm")},
        {.kind = EVENT_SIGNATURE, .text = span_of("s1")},
        {.kind = EVENT_REASONING, .text = span_of("again")},
        {.kind = EVENT_REDACTED, .text = span_of("d")},
        {.kind = EVENT_TOOL, .id = span_of("c"), .name = span_of("f")},
        {.kind = EVENT_SIGNATURE, .of_call = true, .text = span_of("s2")},
        {.kind = EVENT_ARGUMENTS, .text = span_of("{}")},
        {.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS},
        {.kind = EVENT_DONE},
    };
    struct buf body = buf_make(1 << 20);
    struct json_doc doc = json_doc_make();
    const char *why, *member;
    struct chat chat;

    (void)state;
    write_all(events, array_size(events), false, NULL);
    assert_int("JSON", json_parse(&doc, buf_span(&fixture.out), &json_limits_body), JSON_OK);
    struct span output = json_raw(&doc, json_find(&doc, 0, "output"));
    buf_printf(&body,
               "{\"input\":[{\"role\":\"user\",\"content\":\"q\"},%.*s,"
               "{\"type\":\"function_call_output\",\"call_id\":\"c\",\"output\":\"r\"}]}",
               SPAN_ARG(span_part(output, 1, output.size - 2)));
    assert_int("JSON", json_parse(&doc, buf_span(&body), &json_limits_body), JSON_OK);
    assert_int("read", responses_client.read_ask(&doc, fixture.arena, &chat, &why, &member), 0);
    assert_int("messages", chat.message_count, 3);
    const struct chat_part *part = &chat.parts[chat.messages[1].first];
    assert_int("parts", chat.messages[1].count, 4);
    assert_span("a thought", part[0].text, "hm");
    assert_span("signed", part[0].signature, "s1");
    assert_span("another", part[1].text, "again");
    assert_span("not signed", part[1].signature, "");
    assert_int("redacted", part[2].kind, PART_REDACTED);
    assert_span("redacted", part[2].data, "d");
    assert_int("a call", part[3].kind, PART_TOOL_CALL);
    assert_span("a signed call", part[3].signature, "s2");
    json_doc_done(&doc);
    buf_done(&body);
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_told_once_and_ends_with_its_own_end),
        cmocka_unit_test(an_error_says_what_kind_it_is_of),
        cmocka_unit_test(a_whole_answer_is_told_as_its_stream),
        cmocka_unit_test(every_item_is_opened_told_and_closed),
        cmocka_unit_test(the_end_says_why),
        cmocka_unit_test(a_stream_that_fails_says_so_with_what_was_told),
        cmocka_unit_test(what_was_asked_is_said_again),
        cmocka_unit_test(secrets_come_back_as_what_they_were),
    };

    return run_test_table(tests);
}
