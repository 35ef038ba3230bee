#include "tests/support/testing.h"

#include "gateway/dialect/language.h"

enum { ARENA_MAX = 1 << 20 };

static struct answer_usage usage_make(void)
{
    struct answer_usage usage = {.state = ANSWER_USAGE_GOOD};

    meters_set(&usage.meters, METER_INPUT, 10);
    meters_set(&usage.meters, METER_CACHE_READ, 5);
    meters_set(&usage.meters, METER_OUTPUT, 7);
    meters_set(&usage.meters, METER_REASONING, 4);
    return usage;
}

struct row {
    const char *what;
    struct answer_event events[10];
    const char *stream; /* objects, '\n' between them; the last one's tail is the same for all */
    const char *whole;
};

#define EV(...)                                                                                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define T(text_)                                                                                   \
    {                                                                                              \
        text_, sizeof(text_) - 1                                                                   \
    }
#define OBJECT(parts)                                                                              \
    "{\"candidates\":[{\"content\":{\"parts\":[" parts                                             \
    "],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"m\",\"responseId\":\"gen_1\"}"
#define LAST(parts, reason, more)                                                                  \
    "{\"candidates\":[{\"content\":{\"parts\":[" parts                                             \
    "],\"role\":\"model\"},\"index\":0,\"finishReason\":\"" reason "\"" more                       \
    "}],\"usageMetadata\":{\"promptTokenCount\":15,\"candidatesTokenCount\":3,"                    \
    "\"cachedContentTokenCount\":5,\"thoughtsTokenCount\":4,\"totalTokenCount\":22,\"cost\":0.1}," \
    "\"modelVersion\":\"m\",\"responseId\":\"gen_1\"}"
#define EMPTY "{\"text\":\"\"}"
#define CITED                                                                                      \
    ",\"citationMetadata\":{\"citationSources\":[{\"startIndex\":1,\"endIndex\":2,"                \
    "\"uri\":\"https:\\/\\/a\",\"title\":\"A\"}]}"
#define PROBABLE                                                                                   \
    ",\"logprobsResult\":{\"topCandidates\":[{\"candidates\":[{\"token\":\"b\","                   \
    "\"logProbability\":-1}]}],\"chosenCandidates\":[{\"token\":\"a\",\"logProbability\":-0.5}]}"

static const struct row rows[] = {
    {"a text in parts",
     {EV(.kind = EVENT_TEXT, .text = T("a\\n")), EV(.kind = EVENT_TEXT, .text = T("b")),
      EV(.kind = EVENT_FINISH, .finish = FINISH_LENGTH)},
     OBJECT("{\"text\":\"a\\n\"}") "\n" OBJECT("{\"text\":\"b\"}") "\n" LAST(EMPTY, "MAX_TOKENS",
                                                                             ""),
     LAST("{\"text\":\"a\\nb\"}", "MAX_TOKENS", "")},
    {"thoughts and their signature",
     {EV(.kind = EVENT_REASONING, .text = T("h")), EV(.kind = EVENT_REASONING, .text = T("m")),
      EV(.kind = EVENT_SIGNATURE, .text = T("sig")), EV(.kind = EVENT_REDACTED, .text = T("x")),
      EV(.kind = EVENT_REFUSAL, .text = T("no")),
      EV(.kind = EVENT_FINISH, .finish = FINISH_CONTENT_FILTER)},
     OBJECT("{\"text\":\"h\",\"thought\":true}") "\n" OBJECT("{\"text\":\"m\",\"thought\":true}") "\n" OBJECT(
         "{\"text\":\"\",\"thought\":true,"
         "\"thoughtSignature\":\"sig\"}") "\n" OBJECT("{\"text\":\"no\"}") "\n" LAST(EMPTY,
                                                                                     "SAFETY", ""),
     LAST("{\"text\":\"hm\",\"thought\":true,\"thoughtSignature\":\"sig\"},{\"text\":\"no\"}",
          "SAFETY", "")},
    {"calls whose arguments come mixed",
     {EV(.kind = EVENT_TOOL, .tool = 0, .id = T("c1"), .name = T("f")),
      EV(.kind = EVENT_ARGUMENTS, .tool = 0, .text = T("{\\\"a\\\":")),
      EV(.kind = EVENT_TOOL, .tool = 1, .name = T("g")),
      EV(.kind = EVENT_ARGUMENTS, .tool = 0, .text = T("\\\"\\\\ud83d")),
      EV(.kind = EVENT_ARGUMENTS, .tool = 0, .text = T("\\\\ude00\\\"}")),
      EV(.kind = EVENT_SIGNATURE, .tool = 0, .of_call = true, .text = T("sig")),
      EV(.kind = EVENT_TOOL, .tool = 2, .name = T("h")),
      EV(.kind = EVENT_ARGUMENTS, .tool = 2, .text = T("{\\\"a")),
      EV(.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS)},
     OBJECT(
         "{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{\"a\":\"\\ud83d\\ude00\"}},"
         "\"thoughtSignature\":\"sig\"},{\"functionCall\":{\"name\":\"g\",\"args\":{}}},"
         "{\"functionCall\":{\"name\":\"h\",\"args\":{\"_arguments\":\"{\\\"a\"}}}") "\n" LAST(EMPTY,
                                                                                               "STO"
                                                                                               "P",
                                                                                               ""),
     LAST("{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\",\"args\":{\"a\":\"\\ud83d\\ude00\"}},"
          "\"thoughtSignature\":\"sig\"},{\"functionCall\":{\"name\":\"g\",\"args\":{}}},"
          "{\"functionCall\":{\"name\":\"h\",\"args\":{\"_arguments\":\"{\\\"a\"}}}",
          "STOP", "")},
    {"a picture, sources and logprobs",
     {EV(.kind = EVENT_IMAGE, .type = T("image/png"), .text = T("iVBO")),
      EV(.kind = EVENT_CITATION,
         .json = T("{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":1,"
                   "\"end_index\":2,\"title\":\"A\",\"url\":\"https:\\/\\/a\"}}")),
      EV(.kind = EVENT_LOGPROBS,
         .json = T("{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"top_logprobs\":["
                   "{\"token\":\"b\",\"logprob\":-1}]}]}")),
      EV(.kind = EVENT_FINISH, .finish = FINISH_STOP)},
     OBJECT("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iVBO\"}}") "\n" LAST(
         EMPTY, "STOP", CITED PROBABLE),
     LAST("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iVBO\"}}", "STOP",
          CITED PROBABLE)},
    {"nothing",
     {EV(.kind = EVENT_FINISH, .finish = FINISH_ERROR)},
     LAST(EMPTY, "OTHER", ""),
     LAST("", "OTHER", "")},
};

