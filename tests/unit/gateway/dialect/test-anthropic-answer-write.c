#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/anthropic.h"

static void write_all(const struct answer_event *events, size_t count, bool stream, struct buf *out)
{
    struct arena *arena = arena_new(4096, 1 << 22);
    struct answer_writer writer = answer_writer_make(&anthropic_client, out, arena);

    writer.id = span_of("gen_1");
    writer.model = span_of("m\\u00fc");
    writer.stream = stream;
    for (size_t i = 0; i < count; i++)
        anthropic_client.write(&writer, &events[i]);
    arena_free(arena);
}

static struct answer_usage usage_of(int64_t input, int64_t output, int64_t read, int64_t write)
{
    struct answer_usage usage = {.state = ANSWER_USAGE_GOOD};

    meters_set(&usage.meters, METER_INPUT, input);
    meters_set(&usage.meters, METER_OUTPUT, output);
    meters_set(&usage.meters, METER_CACHE_READ, read);
    meters_set(&usage.meters, METER_CACHE_WRITE_5M, write);
    return usage;
}

#define FRAME(type, rest) "event: " type "\ndata: {\"type\":\"" type "\"" rest "}\n\n"
#define START(usage)                                                                               \
    FRAME(                                                                                         \
        "message_start",                                                                           \
        ",\"message\":{\"id\":\"msg_gen_1\",\"type\":\"message\",\"role\":\"assistant\","          \
        "\"model\":\"m\\u00fc\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null," usage \
        "}")
