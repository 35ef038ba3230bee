#include "tests/support/testing.h"

#include <errno.h>

#include "gateway/dialect/anthropic.h"

#define BIT(member) (UINT64_C(1) << (member))
#define OLD "claude-3-5-sonnet-20241022"
#define BUDGET "claude-sonnet-4-5"
#define ADAPTIVE "claude-opus-4-6"
#define NEW "claude-sonnet-5"

/* The body that `chat` becomes, or why not. */
static void write_body(const struct chat *chat, const char *model, int64_t cap, bool vertex,
                       struct buf *body_out, uint64_t *lost_out)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    struct pieces pieces = pieces_make(arena, 1 << 20);
    const struct language_target target = {
        .model = span_of(model), .output_cap = cap, .reasoning = true};
    const struct upstream_language *language =
        vertex ? &anthropic_vertex_upstream : &anthropic_upstream;
    struct ask_losses losses = {0};
    enum ask_written written = language->write_ask(chat, &target, &pieces, &losses);
    uint32_t count;
    size_t size;
    const struct span *spans = pieces_spans(&pieces, &count, &size);

    *lost_out = losses.lost;
    if (written == ASK_WRITTEN) {
        for (uint32_t i = 0; i < count; i++)
            buf_add_span(body_out, spans[i]);
        assert_int("the sum of the pieces", (int64_t)body_out->size, (int64_t)size);
    } else {
        buf_add_string(body_out, "unspeakable: ");
        buf_add_string(body_out, losses.why);
    }
    pieces_done(&pieces);
    arena_free(arena);
}

static int read_body(struct json_doc *doc, struct arena *arena, const char *body,
                     struct chat *chat_out, const char **why_out, const char **member_out)
{
    assert_int("JSON", json_parse(doc, span_of(body), &json_limits_body), JSON_OK);
    return anthropic_client.read_ask(doc, arena, chat_out, why_out, member_out);
}

#define HI "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define OUT_HI                                                                                     \
    "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]}]"
#define TOOLS "\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]"
#define CALL                                                                                       \
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\","     \
    "\"input\":{\"x\":1}}]}"
#define RESULT                                                                                     \
    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"content\":" \
    "\"22\"}]}"

