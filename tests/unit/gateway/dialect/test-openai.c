#include "tests/support/testing.h"

#include "gateway/dialect/openai.h"
#include "gateway/dialect/usage.h"

static void join(struct patch *patch, struct buf *out)
{
    struct span pieces[PATCH_PIECES_MAX];
    size_t bytes;
    uint32_t count = patch_pieces(patch, pieces, &bytes);

    buf_clear(out);
    for (uint32_t i = 0; i < count; i++)
        buf_add_span(out, pieces[i]);
    assert_int_equal(out->size, bytes);
}

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"h\\u0069\"}]"

static void a_body_is_patched_byte_for_byte(void **state)
{
    static const struct {
        const char *what, *body, *wanted;
        int64_t cap;
        const char *member;
    } rows[] = {
        {"the model alone", "{ \"model\" : \"a\" ,\n" HELLO ", \"max_tokens\":5 }",
         "{ \"model\" : \"up/m\" ,\n" HELLO ", \"max_tokens\":5 }", 5, "max_tokens"},
        {"a missing cap", "{\"model\":\"a\"," HELLO "}",
         "{\"max_tokens\":9,\"model\":\"up/m\"," HELLO "}", 9, "max_tokens"},
        {"a missing cap by another name", "{\"model\":\"a\"," HELLO "}",
         "{\"max_completion_tokens\":9,\"model\":\"up/m\"," HELLO "}", 9, "max_completion_tokens"},
        {"a cap of null", "{\"model\":\"a\",\"max_tokens\":null," HELLO "}",
         "{\"model\":\"up/m\",\"max_tokens\":9," HELLO "}", 9, "max_tokens"},
        {"a cap that is lowered", "{\"model\":\"a\",\"max_tokens\":100," HELLO "}",
         "{\"model\":\"up/m\",\"max_tokens\":9," HELLO "}", 9, "max_tokens"},
        {"a cap that is low enough", "{\"model\":\"a\",\"max_completion_tokens\":7," HELLO "}",
         "{\"model\":\"up/m\",\"max_completion_tokens\":7," HELLO "}", 9, "max_tokens"},
        {"no cap for embeddings", "{\"model\":\"a\"," HELLO "}", "{\"model\":\"up/m\"," HELLO "}",
         0, "max_tokens"},
        {"usage in a stream", "{\"model\":\"a\",\"stream\":true,\"max_tokens\":1," HELLO "}",
         "{\"stream_options\":{\"include_usage\":true},\"model\":\"up/"
         "m\",\"stream\":true,\"max_tokens\":1," HELLO "}",
         1, "max_tokens"},
        {"usage in options of null",
         "{\"model\":\"a\",\"stream\":true,\"stream_options\":null,\"max_tokens\":1," HELLO "}",
         "{\"model\":\"up/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
         "\"max_tokens\":1," HELLO "}",
         1, "max_tokens"},
        {"usage in empty options",
         "{\"model\":\"a\",\"stream\":true,\"stream_options\":{ },\"max_tokens\":1," HELLO "}",
         "{\"model\":\"up/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true },"
         "\"max_tokens\":1," HELLO "}",
         1, "max_tokens"},
        {"usage beside another option",
         "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"x\":1},\"max_tokens\":1," HELLO
         "}",
         "{\"model\":\"up/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"x\":1},"
         "\"max_tokens\":1," HELLO "}",
         1, "max_tokens"},
        {"usage said no",
         "{\"model\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":false},"
         "\"max_tokens\":1," HELLO "}",
         "{\"model\":\"up/m\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
         "\"max_tokens\":1," HELLO "}",
         1, "max_tokens"},
        {"ours first", "{\"tags\":[],\"models\":[],\"model\":\"a\",\"max_tokens\":1," HELLO "}",
         "{\"model\":\"up/m\",\"max_tokens\":1," HELLO "}", 1, "max_tokens"},
        {"ours in the middle and last",
         "{\"model\":\"a\",\"tags\":[],\"max_tokens\":1,\"cache\":{}, \"models\":[] ," HELLO
         ",\"session_id\":\"x\"}",
         "{\"model\":\"up/m\",\"max_tokens\":1 ," HELLO "}", 1, "max_tokens"},
    };
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct buf out = buf_make(1 << 16);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct openai_ask_patch what = {.upstream_model = span_of("up/m"),
                                        .output_cap = rows[i].cap,
                                        .cap_member = span_of(rows[i].member)};
        struct ask ask;
        struct ask_refusal why;
        struct patch patch;
        assert_int(
            rows[i].what,
            ask_read(&(struct ask_source){.body = span_of(rows[i].body)}, &doc, arena, &ask, &why),
            ASK_OK);
        patch_begin(&patch, &doc);
        in_row(rows[i].what, openai_patch_ask(&patch, &ask, &what, arena));
        join(&patch, &out);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
    }
    buf_done(&out);
    arena_free(arena);
    json_doc_done(&doc);
}

