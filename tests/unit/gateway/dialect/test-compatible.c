#include <stdio.h>

#include "tests/support/testing.h"

#include "gateway/dialect/call_id.h"
#include "gateway/dialect/compatible.h"
#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_language.h"

enum { ARENA_MAX = 4 << 20 };

#define M(member) (UINT64_C(1) << MEMBER_##member)
#define HELLO "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
#define SAID "\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],\"max_tokens\":4096"
#define TOOL "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}]"
#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define CALL(id)                                                                                   \
    "\"tool_calls\":[{\"id\":\"" id                                                                \
    "\",\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]"
#define RESULT(id) "{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":\"r\"}"

static void write(const char *what, const char *provider, const struct compatible_facts *facts,
                  const char *body, struct buf *out, struct ask_losses *losses)
{
    struct language_target target = {.output_cap = 4096};
    struct arena *arena = arena_new(1 << 14, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct json_doc doc = json_doc_make(), again = json_doc_make();
    const char *why, *member;
    const struct span *spans;
    struct chat chat;
    uint32_t count;
    size_t size;

    compatible_target(span_of(provider), span_of("openai-compatible"), facts, &target);
    assert_int(what, json_parse(&doc, span_of(body), &json_limits_body), JSON_OK);
    assert_int(what, openai_client.read_ask(&doc, arena, &chat, &why, &member), 0);
    if (openai_upstream.write_ask(&chat, &target, &pieces, losses) == ASK_WRITTEN) {
        spans = pieces_spans(&pieces, &count, &size);
        for (uint32_t i = 0; i < count; i++)
            buf_add_span(out, spans[i]);
        assert_int(what, json_parse(&again, buf_span(out), &json_limits_body), JSON_OK);
    }
    json_doc_done(&again);
    json_doc_done(&doc);
    pieces_done(&pieces);
    arena_free(arena);
}

static void each_provider_gets_what_it_takes(void **state)
{
    static const struct {
        const char *what, *provider, *model;
        bool reasoning;
        const char *body, *wanted;
        uint64_t lost;
    } rows[] = {
        {"an unknown one takes what nearly all take", "nobody", "m", true,
         HELLO "\"reasoning_effort\":\"xhigh\",\"top_k\":3,\"seed\":1,\"stream\":true}",
         "{\"model\":\"m\"," SAID ",\"seed\":1,\"reasoning_effort\":\"high\",\"stream\":true,"
         "\"stream_options\":{\"include_usage\":true}}",
         M(TOP_K)},
        {"open models are sampled in more ways", "vllm", "m", false,
         HELLO "\"top_k\":3,\"min_p\":0.1,\"repetition_penalty\":1.1}",
         "{\"model\":\"m\"," SAID ",\"top_k\":3,\"min_p\":0.1,\"repetition_penalty\":1.1}", 0},
        {"Mistral has words of its own", "mistral", "mistral-small-latest", true,
         HELLO "\"seed\":1,\"user\":\"u\",\"stream\":true,\"reasoning_effort\":\"none\"," TOOL
               ",\"tool_choice\":\"required\"}",
         "{\"model\":\"mistral-small-latest\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
         "" TOOL ",\"tool_choice\":\"any\",\"max_tokens\":4096,\"random_seed\":1,"
         "\"reasoning_effort\":\"none\",\"stream\":true}",
         M(USER)},
        {"its thinker has no efforts", "mistral", "magistral-medium-latest", true,
         HELLO "\"reasoning_effort\":\"low\"}", "{\"model\":\"magistral-medium-latest\"," SAID "}",
         M(REASONING)},
        {"a demanded tool or thinking", "deepseek", "deepseek-v4-pro", true,
         HELLO TOOL ",\"tool_choice\":\"required\"}",
         "{\"model\":\"deepseek-v4-pro\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," TOOL
         ",\"tool_choice\":\"required\",\"max_tokens\":4096,\"thinking\":{\"type\":\"disabled\"}}",
         0},
        {"which is lost, if it was asked for", "moonshotai", "kimi-k2.6", true,
         HELLO TOOL ",\"tool_choice\":\"required\",\"reasoning_effort\":\"high\"}",
         "{\"model\":\"kimi-k2.6\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," TOOL
         ",\"tool_choice\":\"required\",\"max_tokens\":4096,\"thinking\":{\"type\":\"disabled\"}}",
         M(REASONING)},
        {"unless it always thinks", "moonshotai", "kimi-k2.7-code", true,
         HELLO TOOL ",\"tool_choice\":\"required\",\"temperature\":0}",
         "{\"model\":\"kimi-k2.7-code\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," TOOL
         ",\"max_tokens\":4096}",
         M(TOOL_CHOICE) | M(TEMPERATURE)},
        {"what it does anyway is not told", "deepseek", "deepseek-v4-pro", true,
         HELLO TOOL ",\"tool_choice\":\"auto\"}",
         "{\"model\":\"deepseek-v4-pro\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}]," TOOL
         ",\"max_tokens\":4096}",
         0},
        {"JSON without a schema", "deepseek", "deepseek-chat", false,
         HELLO "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\","
               "\"schema\":{}}}}",
         "{\"model\":\"deepseek-chat\"," SAID ",\"response_format\":{\"type\":\"json_object\"}}",
         M(RESPONSE_FORMAT)},
        {"JSON by a schema alone", "perplexity", "sonar", false,
         HELLO "\"response_format\":{\"type\":\"json_object\"}}",
         "{\"model\":\"sonar\"," SAID
         ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":"
         "{\"name\":\"answer\",\"schema\":{\"type\":\"object\"}}}}",
         0},
        {"a budget", "alibaba", "qwen-plus", true, HELLO "\"reasoning\":{\"max_tokens\":2000}}",
         "{\"model\":\"qwen-plus\"," SAID ",\"enable_thinking\":true,\"thinking_budget\":2000}", 0},
        {"thinking turned off", "zai", "glm-4.7", true, HELLO "\"reasoning_effort\":\"none\"}",
         "{\"model\":\"glm-4.7\"," SAID ",\"thinking\":{\"type\":\"disabled\"}}", 0},
        {"no word for its effort", "zai", "glm-4.7", true, HELLO "\"reasoning_effort\":\"low\"}",
         "{\"model\":\"glm-4.7\"," SAID ",\"thinking\":{\"type\":\"enabled\"}}", 0},
        {"a model that nothing is told of its thinking", "xai", "grok-4.20-0309-reasoning", true,
         HELLO "\"reasoning_effort\":\"low\",\"stop\":\"x\"}",
         "{\"model\":\"grok-4.20-0309-reasoning\"," SAID "}", M(REASONING) | M(STOP)},
        {"the newest efforts of OpenAI", "openai", "gpt-5.2", true,
         HELLO "\"reasoning_effort\":\"xhigh\"}",
         "{\"model\":\"gpt-5.2\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
         "\"max_completion_tokens\":4096,\"reasoning_effort\":\"xhigh\"}",
         0},
        {"the last part of a name counts", "groq", "qwen/qwen3-32b", true,
         HELLO "\"reasoning_effort\":\"low\",\"logprobs\":true}",
         "{\"model\":\"qwen/qwen3-32b\",\"messages\":[{\"role\":\"user\",\"content\":\"q\"}],"
         "\"max_completion_tokens\":4096,\"reasoning_effort\":\"default\"}",
         M(LOGPROBS)},
        {"a refusal, which is a text there", "mistral", "m", false,
         "{\"model\":\"x\",\"messages\":[" USER("q") ",{\"role\":\"assistant\",\"content\":null,"
                                                     "\"refusal\":\"no\"}," USER("r") "]}",
         "{\"model\":\"m\",\"messages\":[" USER("q") ",{\"role\":\"assistant\",\"content\":\"no\"}"
                                                     "," USER("r") "],\"max_tokens\":4096}",
         0},
        {"several texts as one", "groq", "m", false,
         "{\"model\":\"x\",\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\","
         "\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"}]}," USER("q") "]}",
         "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"a\\n\\nb\"}," USER(
             "q") "],\"max_completion_tokens\":4096}",
         0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct compatible_facts facts = {.model = span_of(rows[i].model),
                                               .reasoning = rows[i].reasoning};
        struct buf out = buf_make(ARENA_MAX);
        struct ask_losses losses;
        write(rows[i].what, rows[i].provider, &facts, rows[i].body, &out, &losses);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
        assert_int(rows[i].what, losses.lost, rows[i].lost);
        buf_done(&out);
    }
}

