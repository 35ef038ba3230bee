/*
 * error_kind: see the header. The words are those of the providers' documentation and answers.
 */
#include "gateway/dialect/error_kind.h"

#include <string.h>
#include <strings.h>

/* Of OpenAI and those that copy its codes; of Azure, of Alibaba, of GitHub. */
static const struct {
    const char *code;
    enum preset_fall kind;
} codes[] = {
    {"context_length_exceeded", FALL_CONTEXT}, {"exceed_context_size_error", FALL_CONTEXT},
    {"tokens_limit_reached", FALL_CONTEXT},    {"content_policy_violation", FALL_POLICY},
    {"content_filter", FALL_POLICY},           {"ResponsibleAIPolicyViolation", FALL_POLICY},
    {"moderation_blocked", FALL_POLICY},       {"data_inspection_failed", FALL_POLICY},
    {"DataInspectionFailed", FALL_POLICY},
};

/* Parts of messages, whatever their case. */
static const struct {
    const char *words;
    enum preset_fall kind;
} messages[] = {
    /* OpenAI, Azure, vLLM, DeepSeek; "This endpoint's" of OpenRouter. */
    {"maximum context length is", FALL_CONTEXT},
    {"input tokens exceed the configured limit", FALL_CONTEXT},
    /* Anthropic, wherever it is hosted; "The prompt is too long" of Fireworks. */
    {"prompt is too long", FALL_CONTEXT},
    {"exceed context limit", FALL_CONTEXT},
    /* Gemini, and on Vertex. */
    {"exceeds the maximum number of tokens allowed", FALL_CONTEXT},
    {"but the model only supports up to", FALL_CONTEXT},
    /* Bedrock. */
    {"input is too long for requested model", FALL_CONTEXT},
    {"too many input tokens", FALL_CONTEXT},
    /* Cohere. */
    {"too many tokens: ", FALL_CONTEXT},
    /* Mistral. */
    {"too large for model with", FALL_CONTEXT},
    /* xAI. */
    {"maximum prompt length is", FALL_CONTEXT},
    /* vLLM, SGLang, llama.cpp, text-generation-inference. */
    {"longer than the maximum model length", FALL_CONTEXT},
    {"longer than the model's context length", FALL_CONTEXT},
    {"exceeds the available context size", FALL_CONTEXT},
    {"`inputs` tokens + `max_new_tokens` must be", FALL_CONTEXT},
    {"`inputs` must have less than", FALL_CONTEXT},
    /* Moonshot. */
    {"exceeded model token limit", FALL_CONTEXT},
    /* Azure. */
    {"content management policy", FALL_POLICY},
    /* OpenAI: pictures, and what its reasoning models refuse. */
    {"rejected as a result of our safety system", FALL_POLICY},
    {"flagged as potentially violating our usage policy", FALL_POLICY},
    /* Anthropic. */
    {"blocked by content filtering policy", FALL_POLICY},
    /* Bedrock. */
    {"blocked by our content filters", FALL_POLICY},
    /* Vertex. */
    {"responsible ai practices", FALL_POLICY},
    /* xAI. */
    {"content violates usage guidelines", FALL_POLICY},
    /* DeepSeek. */
    {"content exists risk", FALL_POLICY},
    /* OpenRouter. */
    {"your input was flagged", FALL_POLICY},
};

enum preset_fall error_kind_of(const struct answer *answer)
{
    for (size_t i = 0; i < array_size(codes); i++)
        if (strcmp(answer->error_code, codes[i].code) == 0)
            return codes[i].kind;
    for (size_t i = 0; i < array_size(messages); i++)
        if (strcasestr(answer->error_message, messages[i].words) != NULL)
            return messages[i].kind;
    return FALL_ERROR;
}

bool error_kind_is_block(const struct answer *answer)
{
    static const char *const reasons[] = {
        "content_filter", "refusal",   "content_filtered",   "guardrail_intervened",
        "SAFETY",         "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
        "MODEL_ARMOR",    "OTHER",     "IMAGE_SAFETY",       "ERROR_TOXIC"};

    if ((answer->signs & (ANSWER_CONTENT | ANSWER_ERROR)) != 0)
        return false;
    for (size_t i = 0; i < array_size(reasons); i++)
        if (strcmp(answer->finish_reason, reasons[i]) == 0)
            return true;
    return false;
}
