/*
 * openai_finish: the words by which compatible providers say why an answer ended.
 */
#include "gateway/dialect/openai.h"
#include "gateway/dialect/openai_language.h"

enum answer_finish openai_finish_of(struct span word)
{
    static const struct {
        const char *word;
        enum answer_finish finish;
    } rows[] = {
        {"tool_calls", FINISH_TOOL_CALLS},
        {"function_call", FINISH_TOOL_CALLS},
        {"tool_use", FINISH_TOOL_CALLS},
        {"tool_call", FINISH_TOOL_CALLS},
        {"length", FINISH_LENGTH},
        {"max_tokens", FINISH_LENGTH},
        {"model_length", FINISH_LENGTH}, /* Mistral */
        {"model_context_window_exceeded", FINISH_LENGTH},
        {"content_filter", FINISH_CONTENT_FILTER},
        {"sensitive", FINISH_CONTENT_FILTER},
        {"safety", FINISH_CONTENT_FILTER},
        {"refusal", FINISH_CONTENT_FILTER},
        {"content_policy", FINISH_CONTENT_FILTER},
        {"error", FINISH_ERROR},                        /* Mistral, OpenRouter */
        {"insufficient_system_resource", FINISH_ERROR}, /* DeepSeek */
        {"network_error", FINISH_ERROR},
        {"abort", FINISH_ERROR}, /* vLLM, SGLang */
    };

    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is_nocase(word, rows[i].word))
            return rows[i].finish;
    return FINISH_STOP;
}

bool openai_finish_is_odd(struct span word)
{
    static const char *const words[] = {"stop", "length", "tool_calls", "content_filter",
                                        "function_call"};

    for (size_t i = 0; i < array_size(words); i++)
        if (span_is(word, words[i]))
            return false;
    return openai_finish_of(word) != FINISH_ERROR;
}

void openai_patch_finishes(struct patch *patch, uint32_t choices)
{
    static const char *const quoted[FINISHES] = {
        [FINISH_STOP] = "\"stop\"",
        [FINISH_LENGTH] = "\"length\"",
        [FINISH_TOOL_CALLS] = "\"tool_calls\"",
        [FINISH_CONTENT_FILTER] = "\"content_filter\"",
    };
    const struct json_doc *doc = patch->doc;

    /* Some edits are left for usage. */
    for (uint32_t choice = json_first(doc, choices);
         choice != JSON_NONE && patch->count + 8 < PATCH_EDITS_MAX;
         choice = json_after(doc, choices, choice)) {
        uint32_t node = json_find(doc, choice, "finish_reason");
        struct span word = json_inside(doc, node);
        if (json_is(doc, node, JSON_STRING) && openai_finish_is_odd(word))
            patch_replace(patch, node, span_of(quoted[openai_finish_of(word)]));
    }
}
