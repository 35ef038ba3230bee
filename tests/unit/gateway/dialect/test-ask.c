#include "tests/support/testing.h"

#include "gateway/dialect/ask.h"

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

static enum ask_outcome read(enum ask_kind kind, const char *body, struct json_doc *doc,
                             struct arena *arena, struct ask *ask, struct ask_refusal *why)
{
    arena_reset(arena);
    const struct ask_source source = {.kind = kind,
                                      .body = span_of(body),
                                      .model = span_of(kind == ASK_GENERATE ? "m" : ""),
                                      .stream = kind == ASK_GENERATE};

    return ask_read(&source, doc, arena, ask, why);
}

static void every_refusal_names_what_was_wrong(void **state)
{
    static const struct {
        const char *what, *body;
        enum ask_kind kind;
        enum ask_outcome wanted;
        const char *param, *says;
    } rows[] = {
        {"nothing", "", ASK_CHAT, ASK_MALFORMED, NULL, "at byte 0"},
        {"not JSON", "{\"model\":}", ASK_CHAT, ASK_MALFORMED, NULL, "at byte 9"},
        {"a member twice", "{\"model\":\"a\",\"mod\\u0065l\":\"b\"}", ASK_CHAT, ASK_MALFORMED, NULL,
         "duplicate"},
        {"no object", "[]", ASK_CHAT, ASK_INVALID, NULL, "JSON object"},
        {"no model", "{" HELLO "}", ASK_CHAT, ASK_INVALID, "model", "must provide a model"},
        {"model of null", "{\"model\":null," HELLO "}", ASK_CHAT, ASK_INVALID, "model", "model"},
        {"model of a number", "{\"model\":5," HELLO "}", ASK_CHAT, ASK_INVALID, "model",
         "must be a string"},
        {"empty model", "{\"model\":\"\"," HELLO "}", ASK_CHAT, ASK_INVALID, "model", "model"},
        {"no messages", "{\"model\":\"m\"}", ASK_CHAT, ASK_INVALID, "messages", "Missing"},
        {"messages of null", "{\"model\":\"m\",\"messages\":null}", ASK_CHAT, ASK_INVALID,
         "messages", "array"},
        {"no message", "{\"model\":\"m\",\"messages\":[]}", ASK_CHAT, ASK_INVALID, "messages",
         "at least one"},
        {"a message that is none", "{\"model\":\"m\",\"messages\":[1]}", ASK_CHAT, ASK_INVALID,
         "messages", "objects"},
        {"a message without role", "{\"model\":\"m\",\"messages\":[{\"content\":\"\"}]}", ASK_CHAT,
         ASK_INVALID, "messages", "role"},
        {"stream of text", "{\"model\":\"m\",\"stream\":\"yes\"," HELLO "}", ASK_CHAT, ASK_INVALID,
         "stream", "true or false"},
        {"stream options without stream",
         "{\"model\":\"m\",\"stream_options\":{\"include_usage\":true}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "stream_options", "stream"},
        {"stream options of text",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":\"x\"," HELLO "}", ASK_CHAT,
         ASK_INVALID, "stream_options", "object"},
        {"include_usage of a number",
         "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":1}," HELLO "}",
         ASK_CHAT, ASK_INVALID, "stream_options.include_usage", "true or false"},
        {"no tokens", "{\"model\":\"m\",\"max_tokens\":0," HELLO "}", ASK_CHAT, ASK_INVALID,
         "max_tokens", "between 1 and 10000000"},
        {"half a token", "{\"model\":\"m\",\"max_completion_tokens\":1.5," HELLO "}", ASK_CHAT,
         ASK_INVALID, "max_completion_tokens", "whole number"},
        {"too many tokens", "{\"model\":\"m\",\"max_tokens\":10000001," HELLO "}", ASK_CHAT,
         ASK_INVALID, "max_tokens", "between"},
        {"too many choices", "{\"model\":\"m\",\"n\":129," HELLO "}", ASK_CHAT, ASK_INVALID, "n",
         "between 1 and 128"},
        {"user of a number", "{\"model\":\"m\",\"user\":5," HELLO "}", ASK_CHAT, ASK_INVALID,
         "user", "string"},
        {"metadata of text", "{\"model\":\"m\",\"metadata\":\"x\"," HELLO "}", ASK_CHAT,
         ASK_INVALID, "metadata", "object"},
        {"tags of text", "{\"model\":\"m\",\"tags\":\"x\"," HELLO "}", ASK_CHAT, ASK_INVALID,
         "tags", "array"},
        {"tools of an object", "{\"model\":\"m\",\"tools\":{}," HELLO "}", ASK_CHAT, ASK_INVALID,
         "tools", "array"},
        {"a hosted tool", "{\"model\":\"m\",\"tools\":[{\"type\":\"web_search\"}]," HELLO "}",
         ASK_CHAT, ASK_UNSUPPORTED, "tools", "price"},
        {"another tier", "{\"model\":\"m\",\"service_tier\":\"flex\"," HELLO "}", ASK_CHAT,
         ASK_UNSUPPORTED, "service_tier", "auto"},
        {"web search", "{\"model\":\"m\",\"web_search_options\":{}," HELLO "}", ASK_CHAT,
         ASK_UNSUPPORTED, "web_search_options", "price"},
        {"a prediction", "{\"model\":\"m\",\"prediction\":{}," HELLO "}", ASK_CHAT, ASK_UNSUPPORTED,
         "prediction", "price"},
        {"speech out", "{\"model\":\"m\",\"modalities\":[\"text\",\"audio\"]," HELLO "}", ASK_CHAT,
         ASK_UNSUPPORTED, "modalities", "price"},
        {"a host", "{\"model\":\"m\",\"api_base\":\"http://x\"," HELLO "}", ASK_CHAT,
         ASK_UNSUPPORTED, "api_base", "not accepted"},
        {"a credential", "{\"model\":\"m\",\"api_key\":\"x\"," HELLO "}", ASK_CHAT, ASK_UNSUPPORTED,
         "api_key", "not accepted"},
        {"a host, escaped", "{\"model\":\"m\",\"base\\u005furl\":null," HELLO "}", ASK_CHAT,
         ASK_UNSUPPORTED, "base_url", "not accepted"},
        {"a cap of words",
         "{\"model\":\"m\",\"provider\":{\"max_price\":{\"prompt\":\"x\"}}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.max_price.prompt", "price in USD"},
        {"a cap below nothing",
         "{\"model\":\"m\",\"provider\":{\"max_price\":{\"request\":-1}}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.max_price.request", "at least 0"},
        {"caps of a number", "{\"model\":\"m\",\"provider\":{\"max_price\":1}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.max_price", "object"},
        {"a data policy of another word",
         "{\"model\":\"m\",\"provider\":{\"data_collection\":\"no\"}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.data_collection", "'allow' or 'deny'"},
        {"zdr of text", "{\"model\":\"m\",\"provider\":{\"zdr\":\"yes\"}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.zdr", "true or false"},
        {"quantizations of text",
         "{\"model\":\"m\",\"provider\":{\"quantizations\":\"fp8\"}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.quantizations", "array"},
        {"regions of numbers", "{\"model\":\"m\",\"provider\":{\"regions\":[1]}," HELLO "}",
         ASK_CHAT, ASK_INVALID, "provider.regions", "array of strings"},
        {"sort of a list", "{\"model\":\"m\",\"provider\":{\"sort\":[]}," HELLO "}", ASK_CHAT,
         ASK_INVALID, "provider.sort", "string"},
        {"only, and all of it ignored",
         "{\"model\":\"m\",\"provider\":{\"only\":[\"a\"],\"ignore\":[\"b\",\"a\"]}," HELLO "}",
         ASK_CHAT, ASK_INVALID, "provider.ignore", "nobody is left"},
        {"provider.only of text", "{\"model\":\"m\",\"provider\":{\"only\":\"x\"}," HELLO "}",
         ASK_CHAT, ASK_INVALID, "provider.only", "array"},
        {"embeddings without input", "{\"model\":\"m\"}", ASK_EMBEDDINGS, ASK_INVALID, "input",
         "Missing"},
        {"embeddings of an object", "{\"model\":\"m\",\"input\":{}}", ASK_EMBEDDINGS, ASK_INVALID,
         "input", "string"},
        {"embeddings of nothing", "{\"model\":\"m\",\"input\":[]}", ASK_EMBEDDINGS, ASK_INVALID,
         "input", "empty"},
        {"messages without messages", "{\"model\":\"m\"}", ASK_MESSAGES, ASK_INVALID, "messages",
         "required"},
        {"a search at the provider",
         "{\"model\":\"m\",\"tools\":[{\"type\":\"web_search_20250305\"}]," HELLO "}", ASK_MESSAGES,
         ASK_UNSUPPORTED, "tools", "price"},
        {"a faster mode", "{\"model\":\"m\",\"speed\":\"fast\"," HELLO "}", ASK_MESSAGES,
         ASK_UNSUPPORTED, "speed", "price"},
        {"a tier of its own", "{\"model\":\"m\",\"service_tier\":\"priority\"," HELLO "}",
         ASK_MESSAGES, ASK_UNSUPPORTED, "service_tier", "standard_only"},
        {"metadata of text", "{\"model\":\"m\",\"metadata\":\"x\"," HELLO "}", ASK_MESSAGES,
         ASK_INVALID, "metadata", "object"},
        {"a host in messages", "{\"model\":\"m\",\"api_base\":\"http://x\"," HELLO "}",
         ASK_MESSAGES, ASK_UNSUPPORTED, "api_base", "not accepted"},
        {"a response to nothing", "{\"model\":\"m\"}", ASK_RESPONSES, ASK_INVALID, "input",
         "Missing"},
        {"a response to no items", "{\"model\":\"m\",\"input\":[]}", ASK_RESPONSES, ASK_INVALID,
         "input", "empty"},
        {"a response to a number", "{\"model\":\"m\",\"input\":5}", ASK_RESPONSES, ASK_INVALID,
         "input", "string"},
        {"an item that is none", "{\"model\":\"m\",\"input\":[5]}", ASK_RESPONSES, ASK_INVALID,
         "input", "objects"},
        {"an item by reference",
         "{\"model\":\"m\",\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}", ASK_RESPONSES,
         ASK_UNSUPPORTED, "input", "reference"},
        {"an item by its id alone", "{\"model\":\"m\",\"input\":[{\"id\":\"x\"}]}", ASK_RESPONSES,
         ASK_UNSUPPORTED, "input", "reference"},
        {"a response in the background", "{\"model\":\"m\",\"input\":\"a\",\"background\":true}",
         ASK_RESPONSES, ASK_UNSUPPORTED, "background", "false"},
        {"a conversation", "{\"model\":\"m\",\"input\":\"a\",\"conversation\":\"conv_1\"}",
         ASK_RESPONSES, ASK_UNSUPPORTED, "conversation", "input"},
        {"a prompt by its id", "{\"model\":\"m\",\"input\":\"a\",\"prompt\":{\"id\":\"p\"}}",
         ASK_RESPONSES, ASK_UNSUPPORTED, "prompt", "input"},
        {"a search at OpenAI",
         "{\"model\":\"m\",\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}]}", ASK_RESPONSES,
         ASK_UNSUPPORTED, "tools", "price"},
        {"a faster response", "{\"model\":\"m\",\"input\":\"a\",\"service_tier\":\"priority\"}",
         ASK_RESPONSES, ASK_UNSUPPORTED, "service_tier", "price"},
        {"a cap of nothing", "{\"model\":\"m\",\"input\":\"a\",\"max_output_tokens\":0}",
         ASK_RESPONSES, ASK_INVALID, "max_output_tokens", "between"},
        {"no contents", "{}", ASK_GENERATE, ASK_INVALID, "contents", "Missing"},
        {"contents of text", "{\"contents\":\"x\"}", ASK_GENERATE, ASK_INVALID, "contents",
         "array"},
        {"Google's search", "{\"contents\":[{}],\"tools\":[{\"googleSearch\":{}}]}", ASK_GENERATE,
         ASK_UNSUPPORTED, "tools", "functionDeclarations"},
        {"a cap of text", "{\"contents\":[{}],\"generationConfig\":{\"maxOutputTokens\":\"5\"}}",
         ASK_GENERATE, ASK_INVALID, "generationConfig.maxOutputTokens", "whole number"},
        {"pictures",
         "{\"contents\":[{}],\"generation_config\":{\"response_modalities\":[\"IMAGE\"]}}",
         ASK_GENERATE, ASK_UNSUPPORTED, "generationConfig.responseModalities", "TEXT"},
        {"a cap in two spellings",
         "{\"contents\":[{}],\"generationConfig\":{\"maxOutputTokens\":null,"
         "\"max_output_tokens\":99}}",
         ASK_GENERATE, ASK_INVALID, "max_output_tokens", "two spellings"},
        {"a number of answers in two spellings",
         "{\"contents\":[{}],\"generationConfig\":{\"candidateCount\":1,"
         "\"candidate_count\":8}}",
         ASK_GENERATE, ASK_INVALID, "candidate_count", "two spellings"},
        {"what it answers with in two spellings",
         "{\"contents\":[{}],\"generationConfig\":{\"responseModalities\":[\"TEXT\"],"
         "\"response_modalities\":[\"IMAGE\"]}}",
         ASK_GENERATE, ASK_INVALID, "response_modalities", "two spellings"},
        {"two configurations",
         "{\"contents\":[{}],\"generationConfig\":{\"maxOutputTokens\":9},"
         "\"generation_config\":{\"maxOutputTokens\":99}}",
         ASK_GENERATE, ASK_INVALID, "generation_config", "two spellings"},
        {"somebody's cache", "{\"contents\":[{}],\"cachedContent\":\"x\"}", ASK_GENERATE,
         ASK_UNSUPPORTED, "cachedContent", "price"},
    };
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct ask ask;
        struct ask_refusal why = {0};
        assert_int(rows[i].what, read(rows[i].kind, rows[i].body, &doc, arena, &ask, &why),
                   rows[i].wanted);
        assert_span(rows[i].what, span_of(why.param == NULL ? "-" : why.param),
                    rows[i].param == NULL ? "-" : rows[i].param);
        if (strstr(why.message, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].what, why.message, rows[i].says);
    }
    arena_free(arena);
    json_doc_done(&doc);
}

