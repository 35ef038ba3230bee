#include "tests/support/testing.h"

#include "gateway/dialect/cohere.h"

enum { ARENA_MAX = 1 << 20 };

typedef enum ask_written (*write_fn)(const struct json_doc *ask, struct span model,
                                     struct pieces *out, struct ask_losses *losses_out);

static enum ask_written write_body(write_fn write, const char *ask, struct buf *body,
                                   struct ask_losses *losses)
{
    struct arena *arena = arena_new(4096, ARENA_MAX);
    struct pieces pieces = pieces_make(arena, ARENA_MAX);
    struct json_doc doc = json_doc_make();
    enum ask_written outcome;
    const struct span *spans;
    uint32_t count;
    size_t size;

    *body = buf_make(ARENA_MAX);
    assert_int_equal(json_parse(&doc, span_of(ask), &json_limits_body), JSON_OK);
    outcome = write(&doc, span_of("some-\"model"), &pieces, losses);
    spans = pieces_spans(&pieces, &count, &size);
    for (uint32_t i = 0; spans != NULL && i < count; i++)
        buf_add_span(body, spans[i]);
    pieces_done(&pieces);
    arena_free(arena);
    json_doc_done(&doc);
    return outcome;
}

#define MODEL "{\"model\":\"some-\\\"model\","