static void what_a_client_says_is_said_again_as_far_as_the_model_takes_it(void **state)
{
    static const struct {
        const char *what, *model, *in, *out;
        uint64_t lost;
    } rows[] = {
        {"the least", OLD, "{\"max_tokens\":5," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," OUT_HI "}", 0},
        {"a system prompt, stops, sampling, a user, a stream", OLD,
         "{\"max_tokens\":5,\"system\":\"Be \\u00fc\",\"stop_sequences\":[\"x\",\"\\n\\n\"],"
         "\"temperature\":0.5,\"top_p\":0.9,\"top_k\":3,\"metadata\":{\"user_id\":\"u\"},"
         "\"service_tier\":\"standard_only\",\"stream\":true," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"system\":[{\"type\":\"text\",\"text\":\"Be "
         "\\u00fc\"}]," OUT_HI ",\"temperature\":0.5,\"top_p\":0.9,\"top_k\":3,\"stop_sequences\":["
         "\"x\"],\"metadata\":{\"user_id\":\"u\"},\"service_tier\":\"standard_only\",\"stream\":"
         "true}",
         BIT(MEMBER_STOP)},
        {"temperature or top_p", BUDGET,
         "{\"max_tokens\":5,\"temperature\":0.5,\"top_p\":0.9," HI "}",
         "{\"model\":\"" BUDGET "\",\"max_tokens\":900," OUT_HI ",\"temperature\":0.5}",
         BIT(MEMBER_TOP_P)},
        {"temperatures above 1 are 1", OLD, "{\"max_tokens\":5,\"temperature\":1.5," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," OUT_HI ",\"temperature\":1}",
         BIT(MEMBER_TEMPERATURE)},
        {"the newest take no sampling, and 1 is none", NEW,
         "{\"max_tokens\":5,\"temperature\":1,\"top_p\":0.9,\"top_k\":3," HI "}",
         "{\"model\":\"" NEW "\",\"max_tokens\":900," OUT_HI "}",
         BIT(MEMBER_TOP_P) | BIT(MEMBER_TOP_K)},
        {"media, by data and by URL", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\","
         "\"source\":{\"type\":\"base64\",\"media_type\":\"image/jpg\",\"data\":\"/9j/AA\"}},{"
         "\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a/b.png\"}},{\"type\":"
         "\"document\",\"title\":\"T\",\"source\":{\"type\":\"base64\",\"media_type\":"
         "\"application/pdf\",\"data\":\"JVBE\"}},{\"type\":\"document\",\"source\":{\"type\":"
         "\"text\",\"media_type\":\"text/plain\",\"data\":\"words\"}}]}]}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"messages\":[{\"role\":\"user\",\"content\":[{"
         "\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/jpeg\","
         "\"data\":\"/9j/AA\"}},{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://"
         "a/b.png\"}},{\"type\":\"document\",\"source\":{\"type\":\"base64\",\"media_type\":"
         "\"application/pdf\",\"data\":\"JVBE\"},\"title\":\"T\"},{\"type\":\"text\",\"text\":"
         "\"words\"}]}]}",
         0},
        {"a tool loop: results first, blank texts left out", OLD,
         "{\"max_tokens\":5," TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," CALL
         ",{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\" \\n\"},{\"type\":"
         "\"text\",\"text\":\"and?\"},{\"type\":\"tool_result\",\"tool_use_id\":\"a\",\"is_error\":"
         "true,\"content\":[{\"type\":\"text\",\"text\":\"no\"},{\"type\":\"image\",\"source\":{"
         "\"type\":\"url\",\"url\":\"https://i\"}}]}]}]}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," TOOLS
         ",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},{"
         "\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\","
         "\"input\":{\"x\":1}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_"
         "use_id\":\"a\",\"content\":[{\"type\":\"text\",\"text\":\"no\"},{\"type\":\"image\","
         "\"source\":{\"type\":\"url\",\"url\":\"https://i\"}}],\"is_error\":true},{\"type\":"
         "\"text\",\"text\":\"and?\"}]}]}",
         0},
        {"choices of tools", OLD,
         "{\"max_tokens\":5," TOOLS ",\"tool_choice\":{\"type\":\"tool\",\"name\":\"f\",\"disable_"
         "parallel_tool_use\":true}," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," TOOLS ",\"tool_choice\":{\"type\":\"tool\","
         "\"name\":\"f\",\"disable_parallel_tool_use\":true}," OUT_HI "}",
         0},
        {"any tool", OLD, "{\"max_tokens\":5," TOOLS ",\"tool_choice\":{\"type\":\"any\"}," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," TOOLS
         ",\"tool_choice\":{\"type\":\"any\"}," OUT_HI "}",
         0},
        {"no tool", OLD, "{\"max_tokens\":5," TOOLS ",\"tool_choice\":{\"type\":\"none\"}," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900," TOOLS
         ",\"tool_choice\":{\"type\":\"none\"}," OUT_HI "}",
         0},
        {"calls of tools that are named no more", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," CALL "," RESULT
         "]}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"tools\":[{\"name\":\"f\",\"input_schema\":{"
         "\"type\":\"object\",\"properties\":{}}}],\"tool_choice\":{\"type\":\"none\"},\"messages\""
         ":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},{\"role\":"
         "\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":"
         "{\"x\":1}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
         "\"a\",\"content\":[{\"type\":\"text\",\"text\":\"22\"}]}]}]}",
         0},
        {"breakpoints of the cache, four at most, the first go", OLD,
         "{\"max_tokens\":5,\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"},\"system\":[{"
         "\"type\":\"text\",\"text\":\"a\",\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":"
         "\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"messages\":[{"
         "\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"c\",\"cache_control\":{"
         "\"type\":\"ephemeral\"}},{\"type\":\"text\",\"text\":\"d\",\"cache_control\":{\"type\":"
         "\"ephemeral\",\"ttl\":\"1h\"}}]}]}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"system\":[{\"type\":\"text\",\"text\":\"a\"},"
         "{\"type\":\"text\",\"text\":\"b\",\"cache_control\":{\"type\":\"ephemeral\"}}],"
         "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"c\",\"cache_"
         "control\":{\"type\":\"ephemeral\"}},{\"type\":\"text\",\"text\":\"d\",\"cache_control\":{"
         "\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]}],\"cache_control\":{\"type\":\"ephemeral\","
         "\"ttl\":\"1h\"}}",
         BIT(MEMBER_CACHE)},
        {"a schema, by the model itself", BUDGET,
         "{\"max_tokens\":5,\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{"
         "\"type\":\"object\"}}}," HI "}",
         "{\"model\":\"" BUDGET "\",\"max_tokens\":900," OUT_HI
         ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{"
         "\"additionalProperties\":false,\"type\":\"object\"}}}}",
         0},
        {"a schema whose bounds are not kept", BUDGET,
         "{\"max_tokens\":5,\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{"
         "\"type\":\"array\",\"maxItems\":2}}}," HI "}",
         "{\"model\":\"" BUDGET "\",\"max_tokens\":900," OUT_HI
         ",\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"array\"}}"
         "}}",
         BIT(MEMBER_RESPONSE_FORMAT)},
        {"a schema that the model can not close, by a tool", BUDGET,
         "{\"max_tokens\":5,\"output_config\":{\"format\":{\"type\":\"json_schema\",\"schema\":{"
         "\"type\":\"object\",\"additionalProperties\":true}}}," HI "}",
         "{\"model\":\"" BUDGET "\",\"max_tokens\":900,\"tools\":[{\"name\":\"tollgate_structured_"
         "output\",\"description\":\"Gives the answer.\",\"input_schema\":{\"type\":\"object\","
         "\"additionalProperties\":true}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"tollgate_"
         "structured_output\"}," OUT_HI "}",
         0},
        {"strict tools, where they can be", BUDGET,
         "{\"max_tokens\":5,\"tools\":[{\"name\":\"f\",\"strict\":true,\"input_schema\":{\"type\":"
         "\"object\"}},{\"name\":\"g\",\"strict\":true,\"input_schema\":{\"type\":\"object\","
         "\"additionalProperties\":true}}]," HI "}",
         "{\"model\":\"" BUDGET
         "\",\"max_tokens\":900,\"tools\":[{\"name\":\"f\",\"input_schema\":{"
         "\"additionalProperties\":false,\"type\":\"object\"},\"strict\":true},{\"name\":\"g\","
         "\"input_schema\":{\"type\":\"object\",\"additionalProperties\":true}}]," OUT_HI "}",
         BIT(MEMBER_STRICT)},
        {"a schema, by a tool", OLD,
         "{\"max_tokens\":5,\"output_format\":{\"type\":\"json_schema\",\"schema\":{\"a\":{\"type\""
         ":1}}}," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"tools\":[{\"name\":\"tollgate_structured_"
         "output\",\"description\":\"Gives the answer.\",\"input_schema\":{\"type\":\"object\","
         "\"a\":{\"type\":1}}}],\"tool_choice\":{\"type\":\"tool\",\"name\":\"tollgate_structured_"
         "output\"}," OUT_HI "}",
         0},
        {"a schema beside tools, by one tool more", OLD,
         "{\"max_tokens\":5," TOOLS
         ",\"output_format\":{\"type\":\"json_schema\",\"schema\":{}}," HI "}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"tools\":[{\"name\":\"f\",\"input_schema\":{"
         "\"type\":\"object\"}},{\"name\":\"tollgate_structured_output\",\"description\":\"Gives "
         "the answer.\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\"}"
         "," OUT_HI "}",
         0},
        {"thinking is kept across turns", BUDGET,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":"
         "\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":"
         "\"s\"},{\"type\":\"redacted_thinking\",\"data\":\"d\"},{\"type\":\"text\",\"text\":\"a "
         "\\n\"}]}]}",
         "{\"model\":\"" BUDGET "\",\"max_tokens\":900,\"messages\":[{\"role\":\"user\","
         "\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},{\"role\":\"assistant\",\"content\":[{"
         "\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},{\"type\":\"redacted_"
         "thinking\",\"data\":\"d\"},{\"type\":\"text\",\"text\":\"a\"}]}]}",
         0},
        {"adjacent messages of one role are one turn", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":"
         "\"system\",\"content\":\"s\"},{\"role\":\"user\",\"content\":\"b\"}]}",
         "{\"model\":\"" OLD "\",\"max_tokens\":900,\"system\":[{\"type\":\"text\",\"text\":\"s\"}]"
         ",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{"
         "\"type\":\"text\",\"text\":\"b\"}]}]}",
         0},
        {"a result of nothing called", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}," RESULT "]}",
         "unspeakable: a tool result that answers no tool call of the turn before", 0},
        {"nothing said", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
         "unspeakable: a chat without any content", 0},
        {"a file of another", OLD,
         "{\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"document\","
         "\"source\":{\"type\":\"file\",\"file_id\":\"file_1\"}}]}]}",
         "unspeakable: a file that another provider keeps", 0},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct buf body = buf_make(1 << 20);
        const char *why = "", *member;
        struct chat chat;
        uint64_t lost;

        if (read_body(&doc, arena, rows[i].in, &chat, &why, &member) != 0)
            fail_msg("%s: %s", rows[i].what, why);
        write_body(&chat, rows[i].model, 900, false, &body, &lost);
        assert_span(rows[i].what, buf_span(&body), rows[i].out);
        assert_int(rows[i].what, (int64_t)lost, (int64_t)rows[i].lost);
        buf_done(&body);
        arena_free(arena);
    }
    json_doc_done(&doc);
}

