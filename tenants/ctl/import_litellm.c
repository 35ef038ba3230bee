/*
 * import_litellm: see import_litellm.h.
 */
#include "tenants/ctl/import_litellm.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "tenants/ctl/import_litellm_inside.h"

enum { FALLBACKS_MAX = 20 };

#define ELSEWHERE "is left out: it is not about routing"
#define BREAKER "is left out: see Breaker in docs/routing.md"
#define CALLBACK "is left out: nothing is called back"

static const struct import_member root_members[] = {
    {"model_list", FATE_TAKEN, NULL},
    {"router_settings", FATE_TAKEN, NULL},
    {"litellm_settings", FATE_TAKEN, NULL},
    {"general_settings", FATE_NOTED, ELSEWHERE},
    {"environment_variables", FATE_NOTED, ELSEWHERE},
    {"callback_settings", FATE_NOTED, CALLBACK},
    {"credential_list", FATE_NOTED,
     "is left out: providers are called with the gateway's own credentials"},
    {"mcp_servers", FATE_NOTED, ELSEWHERE},
    {"vector_store_registry", FATE_NOTED, ELSEWHERE},
    {"search_tools", FATE_NOTED, ELSEWHERE},
    {"files_settings", FATE_NOTED, ELSEWHERE},
    {"finetune_settings", FATE_NOTED, ELSEWHERE},
    {"assistant_settings", FATE_NOTED, ELSEWHERE},
    {"guardrails", FATE_LOST, "is left out, so nothing would check the requests"},
    {"include", FATE_LOST, "is left out: other files are not read"},
};
/* Most of them may stand in either. */
static const struct import_member setting_members[] = {
    {"routing_strategy", FATE_TAKEN, NULL},
    {"fallbacks", FATE_TAKEN, NULL},
    {"context_window_fallbacks", FATE_TAKEN, NULL},
    {"content_policy_fallbacks", FATE_TAKEN, NULL},
    {"default_fallbacks", FATE_TAKEN, NULL},
    {"num_retries", FATE_TAKEN, NULL},
    {"retry_policy", FATE_TAKEN, NULL},
    {"timeout", FATE_TAKEN, NULL},
    {"request_timeout", FATE_TAKEN, NULL},
    {"stream_timeout", FATE_TAKEN, NULL},
    {"model_group_alias", FATE_TAKEN, NULL},
    {"default_litellm_params", FATE_TAKEN, NULL},
    {"routing_strategy_args", FATE_NOTED, "is left out"},
    {"allowed_fails*", FATE_NOTED, BREAKER},
    {"cooldown_time", FATE_NOTED, BREAKER},
    {"disable_cooldowns", FATE_NOTED, BREAKER},
    {"enable_pre_call_check*", FATE_NOTED, "is left out: who can't read the prompt is never asked"},
    {"max_fallbacks", FATE_NOTED, "is left out: a request makes at most 5 attempts"},
    {"retry_after", FATE_NOTED, "is left out: waiting is by backoff and Retry-After"},
    {"drop_params", FATE_NOTED, "is left out: what a provider does not know is dropped anyway"},
    {"cache*", FATE_NOTED, "is left out: answers are not cached"},
    {"caching_groups", FATE_NOTED, "is left out: answers are not cached"},
    {"redis_*", FATE_NOTED, ELSEWHERE},
    {"success_callback", FATE_NOTED, CALLBACK},
    {"failure_callback", FATE_NOTED, CALLBACK},
    {"callbacks", FATE_NOTED, CALLBACK},
    {"service_callbacks", FATE_NOTED, CALLBACK},
    {"langfuse_*", FATE_NOTED, CALLBACK},
    {"set_verbose", FATE_NOTED, ELSEWHERE},
    {"debug_level", FATE_NOTED, ELSEWHERE},
    {"json_logs", FATE_NOTED, ELSEWHERE},
    {"turn_off_message_logging", FATE_NOTED, ELSEWHERE},
    {"redact_*", FATE_NOTED, ELSEWHERE},
    {"telemetry", FATE_NOTED, ELSEWHERE},
    {"force_ipv4", FATE_NOTED, ELSEWHERE},
    {"ssl_verify", FATE_NOTED, ELSEWHERE},
    {"client_ttl", FATE_NOTED, ELSEWHERE},
    {"max_parallel_requests", FATE_NOTED, "is left out: limits are those of keys"},
    {"default_max_parallel_requests", FATE_NOTED, "is left out: limits are those of keys"},
    {"max_budget", FATE_NOTED, "is left out: budgets are those of keys and tenants"},
    {"budget_duration", FATE_NOTED, "is left out: budgets are those of keys and tenants"},
    {"default_internal_user_params", FATE_NOTED, ELSEWHERE},
    {"key_generation_settings", FATE_NOTED, ELSEWHERE},
    {"mcp_aliases", FATE_NOTED, ELSEWHERE},
    {"optional_pre_call_checks", FATE_NOTED,
     "is left out: a conversation stays with its provider anyway"},
    {"model_group_retry_policy", FATE_LOST, "is left out; write retry into the presets"},
    {"enable_tag_filtering", FATE_LOST, "is left out; a conditional's request.tags does the like"},
    {"tag_filtering_match_any", FATE_LOST, "is left out"},
    {"provider_budget_config", FATE_LOST, "is left out: there are no budgets of providers"},
    {"routing_groups", FATE_LOST, "is left out"},
    {"guardrails", FATE_LOST, "is left out, so nothing would check the requests"},
};

