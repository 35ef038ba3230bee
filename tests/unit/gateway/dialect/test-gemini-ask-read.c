#include "tests/support/testing.h"

#include <errno.h>

#include "gateway/dialect/language.h"

enum { ARENA_MAX = 4 << 20 };

struct read {
    struct json_doc doc;
    struct arena *arena;
    struct chat chat;
    const char *why, *member;
    int result;
};

static struct read read_body(const char *body)
{
    struct read read = {.doc = json_doc_make(), .arena = arena_new(4096, ARENA_MAX)};

    assert_int(body, json_parse(&read.doc, span_of(body), &json_limits_body), JSON_OK);
    read.result =
        gemini_client.read_ask(&read.doc, read.arena, &read.chat, &read.why, &read.member);
    return read;
}

static void forget(struct read *read)
{
    json_doc_done(&read->doc);
    arena_free(read->arena);
}

/* Read and written again by a model that takes signatures: what it says in both is the same. */
static void what_is_said_comes_through(void **state)
{
    static const struct {
        const char *what, *body, *written;
    } rows[] = {
        {"a text of nobody's role, a system of one part, in snake_case",
         "{\"system_instruction\":{\"parts\":{\"text\":\"s\"}},\"contents\":{\"parts\":[{\"text\":"
         "\"a\\n\"}]}}",
         "{\"systemInstruction\":{\"parts\":[{\"text\":\"s\"}]},\"contents\":[{\"role\":\"user\","
         "\"parts\":[{\"text\":\"a\\n\"}]}],\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"media, with base64 of Google's SDK",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
         "\"data\":\"a-b_\"}},{\"file_data\":{\"mime_type\":\"application/pdf\",\"file_uri\":"
         "\"https://x\"}}]}]}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\","
         "\"data\":\"a+b/\"}},{\"fileData\":{\"mimeType\":\"application/pdf\",\"fileUri\":"
         "\"https://x\"}}]}],\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"thoughts and signatures, the last one late",
         "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"h\",\"thought\":true},"
         "{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"s1\"},{\"text\":\"a\"},"
         "{\"text\":\"b\",\"thoughtSignature\":\"s2\"}]}]}",
         "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"text\":\"h\",\"thought\":true},"
         "{\"text\":\"a\",\"thoughtSignature\":\"s1\"},{\"text\":\"b\",\"thoughtSignature\":"
         "\"s2\"}]}],\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"a thought in pieces, also as contents of their own, is one with the last one's signature",
         "{\"contents\":[{\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\",\"parts\":[{\"text\":"
         "\"h\",\"thought\":true},{\"text\":\"i\",\"thought\":true}]},{\"role\":\"model\","
         "\"parts\":["
         "{\"text\":\"j\",\"thought\":true,\"thoughtSignature\":\"s1\"}]},{\"role\":\"model\","
         "\"parts\":[{\"text\":\"a\"}]}]}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},{\"role\":\"model\","
         "\"parts\":["
         "{\"text\":\"hij\",\"thought\":true},{\"text\":\"\",\"thoughtSignature\":\"s1\"},{"
         "\"text\":\"a\"}]}],"
         "\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"calls without ids, answered in their order",
         "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":"
         "{\"a\":1}},\"thoughtSignature\":\"s-_\"},{\"functionCall\":{\"name\":\"f\"}},"
         "{\"functionCall\":{\"id\":\"x\",\"name\":\"g\",\"args\":null}}]},"
         "{\"role\":\"function\",\"parts\":[{\"functionResponse\":{\"name\":\"f\",\"response\":"
         "{\"output\":\"1\"}}},{\"functionResponse\":{\"name\":\"f\",\"response\":{\"error\":\"e\"}"
         "}"
         "},{\"functionResponse\":{\"id\":\"x\",\"name\":\"g\",\"response\":{\"k\":\"v\\\"\"},"
         "\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"aa\"}}]}}]}]}",
         "{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"id\":\"call_0\","
         "\"name\":\"f\",\"args\":{\"a\":1}},\"thoughtSignature\":\"s+/\"},{\"functionCall\":{"
         "\"id\":\"call_1\",\"name\":\"f\",\"args\":{}}},{\"functionCall\":{\"id\":\"x\",\"name\":"
         "\"g\",\"args\":{}}}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":"
         "\"call_0\",\"name\":\"f\",\"response\":{\"output\":\"1\"}}},{\"functionResponse\":{"
         "\"id\":\"call_1\",\"name\":\"f\",\"response\":{\"error\":\"e\"}}},{\"functionResponse\":{"
         "\"id\":\"x\",\"name\":\"g\",\"response\":{\"k\":\"v\\\"\"}}},{\"inlineData\":{"
         "\"mimeType\":\"image/png\",\"data\":\"aa\"}}]}],\"generationConfig\":{"
         "\"maxOutputTokens\":99}}"},
        {"all of the config",
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"generationConfig\":{\"temperature\":0,"
         "\"topP\":0.5,\"top_k\":3,\"seed\":4,\"maxOutputTokens\":50,\"candidateCount\":2,"
         "\"stopSequences\":[\"x\"],\"presencePenalty\":1,\"frequencyPenalty\":2,"
         "\"responseLogprobs\":true,\"logprobs\":5,\"responseModalities\":[\"TEXT\"],"
         "\"thinkingConfig\":{\"thinkingLevel\":\"LOW\",\"includeThoughts\":true},"
         "\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":\"ARRAY\"}},"
         "\"safetySettings\":[{\"category\":\"c\"}],\"serviceTier\":\"flex\",\"unknown\":1}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],\"generationConfig\":{"
         "\"maxOutputTokens\":50,\"candidateCount\":2,\"temperature\":0,\"topP\":0.5,\"topK\":3,"
         "\"presencePenalty\":1,\"frequencyPenalty\":2,\"seed\":4,\"stopSequences\":[\"x\"],"
         "\"responseLogprobs\":true,\"logprobs\":5,\"responseMimeType\":\"application/json\","
         "\"responseJsonSchema\":{\"type\":\"array\"},\"thinkingConfig\":{\"includeThoughts\":true,"
         "\"thinkingLevel\":\"low\"}},\"safetySettings\":[{\"category\":\"c\"}],\"serviceTier\":"
         "\"flex\"}"},
        {"tools in Google's words, those that are allowed",
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"tools\":[{\"functionDeclarations\":["
         "{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":"
         "{"
         "\"type\":{\"type\":\"STRING\",\"nullable\":true,\"enum\":[\"STRING\"]},"
         "\"l\":{\"maxItems\":\"3\",\"type\":\"ARRAY\",\"items\":{\"type\":\"number\"}}}}},"
         "{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":\"object\"}},{\"name\":\"h\"}]}],"
         "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":["
         "\"f\",\"g\"]}}}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],\"toolConfig\":{"
         "\"functionCallingConfig\":{\"mode\":\"ANY\"}},\"tools\":[{\"functionDeclarations\":["
         "{\"name\":\"f\",\"description\":\"d\",\"parametersJsonSchema\":{\"type\":\"object\","
         "\"properties\":{\"type\":{\"type\":[\"string\",\"null\"],\"nullable\":true,\"enum\":["
         "\"STRING\"]},\"l\":{\"maxItems\":3,\"type\":\"array\",\"items\":{\"type\":\"number\"}}}}}"
         ","
         "{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":\"object\"}}]}],"
         "\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"a schema as Google's SDK for Python writes it, with a property called as a keyword",
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"tools\":[{\"functionDeclarations\":["
         "{\"name\":\"f\",\"parameters\":{\"properties\":{\"max_length\":{\"max_length\":\"4\","
         "\"any_of\":[{\"type\":\"INTEGER\"}]}},\"type\":\"OBJECT\"}}]}]}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],\"tools\":[{"
         "\"functionDeclarations\":[{\"name\":\"f\",\"parametersJsonSchema\":{\"properties\":{"
         "\"max_length\":{\"maxLength\":4,\"anyOf\":[{\"type\":\"integer\"}]}},\"type\":"
         "\"object\"}}]}],\"generationConfig\":{\"maxOutputTokens\":99}}"},
        {"one that is allowed",
         "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}],\"tools\":[{\"function_declarations\":["
         "{\"name\":\"f\"}]}],\"tool_config\":{\"function_calling_config\":{\"mode\":\"any\","
         "\"allowed_function_names\":[\"f\"]}}}",
         "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"}]}],\"toolConfig\":{"
         "\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}},"
         "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}],"
         "\"generationConfig\":{\"maxOutputTokens\":99}}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct read read = read_body(rows[i].body);
        struct language_target target = {
            .model = span_of("gemini-3-flash"), .output_cap = 99, .reasoning = true};
        struct pieces pieces = pieces_make(read.arena, ARENA_MAX);
        struct buf all = buf_make(ARENA_MAX);
        struct ask_losses losses;
        const struct span *spans;
        uint32_t count;
        size_t size;
        assert_int(rows[i].what, read.result, 0);
        assert_int(rows[i].what, gemini_upstream.write_ask(&read.chat, &target, &pieces, &losses),
                   ASK_WRITTEN);
        spans = pieces_spans(&pieces, &count, &size);
        for (uint32_t j = 0; j < count; j++)
            buf_add_span(&all, spans[j]);
        assert_span(rows[i].what, buf_span(&all), rows[i].written);
        buf_done(&all);
        pieces_done(&pieces);
        forget(&read);
    }
}

