/* A target's overrides in the body of each dialect. */
#include "gateway/dialect/override.h"

#include <errno.h>

#include "tests/support/testing.h"

#define ALL                                                                                        \
    "{\"system\":\"S\\n\",\"max_tokens\":50,\"temperature\":1.5,\"top_p\":0.5,\"stop\":\"x\","     \
    "\"seed\":-7,\"presence_penalty\":1,\"frequency_penalty\":-1,\"reasoning_effort\":\"high\"}"

struct row {
    const char *what;
    enum ask_kind kind;
    const char *body, *overrides, *wanted;
};

static void check(const struct row *rows, size_t count)
{
    struct json_doc doc = json_doc_make();
    struct buf out = buf_make(4096);

    for (size_t i = 0; i < count; i++) {
        buf_clear(&out);
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].body), &json_limits_body),
                   JSON_OK);
        assert_int(rows[i].what,
                   override_write(rows[i].kind, &doc, span_of(rows[i].overrides), &out), 0);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
    }
    buf_done(&out);
    json_doc_done(&doc);
}

static void chats_of_openai(void **state)
{
#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
    static const struct row rows[] = {
        {"nothing", ASK_CHAT, "{\"model\":\"m\",\"messages\":[" USER "]}", "{}",
         "{\"model\":\"m\",\"messages\":[" USER "]}"},
        {"nulls are nothing", ASK_CHAT, "{\"temperature\":1}", "{\"temperature\":null}",
         "{\"temperature\":1}"},
        {"all, where nothing stands", ASK_CHAT, "{\"model\":\"m\",\"messages\":[" USER "]}", ALL,
         "{\"model\":\"m\",\"max_completion_tokens\":50,\"temperature\":1.5,\"top_p\":0.5,"
         "\"stop\":\"x\",\"seed\":-7,\"presence_penalty\":1,\"frequency_penalty\":-1,"
         "\"reasoning_effort\":\"high\",\"messages\":[{\"role\":\"system\",\"content\":\"S\\n\"}"
         "," USER "]}"},
        {"the system's messages in front go, others stay", ASK_CHAT,
         "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"},{\"role\":\"developer\","
         "\"content\":[]}," USER ",{\"role\":\"system\",\"content\":\"b\"}],\"n\":2}",
         "{\"system\":\"S\"}",
         "{\"n\":2,\"messages\":[{\"role\":\"system\",\"content\":\"S\"}," USER
         ",{\"role\":\"system\",\"content\":\"b\"}]}"},
        {"a developer's stays one", ASK_CHAT,
         "{\"messages\":[{\"role\":\"developer\",\"content\":\"a\"}," USER "]}",
         "{\"system\":\"S\"}",
         "{\"messages\":[{\"role\":\"developer\",\"content\":\"S\"}," USER "]}"},
        {"nobody else speaks", ASK_CHAT, "{\"messages\":[{\"role\":\"system\",\"content\":\"a\"}]}",
         "{\"system\":\"S\"}", "{\"messages\":[{\"role\":\"system\",\"content\":\"S\"}]}"},
        {"the older cap where it stands", ASK_CHAT, "{\"max_tokens\":9,\"n\":1}",
         "{\"max_tokens\":5}", "{\"n\":1,\"max_tokens\":5}"},
        {"the newer one", ASK_CHAT, "{\"max_completion_tokens\":9}", "{\"max_tokens\":5}",
         "{\"max_completion_tokens\":5}"},
        {"a null does not stand", ASK_CHAT, "{\"max_tokens\":null}", "{\"max_tokens\":5}",
         "{\"max_completion_tokens\":5}"},
        {"both", ASK_CHAT, "{\"max_tokens\":9,\"max_completion_tokens\":8}", "{\"max_tokens\":5}",
         "{\"max_tokens\":5,\"max_completion_tokens\":5}"},
        {"instead of what stands, in any spelling", ASK_CHAT,
         "{\"temp\\u0065rature\":1,\"stop\":[\"a\"],\"reasoning\":{\"max_tokens\":9},\"seed\":1}",
         "{\"temperature\":0,\"stop\":[\"b\",\"c\"],\"reasoning_effort\":\"low\"}",
         "{\"seed\":1,\"temperature\":0,\"stop\":[\"b\",\"c\"],\"reasoning_effort\":\"low\"}"},
        {"completions", ASK_COMPLETIONS, "{\"prompt\":\"a\",\"max_tokens\":9,\"top_p\":1}", ALL,
         "{\"prompt\":\"a\",\"max_tokens\":50,\"temperature\":1.5,\"top_p\":0.5,\"stop\":\"x\","
         "\"seed\":-7,\"presence_penalty\":1,\"frequency_penalty\":-1}"},
        {"embeddings", ASK_EMBEDDINGS, "{\"input\":\"a\", \"seed\":1}", ALL,
         "{\"input\":\"a\", \"seed\":1}"},
    };

    (void)state;
    check(rows, array_size(rows));
}