#define OPEN(index, block)                                                                         \
    FRAME("content_block_start", ",\"index\":" #index ",\"content_block\":" block)
#define DELTA(index, delta) FRAME("content_block_delta", ",\"index\":" #index ",\"delta\":" delta)
#define CLOSE(index) FRAME("content_block_stop", ",\"index\":" #index)
#define END(reason, usage)                                                                         \
    FRAME("message_delta",                                                                         \
          ",\"delta\":{\"stop_reason\":\"" reason "\",\"stop_sequence\":null}," usage)             \
    FRAME("message_stop", "")
#define USAGE(in, write, read, out)                                                                \
    "\"usage\":{\"input_tokens\":" #in ",\"cache_creation_input_tokens\":" #write                  \
    ",\"cache_read_input_tokens\":" #read ",\"output_tokens\":" #out

#define SPLIT                                                                                      \
    ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":3,\"ephemeral_1h_input_tokens\":0}"
#define CITATION                                                                                   \
    "{\"type\":\"web_search_result_location\",\"url\":\"https://a\",\"title\":\"A\","              \
    "\"cited_text\":\"\",\"encrypted_index\":\"\"}"

static void every_kind_of_content_is_a_block_of_its_own(void **state)
{
    const struct answer_usage known = usage_of(7, 0, 0, 0), usage = usage_of(7, 9, 2, 3);
    const struct answer_event events[] = {
        {.kind = EVENT_BEGIN, .id = span_of("other"), .usage = &known},
        {.kind = EVENT_REASONING, .text = span_of("h")},
        {.kind = EVENT_REASONING, .text = span_of("m")},
        {.kind = EVENT_SIGNATURE, .text = span_of("s")},
        {.kind = EVENT_REASONING, .text = span_of("again")},
        {.kind = EVENT_REDACTED, .text = span_of("d")},
        {.kind = EVENT_TEXT, .text = span_of("a\\n")},
        {.kind = EVENT_TEXT, .text = span_of("b")},
        {.kind = EVENT_CITATION,
         .json = span_of("{\"type\":\"url_citation\",\"url_citation\":{\"url\":\"https://a\","
                         "\"title\":\"A\",\"start_index\":0}}")},
        {.kind = EVENT_LOGPROBS, .json = span_of("{}")},
        {.kind = EVENT_TEXT, .choice = 1, .text = span_of("another choice")},
        {.kind = EVENT_TOOL, .tool = 0, .id = span_of("t0"), .name = span_of("f")},
        {.kind = EVENT_ARGUMENTS, .tool = 0, .text = span_of("{\\\"x\\\":")},
        {.kind = EVENT_TOOL, .tool = 1, .id = span_of("t1"), .name = span_of("g")},
        {.kind = EVENT_ARGUMENTS, .tool = 0, .text = span_of("1}")},
        {.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS},
        {.kind = EVENT_USAGE, .usage = &usage, .json = span_of("\"cost\":0.5")},
        {.kind = EVENT_DONE},
    };
    struct buf out = buf_make(1 << 20);

    (void)state;
    write_all(events, array_size(events), true, &out);
    /* clang-format off */
    assert_span("streamed", buf_span(&out),
        START(USAGE(7, 0, 0, 0) "}")
        OPEN(0, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
        DELTA(0, "{\"type\":\"thinking_delta\",\"thinking\":\"h\"}")
        DELTA(0, "{\"type\":\"thinking_delta\",\"thinking\":\"m\"}")
        DELTA(0, "{\"type\":\"signature_delta\",\"signature\":\"s\"}")
        CLOSE(0)
        OPEN(1, "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}")
        DELTA(1, "{\"type\":\"thinking_delta\",\"thinking\":\"again\"}")
        CLOSE(1)
        OPEN(2, "{\"type\":\"redacted_thinking\",\"data\":\"d\"}")
        CLOSE(2)
        OPEN(3, "{\"type\":\"text\",\"text\":\"\"}")
        DELTA(3, "{\"type\":\"text_delta\",\"text\":\"a\\n\"}")
        DELTA(3, "{\"type\":\"text_delta\",\"text\":\"b\"}")
        DELTA(3, "{\"type\":\"citations_delta\",\"citation\":" CITATION "}")
        CLOSE(3)
        OPEN(4, "{\"type\":\"tool_use\",\"id\":\"t0\",\"name\":\"f\",\"input\":{}}")
        DELTA(4, "{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"x\\\":\"}")
        CLOSE(4)
        OPEN(5, "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"g\",\"input\":{}}")
        DELTA(4, "{\"type\":\"input_json_delta\",\"partial_json\":\"1}\"}")
        CLOSE(5)
        END("tool_use", USAGE(7, 3, 2, 9) SPLIT ",\"cost\":0.5}"));
    /* clang-format on */
    buf_clear(&out);
    write_all(events, array_size(events), false, &out);
    assert_span(
        "whole", buf_span(&out),
        "{\"id\":\"msg_gen_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\\u00fc\","
        "\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},"
        "{\"type\":\"thinking\",\"thinking\":\"again\",\"signature\":\"\"},"
        "{\"type\":\"redacted_thinking\",\"data\":\"d\"},"
        "{\"type\":\"text\",\"text\":\"a\\nb\",\"citations\":[" CITATION "]},"
        "{\"type\":\"tool_use\",\"id\":\"t0\",\"name\":\"f\",\"input\":{\"x\":1}},"
        "{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"g\",\"input\":{}}],"
        "\"stop_reason\":\"tool_use\",\"stop_sequence\":null," USAGE(7, 3, 2, 9) SPLIT
        ",\"cost\":0.5}}");
    buf_done(&out);
}

static void the_reason_of_the_end_is_one_of_anthropics(void **state)
{
    static const struct {
        const char *what;
        enum answer_finish finish;
        const char *word;
        bool tool;
        const char *wanted;
    } rows[] = {
        {"stop", FINISH_STOP, "stop", false, "\"stop_reason\":\"end_turn\""},
        {"a stop sequence", FINISH_STOP, "stop_sequence", false,
         "\"stop_reason\":\"stop_sequence\""},
        {"length", FINISH_LENGTH, "length", false, "\"stop_reason\":\"max_tokens\""},
        {"calls", FINISH_TOOL_CALLS, "", true, "\"stop_reason\":\"tool_use\""},
        {"calls whose provider says stop", FINISH_STOP, "STOP", true,
         "\"stop_reason\":\"tool_use\""},
        {"calls cut short", FINISH_LENGTH, "length", true, "\"stop_reason\":\"max_tokens\""},
        {"filtered", FINISH_CONTENT_FILTER, "SAFETY", false, "\"stop_reason\":\"refusal\""},
        {"paused", FINISH_PAUSE, "pause_turn", false, "\"stop_reason\":\"pause_turn\""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct answer_event events[] = {
            {.kind = EVENT_BEGIN},
            {.kind = rows[i].tool ? EVENT_TOOL : EVENT_TEXT, .text = span_of("a")},
            {.kind = EVENT_FINISH, .finish = rows[i].finish, .text = span_of(rows[i].word)},
            {.kind = EVENT_DONE},
        };

        for (int stream = 0; stream < 2; stream++) {
            struct buf out = buf_make(1 << 20);

            write_all(events, array_size(events), stream == 1, &out);
            in_row(rows[i].what, strstr(out.at, rows[i].wanted) != NULL);
            buf_done(&out);
        }
    }
}

static void arguments_become_an_object_whatever_they_are(void **state)
{
    static const struct {
        const char *arguments, *input;
    } rows[] = {
        {"", "{}"},
        {"null", "{}"},
        {"{\\\"a\\\":\\\"\\\\u00fc\\\"}", "{\"a\":\"\\u00fc\"}"},
        {" {\\n} ", "{\n}"},
        {"[1]", "{\"_arguments\":\"[1]\"}"},
        {"{\\\"cut", "{\"_arguments\":\"{\\\"cut\"}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct answer_event events[] = {
            {.kind = EVENT_TOOL, .id = span_of("t"), .name = span_of("f")},
            {.kind = EVENT_ARGUMENTS, .text = span_of(rows[i].arguments)},
            {.kind = EVENT_DONE},
        };
        struct buf out = buf_make(1 << 20);
        char wanted[128];

        (void)snprintf(wanted, sizeof(wanted), "\"input\":%s}]", rows[i].input);
        write_all(events, array_size(events), false, &out);
        in_row(rows[i].arguments, strstr(out.at, wanted) != NULL);
        buf_done(&out);
    }
}

static void a_calls_signature_goes_to_the_client_and_comes_back(void **state)
{
    const struct answer_event events[] = {
        {.kind = EVENT_TOOL, .id = span_of("t"), .name = span_of("f")},
        {.kind = EVENT_SIGNATURE, .of_call = true, .text = span_of("c2ln")},
        {.kind = EVENT_ARGUMENTS, .text = span_of("{}")},
        {.kind = EVENT_TOOL, .tool = 1, .id = span_of("u"), .name = span_of("g")},
        {.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS},
        {.kind = EVENT_DONE},
    };
    struct buf out = buf_make(1 << 20), body = buf_make(1 << 20);
    struct arena *arena = arena_new(4096, 1 << 20);
    struct json_doc doc = json_doc_make();
    const char *why, *member;
    struct chat chat;
    uint32_t content;

    (void)state;
    write_all(events, array_size(events), true, &out);
    in_row("streamed behind its call",
           strstr(out.at, CLOSE(0) OPEN(1, "{\"type\":\"redacted_thinking\",\"data\":"
                                           "\"tollgate_call_signature:c2ln\"}") CLOSE(1)) != NULL);
    buf_clear(&out);
    write_all(events, array_size(events), false, &out);
    assert_int("JSON", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
    content = json_find(&doc, 0, "content");
    buf_printf(&body, "{\"max_tokens\":1,\"messages\":[{\"role\":\"assistant\",\"content\":%.*s}]}",
               SPAN_ARG(json_raw(&doc, content)));
    assert_int("JSON", json_parse(&doc, buf_span(&body), &json_limits_body), JSON_OK);
    assert_int("read", anthropic_client.read_ask(&doc, arena, &chat, &why, &member), 0);
    assert_int("parts", chat.messages[0].count, 2);
    assert_span("signed", chat.parts[chat.messages[0].first].signature, "c2ln");
    assert_span("not signed", chat.parts[chat.messages[0].first + 1].signature, "");
    json_doc_done(&doc);
    arena_free(arena);
    buf_done(&out);
    buf_done(&body);
}

static void an_answer_that_did_not_end_is_not_ended(void **state)
{
    const struct answer_event events[] = {
        {.kind = EVENT_BEGIN},
        {.kind = EVENT_TEXT, .text = span_of("a")},
        {.kind = EVENT_FINISH, .finish = FINISH_STOP},
        {.kind = EVENT_ERROR},
    };
    struct buf out = buf_make(1 << 20);

    (void)state;
    write_all(events, array_size(events), true, &out);
    in_row("no end", strstr(out.at, "message_stop") == NULL);
    buf_clear(&out);
    write_all(events, array_size(events), false, &out);
    assert_int("nothing", (int64_t)out.size, 0);
    buf_done(&out);
}

static void a_whole_answer_past_the_memory_of_its_request_is_told(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 16);
    struct buf out = buf_make(1 << 20), text = buf_make(1 << 17);
    struct answer_writer writer = answer_writer_make(&anthropic_client, &out, arena);
    struct answer_event event = {.kind = EVENT_TEXT};

    (void)state;
    while (text.size < 1 << 16)
        buf_add_string(&text, "0123456789abcdef");
    event.text = buf_span(&text);
    anthropic_client.write(&writer, &event);
    anthropic_client.write(&writer, &event);
    event = (struct answer_event){.kind = EVENT_DONE};
    anthropic_client.write(&writer, &event);
    in_row("failed", buf_failed(&out));
    buf_done(&text);
    buf_done(&out);
    arena_free(arena);
}

static void a_ping_is_an_event_of_a_stream_alone(void **state)
{
    struct buf out = buf_make(256);
    struct answer_writer writer = answer_writer_make(&anthropic_client, &out, NULL);

    (void)state;
    anthropic_client.write_ping(&writer);
    assert_int("whole", (int64_t)out.size, 0);
    writer.stream = true;
    anthropic_client.write_ping(&writer);
    assert_span("stream", buf_span(&out), "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_content_is_a_block_of_its_own),
        cmocka_unit_test(the_reason_of_the_end_is_one_of_anthropics),
        cmocka_unit_test(arguments_become_an_object_whatever_they_are),
        cmocka_unit_test(a_calls_signature_goes_to_the_client_and_comes_back),
        cmocka_unit_test(an_answer_that_did_not_end_is_not_ended),
        cmocka_unit_test(a_whole_answer_past_the_memory_of_its_request_is_told),
        cmocka_unit_test(a_ping_is_an_event_of_a_stream_alone),
    };

    return run_test_table(tests);
}
