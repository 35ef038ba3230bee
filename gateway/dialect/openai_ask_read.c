/*
 * openai_ask_read: a body of chat completions -> a chat. Here: its messages, and whether they can
 * follow one another.
 */
#include <errno.h>

#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/openai_reading.h"

/* Kept free in the arena for what comes later in the life of the request. */
enum { ROOM_KEPT = 256 * 1024 };

bool openai_refuse(struct openai_reading *r, const char *member, const char *why)
{
    r->member = member;
    r->why = why;
    return false;
}

bool openai_refuse_in_message(struct openai_reading *r, const char *member, const char *why)
{
    const char *dot = member[0] == '\0' ? "" : ".";

    return openai_refuse(r, arena_printf(r->arena, "%s[%u]%s%s", r->list, r->message, dot, member),
                         why);
}

bool openai_has_room(const struct openai_reading *r, size_t size)
{
    return arena_room(r->arena) > size + (size_t)ROOM_KEPT;
}

bool openai_is(const struct openai_reading *r, uint32_t node, enum json_kind kind)
{
    return json_is(r->doc, node, kind);
}

struct span openai_inside(const struct openai_reading *r, uint32_t node)
{
    return json_inside(r->doc, node);
}

struct span openai_inside_in(const struct openai_reading *r, uint32_t object, const char *name)
{
    return openai_inside(r, json_find(r->doc, object, name));
}

uint32_t openai_array_in(const struct openai_reading *r, uint32_t object, const char *name)
{
    uint32_t node = json_find(r->doc, object, name);

    return openai_is(r, node, JSON_ARRAY) ? node : JSON_NONE;
}

enum chat_cache openai_cache_in(const struct openai_reading *r, uint32_t object)
{
    uint32_t cache = json_find(r->doc, object, "cache_control");

    if (!openai_is(r, cache, JSON_OBJECT) ||
        !span_is(openai_inside_in(r, cache, "type"), "ephemeral"))
        return CACHE_UNSET;
    return span_is(openai_inside_in(r, cache, "ttl"), "1h") ? CACHE_1H : CACHE_5M;
}

struct chat_part *openai_add_part(struct openai_reading *r, enum chat_part_kind kind)
{
    struct chat_part *part;

    if (r->chat->part_count == r->part_capacity) {
        (void)openai_refuse_in_message(r, "", "There are too many parts in the messages.");
        return NULL;
    }
    part = &r->chat->parts[r->chat->part_count++];
    *part = (struct chat_part){.kind = kind};
    return part;
}

static uint32_t items_in(const struct openai_reading *r, uint32_t object, const char *name)
{
    uint32_t node = openai_array_in(r, object, name);

    return node == JSON_NONE ? 0 : json_count(r->doc, node);
}

/* How many parts the messages can become at most. */
static size_t bound_parts(const struct openai_reading *r, uint32_t messages)
{
    size_t count = 0;

    for (uint32_t message = json_first(r->doc, messages); message != JSON_NONE;
         message = json_after(r->doc, messages, message))
        count += 6 + (size_t)items_in(r, message, "content") + items_in(r, message, "tool_calls") +
                 items_in(r, message, "reasoning_details");
    return count;
}

static bool make_room(struct openai_reading *r, uint32_t messages)
{
    size_t parts = bound_parts(r, messages), count = json_count(r->doc, messages);

    if (!openai_has_room(r, parts * sizeof(struct chat_part) + count * sizeof(struct chat_message)))
        return openai_refuse(r, "messages", "There are too many messages to be translated.");
    r->chat->parts = arena_array(r->arena, parts, sizeof(struct chat_part));
    r->chat->messages = arena_array(r->arena, count, sizeof(struct chat_message));
    r->part_capacity = (uint32_t)parts;
    return true;
}

bool openai_read_string(struct openai_reading *r, uint32_t node, enum chat_part_kind kind)
{
    struct span text = openai_inside(r, node);
    struct chat_part *part;

    if (text.size == 0)
        return true;
    part = openai_add_part(r, kind);
    if (part == NULL)
        return false;
    part->text = text;
    return true;
}