static void what_is_asked_is_read(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct ask ask;
    struct ask_refusal why;

    (void)state;
    assert_int_equal(
        read(ASK_CHAT,
             "{\"model\":\"a\\/b\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
             "\"max_tokens\":null,\"max_completion_tokens\":77,\"n\":3,\"user\":\"u1\","
             "\"session_id\":\"s\",\"tags\":[\"team=red\",\"x\"],\"models\":[\"c/d\"],"
             "\"provider\":{\"order\":[\"p1\",\"p2\"],\"ignore\":[\"p3\"],\"allow_fallbacks\":"
             "false},\"temperature\":0.5,\"audio\":null," HELLO "}",
             &doc, arena, &ask, &why),
        ASK_OK);
    assert_span("model", ask.model, "a/b");
    assert_true(ask.stream && ask.include_usage && ask.wish.no_fallbacks);
    assert_int_equal(ask.max_tokens, -1);
    assert_int_equal(ask.max_completion_tokens, 77);
    assert_int_equal(ask.choices, 3);
    assert_span("user", ask.user, "u1");
    assert_span("session", ask.session_id, "s");
    assert_int_equal(ask.tag_count, 2);
    assert_span("tag", ask.tags[0].name, "team");
    assert_span("its value", ask.tags[0].value, "red");
    assert_span("fallback", ask.routing.models.at[0], "c/d");
    assert_int_equal(ask.wish.order.count, 2);
    assert_span("ignored", ask.wish.ignore.at[0], "p3");
    assert_int_equal(ask.consumed_count, 4); /* session_id, tags, models, provider */
    arena_free(arena);
    json_doc_done(&doc);
}

