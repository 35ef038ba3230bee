#include "gateway/edge/reply.h"

#include "common/base/json.h"
#include "gateway/edge/refusals.h"
#include "tests/support/testing.h"

static void every_refusal_has_its_words(void **state)
{
    (void)state;
    for (int i = 0; i < REFUSALS; i++) {
        const struct refusal_row *row = &refusals[i];

        in_row(row->message, row->status >= 400 && row->status < 600);
        in_row(row->message, row->word != NULL && row->openai_type != NULL);
        in_row(row->message, row->anthropic_type != NULL && row->gemini_status != NULL);
    }
}

static void an_envelope_is_json_in_its_dialect(void **state)
{
    static const struct {
        enum reply_dialect dialect;
        enum refusal refusal;
        struct refusal_say say;
        const char *text;
    } rows[] = {
        {REPLY_OPENAI,
         REFUSE_INVALID_KEY,
         {.param = NULL},
         "{\"error\":{\"message\":\"The API key is not valid.\",\"type\":\"invalid_request_error\","
         "\"param\":null,\"code\":\"invalid_api_key\"}}"},
        {REPLY_OPENAI,
         REFUSE_NO_BUDGET,
         {.message = {"say \"no\"", 8},
          .param = "max_tokens",
          .metadata = {"{\"limit_source\":\"key budget\"}", 29}},
         "{\"error\":{\"message\":\"say \\\"no\\\"\",\"type\":\"insufficient_quota\",\"param\":"
         "\"max_tokens\",\"code\":\"insufficient_quota\",\"metadata\":{\"limit_source\":\"key "
         "budget\"}}}"},
        {REPLY_ANTHROPIC,
         REFUSE_UNAVAILABLE,
         {.param = NULL},
         "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"No provider "
         "can serve this model now.\"}}"},
        {REPLY_GEMINI,
         REFUSE_NO_PATH,
         {.param = NULL},
         "{\"error\":{\"code\":404,\"message\":\"Nothing is served at this path.\",\"status\":"
         "\"NOT_FOUND\"}}"},
        {REPLY_PROBLEM,
         REFUSE_TOO_LARGE,
         {.message = {"Too big.", 8}},
         "{\"type\":\"urn:tollgate:problem:too_large\",\"title\":\"The body is larger than this "
         "server takes.\",\"status\":413,\"detail\":\"Too big.\",\"instance\":\"gen_"
         "00000000000000000000000000\",\"request_id\":\"gen_00000000000000000000000000\"}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(4096);
        struct json_doc doc = json_doc_make();

        reply_error_body(&out, rows[i].dialect, rows[i].refusal, &rows[i].say, (struct uuid){0});
        assert_span("envelope", buf_span(&out), rows[i].text);
        assert_int("json", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
        json_doc_done(&doc);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_its_words),
        cmocka_unit_test(an_envelope_is_json_in_its_dialect),
    };

    return run_test_table(tests);
}
