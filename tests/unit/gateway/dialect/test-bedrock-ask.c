#include "tests/support/testing.h"

#include <errno.h>

#include "gateway/dialect/bedrock.h"
#include "gateway/dialect/bedrock_ask.h"

enum { ARENA_MAX = 4 << 20 };

/* Chats are read from OpenAI's language: an object without its braces. */
struct written {
    enum ask_written outcome;
    struct ask_losses losses;
    struct buf body;
};

static struct written write_chat(const char *what, const char *body, const char *model)
{
    const struct language_target target = {
        .model = span_of(model), .output_cap = 4000, .output_limit = 3000, .reasoning = true};
    struct written written = {.body = buf_make(ARENA_MAX)};
    struct json_doc doc = json_doc_make(), again = json_doc_make();
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct buf text = buf_make(ARENA_MAX);
    const char *why = "", *member = "";
    const struct span *spans;
    struct chat chat;
    uint32_t count;
    size_t size;

    buf_printf(&text, "{\"model\":\"x\",%s}", body);
    in_row(what, json_parse(&doc, buf_span(&text), &json_limits_body) == JSON_OK);
    in_row(what, openai_client.read_ask(&doc, arena, &chat, &why, &member) == 0);
    written.outcome = bedrock_upstream.write_ask(&chat, &target, &pieces, &written.losses);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; spans != NULL && i < count; i++)
        buf_add_span(&written.body, spans[i]);
    if (written.outcome == ASK_WRITTEN)
        assert_int(what, json_parse(&again, buf_span(&written.body), &json_limits_body), JSON_OK);
    buf_done(&text);
    pieces_done(&pieces);
    json_doc_done(&doc);
    json_doc_done(&again);
    arena_free(arena);
    return written;
}

#define CLAUDE "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#define CLAUDE_46 "anthropic.claude-opus-4-6-v1"
#define NOVA "us.amazon.nova-micro-v1:0"
#define NOVA_2 "us.amazon.nova-2-lite-v1:0"
#define GPT "openai.gpt-oss-120b-1:0"
#define LLAMA "us.meta.llama3-3-70b-instruct-v1:0"
#define MISTRAL "mistral.mistral-large-2407-v1:0"

#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define HELLO "\"messages\":[" USER("a") "]"
#define TURNS_HELLO "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]}]"
#define CAP "\"inferenceConfig\":{\"maxTokens\":3000}"
#define LOST(member) (UINT64_C(1) << MEMBER_##member)

struct row {
    const char *what, *model, *body, *wanted;
    uint64_t lost;
};

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct written written = write_chat(rows[i].what, rows[i].body, rows[i].model);
        assert_int(rows[i].what, written.outcome, ASK_WRITTEN);
        assert_span(rows[i].what, buf_span(&written.body), rows[i].wanted);
        assert_int(rows[i].what, written.losses.lost, rows[i].lost);
        buf_done(&written.body);
    }
}