/* ---- settings ---- */

uint32_t litellm_setting(const struct litellm *import, const char *name)
{
    uint32_t node = import_find(import->doc, import->router, name);
    return json_is_null(import->doc, node) ? import_find(import->doc, import->library, name) : node;
}

int64_t litellm_ms(const struct litellm *import, uint32_t node, const char *path)
{
    double seconds = 0;
    if (json_is_null(import->doc, node))
        return 0;
    if (json_double(import->doc, node, &seconds) == 0 && seconds > 0 && seconds <= 1e6)
        return import_bound_ms(seconds * 1000, path, import->report);
    import_lose(import->report, path, "is no time in seconds");
    return 0;
}

static void read_strategy(struct litellm *import)
{
    static const struct {
        const char *word;
        enum litellm_strategy strategy;
    } rows[] = {
        {"simple-shuffle", LITELLM_SHUFFLE},    {"latency-based-routing", LITELLM_LATENCY},
        {"cost-based-routing", LITELLM_COST},   {"least-busy", LITELLM_LEAST_BUSY},
        {"usage-based-routing", LITELLM_USAGE}, {"usage-based-routing-v2", LITELLM_USAGE},
    };
    uint32_t node = litellm_setting(import, "routing_strategy");
    if (json_is_null(import->doc, node))
        return;
    for (size_t i = 0; i < array_size(rows); i++) {
        if (json_kind(import->doc, node) != JSON_STRING ||
            !json_string_is(import->doc, node, rows[i].word))
            continue;
        import->strategy = rows[i].strategy;
        return;
    }
    import_lose(import->report, "routing_strategy", "is none that is known");
}

static void read_retries(struct litellm *import)
{
    static const struct import_member members[] = {
        {"TimeoutErrorRetries", FATE_TAKEN, NULL},
        {"RateLimitErrorRetries", FATE_TAKEN, NULL},
        {"InternalServerErrorRetries", FATE_TAKEN, NULL},
        {"*", FATE_NOTED, "is left out: such errors are never repeated at one target"},
    };
    static const struct {
        const char *name;
        int error;
    } rows[] = {{"TimeoutErrorRetries", IMPORT_TIMEOUT},
                {"RateLimitErrorRetries", IMPORT_RATE_LIMIT},
                {"InternalServerErrorRetries", IMPORT_SERVER}};
    uint32_t policy = litellm_setting(import, "retry_policy");
    import->retry = import_target_make(IMPORT_SINGLE).retry;
    import->retry.attempts = import_read_retries(
        import->doc, litellm_setting(import, "num_retries"), "num_retries", import->report);
    if (json_is_null(import->doc, policy))
        return;
    import_members(import->doc, policy, "retry_policy", members, array_size(members),
                   import->report);
    for (size_t i = 0; i < array_size(rows); i++)
        import->retry.by[rows[i].error] =
            import_read_retries(import->doc, import_find(import->doc, policy, rows[i].name),
                                "retry_policy", import->report);
}

