/*
 * ask: see the header.
 */
#include "ask.h"

#include <errno.h>
#include <strings.h>
#include <xxhash.h>

static const struct ask_error fine = {NULL, NULL};

int ask_model(const struct json_doc *doc, struct arena *arena, struct span *model_out)
{
    if (doc->count == 0 || json_kind(doc, 0) != JSON_OBJECT)
        return -EINVAL;
    return json_string(doc, json_find(doc, 0, "model"), arena, model_out) == 0 ? 0 : -EINVAL;
}

void ask_spec(const struct json_doc *doc, struct arena *arena, struct fault_spec *spec)
{
    struct span text;

    if (doc->count == 0 || json_kind(doc, 0) != JSON_OBJECT)
        return;
    if (json_string(doc, json_find(doc, 0, "user"), arena, &text) == 0)
        fault_spec_apply_tagged(spec, text);
    if (json_string(doc, json_find(doc, json_find(doc, 0, "metadata"), "fake"), arena, &text) == 0)
        (void)fault_spec_apply(spec, text);
}

/* A whole number that may be missing; `value` keeps what it has then. */
static bool read_int(const struct json_doc *doc, const char *name, int64_t min, int64_t max,
                     int64_t *value)
{
    int64_t found;
    int outcome = json_int64(doc, json_find(doc, 0, name), &found);

    if (outcome == -ENOENT)
        return true;
    if (outcome != 0 || found < min || found > max)
        return false;
    *value = found;
    return true;
}

static struct ask_error read_stops(const struct json_doc *doc, struct arena *arena, struct ask *ask)
{
    static const struct ask_error bad = {"stop is a text or up to 4 texts", "stop"};
    uint32_t stop = json_find(doc, 0, "stop");

    if (json_is_null(doc, stop))
        return fine;
    if (json_kind(doc, stop) == JSON_STRING)
        return json_string(doc, stop, arena, &ask->stops[ask->stop_count++]) == 0 ? fine : bad;
    if (json_kind(doc, stop) != JSON_ARRAY || json_count(doc, stop) > ASK_STOPS_MAX)
        return bad;
    for (uint32_t item = json_first(doc, stop); item != JSON_NONE;
         item = json_after(doc, stop, item))
        if (json_string(doc, item, arena, &ask->stops[ask->stop_count++]) != 0)
            return bad;
    return fine;
}

/* The text of the last message when it is the user's: its content, or its last text part. */
static void read_last_text(const struct json_doc *doc, struct arena *arena, uint32_t last,
                           struct ask *ask)
{
    uint32_t content = json_find(doc, last, "content");

    if (!json_string_is(doc, json_find(doc, last, "role"), "user") || content == JSON_NONE)
        return;
    if (json_kind(doc, content) == JSON_ARRAY) {
        uint32_t text = JSON_NONE;

        for (uint32_t part = json_first(doc, content); part != JSON_NONE;
             part = json_after(doc, content, part))
            if (json_find(doc, part, "text") != JSON_NONE)
                text = json_find(doc, part, "text");
        content = text;
    }
    if (json_string(doc, content, arena, &ask->last_text) != 0)
        ask->last_text = span_make(NULL, 0);
}

static struct ask_error read_messages(const struct json_doc *doc, struct arena *arena,
                                      struct ask *ask)
{
    uint32_t messages = json_find(doc, 0, "messages"), last = JSON_NONE;
    struct span raw;

    if (messages == JSON_NONE || json_kind(doc, messages) != JSON_ARRAY)
        return (struct ask_error){"messages must be an array", "messages"};
    for (uint32_t message = json_first(doc, messages); message != JSON_NONE;
         message = json_after(doc, messages, message))
        last = message;
    if (last == JSON_NONE || json_kind(doc, last) != JSON_OBJECT)
        return (struct ask_error){"messages must hold objects, at least one", "messages"};
    raw = json_raw(doc, messages);
    ask->seed = XXH3_64bits(raw.at, raw.size);
    read_last_text(doc, arena, last, ask);
    ask->marked_cached = (ask->last_text.size > 0 && memmem(ask->last_text.at, ask->last_text.size,
                                                            "[[cached]]", 10) != NULL) ||
                         memmem(ask->model.at, ask->model.size, "cached", 6) != NULL;
    return fine;
}

static bool says(struct span text, const char *words)
{
    size_t size = strlen(words);

    for (size_t i = 0; i + size <= text.size; i++)
        if (strncasecmp(text.at + i, words, size) == 0)
            return true;
    return false;
}

static struct ask_error add_call(const struct json_doc *doc, struct arena *arena, uint32_t tool,
                                 struct ask *ask)
{
    uint32_t function = json_find(doc, tool, "function");