static void messages_become_turns(void **state)
{
#define CALLS(ids) "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" ids "]}"
#define CALL(id, arguments)                                                                        \
    "{\"id\":\"" id                                                                                \
    "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"" arguments "\"}}"
#define RESULT(id, text) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"" text "\"}"
#define F_TOOLS                                                                                    \
    "\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":{"         \
    "\"type\":\"object\",\"properties\":{}}}}}]},"
    static const struct row rows[] = {
        {"a word", NOVA, HELLO, "{" TURNS_HELLO "," CAP "}", 0},
        {"system prompts go in front, wherever they stand", NOVA,
         "\"messages\":[{\"role\":\"system\",\"content\":\"s\"}," USER(
             "a") ",{\"role\":\"developer\",\"content\":\"d\"}," USER("b") "]",
         "{\"system\":[{\"text\":\"s\"},{\"text\":\"d\"}],\"messages\":[{\"role\":\"user\","
         "\"content\":[{\"text\":\"a\"},{\"text\":\"b\"}]}]," CAP "}",
         0},
        {"blanks are left out, and what is nothing but blanks is no turn", NOVA,
         "\"messages\":[" USER("a") ",{\"role\":\"assistant\",\"content\":\" \\n\"}," USER("b") "]",
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"},{\"text\":\"b\"}]}]," CAP
         "}",
         0},
        {"what the assistant goes on from ends in no blank", CLAUDE,
         "\"messages\":[" USER("a") ",{\"role\":\"assistant\",\"content\":\"so \\n\"}]",
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]},{\"role\":"
         "\"assistant\","
         "\"content\":[{\"text\":\"so\"}]}]," CAP "}",
         0},
        {"parallel calls and their results", CLAUDE,
         "\"messages\":[" USER("a") "," CALLS(CALL("c1", "{\\\"q\\\":1}") "," CALL(
             "c2", "null")) "," RESULT("c1", "r1") "," RESULT("c2", "") "," USER("b") "]",
         "{" F_TOOLS "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]},{\"role\":"
         "\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"c1\",\"name\":\"f\",\"input\":"
         "{\"q\":1}}},{\"toolUse\":{\"toolUseId\":\"c2\",\"name\":\"f\",\"input\":{}}}]},{\"role\":"
         "\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"c1\",\"content\":[{\"text\":"
         "\"r1\"}]}}"
         ",{\"toolResult\":{\"toolUseId\":\"c2\",\"content\":[]}},{\"text\":\"b\"}]}]," CAP "}",
         0},
        {"an id that is not taken", CLAUDE,
         "\"messages\":[" USER("a") "," CALLS(CALL("call:1", "{}")) "," RESULT("call:1", "r") "]",
         "{" F_TOOLS "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]},{\"role\":"
         "\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"call_95b5b0995da20468\","
         "\"name\":"
         "\"f\",\"input\":{}}}]},{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":"
         "\"call_95b5b0995da20468\",\"content\":[{\"text\":\"r\"}]}}]}]," CAP "}",
         0},
        {"reasoning goes back as it came", CLAUDE,
         "\"messages\":[" USER(
             "a") ",{\"role\":\"assistant\",\"content\":\"b\",\"reasoning_details\":[{\"type\":"
                  "\"reasoning.text\",\"text\":\"hm\",\"signature\":\"s=\"},{\"type\":"
                  "\"reasoning.encrypted\",\"data\":\"r=\"}]}," USER("c") "]",
         "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\"}]},{\"role\":"
         "\"assistant\","
         "\"content\":[{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\",\"signature\":"
         "\"s=\"}}},{\"reasoningContent\":{\"redactedContent\":\"r=\"}},{\"text\":\"b\"}]},{"
         "\"role\":"
         "\"user\",\"content\":[{\"text\":\"c\"}]}]," CAP "}",
         0},
        {"a name", NOVA, "\"messages\":[{\"role\":\"user\",\"name\":\"n\",\"content\":\"a\"}]",
         "{" TURNS_HELLO "," CAP "}", LOST(NAME)},
    };

    (void)state;
    assert_rows(rows, array_size(rows));
}

static void media_become_blocks(void **state)
{
#define PARTS(parts) "\"messages\":[{\"role\":\"user\",\"content\":[" parts "]}]"
#define TURN(blocks) "{\"messages\":[{\"role\":\"user\",\"content\":[" blocks "]}]," CAP "}"
#define IMAGE(url) "{\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}}"
#define FILE_OF(name, data)                                                                        \
    "{\"type\":\"file\",\"file\":{\"filename\":\"" name "\",\"file_data\":\"" data "\"}}"
#define DOCUMENT(format, name)                                                                     \
    "{\"document\":{\"format\":\"" format "\",\"name\":\"" name                                    \
    "\",\"source\":{\"bytes\":\"AAAA\"}}}"
    static const struct row rows[] = {
        {"a picture", NOVA, PARTS(IMAGE("data:image/jpg;base64,/9j/")),
         TURN("{\"image\":{\"format\":\"jpeg\",\"source\":{\"bytes\":\"/9j/\"}}}"), 0},
        {"one in S3", NOVA, PARTS(IMAGE("s3://b/k.png")),
         TURN("{\"image\":{\"format\":\"png\",\"source\":{\"s3Location\":{\"uri\":\"s3://b/"
              "k.png\"}}}}"),
         0},
        {"its detail", NOVA,
         PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,iVBO\","
               "\"detail\":\"high\"}}"),
         TURN("{\"image\":{\"format\":\"png\",\"source\":{\"bytes\":\"iVBO\"}}}"),
         LOST(IMAGE_DETAIL)},
        {"a document, which wants a text beside it", CLAUDE,
         PARTS(FILE_OF("My_report,  v2.final.pdf", "data:application/pdf;base64,AAAA")),
         TURN(DOCUMENT("pdf", "My-report- v2-final 1") ",{\"text\":\"Attached.\"}"), 0},
        {"several, none of one name", CLAUDE,
         PARTS(FILE_OF("a.csv", "data:text/csv;base64,AAAA") "," FILE_OF(
             "a.csv", "data:text/csv;charset=utf-8;base64,AAAA") "," FILE_OF("\\u00e9\\\"",
                                                                             "data:text/"
                                                                             "markdown;base64,"
                                                                             "AAAA") ",{"
                                                                                     "\"type\":"
                                                                                     "\"text\","
                                                                                     "\"text\":"
                                                                                     "\"t\"}"),
         TURN(DOCUMENT("csv", "a 1") "," DOCUMENT("csv", "a 2") "," DOCUMENT(
             "md", "- 3") ",{\"text\":\"t\"}"),
         0},
    };

    (void)state;
    assert_rows(rows, array_size(rows));
}

