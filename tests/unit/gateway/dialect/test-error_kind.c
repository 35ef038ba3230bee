#include "tests/support/testing.h"

#include "gateway/dialect/error_kind.h"

#include <stdio.h>

/* As the providers answer. */
static void a_providers_own_words_tell_the_kind_of_its_error(void **state)
{
    static const struct {
        const char *what, *code, *message;
        enum preset_fall fall;
    } rows[] = {
        {"OpenAI", "context_length_exceeded", "Your input is large.", FALL_CONTEXT},
        {"OpenAI, of a newer model", "",
         "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
         "300005 tokens.",
         FALL_CONTEXT},
        {"vLLM", "400",
         "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens.",
         FALL_CONTEXT},
        {"vLLM of late", "",
         "The decoder prompt (length 9000) is longer than the maximum model length of 8192.",
         FALL_CONTEXT},
        {"Anthropic", "invalid_request_error", "prompt is too long: 210113 tokens > 200000 maximum",
         FALL_CONTEXT},
        {"Anthropic, with its cap", "invalid_request_error",
         "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
         FALL_CONTEXT},
        {"Gemini", "INVALID_ARGUMENT",
         "The input token count (1200001) exceeds the maximum number of tokens allowed (1048576).",
         FALL_CONTEXT},
        {"Vertex", "INVALID_ARGUMENT",
         "Unable to submit request because the input token count is 1048577 but the model only "
         "supports up to 1048576.",
         FALL_CONTEXT},
        {"Bedrock", "ValidationException", "Input is too long for requested model.", FALL_CONTEXT},
        {"Bedrock, Titan", "ValidationException",
         "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token "
         "count: 9001",
         FALL_CONTEXT},
        {"Cohere", "",
         "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292",
         FALL_CONTEXT},
        {"Mistral", "3051",
         "Prompt contains 34554 tokens and 0 draft tokens, too large for model with 32768 maximum "
         "context length",
         FALL_CONTEXT},
        {"xAI", "",
         "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
         FALL_CONTEXT},
        {"Azure", "content_filter",
         "The response was filtered due to the prompt triggering Azure OpenAI's content "
         "management policy.",
         FALL_POLICY},
        {"OpenAI, pictures", "content_policy_violation", "Rejected.", FALL_POLICY},
        {"OpenAI, of a reasoning model", "invalid_prompt",
         "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
         FALL_POLICY},
        {"Anthropic", "invalid_request_error", "Output blocked by content filtering policy",
         FALL_POLICY},
        {"xAI", "", "Content violates usage guidelines. Failed check: SAFETY", FALL_POLICY},
        {"DeepSeek", "invalid_request_error", "Content Exists Risk", FALL_POLICY},
        {"Alibaba", "data_inspection_failed", "Output data may contain inappropriate content.",
         FALL_POLICY},
        {"a cap of its own that is too high", "invalid_request_error",
         "max_tokens: 300000 > 64000, which is the maximum allowed number of output tokens",
         FALL_ERROR},
        {"Bedrock, likewise", "ValidationException",
         "The maximum tokens you requested exceeds the model limit of 8192.", FALL_ERROR},
        {"something else", "invalid_value", "temperature must be at most 2", FALL_ERROR},
        {"nothing", "", "", FALL_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();

        (void)snprintf(answer.error_code, sizeof(answer.error_code), "%s", rows[i].code);
        (void)snprintf(answer.error_message, sizeof(answer.error_message), "%s", rows[i].message);
        assert_int(rows[i].what, error_kind_of(&answer), rows[i].fall);
    }
}

static void an_answer_of_nothing_may_be_a_refusal(void **state)
{
    static const struct {
        const char *what, *finish;
        uint32_t signs;
        bool wanted;
    } rows[] = {
        {"OpenAI's filter", "content_filter", ANSWER_FINISH, true},
        {"Anthropic's refusal", "refusal", ANSWER_FINISH, true},
        {"Gemini's", "SAFETY", ANSWER_FINISH, true},
        {"Gemini's block of a prompt", "PROHIBITED_CONTENT", ANSWER_FINISH, true},
        {"Bedrock's guardrail", "guardrail_intervened", ANSWER_FINISH, true},
        {"behind content", "content_filter", ANSWER_FINISH | ANSWER_CONTENT, false},
        {"an error", "content_filter", ANSWER_ERROR, false},
        {"an empty answer", "stop", ANSWER_FINISH, false},
        {"nothing told", "", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_make();

        answer.signs = rows[i].signs;
        (void)snprintf(answer.finish_reason, sizeof(answer.finish_reason), "%s", rows[i].finish);
        assert_int(rows[i].what, error_kind_is_block(&answer), rows[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_providers_own_words_tell_the_kind_of_its_error),
        cmocka_unit_test(an_answer_of_nothing_may_be_a_refusal),
    };

    return run_test_table(tests);
}