static void earlier_reasoning_goes_where_it_is_read(void **state)
{
    static const char turns[] = "{\"model\":\"x\",\"messages\":[" USER(
        "1") ",{\"role\":\"assistant\",\"content\":\"a\","
             "\"reasoning\":\"r1\"}," USER(
                 "2") ",{\"role\":\"assistant\",\"content\":null,"
                      "\"reasoning\":\"r2\"," CALL("call_abc") "}," RESULT(
                          "call_abc") ",{\"role\":\"assistant\",\"content\":\"b\",\"reasoning\":"
                                      "\"r3\"}," USER("3") "]}";
    static const char foreign[] = "{\"model\":\"x\",\"messages\":[" USER(
        "1") ",{\"role\":\"assistant\",\"content\":"
             "null," CALL("call_abc") "}," RESULT("call_abc") "]}";
    static const struct {
        const char *what, *provider, *body, *wanted;
    } rows[] = {
        {"in turns with tools", "deepseek", turns,
         USER("1") ",{\"role\":\"assistant\",\"content\":\"a\"}," USER(
             "2") ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":"
                  "\"r2\"," CALL("call_abc") "}," RESULT("call_abc") ",{\"role\":\"assistant\","
                                                                     "\"content\":\"b\","
                                                                     "\"reasoning_content\":"
                                                                     "\"r3\"}," USER("3")},
        {"always", "moonshotai", turns,
         USER("1") ",{\"role\":\"assistant\",\"content\":\"a\",\"reasoning_content\":\"r1\"}"
                   "," USER("2") ",{\"role\":\"assistant\",\"content\":null,\"reasoning_"
                                 "content\":\"r2\"," CALL("call_abc") "}," RESULT(
                                     "call_abc") ",{\"role\":\"assistant\",\"content\":\"b\","
                                                 "\"reasoning_content\":\"r3\"}," USER("3")},
        {"never, and with ids of its own", "mistral", turns,
         USER("1") ",{\"role\":\"assistant\",\"content\":\"a\"}," USER(
             "2") ",{\"role\":"
                  "\"assistant\","
                  "\"content\":"
                  "null," CALL("wfh8Yra8U") "}," RESULT("wfh8Yra8U") ",{\"role\":\"assistant\","
                                                                     "\"content\":\"b\"}," USER(
                                                                         "3")},
        {"asked for where another model spoke", "moonshotai", foreign,
         USER("1") ",{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\" "
                   "\"," CALL("call_abc") "}," RESULT("call_abc")},
        {"content that is never null", "cloudflare-workers-ai", foreign,
         USER("1") ",{\"role\":\"assistant\",\"content\":\"\"," CALL("call_abc") "}," RESULT(
             "call_abc")},
    };
    const struct compatible_facts facts = {.model = span_of("m"), .reasoning = true};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(ARENA_MAX), wanted = buf_make(ARENA_MAX);
        struct ask_losses losses;
        write(rows[i].what, rows[i].provider, &facts, rows[i].body, &out, &losses);
        buf_printf(&wanted, "{\"model\":\"m\",\"messages\":[%s],\"max_tokens\":4096}",
                   rows[i].wanted);
        assert_span(rows[i].what, buf_span(&out), wanted.at);
        buf_done(&wanted);
        buf_done(&out);
    }
}

