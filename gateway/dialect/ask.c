/*
 * ask: see the header. One table says what becomes of each member that the gateway knows.
 */
#include "gateway/dialect/ask.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/dialect/input_bound.h"

enum { CHAT = 1, EMBEDDINGS = 2, BOTH = 3 };

struct reading {
    struct ask *ask;
    struct ask_refusal *refusal;
    struct arena *arena;
    const struct json_doc *doc;
    enum ask_outcome outcome;
};

struct member {
    const char *name;
    uint8_t kinds; /* where it is known; elsewhere it is passed on */
    enum { PASSED, CONSUMED, HOST, PRICED } becomes;
    bool (*read)(struct reading *r, const char *name, uint32_t value); /* NULL: not looked at */
};

static bool invalid(struct reading *r, const char *param, const char *message)
{
    r->outcome = ASK_INVALID;
    *r->refusal = (struct ask_refusal){.message = message, .param = param};
    return false;
}

static bool wrong_type(struct reading *r, const char *param, const char *wanted)
{
    return invalid(r, param, arena_printf(r->arena, "'%s' must be %s.", param, wanted));
}

static bool unsupported(struct reading *r, const char *param, const char *message)
{
    invalid(r, param, message);
    r->outcome = ASK_UNSUPPORTED;
    return false;
}

/* A string of at most `max` bytes, copied. Absent and null leave it alone. */
static bool read_text(struct reading *r, const char *param, uint32_t value, size_t max,
                      struct span *text_out)
{
    struct span text;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return wrong_type(r, param, "a string");
    if (json_raw(r->doc, value).size > 6 * max + 2 ||
        json_string(r->doc, value, r->arena, &text) != 0 || text.size > max)
        return invalid(r, param,
                       arena_printf(r->arena, "'%s' must have at most %zu bytes.", param, max));
    *text_out = arena_span(r->arena, text);
    return true;
}

static bool read_flag(struct reading *r, const char *param, uint32_t value, bool *flag_out)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_bool(r->doc, value, flag_out) != 0)
        return wrong_type(r, param, "true or false");
    return true;
}

static bool read_number(struct reading *r, const char *param, uint32_t value, int64_t max,
                        int64_t *number_out)
{
    int64_t number;
    int error = json_int64(r->doc, value, &number);

    if (error == -ENOENT)
        return true;
    if (error == -EINVAL)
        return wrong_type(r, param, "a whole number");
    if (error != 0 || number < 1 || number > max)
        return invalid(
            r, param,
            arena_printf(r->arena, "'%s' must be between 1 and %lld.", param, (long long)max));
    *number_out = number;
    return true;
}

static bool read_model(struct reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    r->ask->model_node = value;
    return read_text(r, name, value, ASK_NAME_MAX, &r->ask->model);
}

static bool read_stream(struct reading *r, const char *name, uint32_t value)
{
    return read_flag(r, name, value, &r->ask->stream);
}

static bool read_stream_options(struct reading *r, const char *name, uint32_t value)
{
    r->ask->stream_options_node = value;
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return wrong_type(r, name, "an object");
    return read_flag(r, "stream_options.include_usage", json_find(r->doc, value, "include_usage"),
                     &r->ask->include_usage);
}

static bool read_max_tokens(struct reading *r, const char *name, uint32_t value)
{
    r->ask->max_tokens_node = value;
    return read_number(r, name, value, ASK_CAP_MAX, &r->ask->max_tokens);
}

static bool read_max_completion_tokens(struct reading *r, const char *name, uint32_t value)
{
    r->ask->max_completion_tokens_node = value;
    return read_number(r, name, value, ASK_CAP_MAX, &r->ask->max_completion_tokens);
}

static bool read_choices(struct reading *r, const char *name, uint32_t value)
{
    return read_number(r, name, value, ASK_CHOICES_MAX, &r->ask->choices);
}

static bool read_messages(struct reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value) || json_kind(r->doc, value) != JSON_ARRAY)
        return wrong_type(r, name, "an array of messages");
    if (json_first(r->doc, value) == JSON_NONE)
        return invalid(r, name, "'messages' must have at least one message.");
    for (uint32_t message = json_first(r->doc, value); message != JSON_NONE;
         message = json_after(r->doc, value, message)) {
        if (json_kind(r->doc, message) != JSON_OBJECT)
            return wrong_type(r, name, "an array of objects");
        uint32_t role = json_find(r->doc, message, "role");
        if (role == JSON_NONE || json_kind(r->doc, role) != JSON_STRING)
            return invalid(r, name, "Each of 'messages' must have a 'role', which is a string.");
    }
    return true;
}

