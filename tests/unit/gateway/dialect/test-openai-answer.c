#include <stdio.h>

#include "tests/support/testing.h"

#include "gateway/dialect/openai_language.h"
#include "tests/unit/gateway/dialect/answer_fixtures.h"

enum { ARENA_MAX = 4 << 20 };

static struct arena *scratch, *request;
static struct json_doc doc;
static struct answer answer;

/* ---- events as text ---- */

static struct buf told;

static void on_event(void *context, const struct answer_event *event)
{
    (void)context;
    buf_printf(&told, "%s%s", told.size > 0 ? " " : "", fixture_event_names[event->kind]);
    if (event->choice > 0)
        buf_printf(&told, "@%u", event->choice);
    if (event->kind == EVENT_TOOL || event->kind == EVENT_ARGUMENTS || event->of_call)
        buf_printf(&told, "#%u", event->tool);
    if (event->kind == EVENT_FINISH)
        buf_printf(&told, ":%s", answer_finish_name(event->finish));
    if (event->kind == EVENT_USAGE)
        buf_printf(&told, ":%lld+%lld", (long long)meters_prompt(&event->usage->meters),
                   (long long)event->usage->meters.count[METER_OUTPUT]);
    if (event->id.size + event->name.size > 0)
        buf_printf(&told, "(%.*s,%.*s)", SPAN_ARG(event->id), SPAN_ARG(event->name));
    if (event->type.size > 0)
        buf_printf(&told, "<%.*s>", SPAN_ARG(event->type));
    if (event->text.size > 0)
        buf_printf(&told, "=%.*s", SPAN_ARG(event->text));
    if (event->json.size > 0)
        buf_printf(&told, "=%.*s", SPAN_ARG(event->json));
}

static struct answer_reader begin_reading(void)
{
    answer = answer_make();
    buf_clear(&told);
    return answer_reader_make(&openai_upstream, &doc, &answer, (struct answer_sink){on_event, NULL},
                              scratch);
}