static void responses(void **state)
{
    static const struct row rows[] = {
        {"all, where nothing stands", ASK_RESPONSES, "{\"model\":\"m\",\"input\":\"hi\"}", ALL,
         "{\"model\":\"m\",\"input\":\"hi\",\"instructions\":\"S\\n\",\"max_output_tokens\":50,"
         "\"temperature\":1.5,\"top_p\":0.5,\"reasoning\":{\"effort\":\"high\"}}"},
        {"instead of what stands", ASK_RESPONSES,
         "{\"instructions\":\"old\",\"input\":[{\"role\":\"developer\",\"content\":\"d\"}," USER
         "],\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"max_output_tokens\":9}",
         ALL,
         "{\"instructions\":\"S\\n\",\"input\":[" USER "],\"max_output_tokens\":50,"
         "\"temperature\":1.5,\"top_p\":0.5,\"reasoning\":{\"summary\":\"auto\",\"effort\":"
         "\"high\"}}"},
        {"nobody else speaks", ASK_RESPONSES,
         "{\"input\":[{\"role\":\"system\",\"content\":\"a\"}]}", "{\"system\":\"S\"}",
         "{\"instructions\":\"S\",\"input\":[{\"role\":\"system\",\"content\":\"a\"}]}"},
        {"a null", ASK_RESPONSES, "{\"reasoning\":null}", "{\"reasoning_effort\":\"none\"}",
         "{\"reasoning\":{\"effort\":\"none\"}}"},
    };

    (void)state;
    check(rows, array_size(rows));
}

static void messages_of_anthropic(void **state)
{
    static const struct row rows[] = {
        {"all, where nothing stands", ASK_MESSAGES, "{\"max_tokens\":9,\"messages\":[]}", ALL,
         "{\"messages\":[],\"system\":\"S\\n\",\"max_tokens\":50,\"temperature\":1,\"top_p\":0.5,"
         "\"stop_sequences\":[\"x\"],\"output_config\":{\"effort\":\"high\"}}"},
        {"instead of what stands", ASK_MESSAGES,
         "{\"system\":[{\"type\":\"text\"}],\"temperature\":0.1,\"stop_sequences\":[\"a\"],"
         "\"output_config\":{\"effort\":\"max\",\"format\":{}},\"thinking\":{\"type\":"
         "\"disabled\"}}",
         "{\"system\":\"S\",\"temperature\":0.5,\"stop\":[\"b\",\"c\"],\"reasoning_effort\":"
         "\"minimal\"}",
         "{\"system\":\"S\",\"temperature\":0.5,\"stop_sequences\":[\"b\",\"c\"],"
         "\"output_config\":{\"format\":{},\"effort\":\"low\"}}"},
        {"no thinking", ASK_MESSAGES,
         "{\"output_config\":{\"effort\":\"max\"},\"thinking\":{\"type\":\"adaptive\"}}",
         "{\"reasoning_effort\":\"none\"}", "{\"thinking\":{\"type\":\"disabled\"}}"},
        {"no thinking, but a format", ASK_MESSAGES, "{\"output_config\":{\"format\":{}}}",
         "{\"reasoning_effort\":\"none\"}",
         "{\"output_config\":{\"format\":{}},\"thinking\":{\"type\":\"disabled\"}}"},
        {"a thinker goes on", ASK_MESSAGES, "{\"thinking\":{\"type\":\"adaptive\"}}",
         "{\"reasoning_effort\":\"xhigh\"}",
         "{\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{\"effort\":\"xhigh\"}}"},
        {"no seed and no penalties", ASK_MESSAGES, "{\"seed\":1}",
         "{\"seed\":2,\"presence_penalty\":1,\"frequency_penalty\":1}", "{\"seed\":1}"},
    };

    (void)state;
    check(rows, array_size(rows));
}

