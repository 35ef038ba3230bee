#include "tests/support/testing.h"

#include <stdio.h>

#include "gateway/dialect/cohere.h"

enum { ARENA_MAX = 1 << 20 };

#define INSIDE(text)                                                                               \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define PART(text_)                                                                                \
    {                                                                                              \
        .kind = PART_TEXT, .text = INSIDE(text_)                                                   \
    }
#define LOST(member) (UINT64_C(1) << (member))

static const struct language_target plain = {.model = INSIDE("command-x"), .output_cap = 1000};
static const struct language_target thinker = {
    .model = INSIDE("command-x"), .output_cap = 1000, .output_limit = 500, .reasoning = true};

static struct chat_wish wish_make(void)
{
    return (struct chat_wish){.max_tokens = -1,
                              .choices = 1,
                              .schema_strict = -1,
                              .reasoning_budget = -1,
                              .parallel_tools = -1};
}

static enum ask_written write_chat(const struct chat *chat, const struct language_target *target,
                                   struct buf *body, struct ask_losses *losses)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    enum ask_written outcome = cohere_upstream.write_ask(chat, target, &pieces, losses);
    const struct span *spans;
    uint32_t count;
    size_t size;

    *body = buf_make(ARENA_MAX);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; spans != NULL && i < count; i++)
        buf_add_span(body, spans[i]);
    pieces_done(&pieces);
    arena_free(arena);
    return outcome;
}

