#include "tests/support/testing.h"

#include "common/base/mem.h"
#include "gateway/dialect/service.h"

static void parse(struct json_doc *doc, const char *text)
{
    assert_int(text, json_parse(doc, span_of(text), &json_limits_body), JSON_OK);
}

static void asks_are_written_in_each_language(void **state)
{
    static const struct {
        const char *what, *dialect, *model, *ask, *path, *body, *why;
    } rows[] = {
        {"Gemini", "gemini", "gemini-embedding-001",
         "{\"model\":\"m\",\"input\":\"a\\n\",\"dimensions\":8,\"input_type\":\"search_query\"}",
         "/models/gemini-embedding-001:batchEmbedContents",
         "{\"requests\":[{\"model\":\"models/gemini-embedding-001\",\"content\":{\"parts\":[{"
         "\"text\":\"a\\n\"}]},\"taskType\":\"RETRIEVAL_QUERY\",\"outputDimensionality\":8}]}",
         NULL},
        {"Gemini, several", "gemini", "models/e", "{\"input\":[\"a\",\"b\"],\"dimensions\":null}",
         "/models/e:batchEmbedContents",
         "{\"requests\":[{\"model\":\"models/e\",\"content\":{\"parts\":[{\"text\":\"a\"}]}},{"
         "\"model\":\"models/e\",\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}",
         NULL},
        {"Vertex", "vertex-gemini", "e",
         "{\"input\":[\"a\",\"b\"],\"dimensions\":8,\"task_type\":\"CODE_RETRIEVAL_QUERY\"}",
         "/models/e:predict",
         "{\"instances\":[{\"content\":\"a\",\"task_type\":\"CODE_RETRIEVAL_QUERY\"},{\"content\":"
         "\"b\",\"task_type\":\"CODE_RETRIEVAL_QUERY\"}],\"parameters\":{\"outputDimensionality\":"
         "8}}",
         NULL},
        {"Titan", "bedrock-converse", "amazon.titan-embed-text-v2:0",
         "{\"input\":\"a\",\"dimensions\":256}", "/model/amazon.titan-embed-text-v2%3A0/invoke",
         "{\"inputText\":\"a\",\"dimensions\":256}", NULL},
        {"Cohere", "cohere-v2", "embed-v4.0", "{\"input\":\"a\"}", "/embed",
         "{\"model\":\"embed-v4.0\",\"texts\":[\"a\"],\"input_type\":\"search_document\","
         "\"embedding_types\":[\"float\"]}",
         NULL},
        {"tokens to Gemini", "gemini", "e", "{\"input\":[1,2]}", "/models/e:batchEmbedContents",
         NULL, "an input that is no text"},
        {"tokens to Vertex", "vertex-gemini", "e", "{\"input\":[[1,2]]}", "/models/e:predict", NULL,
         "an input that is no text"},
        {"several to Titan", "bedrock-converse", "amazon.titan-embed-text-v1",
         "{\"input\":[\"a\",\"b\"]}", "/model/amazon.titan-embed-text-v1/invoke", NULL,
         "several inputs: this model takes one a call"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(4096, 1 << 20);
        struct pieces pieces = pieces_make(arena, 1 << 16);
        struct json_doc ask = json_doc_make();
        struct buf text = buf_make(1 << 16);
        struct ask_losses losses = {0};
        const struct service_language *language =
            service_language_find(ASK_EMBEDDINGS, span_of(rows[i].dialect), span_of(rows[i].model));
        const struct span *spans;
        enum ask_written written;
        uint32_t count;
        size_t size;

        in_row(rows[i].what, language != NULL);
        parse(&ask, rows[i].ask);
        language->path(span_of(rows[i].model), &text);
        assert_span(rows[i].what, buf_span(&text), rows[i].path);
        written = language->write(&ask, span_of(rows[i].model), &pieces, &losses);
        if (rows[i].why != NULL) {
            assert_int(rows[i].what, written, ASK_UNSPEAKABLE);
            assert_span(rows[i].what, span_of(losses.why), rows[i].why);
        } else {
            assert_int(rows[i].what, written, ASK_WRITTEN);
            buf_clear(&text);
            spans = pieces_spans(&pieces, &count, &size);
            for (uint32_t n = 0; n < count; n++)
                buf_add_span(&text, spans[n]);
            assert_span(rows[i].what, buf_span(&text), rows[i].body);
        }
        buf_done(&text);
        json_doc_done(&ask);
        pieces_done(&pieces);
        arena_free(arena);
    }
}

static void answers_become_openais_list(void **state)
{
    static const struct {
        const char *what, *dialect, *model, *ask, *body, *list;
        uint32_t signs;
    } rows[] = {
        {"Gemini, which tells no usage", "gemini", "e", "{\"input\":\"a\"}",
         "{\"embeddings\":[{\"values\":[0.5,-1]},{\"values\":[2e-3]}]}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.5,"
         "-1]},{\"object\":\"embedding\",\"index\":1,\"embedding\":[2e-3]}],\"model\":\"e\"}",
         0},
        {"Gemini, which does", "gemini", "e", "{\"input\":\"a\"}",
         "{\"embeddings\":[{\"values\":[1]}],\"usageMetadata\":{\"promptTokenCount\":7}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1]}],"
         "\"model\":\"e\",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}",
         ANSWER_USAGE},
        {"as base64", "gemini", "e", "{\"input\":\"a\",\"encoding_format\":\"base64\"}",
         "{\"embeddings\":[{\"values\":[1,-2,0.15625]}]}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
         "\"AACAPwAAAMAAACA+\"}],\"model\":\"e\"}",
         0},
        {"base64 that is filled up", "gemini", "e",
         "{\"input\":\"a\",\"encoding_format\":\"base64\"}",
         "{\"embeddings\":[{\"values\":[1]},{\"values\":[1,1]}]}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
         "\"AACAPw==\"},{\"object\":\"embedding\",\"index\":1,\"embedding\":\"AACAPwAAgD8=\"}],"
         "\"model\":\"e\"}",
         0},
        {"Vertex", "vertex-gemini", "e", "{\"input\":[\"a\",\"b\"]}",
         "{\"predictions\":[{\"embeddings\":{\"values\":[1],\"statistics\":{\"token_count\":4,"
         "\"truncated\":false}}},{\"embeddings\":{\"values\":[2],\"statistics\":{\"token_count\":5."
         "0}}}],\"metadata\":{\"billableCharacterCount\":20}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1]},{"
         "\"object\":\"embedding\",\"index\":1,\"embedding\":[2]}],\"model\":\"e\",\"usage\":{"
         "\"prompt_tokens\":9,\"total_tokens\":9}}",
         ANSWER_USAGE},
        {"Titan", "bedrock-converse", "amazon.titan-embed-text-v2:0", "{\"input\":\"a\"}",
         "{\"embedding\":[0.1],\"inputTextTokenCount\":3}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.1]}"
         "],\"model\":\"amazon.titan-embed-text-v2:0\",\"usage\":{\"prompt_tokens\":3,"
         "\"total_tokens\":3}}",
         ANSWER_USAGE},
        {"Cohere", "cohere-v2", "e", "{\"input\":\"a\"}",
         "{\"id\":\"1\",\"embeddings\":{\"float\":[[1]]},\"meta\":{\"billed_units\":{"
         "\"input_tokens\":2}}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1]}],"
         "\"model\":\"e\",\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}",
         ANSWER_USAGE},
        {"Cohere's floats as base64", "cohere-v2", "e",
         "{\"input\":\"a\",\"encoding_format\":\"base64\"}", "{\"embeddings\":{\"float\":[[1]]}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
         "\"AACAPw==\"}],\"model\":\"e\"}",
         0},
        {"Google's error", "gemini", "e", "{\"input\":\"a\"}",
         "{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\"}}", NULL,
         ANSWER_ERROR},
        {"AWS' error", "bedrock-converse", "amazon.titan-embed-x", "{\"input\":\"a\"}",
         "{\"message\":\"no\"}", NULL, ANSWER_ERROR},
        {"nothing", "gemini", "e", "{\"input\":\"a\"}", "{}", NULL, ANSWER_MALFORMED},
        {"no vectors", "gemini", "e", "{\"input\":\"a\"}", "{\"embeddings\":[]}", NULL,
         ANSWER_MALFORMED},
        {"a vector of texts as base64", "gemini", "e",
         "{\"input\":\"a\",\"encoding_format\":\"base64\"}",
         "{\"embeddings\":[{\"values\":[\"x\"]}]}", NULL, ANSWER_MALFORMED},
        {"a prediction of something else", "vertex-gemini", "e", "{\"input\":\"a\"}",
         "{\"predictions\":[\"x\"]}", NULL, ANSWER_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct service_language *language =
            service_language_find(ASK_EMBEDDINGS, span_of(rows[i].dialect), span_of(rows[i].model));
        struct json_doc ask = json_doc_make(), doc = json_doc_make();
        struct buf out = buf_make(1 << 16);
        struct answer answer = answer_make();

        parse(&ask, rows[i].ask);
        assert_int(rows[i].what,
                   language->read(&doc, span_of(rows[i].body), &ask, span_of(rows[i].model),
                                  &answer, &out),
                   rows[i].list != NULL);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        if (rows[i].list != NULL)
            assert_span(rows[i].what, buf_span(&out), rows[i].list);
        buf_done(&out);
        json_doc_done(&ask);
        json_doc_done(&doc);
    }
}

static void who_speaks_of_what_is_known(void **state)
{
    static const struct {
        const char *what;
        enum ask_kind kind;
        const char *dialect, *model;
        bool spoken;
    } rows[] = {
        {"Cohere reranks", ASK_RERANK, "cohere-v2", "rerank-v3.5", true},
        {"Gemini does not", ASK_RERANK, "gemini", "e", false},
        {"OpenAI's own needs no row", ASK_EMBEDDINGS, "openai", "e", false},
        {"a chat model of Bedrock", ASK_EMBEDDINGS, "bedrock-converse", "anthropic.claude", false},
        {"nobody else draws", ASK_IMAGES, "gemini", "e", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what,
                   service_language_find(rows[i].kind, span_of(rows[i].dialect),
                                         span_of(rows[i].model)) != NULL,
                   rows[i].spoken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_are_written_in_each_language),
        cmocka_unit_test(answers_become_openais_list),
        cmocka_unit_test(who_speaks_of_what_is_known),
    };

    return run_test_table(tests);
}