static bool read_input(struct reading *r, const char *name, uint32_t value)
{
    enum json_kind kind = json_kind(r->doc, value);

    if (kind != JSON_STRING && kind != JSON_ARRAY)
        return wrong_type(r, name, "a string, an array of strings, or an array of tokens");
    if (kind == JSON_ARRAY && json_first(r->doc, value) == JSON_NONE)
        return invalid(r, name, "'input' must not be an empty array.");
    return true;
}

/* Tools that run at the provider have a price of their own. */
static bool read_tools(struct reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return wrong_type(r, name, "an array");
    for (uint32_t tool = json_first(r->doc, value); tool != JSON_NONE;
         tool = json_after(r->doc, value, tool)) {
        uint32_t type = json_find(r->doc, tool, "type");
        if (type == JSON_NONE || json_kind(r->doc, type) != JSON_STRING)
            return invalid(r, name, "Each of 'tools' must be an object with a 'type'.");
        if (!json_string_is(r->doc, type, "function") && !json_string_is(r->doc, type, "custom"))
            return unsupported(r, name,
                               "Only tools of type 'function' and 'custom' can be used here: "
                               "tools that run at the provider have no price in the catalog.");
    }
    return true;
}

static bool read_service_tier(struct reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_STRING)
        return wrong_type(r, name, "a string");
    if (json_string_is(r->doc, value, "auto") || json_string_is(r->doc, value, "default"))
        return true;
    return unsupported(r, name,
                       "'service_tier' must be 'auto' or 'default': the catalog has no "
                       "price for other tiers.");
}

static bool read_modalities(struct reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return wrong_type(r, name, "an array");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (json_kind(r->doc, item) != JSON_STRING || !json_string_is(r->doc, item, "text"))
            return unsupported(r, name,
                               "'modalities' must be [\"text\"]: the catalog has no price "
                               "for other output here.");
    return true;
}

static bool read_user(struct reading *r, const char *name, uint32_t value)
{
    return read_text(r, name, value, ASK_TEXT_MAX, &r->ask->user);
}

static bool read_session(struct reading *r, const char *name, uint32_t value)
{
    return read_text(r, name, value, ASK_TEXT_MAX, &r->ask->session_id);
}

static bool read_metadata(struct reading *r, const char *name, uint32_t value)
{
    if (!json_is_null(r->doc, value) && json_kind(r->doc, value) != JSON_OBJECT)
        return wrong_type(r, name, "an object");
    return true;
}

/* "key=value"; a tag without '=' is a key alone. */
static bool read_tags(struct reading *r, const char *name, uint32_t value)
{
    struct ask *ask = r->ask;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return wrong_type(r, name, "an array of strings");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        struct span text = {0};
        if (json_kind(r->doc, item) != JSON_STRING)
            return wrong_type(r, name, "an array of strings");
        if (ask->tag_count == ASK_TAGS_MAX)
            continue;
        if (!read_text(r, name, item, ASK_TEXT_MAX, &text))
            return false;
        struct span rest = text, key = span_cut(&rest, '=');
        ask->tags[ask->tag_count].name = key;
        ask->tags[ask->tag_count++].value = rest;
    }
    return true;
}

static bool read_names(struct reading *r, const char *param, uint32_t value, struct span *names_out,
                       uint32_t max, uint32_t *count_out)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return wrong_type(r, param, "an array of strings");
    if (json_count(r->doc, value) > max)
        return invalid(r, param,
                       arena_printf(r->arena, "'%s' must have at most %u items.", param, max));
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item)) {
        if (json_kind(r->doc, item) != JSON_STRING)
            return wrong_type(r, param, "an array of strings");
        if (!read_text(r, param, item, ASK_NAME_MAX, &names_out[(*count_out)++]))
            return false;
    }
    return true;
}

static bool read_models(struct reading *r, const char *name, uint32_t value)
{
    return read_names(r, name, value, r->ask->models, ASK_MODELS_MAX, &r->ask->model_count);
}