static int set_up(void **state)
{
    (void)state;
    scratch = arena_new(1 << 14, ARENA_MAX);
    request = arena_new(1 << 14, ARENA_MAX);
    doc = json_doc_make();
    told = buf_make(ARENA_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(scratch);
    arena_free(request);
    json_doc_done(&doc);
    buf_done(&told);
    return 0;
}

/* ---- reading ---- */

#define DELTA(inside)                                                                              \
    "{\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{" inside "}}]}"
#define CALL(inside) DELTA("\"tool_calls\":[{" inside "}]")
#define END(word) "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" word "\"}]}"
#define USED                                                                                       \
    "{\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2,\"total_tokens\":7}}"

static void frames_become_events(void **state)
{
    static const struct {
        const char *what;
        const char *frames[8];
        const char *wanted;
    } rows[] = {
        {"a text",
         {DELTA("\"role\":\"assistant\",\"content\":\"\""), DELTA("\"content\":\"a\\n\""),
          END("stop"), USED, "[DONE]"},
         "begin(i,m) text=a\\n finish:stop=stop usage:5+2 done"},
        {"usage with every chunk, the last one counts",
         {"{\"id\":\"i\",\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_"
          "tokens\":"
          "5,\"completion_tokens\":1}}",
          "{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}],\"usage\":{"
          "\"prompt_tokens\":5,\"completion_tokens\":2}}",
          "[DONE]"},
         "begin(i,) text=a text=b finish:stop=stop usage:5+2 done"},
        {"both names of a thought",
         {DELTA("\"reasoning_content\":\"hm\",\"reasoning\":\"hm\""), DELTA("\"reasoning\":\"x\""),
          DELTA("\"content\":\"a\"")},
         "begin(i,m) reasoning=hm reasoning=x text=a"},
        {"a thought in blocks",
         {DELTA("\"reasoning\":\"hm\",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":"
                "\"hm\"}]"),
          DELTA(
              "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"s\"},{\"type\":"
              "\"reasoning.encrypted\",\"data\":\"d\"}]")},
         "begin(i,m) reasoning=hm signature=s redacted=d"},
        {"content in parts",
         {DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":"
                "\"hm\"}]},{\"type\":\"text\",\"text\":\"a\"}]")},
         "begin(i,m) reasoning=hm text=a"},
        {"a refusal",
         {DELTA("\"refusal\":\"no\""), END("stop")},
         "begin(i,m) refusal=no finish:stop=stop"},
        {"a call in pieces",
         {CALL("\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
               "\"arguments\":\"\"}"),
          CALL("\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}"),
          CALL("\"index\":0,\"function\":{\"arguments\":\":1}\"}"), END("tool_calls")},
         "begin(i,m) tool#0(c,f) arguments#0={\\\"a\\\" arguments#0=:1} "
         "finish:tool_calls=tool_calls"},
        {"an id and a name that repeat",
         {CALL("\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}"),
          CALL("\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"}\"}")},
         "begin(i,m) tool#0(c,f) arguments#0={ arguments#0=}"},
        {"an id that comes late",
         {CALL("\"index\":0,\"function\":{\"name\":\"f\"}"),
          CALL("\"index\":0,\"id\":\"c\",\"function\":{\"arguments\":\"{}\"}")},
         "begin(i,m) tool#0(c,f) arguments#0={}"},
        {"an id that never comes",
         {CALL("\"index\":0,\"function\":{\"name\":\"f\"}"), END("tool_calls")},
         "begin(i,m) tool#0(,f) finish:tool_calls=tool_calls"},
        {"a name that comes late",
         {CALL("\"index\":0,\"id\":\"c\",\"function\":{\"name\":null,\"arguments\":null}"),
          CALL("\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}")},
         "begin(i,m) tool#0(c,f) arguments#0={}"},
        {"two calls that are both the first",
         {CALL("\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}"),
          CALL("\"index\":0,\"id\":\"d\",\"function\":{\"name\":\"g\",\"arguments\":\"[\"}"),
          CALL("\"index\":0,\"function\":{\"arguments\":\"]\"}")},
         "begin(i,m) tool#0(c,f) arguments#0={} tool#1(d,g) arguments#1=[ arguments#1=]"},
        {"calls without numbers",
         {DELTA("\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
                "{\"id\":\"d\",\"function\":{\"name\":\"g\"}}]"),
          CALL("\"function\":{\"arguments\":\"{}\"}")},
         "begin(i,m) tool#0(c,f) arguments#0={} tool#1(d,g) arguments#1={}"},
        {"calls whose pieces alternate",
         {DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\"}},"
                "{\"index\":1,\"id\":\"d\",\"function\":{\"name\":\"g\"}}]"),
          CALL("\"index\":0,\"function\":{\"arguments\":\"{\"}"),
          CALL("\"index\":1,\"function\":{\"arguments\":\"[\"}"),
          CALL("\"index\":0,\"id\":\"c\",\"function\":{\"arguments\":\"}\"}")},
         "begin(i,m) tool#0(c,f) tool#1(d,g) arguments#0={ arguments#1=[ arguments#0=}"},
        {"arguments that are null, or an object",
         {CALL("\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"null\"}"),
          CALL("\"index\":1,\"id\":\"d\",\"function\":{\"name\":\"g\",\"arguments\":{\"a\":1}}")},
         "begin(i,m) tool#0(c,f) tool#1(d,g) arguments#1={\\\"a\\\":1}"},
        {"Google's signature of a call",
         {CALL(
             "\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\"},\"extra_content\":{\"google\":"
             "{\"thought_signature\":\"s\"}}")},
         "begin(i,m) tool#0(c,f) signature#0=s"},
        {"the deprecated call",
         {DELTA("\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}"),
          DELTA("\"function_call\":{\"arguments\":\"{}\"}"), END("function_call")},
         "begin(i,m) tool#0(,f) arguments#0={} finish:tool_calls=function_call"},
        {"two choices",
         {"{\"id\":\"i\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}",
          "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\","
          "\"function\":{\"name\":\"f\"}}]}},{\"index\":1,\"delta\":{\"tool_calls\":[{\"index\":0,"
          "\"id\":\"d\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}]}}]}",
          "{\"choices\":[{\"index\":1,\"delta\":{},\"finish_reason\":\"length\"}]}", END("stop"),
          "[DONE]"},
         "begin(i,) text@1=b tool#0(c,f) tool@1#0(d,g) arguments@1#0={} finish@1:length=length "
         "finish:tool_calls=stop done"},
        {"an end without a reason",
         {DELTA("\"content\":\"a\""), "[DONE]", DELTA("\"content\":\"b\"")},
         "begin(i,m) text=a finish:stop done"},
        {"a reason told twice", {END("length"), END("length")}, "begin finish:length=length"},
        {"odd words", {END("model_length")}, "begin finish:length=model_length"},
        {"a filter", {END("content_filter")}, "begin finish:content_filter=content_filter"},
        {"no reason known", {END("eos")}, "begin finish:stop=eos"},
        {"no resources",
         {END("insufficient_system_resource")},
         "begin finish:error=insufficient_system_resource"},
        {"probabilities and a citation",
         {"{\"id\":\"i\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\",\"annotations\":[{"
          "\"type\":\"url_citation\"}]},\"logprobs\":{\"content\":[]}}]}"},
         "begin(i,) text=a citation={\"type\":\"url_citation\"} logprobs={\"content\":[]}"},
        {"sources beside the choices",
         {"{\"id\":\"i\",\"citations\":[\"https://"
          "a\"],\"choices\":[{\"delta\":{\"content\":\"a\"}}]}",
          "{\"id\":\"i\",\"citations\":[\"https://a\"],\"choices\":[{\"delta\":{},"
          "\"finish_reason\":\"stop\"}]}"},
         "begin(i,) text=a citation={\"type\":\"url_citation\",\"url_citation\":{\"url\":"
         "\"https://a\",\"title\":\"\",\"start_index\":0,\"end_index\":0}} finish:stop=stop"},
        {"a picture",
         {DELTA("\"images\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
                "\"data:image/png;base64,AA\"}}]")},
         "begin(i,m) image<image/png>=AA"},
        {"usage in the choice, or at Groq's place",
         {"{\"id\":\"i\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{"
          "\"prompt_tokens\":1,\"completion_tokens\":2}}]}",
          "{\"x_groq\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}}", "[DONE]"},
         "begin(i,) finish:stop=stop usage:3+4 done"},
        {"events of other kinds and empty data",
         {"{\"type\":\"ping\"}", " ", DELTA("\"content\":\"a\"")},
         "begin(i,m) text=a"},
        {"an error in the stream ends it",
         {DELTA("\"content\":\"a\""), "{\"error\":{\"message\":\"sorry\"}}", "[DONE]"},
         "begin(i,m) text=a error"},
        {"no JSON",
         {DELTA("\"content\":\"a\""), "<html>", DELTA("\"content\":\"b\"")},
         "begin(i,m) text=a"},
        {"choices that are none", {"{\"choices\":[5]}"}, ""},
        {"an older completion",
         {"{\"id\":\"i\",\"choices\":[{\"text\":\"a\",\"index\":0}]}"},
         "begin(i,) text=a"},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_reader reader;
        (void)set_up(state);
        reader = begin_reading();
        for (size_t at = 0; at < array_size(rows[i].frames) && rows[i].frames[at] != NULL; at++)
            openai_upstream.read_frame(&reader, (struct span){0}, span_of(rows[i].frames[at]));
        assert_span(rows[i].what, buf_span(&told), rows[i].wanted);
        (void)tear_down(state);
    }
}