static void thinking_is_asked_for_as_the_model_knows_it(void **state)
{
    static const struct {
        const char *what, *model;
        enum chat_effort effort;
        int64_t budget, cap;
        const char *more;   /* members of the body that ask for more */
        const char *wanted; /* in the body; NULL: no thinking */
        uint64_t lost;
    } rows[] = {
        {"a budget", BUDGET, EFFORT_UNSET, 2000, 9000, "",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}", 0},
        {"a share of max_tokens", BUDGET, EFFORT_MEDIUM, -1, 9000, "",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":4500}", 0},
        {"the least budget", BUDGET, EFFORT_MINIMAL, -1, 2000, "",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}", 0},
        {"some is left for the answer", BUDGET, EFFORT_UNSET, 9000, 9000, "",
         "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":8550}", 0},
        {"no room for any", BUDGET, EFFORT_HIGH, -1, 1024, "", NULL, BIT(MEMBER_REASONING)},
        {"a model that can not", OLD, EFFORT_HIGH, -1, 9000, "", NULL, BIT(MEMBER_REASONING)},
        {"an effort", ADAPTIVE, EFFORT_LOW, -1, 9000, "",
         "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"low\"}", 0},
        {"the most effort", ADAPTIVE, EFFORT_XHIGH, -1, 9000, "",
         "\"output_config\":{\"effort\":\"max\"}", 0},
        {"the newest say less unless asked", NEW, EFFORT_XHIGH, -1, 9000, "",
         "\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},\"output_config\":{"
         "\"effort\":\"xhigh\"}",
         0},
        {"a budget as an effort", NEW, EFFORT_UNSET, 4000, 9000, "",
         "\"output_config\":{\"effort\":\"medium\"}", 0},
        {"none at all", NEW, EFFORT_NONE, -1, 9000, "", "\"thinking\":{\"type\":\"disabled\"}", 0},
        {"none, where none is the rule", BUDGET, EFFORT_NONE, -1, 9000, "", NULL, 0},
        {"a forced tool goes first", BUDGET, EFFORT_HIGH, -1, 9000,
         TOOLS ",\"tool_choice\":{\"type\":\"any\"},", NULL, BIT(MEMBER_REASONING)},
        {"a forced tool beside an effort", NEW, EFFORT_HIGH, -1, 9000,
         TOOLS ",\"tool_choice\":{\"type\":\"any\"},", NULL, BIT(MEMBER_REASONING)},
        {"temperature gives way", BUDGET, EFFORT_MINIMAL, -1, 2000, "\"temperature\":0.5,",
         "\"budget_tokens\":1024}}", BIT(MEMBER_TEMPERATURE)},
        {"as does top_k, but not a high top_p", BUDGET, EFFORT_MINIMAL, -1, 2000,
         "\"top_p\":0.96,\"top_k\":2,", "\"top_p\":0.96}", BIT(MEMBER_TOP_K)},
        {"a low top_p does", BUDGET, EFFORT_MINIMAL, -1, 2000, "\"top_p\":0.5,",
         "\"budget_tokens\":1024}}", BIT(MEMBER_TOP_P)},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct buf in = buf_make(1 << 20), body = buf_make(1 << 20);
        const char *why, *member;
        struct chat chat;
        uint64_t lost;

        buf_printf(&in, "{\"max_tokens\":5,%s" HI "}", rows[i].more);
        assert_int(rows[i].what, read_body(&doc, arena, in.at, &chat, &why, &member), 0);
        chat.wish.effort = rows[i].effort;
        chat.wish.reasoning_budget = rows[i].budget;
        write_body(&chat, rows[i].model, rows[i].cap, false, &body, &lost);
        if (rows[i].wanted != NULL && strstr(body.at, rows[i].wanted) == NULL)
            fail_msg("%s: %s", rows[i].what, body.at);
        in_row(rows[i].what, rows[i].wanted != NULL || strstr(body.at, "\"thinking\"") == NULL);
        assert_int(rows[i].what, (int64_t)lost, (int64_t)rows[i].lost);
        buf_done(&in);
        buf_done(&body);
        arena_free(arena);
    }
    json_doc_done(&doc);
}

