/*
 * gemini_patch: a client's body of generateContent as another deployment of the same language takes
 * it. The model stands in the path.
 */
#include "gateway/dialect/gemini_language.h"

static bool is_consumed(const void *context, uint32_t name)
{
    return ask_consumes(context, name);
}

bool gemini_patch_ask(struct patch *patch, const struct ask *ask,
                      const struct language_target *target, struct arena *arena)
{
    struct span cap =
        span_of(arena_printf(arena, "\"maxOutputTokens\":%lld", (long long)target->output_cap));
    struct span config = span_of(arena_printf(arena, "{%.*s}", SPAN_ARG(cap)));
    struct span members = {0};

    if (ask->max_tokens_node != JSON_NONE) {
        if (ask->max_tokens < 0 || ask->max_tokens > target->output_cap)
            patch_replace_int64(patch, ask->max_tokens_node, target->output_cap, arena);
    } else if (ask->config_node == JSON_NONE) {
        members = span_of(arena_printf(arena, "\"generationConfig\":%.*s", SPAN_ARG(config)));
    } else if (json_is_null(ask->doc, ask->config_node)) {
        patch_replace(patch, ask->config_node, config);
    } else if (!patch_object(patch, ask->config_node, NULL, NULL, cap)) {
        return false;
    }
    return patch_object(patch, 0, is_consumed, ask, members);
}
