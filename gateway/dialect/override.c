/*
 * override: see the header. Members that are overridden are dropped where they stand, and what
 * stands for them is written behind the others.
 */
#include "gateway/dialect/override.h"

#include <errno.h>

#include "common/base/json_writer.h"
#include "common/base/mem.h"

enum { DROPPED_MAX = 16 };

static const struct json_limits limits = {
    .max_bytes = (size_t)1 << 20, .max_depth = 16, .max_nodes = 16384};

enum param {
    PARAM_SYSTEM,
    PARAM_MAX_TOKENS,
    PARAM_TEMPERATURE,
    PARAM_TOP_P,
    PARAM_STOP,
    PARAM_SEED,
    PARAM_PRESENCE,
    PARAM_FREQUENCY,
    PARAM_EFFORT,
    PARAMS
};

static const char *const names[PARAMS] = {
    [PARAM_SYSTEM] = "system",
    [PARAM_MAX_TOKENS] = "max_tokens",
    [PARAM_TEMPERATURE] = "temperature",
    [PARAM_TOP_P] = "top_p",
    [PARAM_STOP] = "stop",
    [PARAM_SEED] = "seed",
    [PARAM_PRESENCE] = "presence_penalty",
    [PARAM_FREQUENCY] = "frequency_penalty",
    [PARAM_EFFORT] = "reasoning_effort",
};

struct writing {
    const struct json_doc *doc; /* of the client */
    struct json_writer w;
    struct json_doc own;            /* the overrides */
    uint32_t params[PARAMS];        /* their values; JSON_NONE: not there */
    const char *drops[DROPPED_MAX]; /* members of the object that is written now */
    uint32_t drop_count;
};

static bool has(const struct writing *o, enum param param)
{
    return o->params[param] != JSON_NONE;
}

static struct span raw_of(const struct writing *o, enum param param)
{
    return json_raw(&o->own, o->params[param]);
}

/* ---- members ---- */

static void drop(struct writing *o, const char *name)
{
    must(o->drop_count < DROPPED_MAX);
    o->drops[o->drop_count++] = name;
}

static bool is_dropped(const struct writing *o, uint32_t name)
{
    for (uint32_t i = 0; i < o->drop_count; i++)
        if (json_string_is(o->doc, name, o->drops[i]))
            return true;
    return false;
}

/* The members of an object of the client's that are not dropped; none of what is no object. */
static void copy_members(struct writing *o, uint32_t object)
{
    uint32_t name = json_is(o->doc, object, JSON_OBJECT) ? json_first(o->doc, object) : JSON_NONE;

    for (; name != JSON_NONE; name = json_after(o->doc, object, name)) {
        if (is_dropped(o, name))
            continue;
        json_write_raw(&o->w, json_raw(o->doc, name));
        buf_add_byte(o->w.out, ':');
        o->w.comma = false;
        json_write_raw(&o->w, json_raw(o->doc, json_value(o->doc, name)));
    }
    o->drop_count = 0;
}

static void put_raw(struct writing *o, const char *name, struct span json)
{
    json_name(&o->w, name);
    json_write_raw(&o->w, json);
}

/* One whose value is written as it is. */
static void put_param(struct writing *o, enum param param, const char *name)
{
    if (has(o, param))
        put_raw(o, name, raw_of(o, param));
}

static void drop_param(struct writing *o, enum param param, const char *name)
{
    if (has(o, param))
        drop(o, name);
}

/* Where a list is wanted. */
static void put_stops(struct writing *o, const char *name)
{
    bool list;

    if (!has(o, PARAM_STOP))
        return;
    list = json_is(&o->own, o->params[PARAM_STOP], JSON_ARRAY);
    json_name(&o->w, name);
    if (!list)
        json_begin(&o->w, '[');
    json_write_raw(&o->w, raw_of(o, PARAM_STOP));
    if (!list)
        json_end(&o->w, ']');
}

/* Those that OpenAI's dialects write by their own names. */
static const enum param plain[] = {PARAM_TEMPERATURE, PARAM_TOP_P,    PARAM_STOP,
                                   PARAM_SEED,        PARAM_PRESENCE, PARAM_FREQUENCY};

/* ---- messages of OpenAI's dialects ---- */

static bool is_system(const struct json_doc *doc, uint32_t message)
{
    uint32_t role = json_find(doc, message, "role");

    return json_is(doc, role, JSON_STRING) &&
           (json_string_is(doc, role, "system") || json_string_is(doc, role, "developer"));
}

