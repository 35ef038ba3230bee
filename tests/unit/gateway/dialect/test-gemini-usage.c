#include "tests/support/testing.h"

#include "gateway/dialect/gemini_usage.h"

static void set(struct answer_usage *usage, const char *text, bool wrote)
{
    struct json_doc doc = json_doc_make();

    assert_int_equal(json_parse(&doc, span_of(text), &json_limits_body), JSON_OK);
    usage_read_gemini(&doc, 0, wrote, usage);
    json_doc_done(&doc);
}

static void counts_become_meters(void **state)
{
    static const struct {
        const char *what, *text;
        int64_t input, cached, audio_in, output, reasoning, audio_out, image_out; /* -1: absent */
    } rows[] = {
        {"text alone", "{\"promptTokenCount\":9,\"candidatesTokenCount\":8,\"totalTokenCount\":17}",
         9, -1, -1, 8, -1, -1, -1},
        {"thoughts stand outside of the candidates",
         "{\"promptTokenCount\":9,\"candidatesTokenCount\":29,\"thoughtsTokenCount\":282,"
         "\"totalTokenCount\":320}",
         9, -1, -1, 311, 282, -1, -1},
        {"cached tokens stand inside of the prompt",
         "{\"promptTokenCount\":100,\"cachedContentTokenCount\":60,\"candidatesTokenCount\":1}", 40,
         60, -1, 1, -1, -1, -1},
        {"what a tool put into the prompt stands outside of it",
         "{\"promptTokenCount\":10,\"toolUsePromptTokenCount\":7,\"candidatesTokenCount\":1}", 17,
         -1, -1, 1, -1, -1, -1},
        {"audio that was not cached",
         "{\"promptTokenCount\":100,\"cachedContentTokenCount\":30,\"candidatesTokenCount\":5,"
         "\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":50},"
         "{\"modality\":\"AUDIO\",\"tokenCount\":50}],"
         "\"cacheTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":20}]}",
         40, 30, 30, 5, -1, -1, -1},
        {"spoken and drawn output",
         "{\"promptTokenCount\":1,\"candidatesTokenCount\":1300,\"candidatesTokensDetails\":["
         "{\"modality\":\"IMAGE\",\"tokenCount\":1290},{\"modality\":\"AUDIO\",\"tokenCount\":4}]}",
         1, -1, -1, 6, -1, 4, 1290},
        {"all was thought",
         "{\"promptTokenCount\":5,\"thoughtsTokenCount\":7,\"totalTokenCount\":12}", 5, -1, -1, 7,
         7, -1, -1},
        {"the candidates stand in the total alone",
         "{\"promptTokenCount\":5,\"thoughtsTokenCount\":7,\"totalTokenCount\":15}", 5, -1, -1, 10,
         7, -1, -1},
        {"nothing was said to a blocked prompt", "{\"promptTokenCount\":5,\"totalTokenCount\":5}",
         5, -1, -1, 0, -1, -1, -1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = {0};
        const int64_t wanted[][2] = {
            {METER_INPUT, rows[i].input},           {METER_CACHE_READ, rows[i].cached},
            {METER_INPUT_AUDIO, rows[i].audio_in},  {METER_OUTPUT, rows[i].output},
            {METER_REASONING, rows[i].reasoning},   {METER_OUTPUT_AUDIO, rows[i].audio_out},
            {METER_OUTPUT_IMAGE, rows[i].image_out}};
        set(&usage, rows[i].text, false);
        assert_int(rows[i].what, usage.state, ANSWER_USAGE_GOOD);
        for (size_t j = 0; j < array_size(wanted); j++) {
            enum meter meter = (enum meter)wanted[j][0];
            assert_int(rows[i].what,
                       meters_has(&usage.meters, meter) ? usage.meters.count[meter] : -1,
                       wanted[j][1]);
        }
        assert_span(rows[i].what, span_make(usage.verbatim, usage.verbatim_size), rows[i].text);
    }
}

static void what_cannot_be_is_not_believed(void **state)
{
    static const char drawn[] =
        "{\"promptTokenCount\":9,\"candidatesTokenCount\":8,\"candidatesTokensDetails\":["
        "{\"modality\":\"IMAGE\",\"tokenCount\":9}]}";
    static const char *const rows[] = {
        drawn,
        "{}",
        "[]",
        "7",
        "{\"promptTokenCount\":-1}",
        "{\"promptTokenCount\":\"9\"}",
        "{\"promptTokenCount\":9.5}",
        "{\"promptTokenCount\":10000001}",
        "{\"promptTokenCount\":9,\"cachedContentTokenCount\":10}",
        "{\"promptTokenCount\":9,\"candidatesTokenCount\":-8}",
        "{\"promptTokenCount\":9,\"candidatesTokenCount\":8,\"thoughtsTokenCount\":\"x\"}",
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer_usage usage = {0};
        set(&usage, rows[i], false);
        assert_int(rows[i], usage.state, ANSWER_USAGE_QUARANTINED);
        assert_non_null(usage.why);
        assert_int(rows[i], usage.meters.present, 0);
    }
}

static void the_last_one_counts_and_what_is_not_told_yet_does_not(void **state)
{
    struct answer_usage usage = {0};

    (void)state;
    set(&usage, "{\"promptTokenCount\":15,\"totalTokenCount\":15}", true);
    assert_int_equal(usage.state, ANSWER_USAGE_ABSENT);
    set(&usage, "{\"promptTokenCount\":13,\"candidatesTokenCount\":8}", true);
    assert_int_equal(usage.meters.count[METER_INPUT], 13);
    set(&usage, "{\"promptTokenCount\":15,\"totalTokenCount\":15}", true);
    assert_int_equal(usage.meters.count[METER_OUTPUT], 8);
    set(&usage, "{\"promptTokenCount\":12,\"candidatesTokenCount\":9}", true);
    assert_int_equal(usage.meters.count[METER_INPUT], 12);
    assert_int_equal(usage.meters.count[METER_OUTPUT], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_become_meters),
        cmocka_unit_test(what_cannot_be_is_not_believed),
        cmocka_unit_test(the_last_one_counts_and_what_is_not_told_yet_does_not),
    };

    return run_test_table(tests);
}
