/*
 * fuzz-preset: a line with a preset, then a body. What is accepted takes no more memory than is
 * said, resolves to legs that are its leaves, the same ones each time, and leads to none but those;
 * what is refused says where and why.
 */
#include <errno.h>

#include "common/base/mem.h"
#include "gateway/route/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count_name(void *context, struct span name, bool is_model, const char *path)
{
    uint32_t *count = context;

    must(name.size <= WISH_NAME_MAX && *path != '\0');
    must(!is_model || span_ends(span_of(path), "model"));
    return ++*count < 100;
}

static void check_plan(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_leg *leg = &plan->legs[i];

        must(leg->target->mode == PRESET_SINGLE && leg->level_count < PRESET_DEPTH_MAX);
        for (uint32_t j = 0; j < i; j++)
            must(plan->legs[j].target != leg->target);
        for (uint32_t to = i + 1; to < plan->count; to++) {
            const struct preset_statuses *statuses;

            must((plan_leads(plan, i, to, &statuses) & ~FALL_ANY) == 0);
            must(statuses == NULL || statuses->count > 0);
        }
    }
}

static void resolve(const struct preset *preset, const struct json_doc *body, struct arena *arena)
{
    static const char *const needs[] = {"image", "tools"};
    const struct span tags[] = {span_of("team=red")};
    struct plan_facts facts = {.body = body,
                               .metadata = json_find(body, 0, "metadata"),
                               .model = span_of("openai/gpt-4.1"),
                               .endpoint = span_of("chat.completions"),
                               .user = span_of("u"),
                               .key = span_of("k"),
                               .tags = tags,
                               .tag_count = array_size(tags),
                               .prompt_tokens = 100,
                               .needs = needs,
                               .need_count = array_size(needs)};
    struct plan plan = {.count = 0}, again = {.count = 0};
    const char *where = NULL;

    for (facts.conversation = 0; facts.conversation < 4; facts.conversation++) {
        plan.count = again.count = 0;
        int r = plan_resolve(preset, &facts, arena, &plan, &where);

        must(r == plan_resolve(preset, &facts, arena, &again, &where));
        must(r == -ENOENT ? plan.count == 0 && where != NULL : plan.count > 0);
        must(plan.count == again.count);
        for (uint32_t i = 0; i < plan.count; i++)
            must(plan.legs[i].target == again.legs[i].target);
        check_plan(&plan);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_make((const char *)data, size), text = span_cut(&body, '\n');
    struct arena *arena = arena_new(4096, PRESET_ARENA_MAX), *other = arena_new(4096, 1 << 20);
    struct preset_error_at error = {"", ""};
    struct json_doc doc = json_doc_make();
    struct preset preset;
    uint32_t names = 0;

    if (preset_read(text, arena, &preset, &error) != 0) {
        must(error.text[0] != '\0');
    } else {
        must(preset.target_count >= 1 && preset.target_count <= PRESET_TARGETS_MAX);
        preset_each_name(&preset, count_name, &names);
        if (body.at == NULL || json_parse(&doc, body, &json_limits_body) != JSON_OK)
            must(json_parse(&doc, span_of("{}"), &json_limits_body) == JSON_OK);
        resolve(&preset, &doc, other);
    }
    (void)!preset_name_good(text);
    arena_free(arena);
    arena_free(other);
    json_doc_done(&doc);
    return 0;
}
