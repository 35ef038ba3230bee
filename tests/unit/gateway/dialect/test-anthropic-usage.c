#include "tests/support/testing.h"

#include "gateway/dialect/anthropic_usage.h"

#define NONE (-1)

static void usage_of_one_or_two_events_becomes_meters_or_is_quarantined(void **state)
{
    static const struct {
        const char *what, *start, *delta; /* delta NULL: told once */
        enum answer_usage_state wanted;
        int64_t input, output, read, write_5m, write_1h, searches;
    } rows[] = {
        {"plain", "{\"input_tokens\":10,\"output_tokens\":5}", NULL, ANSWER_USAGE_GOOD, 10, 5, NONE,
         NONE, NONE, NONE},
        {"caches stand outside of the input",
         "{\"input_tokens\":3,\"cache_creation_input_tokens\":418,\"cache_read_input_tokens\":1111,"
         "\"cache_creation\":{\"ephemeral_5m_input_tokens\":400,\"ephemeral_1h_input_tokens\":18},"
         "\"output_tokens\":33,\"service_tier\":\"standard\"}",
         NULL, ANSWER_USAGE_GOOD, 3, 33, 1111, 400, 18, NONE},
        {"writes without a split live for five minutes",
         "{\"input_tokens\":3,\"cache_creation_input_tokens\":7,\"output_tokens\":1}", NULL,
         ANSWER_USAGE_GOOD, 3, 1, NONE, 7, NONE, NONE},
        {"told as 0 is told",
         "{\"input_tokens\":3,\"cache_read_input_tokens\":0,\"output_tokens\":0}", NULL,
         ANSWER_USAGE_GOOD, 3, 0, 0, NONE, NONE, NONE},
        {"null is not told",
         "{\"input_tokens\":3,\"cache_read_input_tokens\":null,\"cache_creation\":null,"
         "\"output_tokens\":1}",
         NULL, ANSWER_USAGE_GOOD, 3, 1, NONE, NONE, NONE, NONE},
        {"the output is revised", "{\"input_tokens\":3,\"output_tokens\":1}",
         "{\"output_tokens\":99}", ANSWER_USAGE_GOOD, 3, 99, NONE, NONE, NONE, NONE},
        {"the input is revised too",
         "{\"input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":0}",
         "{\"input_tokens\":2679,\"cache_read_input_tokens\":11,\"output_tokens\":510,"
         "\"server_tool_use\":{\"web_search_requests\":1}}",
         ANSWER_USAGE_GOOD, 2679, 510, 11, NONE, NONE, 1},
        {"a null revises nothing", "{\"input_tokens\":3,\"output_tokens\":1}",
         "{\"input_tokens\":null,\"output_tokens\":2}", ANSWER_USAGE_GOOD, 3, 2, NONE, NONE, NONE,
         NONE},
        {"a revised total keeps what is known of its split",
         "{\"input_tokens\":3,\"cache_creation_input_tokens\":10,\"cache_creation\":{"
         "\"ephemeral_1h_input_tokens\":10,\"ephemeral_5m_input_tokens\":0},\"output_tokens\":1}",
         "{\"cache_creation_input_tokens\":14,\"output_tokens\":2}", ANSWER_USAGE_GOOD, 3, 2, NONE,
         4, 10, NONE},
        {"missing is not zero: input", "{\"output_tokens\":5}", NULL, ANSWER_USAGE_QUARANTINED,
         NONE, NONE, NONE, NONE, NONE, NONE},
        {"missing is not zero: output", "{\"input_tokens\":5}", NULL, ANSWER_USAGE_QUARANTINED,
         NONE, NONE, NONE, NONE, NONE, NONE},
        {"negative", "{\"input_tokens\":-5,\"output_tokens\":5}", NULL, ANSWER_USAGE_QUARANTINED,
         NONE, NONE, NONE, NONE, NONE, NONE},
        {"a fraction", "{\"input_tokens\":1.5,\"output_tokens\":5}", NULL, ANSWER_USAGE_QUARANTINED,
         NONE, NONE, NONE, NONE, NONE, NONE},
        {"a text", "{\"input_tokens\":\"5\",\"output_tokens\":5}", NULL, ANSWER_USAGE_QUARANTINED,
         NONE, NONE, NONE, NONE, NONE, NONE},
        {"one more than the most", "{\"input_tokens\":1,\"output_tokens\":10000001}", NULL,
         ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE, NONE, NONE},
        {"a wrong figure that is put right", "{\"input_tokens\":-1,\"output_tokens\":1}",
         "{\"input_tokens\":4,\"output_tokens\":2}", ANSWER_USAGE_GOOD, 4, 2, NONE, NONE, NONE,
         NONE},
        {"no object", "[1]", NULL, ANSWER_USAGE_QUARANTINED, NONE, NONE, NONE, NONE, NONE, NONE},
    };
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct {
            enum meter meter;
            int64_t wanted;
        } meters[] = {{METER_INPUT, rows[i].input},
                      {METER_OUTPUT, rows[i].output},
                      {METER_CACHE_READ, rows[i].read},
                      {METER_CACHE_WRITE_5M, rows[i].write_5m},
                      {METER_CACHE_WRITE_1H, rows[i].write_1h},
                      {METER_WEB_SEARCH, rows[i].searches}};
        struct answer_usage usage = {0};
        int64_t counts[ANTHROPIC_COUNTS];

        anthropic_counts_begin(counts);
        in_row(rows[i].what, !anthropic_counts_told(counts));
        in_row(rows[i].what,
               json_parse(&doc, span_of(rows[i].start), &json_limits_body) == JSON_OK);
        anthropic_counts_read(&doc, 0, counts);
        if (rows[i].delta != NULL) {
            in_row(rows[i].what,
                   json_parse(&doc, span_of(rows[i].delta), &json_limits_body) == JSON_OK);
            anthropic_counts_read(&doc, 0, counts);
        }
        anthropic_usage_set(counts, &usage);
        assert_int(rows[i].what, usage.state, rows[i].wanted);
        in_row(rows[i].what, (usage.why == NULL) == (rows[i].wanted == ANSWER_USAGE_GOOD));
        for (size_t m = 0; m < array_size(meters); m++)
            assert_int(rows[i].what,
                       meters_has(&usage.meters, meters[m].meter)
                           ? usage.meters.count[meters[m].meter]
                           : NONE,
                       meters[m].wanted);
    }
    json_doc_done(&doc);
}