static void on_text(void *context, struct span inside)
{
    buf_add_span(context, inside);
}

#define DELTA(delta)                                                                               \
    "{\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":null}]}"

static void a_frame_says_what_it_is(void **state)
{
    static const struct {
        const char *what, *data;
        uint32_t signs;
        const char *text;
    } rows[] = {
        {"a role", DELTA("{\"role\":\"assistant\",\"content\":\"\"}"), 0, ""},
        {"text", DELTA("{\"content\":\"a\\n\"}"), ANSWER_CONTENT, "a\\n"},
        {"content of null", DELTA("{\"content\":null}"), 0, ""},
        {"reasoning", DELTA("{\"reasoning_content\":\"r\"}"), ANSWER_CONTENT, "r"},
        {"reasoning by both names", DELTA("{\"reasoning_content\":\"r\",\"reasoning\":\"r\"}"),
         ANSWER_CONTENT, "r"},
        {"a refusal", DELTA("{\"refusal\":\"no\"}"), ANSWER_CONTENT, "no"},
        {"a tool call",
         DELTA(
             "{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]}"),
         ANSWER_CONTENT, "f{"},
        {"Mistral's parts",
         DELTA("{\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\",\"text\":"
               "\"h\"}]},"
               "{\"type\":\"text\",\"text\":\"a\"},1]}"),
         ANSWER_CONTENT, "ah"},
        {"no parts", DELTA("{\"content\":[]}"), 0, ""},
        {"blocks alone",
         DELTA("{\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"h\"}]}"),
         ANSWER_CONTENT, "h"},
        {"a sound", DELTA("{\"audio\":{\"id\":\"a\",\"data\":\"AAAA\"}}"), ANSWER_CONTENT, ""},
        {"what is said in it", DELTA("{\"audio\":{\"transcript\":\"hi\"}}"), ANSWER_CONTENT, "hi"},
        {"a picture", DELTA("{\"images\":[{\"image_url\":{\"url\":\"data:\"}}]}"), ANSWER_CONTENT,
         ""},
        {"an empty delta", DELTA("{}"), 0, ""},
        {"a finish", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}", ANSWER_FINISH,
         ""},
        {"usage alone", "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}",
         ANSWER_USAGE, ""},
        {"usage of null", "{\"choices\":[],\"usage\":null}", 0, ""},
        {"no choices at all", "{\"type\":\"ping\"}", 0, ""},
        {"a finish of nothing", "{\"choices\":[{\"delta\":{},\"finish_reason\":\"\"}]}", 0, ""},
        {"text and finish",
         "{\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}]}",
         ANSWER_CONTENT | ANSWER_FINISH, "x"},
        {"the end", "[DONE]", ANSWER_DONE, ""},
        {"the end with blanks", " [DONE] ", ANSWER_DONE, ""},
        {"an error", "{\"error\":{\"message\":\"m\",\"status_code\":400}}", ANSWER_ERROR, ""},
        {"an error of text", "{\"error\":\"m\"}", ANSWER_ERROR, ""},
        {"an error of null", "{\"error\":null,\"choices\":[]}", 0, ""},
        {"cut", "{\"choices\":[{\"delta\":{\"content\":\"x", ANSWER_MALFORMED, ""},
        {"no object", "[]", ANSWER_MALFORMED, ""},
        {"HTML", "<html>", ANSWER_MALFORMED, ""},
        {"choices of text", "{\"choices\":\"x\"}", ANSWER_MALFORMED, ""},
    };
    struct json_doc doc = json_doc_make();
    struct buf text = buf_make(4096);
    const struct answer_tap tap = {.on_text = on_text, .context = &text};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();
        struct openai_places places;
        buf_clear(&text);
        openai_read_frame(&doc, span_of(rows[i].data), &tap, &answer, &places);
        assert_int(rows[i].what, places.signs, rows[i].signs);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        assert_span(rows[i].what, buf_span(&text), rows[i].text);
    }
    buf_done(&text);
    json_doc_done(&doc);
}