/* A string, or an array of parts; null and nothing are no content. */
static bool read_content(struct openai_reading *r, uint32_t message)
{
    uint32_t content = json_find(r->doc, message, "content");

    if (json_is_null(r->doc, content))
        return true;
    if (openai_is(r, content, JSON_STRING))
        return openai_read_string(r, content, PART_TEXT);
    if (!openai_is(r, content, JSON_ARRAY))
        return openai_refuse_in_message(r, "content",
                                        "The content of a message must be a string or an array.");
    for (uint32_t part = json_first(r->doc, content); part != JSON_NONE;
         part = json_after(r->doc, content, part))
        if (!openai_read_part(r, part))
            return false;
    return true;
}

bool openai_has_only(struct openai_reading *r, uint32_t first, uint32_t kinds, const char *why)
{
    for (uint32_t i = first; i < r->chat->part_count; i++)
        if ((kinds >> r->chat->parts[i].kind & 1) == 0)
            return openai_refuse_in_message(r, "content", why);
    return true;
}

static bool read_system(struct openai_reading *r, uint32_t message, struct chat_message *into)
{
    into->role = CHAT_SYSTEM;
    return read_content(r, message) &&
           openai_has_only(r, into->first, 1u << PART_TEXT, "A system message can have text only.");
}

static bool read_user(struct openai_reading *r, uint32_t message, struct chat_message *into)
{
    into->role = CHAT_USER;
    if (!read_content(r, message))
        return false;
    if (r->chat->part_count == into->first)
        return openai_refuse_in_message(r, "content",
                                        "The content of a user's message must not be empty.");
    return openai_has_only(r, into->first,
                           1u << PART_TEXT | 1u << PART_IMAGE | 1u << PART_AUDIO | 1u << PART_FILE,
                           "A user's message can not have a refusal.");
}

struct chat_json openai_arguments_in(const struct openai_reading *r, uint32_t function)
{
    uint32_t node = json_find(r->doc, function, "arguments");

    if (openai_is(r, node, JSON_STRING))
        return (struct chat_json){.text = openai_inside(r, node), .in_string = true};
    if (json_is_null(r->doc, node))
        return (struct chat_json){0};
    return (struct chat_json){.text = json_raw(r->doc, node)};
}

static bool read_call(struct openai_reading *r, uint32_t call)
{
    uint32_t function = json_find(r->doc, call, "function");
    uint32_t type = json_find(r->doc, call, "type");
    uint32_t google = json_find(r->doc, json_find(r->doc, call, "extra_content"), "google");
    struct chat_part *part;

    if (!json_is_null(r->doc, type) && !span_is(openai_inside(r, type), "function"))
        return openai_refuse_in_message(
            r, "tool_calls", "Only calls of type 'function' can be translated for this model.");
    if (openai_inside_in(r, call, "id").size == 0)
        return openai_refuse_in_message(r, "tool_calls", "A tool call must have an 'id'.");
    if (openai_inside_in(r, function, "name").size == 0)
        return openai_refuse_in_message(r, "tool_calls",
                                        "A tool call must have a 'function' with a 'name'.");
    part = openai_add_part(r, PART_TOOL_CALL);
    if (part == NULL)
        return false;
    part->id = openai_inside_in(r, call, "id");
    part->name = openai_inside_in(r, function, "name");
    part->arguments = openai_arguments_in(r, function);
    part->signature = openai_inside_in(r, google, "thought_signature");
    part->cache = openai_cache_in(r, call);
    return true;
}

