/*
 * import_litellm_list: the entries of LiteLLM's model_list.
 */
#include "tenants/ctl/import_litellm_inside.h"
#include "tenants/ctl/import_place.h"

#define KEYS "is left out: providers are called with the gateway's own credentials"
#define REGION                                                                                     \
    "is left out: a preset can't say where; provider.regions can, for deployments whose region "   \
    "is known"
#define PRICE "is left out: prices are the catalog's"
#define WHERE "is left out: where providers are stands in the catalog"

static const struct import_member entry_members[] = {
    {"model_name", FATE_TAKEN, NULL}, {"litellm_params", FATE_TAKEN, NULL},
    {"model_info", FATE_TAKEN, NULL}, {"rpm", FATE_TAKEN, NULL},
    {"tpm", FATE_TAKEN, NULL},
};
static const struct import_member param_members[] = {
    {"model", FATE_TAKEN, NULL},
    {"custom_llm_provider", FATE_TAKEN, NULL},
    {"weight", FATE_TAKEN, NULL},
    {"order", FATE_TAKEN, NULL},
    {"rpm", FATE_NOTED, "is taken for a weight, as LiteLLM does; limits are those of keys"},
    {"tpm", FATE_NOTED, "is taken for a weight, as LiteLLM does; limits are those of keys"},
    {"timeout", FATE_TAKEN, NULL},
    {"stream_timeout", FATE_TAKEN, NULL},
    {"num_retries", FATE_TAKEN, NULL},
    IMPORT_OVERRIDE_MEMBERS,
    {"api_base", FATE_TAKEN, NULL},
    {"base_url", FATE_TAKEN, NULL},
    {"aws_region_name", FATE_LOST, REGION},
    {"vertex_location", FATE_LOST, REGION},
    {"vertex_ai_location", FATE_LOST, REGION},
    {"region_name", FATE_LOST, REGION},
    {"api_key", FATE_NOTED, KEYS},
    {"api_version", FATE_NOTED, KEYS},
    {"organization", FATE_NOTED, KEYS},
    {"aws_bedrock_runtime_endpoint", FATE_LOST, WHERE},
    {"aws_*", FATE_NOTED, KEYS},
    {"azure_*", FATE_NOTED, KEYS},
    {"vertex_*", FATE_NOTED, KEYS},
    {"litellm_credential_name", FATE_NOTED, KEYS},
    {"tenant_id", FATE_NOTED, KEYS},
    {"client_id", FATE_NOTED, KEYS},
    {"client_secret", FATE_NOTED, KEYS},
    {"input_cost_*", FATE_NOTED, PRICE},
    {"output_cost_*", FATE_NOTED, PRICE},
    {"cache_*_cost*", FATE_NOTED, PRICE},
    {"max_retries", FATE_NOTED, "is left out; num_retries says how often it is tried again"},
    {"max_parallel_requests", FATE_NOTED, "is left out: limits are those of keys"},
    {"cooldown_time", FATE_NOTED, "is left out: see Breaker in docs/routing.md"},
    {"drop_params", FATE_NOTED, "is left out: what a provider does not know is dropped anyway"},
    {"additional_drop_params", FATE_LOST, "is left out: presets take no parameters away"},
    {"extra_headers", FATE_LOST, "is left out: presets send no headers"},
    {"headers", FATE_LOST, "is left out: presets send no headers"},
    {"tags", FATE_LOST, "is left out; a conditional's request.tags does the like"},
    {"guardrails", FATE_LOST, "is left out, so nothing would check the requests"},
    {"mock_response", FATE_LOST, "is left out"},
};

/* ---- weights and times ---- */

/* Each may stand beside the parameters too, as older files have them. */
static void read_weights(struct litellm *import, uint32_t entry, uint32_t params, const char *path,
                         struct litellm_deployment *out)
{
    static const char *const names[LITELLM_UNITS] = {
        [LITELLM_WEIGHT] = "weight", [LITELLM_RPM] = "rpm", [LITELLM_TPM] = "tpm"};
    for (size_t i = 0; i < array_size(names); i++) {
        uint32_t node = import_find(import->doc, params, names[i]);
        char at[IMPORT_PATH_MAX];
        double value = 0;
        out->weights[i] = -1;
        if (json_is_null(import->doc, node))
            node = import_find(import->doc, entry, names[i]);
        if (json_is_null(import->doc, node))
            continue;
        import_path(at, path, span_of(names[i]));
        if (json_double(import->doc, node, &value) == 0)
            out->weights[i] = value > 0 ? value : 0;
        else
            import_lose(import->report, at, "is no number");
    }
}

static void read_times(struct litellm *import, uint32_t params, const char *path,
                       struct import_target *leaf)
{
    static const char *const whole[] = {"timeout", "request_timeout"};
    char at[IMPORT_PATH_MAX];
    import_path(at, path, span_of("timeout"));
    leaf->total_ms = litellm_ms(import, import_find(import->doc, params, "timeout"), at);
    for (size_t i = 0; i < array_size(whole) && leaf->total_ms == 0; i++)
        leaf->total_ms = litellm_ms(import, litellm_setting(import, whole[i]), whole[i]);
    import_path(at, path, span_of("stream_timeout"));
    leaf->first_ms = litellm_ms(import, import_find(import->doc, params, "stream_timeout"), at);
    if (leaf->first_ms == 0)
        leaf->first_ms =
            litellm_ms(import, litellm_setting(import, "stream_timeout"), "stream_timeout");
}

/* ---- parameters ---- */