/* The list without the system's messages in front, unless there are no others; one of its own is
 * put before them where `role` is not NULL. */
static void put_messages(struct writing *o, const char *name, uint32_t list, const char *role)
{
    uint32_t message = json_first(o->doc, list);

    while (message != JSON_NONE && is_system(o->doc, message))
        message = json_after(o->doc, list, message);
    if (message == JSON_NONE && role == NULL)
        message = json_first(o->doc, list);
    json_name(&o->w, name);
    json_begin(&o->w, '[');
    if (role != NULL) {
        json_begin(&o->w, '{');
        json_put_cstring(&o->w, "role", role);
        put_raw(o, "content", raw_of(o, PARAM_SYSTEM));
        json_end(&o->w, '}');
    }
    for (; message != JSON_NONE; message = json_after(o->doc, list, message))
        json_write_raw(&o->w, json_raw(o->doc, message));
    json_end(&o->w, ']');
}

/* The new one is a developer's where the first old one is. */
static const char *role_for(const struct json_doc *doc, uint32_t list)
{
    uint32_t first = json_first(doc, list);

    if (first != JSON_NONE && is_system(doc, first) &&
        json_string_is(doc, json_find(doc, first, "role"), "developer"))
        return "developer";
    return "system";
}

/* ---- dialects ---- */

static void drop_plain(struct writing *o)
{
    for (size_t i = 0; i < array_size(plain); i++)
        drop_param(o, plain[i], names[plain[i]]);
}

static void put_plain(struct writing *o)
{
    for (size_t i = 0; i < array_size(plain); i++)
        put_param(o, plain[i], names[plain[i]]);
}

static void write_completions(struct writing *o)
{
    drop_param(o, PARAM_MAX_TOKENS, "max_tokens");
    drop_plain(o);
    copy_members(o, 0);
    put_param(o, PARAM_MAX_TOKENS, "max_tokens");
    put_plain(o);
}

static void write_chat(struct writing *o)
{
    uint32_t messages = json_find(o->doc, 0, "messages");
    bool system = has(o, PARAM_SYSTEM) && json_is(o->doc, messages, JSON_ARRAY);
    bool older = !json_is_null(o->doc, json_find(o->doc, 0, "max_tokens"));
    bool newer = !json_is_null(o->doc, json_find(o->doc, 0, "max_completion_tokens"));

    drop_param(o, PARAM_MAX_TOKENS, "max_tokens");
    drop_param(o, PARAM_MAX_TOKENS, "max_completion_tokens");
    drop_param(o, PARAM_EFFORT, names[PARAM_EFFORT]);
    drop_param(o, PARAM_EFFORT, "reasoning");
    drop_param(o, PARAM_EFFORT, "thinking");
    if (system)
        drop(o, "messages");
    drop_plain(o);
    copy_members(o, 0);
    if (older)
        put_param(o, PARAM_MAX_TOKENS, "max_tokens");
    if (newer || !older)
        put_param(o, PARAM_MAX_TOKENS, "max_completion_tokens");
    put_plain(o);
    put_param(o, PARAM_EFFORT, names[PARAM_EFFORT]);
    if (system)
        put_messages(o, "messages", messages, role_for(o->doc, messages));
}

static void write_responses(struct writing *o)
{
    uint32_t input = json_find(o->doc, 0, "input");
    uint32_t reasoning = json_find(o->doc, 0, "reasoning");
    bool list = has(o, PARAM_SYSTEM) && json_is(o->doc, input, JSON_ARRAY);

    drop_param(o, PARAM_SYSTEM, "instructions");
    if (list)
        drop(o, "input");
    drop_param(o, PARAM_MAX_TOKENS, "max_output_tokens");
    drop_param(o, PARAM_TEMPERATURE, "temperature");
    drop_param(o, PARAM_TOP_P, "top_p");
    drop_param(o, PARAM_EFFORT, "reasoning");
    copy_members(o, 0);
    put_param(o, PARAM_SYSTEM, "instructions");
    if (list)
        put_messages(o, "input", input, NULL);
    put_param(o, PARAM_MAX_TOKENS, "max_output_tokens");
    put_param(o, PARAM_TEMPERATURE, "temperature");
    put_param(o, PARAM_TOP_P, "top_p");
    if (!has(o, PARAM_EFFORT))
        return;
    json_name(&o->w, "reasoning");
    json_begin(&o->w, '{');
    drop(o, "effort");
    copy_members(o, reasoning);
    put_param(o, PARAM_EFFORT, "effort");
    json_end(&o->w, '}');
}