/* The deprecated form: its name is its id. */
static bool read_function_call(struct openai_reading *r, uint32_t function)
{
    struct span name = openai_inside_in(r, function, "name");
    struct chat_part *part;

    if (name.size == 0 || !openai_has_room(r, name.size))
        return openai_refuse_in_message(r, "function_call", "A function call must have a 'name'.");
    part = openai_add_part(r, PART_TOOL_CALL);
    if (part == NULL)
        return false;
    part->name = name;
    part->id = span_of(arena_printf(r->arena, "call_%.*s", SPAN_ARG(name)));
    part->arguments = openai_arguments_in(r, function);
    return true;
}

static bool read_calls(struct openai_reading *r, uint32_t message)
{
    uint32_t calls = openai_array_in(r, message, "tool_calls"), first = r->chat->part_count;
    uint32_t function = json_find(r->doc, message, "function_call");

    if (calls != JSON_NONE)
        for (uint32_t call = json_first(r->doc, calls); call != JSON_NONE;
             call = json_after(r->doc, calls, call))
            if (!read_call(r, call))
                return false;
    if (openai_is(r, function, JSON_OBJECT) && !read_function_call(r, function))
        return false;
    r->call_count = r->chat->part_count - first;
    if (r->call_count > LANGUAGE_TOOLS_MAX)
        return openai_refuse_in_message(r, "tool_calls", "There are too many tool calls.");
    if (r->call_count > 0)
        r->calls = first;
    return true;
}

/* Cohere's, that we told as such. */
static bool read_plan(struct openai_reading *r, uint32_t message)
{
    uint32_t before = r->chat->part_count;

    if (!openai_read_string(r, json_find(r->doc, message, "tool_plan"), PART_REASONING))
        return false;
    if (r->chat->part_count > before)
        r->chat->parts[before].plan = true;
    return true;
}

static bool read_assistant(struct openai_reading *r, uint32_t message, struct chat_message *into)
{
    uint32_t audio = json_find(r->doc, message, "audio"), thought;

    into->role = CHAT_ASSISTANT;
    if (!json_is_null(r->doc, audio))
        return openai_refuse_in_message(r, "audio",
                                        "An answer in audio can not be translated for this model.");
    if (!openai_read_reasoning(r, message) || !read_plan(r, message))
        return false;
    thought = r->chat->part_count;
    if (!read_content(r, message) ||
        !openai_has_only(r, thought, 1u << PART_TEXT | 1u << PART_REFUSAL,
                         "An assistant's message can have text and refusals only.") ||
        !openai_read_string(r, json_find(r->doc, message, "refusal"), PART_REFUSAL) ||
        !read_calls(r, message))
        return false;
    if (r->chat->part_count == into->first &&
        json_is_null(r->doc, json_find(r->doc, message, "content")))
        return openai_refuse_in_message(
            r, "content", "An assistant's message needs content unless it has tool calls.");
    return true;
}

static bool takes_result(struct openai_reading *r, struct span id)
{
    if (r->calls == JSON_NONE)
        return false;
    for (uint32_t i = 0; i < r->call_count; i++)
        if (span_equal(r->chat->parts[r->calls + i].id, id))
            return true;
    return false;
}

/* A result, with its content behind it as parts of their own. */
static bool read_result(struct openai_reading *r, uint32_t message, struct chat_message *into,
                        struct span id, const char *member)
{
    struct chat_part *part;
    uint32_t index, at;

    into->role = CHAT_USER;
    if (id.size == 0)
        return openai_refuse_in_message(r, member,
                                        "A tool's message must say which call it is of.");
    if (!takes_result(r, id))
        return openai_refuse_in_message(
            r, member,
            "A tool's message must follow an assistant's message with the tool call it is of.");
    index = r->chat->part_count;
    part = openai_add_part(r, PART_TOOL_RESULT);
    if (part == NULL || !read_content(r, message))
        return false;
    at = index + 1;
    part->id = id;
    part->first = at;
    part->count = r->chat->part_count - at;
    part->cache = openai_cache_in(r, message);
    r->answered++;
    return openai_has_only(r, at,
                           1u << PART_TEXT | 1u << PART_IMAGE | 1u << PART_AUDIO | 1u << PART_FILE,
                           "A tool's message can not have a refusal.");
}