static void read_settings(struct litellm *import)
{
    static const char *const names[] = {"router_settings", "litellm_settings"};
    uint32_t *const places[] = {&import->router, &import->library};
    for (size_t i = 0; i < array_size(names); i++) {
        *places[i] = import_find(import->doc, 0, names[i]);
        if (!json_is_null(import->doc, *places[i]) &&
            json_kind(import->doc, *places[i]) != JSON_OBJECT)
            import_lose(import->report, names[i], "is no mapping");
        else if (!json_is_null(import->doc, *places[i]))
            import_members(import->doc, *places[i], names[i], setting_members,
                           array_size(setting_members), import->report);
    }
    read_strategy(import);
    read_retries(import);
}

/* ---- fallbacks ---- */

/* Of [{"a": [..]}, {"*": [..]}] the list of this group, or of all. */
static uint32_t fallbacks_of(const struct litellm *import, uint32_t setting, struct span group)
{
    cleanup(buf_done) struct buf name = buf_make(IMPORT_PATH_MAX * 2);
    uint32_t all = JSON_NONE;
    if (json_is_null(import->doc, setting) || json_kind(import->doc, setting) != JSON_ARRAY)
        return JSON_NONE;
    buf_add_span(&name, group);
    for (uint32_t i = json_first(import->doc, setting); i != JSON_NONE;
         i = json_after(import->doc, setting, i)) {
        uint32_t list = json_find(import->doc, i, name.at);
        if (list != JSON_NONE)
            return list;
        if (all == JSON_NONE)
            all = json_find(import->doc, i, "*");
    }
    return all;
}

/* Lists of other shapes would be read as empty ones. */
static void check_fallbacks(const struct litellm *import)
{
    static const char *const names[] = {"fallbacks", "context_window_fallbacks",
                                        "content_policy_fallbacks"};
    for (size_t i = 0; i < array_size(names); i++) {
        uint32_t list = litellm_setting(import, names[i]);
        if (json_is_null(import->doc, list))
            continue;
        bool good = json_kind(import->doc, list) == JSON_ARRAY;
        for (uint32_t j = good ? json_first(import->doc, list) : JSON_NONE; j != JSON_NONE;
             j = json_after(import->doc, list, j))
            good = good && json_kind(import->doc, j) == JSON_OBJECT;
        if (!good)
            import_lose(import->report, names[i], "is no list of {GROUP: [MODEL, ...]}");
    }
    uint32_t defaults = litellm_setting(import, "default_fallbacks");
    if (!json_is_null(import->doc, defaults) && json_kind(import->doc, defaults) != JSON_ARRAY)
        import_lose(import->report, "default_fallbacks", "is no list of models");
}

static struct span alias_of(const struct litellm *import, struct span name)
{
    char text[IMPORT_PATH_MAX];
    uint32_t aliases = litellm_setting(import, "model_group_alias");
    (void)snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
    uint32_t node = aliases == JSON_NONE ? JSON_NONE : json_find(import->doc, aliases, text);
    if (node != JSON_NONE && json_kind(import->doc, node) == JSON_OBJECT)
        node = import_find(import->doc, node, "model");
    return import_text(import->doc, node, import->arena);
}

