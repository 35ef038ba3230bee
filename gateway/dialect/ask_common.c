/*
 * ask_common: readers that several dialects share, and our own extensions, which all of them know.
 */
#include <errno.h>

#include "gateway/dialect/ask_reading.h"

bool ask_invalid(struct ask_reading *r, const char *param, const char *message)
{
    r->outcome = ASK_INVALID;
    *r->refusal = (struct ask_refusal){.message = message, .param = param};
    return false;
}

bool ask_wrong_type(struct ask_reading *r, const char *param, const char *wanted)
{
    return ask_invalid(r, param, arena_printf(r->arena, "'%s' must be %s.", param, wanted));
}

bool ask_unsupported(struct ask_reading *r, const char *param, const char *message)
{
    ask_invalid(r, param, message);
    r->outcome = ASK_UNSUPPORTED;
    return false;
}

/* A string of at most `max` bytes, copied. Absent and null leave it alone. */
bool ask_read_text(struct ask_reading *r, const char *param, uint32_t value, size_t max,
                   struct span *text_out)
{
    struct span text;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return ask_wrong_type(r, param, "a string");
    if (json_raw(r->doc, value).size > 6 * max + 2 ||
        json_string(r->doc, value, r->arena, &text) != 0 || text.size > max)
        return ask_invalid(r, param,
                           arena_printf(r->arena, "'%s' must have at most %zu bytes.", param, max));
    *text_out = arena_span(r->arena, text);
    return true;
}

bool ask_read_flag(struct ask_reading *r, const char *param, uint32_t value, bool *flag_out)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_bool(r->doc, value, flag_out) != 0)
        return ask_wrong_type(r, param, "true or false");
    return true;
}

bool ask_read_number(struct ask_reading *r, const char *param, uint32_t value, int64_t max,
                     int64_t *number_out)
{
    int64_t number;
    int error = json_int64(r->doc, value, &number);

    if (error == -ENOENT)
        return true;
    if (error == -EINVAL)
        return ask_wrong_type(r, param, "a whole number");
    if (error != 0 || number < 1 || number > max)
        return ask_invalid(
            r, param,
            arena_printf(r->arena, "'%s' must be between 1 and %lld.", param, (long long)max));
    *number_out = number;
    return true;
}

bool ask_read_model(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    r->ask->model_node = value;
    return ask_read_text(r, name, value, ASK_NAME_MAX, &r->ask->model);
}

bool ask_read_stream(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_flag(r, name, value, &r->ask->stream);
}

bool ask_read_max_tokens(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->max_tokens_node = value;
    return ask_read_number(r, name, value, ASK_CAP_MAX, &r->ask->max_tokens);
}

bool ask_read_messages(struct ask_reading *r, const char *name, uint32_t value)
{
    if (!json_is(r->doc, value, JSON_ARRAY))
        return ask_wrong_type(r, name, "an array of messages");
    if (json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name, "'messages' must have at least one message.");
    for (uint32_t message = json_first(r->doc, value); message != JSON_NONE;
         message = json_after(r->doc, value, message)) {
        if (json_kind(r->doc, message) != JSON_OBJECT)
            return ask_wrong_type(r, name, "an array of objects");
        uint32_t role = json_find(r->doc, message, "role");
        if (!json_is(r->doc, role, JSON_STRING))
            return ask_invalid(r, name,
                               "Each of 'messages' must have a 'role', which is a string.");
    }
    return true;
}

bool ask_read_object(struct ask_reading *r, const char *name, uint32_t value)
{
    if (!json_is_null(r->doc, value) && json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    return true;
}

bool ask_read_user(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_text(r, name, value, ASK_TEXT_MAX, &r->ask->user);
}

static bool read_session(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_text(r, name, value, ASK_TEXT_MAX, &r->ask->session_id);
}

/* "key=value"; a tag without '=' is a key alone. */
static bool read_tags(struct ask_reading *r, const char *name, uint32_t value)
{
    struct ask *ask = r->ask;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array of strings");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        struct span text = {0};
        if (json_kind(r->doc, item) != JSON_STRING)
            return ask_wrong_type(r, name, "an array of strings");
        if (ask->tag_count == ASK_TAGS_MAX)
            continue;
        if (!ask_read_text(r, name, item, ASK_TEXT_MAX, &text))
            return false;
        struct span rest = text, key = span_cut(&rest, '=');
        ask->tags[ask->tag_count].name = key;
        ask->tags[ask->tag_count++].value = rest;
    }
    return true;
}