static void media_that_a_provider_does_not_take_is_unspeakable(void **state)
{
#define SHOWN(part) "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"content\":[" part "]}]}"
    static const struct {
        const char *what, *provider, *body, *why;
    } rows[] = {
        {"no hands", "perplexity", HELLO TOOL "}", "tools"},
        {"no eyes", "deepseek",
         SHOWN("{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/b.png\"}}"),
         "image input"},
        {"no files", "togetherai",
         SHOWN("{\"type\":\"file\",\"file\":{\"file_data\":\"data:application/pdf;base64,AA==\"}}"),
         "file input"},
        {"no ears", "mistral",
         SHOWN("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AA==\",\"format\":\"wav\"}}"),
         "audio input"},
        {"it fetches nothing", "moonshotai",
         SHOWN("{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/b.png\"}}"),
         "an image by its URL"},
        {"it sees what it is sent", "moonshotai",
         SHOWN("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AA==\"}}"),
         NULL},
    };
    const struct compatible_facts facts = {.model = span_of("m")};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(ARENA_MAX);
        struct ask_losses losses;
        write(rows[i].what, rows[i].provider, &facts, rows[i].body, &out, &losses);
        assert_int(rows[i].what, out.size > 0, rows[i].why == NULL);
        assert_true(rows[i].why == NULL
                        ? losses.why == NULL
                        : losses.why != NULL && strcmp(losses.why, rows[i].why) == 0);
        buf_done(&out);
    }
}