static void asks_become_those_of_cohere(void **state)
{
    static const struct {
        const char *what;
        write_fn write;
        const char *ask;
        enum ask_written outcome;
        const char *wanted; /* the body, or why not */
        uint64_t lost;
    } rows[] = {
        {"one text", cohere_write_embed, "{\"model\":\"m\",\"input\":\"a\\n\"}", ASK_WRITTEN,
         MODEL "\"texts\":[\"a\\n\"],\"input_type\":\"search_document\","
               "\"embedding_types\":[\"float\"]}",
         0},
        {"texts, as their client wants them", cohere_write_embed,
         "{\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\",\"dimensions\":256,"
         "\"input_type\":\"search_query\",\"truncate\":\"END\",\"user\":\"u\"}",
         ASK_WRITTEN,
         MODEL "\"texts\":[\"a\",\"b\"],\"input_type\":\"search_query\",\"embedding_types\":"
               "[\"base64\"],\"output_dimension\":256,\"truncate\":\"END\"}",
         UINT64_C(1) << MEMBER_USER},
        {"tokens", cohere_write_embed, "{\"input\":[1,2]}", ASK_UNSPEAKABLE,
         "an input that is no text", 0},
        {"lists of tokens", cohere_write_embed, "{\"input\":[\"a\",[1,2]]}", ASK_UNSPEAKABLE,
         "an input that is no text", 0},
        {"no input", cohere_write_embed, "{}", ASK_UNSPEAKABLE, "an input that is no text", 0},
        {"documents", cohere_write_rerank,
         "{\"query\":\"q\",\"documents\":[\"a\",{\"text\":\"b\",\"n\":1},{\"title\":\"c\"}],"
         "\"top_n\":2,\"return_documents\":true,\"rank_fields\":[\"text\"]}",
         ASK_WRITTEN,
         MODEL "\"query\":\"q\",\"documents\":[\"a\",\"b\",\"{\\\"title\\\":\\\"c\\\"}\"],"
               "\"top_n\":2}",
         0},
        {"no query", cohere_write_rerank, "{\"documents\":[\"a\"]}", ASK_UNSPEAKABLE,
         "a reranking without a query", 0},
        {"no documents", cohere_write_rerank, "{\"query\":\"q\",\"documents\":[]}", ASK_UNSPEAKABLE,
         "a reranking without documents", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct ask_losses losses;
        struct buf body;
        assert_int(rows[i].what, write_body(rows[i].write, rows[i].ask, &body, &losses),
                   rows[i].outcome);
        assert_span(rows[i].what,
                    rows[i].outcome == ASK_WRITTEN ? buf_span(&body) : span_of(losses.why),
                    rows[i].wanted);
        assert_int(rows[i].what, (int64_t)losses.lost, (int64_t)rows[i].lost);
        buf_done(&body);
    }
}

static void too_many_documents_are_too_large(void **state)
{
    struct buf ask = buf_make(ARENA_MAX), body;
    struct ask_losses losses;

    (void)state;
    buf_add_string(&ask, "{\"query\":\"q\",\"documents\":[\"\"");
    for (int i = 0; i < 10000; i++)
        buf_add_string(&ask, ",\"\"");
    buf_add_string(&ask, "]}");
    assert_int_equal(write_body(cohere_write_rerank, ask.at, &body, &losses), ASK_TOO_LARGE);
    buf_done(&body);
    buf_done(&ask);
}

static void vectors_become_the_list_of_openai(void **state)
{
    static const struct {
        const char *what, *body, *wanted;
        uint32_t signs;
    } rows[] = {
        {"floats",
         "{\"id\":\"e\",\"embeddings\":{\"float\":[[0.5,-1e-3],[1,2]]},\"texts\":[\"a\",\"b\"],"
         "\"meta\":{\"billed_units\":{\"input_tokens\":4}}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
         "[0.5,-1e-3]},{\"object\":\"embedding\",\"index\":1,\"embedding\":[1,2]}],"
         "\"model\":\"m\",\"usage\":{\"prompt_tokens\":4,\"total_tokens\":4}}",
         ANSWER_USAGE},
        {"base64, and no usage", "{\"embeddings\":{\"base64\":[\"AAAA\"],\"float\":null}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
         "\"AAAA\"}],\"model\":\"m\"}",
         0},
        {"a list without types, and a usage that cannot be",
         "{\"embeddings\":[[1]],\"meta\":{\"billed_units\":{\"input_tokens\":-4}}}",
         "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1]}],"
         "\"model\":\"m\"}",
         ANSWER_USAGE},
        {"an error", "{\"message\":\"no\"}", NULL, ANSWER_ERROR},
        {"no vectors", "{\"embeddings\":{\"float\":[]}}", NULL, ANSWER_MALFORMED},
        {"no vector", "{\"embeddings\":{\"float\":[7]}}", NULL, ANSWER_MALFORMED},
        {"another thing", "{}", NULL, ANSWER_MALFORMED},
        {"no JSON", "<html>", NULL, ANSWER_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make(), ask = json_doc_make();
        struct answer answer = answer_make();
        struct buf out = buf_make(ARENA_MAX);
        bool read =
            json_parse(&ask, span_of("{}"), &json_limits_body) == JSON_OK &&
            cohere_read_embed(&doc, span_of(rows[i].body), &ask, span_of("m"), &answer, &out);
        assert_int(rows[i].what, read, rows[i].wanted != NULL);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        if (read)
            assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
        buf_done(&out);
        json_doc_done(&ask);
        json_doc_done(&doc);
    }
}

#define RESULTS                                                                                    \
    "{\"id\":\"r\",\"results\":[{\"index\":1,\"relevance_score\":0.9},{\"index\":0,"               \
    "\"relevance_score\":0.1}],\"meta\":{\"billed_units\":{\"search_units\":1}}}"

static void results_come_with_their_documents_where_they_are_wanted(void **state)
{
    static const struct {
        const char *what, *ask, *body, *wanted;
        uint32_t signs;
    } rows[] = {
        {"as they came", "{\"documents\":[\"a\",\"b\"]}", RESULTS, RESULTS, ANSWER_USAGE},
        {"with documents", "{\"documents\":[\"a\",{\"text\":\"b\"}],\"return_documents\":true}",
         RESULTS,
         "{\"id\":\"r\",\"results\":[{\"index\":1,\"relevance_score\":0.9,\"document\":{\"text\":"
         "\"b\"}},{\"index\":0,\"relevance_score\":0.1,\"document\":{\"text\":\"a\"}}],"
         "\"meta\":{\"billed_units\":{\"search_units\":1}}}",
         ANSWER_USAGE},
        {"of no place, or with one already", "{\"documents\":[\"a\"],\"return_documents\":true}",
         "{\"results\":[{\"index\":7},{\"index\":-1},{},3,{\"index\":0,\"document\":null}]}",
         "{\"results\":[{\"index\":7},{\"index\":-1},{},3,{\"index\":0,\"document\":null}]}", 0},
        {"an error", "{}", "{\"message\":\"no\"}", NULL, ANSWER_ERROR},
        {"another thing", "{}", "{\"data\":[]}", NULL, ANSWER_MALFORMED},
        {"no JSON", "{}", "[", NULL, ANSWER_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make(), ask = json_doc_make();
        struct answer answer = answer_make();
        struct buf out = buf_make(ARENA_MAX);
        assert_int_equal(json_parse(&ask, span_of(rows[i].ask), &json_limits_body), JSON_OK);
        bool read = cohere_read_rerank(&doc, span_of(rows[i].body), &ask, &answer, &out);
        assert_int(rows[i].what, read, rows[i].wanted != NULL);
        assert_int(rows[i].what, answer.signs, rows[i].signs);
        if (read)
            assert_span(rows[i].what, buf_span(&out), rows[i].wanted);
        buf_done(&out);
        json_doc_done(&ask);
        json_doc_done(&doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_become_those_of_cohere),
        cmocka_unit_test(too_many_documents_are_too_large),
        cmocka_unit_test(vectors_become_the_list_of_openai),
        cmocka_unit_test(results_come_with_their_documents_where_they_are_wanted),
    };

    return run_test_table(tests);
}