static void whole_answers_become_the_same_events(void **state)
{
    static const struct {
        const char *what, *body, *wanted;
        uint32_t signs; /* ERROR or MALFORMED that must be set */
    } rows[] = {
        {"everything",
         "{\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"
         "\"assistant\",\"content\":\"a\",\"reasoning\":\"hm\",\"tool_calls\":[{\"id\":\"c\","
         "\"type\":"
         "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},{\"id\":\"d\",\"type\":"
         "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":"
         "\"tool_calls\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
         "begin(i,m) reasoning=hm text=a tool#0(c,f) arguments#0={} tool#1(d,f) arguments#1={} "
         "finish:tool_calls=tool_calls usage:1+2 done",
         0},
        {"several thoughts",
         "{\"id\":\"i\",\"choices\":[{\"message\":{\"content\":\"\",\"reasoning\":\"ab\","
         "\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"a\",\"signature\":\"s\"},{"
         "\"type\":\"reasoning.text\",\"text\":\"b\"}]}}]}",
         "begin(i,) reasoning=a signature=s reasoning=b finish:stop done", 0},
        {"several thoughts that are shut",
         "{\"id\":\"i\",\"choices\":[{\"message\":{\"content\":\"\",\"reasoning\":\"ab\","
         "\"reasoning_details\":[{\"data\":\"a\"},{\"data\":\"b\"}]}}]}",
         "begin(i,) reasoning=ab redacted=a redacted=b finish:stop done", 0},
        {"calls without ids",
         "{\"id\":\"i\",\"choices\":[{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\","
         "\"arguments\":\"{}\"}},{\"function\":{\"name\":\"g\"}}]}}]}",
         "begin(i,) tool#0(,f) arguments#0={} tool#1(,g) finish:tool_calls done", 0},
        {"an error with 200", "{\"error\":{\"message\":\"sorry\",\"code\":429}}", "error",
         ANSWER_ERROR},
        {"no answer", "{\"id\":\"i\"}", "", ANSWER_MALFORMED},
        {"the JSON value null", "null", "", ANSWER_MALFORMED},
        {"a page", "<html></html>", "", ANSWER_MALFORMED},
        {"a choice too many", "{\"choices\":[{\"index\":128,\"message\":{}}]}", "begin",
         ANSWER_MALFORMED},
    };

    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_reader reader;
        (void)set_up(state);
        reader = begin_reading();
        openai_upstream.read_whole(&reader, span_of(rows[i].body));
        assert_span(rows[i].what, buf_span(&told), rows[i].wanted);
        assert_int(rows[i].what, answer.signs & (ANSWER_ERROR | ANSWER_MALFORMED), rows[i].signs);
        (void)tear_down(state);
    }
}