/* It takes no more than 1. */
static void put_temperature(struct writing *o)
{
    double temperature = 0;

    if (has(o, PARAM_TEMPERATURE) &&
        json_double(&o->own, o->params[PARAM_TEMPERATURE], &temperature) == 0 && temperature > 1)
        put_raw(o, "temperature", span_of("1"));
    else
        put_param(o, PARAM_TEMPERATURE, "temperature");
}

static void put_output_config(struct writing *o, bool off)
{
    uint32_t config = json_find(o->doc, 0, "output_config");
    uint32_t others = json_is(o->doc, config, JSON_OBJECT) ? json_count(o->doc, config) : 0;

    others -= others > 0 && json_find(o->doc, config, "effort") != JSON_NONE;
    if (off && others == 0)
        return;
    json_name(&o->w, "output_config");
    json_begin(&o->w, '{');
    drop(o, "effort");
    copy_members(o, config);
    if (!off && json_string_is(&o->own, o->params[PARAM_EFFORT], "minimal"))
        json_put_cstring(&o->w, "effort", "low");
    else if (!off)
        put_param(o, PARAM_EFFORT, "effort");
    json_end(&o->w, '}');
}

static void write_messages(struct writing *o)
{
    uint32_t thinking = json_find(o->doc, 0, "thinking");
    bool effort = has(o, PARAM_EFFORT);
    bool off = effort && json_string_is(&o->own, o->params[PARAM_EFFORT], "none");
    bool was_off = span_is(json_inside_in(o->doc, thinking, "type"), "disabled");

    drop_param(o, PARAM_SYSTEM, "system");
    drop_param(o, PARAM_MAX_TOKENS, "max_tokens");
    drop_param(o, PARAM_TEMPERATURE, "temperature");
    drop_param(o, PARAM_TOP_P, "top_p");
    drop_param(o, PARAM_STOP, "stop_sequences");
    drop_param(o, PARAM_EFFORT, "output_config");
    if (off || (effort && was_off))
        drop(o, "thinking");
    copy_members(o, 0);
    put_param(o, PARAM_SYSTEM, "system");
    put_param(o, PARAM_MAX_TOKENS, "max_tokens");
    put_temperature(o);
    put_param(o, PARAM_TOP_P, "top_p");
    put_stops(o, "stop_sequences");
    if (effort)
        put_output_config(o, off);
    if (off)
        put_raw(o, "thinking", span_of("{\"type\":\"disabled\"}"));
}

/* ---- Gemini's ---- */

/* Members of generationConfig in their two spellings. */
static const struct {
    enum param param;
    const char *camel, *snake;
} config_members[] = {
    {PARAM_MAX_TOKENS, "maxOutputTokens", "max_output_tokens"},
    {PARAM_TEMPERATURE, "temperature", "temperature"},
    {PARAM_TOP_P, "topP", "top_p"},
    {PARAM_STOP, "stopSequences", "stop_sequences"},
    {PARAM_SEED, "seed", "seed"},
    {PARAM_PRESENCE, "presencePenalty", "presence_penalty"},
    {PARAM_FREQUENCY, "frequencyPenalty", "frequency_penalty"},
    {PARAM_EFFORT, "thinkingConfig", "thinking_config"},
};

static uint32_t find_either(const struct json_doc *doc, uint32_t object, const char *camel,
                            const char *snake)
{
    uint32_t node = json_find(doc, object, camel);

    return node != JSON_NONE ? node : json_find(doc, object, snake);
}

static void put_thinking(struct writing *o, uint32_t config)
{
    static const struct {
        const char *word;
        int64_t budget;
    } rows[] = {{"none", 0},      {"minimal", 1024}, {"low", 1024},
                {"medium", 8192}, {"high", 24576},   {"xhigh", 24576}};

    if (!has(o, PARAM_EFFORT))
        return;
    json_name(&o->w, "thinkingConfig");
    json_begin(&o->w, '{');
    drop(o, "thinkingBudget");
    drop(o, "thinking_budget");
    drop(o, "thinkingLevel");
    drop(o, "thinking_level");
    copy_members(o, find_either(o->doc, config, "thinkingConfig", "thinking_config"));
    for (size_t i = 0; i < array_size(rows); i++)
        if (json_string_is(&o->own, o->params[PARAM_EFFORT], rows[i].word))
            json_put_int64(&o->w, "thinkingBudget", rows[i].budget);
    json_end(&o->w, '}');
}