static void write_all(const struct client_language *language, const struct row *row, bool stream,
                      struct buf *out)
{
    struct arena *arena = arena_new(1 << 16, ARENA_MAX);
    struct answer_writer writer = answer_writer_make(language, out, arena);
    struct answer_usage usage = usage_make();

    writer.id = span_of("gen_1");
    writer.model = span_of("m");
    writer.stream = stream;
    language->write(&writer, &(struct answer_event){.kind = EVENT_BEGIN, .id = span_of("x")});
    for (size_t i = 0; i < array_size(row->events); i++)
        if (row->events[i].kind != EVENT_BEGIN)
            language->write(&writer, &row->events[i]);
    language->write_ping(&writer);
    language->write(&writer, &(struct answer_event){.kind = EVENT_USAGE,
                                                    .usage = &usage,
                                                    .json = span_of("\"cost\":0.1")});
    language->write(&writer, &(struct answer_event){.kind = EVENT_DONE});
    assert_false(buf_failed(out));
    arena_free(arena);
}

/* The rows' objects with what stands between them. */
static void frame(const char *lines, const char *before, const char *behind, struct buf *out)
{
    struct span rest = span_of(lines);

    while (rest.at != NULL) {
        struct span line = span_cut(&rest, '\n');
        buf_add_string(out, before);
        buf_add_span(out, line);
        if (rest.at != NULL || behind[0] != ',')
            buf_add_string(out, behind);
    }
}

static void events_become_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(ARENA_MAX), wanted = buf_make(ARENA_MAX);
        frame(rows[i].stream, "data: ", "\r\n\r\n", &wanted);
        write_all(&gemini_client, &rows[i], true, &out);
        assert_span(rows[i].what, buf_span(&out), wanted.at);
        buf_clear(&wanted);
        buf_clear(&out);
        buf_add_string(&wanted, "[");
        frame(rows[i].stream, "", ",\r\n", &wanted);
        buf_add_string(&wanted, "]");
        write_all(&gemini_array_client, &rows[i], true, &out);
        assert_span(rows[i].what, buf_span(&out), wanted.at);
        buf_clear(&out);
        write_all(&gemini_client, &rows[i], false, &out);
        assert_span(rows[i].what, buf_span(&out), rows[i].whole);
        buf_done(&wanted);
        buf_done(&out);
    }
}

static void an_error_and_a_cut_write_nothing_more(void **state)
{
    struct arena *arena = arena_new(1 << 16, ARENA_MAX);
    struct buf out = buf_make(ARENA_MAX);
    struct answer_writer writer = answer_writer_make(&gemini_client, &out, arena);

    (void)state;
    writer.stream = true;
    gemini_client.write(&writer, &(struct answer_event){.kind = EVENT_BEGIN});
    gemini_client.write(&writer, &(struct answer_event){.kind = EVENT_ERROR});
    gemini_client.write_ping(&writer);
    assert_int_equal(out.size, 0);
    buf_done(&out);
    arena_free(arena);
}

static void more_than_there_is_room_for_fails(void **state)
{
    struct arena *arena = arena_new(1 << 16, 1 << 18);
    struct buf out = buf_make(ARENA_MAX);
    struct answer_writer writer = answer_writer_make(&gemini_client, &out, arena);
    char text[4096];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 100; i++)
        gemini_client.write(&writer, &(struct answer_event){.kind = EVENT_TEXT,
                                                            .text = span_make(text, sizeof(text))});
    assert_true(buf_failed(&out));
    buf_done(&out);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_become_objects),
        cmocka_unit_test(an_error_and_a_cut_write_nothing_more),
        cmocka_unit_test(more_than_there_is_room_for_fails),
    };

    return run_test_table(tests);
}