static void an_error_event_without_an_envelope_is_an_error(void **state)
{
    struct answer_reader reader = begin_reading();

    (void)state;
    openai_upstream.read_frame(&reader, span_of("error"), span_of("{\"message\":\"sorry\"}"));
    assert_span("event", buf_span(&told), "error");
    assert_string_equal(answer.error_message, "sorry");
    assert_int_equal(reader.signs, ANSWER_ERROR);
}

static void more_calls_than_there_may_be_are_malformed(void **state)
{
    struct answer_reader reader = begin_reading();
    char frame[256];

    (void)state;
    for (int i = 0; i <= LANGUAGE_TOOLS_MAX; i++) {
        snprintf(frame, sizeof(frame),
                 CALL("\"index\":0,\"id\":\"c%d\",\"function\":{\"name\":\"f\"}"), i);
        openai_upstream.read_frame(&reader, (struct span){0}, span_of(frame));
    }
    assert_int_equal(answer.signs & ANSWER_MALFORMED, ANSWER_MALFORMED);
    assert_int_equal(reader.tool_count, LANGUAGE_TOOLS_MAX);
}

/* ---- writing ---- */

static struct answer_usage used;

static const struct answer_event spoken[] = {
    {.kind = EVENT_BEGIN, .id = {"x", 1}},
    {.kind = EVENT_REASONING, .text = {"hm", 2}},
    {.kind = EVENT_SIGNATURE, .text = {"sig", 3}},
    {.kind = EVENT_REDACTED, .text = {"shut", 4}},
    {.kind = EVENT_TEXT, .text = {"a\\n", 3}},
    {.kind = EVENT_TEXT, .text = {"b", 1}},
    {.kind = EVENT_TOOL, .tool = 0, .id = {"c", 1}, .name = {"f", 1}},
    {.kind = EVENT_TOOL, .tool = 1, .name = {"g", 1}},
    {.kind = EVENT_ARGUMENTS, .tool = 0, .text = {"{}", 2}},
    {.kind = EVENT_SIGNATURE, .of_call = true, .tool = 1, .text = {"t", 1}},
    {.kind = EVENT_CITATION, .json = {"{\"type\":\"url_citation\"}", 23}},
    {.kind = EVENT_LOGPROBS, .json = {"{\"content\":[]}", 14}},
    {.kind = EVENT_FINISH, .finish = FINISH_TOOL_CALLS},
    {.kind = EVENT_TEXT, .choice = 1, .text = {"other", 5}},
    {.kind = EVENT_FINISH, .choice = 1, .finish = FINISH_LENGTH},
    {.kind = EVENT_USAGE, .usage = &used, .json = {"\"cost\":0.5", 10}},
    {.kind = EVENT_DONE},
};

static void write_all(const struct answer_event *events, size_t count, struct buf *out, bool stream,
                      bool include_usage)
{
    struct answer_writer writer = answer_writer_make(&openai_client, out, request);

    used = (struct answer_usage){.state = ANSWER_USAGE_GOOD};
    meters_set(&used.meters, METER_INPUT, 3);
    meters_set(&used.meters, METER_CACHE_READ, 4);
    meters_set(&used.meters, METER_OUTPUT, 9);
    meters_set(&used.meters, METER_REASONING, 2);
    writer.id = span_of("gen_1");
    writer.model = span_of("m");
    writer.created_s = 7;
    writer.stream = stream;
    writer.include_usage = include_usage;
    for (size_t i = 0; i < count; i++)
        openai_client.write(&writer, &events[i]);
}