static void the_catalogs_facts_are_part_of_a_target(void **state)
{
    struct compatible_facts facts = {
        .model = span_of("gpt-5"), .reasoning = true, .no_temperature = true};
    struct language_target target = {.output_cap = 7, .output_limit = 8};

    (void)state;
    compatible_target(span_of("azure"), span_of("azure-openai"), &facts, &target);
    assert_string_equal(target.tokens_member, "max_completion_tokens");
    assert_true((target.without & M(TEMPERATURE)) != 0 && (target.without & M(STOP)) != 0);
    assert_int_equal(target.output_cap, 7);
    assert_int_equal(target.output_limit, 8);
    facts.reasoning = facts.no_temperature = false;
    compatible_target(span_of("openai"), span_of("openai"), &facts, &target);
    assert_true((target.without & M(TEMPERATURE)) == 0 && (target.without & M(STOP)) == 0);
    target = (struct language_target){0};
    compatible_target(span_of("anthropic"), span_of("anthropic"), &facts, &target);
    assert_null(target.compatible);
    assert_span("its name", target.model, "gpt-5");
}

static void a_body_passes_unless_it_would_be_refused(void **state)
{
    static const struct {
        const char *what, *provider, *body;
        bool passes;
    } rows[] = {
        {"plain", "mistral", HELLO "\"temperature\":1,\"max_tokens\":5}", true},
        {"a new member that we do not know", "mistral", HELLO "\"safe_prompt\":true}", true},
        {"a seed", "mistral", HELLO "\"seed\":5}", false},
        {"which is null", "mistral", HELLO "\"seed\":null}", true},
        {"a user", "mistral", HELLO "\"user\":\"u\"}", false},
        {"ids of another provider", "mistral",
         "{\"model\":\"x\",\"messages\":[{\"role\":\"assistant\"," CALL("call_abc") "}]}", false},
        {"a result for them", "mistral", "{\"model\":\"x\",\"messages\":[" RESULT("toolu_1") "]}",
         false},
        {"ids of its own", "mistral",
         "{\"model\":\"x\",\"messages\":[{\"role\":\"assistant\"," CALL("abcABC123") "}," RESULT(
             "abcABC123") "]}",
         true},
        {"another provider's reasoning", "groq",
         "{\"model\":\"x\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\","
         "\"reasoning_content\":\"r\"}]}",
         false},
        {"which this one takes", "deepseek",
         "{\"model\":\"x\",\"messages\":[{\"role\":\"assistant\",\"content\":\"a\","
         "\"reasoning_content\":\"r\"}]}",
         true},
        {"a name", "groq", "{\"model\":\"x\",\"messages\":[{\"role\":\"user\",\"name\":\"n\"}]}",
         false},
        {"messages that are none", "groq", "{\"model\":\"x\",\"messages\":[1,{}]}", true},
        {"no list of messages", "groq", "{\"model\":\"x\",\"messages\":1}", true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        const struct compatible *row =
            compatible_find(span_of(rows[i].provider), span_of("openai-compatible"), span_of("m"));
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].body), &json_limits_body),
                   JSON_OK);
        assert_int(rows[i].what, compatible_passes(row, &doc), rows[i].passes);
        json_doc_done(&doc);
    }
}

