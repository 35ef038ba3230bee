#include "tests/support/testing.h"

#include "gateway/dialect/language.h"

enum { ARENA_MAX = 1 << 20 };
#define LOST(member) (UINT64_C(1) << (member))

static struct language_target target_make(const char *model)
{
    return (struct language_target){.model = span_of(model), .output_cap = 99, .reasoning = true};
}

static struct chat chat_make(void)
{
    return (struct chat){.wish = {.max_tokens = -1,
                                  .choices = 1,
                                  .schema_strict = -1,
                                  .reasoning_budget = -1,
                                  .parallel_tools = -1}};
}

/* Compares what is written, without the braces around it all. */
static struct ask_losses assert_body(const char *what, const struct upstream_language *language,
                                     const struct chat *chat, const struct language_target *target,
                                     const char *wanted)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct buf all = buf_make(ARENA_MAX);
    struct json_doc doc = json_doc_make();
    struct ask_losses losses;
    const struct span *spans;
    uint32_t count;
    size_t size;

    assert_int(what, language->write_ask(chat, target, &pieces, &losses), ASK_WRITTEN);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(&all, spans[i]);
    assert_int(what, json_parse(&doc, buf_span(&all), &json_limits_body), JSON_OK);
    assert_span(what, span_part(buf_span(&all), 1, all.size - 2), wanted);
    json_doc_done(&doc);
    buf_done(&all);
    pieces_done(&pieces);
    arena_free(arena);
    return losses;
}

#define HI "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]"
#define CAP "\"generationConfig\":{\"maxOutputTokens\":99}"

static struct chat hi_make(void)
{
    static struct chat_part part = {.kind = PART_TEXT};
    static struct chat_message message = {.role = CHAT_USER, .first = 0, .count = 1};
    struct chat chat = chat_make();

    part.text = span_of("hi");
    chat.parts = &part;
    chat.part_count = 1;
    chat.messages = &message;
    chat.message_count = 1;
    return chat;
}

static void a_turn_of_tools_names_its_functions(void **state)
{
    struct chat_part parts[] = {
        {.kind = PART_TEXT, .text = span_of("be \\\"brief\\\"")},
        {.kind = PART_TEXT, .text = span_of("hi")},
        {.kind = PART_TEXT, .text = span_of("")},
        {.kind = PART_TOOL_CALL,
         .id = span_of("c1"),
         .name = span_of("f"),
         .arguments = {.text = span_of("{\\\"a\\\":1}"), .in_string = true}},
        {.kind = PART_TOOL_CALL, .id = span_of("c2"), .name = span_of("g")},
        {.kind = PART_TOOL_RESULT, .id = span_of("c2"), .first = 8, .count = 1},
        {.kind = PART_TOOL_RESULT, .id = span_of("c1"), .first = 9, .count = 3},
        {.kind = PART_TEXT, .text = span_of("go on")},
        {.kind = PART_TEXT, .text = span_of("{\\\"x\\\":[1]}")},
        {.kind = PART_TEXT, .text = span_of("22")},
        {.kind = PART_IMAGE, .by = MEDIA_DATA, .data = span_of("iVBORw0")},
        {.kind = PART_TEXT, .text = span_of("C")},
    };
    struct chat_message messages[] = {
        {.role = CHAT_SYSTEM, .first = 0, .count = 1},
        {.role = CHAT_USER, .first = 1, .count = 1},
        {.role = CHAT_ASSISTANT, .first = 2, .count = 3},
        {.role = CHAT_USER, .first = 5, .count = 1},
        {.role = CHAT_USER, .first = 6, .count = 1},
        {.role = CHAT_USER, .first = 7, .count = 1},
    };
    struct chat chat = chat_make();
    struct language_target target = target_make("gemini-2.5-flash");

    (void)state;
    chat.parts = parts;
    chat.part_count = array_size(parts);
    chat.messages = messages;
    chat.message_count = array_size(messages);
    (void)assert_body(
        "AI Studio", &gemini_upstream, &chat, &target,
        "\"systemInstruction\":{\"parts\":[{\"text\":\"be \\\"brief\\\"\"}]},\"contents\":["
        "{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"c1\",\"name\":\"f\","
        "\"args\":{\"a\":1}}},{\"functionCall\":{\"id\":\"c2\",\"name\":\"g\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"c2\",\"name\":\"g\","
        "\"response\":{\"x\":[1]}}},{\"functionResponse\":{\"id\":\"c1\",\"name\":\"f\","
        "\"response\":{\"output\":\"22C\"}}},{\"inlineData\":{\"mimeType\":\"image/png\","
        "\"data\":\"iVBORw0\"}},{\"text\":\"go on\"}]}]," CAP);
    parts[6].error = true;
    parts[6].count = 1;
    parts[5].count = 0;
    (void)assert_body(
        "Vertex has no ids", &gemini_vertex_upstream, &chat, &target,
        "\"systemInstruction\":{\"parts\":[{\"text\":\"be \\\"brief\\\"\"}]},\"contents\":["
        "{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\":1}}},"
        "{\"functionCall\":{\"name\":\"g\",\"args\":{}}}]},"
        "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"g\","
        "\"response\":{\"output\":\"\"}}},{\"functionResponse\":{\"name\":\"f\","
        "\"response\":{\"error\":\"22\"}}},{\"text\":\"go on\"}]}]," CAP);
}