#define USAGE                                                                                      \
    "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,\"total_tokens\":16,"                  \
    "\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{"              \
    "\"reasoning_tokens\":2},\"cost\":0.5}"

static void a_whole_answer_has_all_that_was_said(void **state)
{
    struct buf out = buf_make(ARENA_MAX);

    (void)state;
    write_all(spoken, array_size(spoken), &out, false, false);
    assert_span(
        "whole", buf_span(&out),
        "{\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion\",\"created\":7,\"model\":\"m\","
        "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\\nb\","
        "\"refusal\":null,\"reasoning_content\":\"hm\",\"reasoning\":\"hm\",\"reasoning_details\":["
        "{\"type\":\"reasoning.text\",\"text\":\"hm\",\"signature\":\"sig\",\"index\":0},"
        "{\"type\":\"reasoning.encrypted\",\"data\":\"shut\",\"index\":1}],\"tool_calls\":["
        "{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
        "{\"id\":\"call_gen_1_0_1\",\"type\":\"function\",\"function\":{\"name\":\"g\","
        "\"arguments\":\"{}\"},\"extra_content\":{\"google\":{\"thought_signature\":\"t\"}}}],"
        "\"annotations\":[{\"type\":\"url_citation\"}]},\"logprobs\":{\"content\":[]},"
        "\"finish_reason\":\"tool_calls\"},{\"index\":1,\"message\":{\"role\":\"assistant\","
        "\"content\":\"other\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"length\"}]"
        "," USAGE "}");
    buf_done(&out);
}

#define CHUNK(choice, delta, logprobs, finish)                                                     \
    "data: {\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion.chunk\",\"created\":7,"         \
    "\"model\":\"m\",\"choices\":[{\"index\":" choice ",\"delta\":{" delta                         \
    "},\"logprobs\":" logprobs ",\"finish_reason\":" finish "}]}\n\n"
#define SAID(delta) CHUNK("0", delta, "null", "null")
#define CALLED(inside) SAID("\"tool_calls\":[{" inside "}]")

static void a_stream_says_it_piece_by_piece(void **state)
{
    struct buf out = buf_make(ARENA_MAX);

    (void)state;
    write_all(spoken, array_size(spoken), &out, true, false);
    assert_span(
        "stream", buf_span(&out),
        SAID("\"role\":\"assistant\",\"content\":\"\"") SAID(
            "\"reasoning_content\":\"hm\",\"reasoning\":\"hm\",\"reasoning_details\":[{\"type\":"
            "\"reasoning.text\",\"text\":\"hm\",\"index\":0}]")
            SAID("\"reasoning_details\":[{\"type\":\"reasoning.text\",\"signature\":\"sig\","
                 "\"index\":0}]") SAID("\"reasoning_details\":[{\"type\":\"reasoning.encrypted\","
                                       "\"data\":\"shut\","
                                       "\"index\":1}]") SAID("\"content\":\"a\\n\"")
                SAID("\"content\":\"b\"") CALLED(
                    "\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
                    "\"arguments\":\"\"}") CALLED("\"index\":1,\"id\":\"call_gen_1_0_1\",\"type\":"
                                                  "\"function\",\"function\":{\"name\":"
                                                  "\"g\",\"arguments\":\"\"}")
                    CALLED("\"index\":0,\"function\":{\"arguments\":\"{}\"}") CALLED(
                        "\"index\":1,\"function\":{\"arguments\":\"\"},\"extra_content\":{"
                        "\"google\":{\"thought_signature\":\"t\"}}")
                        SAID("\"annotations\":[{\"index\":0,\"type\":\"url_citation\"}]")
                            CHUNK("0", "", "{\"content\":[]}",
                                  "null") CALLED("\"index\":1,\"function\":{\"arguments\":\"{}\"}")
                                CHUNK("0", "", "null", "\"tool_calls\"") CHUNK(
                                    "1", "\"role\":\"assistant\",\"content\":\"\"", "null", "null")
                                    CHUNK("1", "\"content\":\"other\"", "null", "null")
                                        CHUNK("1", "", "null", "\"length\"") "data: [DONE]\n\n");
    buf_done(&out);
}

