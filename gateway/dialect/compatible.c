/*
 * compatible: see the header. The providers' pages are named beside their rows.
 */
#include "gateway/dialect/compatible.h"

#include "common/base/mem.h"
#include "gateway/dialect/call_id.h"
#include "gateway/dialect/language.h"

#define M(member) (UINT64_C(1) << MEMBER_##member)
#define CHOICE(choice) (1u << CHOICE_##choice)
#define FORMAT(format) (1u << FORMAT_##format)
#define PART(part) (1u << PART_##part)

/* Sets that come again and again. */
#define SAMPLERS (M(TOP_K) | M(MIN_P) | M(REPETITION_PENALTY))
#define PENALTIES (M(FREQUENCY_PENALTY) | M(PRESENCE_PENALTY))
#define TIERS (M(SERVICE_TIER) | M(VERBOSITY))
#define NOT_FILES (PART(AUDIO) | PART(FILE))
#define NOT_MEDIA (PART(IMAGE) | NOT_FILES)
#define THINKING(state) "\"thinking\":{\"type\":\"" state "\"}"
#define ENABLE_THINKING(state) "\"enable_thinking\":" state

typedef const char *const words[EFFORT_XHIGH + 1];

static words low_to_high = {NULL, NULL, "low", "low", "medium", "high", "high"};
static words minimal_to_high = {NULL, NULL, "minimal", "low", "medium", "high", "high"};
static words none_to_high = {NULL, "none", "low", "low", "medium", "high", "high"};
static words none_to_xhigh = {NULL, "none", "low", "low", "medium", "high", "xhigh"};
static words low_to_xhigh = {NULL, NULL, "low", "low", "medium", "high", "xhigh"};
static words all_words = {NULL, "none", "minimal", "low", "medium", "high", "xhigh"};
static words low_high_max = {NULL, NULL, "low", "low", "high", "high", "max"};
static words high_alone = {NULL, NULL, "high", "high", "high", "high", "high"};
static words none_or_high = {NULL, "none", "high", "high", "high", "high", "high"};
static words none_or_default = {NULL,      "none",    "default", "default",
                                "default", "default", "default"};
static words none_alone = {NULL, "none", NULL, NULL, NULL, NULL, NULL};
static words instant_to_high = {NULL, "instant", "instant", "low", "medium", "high", "high"};

/* OpenAI's models that think: neither sampling nor stop words. */
#define OPENAI_THINKER                                                                             \
    .provider = "openai", .tokens_member = "max_completion_tokens", .strict = true,                \
    .one_tokens_member = true, .refusals = true,                                                   \
    .without_reasoning =                                                                           \
        M(TEMPERATURE) | M(TOP_P) | PENALTIES | M(LOGPROBS) | M(LOGIT_BIAS) | M(STOP)

/* https://api-docs.deepseek.com/guides/thinking_mode: no tool can be demanded while it thinks, and
 * reasoning comes back in turns that call tools. JSON, but no schema. Going on from a prefix:
 * https://api-docs.deepseek.com/guides/chat_prefix_completion */
#define DEEPSEEK                                                                                   \
    .provider = "deepseek", .tokens_member = "max_tokens",                                         \
    .without = TIERS | M(SEED) | M(N) | M(LOGIT_BIAS) | M(PARALLEL_TOOLS) | M(STRICT) | M(USER),   \
    .without_reasoning = M(LOGPROBS), .efforts = low_high_max, .thinking_on = THINKING("enabled"), \
    .thinking_off = THINKING("disabled"), .reasoning_member = "reasoning_content",                 \
    .earlier = EARLIER_IN_TOOL_TURNS, .earlier_needed = true, .formats_not = FORMAT(SCHEMA),       \
    .parts_not = NOT_MEDIA, .choice_or_thinking = true, .one_text = true,                          \
    .prefill_member = "\"prefix\":true", .prefill_path = "/beta"

/* https://docs.mistral.ai/api: every member it does not know is refused. Ids of calls have nine
 * letters and digits. Usage comes with every stream. */
#define MISTRAL                                                                                    \
    .provider = "mistral", .tokens_member = "max_tokens", .extra = M(METADATA),                    \
    .without = TIERS | M(LOGPROBS) | M(LOGIT_BIAS) | M(USER) | M(NAME),                            \
    .seed_member = "random_seed", .required_word = "any", .parts_not = NOT_FILES,                  \
    .no_stream_options = true, .one_text = true, .short_ids = true, .strict = true,                \
    .one_tokens_member = true, .prefill_member = "\"prefix\":true"