/* A group, an alias of one, or a model by its name. */
static int add_named(struct litellm *import, struct import_preset *preset, int parent,
                     struct span name, const char *path)
{
    struct import_target leaf = import_target_make(IMPORT_SINGLE);
    struct span alias = alias_of(import, name);
    struct span group = litellm_has_group(import, name) ? name : alias;
    if (litellm_has_group(import, group))
        return litellm_add_group(import, preset, parent, group);
    if (!litellm_place(import, name, (struct span){0}, (struct span){0}, path, &leaf))
        return IMPORT_NONE;
    int index = import_add(preset, parent, IMPORT_SINGLE);
    if (index != IMPORT_NONE) {
        leaf.parent = parent;
        preset->at[index] = leaf;
    }
    return index;
}

static void add_fallbacks(struct litellm *import, struct import_preset *preset, struct span group,
                          uint32_t list, const char *path, unsigned on)
{
    if (list == JSON_NONE || json_kind(import->doc, list) != JSON_ARRAY)
        return;
    if (json_count(import->doc, list) > FALLBACKS_MAX)
        import_lose(import->report, path, "has more than %d for one group", FALLBACKS_MAX);
    unsigned count = 0;
    for (uint32_t i = json_first(import->doc, list); i != JSON_NONE && count++ < FALLBACKS_MAX;
         i = json_after(import->doc, list, i)) {
        struct span name = import_text(import->doc, i, import->arena);
        if (name.size == 0) {
            import_lose(import->report, path, "has a fallback that is no model's name");
            continue;
        }
        if (span_equal(name, group))
            continue;
        int index = add_named(import, preset, 0, name, path);
        if (index == IMPORT_NONE)
            continue;
        preset->at[index].on = on;
        if (preset->at[index].name.size == 0)
            preset->at[index].name = import_unique(preset, name, import->arena);
    }
}

struct fallbacks {
    uint32_t any, context, policy;
    unsigned any_on;
};

static struct fallbacks read_fallbacks(const struct litellm *import, struct span group)
{
    uint32_t context = litellm_setting(import, "context_window_fallbacks");
    uint32_t policy = litellm_setting(import, "content_policy_fallbacks");
    struct fallbacks all = {
        .any = fallbacks_of(import, litellm_setting(import, "fallbacks"), group),
        .context = fallbacks_of(import, context, group),
        .policy = fallbacks_of(import, policy, group),
        .any_on = IMPORT_ON_ANY,
    };
    if (all.any == JSON_NONE)
        all.any = litellm_setting(import, "default_fallbacks");
    /* Where there are fallbacks for these the others are not for them. */
    if (!json_is_null(import->doc, context))
        all.any_on &= ~(unsigned)IMPORT_ON_CONTEXT;
    if (!json_is_null(import->doc, policy))
        all.any_on &= ~(unsigned)IMPORT_ON_POLICY;
    return all;
}

/* ---- presets ---- */

static bool is_list(const struct litellm *import, uint32_t node)
{
    return !json_is_null(import->doc, node) && json_kind(import->doc, node) == JSON_ARRAY &&
           json_count(import->doc, node) > 0;
}

static void build(struct litellm *import, struct import_preset *preset, struct span group)
{
    struct fallbacks all = read_fallbacks(import, group);
    import_preset_clear(preset);
    if (!is_list(import, all.any) && !is_list(import, all.context) &&
        !is_list(import, all.policy)) {
        (void)!litellm_add_group(import, preset, IMPORT_NONE, group);
        return;
    }
    int top = import_add(preset, IMPORT_NONE, IMPORT_FALLBACK);
    int first = litellm_add_group(import, preset, top, group);
    if (first != IMPORT_NONE && preset->at[first].name.size == 0)
        preset->at[first].name = import_unique(preset, group, import->arena);
    add_fallbacks(import, preset, group, all.any, "fallbacks", all.any_on);
    add_fallbacks(import, preset, group, all.context, "context_window_fallbacks",
                  IMPORT_ON_CONTEXT);
    add_fallbacks(import, preset, group, all.policy, "content_policy_fallbacks", IMPORT_ON_POLICY);
}