static void thinking_stops_in_a_tool_loop_that_began_without_it(void **state)
{
    static const struct {
        const char *what, *begin;
        bool thinks;
    } rows[] = {
        {"it began with a signed thought",
         "{\"type\":\"thinking\",\"thinking\":\"h\",\"signature\":\"s\"},", true},
        {"with a redacted one", "{\"type\":\"redacted_thinking\",\"data\":\"d\"},", true},
        {"with one that nobody signed", "{\"type\":\"thinking\",\"thinking\":\"h\"},", false},
        {"with a text", "{\"type\":\"text\",\"text\":\"h\"},", false},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct buf in = buf_make(1 << 20), body = buf_make(1 << 20);
        const char *why, *member;
        struct chat chat;
        uint64_t lost;

        buf_printf(&in,
                   "{\"max_tokens\":9000," TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":"
                   "\"Hi\"},{\"role\":\"assistant\",\"content\":[%s{\"type\":\"tool_use\",\"id\":"
                   "\"a\",\"name\":\"f\",\"input\":{}}]}," RESULT "]}",
                   rows[i].begin);
        assert_int(rows[i].what, read_body(&doc, arena, in.at, &chat, &why, &member), 0);
        chat.wish.effort = EFFORT_MEDIUM;
        write_body(&chat, BUDGET, 9000, false, &body, &lost);
        assert_int(rows[i].what, strstr(body.at, "\"budget_tokens\"") != NULL, rows[i].thinks);
        assert_int(rows[i].what, (int64_t)lost,
                   rows[i].thinks ? 0 : (int64_t)BIT(MEMBER_REASONING));
        buf_done(&in);
        buf_done(&body);
        arena_free(arena);
    }
    json_doc_done(&doc);
}