static void put_config(struct writing *o, uint32_t config)
{
    json_name(&o->w, "generationConfig");
    json_begin(&o->w, '{');
    for (size_t i = 0; i < array_size(config_members); i++) {
        drop_param(o, config_members[i].param, config_members[i].camel);
        drop_param(o, config_members[i].param, config_members[i].snake);
    }
    copy_members(o, config);
    for (size_t i = 0; i < array_size(config_members); i++)
        if (config_members[i].param != PARAM_STOP && config_members[i].param != PARAM_EFFORT)
            put_param(o, config_members[i].param, config_members[i].camel);
    put_stops(o, "stopSequences");
    put_thinking(o, config);
    json_end(&o->w, '}');
}

static void write_generate(struct writing *o)
{
    uint32_t config = find_either(o->doc, 0, "generationConfig", "generation_config");
    bool configures = false;

    for (size_t i = 0; i < array_size(config_members); i++)
        configures |= has(o, config_members[i].param);
    if (configures) {
        drop(o, "generationConfig");
        drop(o, "generation_config");
    }
    drop_param(o, PARAM_SYSTEM, "systemInstruction");
    drop_param(o, PARAM_SYSTEM, "system_instruction");
    copy_members(o, 0);
    if (configures)
        put_config(o, config);
    if (!has(o, PARAM_SYSTEM))
        return;
    json_name(&o->w, "systemInstruction");
    json_begin(&o->w, '{');
    json_name(&o->w, "parts");
    json_begin(&o->w, '[');
    json_begin(&o->w, '{');
    put_param(o, PARAM_SYSTEM, "text");
    json_end(&o->w, '}');
    json_end(&o->w, ']');
    json_end(&o->w, '}');
}

/* ---- the whole ---- */

static bool is_of_chat(enum ask_kind kind)
{
    return kind == ASK_CHAT || kind == ASK_MESSAGES || kind == ASK_GENERATE ||
           kind == ASK_RESPONSES || kind == ASK_COMPLETIONS;
}

static bool read_params(struct writing *o, struct span overrides)
{
    if (json_parse(&o->own, overrides, &limits) != JSON_OK || !json_is(&o->own, 0, JSON_OBJECT))
        return false;
    for (int i = 0; i < PARAMS; i++) {
        uint32_t value = json_find(&o->own, 0, names[i]);
        o->params[i] = json_is_null(&o->own, value) ? JSON_NONE : value;
    }
    return true;
}

int override_write(enum ask_kind kind, const struct json_doc *body, struct span overrides,
                   struct buf *out)
{
    struct writing o = {.doc = body, .w = json_writer_make(out), .own = json_doc_make()};
    bool good = json_is(body, 0, JSON_OBJECT) && read_params(&o, overrides);

    if (good && is_of_chat(kind)) {
        json_begin(&o.w, '{');
        if (kind == ASK_CHAT)
            write_chat(&o);
        else if (kind == ASK_COMPLETIONS)
            write_completions(&o);
        else if (kind == ASK_RESPONSES)
            write_responses(&o);
        else if (kind == ASK_MESSAGES)
            write_messages(&o);
        else
            write_generate(&o);
        json_end(&o.w, '}');
    } else if (good) {
        buf_add_span(out, json_raw(body, 0));
    }
    json_doc_done(&o.own);
    if (!good)
        return -EINVAL;
    return buf_failed(out) ? -EMSGSIZE : 0;
}

struct override_effect override_effect_of(struct span overrides)
{
    struct override_effect effect = {.max_tokens = -1};
    struct writing o = {.own = json_doc_make()};

    if (read_params(&o, overrides)) {
        if (has(&o, PARAM_SYSTEM))
            effect.system_bytes = raw_of(&o, PARAM_SYSTEM).size;
        if (has(&o, PARAM_MAX_TOKENS))
            (void)!json_int64(&o.own, o.params[PARAM_MAX_TOKENS], &effect.max_tokens);
    }
    json_doc_done(&o.own);
    return effect;
}