bool ask_read_choices(struct ask_reading *r, const char *name, uint32_t value)
{
    return ask_read_number(r, name, value, ASK_CHOICES_MAX, &r->ask->choices);
}

bool ask_read_service_tier(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return ask_wrong_type(r, name, "a string");
    if (json_string_is(r->doc, value, "auto") || json_string_is(r->doc, value, "default"))
        return true;
    return ask_unsupported(r, name,
                           "'service_tier' must be 'auto' or 'default': the catalog has no "
                           "price for other tiers.");
}

bool ask_read_tools(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array");
    for (uint32_t tool = json_first(r->doc, value); tool != JSON_NONE;
         tool = json_after(r->doc, value, tool)) {
        uint32_t type = json_find(r->doc, tool, "type");
        if (!json_is(r->doc, type, JSON_STRING))
            return ask_invalid(r, name, "Each of 'tools' must be an object with a 'type'.");
        if (!json_string_is(r->doc, type, "function") && !json_string_is(r->doc, type, "custom"))
            return ask_unsupported(r, name,
                                   "Only tools of type 'function' and 'custom' can be used here: "
                                   "tools that run at the provider have no price in the catalog.");
    }
    return true;
}

bool ask_require(struct ask_reading *r, const char *name)
{
    return !json_is_null(r->doc, json_find(r->doc, 0, name)) ||
           ask_invalid(r, name, arena_printf(r->arena, "Missing required parameter: '%s'.", name));
}

bool ask_read_names(struct ask_reading *r, const char *param, uint32_t value,
                    struct span *names_out, uint32_t max, uint32_t *count_out)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, param, "an array of strings");
    /* A header that comes twice adds to what is there. */
    if (json_count(r->doc, value) > max - *count_out)
        return ask_invalid(r, param,
                           arena_printf(r->arena, "'%s' must have at most %u items.", param, max));
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        if (json_kind(r->doc, item) != JSON_STRING)
            return ask_wrong_type(r, param, "an array of strings");
        if (!ask_read_text(r, param, item, ASK_NAME_MAX, &names_out[(*count_out)++]))
            return false;
    }
    return true;
}

#define ALL UINT32_MAX

/* Sorted by name. */
static const struct ask_member members[] = {
    {"api_base", ALL, ASK_HOST, NULL},
    {"api_key", ALL, ASK_HOST, NULL},
    {"base_url", ALL, ASK_HOST, NULL},
    {"cache", ALL, ASK_CONSUMED, NULL},
    {"content_policy_fallbacks", ALL, ASK_CONSUMED, ask_read_policy_fallbacks},
    {"context_window_fallbacks", ALL, ASK_CONSUMED, ask_read_context_fallbacks},
    {"extra_headers", ALL, ASK_HOST, NULL},
    {"fallbacks", ALL, ASK_CONSUMED, ask_read_fallbacks},
    {"first_ping_ms", ALL, ASK_CONSUMED, ask_read_first_ping},
    {"inference_geo", ALL, ASK_PRICED, NULL},
    {"metadata", ALL, ASK_PASSED, ask_read_object},
    {"mock_testing_content_policy_fallbacks", ALL, ASK_CONSUMED, ask_read_mock_policy},
    {"mock_testing_context_fallbacks", ALL, ASK_CONSUMED, ask_read_mock_context},
    {"mock_testing_fallbacks", ALL, ASK_CONSUMED, ask_read_mock_fallbacks},
    {"mock_testing_rate_limit_error", ALL, ASK_CONSUMED, ask_read_mock_limit},
    {"models", ALL, ASK_CONSUMED, ask_read_models},
    {"num_retries", ALL, ASK_CONSUMED, ask_read_retries},
    {"organization", ALL, ASK_HOST, NULL},
    {"preset", ALL, ASK_CONSUMED, ask_read_preset},
    {"provider", ALL, ASK_CONSUMED, ask_read_provider},
    {"proxy", ALL, ASK_HOST, NULL},
    {"route_preference", ALL, ASK_CONSUMED, ask_read_preference},
    {"session_id", ALL, ASK_CONSUMED, read_session},
    {"stream_timeout", ALL, ASK_CONSUMED, ask_read_stream_timeout},
    {"tags", ALL, ASK_CONSUMED, read_tags},
    {"timeout", ALL, ASK_CONSUMED, ask_read_timeout},
};

const struct ask_table ask_common_table = {.members = members, .count = array_size(members)};
