#include "tests/support/testing.h"

#include "gateway/dialect/usage.h"

#define NONE (-1)

static void a_usage_object_becomes_meters_or_is_quarantined(void **state)
{
    static const struct {
        const char *what, *json;
        bool embeddings;
        enum answer_usage_state wanted;
        int64_t input, cached, output, reasoning;
    } rows[] = {
        {"plain", "{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15}", false,
         ANSWER_USAGE_GOOD, 10, NONE, 5, NONE},
        {"cached is part of the prompt",
         "{\"prompt_tokens\":4020,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_"
         "tokens\":4012}}",
         false, ANSWER_USAGE_GOOD, 8, 4012, 4, NONE},
        {"cached told as 0 is told",
         "{\"prompt_tokens\":3,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\""
         ":0}}",
         false, ANSWER_USAGE_GOOD, 3, 0, 4, NONE},
        {"details of null",
         "{\"prompt_tokens\":3,\"completion_tokens\":4,\"prompt_tokens_details\":null}", false,
         ANSWER_USAGE_GOOD, 3, NONE, 4, NONE},
        {"reasoning inside",
         "{\"prompt_tokens\":3,\"completion_tokens\":40,\"total_tokens\":43,"
         "\"completion_tokens_details\":{\"reasoning_tokens\":30}}",
         false, ANSWER_USAGE_GOOD, 3, NONE, 40, 30},
        {"reasoning outside, as the total says",
         "{\"prompt_tokens\":12,\"completion_tokens\":1,\"total_tokens\":303,"
         "\"prompt_tokens_details\":{\"cached_tokens\":11},"
         "\"completion_tokens_details\":{\"reasoning_tokens\":290}}",
         false, ANSWER_USAGE_GOOD, 1, 11, 291, 290},
        {"DeepSeek's words for cached",
         "{\"prompt_tokens\":339,\"completion_tokens\":83,\"prompt_cache_hit_tokens\":320}", false,
         ANSWER_USAGE_GOOD, 19, 320, 83, NONE},
        {"Moonshot's place for cached",
         "{\"prompt_tokens\":10,\"completion_tokens\":3,\"cached_tokens\":4}", false,
         ANSWER_USAGE_GOOD, 6, 4, 3, NONE},
        {"Mistral's", "{\"prompt_tokens\":77,\"completion_tokens\":12,\"num_cached_tokens\":76}",
         false, ANSWER_USAGE_GOOD, 1, 76, 12, NONE},
        {"the first place counts",
         "{\"prompt_tokens\":10,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_"
         "tokens\":"
         "2},\"prompt_cache_hit_tokens\":5,\"cached_tokens\":4}",
         false, ANSWER_USAGE_GOOD, 8, 2, 3, NONE},
        {"what was written to Alibaba's cache is no plain input",
         "{\"prompt_tokens\":10,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_"
         "tokens\":"
         "2,\"cache_creation_input_tokens\":7}}",
         false, ANSWER_USAGE_GOOD, 1, 2, 3, NONE},
        {"Perplexity's reasoning beside the completion",
         "{\"prompt_tokens\":33,\"completion_tokens\":7163,\"total_tokens\":7196,\"citation_"
         "tokens\":"
         "20016,\"num_search_queries\":18,\"reasoning_tokens\":73997}",
         false, ANSWER_USAGE_GOOD, 33, NONE, 81160, 73997},
        {"llama.cpp's timings",
         "{\"cache_n\":236,\"prompt_n\":1,\"predicted_n\":35,\"predicted_ms\":1.5}", false,
         ANSWER_USAGE_GOOD, 1, 236, 35, NONE},
        {"llama.cpp's timings beside prompt_tokens, which have the cached ones in them",
         "{\"prompt_tokens\":237,\"completion_tokens\":35,\"cache_n\":236,\"prompt_n\":1,"
         "\"predicted_"
         "n\":35}",
         false, ANSWER_USAGE_GOOD, 1, 236, 35, NONE},
        {"a cached part without a prompt", "{\"cache_n\":236,\"completion_tokens\":35}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"a cached part that cannot be",
         "{\"prompt_tokens\":10,\"completion_tokens\":3,\"num_cached_tokens\":\"4\"}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"embeddings", "{\"prompt_tokens\":4,\"total_tokens\":4}", true, ANSWER_USAGE_GOOD, 4, NONE,
         NONE, NONE},
        {"zero is a quantity", "{\"prompt_tokens\":0,\"completion_tokens\":0}", false,
         ANSWER_USAGE_GOOD, 0, NONE, 0, NONE},
        {"missing is not zero: completion", "{\"prompt_tokens\":10}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"missing is not zero: prompt", "{\"completion_tokens\":10}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"negative", "{\"prompt_tokens\":-5,\"completion_tokens\":5}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"text", "{\"prompt_tokens\":\"12\",\"completion_tokens\":5}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"a fraction", "{\"prompt_tokens\":1.5,\"completion_tokens\":5}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"1e18", "{\"prompt_tokens\":1e18,\"completion_tokens\":5}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"past every number", "{\"prompt_tokens\":99999999999999999999,\"completion_tokens\":5}",
         false, ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"one more than the most", "{\"prompt_tokens\":1,\"completion_tokens\":10000001}", false,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"the most", "{\"prompt_tokens\":1,\"completion_tokens\":10000000}", false,
         ANSWER_USAGE_GOOD, 1, NONE, 10000000, NONE},
        {"more cached than prompt",
         "{\"prompt_tokens\":1,\"completion_tokens\":1,\"prompt_tokens_details\":{\"cached_"
         "tokens\":2}}",
         false, ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"more reasoning than output",
         "{\"prompt_tokens\":1,\"completion_tokens\":1,\"completion_tokens_details\":{\"reasoning_"
         "tokens\":2}}",
         false, ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
        {"no object", "[1]", false, ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct {
            enum meter meter;
            int64_t wanted;
        } meters[] = {{METER_INPUT, rows[i].input},
                      {METER_CACHE_READ, rows[i].cached},
                      {METER_OUTPUT, rows[i].output},
                      {METER_REASONING, rows[i].reasoning}};
        struct answer_usage usage = {0};
        assert_int_equal(json_parse(&doc, span_of(rows[i].json), &json_limits_body), JSON_OK);
        usage_read_openai(&doc, 0, !rows[i].embeddings, &usage);
        assert_int(rows[i].what, usage.state, rows[i].wanted);
        in_row(rows[i].what, (usage.why == NULL) == (usage.state == ANSWER_USAGE_GOOD));
        for (size_t m = 0; m < array_size(meters); m++) {
            assert_int(rows[i].what, meters_has(&usage.meters, meters[m].meter),
                       meters[m].wanted != NONE);
            if (meters[m].wanted != NONE)
                assert_int(rows[i].what, usage.meters.count[meters[m].meter], meters[m].wanted);
        }
        assert_span(rows[i].what, span_make(usage.verbatim, usage.verbatim_size), rows[i].json);
    }
    json_doc_done(&doc);
}

static void the_last_one_wins_whole(void **state)
{
    struct json_doc doc = json_doc_make();
    struct answer_usage usage = {0};

    (void)state;
    assert_int_equal(json_parse(&doc,
                                span_of("[{\"prompt_tokens\":1,\"completion_tokens\":1,\"prompt_"
                                        "tokens_details\":{\"cached_tokens\":1}},"
                                        "{\"prompt_tokens\":7,\"completion_tokens\":9}]"),
                                &json_limits_body),
                     JSON_OK);
    for (uint32_t n = json_first(&doc, 0); n != JSON_NONE; n = json_after(&doc, 0, n))
        usage_read_openai(&doc, n, true, &usage);
    assert_int_equal(usage.meters.count[METER_INPUT], 7);
    assert_int_equal(usage.meters.count[METER_OUTPUT], 9);
    assert_false(meters_has(&usage.meters, METER_CACHE_READ));
    json_doc_done(&doc);
}

static void usage_stands_where_a_provider_puts_it(void **state)
{
    static const struct {
        const char *what, *json, *wanted; /* NULL: nowhere */
    } rows[] = {
        {"where it belongs", "{\"usage\":{\"a\":1},\"x_groq\":{\"usage\":{\"a\":2}}}", "{\"a\":1}"},
        {"Groq's", "{\"usage\":null,\"x_groq\":{\"id\":\"x\",\"usage\":{\"a\":2}}}", "{\"a\":2}"},
        {"Groq's, null", "{\"x_groq\":{\"id\":\"x\",\"usage\":null}}", NULL},
        {"Moonshot's", "{\"choices\":[{\"index\":0},{\"index\":1,\"usage\":{\"a\":3}}]}",
         "{\"a\":3}"},
        {"llama.cpp's", "{\"choices\":[],\"timings\":{\"predicted_n\":3}}", "{\"predicted_n\":3}"},
        {"other timings", "{\"timings\":{\"total\":3}}", NULL},
        {"nothing", "{\"choices\":[{}]}", NULL},
        {"choices that are none", "{\"choices\":{\"usage\":{}},\"x_groq\":[1]}", NULL},
        {"what is none is told as it is", "{\"usage\":7}", "7"},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        uint32_t node;
        assert_int_equal(json_parse(&doc, span_of(rows[i].json), &json_limits_body), JSON_OK);
        node = usage_find_openai(&doc);
        assert_int(rows[i].what, node != JSON_NONE, rows[i].wanted != NULL);
        if (node != JSON_NONE)
            assert_span(rows[i].what, json_raw(&doc, node), rows[i].wanted);
    }
    json_doc_done(&doc);
}

static void responses_are_counted_by_their_own_words(void **state)
{
    static const struct {
        const char *what, *json;
        enum answer_usage_state wanted;
    } rows[] = {
        {"all of it",
         "{\"input_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":4},\"output_tokens\":7,"
         "\"output_tokens_details\":{\"reasoning_tokens\":5},\"total_tokens\":17}",
         ANSWER_USAGE_GOOD},
        {"a chat's words", "{\"prompt_tokens\":10,\"completion_tokens\":7}",
         ANSWER_USAGE_QUARANTINED},
        {"more cached than there is",
         "{\"input_tokens\":1,\"input_tokens_details\":{\"cached_tokens\":4},\"output_tokens\":7}",
         ANSWER_USAGE_QUARANTINED},
        {"no output", "{\"input_tokens\":1}", ANSWER_USAGE_QUARANTINED},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = {0};

        assert_int_equal(json_parse(&doc, span_of(rows[i].json), &json_limits_body), JSON_OK);
        usage_read_responses(&doc, 0, &usage);
        assert_int(rows[i].what, usage.state, rows[i].wanted);
        if (rows[i].wanted != ANSWER_USAGE_GOOD)
            continue;
        assert_int(rows[i].what, usage.meters.count[METER_INPUT], 6);
        assert_int(rows[i].what, usage.meters.count[METER_CACHE_READ], 4);
        assert_int(rows[i].what, usage.meters.count[METER_OUTPUT], 7);
        assert_int(rows[i].what, usage.meters.count[METER_REASONING], 5);
    }
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usage_object_becomes_meters_or_is_quarantined),
        cmocka_unit_test(the_last_one_wins_whole),
        cmocka_unit_test(responses_are_counted_by_their_own_words),
        cmocka_unit_test(usage_stands_where_a_provider_puts_it),
    };

    return run_test_table(tests);
}