/* One message of these parts, as the member "messages". */
static void messages_become_those_of_cohere(void **state)
{
    static const struct {
        const char *what;
        enum chat_role role;
        bool thinks;
        struct chat_part parts[4];
        uint32_t count, part_count;
        const char *wanted;
    } rows[] = {
        {"a system prompt",
         CHAT_SYSTEM,
         false,
         {PART("Be\\nbrief")},
         1,
         1,
         "{\"role\":\"system\",\"content\":\"Be\\nbrief\"}"},
        {"a system prompt in parts",
         CHAT_SYSTEM,
         false,
         {PART("a"), PART("b")},
         2,
         2,
         "{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\","
         "\"text\":\"b\"}]}"},
        {"a user without a word",
         CHAT_USER,
         false,
         {{0}},
         0,
         0,
         "{\"role\":\"user\",\"content\":\"\"}"},
        {"a picture by URL, one as data",
         CHAT_USER,
         false,
         {{.kind = PART_IMAGE,
           .by = MEDIA_URL,
           .data = INSIDE("https://a/b.png"),
           .detail = INSIDE("low")},
          {.kind = PART_IMAGE,
           .by = MEDIA_DATA,
           .data = INSIDE("AAAA"),
           .type = INSIDE("image/jpeg")}},
         2,
         2,
         "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":"
         "\"https://a/b.png\",\"detail\":\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":"
         "\"data:image/jpeg;base64,AAAA\"}}]}"},
        {"results of tools before what the user goes on with",
         CHAT_USER,
         false,
         {{.kind = PART_TOOL_RESULT, .id = INSIDE("c1"), .first = 3, .count = 1},
          {.kind = PART_TOOL_RESULT, .id = INSIDE("c2"), .error = true},
          PART("and?"),
          PART("18 C")},
         3,
         4,
         "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":[{\"type\":\"document\","
         "\"document\":{\"data\":{\"output\":\"18 C\"}}}]},"
         "{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":[{\"type\":\"document\","
         "\"document\":{\"data\":{\"error\":\"\"}}}]},"
         "{\"role\":\"user\",\"content\":\"and?\"}"},
        {"an answer, or a refusal",
         CHAT_ASSISTANT,
         false,
         {{.kind = PART_REFUSAL, .text = INSIDE("No.")}},
         1,
         1,
         "{\"role\":\"assistant\",\"content\":\"No.\"}"},
        {"an empty turn is left out", CHAT_ASSISTANT, false, {{0}}, 0, 0, ""},
        {"what was thought, to one that thinks",
         CHAT_ASSISTANT,
         true,
         {{.kind = PART_REASONING, .text = INSIDE("hm")},
          {.kind = PART_REDACTED, .data = INSIDE("xx")},
          PART("Hi")},
         3,
         3,
         "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"},"
         "{\"type\":\"text\",\"text\":\"Hi\"}]}"},
        {"what was thought, to one that does not",
         CHAT_ASSISTANT,
         false,
         {{.kind = PART_REASONING, .text = INSIDE("hm")}, PART("Hi")},
         2,
         2,
         "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}"},
        {"calls, with the text before them as the plan",
         CHAT_ASSISTANT,
         false,
         {PART("I look."),
          {.kind = PART_TOOL_CALL,
           .id = INSIDE("c1"),
           .name = INSIDE("f"),
           .arguments = {INSIDE("{\\\"a\\\":1}"), true}},
          {.kind = PART_TOOL_CALL,
           .id = INSIDE("c2"),
           .name = INSIDE("g"),
           .arguments = {INSIDE("{\"b\":2}"), false}}},
         3,
         3,
         "{\"role\":\"assistant\",\"tool_plan\":\"I look.\",\"tool_calls\":["
         "{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
         "\"{\\\"a\\\":1}\"}},{\"id\":\"c2\",\"type\":\"function\",\"function\":{\"name\":\"g\","
         "\"arguments\":\"{\\\"b\\\":2}\"}}]}"},
        {"calls of one that thinks",
         CHAT_ASSISTANT,
         true,
         {{.kind = PART_REASONING, .text = INSIDE("hm")},
          {.kind = PART_TOOL_CALL, .id = INSIDE("c"), .name = INSIDE("f")}},
         2,
         2,
         "{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\"}],"
         "\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
         "\"arguments\":\"{}\"}}]}"},
        {"calls of one that thought, to one that does not",
         CHAT_ASSISTANT,
         false,
         {{.kind = PART_REASONING, .text = INSIDE("hm")},
          {.kind = PART_TOOL_CALL, .id = INSIDE("c"), .name = INSIDE("f")}},
         2,
         2,
         "{\"role\":\"assistant\",\"tool_plan\":\"hm\",\"tool_calls\":[{\"id\":\"c\",\"type\":"
         "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat_part parts[4];
        struct chat_message message = {.role = rows[i].role, .count = rows[i].count};
        struct chat chat = {.messages = &message,
                            .parts = parts,
                            .message_count = 1,
                            .part_count = rows[i].part_count,
                            .wish = wish_make()};
        struct buf body, wanted = buf_make(ARENA_MAX);
        struct ask_losses losses;
        memcpy(parts, rows[i].parts, sizeof(parts));
        assert_int(rows[i].what,
                   write_chat(&chat, rows[i].thinks ? &thinker : &plain, &body, &losses),
                   ASK_WRITTEN);
        buf_printf(&wanted,
                   "{\"model\":\"command-x\",\"messages\":[%s],\"max_tokens\":%d,"
                   "\"stream\":false}",
                   rows[i].wanted, rows[i].thinks ? 500 : 1000);
        assert_span(rows[i].what, buf_span(&body), wanted.at);
        assert_int(rows[i].what, losses.lost, 0);
        buf_done(&wanted);
        buf_done(&body);
    }
}

static void what_cannot_be_said_is_refused(void **state)
{
    static const struct {
        const char *what;
        enum chat_role role;
        struct chat_part part, inner;
    } rows[] = {
        {"audio input", CHAT_USER, {.kind = PART_AUDIO, .data = INSIDE("AA")}, {0}},
        {"file input", CHAT_USER, {.kind = PART_FILE, .data = INSIDE("AA")}, {0}},
        {"an image by the id of a file",
         CHAT_USER,
         {.kind = PART_IMAGE, .by = MEDIA_FILE_ID, .data = INSIDE("f")},
         {0}},
        {"anything but text in a system prompt",
         CHAT_SYSTEM,
         {.kind = PART_IMAGE, .by = MEDIA_URL, .data = INSIDE("https://a")},
         {0}},
        {"anything but text in the result of a tool",
         CHAT_USER,
         {.kind = PART_TOOL_RESULT, .id = INSIDE("c"), .first = 1, .count = 1},
         {.kind = PART_IMAGE, .by = MEDIA_URL, .data = INSIDE("https://a")}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat_part parts[2] = {rows[i].part, rows[i].inner};
        struct chat_message message = {.role = rows[i].role, .count = 1};
        struct chat chat = {.messages = &message,
                            .parts = parts,
                            .message_count = 1,
                            .part_count = 2,
                            .wish = wish_make()};
        struct ask_losses losses;
        struct buf body;
        assert_int(rows[i].what, write_chat(&chat, &plain, &body, &losses), ASK_UNSPEAKABLE);
        assert_span(rows[i].what, span_of(losses.why), rows[i].what);
        buf_done(&body);
    }
}

/* A wish with nobody speaking: what stands between the messages and "stream". */
static void assert_wish(const char *what, const struct chat_wish *wish, struct chat_tool *tools,
                        const struct language_target *target, const char *wanted, uint64_t lost)
{
    struct chat chat = {.tools = tools, .tool_count = tools == NULL ? 0 : 2, .wish = *wish};
    struct ask_losses losses;
    struct buf body, all = buf_make(ARENA_MAX);

    assert_int(what, write_chat(&chat, target, &body, &losses), ASK_WRITTEN);
    buf_printf(&all, "{\"model\":\"command-x\",\"messages\":[],%s}", wanted);
    assert_span(what, buf_span(&body), all.at);
    assert_int(what, (int64_t)losses.lost, (int64_t)lost);
    buf_done(&all);
    buf_done(&body);
}

static void a_wish_goes_over_as_far_as_there_are_words(void **state)
{
    struct chat_wish wish = wish_make();

    (void)state;
    wish.temperature = span_of("0.5");
    wish.top_p = span_of("1");
    wish.top_k = span_of("40");
    wish.seed = span_of("7");
    wish.frequency_penalty = span_of("0.2");
    wish.presence_penalty = span_of("-1");
    wish.logprobs = true;
    wish.stream = true;
    wish.service_tier = span_of("auto");
    for (uint32_t i = 0; i < 6; i++)
        wish.stops[wish.stop_count++] = span_of("x");
    assert_wish("numbers and stops", &wish, NULL, &plain,
                "\"max_tokens\":1000,\"temperature\":0.5,\"p\":0.99,\"k\":40,"
                "\"frequency_penalty\":0.2,\"presence_penalty\":0,\"seed\":7,\"logprobs\":true,"
                "\"stop_sequences\":[\"x\",\"x\",\"x\",\"x\",\"x\"],\"stream\":true",
                LOST(MEMBER_PRESENCE_PENALTY) | LOST(MEMBER_STOP));

    wish = wish_make();
    wish.min_p = wish.top_logprobs = span_of("2");
    wish.repetition_penalty = span_of("1.0");
    wish.logit_bias = span_of("{\"5\":1}");
    wish.choices = 2;
    wish.user = span_of("u");
    wish.metadata = span_of("{\"a\":1}");
    wish.service_tier = span_of("flex");
    wish.verbosity = span_of("low");
    wish.cache = CACHE_5M;
    assert_wish("what there is no word for", &wish, NULL, &plain,
                "\"max_tokens\":1000,\"stream\":false",
                LOST(MEMBER_MIN_P) | LOST(MEMBER_LOGPROBS) | LOST(MEMBER_LOGIT_BIAS) |
                    LOST(MEMBER_N) | LOST(MEMBER_USER) | LOST(MEMBER_METADATA) |
                    LOST(MEMBER_SERVICE_TIER) | LOST(MEMBER_VERBOSITY) | LOST(MEMBER_CACHE));

    wish = wish_make();
    wish.format = FORMAT_SCHEMA;
    wish.schema = span_of("{\"type\":\"object\"}");
    assert_wish("a schema", &wish, NULL, &plain,
                "\"response_format\":{\"type\":\"json_object\",\"json_schema\":{\"type\":"
                "\"object\"}},\"max_tokens\":1000,\"stream\":false",
                0);
    wish.format = FORMAT_JSON;
    assert_wish("some JSON", &wish, NULL, &plain,
                "\"response_format\":{\"type\":\"json_object\"},\"max_tokens\":1000,"
                "\"stream\":false",
                0);
}

static void effort_becomes_a_budget_of_thinking(void **state)
{
    static const struct {
        const char *what;
        enum chat_effort effort;
        int64_t budget;
        bool thinks;
        const char *wanted;
        uint64_t lost;
    } rows[] = {
        {"half of it", EFFORT_MEDIUM, -1, true,
         "\"max_tokens\":500,\"thinking\":{\"type\":\"enabled\",\"token_budget\":250},", 0},
        {"a budget", EFFORT_UNSET, 100, true,
         "\"max_tokens\":500,\"thinking\":{\"type\":\"enabled\",\"token_budget\":100},", 0},
        {"some is left for the answer", EFFORT_LOW, 9000, true,
         "\"max_tokens\":500,\"thinking\":{\"type\":\"enabled\",\"token_budget\":475},", 0},
        {"none", EFFORT_NONE, -1, true, "\"max_tokens\":500,\"thinking\":{\"type\":\"disabled\"},",
         0},
        {"a budget of nothing", EFFORT_UNSET, 0, true,
         "\"max_tokens\":500,\"thinking\":{\"type\":\"disabled\"},", 0},
        {"one that can not", EFFORT_HIGH, -1, false, "\"max_tokens\":1000,",
         LOST(MEMBER_REASONING)},
        {"one that can not, and need not", EFFORT_NONE, -1, false, "\"max_tokens\":1000,", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat_wish wish = wish_make();
        char wanted[256];
        wish.effort = rows[i].effort;
        wish.reasoning_budget = rows[i].budget;
        (void)snprintf(wanted, sizeof(wanted), "%s\"stream\":false", rows[i].wanted);
        assert_wish(rows[i].what, &wish, NULL, rows[i].thinks ? &thinker : &plain, wanted,
                    rows[i].lost);
    }
}

#define TOOL_F                                                                                     \
    "{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"does\","                \
    "\"parameters\":{\"type\":\"object\"}}}"
#define TOOL_G                                                                                     \
    "{\"type\":\"function\",\"function\":{\"name\":\"g\",\"parameters\":{\"type\":\"object\","     \
    "\"properties\":{}}}}"

static void tools_are_offered_and_demanded(void **state)
{
    static const struct {
        const char *what;
        enum chat_choice choice;
        const char *name, *wanted;
        int strict, parallel;
        uint64_t lost;
    } rows[] = {
        {"offered", CHOICE_AUTO, "", "\"tools\":[" TOOL_F "," TOOL_G "]", -1, -1, 0},
        {"strict, all of them", CHOICE_UNSET, "",
         "\"tools\":[" TOOL_F "," TOOL_G "],\"strict_tools\":true", 1, 1, 0},
        {"any of them", CHOICE_REQUIRED, "",
         "\"tools\":[" TOOL_F "," TOOL_G "],\"tool_choice\":\"REQUIRED\"", -1, -1, 0},
        {"none of them", CHOICE_NONE, "",
         "\"tools\":[" TOOL_F "," TOOL_G "],\"tool_choice\":\"NONE\"", -1, -1, 0},
        {"one by name is the only one", CHOICE_NAMED, "g",
         "\"tools\":[" TOOL_G "],\"tool_choice\":\"REQUIRED\"", -1, 0, LOST(MEMBER_PARALLEL_TOOLS)},
        {"one that is not there", CHOICE_NAMED, "h",
         "\"tools\":[" TOOL_F "," TOOL_G "],\"tool_choice\":\"REQUIRED\"", -1, -1,
         LOST(MEMBER_TOOL_CHOICE)},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat_tool tools[] = {
            {.name = INSIDE("f"),
             .description = INSIDE("does"),
             .schema = INSIDE("{\"type\":\"object\"}"),
             .strict = rows[i].strict},
            {.name = INSIDE("g"), .strict = rows[i].strict},
        };
        struct chat_wish wish = wish_make();
        char wanted[512];
        wish.tool_choice = rows[i].choice;
        wish.tool_name = span_of(rows[i].name);
        wish.parallel_tools = rows[i].parallel;
        (void)snprintf(wanted, sizeof(wanted), "%s,\"max_tokens\":1000,\"stream\":false",
                       rows[i].wanted);
        assert_wish(rows[i].what, &wish, tools, &plain, wanted, rows[i].lost);
        tools[1].strict = -1;
        wish.format = FORMAT_JSON;
        wish.tool_choice = CHOICE_AUTO;
        wish.parallel_tools = -1;
        assert_wish("no format beside tools, and one strict tool", &wish, tools, &plain,
                    "\"tools\":[" TOOL_F "," TOOL_G "],\"max_tokens\":1000,\"stream\":false",
                    LOST(MEMBER_RESPONSE_FORMAT) | (rows[i].strict == 1 ? LOST(MEMBER_STRICT) : 0));
    }
}

static void the_path_is_that_of_chat(void **state)
{
    struct buf path = buf_make(64);

    (void)state;
    cohere_upstream.path(&plain, true, &path);
    assert_span("path", buf_span(&path), "/chat");
    buf_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_become_those_of_cohere),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(a_wish_goes_over_as_far_as_there_are_words),
        cmocka_unit_test(effort_becomes_a_budget_of_thinking),
        cmocka_unit_test(tools_are_offered_and_demanded),
        cmocka_unit_test(the_path_is_that_of_chat),
    };

    return run_test_table(tests);
}