static void signatures_stand_where_they_came_from(void **state)
{
    struct chat_part parts[] = {
        {.kind = PART_REASONING, .text = span_of("hm"), .signature = span_of("s1")},
        {.kind = PART_REDACTED, .data = span_of("x")},
        {.kind = PART_REASONING, .text = span_of("not signed")},
        {.kind = PART_TEXT, .text = span_of("a")},
        {.kind = PART_TOOL_CALL,
         .id = span_of("c"),
         .name = span_of("f"),
         .signature = span_of("s2")},
        {.kind = PART_REASONING, .signature = span_of("s3")},
        {.kind = PART_TEXT, .text = span_of("u")},
        {.kind = PART_TOOL_CALL, .id = span_of("d"), .name = span_of("f")},
        {.kind = PART_TOOL_CALL, .id = span_of("e"), .name = span_of("f")},
    };
    struct chat_message messages[] = {
        {.role = CHAT_ASSISTANT, .first = 0, .count = 6},
        {.role = CHAT_USER, .first = 6, .count = 1},
        {.role = CHAT_ASSISTANT, .first = 7, .count = 2},
    };
    struct chat chat = chat_make();
    struct language_target target = target_make("models/gemini-3-pro-preview");

    (void)state;
    chat.parts = parts;
    chat.part_count = array_size(parts);
    chat.messages = messages;
    chat.message_count = array_size(messages);
    (void)assert_body(
        "", &gemini_vertex_upstream, &chat, &target,
        "\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"hm\",\"thought\":true},"
        "{\"text\":\"a\",\"thoughtSignature\":\"s1\"},"
        "{\"functionCall\":{\"name\":\"f\",\"args\":{}},\"thoughtSignature\":\"s2\"},"
        "{\"text\":\"\",\"thoughtSignature\":\"s3\"}]},"
        "{\"role\":\"user\",\"parts\":[{\"text\":\"u\"}]},"
        "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{}},"
        "\"thoughtSignature\":\"skip_thought_signature_validator\"},"
        "{\"functionCall\":{\"name\":\"f\",\"args\":{}}}]}]," CAP);
}