/* https://platform.kimi.ai/docs/api/chat: sampling is fixed by the model.
 * https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api */
#define MOONSHOT                                                                                   \
    .provider = "moonshotai", .tokens_member = "max_tokens",                                       \
    .without = TIERS | M(SEED) | M(LOGIT_BIAS) | M(USER), .reasoning_member = "reasoning_content", \
    .earlier = EARLIER_ALWAYS, .earlier_needed = true, .parts_not = NOT_FILES, .data_only = true,  \
    .choice_or_thinking = true, .prefill_member = "\"partial\":true"
#define KIMI_FIXED .without_reasoning = M(TEMPERATURE) | M(TOP_P) | M(N) | PENALTIES

/* https://docs.x.ai/docs/guides/reasoning */
#define XAI                                                                                        \
    .provider = "xai", .tokens_member = "max_tokens", .without = TIERS | M(LOGIT_BIAS),            \
    .without_reasoning = PENALTIES | M(STOP), .parts_not = NOT_FILES

/* https://docs.z.ai/api-reference/llm/chat-completion: tool_choice is "auto" alone. */
#define GLM                                                                                        \
    .tokens_member = "max_tokens",                                                                 \
    .without = TIERS | PENALTIES | M(SEED) | M(LOGIT_BIAS) | M(LOGPROBS) | M(N) | M(NAME) |        \
               M(USER) | M(PARALLEL_TOOLS) | M(STRICT),                                            \
    .thinking_on = THINKING("enabled"), .thinking_off = THINKING("disabled"),                      \
    .reasoning_member = "reasoning_content", .earlier = EARLIER_ALWAYS,                            \
    .choices_not = CHOICE(NONE) | CHOICE(REQUIRED) | CHOICE(NAMED), .formats_not = FORMAT(SCHEMA), \
    .parts_not = NOT_FILES, .no_stream_options = true, .one_text = true

/* https://console.groq.com/docs/openai: these are refused. */
#define GROQ                                                                                       \
    .provider = "groq", .tokens_member = "max_completion_tokens",                                  \
    .without = TIERS | M(LOGPROBS) | M(LOGIT_BIAS) | M(NAME) | M(N), .parts_not = NOT_FILES,       \
    .one_text = true, .strict = true

/* https://inference-docs.cerebras.ai/resources/openai */
#define CEREBRAS                                                                                   \
    .provider = "cerebras", .tokens_member = "max_completion_tokens",                              \
    .without = TIERS | PENALTIES | M(LOGIT_BIAS) | M(PARALLEL_TOOLS) | M(N) | M(NAME),             \
    .parts_not = NOT_MEDIA, .one_text = true, .strict = true

/* Servers of open models, vLLM and SGLang and what is built on them. */
#define OPEN_MODELS                                                                                \
    .tokens_member = "max_tokens", .extra = SAMPLERS, .without = TIERS, .efforts = low_to_high,    \
    .parts_not = NOT_FILES, .one_text = true
#define OLLAMA                                                                                     \
    .tokens_member = "max_tokens",                                                                 \
    .without = TIERS | M(LOGIT_BIAS) | M(N) | M(USER) | M(NAME) | M(PARALLEL_TOOLS) | M(STRICT),   \
    .efforts = none_to_high, .reasoning_member = "reasoning", .earlier = EARLIER_IN_TOOL_TURNS,    \
    .choices_not = CHOICE(NONE) | CHOICE(REQUIRED) | CHOICE(NAMED), .parts_not = NOT_FILES,        \
    .data_only = true, .one_text = true