/* What only other clients say. */
static void a_chat_of_another_language_is_said_in_this_one(void **state)
{
    struct chat_part parts[] = {
        {.kind = PART_TEXT, .text = span_of("Hi")},
        {.kind = PART_REASONING, .text = span_of("unsigned")},
        {.kind = PART_REFUSAL, .text = span_of("no")},
        {.kind = PART_TOOL_CALL,
         .id = span_of("functions.f:0"),
         .name = span_of("f"),
         .arguments = {.text = span_of("{\\\"x\\\": 1}"), .in_string = true}},
        {.kind = PART_TOOL_CALL,
         .id = span_of("b"),
         .name = span_of("f"),
         .arguments = {.in_string = true}},
        {.kind = PART_TOOL_RESULT, .id = span_of("functions.f:0"), .first = 7, .count = 1},
        {.kind = PART_TOOL_RESULT, .id = span_of("b")},
        {.kind = PART_TEXT, .text = span_of("22")},
    };
    struct chat_message messages[] = {
        {.role = CHAT_USER, .name = span_of("eve"), .first = 0, .count = 1},
        {.role = CHAT_ASSISTANT, .first = 1, .count = 4},
        {.role = CHAT_USER, .first = 5, .count = 1},
        {.role = CHAT_USER, .first = 6, .count = 1},
    };
    struct chat_tool tools[] = {{.name = span_of("f"), .strict = 1}};
    struct chat chat = {
        .messages = messages,
        .parts = parts,
        .tools = tools,
        .message_count = 4,
        .part_count = 8,
        .tool_count = 1,
        .wish = {.max_tokens = -1,
                 .choices = 2,
                 .reasoning_budget = -1,
                 .parallel_tools = 0,
                 .seed = span_of("1"),
                 .presence_penalty = span_of("0"),
                 .frequency_penalty = span_of("1"),
                 .logit_bias = span_of("{\"1\":2}"),
                 .format = FORMAT_JSON,
                 .verbosity = span_of("low"),
                 .service_tier = span_of("flex"),
                 .metadata = span_of("{\"a\":\"b\"}"),
                 .logprobs = true},
    };
    struct buf body = buf_make(1 << 20);
    uint64_t lost;

    (void)state;
    write_body(&chat, "claude-opus-4@20250514", 7, true, &body, &lost);
    assert_span(
        "the body", buf_span(&body),
        "{\"anthropic_version\":\"vertex-2023-10-16\",\"max_tokens\":7,\"tools\":[{\"name\":\"f\","
        "\"input_schema\":{\"type\":\"object\",\"properties\":{}}}],\"tool_choice\":{\"type\":"
        "\"auto\",\"disable_parallel_tool_use\":true},\"system\":[{\"type\":\"text\",\"text\":"
        "\"Answer with one JSON object and nothing else.\"}],\"messages\":[{\"role\":\"user\","
        "\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}]},{\"role\":\"assistant\",\"content\":[{"
        "\"type\":\"text\",\"text\":\"no\"},{\"type\":\"tool_use\",\"id\":\"functions_f_0\","
        "\"name\":\"f\",\"input\":{\"x\": 1}},{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"f\","
        "\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"functions_f_0\",\"content\":[{\"type\":\"text\",\"text\":\"22\"}]},{\"type\":\"tool_"
        "result\",\"tool_use_id\":\"b\"}]}]}");
    assert_int("lost", (int64_t)lost,
               (int64_t)(BIT(MEMBER_SEED) | BIT(MEMBER_FREQUENCY_PENALTY) | BIT(MEMBER_LOGIT_BIAS) |
                         BIT(MEMBER_N) | BIT(MEMBER_NAME) | BIT(MEMBER_STRICT) |
                         BIT(MEMBER_LOGPROBS) | BIT(MEMBER_RESPONSE_FORMAT) |
                         BIT(MEMBER_VERBOSITY) | BIT(MEMBER_SERVICE_TIER) | BIT(MEMBER_METADATA)));
    buf_clear(&body);
    messages[0].role = CHAT_SYSTEM;
    chat.message_count = 1;
    chat.wish.format = FORMAT_TEXT;
    chat.tool_count = 0;
    chat.part_count = 1;
    write_body(&chat, OLD, 7, false, &body, &lost);
    assert_span("system prompts alone are asked as the user's", buf_span(&body),
                "{\"model\":\"" OLD "\",\"max_tokens\":7," OUT_HI "}");
    buf_done(&body);
}