static void media_go_as_they_are(void **state)
{
    static const struct {
        const char *what;
        struct chat_part part;
        const char *written;
    } rows[] = {
        {"a picture in the text",
         {.kind = PART_IMAGE, .by = MEDIA_DATA, .type = {"image/webp", 10}, .data = {"UklG", 4}},
         "{\"inlineData\":{\"mimeType\":\"image/webp\",\"data\":\"UklG\"}}"},
        {"a picture by its address, which is not loaded",
         {.kind = PART_IMAGE, .by = MEDIA_URL, .data = {"https://x/y.png?z", 17}},
         "{\"fileData\":{\"mimeType\":\"image/png\",\"fileUri\":\"https://x/y.png?z\"}}"},
        {"a recording",
         {.kind = PART_AUDIO, .by = MEDIA_DATA, .type = {"mp3", 3}, .data = {"SUQz", 4}},
         "{\"inlineData\":{\"mimeType\":\"audio/mp3\",\"data\":\"SUQz\"}}"},
        {"a file of nobody's type",
         {.kind = PART_FILE, .by = MEDIA_DATA, .data = {"JVBERi0x", 8}},
         "{\"inlineData\":{\"mimeType\":\"application/pdf\",\"data\":\"JVBERi0x\"}}"},
        {"a file of Google's",
         {.kind = PART_FILE,
          .by = MEDIA_FILE_ID,
          .type = {"text/plain", 10},
          .data = {"gs://b/f", 8}},
         "{\"fileData\":{\"mimeType\":\"text/plain\",\"fileUri\":\"gs://b/f\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat chat = hi_make();
        struct language_target target = target_make("gemini-2.5-flash");
        struct chat_part part = rows[i].part;
        struct buf wanted = buf_make(4096);
        chat.parts = &part;
        buf_printf(&wanted, "\"contents\":[{\"role\":\"user\",\"parts\":[%s]}]," CAP,
                   rows[i].written);
        (void)assert_body(rows[i].what, &gemini_upstream, &chat, &target, wanted.at);
        buf_done(&wanted);
    }
}

static void what_cannot_be_said_is_named(void **state)
{
    static const struct {
        const char *why;
        struct chat_part part;
    } rows[] = {
        {"a hosted file", {.kind = PART_FILE, .by = MEDIA_FILE_ID, .data = {"file-1", 6}}},
        {"a tool's result without its call", {.kind = PART_TOOL_RESULT, .id = {"c", 1}}},
        {"a chat in which nothing is said", {.kind = PART_TEXT}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat chat = hi_make();
        struct language_target target = target_make("gemini-2.5-flash");
        struct chat_part part = rows[i].part;
        struct arena *arena = arena_new(4096, ARENA_MAX);
        struct pieces pieces = pieces_make(arena, ARENA_MAX);
        struct ask_losses losses;
        chat.parts = &part;
        assert_int(rows[i].why, gemini_upstream.write_ask(&chat, &target, &pieces, &losses),
                   ASK_UNSPEAKABLE);
        assert_string_equal(losses.why, rows[i].why);
        pieces_done(&pieces);
        arena_free(arena);
    }
}

static void system_alone_is_said_and_late_system_keeps_its_place(void **state)
{
    struct chat_part parts[] = {{.kind = PART_TEXT, .text = span_of("hi")},
                                {.kind = PART_TEXT, .text = span_of("later")}};
    struct chat_message messages[] = {{.role = CHAT_SYSTEM, .first = 0, .count = 1},
                                      {.role = CHAT_SYSTEM, .first = 1, .count = 1}};
    struct chat chat = chat_make();
    struct language_target target = target_make("gemini-2.5-flash");

    (void)state;
    chat.parts = parts;
    chat.part_count = array_size(parts);
    chat.messages = messages;
    chat.message_count = 1;
    (void)assert_body("alone", &gemini_upstream, &chat, &target, HI "," CAP);
    chat.message_count = 2;
    messages[0].role = CHAT_USER;
    (void)assert_body("late", &gemini_upstream, &chat, &target,
                      "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"},{\"text\":"
                      "\"later\"}]}]," CAP);
}

static void a_wish_is_carried_or_told_as_lost(void **state)
{
    struct chat chat = hi_make();
    struct chat_wish *wish = &chat.wish;
    struct language_target target = target_make("gemini-2.5-flash");
    struct ask_losses losses;

    (void)state;
    wish->temperature = span_of("0.5");
    wish->top_p = span_of("1e-1");
    wish->top_k = span_of("4");
    wish->seed = span_of("7");
    wish->presence_penalty = span_of("1");
    wish->frequency_penalty = span_of("-1");
    wish->logprobs = true;
    wish->top_logprobs = span_of("30");
    wish->max_tokens = 50;
    wish->choices = 2;
    wish->stops[0] = span_of("\\n");
    wish->stop_count = 1;
    wish->format = FORMAT_SCHEMA;
    wish->schema = span_of("{\"type\":\"object\"}");
    wish->service_tier = span_of("flex");
    losses = assert_body(
        "all of it", &gemini_upstream, &chat, &target,
        HI ",\"generationConfig\":{\"maxOutputTokens\":50,\"candidateCount\":2,\"temperature\":0.5,"
           "\"topP\":1e-1,\"topK\":4,\"presencePenalty\":1,\"frequencyPenalty\":-1,\"seed\":7,"
           "\"stopSequences\":[\"\\n\"],\"responseLogprobs\":true,\"logprobs\":20,"
           "\"responseMimeType\":\"application/json\","
           "\"responseJsonSchema\":{\"type\":\"object\"}},\"serviceTier\":\"flex\"");
    assert_int_equal(losses.lost, 0);
    chat = hi_make();
    wish->min_p = span_of("0.1");
    wish->seed = span_of("99999999999");
    wish->repetition_penalty = span_of("1");
    wish->logit_bias = span_of("{}");
    wish->verbosity = span_of("low");
    wish->user = span_of("u");
    wish->metadata = span_of("{}");
    wish->cache = CACHE_5M;
    wish->service_tier = span_of("flex");
    wish->tool_choice = CHOICE_REQUIRED;
    wish->stop_count = 6;
    losses = assert_body("lost", &gemini_vertex_upstream, &chat, &target,
                         HI ",\"generationConfig\":{\"maxOutputTokens\":99,\"stopSequences\":["
                            "\"\",\"\",\"\",\"\",\"\"]}");
    assert_int_equal(losses.lost,
                     LOST(MEMBER_MIN_P) | LOST(MEMBER_SEED) | LOST(MEMBER_REPETITION_PENALTY) |
                         LOST(MEMBER_LOGIT_BIAS) | LOST(MEMBER_VERBOSITY) | LOST(MEMBER_USER) |
                         LOST(MEMBER_METADATA) | LOST(MEMBER_CACHE) | LOST(MEMBER_SERVICE_TIER) |
                         LOST(MEMBER_TOOL_CHOICE) | LOST(MEMBER_STOP));
}

static void tools_and_their_choice(void **state)
{
    static const struct {
        enum chat_choice choice;
        const char *config;
    } rows[] = {
        {CHOICE_UNSET, ""},
        {CHOICE_AUTO, ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"AUTO\"}}"},
        {CHOICE_NONE, ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"NONE\"}}"},
        {CHOICE_REQUIRED, ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\"}}"},
        {CHOICE_NAMED, ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\","
                       "\"allowedFunctionNames\":[\"f\"]}}"},
    };
    struct chat_tool tools[] = {
        {.name = span_of("f"), .schema = span_of("{\"type\":\"object\"}"), .strict = 1},
        {.name = span_of("g"),
         .description = span_of("d"),
         .schema = span_of("{\"type\":\"OBJECT\"}")},
        {.name = span_of("h")},
    };
    struct chat chat = hi_make();
    struct language_target target = target_make("gemini-2.5-flash");

    (void)state;
    chat.tools = tools;
    chat.tool_count = array_size(tools);
    chat.wish.format = FORMAT_JSON;
    chat.wish.parallel_tools = 0;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf wanted = buf_make(4096);
        bool none = rows[i].choice == CHOICE_NONE;
        struct ask_losses losses;
        chat.wish.tool_choice = rows[i].choice;
        chat.wish.tool_name = span_of("f");
        buf_printf(&wanted,
                   HI "%s,\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\","
                      "\"parametersJsonSchema\":{\"type\":\"object\"}},{\"name\":\"g\","
                      "\"description\":\"d\",\"parameters\":{\"type\":\"OBJECT\"}},"
                      "{\"name\":\"h\"}]}],\"generationConfig\":{\"maxOutputTokens\":99%s}",
                   rows[i].config, none ? ",\"responseMimeType\":\"application/json\"" : "");
        losses = assert_body(rows[i].config, &gemini_upstream, &chat, &target, wanted.at);
        assert_int(rows[i].config, losses.lost,
                   LOST(MEMBER_STRICT) | LOST(MEMBER_PARALLEL_TOOLS) |
                       (none ? 0 : LOST(MEMBER_RESPONSE_FORMAT)));
        buf_done(&wanted);
    }
}

static void how_hard_to_think_is_said_in_the_words_of_the_model(void **state)
{
    static const struct {
        const char *model;
        enum chat_effort effort;
        int64_t budget;
        bool can, lost;
        const char *config;
    } rows[] = {
        {"gemini-2.5-flash", EFFORT_UNSET, -1, true, false, NULL},
        {"gemini-2.5-flash", EFFORT_NONE, -1, true, false, "\"thinkingBudget\":0"},
        {"gemini-2.5-flash", EFFORT_LOW, -1, true, false,
         "\"includeThoughts\":true,\"thinkingBudget\":1024"},
        {"gemini-2.5-flash", EFFORT_UNSET, 99999, true, false,
         "\"includeThoughts\":true,\"thinkingBudget\":24576"},
        {"gemini-2.5-pro", EFFORT_NONE, -1, true, true, "\"thinkingBudget\":128"},
        {"gemini-2.5-pro", EFFORT_UNSET, 2000, true, false,
         "\"includeThoughts\":true,\"thinkingBudget\":2000"},
        {"gemini-3-pro-preview", EFFORT_MEDIUM, -1, true, false,
         "\"includeThoughts\":true,\"thinkingLevel\":\"high\""},
        {"publishers/google/models/gemini-3.1-pro", EFFORT_MEDIUM, -1, true, false,
         "\"includeThoughts\":true,\"thinkingLevel\":\"medium\""},
        {"gemini-3-flash", EFFORT_MINIMAL, -1, true, false,
         "\"includeThoughts\":true,\"thinkingLevel\":\"minimal\""},
        {"gemini-3-flash", EFFORT_UNSET, 0, true, true, "\"thinkingLevel\":\"minimal\""},
        {"gemini-2.0-flash", EFFORT_HIGH, -1, false, true, NULL},
        {"gemini-2.0-flash", EFFORT_NONE, -1, false, false, NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct chat chat = hi_make();
        struct language_target target = target_make(rows[i].model);
        struct buf wanted = buf_make(4096);
        struct ask_losses losses;
        target.reasoning = rows[i].can;
        chat.wish.effort = rows[i].effort;
        chat.wish.reasoning_budget = rows[i].budget;
        buf_add_string(&wanted, HI ",\"generationConfig\":{\"maxOutputTokens\":99");
        if (rows[i].config != NULL)
            buf_printf(&wanted, ",\"thinkingConfig\":{%s}", rows[i].config);
        buf_add_string(&wanted, "}");
        losses = assert_body(rows[i].model, &gemini_upstream, &chat, &target, wanted.at);
        assert_int(rows[i].model, losses.lost, rows[i].lost ? LOST(MEMBER_REASONING) : 0);
        buf_done(&wanted);
    }
}

static void a_model_answers_at_its_path(void **state)
{
    static const struct {
        const char *model, *path;
        bool stream;
    } rows[] = {
        {"gemini-2.5-flash", "/models/gemini-2.5-flash:generateContent", false},
        {"gemini-2.5-flash", "/models/gemini-2.5-flash:streamGenerateContent?alt=sse", true},
        {"models/x", "/models/x:generateContent", false},
        {"a?b#c d", "/models/a%3Fb%23c%20d:generateContent", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(256);
        struct language_target target = target_make(rows[i].model);
        gemini_upstream.path(&target, rows[i].stream, &out);
        assert_span(rows[i].model, buf_span(&out), rows[i].path);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_of_tools_names_its_functions),
        cmocka_unit_test(signatures_stand_where_they_came_from),
        cmocka_unit_test(media_go_as_they_are),
        cmocka_unit_test(what_cannot_be_said_is_named),
        cmocka_unit_test(system_alone_is_said_and_late_system_keeps_its_place),
        cmocka_unit_test(a_wish_is_carried_or_told_as_lost),
        cmocka_unit_test(tools_and_their_choice),
        cmocka_unit_test(how_hard_to_think_is_said_in_the_words_of_the_model),
        cmocka_unit_test(a_model_answers_at_its_path),
    };

    return run_test_table(tests);
}
