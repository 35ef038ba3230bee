#include "gateway/edge/endpoint.h"

#include "tests/support/testing.h"

static void each_path_is_what_the_table_says(void **state)
{
    static const struct {
        const char *method, *path;
        enum endpoint endpoint;
        enum reply_dialect dialect;
        bool served;
        const char *model;
    } rows[] = {
        {"POST", "/v1/chat/completions", ENDPOINT_CHAT_COMPLETIONS, REPLY_OPENAI, true, ""},
        {"POST", "/api/v1/chat/completions", ENDPOINT_CHAT_COMPLETIONS, REPLY_OPENAI, true, ""},
        {"GET", "/v1/chat/completions", ENDPOINT_CHAT_COMPLETIONS, REPLY_OPENAI, false, ""},
        {"PATCH", "/v1/models", ENDPOINT_MODELS, REPLY_OPENAI, false, ""},
        {"POST", "/v1/chat/completions/", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1//chat/completions", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/V1/chat/completions", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/chat%2Fcompletions", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1%2Fembeddings", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1x/embeddings", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/embeddings", ENDPOINT_EMBEDDINGS, REPLY_OPENAI, true, ""},
        {"POST", "/v1/completions", ENDPOINT_COMPLETIONS, REPLY_OPENAI, true, ""},
        {"POST", "/api/v1/moderations", ENDPOINT_MODERATIONS, REPLY_OPENAI, true, ""},
        {"POST", "/v1/rerank", ENDPOINT_RERANK, REPLY_OPENAI, true, ""},
        {"POST", "/v2/rerank", ENDPOINT_RERANK, REPLY_OPENAI, true, ""},
        {"POST", "/v2/embed", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/images/generations", ENDPOINT_IMAGES, REPLY_OPENAI, true, ""},
        {"POST", "/v1/images/edits", ENDPOINT_IMAGE_EDITS, REPLY_OPENAI, true, ""},
        {"POST", "/v1/images/variations", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/audio/speech", ENDPOINT_SPEECH, REPLY_OPENAI, true, ""},
        {"POST", "/v1/audio/transcriptions", ENDPOINT_TRANSCRIPTIONS, REPLY_OPENAI, true, ""},
        {"POST", "/v1/audio/translations", ENDPOINT_TRANSLATIONS, REPLY_OPENAI, true, ""},
        {"GET", "/v1/audio/speech", ENDPOINT_SPEECH, REPLY_OPENAI, false, ""},
        {"GET", "/v1/models", ENDPOINT_MODELS, REPLY_OPENAI, true, ""},
        {"GET", "/v1/models/openai/gpt-4.1", ENDPOINT_MODEL, REPLY_OPENAI, true, "openai/gpt-4.1"},
        {"GET", "/v1/models/openai%2Fgpt-4.1", ENDPOINT_MODEL, REPLY_OPENAI, true,
         "openai%2Fgpt-4.1"},
        {"HEAD", "/v1/models", ENDPOINT_MODELS, REPLY_OPENAI, true, ""},
        {"HEAD", "/api/v1/models/openai/gpt-4.1", ENDPOINT_MODEL, REPLY_OPENAI, true,
         "openai/gpt-4.1"},
        {"GET", "/v1/models/openai/gpt-4.1/endpoints", ENDPOINT_MODEL_ENDPOINTS, REPLY_OPENAI, true,
         "openai/gpt-4.1"},
        {"HEAD", "/v1/models/openai%2Fgpt-4.1/endpoints", ENDPOINT_MODEL_ENDPOINTS, REPLY_OPENAI,
         true, "openai%2Fgpt-4.1"},
        {"GET", "/v1/models/gpt-4.1/endpoints", ENDPOINT_MODEL_ENDPOINTS, REPLY_OPENAI, true,
         "gpt-4.1"},
        {"POST", "/v1/models/openai/gpt-4.1/endpoints", ENDPOINT_MODEL_ENDPOINTS, REPLY_OPENAI,
         false, "openai/gpt-4.1"},
        {"GET", "/v1/models/endpoints", ENDPOINT_MODEL, REPLY_OPENAI, true, "endpoints"},
        {"GET", "/v1/models//endpoints", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1beta/models", ENDPOINT_MODELS, REPLY_GEMINI, true, ""},
        {"POST", "/v1beta/models", ENDPOINT_MODELS, REPLY_GEMINI, false, ""},
        {"HEAD", "/v1beta/models/google/gemini-2.5-pro", ENDPOINT_MODEL, REPLY_GEMINI, true,
         "google/gemini-2.5-pro"},
        {"GET", "/v1beta/models/", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"GET", "/v1beta/providers", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"GET", "/v1/models/count", ENDPOINT_MODEL_COUNT, REPLY_OPENAI, true, ""},
        {"POST", "/v1/models/count", ENDPOINT_MODEL_COUNT, REPLY_OPENAI, false, ""},
        {"GET", "/v1/providers", ENDPOINT_PROVIDERS, REPLY_OPENAI, true, ""},
        {"GET", "/v1/providers/openai", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1/models/openai%2e", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1/models/", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/models/gemini-x:generateContent", ENDPOINT_GENERATE, REPLY_GEMINI, true,
         "gemini-x"},
        {"POST", "/v1beta/models/google/gemini-x:streamGenerateContent", ENDPOINT_GENERATE,
         REPLY_GEMINI, true, "google/gemini-x"},
        {"POST", "/v1beta/models/a%2Fb:countTokens", ENDPOINT_COUNT_TOKENS, REPLY_GEMINI, true,
         "a%2Fb"},
        {"POST", "/v1beta/author/slug:streamGenerateContent", ENDPOINT_GENERATE, REPLY_GEMINI, true,
         "author/slug"},
        {"POST", "/v1beta/author/slug:other", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"POST", "/v1beta/:generateContent", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"GET", "/v1beta/models/gemini-x:generateContent", ENDPOINT_GENERATE, REPLY_GEMINI, false,
         "gemini-x"},
        {"POST", "/v1beta/models/:generateContent", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"POST", "/v1beta/models/gemini-x:predict", ENDPOINT_NONE, REPLY_GEMINI, false, ""},
        {"POST", "/v1/messages", ENDPOINT_MESSAGES, REPLY_ANTHROPIC, true, ""},
        {"GET", "/api/v1/messages", ENDPOINT_MESSAGES, REPLY_ANTHROPIC, false, ""},
        {"POST", "/v1/route/dry-run", ENDPOINT_DRY_RUN, REPLY_OPENAI, true, ""},
        {"POST", "/v1/messages/count_tokens", ENDPOINT_COUNT_TOKENS, REPLY_ANTHROPIC, true, ""},
        {"POST", "/v1/responses", ENDPOINT_RESPONSES, REPLY_OPENAI, true, ""},
        {"GET", "/v1/responses", ENDPOINT_RESPONSES, REPLY_OPENAI, false, ""},
        {"GET", "/api/v1/responses/resp_1", ENDPOINT_RESPONSE, REPLY_OPENAI, true, ""},
        {"DELETE", "/v1/responses/resp_1", ENDPOINT_RESPONSE, REPLY_OPENAI, true, ""},
        {"POST", "/v1/responses/resp_1", ENDPOINT_RESPONSE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/responses/resp_1/cancel", ENDPOINT_RESPONSE_CANCEL, REPLY_OPENAI, true, ""},
        {"GET", "/v1/responses/resp_1/input_items", ENDPOINT_RESPONSE_ITEMS, REPLY_OPENAI, true,
         ""},
        {"GET", "/v1/responses/resp_1/output", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1/responses/resp_1/", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1/responses/", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/v1/responses/resp%5F1", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"POST", "/v1/messages/batches", ENDPOINT_NONE, REPLY_ANTHROPIC, false, ""},
        {"GET", "/control/v1", ENDPOINT_CONTROL, REPLY_PROBLEM, true, ""},
        {"PUT", "/control/v1/tenants", ENDPOINT_CONTROL, REPLY_PROBLEM, true, ""},
        {"PATCH", "/control/v1/tenants/a%2Fb", ENDPOINT_CONTROL, REPLY_PROBLEM, true, ""},
        {"DELETE", "/control/v1/", ENDPOINT_CONTROL, REPLY_PROBLEM, true, ""},
        {"OPTIONS", "/control/v1/tenants", ENDPOINT_CONTROL, REPLY_PROBLEM, false, ""},
        {"GET", "/control/v10/tenants", ENDPOINT_NONE, REPLY_PROBLEM, false, ""},
        {"GET", "/control", ENDPOINT_NONE, REPLY_PROBLEM, false, ""},
        {"GET", "/controls", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/console", ENDPOINT_CONSOLE, REPLY_OPENAI, true, ""},
        {"HEAD", "/console/assets/x.js", ENDPOINT_CONSOLE, REPLY_OPENAI, true, ""},
        {"POST", "/console/", ENDPOINT_CONSOLE, REPLY_OPENAI, false, ""},
        {"GET", "/consoles", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/healthz", ENDPOINT_HEALTHZ, REPLY_OPENAI, true, ""},
        {"HEAD", "/readyz", ENDPOINT_READYZ, REPLY_OPENAI, true, ""},
        {"GET", "/metrics", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
        {"GET", "/", ENDPOINT_ROOT, REPLY_OPENAI, true, ""},
        {"GET", "//", ENDPOINT_NONE, REPLY_OPENAI, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct endpoint_match match;

        endpoint_match(span_of(rows[i].method), span_of(rows[i].path), &match);
        assert_int(rows[i].path, match.endpoint, rows[i].endpoint);
        assert_int(rows[i].path, match.dialect, rows[i].dialect);
        assert_int(rows[i].path, match.method_served, rows[i].served);
        assert_span(rows[i].path, match.model, rows[i].model);
    }
}

static void model_ids_are_decoded(void **state)
{
    static const struct {
        const char *raw, *id;
    } rows[] = {
        {"openai/gpt-4.1", "openai/gpt-4.1"},
        {"openai%2Fgpt-4.1", "openai/gpt-4.1"},
        {"openai%2fgpt-4.1", "openai/gpt-4.1"},
        {"a%2Eb", ""},
        {"a%2", ""},
        {"%2Fa", ""},
        {"a/", ""},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char id[64];
        size_t size = endpoint_model_id(span_of(rows[i].raw), id, sizeof(id));

        assert_span(rows[i].raw, span_make(id, size), rows[i].id);
    }
}

static void methods_are_listed(void **state)
{
    char text[ENDPOINT_ALLOW_SIZE];

    (void)state;
    (void)endpoint_allow(METHOD_GET | METHOD_HEAD, text);
    assert_string_equal(text, "GET, HEAD");
    (void)endpoint_allow(METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_DELETE, text);
    assert_string_equal(text, "GET, HEAD, POST, DELETE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_is_what_the_table_says),
        cmocka_unit_test(model_ids_are_decoded),
        cmocka_unit_test(methods_are_listed),
    };

    return run_test_table(tests);
}