static void usage_is_told_to_who_asked_and_comes_last(void **state)
{
    static const struct answer_event short_one[] = {
        {.kind = EVENT_FINISH, .finish = FINISH_STOP},
        {.kind = EVENT_USAGE, .usage = &used, .json = {"\"cost\":0.5", 10}},
        {.kind = EVENT_DONE},
    };
    struct buf out = buf_make(ARENA_MAX);

    (void)state;
    write_all(short_one, array_size(short_one), &out, true, true);
    assert_span(
        "stream", buf_span(&out),
        "data: {\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion.chunk\",\"created\":7,"
        "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"
        "\"\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
        "data: {\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion.chunk\",\"created\":7,"
        "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
        "\"finish_reason\":\"stop\"}],\"usage\":null}\n\n"
        "data: {\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion.chunk\",\"created\":7,"
        "\"model\":\"m\",\"choices\":[]," USAGE "}\n\ndata: [DONE]\n\n");
    buf_done(&out);
}

static void what_was_not_rated_may_still_be_shown(void **state)
{
    struct buf out = buf_make(ARENA_MAX);
    struct answer_usage usage = {.state = ANSWER_USAGE_GOOD};
    const struct answer_event events[] = {{.kind = EVENT_USAGE, .usage = &usage},
                                          {.kind = EVENT_DONE}};

    (void)state;
    meters_set(&usage.meters, METER_INPUT, 1);
    meters_set(&usage.shown, METER_INPUT, 90);
    meters_set(&usage.shown, METER_OUTPUT, 8);
    write_all(events, array_size(events), &out, false, false);
    in_row("shown", strstr(out.at, "\"usage\":{\"prompt_tokens\":90,\"completion_tokens\":8,"
                                   "\"total_tokens\":98,\"prompt_tokens_details\":{"
                                   "\"cached_tokens\":0},\"completion_tokens_details\":{"
                                   "\"reasoning_tokens\":0}}}") != NULL);
    buf_done(&out);
}

static void without_the_end_a_whole_answer_is_nothing(void **state)
{
    struct buf out = buf_make(ARENA_MAX);

    (void)state;
    write_all(spoken, array_size(spoken) - 1, &out, false, false);
    assert_int_equal(out.size, 0);
    buf_done(&out);
}

static void more_than_the_request_may_hold_fails_the_answer(void **state)
{
    struct buf out = buf_make(ARENA_MAX);
    struct arena *small = arena_new(1 << 12, 1 << 17);
    struct answer_writer writer = answer_writer_make(&openai_client, &out, small);
    char large[1 << 12];
    const struct answer_event text = {.kind = EVENT_TEXT, .text = {large, sizeof(large)}};

    (void)state;
    memset(large, 'x', sizeof(large));
    for (int i = 0; i < 64; i++)
        openai_client.write(&writer, &text);
    assert_true(buf_failed(&out));
    buf_done(&out);
    arena_free(small);
}

static void a_plan_has_a_member_of_its_own(void **state)
{
    static const struct answer_event events[] = {
        {.kind = EVENT_BEGIN},
        {.kind = EVENT_REASONING, .plan = true, .text = {"I ", 2}},
        {.kind = EVENT_REASONING, .plan = true, .text = {"look.", 5}},
        {.kind = EVENT_FINISH, .finish = FINISH_STOP},
        {.kind = EVENT_DONE},
    };
    struct buf out = buf_make(ARENA_MAX);

    (void)state;
    write_all(events, array_size(events), &out, true, false);
    assert_span("stream", buf_span(&out),
                SAID("\"role\":\"assistant\",\"content\":\"\"") SAID("\"tool_plan\":\"I \"")
                    SAID("\"tool_plan\":\"look.\"")
                        CHUNK("0", "", "null", "\"stop\"") "data: [DONE]\n\n");
    buf_clear(&out);
    write_all(events, array_size(events), &out, false, false);
    assert_span("whole", buf_span(&out),
                "{\"id\":\"chatcmpl-gen_1\",\"object\":\"chat.completion\",\"created\":7,"
                "\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                "\"content\":\"\",\"refusal\":null,\"tool_plan\":\"I look.\"},\"logprobs\":null,"
                "\"finish_reason\":\"stop\"}]}");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_become_events),
        cmocka_unit_test(whole_answers_become_the_same_events),
        cmocka_unit_test_setup_teardown(an_error_event_without_an_envelope_is_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_calls_than_there_may_be_are_malformed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_whole_answer_has_all_that_was_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stream_says_it_piece_by_piece, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_has_a_member_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(usage_is_told_to_who_asked_and_comes_last, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_rated_may_still_be_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_the_end_a_whole_answer_is_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_than_the_request_may_hold_fails_the_answer, set_up,
                                        tear_down),
    };

    return run_test_table(tests);
}