static const struct compatible rows[] = {
    /* https://platform.openai.com/docs/guides/reasoning */
    {OPENAI_THINKER, .model = "gpt-5-pro", .efforts = high_alone},
    {OPENAI_THINKER, .model = "gpt-5-codex", .efforts = low_to_high},
    {OPENAI_THINKER, .model = "gpt-5.1-codex-max", .efforts = low_to_xhigh},
    {OPENAI_THINKER, .model = "gpt-5.1-codex", .efforts = low_to_high},
    {OPENAI_THINKER, .model = "gpt-5.1", .efforts = none_to_high},
    {OPENAI_THINKER, .model = "gpt-5.2-pro", .efforts = low_to_xhigh},
    {OPENAI_THINKER, .model = "gpt-5.", .efforts = none_to_xhigh},
    {OPENAI_THINKER, .model = "gpt-5", .efforts = minimal_to_high},
    {OPENAI_THINKER, .model = "o", .efforts = low_to_high, .without = M(PARALLEL_TOOLS)},
    {.provider = "openai",
     .tokens_member = "max_completion_tokens",
     .efforts = minimal_to_high,
     .refusals = true,
     .strict = true},

    /* Their names of 2025 are names of version 4 today. */
    {DEEPSEEK},

    {MISTRAL, .model = "magistral"},
    {MISTRAL, .efforts = none_or_high},

    {XAI, .model = "grok-4.3", .efforts = none_to_high},
    {XAI},

    {MOONSHOT, KIMI_FIXED, .model = "kimi-k3", .efforts = low_high_max},
    {MOONSHOT, KIMI_FIXED, .model = "kimi-k2.7"},
    {MOONSHOT, KIMI_FIXED, .model = "kimi-k2.", .thinking_on = THINKING("enabled"),
     .thinking_off = THINKING("disabled")},
    {MOONSHOT},

    {GLM, .provider = "zai", .model = "glm-5.2", .efforts = all_words},
    {GLM, .provider = "zai", .model = "glm-5.3", .efforts = low_high_max},
    {GLM, .provider = "zai"},
    {GLM, .provider = "zhipuai"},

    /* https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-openai-chat-completions
     * https://www.alibabacloud.com/help/en/model-studio/partial-mode */
    {.provider = "alibaba",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K) | M(CACHE),
     .without = TIERS | M(LOGIT_BIAS) | M(USER) | M(STRICT),
     .thinking_on = ENABLE_THINKING("true"),
     .thinking_off = ENABLE_THINKING("false"),
     .budget_member = "thinking_budget",
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .parts_not = NOT_FILES,
     .choice_or_thinking = true,
     .prefill_member = "\"partial\":true"},

    {GROQ, .model = "qwen", .efforts = none_or_default},
    {GROQ, .model = "gpt-oss", .efforts = low_to_high},
    {GROQ},

    {CEREBRAS, .model = "zai-glm", .efforts = none_alone},
    {CEREBRAS, .efforts = low_to_high},

    /* https://docs.perplexity.ai/api-reference: it searches, it calls nothing, and a user speaks
       last. */
    {.provider = "perplexity",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K),
     .without = TIERS | M(STOP) | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(N) | M(NAME) | M(USER) |
                M(TOOL_CHOICE) | M(PARALLEL_TOOLS) | M(STRICT),
     .efforts = minimal_to_high,
     .formats_not = FORMAT(JSON),
     .no_tools = true,
     .parts_not = NOT_FILES,
     .one_text = true,
     .no_prefill = true},

    /* https://docs.together.ai/reference/chat-completions-1 */
    {OPEN_MODELS, .provider = "togetherai", .thinking_on = "\"reasoning\":{\"enabled\":true}",
     .thinking_off = "\"reasoning\":{\"enabled\":false}", .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS},
    /* https://docs.fireworks.ai/api-reference/post-chatcompletions */
    {.provider = "fireworks-ai",
     .tokens_member = "max_tokens",
     .extra = SAMPLERS,
     .without = TIERS,
     .efforts = none_to_high,
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .parts_not = NOT_FILES},
    /* https://deepinfra.com/docs/openai_api */
    {.provider = "deepinfra",
     .tokens_member = "max_tokens",
     .extra = SAMPLERS,
     .without = TIERS | M(LOGIT_BIAS),
     .efforts = none_to_high,
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .parts_not = NOT_FILES,
     .one_text = true},
    /* https://novita.ai/docs/api-reference/model-apis-llm-create-chat-completion */
    {OPEN_MODELS, .provider = "novita-ai", .thinking_on = ENABLE_THINKING("true"),
     .thinking_off = ENABLE_THINKING("false"), .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS},
    /* https://docs.siliconflow.com/en/api-reference/chat-completions */
    {.provider = "siliconflow",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K) | M(MIN_P),
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(USER),
     .thinking_on = ENABLE_THINKING("true"),
     .thinking_off = ENABLE_THINKING("false"),
     .budget_member = "thinking_budget",
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .formats_not = FORMAT(SCHEMA),
     .parts_not = NOT_FILES,
     .one_text = true},
    {OPEN_MODELS, .provider = "nebius"},
    {OPEN_MODELS, .provider = "baseten"},
    {OPEN_MODELS, .provider = "friendli"},
    {OPEN_MODELS, .provider = "scaleway"},
    /* https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html */
    {OPEN_MODELS, .provider = "vllm", .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .prefill_members = "\"add_generation_prompt\":false,\"continue_final_message\":true"},
    /* https://docs.api.nvidia.com/nim/reference/llm-apis */
    {.provider = "nvidia",
     .tokens_member = "max_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(USER) | M(PARALLEL_TOOLS),
     .efforts = low_to_high,
     .parts_not = NOT_FILES,
     .one_text = true},
    /* https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility */
    {.provider = "cloudflare-workers-ai",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K) | M(REPETITION_PENALTY),
     .without =
         TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(N) | M(USER) | M(PARALLEL_TOOLS) | M(STRICT),
     .efforts = low_to_high,
     .parts_not = NOT_FILES,
     .one_text = true,
     .full_content = true},
    /* https://docs.ollama.com/api/openai-compatibility */
    {OLLAMA, .provider = "ollama-cloud"},
    {OLLAMA, .provider = "ollama"},
    /* https://github.com/ggml-org/llama.cpp/tree/master/tools/server */
    {.provider = "llama-cpp",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K) | M(MIN_P),
     .without = TIERS | M(USER) | M(NAME),
     .thinking_on = "\"chat_template_kwargs\":{\"enable_thinking\":true}",
     .thinking_off = "\"chat_template_kwargs\":{\"enable_thinking\":false}",
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .choices_not = CHOICE(NAMED),
     .parts_not = PART(FILE),
     .one_text = true},
    /* https://openrouter.ai/docs/api-reference/overview: it translates on its own. */
    {.provider = "openrouter",
     .tokens_member = "max_tokens",
     .extra = SAMPLERS | M(CACHE),
     .efforts = all_words,
     .reasoning_member = "reasoning",
     .earlier = EARLIER_ALWAYS,
     .refusals = true},
    /* https://platform.xiaomimimo.com/docs/api/chat/openai-api */
    {.provider = "xiaomi",
     .tokens_member = "max_completion_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(N) | M(USER) | M(PARALLEL_TOOLS),
     .thinking_on = THINKING("enabled"),
     .thinking_off = THINKING("disabled"),
     .reasoning_member = "reasoning_content",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .earlier_needed = true,
     .choices_not = CHOICE(NONE) | CHOICE(REQUIRED) | CHOICE(NAMED),
     .formats_not = FORMAT(SCHEMA),
     .parts_not = NOT_FILES,
     .one_text = true},
    /* https://platform.stepfun.ai/docs/api-reference/chat/chat-completion-create */
    {.provider = "stepfun",
     .tokens_member = "max_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(USER) | M(PARALLEL_TOOLS),
     .efforts = low_to_high,
     .reasoning_member = "reasoning",
     .earlier = EARLIER_IN_TOOL_TURNS,
     .parts_not = NOT_FILES,
     .one_text = true},
    /* https://console.upstage.ai/api/chat */
    {.provider = "upstage",
     .tokens_member = "max_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(N) | M(USER),
     .efforts = low_to_high,
     .parts_not = NOT_MEDIA,
     .one_text = true},
    /* https://docs.inceptionlabs.ai */
    {.provider = "inception",
     .tokens_member = "max_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(SEED) | M(N) | M(USER) | M(PARALLEL_TOOLS),
     .efforts = instant_to_high,
     .parts_not = NOT_MEDIA,
     .one_text = true},
    /* https://docs.cohere.com/docs/compatibility-api */
    {.provider = "cohere",
     .tokens_member = "max_tokens",
     .without = TIERS | M(LOGIT_BIAS) | M(LOGPROBS) | M(N) | M(USER) | M(PARALLEL_TOOLS),
     .efforts = none_or_high,
     .choices_not = CHOICE(AUTO) | CHOICE(NAMED),
     .parts_not = NOT_FILES,
     .one_text = true},
    /* https://cloud.google.com/vertex-ai/generative-ai/docs/maas */
    {.provider = "google-vertex",
     .tokens_member = "max_tokens",
     .extra = M(TOP_K),
     .without = TIERS | M(REASONING) | M(LOGIT_BIAS) | M(USER),
     .parts_not = NOT_FILES,
     .one_text = true},
    /* Whoever else says that it is compatible: what nearly all take. */
    {.provider = NULL,
     .tokens_member = "max_tokens",
     .without = TIERS,
     .efforts = low_to_high,
     .parts_not = NOT_FILES,
     .one_text = true},
};