static void contents_of_gemini(void **state)
{
    static const struct row rows[] = {
        {"all, where nothing stands", ASK_GENERATE, "{\"contents\":[]}", ALL,
         "{\"contents\":[],\"generationConfig\":{\"maxOutputTokens\":50,\"temperature\":1.5,"
         "\"topP\":0.5,\"seed\":-7,\"presencePenalty\":1,\"frequencyPenalty\":-1,"
         "\"stopSequences\":[\"x\"],\"thinkingConfig\":{\"thinkingBudget\":24576}},"
         "\"systemInstruction\":{\"parts\":[{\"text\":\"S\\n\"}]}}"},
        {"instead of what stands, in either spelling", ASK_GENERATE,
         "{\"system_instruction\":{},\"generation_config\":{\"max_output_tokens\":9,\"topP\":1,"
         "\"top_k\":3,\"thinking_config\":{\"thinking_level\":\"low\",\"includeThoughts\":true}}}",
         "{\"system\":\"S\",\"max_tokens\":5,\"top_p\":0.1,\"reasoning_effort\":\"none\"}",
         "{\"generationConfig\":{\"top_k\":3,\"maxOutputTokens\":5,\"topP\":0.1,\"thinkingConfig\":"
         "{\"includeThoughts\":true,\"thinkingBudget\":0}},\"systemInstruction\":{\"parts\":"
         "[{\"text\":\"S\"}]}}"},
        {"a configuration of null", ASK_GENERATE, "{\"generationConfig\":null}",
         "{\"max_tokens\":5}", "{\"generationConfig\":{\"maxOutputTokens\":5}}"},
        {"a configuration that is not looked at", ASK_GENERATE,
         "{\"generationConfig\":{\"topK\":1}}", "{\"system\":\"S\"}",
         "{\"generationConfig\":{\"topK\":1},\"systemInstruction\":{\"parts\":[{\"text\":\"S\"}]}"
         "}"},
    };

    (void)state;
    check(rows, array_size(rows));
}

static void what_cannot_be_written_is_told(void **state)
{
    struct json_doc doc = json_doc_make();
    struct buf out = buf_make(16), room = buf_make(256);

    (void)state;
    assert_int_equal(json_parse(&doc, span_of("{\"messages\":[" USER "]}"), &json_limits_body),
                     JSON_OK);
    assert_int("too large", override_write(ASK_CHAT, &doc, span_of("{\"seed\":1}"), &out),
               -EMSGSIZE);
    assert_int("no object", override_write(ASK_CHAT, &doc, span_of("[]"), &room), -EINVAL);
    assert_int("no JSON", override_write(ASK_CHAT, &doc, span_of("{"), &room), -EINVAL);
    assert_int_equal(json_parse(&doc, span_of("[]"), &json_limits_body), JSON_OK);
    assert_int("no body", override_write(ASK_CHAT, &doc, span_of("{}"), &room), -EINVAL);
    buf_done(&out);
    buf_done(&room);
    json_doc_done(&doc);
}

static void reservations_are_told_what_it_means(void **state)
{
    static const struct {
        const char *overrides;
        int64_t max_tokens;
        uint64_t least;
    } rows[] = {
        {"{}", -1, 0},
        {"{\"max_tokens\":500,\"system\":\"0123456789\"}", 500, 10},
        {"{\"system\":\"\\n\\n\"}", -1, 2},
        {"{\"max_tokens\":null,\"system\":null}", -1, 0},
        {"nonsense", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct override_effect effect = override_effect_of(span_of(rows[i].overrides));

        assert_int(rows[i].overrides, effect.max_tokens, rows[i].max_tokens);
        in_row(rows[i].overrides,
               effect.system_bytes >= rows[i].least && effect.system_bytes <= 3 * rows[i].least);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(chats_of_openai),
        cmocka_unit_test(responses),
        cmocka_unit_test(messages_of_anthropic),
        cmocka_unit_test(contents_of_gemini),
        cmocka_unit_test(what_cannot_be_written_is_told),
        cmocka_unit_test(reservations_are_told_what_it_means),
    };

    return run_test_table(tests);
}