static void other_dialects_are_read_too(void **state)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);
    struct ask ask;
    struct ask_refusal why;

    (void)state;
    assert_int_equal(read(ASK_MESSAGES,
                          "{\"model\":\"a/b\",\"max_tokens\":9,\"metadata\":{\"user_id\":\"u\"},"
                          "\"tools\":[{\"name\":\"f\"},{\"type\":\"bash_20250124\"}],"
                          "\"provider\":{\"only\":[\"p\"]}," HELLO "}",
                          &doc, arena, &ask, &why),
                     ASK_OK);
    assert_int_equal(ask.max_tokens, 9);
    assert_span("user", ask.user, "u");
    assert_int_equal(ask.consumed_count, 1);
    assert_int_equal(read(ASK_GENERATE,
                          "{\"contents\":{\"parts\":[]},\"model\":\"other\",\"generationConfig\":"
                          "{\"maxOutputTokens\":7,\"candidateCount\":2}}",
                          &doc, arena, &ask, &why),
                     ASK_OK);
    assert_span("the path's model", ask.model, "m");
    assert_int_equal(ask.previous_node, JSON_NONE);
    assert_true(ask.stream);
    assert_int_equal(ask.max_tokens, 7);
    assert_int_equal(ask.choices, 2);
    assert_int_equal(
        read(ASK_RESPONSES,
             "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"a\"}],"
             "\"max_output_tokens\":7,\"stream\":true,\"background\":false,\"user\":\"u\","
             "\"previous_response_id\":\"resp_1\",\"tools\":[{\"type\":\"function\"}],"
             "\"conversation\":null,\"tags\":[\"a\"]}",
             &doc, arena, &ask, &why),
        ASK_OK);
    assert_int_equal(ask.max_tokens, 7);
    assert_true(ask.stream);
    assert_span("the one before", ask.previous, "resp_1");
    assert_int_equal(ask.consumed_count, 1);
    assert_true(ask.open_input);
    arena_free(arena);
    json_doc_done(&doc);
}