/* ---- finding ---- */

static bool is_openais(struct span dialect)
{
    return span_is(dialect, "openai") || span_is(dialect, "azure-openai");
}

static struct span last_name(struct span model)
{
    struct span rest = model;

    while (rest.size > 0) {
        struct span first = span_cut(&rest, '/');
        if (rest.size == 0)
            return first;
    }
    return model;
}

const struct compatible *compatible_find(struct span provider, struct span dialect,
                                         struct span model)
{
    struct span slug = is_openais(dialect) ? span_of("openai") : provider;
    struct span name = last_name(model);
    size_t i = 0;

    for (; i < array_size(rows) - 1; i++)
        if (span_is(slug, rows[i].provider) &&
            (rows[i].model == NULL || span_starts(name, rows[i].model)))
            break;
    return &rows[i];
}

void compatible_target(struct span provider, struct span dialect,
                       const struct compatible_facts *facts, struct language_target *target_out)
{
    const struct compatible *row;

    target_out->model = facts->model;
    target_out->reasoning = facts->reasoning;
    if (!is_openais(dialect) && !span_is(dialect, "openai-compatible"))
        return;
    row = compatible_find(provider, dialect, facts->model);
    target_out->compatible = row;
    target_out->tokens_member = row->tokens_member;
    target_out->reasoning_member = row->reasoning_member;
    target_out->extra = row->extra;
    target_out->without = row->without | (facts->reasoning ? row->without_reasoning : 0) |
                          (facts->no_temperature ? M(TEMPERATURE) | M(TOP_P) : 0);
}