struct span import_preset_name(struct span text, struct arena *arena)
{
    char name[IMPORT_NAME_MAX + 1];
    size_t size = 0;
    for (size_t i = 0; i < text.size && size < IMPORT_NAME_MAX; i++) {
        char c = (char)tolower((unsigned char)text.at[i]);
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '.')
            c = '-';
        if (word || size > 0)
            name[size++] = c;
    }
    return arena_span(arena, span_make(name, size));
}

bool import_finish(struct import_result *result, struct span name, struct import_preset *preset,
                   struct arena *arena, struct import_report *report)
{
    cleanup(buf_done) struct buf text = buf_make(IMPORT_PRESET_MAX);
    char path[IMPORT_PATH_MAX];
    (void)snprintf(path, sizeof(path), "preset %.*s", SPAN_ARG(name));
    import_prune(preset);
    const char *why = NULL;
    for (uint32_t i = 0; i < result->count; i++) {
        if (span_equal(result->at[i].name, name))
            why = "is there twice";
    }
    if (name.size == 0)
        why = "has no name";
    else if (!import_any_leaf(preset))
        why = "has no target left";
    else if (result->count == IMPORT_PRESETS_MAX)
        why = "is one too many";
    else if (!import_write(preset, &text))
        why = "is larger than a preset may be";
    if (why != NULL) {
        import_lose(report, path, "%s", why);
        return false;
    }
    result->at[result->count++] =
        (struct import_made){arena_span(arena, name), arena_span(arena, buf_span(&text))};
    return true;
}

static void finish_group(struct litellm *import, struct span name, struct span group,
                         struct import_preset *preset, struct import_result *result)
{
    struct span own = import_preset_name(name, import->arena);
    if (!span_equal(own, name))
        import_note(import->report, "model_list", "%.*s becomes the preset %.*s", SPAN_ARG(name),
                    SPAN_ARG(own));
    build(import, preset, group);
    (void)!import_finish(result, own, preset, import->arena, import->report);
}

static void finish_aliases(struct litellm *import, struct import_preset *preset,
                           struct import_result *result)
{
    uint32_t aliases = litellm_setting(import, "model_group_alias");
    uint32_t count = 0;
    if (json_is_null(import->doc, aliases))
        return;
    if (json_kind(import->doc, aliases) != JSON_OBJECT) {
        import_lose(import->report, "model_group_alias", "is no mapping");
        return;
    }
    for (uint32_t i = json_first(import->doc, aliases);
         i != JSON_NONE && count < IMPORT_PRESETS_MAX; i = json_after(import->doc, aliases, i)) {
        struct span name = import_text(import->doc, i, import->arena);
        struct span group = alias_of(import, name);
        count++;
        if (litellm_has_group(import, group))
            finish_group(import, name, group, preset, result);
        else
            import_lose(import->report, "model_group_alias", "%.*s is no name of a group",
                        SPAN_ARG(name));
    }
}

int import_litellm(const struct json_doc *doc, const struct import_names *names,
                   struct arena *arena, struct import_report *report, struct import_result *result,
                   struct buf *error)
{
    uint32_t list = import_find(doc, 0, "model_list");
    if (json_is_null(doc, list) || json_kind(doc, list) != JSON_ARRAY) {
        buf_add_string(error, "it has no model_list, as a configuration of LiteLLM does");
        return -EINVAL;
    }
    struct import_preset *preset = arena_take(arena, sizeof(*preset));
    struct litellm *import = arena_take(arena, sizeof(*import));
    *import = (struct litellm){.doc = doc,
                               .names = names,
                               .arena = arena,
                               .report = report,
                               .router = JSON_NONE,
                               .library = JSON_NONE,
                               .rung = arena_take(arena, sizeof(*import->rung))};
    import_members(doc, 0, "", root_members, array_size(root_members), report);
    read_settings(import);
    check_fallbacks(import);
    litellm_read_list(import, list);
    for (uint32_t i = 0; i < import->group_count; i++)
        finish_group(import, import->groups[i], import->groups[i], preset, result);
    finish_aliases(import, preset, result);
    return 0;
}