/* Where an endpoint is part of the account it says nothing; elsewhere it is another provider. */
static void report_base(struct litellm *import, uint32_t params, const char *path,
                        const struct import_target *leaf)
{
    static const char *const names[] = {"api_base", "base_url"};
    bool account = leaf->provider_count > 0 && (span_is(leaf->providers[0], "azure") ||
                                                span_is(leaf->providers[0], "google-vertex") ||
                                                span_is(leaf->providers[0], "amazon-bedrock"));
    for (size_t i = 0; i < array_size(names); i++) {
        char at[IMPORT_PATH_MAX];
        if (json_is_null(import->doc, import_find(import->doc, params, names[i])))
            continue;
        import_path(at, path, span_of(names[i]));
        if (account)
            import_note(import->report, at, KEYS);
        else
            import_lose(import->report, at, "%s: it would go to %.*s itself", WHERE,
                        leaf->provider_count > 0 ? (int)leaf->providers[0].size : 12,
                        leaf->provider_count > 0 ? leaf->providers[0].at : "the provider");
    }
}

static void read_overrides(struct litellm *import, uint32_t params, struct import_target *leaf)
{
    struct import_layers layers = {.at = {params}, .count = 1};
    uint32_t all = litellm_setting(import, "default_litellm_params");
    if (all != JSON_NONE && json_kind(import->doc, all) == JSON_OBJECT)
        layers.at[layers.count++] = all;
    leaf->overrides = import_overrides(import->doc, &layers, import->arena);
}

/* ---- models ---- */

bool litellm_place(struct litellm *import, struct span model, struct span provider,
                   struct span base, const char *path, struct import_target *leaf)
{
    struct import_place place = {.provider = provider, .model = model, .whole = model};
    struct span rest = model, first = span_cut(&rest, '/');
    if (provider.size == 0 && rest.at != NULL) {
        place.provider = first;
        place.model = rest;
    }
    if (base.size > 0 && import_mapped(import->names, model).size == 0) {
        rest = base;
        first = span_cut(&rest, '/');
        place.model = rest.at != NULL ? rest : base;
    }
    return import_put(&place, import->names, path, import->report, leaf);
}

/* ---- an entry ---- */

static bool read_group(struct litellm *import, uint32_t entry, const char *path,
                       struct litellm_deployment *out)
{
    out->group =
        import_text(import->doc, import_find(import->doc, entry, "model_name"), import->arena);
    if (out->group.size == 0)
        import_lose(import->report, path, "has no model_name");
    else if (span_index(out->group, '*') >= 0)
        import_note(import->report, path,
                    "is left out: every model of the catalog can be asked for without a preset");
    return out->group.size > 0 && span_index(out->group, '*') < 0;
}

static bool read_entry(struct litellm *import, uint32_t entry, const char *path,
                       struct litellm_deployment *out)
{
    uint32_t params = import_find(import->doc, entry, "litellm_params");
    uint32_t info = import_find(import->doc, entry, "model_info");
    char at[IMPORT_PATH_MAX];
    import_members(import->doc, entry, path, entry_members, array_size(entry_members),
                   import->report);
    if (!read_group(import, entry, path, out))
        return false;
    out->leaf = import_target_make(IMPORT_SINGLE);
    import_path(at, path, span_of("litellm_params"));
    if (params == JSON_NONE || json_kind(import->doc, params) != JSON_OBJECT) {
        import_lose(import->report, at, "is not there");
        return false;
    }
    import_members(import->doc, params, at, param_members, array_size(param_members),
                   import->report);
    struct span model =
        import_text(import->doc, import_find(import->doc, params, "model"), import->arena);
    struct span provider = import_text(
        import->doc, import_find(import->doc, params, "custom_llm_provider"), import->arena);
    struct span base =
        import_text(import->doc, import_find(import->doc, info, "base_model"), import->arena);
    if (model.size == 0)
        import_lose(import->report, at, "names no model");
    if (model.size == 0 || !litellm_place(import, model, provider, base, at, &out->leaf))
        return false;
    report_base(import, params, at, &out->leaf);
    read_weights(import, entry, params, at, out);
    read_times(import, params, at, &out->leaf);
    read_overrides(import, params, &out->leaf);
    out->leaf.retry.attempts = import_read_retries(
        import->doc, import_find(import->doc, params, "num_retries"), at, import->report);
    out->name = import_text(import->doc, import_find(import->doc, info, "id"), import->arena);
    (void)!json_int64(import->doc, import_find(import->doc, params, "order"), &out->order);
    return true;
}

static void add_group_name(struct litellm *import, struct span group)
{
    for (uint32_t i = 0; i < import->group_count; i++) {
        if (span_equal(import->groups[i], group))
            return;
    }
    if (import->group_count < IMPORT_PRESETS_MAX)
        import->groups[import->group_count++] = group;
    else
        import_lose(import->report, "model_list", "has more than %d groups", IMPORT_PRESETS_MAX);
}

void litellm_read_list(struct litellm *import, uint32_t list)
{
    unsigned count = 0;
    import->deployments =
        arena_array(import->arena, LITELLM_DEPLOYMENTS_MAX, sizeof(*import->deployments));
    for (uint32_t i = json_first(import->doc, list); i != JSON_NONE;
         i = json_after(import->doc, list, i)) {
        char path[IMPORT_PATH_MAX];
        import_path_index(path, "", "model_list", count++);
        if (import->deployment_count == LITELLM_DEPLOYMENTS_MAX) {
            import_lose(import->report, path, "is left out, and what follows: %d are read",
                        LITELLM_DEPLOYMENTS_MAX);
            return;
        }
        struct litellm_deployment *one = &import->deployments[import->deployment_count];
        *one = (struct litellm_deployment){.weight = 1, .order = INT64_MAX};
        if (json_kind(import->doc, i) != JSON_OBJECT)
            import_lose(import->report, path, "is no object");
        else if (read_entry(import, i, path, one)) {
            add_group_name(import, one->group);
            import->deployment_count++;
        }
    }
}