/* ---- bodies that pass as they stand ---- */

static bool has(const struct json_doc *doc, uint32_t object, const char *name)
{
    return !json_is_null(doc, json_find(doc, object, name));
}

static bool has_long_id(const struct json_doc *doc, uint32_t object, const char *name)
{
    uint32_t id = json_find(doc, object, name);
    return json_is(doc, id, JSON_STRING) && !call_id_is_short(json_inside(doc, id));
}

static bool calls_pass(const struct json_doc *doc, uint32_t message)
{
    uint32_t calls = json_find(doc, message, "tool_calls");

    if (has_long_id(doc, message, "tool_call_id"))
        return false;
    if (!json_is(doc, calls, JSON_ARRAY))
        return true;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE;
         call = json_after(doc, calls, call))
        if (has_long_id(doc, call, "id"))
            return false;
    return true;
}

static bool message_passes(const struct compatible *compatible, const struct json_doc *doc,
                           uint32_t message)
{
    static const char *const reasonings[] = {"reasoning_content", "reasoning", "reasoning_details"};

    if (json_kind(doc, message) != JSON_OBJECT)
        return true;
    for (size_t i = 0; i < array_size(reasonings); i++)
        if (has(doc, message, reasonings[i]))
            return false;
    if ((compatible->without & M(NAME)) != 0 && has(doc, message, "name"))
        return false;
    return !compatible->short_ids || calls_pass(doc, message);
}

/* Members of OpenAI's that may be refused there by name. */
static bool members_pass(const struct compatible *compatible, const struct json_doc *doc)
{
    static const struct {
        const char *name;
        enum chat_member member;
    } members[] = {
        {"logprobs", MEMBER_LOGPROBS},
        {"top_logprobs", MEMBER_LOGPROBS},
        {"logit_bias", MEMBER_LOGIT_BIAS},
        {"user", MEMBER_USER},
        {"parallel_tool_calls", MEMBER_PARALLEL_TOOLS},
        {"verbosity", MEMBER_VERBOSITY},
        {"frequency_penalty", MEMBER_FREQUENCY_PENALTY},
        {"presence_penalty", MEMBER_PRESENCE_PENALTY},
    };

    for (size_t i = 0; i < array_size(members); i++)
        if ((compatible->without >> members[i].member & 1) != 0 && has(doc, 0, members[i].name))
            return false;
    return compatible->seed_member == NULL || !has(doc, 0, "seed");
}

bool compatible_passes(const struct compatible *compatible, const struct json_doc *ask)
{
    uint32_t messages = json_find(ask, 0, "messages");

    if (!compatible->strict)
        return true;
    if (!members_pass(compatible, ask))
        return false;
    if (!json_is(ask, messages, JSON_ARRAY))
        return true;
    for (uint32_t message = json_first(ask, messages); message != JSON_NONE;
         message = json_after(ask, messages, message))
        if (!message_passes(compatible, ask, message))
            return false;
    return true;
}