static void what_is_malformed_or_anthropics_alone_is_refused(void **state)
{
    static const struct {
        const char *what, *body, *member;
    } rows[] = {
        {"no max_tokens", "{" HI "}", "max_tokens"},
        {"a max_tokens of nothing", "{\"max_tokens\":0," HI "}", "max_tokens"},
        {"no messages", "{\"max_tokens\":1}", "messages"},
        {"no message", "{\"max_tokens\":1,\"messages\":[]}", "messages"},
        {"a message that is none", "{\"max_tokens\":1,\"messages\":[null]}", "messages"},
        {"another role", "{\"max_tokens\":1,\"messages\":[{\"role\":\"tool\",\"content\":\"\"}]}",
         "messages"},
        {"no content", "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\"}]}", "messages"},
        {"a block without a type",
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{}]}]}", "messages"},
        {"a result of a hosted tool",
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"web_"
         "search_tool_result\"}]}]}",
         "messages"},
        {"a result in a result",
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\""
         ",\"tool_use_id\":\"a\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"b\"}]}]}]"
         "}",
         "messages"},
        {"a call without an input",
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_"
         "use\",\"id\":\"a\",\"name\":\"f\"}]}]}",
         "messages"},
        {"an image from nowhere",
         "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}]}",
         "messages"},
        {"a system prompt of images",
         "{\"max_tokens\":1,\"system\":[{\"type\":\"document\",\"source\":{}}]," HI "}", "system"},
        {"a hosted tool",
         "{\"max_tokens\":1,\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}]"
         "," HI "}",
         "tools"},
        {"a tool without a schema", "{\"max_tokens\":1,\"tools\":[{\"name\":\"f\"}]," HI "}",
         "tools"},
        {"a choice of nothing", "{\"max_tokens\":1,\"tool_choice\":{\"type\":\"some\"}," HI "}",
         "tool_choice"},
        {"a budget too small",
         "{\"max_tokens\":9000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1}," HI "}",
         "thinking"},
        {"a budget past max_tokens",
         "{\"max_tokens\":2000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}," HI "}",
         "thinking"},
        {"an effort of nothing",
         "{\"max_tokens\":1,\"output_config\":{\"effort\":\"huge\"}," HI "}", "output_config"},
        {"a temperature of words", "{\"max_tokens\":1,\"temperature\":\"hot\"," HI "}",
         "temperature"},
        {"servers of others", "{\"max_tokens\":1,\"mcp_servers\":[{}]," HI "}", "mcp_servers"},
        {"no object", "[]", "messages"},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        const char *why = NULL, *member = NULL;
        struct chat chat;

        assert_int(rows[i].what, read_body(&doc, arena, rows[i].body, &chat, &why, &member),
                   -EINVAL);
        in_row(rows[i].what, why != NULL && strcmp(member, rows[i].member) == 0);
        arena_free(arena);
    }
    json_doc_done(&doc);
}