static void the_providers_own_object_is_kept_and_later_members_replace_earlier_ones(void **state)
{
    struct json_doc doc = json_doc_make();
    struct answer_usage usage = {0};
    char big[ANSWER_VERBATIM_MAX + 64];

    (void)state;
    assert_int_equal(json_parse(&doc, span_of("{\"input_tokens\":1,\"output_tokens\":1,\"x\":{}}"),
                                &json_limits_body),
                     JSON_OK);
    anthropic_usage_keep(&doc, 0, &usage);
    assert_int_equal(
        json_parse(&doc, span_of("{\"output_tokens\":7,\"x\":null,\"y\":[2]}"), &json_limits_body),
        JSON_OK);
    anthropic_usage_keep(&doc, 0, &usage);
    assert_span("merged", span_make(usage.verbatim, usage.verbatim_size),
                "{\"input_tokens\":1,\"output_tokens\":7,\"x\":{},\"y\":[2]}");
    memset(big, ' ', sizeof(big));
    big[0] = '{';
    big[sizeof(big) - 1] = '}';
    assert_int_equal(json_parse(&doc, span_make(big, sizeof(big)), &json_limits_body), JSON_OK);
    anthropic_usage_keep(&doc, 0, &usage);
    assert_int("what does not fit is not cut", (int64_t)usage.verbatim_size, 0);
    json_doc_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usage_of_one_or_two_events_becomes_meters_or_is_quarantined),
        cmocka_unit_test(the_providers_own_object_is_kept_and_later_members_replace_earlier_ones),
    };

    return run_test_table(tests);
}
