#include "tests/support/testing.h"

#include "gateway/dialect/cohere.h"

static struct answer_usage usage_of(const char *json, enum cohere_kind kind)
{
    struct json_doc doc = json_doc_make();
    struct answer_usage usage;

    assert_int_equal(json_parse(&doc, span_of(json), &json_limits_body), JSON_OK);
    cohere_read_usage(&doc, 0, kind, &usage);
    json_doc_done(&doc);
    return usage;
}

#define BILLED "\"billed_units\":{\"input_tokens\":12,\"output_tokens\":7}"
#define TOKENS "\"tokens\":{\"input_tokens\":507.0,\"output_tokens\":10.0}"

/* -1: not told. */
static int64_t count(const struct meters *meters, enum meter meter)
{
    return meters_has(meters, meter) ? meters->count[meter] : -1;
}

static void billed_units_are_rated_and_tokens_are_shown(void **state)
{
    static const struct {
        const char *what, *json;
        int64_t input, output, shown_input, shown_cached, shown_output;
    } rows[] = {
        {"both", "{" BILLED "," TOKENS "}", 12, 7, 507, -1, 10},
        {"cached ones are a part of the tokens, and none of the bill",
         "{" BILLED "," TOKENS ",\"cached_tokens\":448}", 12, 7, 59, 448, 10},
        {"none of them cached", "{" BILLED "," TOKENS ",\"cached_tokens\":0}", 12, 7, 507, 0, 10},
        {"billed units alone", "{" BILLED ",\"tokens\":null}", 12, 7, -1, -1, -1},
        {"nothing billed is not nothing told",
         "{\"billed_units\":{\"input_tokens\":0,\"output_tokens\":0}," TOKENS "}", 0, 0, 507, -1,
         10},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = usage_of(rows[i].json, COHERE_CHAT);
        assert_int(rows[i].what, usage.state, ANSWER_USAGE_GOOD);
        assert_int(rows[i].what, count(&usage.meters, METER_INPUT), rows[i].input);
        assert_int(rows[i].what, count(&usage.meters, METER_OUTPUT), rows[i].output);
        assert_int(rows[i].what, count(&usage.meters, METER_CACHE_READ), -1);
        assert_int(rows[i].what, count(&usage.shown, METER_INPUT), rows[i].shown_input);
        assert_int(rows[i].what, count(&usage.shown, METER_CACHE_READ), rows[i].shown_cached);
        assert_int(rows[i].what, count(&usage.shown, METER_OUTPUT), rows[i].shown_output);
        assert_span(rows[i].what, span_make(usage.verbatim, usage.verbatim_size), rows[i].json);
    }
}

static void without_billed_units_the_tokens_are_rated(void **state)
{
    struct answer_usage usage = usage_of("{" TOKENS ",\"cached_tokens\":7}", COHERE_CHAT);

    (void)state;
    assert_int_equal(usage.state, ANSWER_USAGE_GOOD);
    assert_int_equal(count(&usage.meters, METER_INPUT), 500);
    assert_int_equal(count(&usage.meters, METER_CACHE_READ), 7);
    assert_int_equal(count(&usage.meters, METER_OUTPUT), 10);
    assert_int_equal(usage.shown.present, 0);
}

static void embeddings_and_reranking_have_meters_of_their_own(void **state)
{
    static const struct {
        const char *what, *json;
        enum cohere_kind kind;
        enum meter meter;
        int64_t wanted;
    } rows[] = {
        {"texts", "{\"billed_units\":{\"input_tokens\":4,\"image_tokens\":0}}", COHERE_EMBED,
         METER_INPUT, 4},
        {"images by tokens", "{\"billed_units\":{\"image_tokens\":900}}", COHERE_EMBED,
         METER_INPUT_IMAGE, 900},
        {"images by number", "{\"billed_units\":{\"images\":2}}", COHERE_EMBED, METER_IMAGE, 2},
        {"searches", "{\"billed_units\":{\"search_units\":3}}", COHERE_RERANK, METER_REQUEST, 3},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = usage_of(rows[i].json, rows[i].kind);
        assert_int(rows[i].what, usage.state, ANSWER_USAGE_GOOD);
        assert_int(rows[i].what, usage.meters.present, 1u << rows[i].meter);
        assert_int(rows[i].what, count(&usage.meters, rows[i].meter), rows[i].wanted);
    }
}

static void what_cannot_be_is_quarantined(void **state)
{
    static const struct {
        const char *what, *json;
        enum cohere_kind kind;
    } rows[] = {
        {"no object", "[1]", COHERE_CHAT},
        {"nothing told", "{}", COHERE_CHAT},
        {"no output", "{\"billed_units\":{\"input_tokens\":1}}", COHERE_CHAT},
        {"no input", "{\"billed_units\":{\"output_tokens\":1}}", COHERE_CHAT},
        {"below nothing", "{\"billed_units\":{\"input_tokens\":-1,\"output_tokens\":1}}",
         COHERE_CHAT},
        {"half a token", "{\"billed_units\":{\"input_tokens\":1.5,\"output_tokens\":1}}",
         COHERE_CHAT},
        {"a text", "{\"billed_units\":{\"input_tokens\":\"1\",\"output_tokens\":1}}", COHERE_CHAT},
        {"too many", "{\"billed_units\":{\"input_tokens\":10000001,\"output_tokens\":1}}",
         COHERE_CHAT},
        {"tokens that are none", "{" BILLED ",\"tokens\":{\"input_tokens\":-4}}", COHERE_CHAT},
        {"more cached than read", "{" BILLED "," TOKENS ",\"cached_tokens\":508}", COHERE_CHAT},
        {"no searches", "{\"billed_units\":{}}", COHERE_RERANK},
        {"no input of an embedding", "{\"billed_units\":{}}", COHERE_EMBED},
        {"no bill of an embedding", "{" TOKENS "}", COHERE_EMBED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = usage_of(rows[i].json, rows[i].kind);
        assert_int(rows[i].what, usage.state, ANSWER_USAGE_QUARANTINED);
        in_row(rows[i].what, usage.why != NULL);
        assert_int(rows[i].what, usage.meters.present | usage.shown.present, 0);
        assert_span(rows[i].what, span_make(usage.verbatim, usage.verbatim_size), rows[i].json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(billed_units_are_rated_and_tokens_are_shown),
        cmocka_unit_test(without_billed_units_the_tokens_are_rated),
        cmocka_unit_test(embeddings_and_reranking_have_meters_of_their_own),
        cmocka_unit_test(what_cannot_be_is_quarantined),
    };

    return run_test_table(tests);
}