static void a_patch_leaves_out_what_is_refused(void **state)
{
#define ASK(members) "{\"model\":\"x\"," members ",\"messages\":[" USER("q") "]}"
    static const struct {
        const char *what, *provider, *body, *wanted;
        int64_t cap;
    } rows[] = {
        {"OpenAI's newer name", "mistral", ASK("\"max_completion_tokens\":5"),
         "{\"max_tokens\":5,\"model\":\"m\",\"messages\":[" USER("q") "]}", 100},
        {"which is too much", "mistral", ASK("\"max_completion_tokens\":500"),
         "{\"max_tokens\":100,\"model\":\"m\",\"messages\":[" USER("q") "]}", 100},
        {"without a cap of ours", "mistral", ASK("\"max_completion_tokens\":500"),
         "{\"max_tokens\":500,\"model\":\"m\",\"messages\":[" USER("q") "]}", 0},
        {"both", "mistral", ASK("\"max_completion_tokens\":5,\"max_tokens\":7"),
         "{\"model\":\"m\",\"max_tokens\":7,\"messages\":[" USER("q") "]}", 100},
        {"the right one of null", "mistral", ASK("\"max_completion_tokens\":5,\"max_tokens\":null"),
         "{\"model\":\"m\",\"max_tokens\":5,\"messages\":[" USER("q") "]}", 100},
        {"no options of a stream", "mistral",
         ASK("\"stream\":true,\"stream_options\":{\"include_usage\":true},\"max_tokens\":5"),
         "{\"model\":\"m\",\"stream\":true,\"max_tokens\":5,\"messages\":[" USER("q") "]}", 100},
        {"none to be put in either", "zai", ASK("\"stream\":true"),
         "{\"max_tokens\":9,\"model\":\"m\",\"stream\":true,\"messages\":[" USER("q") "]}", 9},
        {"others take both", "groq", ASK("\"max_tokens\":500"),
         "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[" USER("q") "]}", 9},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        struct arena *arena = arena_new(4096, ARENA_MAX);
        const struct compatible *row =
            compatible_find(span_of(rows[i].provider), span_of("openai-compatible"), span_of("m"));
        const struct openai_ask_patch what = {.upstream_model = span_of("m"),
                                              .output_cap = rows[i].cap,
                                              .cap_member = span_of(row->tokens_member),
                                              .compatible = row};
        struct span pieces[PATCH_PIECES_MAX];
        struct buf out = buf_make(ARENA_MAX);
        struct ask_refusal refusal;
        struct patch patch;
        struct ask ask;
        size_t bytes;
        assert_int(rows[i].what,
                   ask_read(&(struct ask_source){.body = span_of(rows[i].body)}, &doc, arena, &ask,
                            &refusal),
                   ASK_OK);
        patch_begin(&patch, &doc);
        assert_true(openai_patch_ask(&patch, &ask, &what, arena));
        uint32_t count = patch_pieces(&patch, pieces, &bytes);
        for (uint32_t n = 0; n < count; n++)
            buf_add_span(&out, pieces[n]);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
        buf_done(&out);
        arena_free(arena);
        json_doc_done(&doc);
    }
}

static void short_ids_are_the_same_for_the_same_call(void **state)
{
    char one[CALL_ID_SHORT], two[CALL_ID_SHORT], three[CALL_ID_SHORT];

    (void)state;
    call_id_shorten(span_of("call_abc"), one);
    call_id_shorten(span_of("call_abc"), two);
    call_id_shorten(span_of("call_abd"), three);
    assert_true(call_id_is_short(span_make(one, sizeof(one))));
    assert_memory_equal(one, two, sizeof(one));
    assert_memory_not_equal(one, three, sizeof(one));
    call_id_shorten(span_of("abcABC123"), one);
    assert_memory_equal(one, "abcABC123", sizeof(one));
    assert_false(call_id_is_short(span_of("abcABC12_")));
    assert_false(call_id_is_short(span_of("abcABC1234")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_provider_gets_what_it_takes),
        cmocka_unit_test(earlier_reasoning_goes_where_it_is_read),
        cmocka_unit_test(media_that_a_provider_does_not_take_is_unspeakable),
        cmocka_unit_test(the_catalogs_facts_are_part_of_a_target),
        cmocka_unit_test(a_body_passes_unless_it_would_be_refused),
        cmocka_unit_test(a_patch_leaves_out_what_is_refused),
        cmocka_unit_test(short_ids_are_the_same_for_the_same_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
