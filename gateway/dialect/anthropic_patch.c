/*
 * anthropic_patch: a client's body of Messages as another deployment of the same language takes it.
 */
#include "gateway/dialect/anthropic.h"

/* Where the model stands in the path, it may not stand in the body. */
static bool is_cut_at_vertex(const void *context, uint32_t name)
{
    const struct ask *ask = context;

    return ask_consumes(ask, name) || json_string_is(ask->doc, name, "model");
}

static bool is_consumed(const void *context, uint32_t name)
{
    return ask_consumes(context, name);
}

/* What is to be put in front of the members, with a comma before each. */
static char *cap_member(struct patch *patch, const struct ask *ask,
                        const struct language_target *target, struct arena *arena)
{
    if (ask->max_tokens_node == JSON_NONE)
        return arena_printf(arena, ",\"max_tokens\":%lld", (long long)target->output_cap);
    if (ask->max_tokens < 0 || ask->max_tokens > target->output_cap)
        patch_replace_int64(patch, ask->max_tokens_node, target->output_cap, arena);
    return arena_strdup(arena, "");
}

bool anthropic_patch_ask(struct patch *patch, const struct ask *ask,
                         const struct language_target *target, struct arena *arena)
{
    struct span members = span_of(cap_member(patch, ask, target, arena));

    patch_replace_text(patch, ask->model_node, target->model, arena);
    return patch_object(patch, 0, is_consumed, ask, span_part(members, 1, members.size));
}

bool anthropic_vertex_patch_ask(struct patch *patch, const struct ask *ask,
                                const struct language_target *target, struct arena *arena)
{
    const char *version = json_find(ask->doc, 0, "anthropic_version") == JSON_NONE
                              ? ",\"anthropic_version\":\"" ANTHROPIC_VERTEX_VERSION "\""
                              : "";
    struct span members =
        span_of(arena_printf(arena, "%s%s", cap_member(patch, ask, target, arena), version));

    return patch_object(patch, 0, is_cut_at_vertex, ask, span_part(members, 1, members.size));
}