static void odd_words_of_the_end_become_openais(void **state)
{
    static const struct {
        const char *what, *word, *wanted; /* NULL: it stays */
    } rows[] = {
        {"OpenAI's", "stop", NULL},
        {"OpenAI's older one", "function_call", NULL},
        {"Together's", "eos", "stop"},
        {"Mistral's", "model_length", "length"},
        {"Z.AI's", "sensitive", "content_filter"},
        {"Anthropic's", "tool_use", "tool_calls"},
        {"a failure", "insufficient_system_resource", NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        struct answer answer = answer_make();
        struct openai_places places;
        struct patch patch;
        struct buf text = buf_make(1024), out = buf_make(1024), wanted = buf_make(1024);
        buf_printf(&text, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}]}", rows[i].word);
        buf_printf(&wanted, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}]}",
                   rows[i].wanted == NULL ? rows[i].word : rows[i].wanted);
        openai_read_frame(&doc, buf_span(&text), NULL, &answer, &places);
        assert_int(rows[i].what, places.odd_finish, rows[i].wanted != NULL);
        patch_begin(&patch, &doc);
        openai_patch_finishes(&patch, places.choices);
        join(&patch, &out);
        assert_span(rows[i].what, buf_span(&out), wanted.at);
        buf_done(&text);
        buf_done(&out);
        buf_done(&wanted);
        json_doc_done(&doc);
    }
}

static void choices_without_a_finish_get_one(void **state)
{
#define CHUNK(choices) "{\"id\":\"i\\\"1\",\"model\":\"m\",\"choices\":[" choices "]}"
#define SAYS(index) "{\"index\":" index ",\"delta\":{\"content\":\"a\"}}"
#define END(index, word)                                                                           \
    "data: {\"id\":\"i\\\"1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"m\"," \
    "\"choices\":[{\"index\":" index ",\"delta\":{},\"finish_reason\":\"" word "\"}]}\n\n"
    static const struct {
        const char *what, *frames[3], *wanted;
    } rows[] = {
        {"one choice", {CHUNK(SAYS("0"))}, END("0", "stop")},
        {"a finished one",
         {CHUNK(SAYS("0")), CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}")},
         ""},
        {"the second of two",
         {CHUNK(SAYS("0") "," SAYS("1")),
          CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}")},
         END("1", "stop")},
        {"a call",
         {CHUNK("{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"name\":\"f\"}}]}}")},
         END("0", "tool_calls")},
        {"nothing was said", {CHUNK("{\"index\":0,\"delta\":{\"role\":\"assistant\"}}")}, ""},
        {"a choice past all", {CHUNK(SAYS("128") "," SAYS("-1"))}, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct json_doc doc = json_doc_make();
        struct answer answer = answer_make();
        struct openai_places places;
        for (size_t f = 0; f < 3 && rows[i].frames[f] != NULL; f++)
            openai_read_frame(&doc, span_of(rows[i].frames[f]), NULL, &answer, &places);
        assert_span(rows[i].what, openai_make_finishes(arena, &answer, 7), rows[i].wanted);
        json_doc_done(&doc);
        arena_free(arena);
    }
}

static void a_whole_answer_is_one_or_is_not(void **state)
{
    static const struct {
        const char *what, *body;
        enum ask_kind kind;
        uint32_t signs;
    } rows[] = {
        {"chat",
         "{\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],\"usage\":{"
         "\"prompt_tokens\":1,\"completion_tokens\":2}}",
         ASK_CHAT, ANSWER_CONTENT | ANSWER_FINISH | ANSWER_USAGE},
        {"chat without choices", "{\"choices\":[]}", ASK_CHAT, ANSWER_MALFORMED},
        {"another object", "{\"ok\":true}", ASK_CHAT, ANSWER_MALFORMED},
        {"an error with status 200", "{\"error\":{\"message\":\"m\",\"code\":429}}", ASK_CHAT,
         ANSWER_ERROR},
        {"embeddings", "{\"data\":[{\"embedding\":[0.5]}],\"usage\":{\"prompt_tokens\":1}}",
         ASK_EMBEDDINGS, ANSWER_USAGE},
        {"embeddings without data", "{\"data\":[]}", ASK_EMBEDDINGS, ANSWER_MALFORMED},
        {"cut", "{\"choices\":[{\"message\":{\"content\":\"x\"}", ASK_CHAT, ANSWER_MALFORMED},
        {"nothing", "", ASK_CHAT, ANSWER_MALFORMED},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();
        struct openai_places places;
        openai_read_whole(&doc, rows[i].kind, span_of(rows[i].body), NULL, &answer, &places);
        assert_int(rows[i].what, places.signs, rows[i].signs);
    }
    json_doc_done(&doc);
}

static void usage_carries_the_cost_exactly(void **state)
{
    static const struct {
        const char *what, *json, *wanted;
    } rows[] = {
        {"put in", "{\"prompt_tokens\":1}",
         "{\"cost\":0.000000000011,\"cost_details\":{\"base\":\"0.00000000001\",\"markup\":"
         "\"0.000000000003\",\"discount\":\"0.000000000002\"},\"prompt_tokens\":1}"},
        {"the provider's own taken out",
         "{\"cost\":{\"x\":1},\"prompt_tokens\":1,\"cost_in_usd_ticks\":5}",
         "{\"cost\":0.000000000011,\"cost_details\":{\"base\":\"0.00000000001\",\"markup\":"
         "\"0.000000000003\",\"discount\":\"0.000000000002\"},\"prompt_tokens\":1}"},
    };
    const struct openai_cost cost = {.charge_pico = 11, .base_pico = 10, .discount_pico = 2};
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct buf out = buf_make(1 << 16);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct patch patch;
        assert_int_equal(json_parse(&doc, span_of(rows[i].json), &json_limits_body), JSON_OK);
        patch_begin(&patch, &doc);
        openai_patch_usage(&patch, 0, openai_cost_members(arena, &cost));
        join(&patch, &out);
        assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
    }
    buf_done(&out);
    arena_free(arena);
    json_doc_done(&doc);
}