#define ASK(member) "{\"contents\":[{\"parts\":[{\"text\":\"a\"}]}]," member "}"
#define PART(part) "{\"contents\":[{\"parts\":[" part "]}]}"

static void what_cannot_be_read_is_refused_by_its_member(void **state)
{
    static const struct {
        const char *body, *member;
    } rows[] = {
        {"null", NULL},
        {"[]", NULL},
        {"{}", "contents"},
        {"{\"contents\":[]}", "contents"},
        {"{\"contents\":[7]}", "contents"},
        {"{\"contents\":[{\"role\":\"user\"}]}", "contents"},
        {"{\"contents\":[{\"role\":\"assistant\",\"parts\":[{\"text\":\"a\"}]}]}", "contents"},
        {PART("7"), "contents"},
        {PART("{\"text\":7}"), "contents"},
        {PART("{}"), "contents"},
        {PART("{\"executableCode\":{}}"), "contents"},
        {PART("{\"inlineData\":{\"mimeType\":\"image/png\"}}"), "contents"},
        {PART("{\"functionCall\":{\"name\":\"f\"}}"), "contents"},
        {PART("{\"functionResponse\":{\"name\":\"f\",\"response\":{}}}"), "contents"},
        {"{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":"
         "[]}}]}]}",
         "contents"},
        {"{\"contents\":[{\"role\":\"model\",\"parts\":[{\"functionCall\":{}}]}]}", "contents"},
        {"{\"systemInstruction\":7,\"contents\":[{\"parts\":[{\"text\":\"a\"}]}]}",
         "systemInstruction"},
        {ASK("\"tools\":[{\"googleSearch\":{}}]"), "tools"},
        {ASK("\"tools\":[{\"functionDeclarations\":[{}]}]"), "tools"},
        {ASK("\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"SOME\"}}"), "toolConfig"},
        {ASK("\"generationConfig\":[]"), "generationConfig"},
        {ASK("\"generationConfig\":{\"temperature\":\"1\"}"), "generationConfig"},
        {ASK("\"generationConfig\":{\"maxOutputTokens\":0}"), "generationConfig"},
        {ASK("\"generationConfig\":{\"candidateCount\":9}"), "generationConfig.candidateCount"},
        {ASK("\"generationConfig\":{\"stopSequences\":\"x\"}"), "generationConfig.stopSequences"},
        {ASK("\"generationConfig\":{\"responseMimeType\":\"text/x.enum\"}"),
         "generationConfig.responseMimeType"},
        {ASK("\"generationConfig\":{\"responseModalities\":[\"TEXT\",\"IMAGE\"]}"),
         "generationConfig.responseModalities"},
        {ASK("\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":-2}}"),
         "generationConfig.thinkingConfig"},
        {ASK("\"cachedContent\":\"cachedContents/x\""), "cachedContent"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct read read = read_body(rows[i].body);
        assert_int(rows[i].body, read.result, -EINVAL);
        assert_non_null(read.why);
        if (rows[i].member == NULL)
            assert_null(read.member);
        else
            assert_string_equal(read.member, rows[i].member);
        forget(&read);
    }
}

static void how_hard_to_think_is_read(void **state)
{
    static const struct {
        const char *body;
        enum chat_effort effort;
        int64_t budget;
    } rows[] = {
        {ASK("\"generationConfig\":{}"), EFFORT_UNSET, -1},
        {ASK("\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0}}"), EFFORT_NONE, -1},
        {ASK("\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":-1}}"), EFFORT_MEDIUM,
         -1},
        {ASK("\"generationConfig\":{\"thinkingConfig\":{\"thinking_budget\":5}}"), EFFORT_UNSET, 5},
        {ASK("\"generationConfig\":{\"thinkingConfig\":{\"thinkingLevel\":\"high\"}}"), EFFORT_HIGH,
         -1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct read read = read_body(rows[i].body);
        assert_int(rows[i].body, read.result, 0);
        assert_int(rows[i].body, read.chat.wish.effort, rows[i].effort);
        assert_int(rows[i].body, read.chat.wish.reasoning_budget, rows[i].budget);
        forget(&read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_comes_through),
        cmocka_unit_test(what_cannot_be_read_is_refused_by_its_member),
        cmocka_unit_test(how_hard_to_think_is_read),
    };

    return run_test_table(tests);
}