/* What is asked for but cannot be known to hold is refused, never passed over. */
static bool refuse_unknown_policy(struct reading *r, uint32_t object)
{
    static const struct {
        const char *member, *param;
    } rows[] = {{"quantizations", "provider.quantizations"}, {"max_price", "provider.max_price"}};
    uint32_t collection = json_find(r->doc, object, "data_collection");
    bool zdr = false;

    if (!read_flag(r, "provider.zdr", json_find(r->doc, object, "zdr"), &zdr))
        return false;
    if (zdr)
        return unsupported(r, "provider.zdr",
                           "No provider of this gateway is known to keep no "
                           "data: 'provider.zdr' cannot be promised.");
    if (!json_is_null(r->doc, collection) && json_kind(r->doc, collection) == JSON_STRING &&
        json_string_is(r->doc, collection, "deny"))
        return unsupported(r, "provider.data_collection",
                           "No provider of this gateway is known not to collect data: "
                           "'provider.data_collection' must be 'allow'.");
    for (size_t i = 0; i < array_size(rows); i++)
        if (!json_is_null(r->doc, json_find(r->doc, object, rows[i].member)))
            return unsupported(
                r, rows[i].param,
                arena_printf(r->arena, "'%s' is not offered by this gateway.", rows[i].param));
    return true;
}

static bool read_provider(struct reading *r, const char *name, uint32_t value)
{
    struct ask *ask = r->ask;
    bool fallbacks = true;

    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return wrong_type(r, name, "an object");
    if (!read_names(r, "provider.order", json_find(r->doc, value, "order"), ask->order.at,
                    ASK_PROVIDERS_MAX, &ask->order.count) ||
        !read_names(r, "provider.only", json_find(r->doc, value, "only"), ask->only.at,
                    ASK_PROVIDERS_MAX, &ask->only.count) ||
        !read_names(r, "provider.ignore", json_find(r->doc, value, "ignore"), ask->ignore.at,
                    ASK_PROVIDERS_MAX, &ask->ignore.count) ||
        !read_flag(r, "provider.allow_fallbacks", json_find(r->doc, value, "allow_fallbacks"),
                   &fallbacks))
        return false;
    ask->no_fallbacks = !fallbacks;
    return refuse_unknown_policy(r, value);
}

/* Sorted by name. */
static const struct member members[] = {
    {"api_base", BOTH, HOST, NULL},
    {"api_key", BOTH, HOST, NULL},
    {"audio", CHAT, PRICED, NULL},
    {"base_url", BOTH, HOST, NULL},
    {"best_of", CHAT, PRICED, NULL},
    {"cache", BOTH, CONSUMED, NULL},
    {"enable_search", CHAT, PRICED, NULL},
    {"extra_headers", BOTH, HOST, NULL},
    {"fallbacks", BOTH, CONSUMED, NULL},
    {"inference_geo", BOTH, PRICED, NULL},
    {"input", EMBEDDINGS, PASSED, read_input},
    {"max_completion_tokens", CHAT, PASSED, read_max_completion_tokens},
    {"max_tokens", CHAT, PASSED, read_max_tokens},
    {"messages", CHAT, PASSED, read_messages},
    {"metadata", BOTH, PASSED, read_metadata},
    {"mock_testing_fallbacks", BOTH, CONSUMED, NULL},
    {"mock_testing_rate_limit_error", BOTH, CONSUMED, NULL},
    {"modalities", CHAT, PASSED, read_modalities},
    {"model", BOTH, PASSED, read_model},
    {"models", BOTH, CONSUMED, read_models},
    {"n", CHAT, PASSED, read_choices},
    {"num_retries", BOTH, CONSUMED, NULL},
    {"organization", BOTH, HOST, NULL},
    {"plugins", CHAT, PRICED, NULL},
    {"prediction", CHAT, PRICED, NULL},
    {"provider", BOTH, CONSUMED, read_provider},
    {"proxy", BOTH, HOST, NULL},
    {"route_preference", BOTH, CONSUMED, NULL},
    {"search_parameters", CHAT, PRICED, NULL},
    {"service_tier", BOTH, PASSED, read_service_tier},
    {"session_id", BOTH, CONSUMED, read_session},
    {"speed", CHAT, PRICED, NULL},
    {"stream", CHAT, PASSED, read_stream},
    {"stream_options", CHAT, PASSED, read_stream_options},
    {"stream_timeout", BOTH, CONSUMED, NULL},
    {"tags", BOTH, CONSUMED, read_tags},
    {"timeout", BOTH, CONSUMED, NULL},
    {"tools", CHAT, PASSED, read_tools},
    {"user", BOTH, PASSED, read_user},
    {"web_search_options", CHAT, PRICED, NULL},
};