static void what_cannot_be_said_is_refused(void **state)
{
    static const struct {
        const char *what, *body, *why;
    } rows[] = {
        {"a picture by URL", PARTS(IMAGE("https://e/a.png")), "images by URL"},
        {"a picture of another kind", PARTS(IMAGE("data:image/tiff;base64,AAAA")),
         "images other than PNG, JPEG, GIF and WebP"},
        {"a file that OpenAI keeps", PARTS("{\"type\":\"file\",\"file\":{\"file_id\":\"file-1\"}}"),
         "a file that another provider keeps"},
        {"a file of another kind", PARTS(FILE_OF("a.zip", "data:application/zip;base64,AAAA")),
         "files of this type"},
        {"audio",
         PARTS("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AAAA\",\"format\":\"wav\"}}"),
         "audio input"},
        {"an assistant who begins",
         "\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}," USER("b") "]",
         "a conversation that an assistant begins"},
        {"nobody who speaks", "\"messages\":[{\"role\":\"system\",\"content\":\"a\"}]",
         "a conversation without a user's message"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct written written = write_chat(rows[i].what, rows[i].body, CLAUDE);
        assert_int(rows[i].what, written.outcome, ASK_UNSPEAKABLE);
        assert_span(rows[i].what, span_of(written.losses.why), rows[i].why);
        buf_done(&written.body);
    }
}

static void tools_and_choices_are_written(void **state)
{
#define TOOL(name, more) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\"" more "}}"
#define TOOLS                                                                                      \
    "\"tools\":[" TOOL("f", ",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}") "],"
#define SPEC                                                                                       \
    "{\"toolSpec\":{\"name\":\"f\",\"description\":\"d\",\"inputSchema\":{\"json\":{\"type\":"     \
    "\"object\"}}}}"
#define WITH(choice) "{\"toolConfig\":{\"tools\":[" SPEC "]" choice "}," TURNS_HELLO "," CAP "}"
#define NAMED "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},"
    static const struct row rows[] = {
        {"a tool", CLAUDE, TOOLS HELLO, WITH(""), 0},
        {"auto is what is done anyway", CLAUDE, TOOLS "\"tool_choice\":\"auto\"," HELLO, WITH(""),
         0},
        {"any", CLAUDE, TOOLS "\"tool_choice\":\"required\"," HELLO,
         WITH(",\"toolChoice\":{\"any\":{}}"), 0},
        {"one by name", CLAUDE, TOOLS NAMED HELLO,
         WITH(",\"toolChoice\":{\"tool\":{\"name\":\"f\"}}"), 0},
        {"one by name, the only one, of a model that knows any", MISTRAL, TOOLS NAMED HELLO,
         WITH(",\"toolChoice\":{\"any\":{}}"), 0},
        {"a model that takes no choice", LLAMA, TOOLS NAMED HELLO, WITH(""), LOST(TOOL_CHOICE)},
        {"none", CLAUDE, TOOLS "\"tool_choice\":\"none\"," HELLO, "{" TURNS_HELLO "," CAP "}", 0},
        {"one at a time", CLAUDE, TOOLS "\"parallel_tool_calls\":false," HELLO, WITH(""),
         LOST(PARALLEL_TOOLS)},
        {"strict", CLAUDE, "\"tools\":[" TOOL("f", ",\"strict\":true") "]," HELLO,
         "{\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"f\",\"inputSchema\":{\"json\":{"
         "\"type\":\"object\",\"properties\":{}}},\"strict\":true}}]}," TURNS_HELLO "," CAP "}",
         0},
        {"strict, of a model that is not", NOVA,
         "\"tools\":[" TOOL("f", ",\"strict\":true") "]," HELLO,
         "{" F_TOOLS TURNS_HELLO "," CAP "}", LOST(STRICT)},
    };

    (void)state;
    assert_rows(rows, array_size(rows));
}

static void wishes_are_written_or_told_as_lost(void **state)
{
#define WISH(config, rest)                                                                         \
    "{" TURNS_HELLO ",\"inferenceConfig\":{\"maxTokens\":3000" config "}" rest "}"
#define FIELDS(fields) ",\"additionalModelRequestFields\":{" fields "}"
    static const struct row rows[] = {
        {"sampling and stops", NOVA,
         "\"temperature\":0.5,\"top_p\":0.9,\"stop\":[\"x\",\"\\n\"]," HELLO,
         WISH(",\"temperature\":0.5,\"topP\":0.9,\"stopSequences\":[\"x\"]", ""), LOST(STOP)},
        {"a temperature above all", NOVA, "\"temperature\":1.5," HELLO,
         WISH(",\"temperature\":1", ""), LOST(TEMPERATURE)},
        {"temperature or topP", CLAUDE, "\"temperature\":0.5,\"top_p\":0.9," HELLO,
         WISH(",\"temperature\":0.5", ""), LOST(TOP_P)},
        {"top_k of Claude", CLAUDE, "\"top_k\":5," HELLO, WISH("", FIELDS("\"top_k\":5")), 0},
        {"top_k of Nova", NOVA, "\"top_k\":5," HELLO,
         WISH("", FIELDS("\"inferenceConfig\":{\"topK\":5}")), 0},
        {"top_k of who has none", LLAMA, "\"top_k\":5," HELLO, WISH("", ""), LOST(TOP_K)},
        {"a thinking budget of maxTokens", CLAUDE,
         "\"reasoning_effort\":\"high\",\"temperature\":0.5,"
         "\"top_k\":5," HELLO,
         WISH("", FIELDS("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2400}")),
         LOST(TEMPERATURE) | LOST(TOP_K)},
        {"thinking and a forced tool", CLAUDE,
         "\"reasoning_effort\":\"high\"," TOOLS "\"tool_choice\":\"required\"," HELLO,
         WITH(",\"toolChoice\":{\"any\":{}}"), LOST(REASONING)},
        {"an effort of Claude's", CLAUDE_46, "\"reasoning_effort\":\"low\"," HELLO,
         WISH(
             "",
             FIELDS("\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"low\"}")),
         0},
        {"of Nova's", NOVA_2, "\"reasoning_effort\":\"low\"," HELLO,
         WISH("",
              FIELDS("\"reasoningConfig\":{\"type\":\"enabled\",\"maxReasoningEffort\":\"low\"}")),
         0},
        {"of gpt-oss's", GPT, "\"reasoning_effort\":\"high\"," HELLO,
         WISH("", FIELDS("\"reasoning_effort\":\"high\"")), 0},
        {"of who has none", LLAMA, "\"reasoning_effort\":\"high\"," HELLO, WISH("", ""),
         LOST(REASONING)},
        {"a schema", CLAUDE,
         "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"
         "{"
         "\"type\":\"object\"}}}," HELLO,
         WISH("",
              ",\"outputConfig\":{\"textFormat\":{\"type\":\"json_schema\",\"structure\":{"
              "\"jsonSchema\":{\"schema\":\"{\\\"type\\\":\\\"object\\\"}\",\"name\":\"n\"}}}}"),
         0},
        {"a schema in words", NOVA,
         "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"
         "{"
         "\"type\":\"object\"}}}," HELLO,
         "{\"system\":[{\"text\":\"Answer with a single JSON value and nothing else, without a "
         "code "
         "fence. It has to fit the JSON Schema that follows.\"},{\"text\":\"{\\\"type\\\":"
         "\\\"object\\\"}\"}]," TURNS_HELLO "," CAP "}",
         LOST(RESPONSE_FORMAT)},
        {"JSON in words", CLAUDE, "\"response_format\":{\"type\":\"json_object\"}," HELLO,
         "{\"system\":[{\"text\":\"Answer with a single JSON value and nothing else, without a "
         "code "
         "fence.\"}]," TURNS_HELLO "," CAP "}",
         LOST(RESPONSE_FORMAT)},
        {"a tier", NOVA, "\"service_tier\":\"flex\"," HELLO,
         WISH("", ",\"serviceTier\":{\"type\":\"flex\"}"), 0},
        {"a tier that is none here", NOVA, "\"service_tier\":\"scale\"," HELLO, WISH("", ""),
         LOST(SERVICE_TIER)},
        {"what has no word", NOVA,
         "\"seed\":1,\"frequency_penalty\":1,\"presence_penalty\":0,\"logprobs\":true,\"user\":"
         "\"u\","
         "\"logit_bias\":{\"1\":1},\"n\":2," HELLO,
         WISH("", ""),
         LOST(SEED) | LOST(FREQUENCY_PENALTY) | LOST(LOGPROBS) | LOST(USER) | LOST(LOGIT_BIAS) |
             LOST(N)},
    };

    (void)state;
    assert_rows(rows, array_size(rows));
}

static void caches_are_pointed_to_where_they_are_known(void **state)
{
#define CACHED(text, more)                                                                         \
    "{\"type\":\"text\",\"text\":\"" text "\",\"cache_control\":{\"type\":\"ephemeral\"" more "}}"
#define POINT "{\"cachePoint\":{\"type\":\"default\"}}"
    static const struct row rows[] = {
        {"behind a text", NOVA, PARTS(CACHED("a", "") ",{\"type\":\"text\",\"text\":\"b\"}"),
         TURN("{\"text\":\"a\"}," POINT ",{\"text\":\"b\"}"), 0},
        {"for an hour", CLAUDE, PARTS(CACHED("a", ",\"ttl\":\"1h\"")),
         TURN("{\"text\":\"a\"},{\"cachePoint\":{\"type\":\"default\",\"ttl\":\"1h\"}}"), 0},
        {"for an hour, of who has five minutes", NOVA, PARTS(CACHED("a", ",\"ttl\":\"1h\"")),
         TURN("{\"text\":\"a\"}," POINT), LOST(CACHE)},
        {"of who has none", LLAMA, PARTS(CACHED("a", "")), TURN("{\"text\":\"a\"}"), LOST(CACHE)},
        {"four at most, the last ones", NOVA,
         PARTS(CACHED("a", "") "," CACHED("b", "") "," CACHED("c", "") "," CACHED(
             "d", "") "," CACHED("e", "")),
         TURN("{\"text\":\"a\"},{\"text\":\"b\"}," POINT ",{\"text\":\"c\"}," POINT
              ",{\"text\":\"d\"}," POINT ",{\"text\":\"e\"}," POINT),
         LOST(CACHE)},
    };

    (void)state;
    assert_rows(rows, array_size(rows));
}

static void models_are_known_by_their_ids(void **state)
{
    static const struct {
        const char *id;
        enum bedrock_thinking thinking;
        bool cache, cache_1h, schema, no_sampling;
    } rows[] = {
        {"anthropic.claude-v2:1", THINKING_NONE, false, false, false, false},
        {"anthropic.claude-3-haiku-20240307-v1:0", THINKING_NONE, false, false, false, false},
        {"anthropic.claude-3-5-sonnet-20241022-v2:0", THINKING_NONE, true, false, false, false},
        {"us.anthropic.claude-3-7-sonnet-20250219-v1:0", THINKING_BUDGET, true, false, false,
         false},
        {"eu.anthropic.claude-sonnet-4-20250514-v1:0", THINKING_BUDGET, true, false, false, false},
        {"us.anthropic.claude-opus-4-1-20250805-v1:0", THINKING_BUDGET, true, false, false, false},
        {CLAUDE, THINKING_BUDGET, true, true, true, false},
        {CLAUDE_46, THINKING_ADAPTIVE, true, true, true, false},
        {"global.anthropic.claude-opus-4-7", THINKING_ADAPTIVE, true, true, true, true},
        {"anthropic.claude-sonnet-5", THINKING_ADAPTIVE, true, true, true, true},
        {"arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1",
         THINKING_ADAPTIVE, true, true, true, false},
        {NOVA, THINKING_NONE, true, false, false, false},
        {NOVA_2, THINKING_NOVA, true, false, false, false},
        {GPT, THINKING_EFFORT, false, false, true, false},
        {"deepseek.r1-v1:0", THINKING_NONE, false, false, false, false},
        {"deepseek.v3-v1:0", THINKING_NONE, false, false, true, false},
        {"arn:aws:bedrock:us-east-1:1:provisioned-model/x", THINKING_NONE, false, false, false,
         false},
        {"", THINKING_NONE, false, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct bedrock_model model = bedrock_model_of(span_of(rows[i].id));
        assert_int(rows[i].id, model.thinking, rows[i].thinking);
        assert_int(rows[i].id, model.cache, rows[i].cache);
        assert_int(rows[i].id, model.cache_1h, rows[i].cache_1h);
        assert_int(rows[i].id, model.schema, rows[i].schema);
        assert_int(rows[i].id, model.no_sampling, rows[i].no_sampling);
    }
}

static void the_path_has_the_model_encoded(void **state)
{
    static const struct {
        const char *model;
        bool stream;
        const char *wanted;
    } rows[] = {
        {NOVA, false, "/model/us.amazon.nova-micro-v1%3A0/converse"},
        {NOVA, true, "/model/us.amazon.nova-micro-v1%3A0/converse-stream"},
        {"arn:aws:bedrock:us-east-1:1:inference-profile/a b", false,
         "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fa%20b/converse"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct language_target target = {.model = span_of(rows[i].model)};
        struct buf out = buf_make(1024);
        bedrock_upstream.path(&target, rows[i].stream, &out);
        assert_span(rows[i].model, buf_span(&out), rows[i].wanted);
        buf_done(&out);
    }
}

static void what_does_not_fit_is_told(void **state)
{
    const struct language_target target = {.model = span_of(NOVA), .output_cap = 10};
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, 64);
    struct chat_part part = {.kind = PART_TEXT, .text = span_of("hello")};
    struct chat_message message = {.role = CHAT_USER, .count = 1};
    struct chat chat = {.messages = &message,
                        .parts = &part,
                        .message_count = 1,
                        .part_count = 1,
                        .wish = {.max_tokens = -1, .choices = 1, .reasoning_budget = -1}};
    struct ask_losses losses;

    (void)state;
    assert_int_equal(bedrock_write_ask(&chat, &target, &pieces, &losses), ASK_TOO_LARGE);
    pieces_done(&pieces);
    arena_free(arena);
}

static void a_result_without_its_call_is_refused(void **state)
{
    const struct language_target target = {.model = span_of(NOVA), .output_cap = 10};
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct chat_part parts[] = {{.kind = PART_TEXT, .text = span_of("a")},
                                {.kind = PART_TOOL_CALL, .id = span_of("c1"), .name = span_of("f")},
                                {.kind = PART_TOOL_RESULT, .id = span_of("c2")}};
    struct chat_message messages[] = {{.role = CHAT_USER, .first = 0, .count = 1},
                                      {.role = CHAT_ASSISTANT, .first = 1, .count = 1},
                                      {.role = CHAT_USER, .first = 2, .count = 1}};
    struct chat chat = {.messages = messages,
                        .parts = parts,
                        .message_count = array_size(messages),
                        .part_count = array_size(parts),
                        .wish = {.max_tokens = -1, .choices = 1, .reasoning_budget = -1}};
    struct ask_losses losses;

    (void)state;
    assert_int_equal(bedrock_write_ask(&chat, &target, &pieces, &losses), ASK_UNSPEAKABLE);
    assert_string_equal(losses.why, "a tool result that answers no tool call of the turn before");
    pieces_done(&pieces);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_become_turns),
        cmocka_unit_test(media_become_blocks),
        cmocka_unit_test(what_cannot_be_said_is_refused),
        cmocka_unit_test(tools_and_choices_are_written),
        cmocka_unit_test(wishes_are_written_or_told_as_lost),
        cmocka_unit_test(caches_are_pointed_to_where_they_are_known),
        cmocka_unit_test(models_are_known_by_their_ids),
        cmocka_unit_test(the_path_has_the_model_encoded),
        cmocka_unit_test(what_does_not_fit_is_told),
        cmocka_unit_test(a_result_without_its_call_is_refused),
    };

    return run_test_table(tests);
}