static void details_are_told_where_openai_has_them(void **state)
{
    static const struct {
        const char *what, *usage, *wanted;
    } rows[] = {
        {"none were told", "{\"prompt_tokens\":3,\"completion_tokens\":4}", "\"a\":1"},
        {"in a place of its own",
         "{\"prompt_tokens\":9,\"completion_tokens\":4,\"cached_tokens\":5}",
         "\"a\":1,\"prompt_tokens_details\":{\"cached_tokens\":5}"},
        {"reasoning beside the completion",
         "{\"prompt_tokens\":9,\"completion_tokens\":4,\"reasoning_tokens\":5}",
         "\"a\":1,\"completion_tokens_details\":{\"reasoning_tokens\":5}"},
        {"where they belong",
         "{\"prompt_tokens\":9,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_"
         "tokens\":5}}",
         "\"a\":1"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct json_doc doc = json_doc_make();
        struct answer_usage usage = {0};
        assert_int_equal(json_parse(&doc, span_of(rows[i].usage), &json_limits_body), JSON_OK);
        usage_read_openai(&doc, 0, true, &usage);
        assert_span(rows[i].what,
                    openai_detail_members(arena, &doc, 0, &usage.meters, span_of("\"a\":1")),
                    rows[i].wanted);
        json_doc_done(&doc);
        arena_free(arena);
    }
}

static void what_was_billed_is_told_beside_what_is_shown(void **state)
{
    struct arena *arena = arena_new(4096, 1 << 20);
    struct meters billed = {0};
    const struct openai_cost cost = {.charge_pico = 1, .base_pico = 1, .billed = &billed};

    (void)state;
    meters_set(&billed, METER_INPUT, 12);
    meters_set(&billed, METER_OUTPUT, 7);
    assert_span(
        "billed", openai_cost_members(arena, &cost),
        "\"cost\":0.000000000001,\"cost_details\":{\"base\":\"0.000000000001\",\"markup\":\"0\","
        "\"discount\":\"0\",\"billed_units\":{\"input_tokens\":12,\"output_tokens\":7}}");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_patched_byte_for_byte),
        cmocka_unit_test(a_frame_says_what_it_is),
        cmocka_unit_test(odd_words_of_the_end_become_openais),
        cmocka_unit_test(choices_without_a_finish_get_one),
        cmocka_unit_test(a_whole_answer_is_one_or_is_not),
        cmocka_unit_test(usage_carries_the_cost_exactly),
        cmocka_unit_test(details_are_told_where_openai_has_them),
        cmocka_unit_test(what_was_billed_is_told_beside_what_is_shown),
    };

    return run_test_table(tests);
}