static void the_input_is_bounded_by_bytes_and_media(void **state)
{
#define USER(parts) "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[" parts "]}]}"
    static const struct {
        const char *what, *body;
        int64_t besides; /* bound - bytes of the body */
        bool open;
        enum ask_kind kind;
    } rows[] = {
        {"text", USER("{\"type\":\"text\",\"text\":\"abc\"}"), 0, false, ASK_CHAT},
        {"an inline image",
         USER("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}"),
         50000 - 28, false, ASK_CHAT},
        {"an image by URL",
         USER("{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://x/y.png\"}}"), 0, true,
         ASK_CHAT},
        {"inline audio",
         USER("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"AAAAAAAAAAAAAA\"}}"), 3 - 16,
         false, ASK_CHAT},
        {"an inline file", USER("{\"type\":\"file\",\"file\":{\"file_data\":\"data:x\"}}"), 0,
         false, ASK_CHAT},
        {"a file by id", USER("{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}"), 0, true,
         ASK_CHAT},
        {"something else", USER("{\"type\":\"video_url\",\"video_url\":{}}"), 0, true, ASK_CHAT},
        {"a block's image, inline",
         USER("{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"data\":\"AAAA\"}}"), 50000 - 6,
         false, ASK_MESSAGES},
        {"a block's image in a tool's result",
         USER("{\"type\":\"tool_result\",\"content\":[{\"type\":\"image\",\"source\":{\"url\":"
              "\"u\"}}]}"),
         0, true, ASK_MESSAGES},
        {"a document", USER("{\"type\":\"document\",\"source\":{\"data\":\"AAAA\"}}"), 0, false,
         ASK_MESSAGES},
        {"Gemini's image, inline",
         "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/"
         "png\",\"data\":\"AAAA\"}}]}]}",
         50000 - 6, false, ASK_GENERATE},
        {"a picture for Responses",
         "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\","
         "\"image_url\":\"data:image/png;base64,AAAA\"}]}]}",
         50000 - 28, false, ASK_RESPONSES},
        {"a file for Responses by its URL",
         "{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_file\","
         "\"file_url\":\"u\"}]}]}",
         0, true, ASK_RESPONSES},
        {"Gemini's file", "{\"contents\":[{\"parts\":[{\"fileData\":{\"fileUri\":\"u\"}}]}]}", 0,
         true, ASK_GENERATE},
    };
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct ask ask;
        struct ask_refusal why;
        assert_int(rows[i].what, read(rows[i].kind, rows[i].body, &doc, arena, &ask, &why), ASK_OK);
        assert_int(rows[i].what, (int64_t)ask.input_bound - (int64_t)strlen(rows[i].body),
                   rows[i].besides);
        assert_int(rows[i].what, ask.open_input, rows[i].open);
    }
    arena_free(arena);
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_names_what_was_wrong),
        cmocka_unit_test(what_is_asked_is_read),
        cmocka_unit_test(other_dialects_are_read_too),
        cmocka_unit_test(the_input_is_bounded_by_bytes_and_media),
    };

    return run_test_table(tests);
}