    if (json_string(doc, json_find(doc, function, "name"), arena,
                    &ask->calls[ask->call_count].name) != 0)
        return (struct ask_error){"every tool needs function.name", "tools"};
    ask->calls[ask->call_count++].parameters = json_find(doc, function, "parameters");
    return fine;
}

/* Whether a tool is the one that tool_choice names; any is when it names none. */
static bool is_chosen(const struct json_doc *doc, struct arena *arena, uint32_t tool,
                      uint32_t chosen)
{
    uint32_t name = json_find(doc, json_find(doc, tool, "function"), "name");
    struct span wanted, own;

    return chosen == JSON_NONE ||
           (json_string(doc, chosen, arena, &wanted) == 0 &&
            json_string(doc, name, arena, &own) == 0 && span_equal(wanted, own));
}

static struct ask_error add_calls(const struct json_doc *doc, struct arena *arena, uint32_t chosen,
                                  size_t max, struct ask *ask)
{
    uint32_t tools = json_find(doc, 0, "tools");

    for (uint32_t tool = json_first(doc, tools); tool != JSON_NONE && ask->call_count < max;
         tool = json_after(doc, tools, tool)) {
        struct ask_error error;

        if (!is_chosen(doc, arena, tool, chosen))
            continue;
        error = add_call(doc, arena, tool, ask);
        if (error.message != NULL)
            return error;
    }
    if (chosen != JSON_NONE && ask->call_count == 0)
        return (struct ask_error){"tool_choice names no tool of the request", "tool_choice"};
    return fine;
}

/* Which tools the answer calls: the named one; the first when one is required or the user says
 * "use the tool"; all (up to four) when the user says "use the tools". */
static struct ask_error read_tools(const struct json_doc *doc, struct arena *arena, struct ask *ask)
{
    uint32_t tools = json_find(doc, 0, "tools"), choice = json_find(doc, 0, "tool_choice");
    uint32_t chosen = json_find(doc, json_find(doc, choice, "function"), "name");
    bool required = json_string_is(doc, choice, "required"), parallel = true, all;

    if (json_is_null(doc, tools) || json_string_is(doc, choice, "none"))
        return fine;
    if (json_kind(doc, tools) != JSON_ARRAY)
        return (struct ask_error){"tools must be an array", "tools"};
    if (json_bool(doc, json_find(doc, 0, "parallel_tool_calls"), &parallel) == -EINVAL)
        return (struct ask_error){"parallel_tool_calls is true or false", "parallel_tool_calls"};
    if (!required && chosen == JSON_NONE && !says(ask->last_text, "use the tool"))
        return fine;
    all = parallel && says(ask->last_text, "use the tools");
    return add_calls(doc, arena, chosen, all ? ASK_CALLS_MAX : 1, ask);
}

static void read_format(const struct json_doc *doc, struct ask *ask)
{
    uint32_t format = json_find(doc, 0, "response_format");
    uint32_t type = json_find(doc, format, "type");

    ask->schema = JSON_NONE;
    if (json_string_is(doc, type, "json_object"))
        ask->format = ASK_JSON;
    if (json_string_is(doc, type, "json_schema")) {
        ask->format = ASK_SCHEMA;
        ask->schema = json_find(doc, json_find(doc, format, "json_schema"), "schema");
    }
}

struct ask_error ask_read(const struct json_doc *doc, struct arena *arena, struct ask *ask_out)
{
    struct ask ask = {.choices = 1, .cap_tokens = -1, .schema = JSON_NONE};
    struct ask_error error;
    uint32_t options = json_find(doc, 0, "stream_options");

    if (ask_model(doc, arena, &ask.model) != 0)
        return (struct ask_error){"you must provide a model parameter", "model"};
    if (json_bool(doc, json_find(doc, 0, "stream"), &ask.stream) == -EINVAL)
        return (struct ask_error){"stream is true or false", "stream"};
    if (json_bool(doc, json_find(doc, options, "include_usage"), &ask.include_usage) == -EINVAL)
        return (struct ask_error){"include_usage is true or false", "stream_options"};
    if (!read_int(doc, "n", 1, ASK_CHOICES_MAX, &ask.choices))
        return (struct ask_error){"n is 1 to 128", "n"};
    if (!read_int(doc, "max_tokens", 1, INT32_MAX, &ask.cap_tokens))
        return (struct ask_error){"max_tokens is at least 1", "max_tokens"};
    if (!read_int(doc, "max_completion_tokens", 1, INT32_MAX, &ask.cap_tokens))
        return (struct ask_error){"max_completion_tokens is at least 1", "max_completion_tokens"};
    error = read_messages(doc, arena, &ask);
    if (error.message == NULL)
        error = read_stops(doc, arena, &ask);
    if (error.message == NULL)
        error = read_tools(doc, arena, &ask);
    if (error.message != NULL)
        return error;
    read_format(doc, &ask);
    *ask_out = ask;
    return fine;
}