static int compare_member(const void *key, const void *item)
{
    const struct span *name = key;
    const struct member *member = item;
    size_t size = strlen(member->name);
    int order = memcmp(name->at, member->name, name->size < size ? name->size : size);

    return order != 0 ? order : (name->size > size) - (name->size < size);
}

static const struct member *find_member(struct reading *r, uint32_t name)
{
    struct span raw = json_raw(r->doc, name), text = span_part(raw, 1, raw.size - 2);
    const struct member *member;

    if (r->doc->nodes[name].escaped &&
        (raw.size > ASK_NAME_MAX || json_string(r->doc, name, r->arena, &text) != 0))
        return NULL;
    if (text.size == 0)
        return NULL;
    member = bsearch(&text, members, array_size(members), sizeof(members[0]), compare_member);
    return member != NULL && (member->kinds & (r->ask->kind == ASK_CHAT ? CHAT : EMBEDDINGS)) != 0
               ? member
               : NULL;
}

static bool read_member(struct reading *r, const struct member *member, uint32_t name)
{
    uint32_t value = json_value(r->doc, name);

    switch (member->becomes) {
    case PASSED:
        break;
    case CONSUMED:
        if (r->ask->consumed_count == ASK_CONSUMED_MAX)
            return invalid(r, member->name, "The body has too many members of this gateway's own.");
        r->ask->consumed[r->ask->consumed_count++] = name;
        break;
    case HOST:
        return unsupported(r, member->name,
                           arena_printf(r->arena,
                                        "'%s' is not accepted: where a request goes and with which "
                                        "credential is this gateway's business.",
                                        member->name));
    case PRICED:
        if (json_is_null(r->doc, value))
            return true;
        return unsupported(r, member->name,
                           arena_printf(r->arena,
                                        "'%s' changes the price of a request and has none in the "
                                        "catalog: leave it out.",
                                        member->name));
    }
    return member->read == NULL || member->read(r, member->name, value);
}

static bool check_whole(struct reading *r)
{
    const struct ask *ask = r->ask;

    if (ask->model.size == 0)
        return invalid(r, "model", "You must provide a model parameter.");
    if (ask->kind == ASK_CHAT && json_find(r->doc, 0, "messages") == JSON_NONE)
        return invalid(r, "messages", "Missing required parameter: 'messages'.");
    if (ask->kind == ASK_EMBEDDINGS && json_find(r->doc, 0, "input") == JSON_NONE)
        return invalid(r, "input", "Missing required parameter: 'input'.");
    if (!json_is_null(r->doc, ask->stream_options_node) && !ask->stream)
        return invalid(r, "stream_options",
                       "'stream_options' is only allowed when 'stream' is enabled.");
    return true;
}

enum ask_outcome ask_read(enum ask_kind kind, struct span body, struct json_doc *doc,
                          struct arena *arena, struct ask *ask_out, struct ask_refusal *refusal_out)
{
    struct reading r = {.ask = ask_out, .refusal = refusal_out, .arena = arena, .doc = doc};
    enum json_error error = json_parse(doc, body, &json_limits_body);

    if (error != JSON_OK) {
        *refusal_out =
            (struct ask_refusal){.message = arena_printf(arena, "The body %s at byte %zu.",
                                                         json_error_text(error), doc->error_at)};
        return ASK_MALFORMED;
    }
    *ask_out = (struct ask){.kind = kind,
                            .doc = doc,
                            .model_node = JSON_NONE,
                            .stream_options_node = JSON_NONE,
                            .max_tokens = -1,
                            .max_completion_tokens = -1,
                            .max_tokens_node = JSON_NONE,
                            .max_completion_tokens_node = JSON_NONE,
                            .choices = 1};
    if (json_kind(doc, 0) != JSON_OBJECT) {
        (void)invalid(&r, NULL, "The body must be a JSON object.");
        return r.outcome;
    }
    for (uint32_t name = json_first(doc, 0); name != JSON_NONE; name = json_after(doc, 0, name)) {
        const struct member *member = find_member(&r, name);
        if (member != NULL && !read_member(&r, member, name))
            return r.outcome;
    }
    if (!check_whole(&r))
        return r.outcome;
    ask_out->input_bound = input_bound_tokens(doc, &ask_out->open_input);
    return ASK_OK;
}

bool ask_consumes(const struct ask *ask, uint32_t name)
{
    for (uint32_t i = 0; i < ask->consumed_count; i++)
        if (ask->consumed[i] == name)
            return true;
    return false;
}