static void a_body_to_be_counted_needs_no_max_tokens(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    const char *why, *member;
    struct chat chat;

    (void)state;
    assert_int("JSON",
               json_parse(&doc,
                          span_of("{\"system\":\"s\"," TOOLS ",\"thinking\":{\"type\":\"enabled\","
                                  "\"budget_tokens\":2000}," HI "}"),
                          &json_limits_body),
               JSON_OK);
    assert_int("read", anthropic_read_count_ask(&doc, arena, &chat, &why, &member), 0);
    assert_int("messages", chat.message_count, 2);
    assert_int("tools", chat.tool_count, 1);
    assert_int("max_tokens", chat.wish.max_tokens, -1);
    arena_free(arena);
    json_doc_done(&doc);
}

static void a_model_is_known_by_its_name(void **state)
{
    static const struct {
        const char *model;
        bool schema, adaptive, budget, no_sampling;
    } rows[] = {
        {"claude-3-haiku-20240307", false, false, false, false},
        {"claude-3-5-sonnet-20241022", false, false, false, false},
        {"claude-3-7-sonnet-20250219", false, false, true, false},
        {"claude-opus-4-20250514", false, false, true, false},
        {"claude-sonnet-4-0", false, false, true, false},
        {"claude-opus-4-1-20250805", false, false, true, false},
        {"claude-haiku-4-5@20251001", true, false, true, false},
        {"us.anthropic.claude-sonnet-4-5-20250929-v1:0", true, false, true, false},
        {"anthropic/claude-opus-4.6", true, true, false, false},
        {"claude-opus-4-7", true, true, false, true},
        {"claude-sonnet-5", true, true, false, true},
        {"claude-fable-5-1", true, true, false, true},
        {"claude-opus-latest", true, true, false, true},
        {"claude-", true, true, false, true},
        {"kimi-k2", false, false, true, false},
        {"", false, false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct anthropic_model model = anthropic_model_of(span_of(rows[i].model));

        assert_int(rows[i].model, model.schema, rows[i].schema);
        assert_int(rows[i].model, model.adaptive, rows[i].adaptive);
        assert_int(rows[i].model, model.budget, rows[i].budget);
        assert_int(rows[i].model, model.no_sampling, rows[i].no_sampling);
    }
}

static void paths_name_the_model_where_the_provider_wants_it(void **state)
{
    const struct language_target target = {.model = span_of("claude-x@1/..?")};
    struct buf path = buf_make(256);

    (void)state;
    anthropic_upstream.path(&target, true, &path);
    assert_span("Anthropic", buf_span(&path), "/messages");
    buf_clear(&path);
    anthropic_vertex_upstream.path(&target, true, &path);
    assert_span("Vertex, streamed", buf_span(&path),
                "/publishers/anthropic/models/claude-x@1%2F..%3F:streamRawPredict");
    buf_clear(&path);
    anthropic_vertex_upstream.path(&target, false, &path);
    assert_span("Vertex", buf_span(&path),
                "/publishers/anthropic/models/claude-x@1%2F..%3F:rawPredict");
    buf_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_client_says_is_said_again_as_far_as_the_model_takes_it),
        cmocka_unit_test(thinking_is_asked_for_as_the_model_knows_it),
        cmocka_unit_test(thinking_stops_in_a_tool_loop_that_began_without_it),
        cmocka_unit_test(a_chat_of_another_language_is_said_in_this_one),
        cmocka_unit_test(what_is_malformed_or_anthropics_alone_is_refused),
        cmocka_unit_test(a_body_to_be_counted_needs_no_max_tokens),
        cmocka_unit_test(a_model_is_known_by_its_name),
        cmocka_unit_test(paths_name_the_model_where_the_provider_wants_it),
    };

    return run_test_table(tests);
}