static bool read_tool(struct openai_reading *r, uint32_t message, struct chat_message *into)
{
    return read_result(r, message, into, openai_inside_in(r, message, "tool_call_id"),
                       "tool_call_id");
}

static bool read_function(struct openai_reading *r, uint32_t message, struct chat_message *into)
{
    struct span name = openai_inside_in(r, message, "name");

    if (!openai_has_room(r, name.size))
        return openai_refuse_in_message(r, "name", "The name of the function is too long.");
    return read_result(
        r, message, into,
        name.size == 0 ? name : span_of(arena_printf(r->arena, "call_%.*s", SPAN_ARG(name))),
        "name");
}

static const struct {
    const char *role;
    bool result; /* of a tool */
    bool (*read)(struct openai_reading *r, uint32_t message, struct chat_message *into);
} roles[] = {
    {"system", false, read_system}, {"developer", false, read_system},
    {"user", false, read_user},     {"assistant", false, read_assistant},
    {"tool", true, read_tool},      {"function", true, read_function},
};

static bool all_answered(struct openai_reading *r)
{
    if (r->calls == JSON_NONE || r->answered >= r->call_count)
        return true;
    return openai_refuse_in_message(r, "role",
                                    "An assistant's message with tool calls must be followed by a "
                                    "tool's message for each of them.");
}

/* A message whose content is a string has its breakpoint beside it. */
static void read_message_cache(struct openai_reading *r, uint32_t message, uint32_t first)
{
    enum chat_cache cache = openai_cache_in(r, message);

    if (cache != CACHE_UNSET && r->chat->part_count > first)
        r->chat->parts[r->chat->part_count - 1].cache = cache;
}

static bool read_message(struct openai_reading *r, uint32_t message)
{
    struct chat_message *into = &r->chat->messages[r->chat->message_count];
    uint32_t role = json_find(r->doc, message, "role");
    size_t i = 0;

    while (i < array_size(roles) &&
           (!openai_is(r, role, JSON_STRING) || !json_string_is(r->doc, role, roles[i].role)))
        i++;
    if (i == array_size(roles))
        return openai_refuse_in_message(
            r, "role", "A role must be 'system', 'developer', 'user', 'assistant' or 'tool'.");
    if (!roles[i].result) {
        if (!all_answered(r))
            return false;
        r->calls = JSON_NONE;
        r->answered = 0;
    }
    into->first = r->chat->part_count;
    if (!roles[i].result)
        into->name = openai_inside_in(r, message, "name");
    if (!roles[i].read(r, message, into))
        return false;
    /* The content of a result is no part of the message itself. */
    into->count = roles[i].result ? 1 : r->chat->part_count - into->first;
    if (!roles[i].result)
        read_message_cache(r, message, into->first);
    r->chat->message_count++;
    return true;
}

static bool read_messages(struct openai_reading *r)
{
    uint32_t messages = openai_array_in(r, 0, "messages");

    if (messages == JSON_NONE || json_first(r->doc, messages) == JSON_NONE)
        return openai_refuse(r, "messages", "There must be at least one message.");
    if (!make_room(r, messages))
        return false;
    for (uint32_t message = json_first(r->doc, messages); message != JSON_NONE;
         message = json_after(r->doc, messages, message)) {
        if (!openai_is(r, message, JSON_OBJECT))
            return openai_refuse_in_message(r, "", "A message must be an object.");
        if (!read_message(r, message))
            return false;
        r->message++;
    }
    return all_answered(r);
}

int openai_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                    const char **why_out, const char **member_out)
{
    struct chat chat = {0};
    struct openai_reading r = {
        .doc = doc, .arena = arena, .chat = &chat, .list = "messages", .calls = JSON_NONE};

    if (read_messages(&r) && openai_read_tools(&r) && openai_read_wish(&r)) {
        *chat_out = chat;
        return 0;
    }
    *why_out = r.why;
    *member_out = r.member;
    return -EINVAL;
}
