/*
 * responses_ask_read: a body of the Responses API -> a chat. Here: its items, and whether they can
 * follow one another.
 *
 * What an assistant said, thought and called, item by item, is one message of a chat; a result is a
 * message of its own. What a provider keeps (items by reference, its own tools' items) can not be
 * said to another.
 */
#include <errno.h>

#include "gateway/dialect/responses.h"
#include "gateway/dialect/responses_reading.h"

static struct chat_message *last_message(const struct openai_reading *r)
{
    return r->chat->message_count == 0 ? NULL : &r->chat->messages[r->chat->message_count - 1];
}

static struct chat_message *begin_message(struct openai_reading *r, enum chat_role role)
{
    struct chat_message *message = &r->chat->messages[r->chat->message_count++];

    *message = (struct chat_message){.role = role, .first = r->chat->part_count};
    return message;
}

static void end_message(const struct openai_reading *r, struct chat_message *message)
{
    message->count = r->chat->part_count - message->first;
}

/* An assistant that said nothing has no message. */
static void end_assistant(struct openai_reading *r, struct chat_message *message)
{
    end_message(r, message);
    if (message->count > 0)
        return;
    r->chat->message_count--;
    r->calls = JSON_NONE;
}

/* Of the calls that stand before, all are answered. */
static bool all_answered(struct openai_reading *r)
{
    if (r->answered >= r->call_count)
        return true;
    return openai_refuse_in_message(
        r, "", "A function call must be followed by a 'function_call_output' with its 'call_id'.");
}

/* The assistant's message that goes on, or another one. NULL: refused. */
static struct chat_message *open_assistant(struct openai_reading *r)
{
    struct chat_message *last = last_message(r);

    if (last != NULL && last->role == CHAT_ASSISTANT)
        return last;
    if (!all_answered(r))
        return NULL;
    r->calls = r->chat->message_count;
    r->call_count = 0;
    r->answered = 0;
    return begin_message(r, CHAT_ASSISTANT);
}

/* ---- messages ---- */

/* A string, or an array of parts. */
static bool read_content(struct openai_reading *r, uint32_t content, const char *member)
{
    if (openai_is(r, content, JSON_STRING))
        return openai_read_string(r, content, PART_TEXT);
    if (!openai_is(r, content, JSON_ARRAY))
        return openai_refuse_in_message(r, member, "It must be a string or an array of parts.");
    for (uint32_t part = json_first(r->doc, content); part != JSON_NONE;
         part = json_after(r->doc, content, part))
        if (!responses_read_part(r, part))
            return false;
    return true;
}

static bool read_assistant(struct openai_reading *r, uint32_t content)
{
    struct chat_message *message = open_assistant(r);
    uint32_t first = r->chat->part_count;

    if (message == NULL || !read_content(r, content, "content"))
        return false;
    end_assistant(r, message);
    return openai_has_only(r, first, 1u << PART_TEXT | 1u << PART_REFUSAL,
                           "An assistant's message can have text and refusals only.");
}

static bool read_other(struct openai_reading *r, uint32_t content, enum chat_role role)
{
    const uint32_t said = 1u << PART_TEXT | 1u << PART_IMAGE | 1u << PART_AUDIO | 1u << PART_FILE;
    struct chat_message *message;

    if (!all_answered(r))
        return false;
    message = begin_message(r, role);
    if (!read_content(r, content, "content"))
        return false;
    end_message(r, message);
    if (role == CHAT_SYSTEM)
        return openai_has_only(r, message->first, 1u << PART_TEXT,
                               "A system message can have text only.");
    if (message->count == 0)
        return openai_refuse_in_message(r, "content",
                                        "The content of a user's message must not be empty.");
    return openai_has_only(r, message->first, said, "A user's message can not have a refusal.");
}

static bool read_message(struct openai_reading *r, uint32_t item)
{
    static const struct {
        const char *word;
        enum chat_role role;
    } roles[] = {{"user", CHAT_USER},
                 {"assistant", CHAT_ASSISTANT},
                 {"system", CHAT_SYSTEM},
                 {"developer", CHAT_SYSTEM}};
    struct span role = openai_inside_in(r, item, "role");
    uint32_t content = json_find(r->doc, item, "content");

    for (size_t i = 0; i < array_size(roles); i++)
        if (span_is(role, roles[i].word))
            return roles[i].role == CHAT_ASSISTANT ? read_assistant(r, content)
                                                   : read_other(r, content, roles[i].role);
    return openai_refuse_in_message(r, "role",
                                    "A role must be 'user', 'assistant', 'system' or 'developer'.");
}

/* ---- other items ---- */

static bool read_call(struct openai_reading *r, uint32_t item)
{
    struct chat_message *message = open_assistant(r);
    struct chat_part *part;

    if (message == NULL)
        return false;
    if (openai_inside_in(r, item, "call_id").size == 0)
        return openai_refuse_in_message(r, "call_id", "A function call must have a 'call_id'.");
    if (openai_inside_in(r, item, "name").size == 0)
        return openai_refuse_in_message(r, "name", "A function call must have a 'name'.");
    if (r->call_count == LANGUAGE_TOOLS_MAX)
        return openai_refuse_in_message(r, "", "There are too many function calls.");
    part = openai_add_part(r, PART_TOOL_CALL);
    if (part == NULL)
        return false;
    part->id = openai_inside_in(r, item, "call_id");
    part->name = openai_inside_in(r, item, "name");
    part->arguments = openai_arguments_in(r, item);
    r->call_count++;
    end_message(r, message);
    return true;
}

static bool was_called(const struct openai_reading *r, struct span id)
{
    const struct chat_message *message =
        r->calls == JSON_NONE ? NULL : &r->chat->messages[r->calls];

    if (message == NULL)
        return false;
    for (uint32_t i = message->first; i < message->first + message->count; i++)
        if (r->chat->parts[i].kind == PART_TOOL_CALL && span_equal(r->chat->parts[i].id, id))
            return true;
    return false;
}

/* A result, with its content behind it as parts of their own. */
static bool read_output(struct openai_reading *r, uint32_t item)
{
    struct span id = openai_inside_in(r, item, "call_id");
    struct chat_message *message;
    struct chat_part *part;

    if (!was_called(r, id))
        return openai_refuse_in_message(
            r, "call_id",
            "A function call's output must follow the 'function_call' whose 'call_id' it names.");
    message = begin_message(r, CHAT_USER);
    part = openai_add_part(r, PART_TOOL_RESULT);
    if (part == NULL)
        return false;
    part->id = id;
    part->first = r->chat->part_count;
    if (!read_content(r, json_find(r->doc, item, "output"), "output"))
        return false;
    part->count = r->chat->part_count - part->first;
    message->count = 1; /* the content of a result is no part of the message itself */
    r->answered++;
    return openai_has_only(r, part->first,
                           1u << PART_TEXT | 1u << PART_IMAGE | 1u << PART_AUDIO | 1u << PART_FILE,
                           "A tool's output can not have a refusal.");
}

static bool read_reasoning(struct openai_reading *r, uint32_t item)
{
    struct chat_message *message = open_assistant(r);

    if (message == NULL || !responses_read_reasoning(r, item))
        return false;
    end_assistant(r, message);
    return true;
}

static bool read_reference(struct openai_reading *r, uint32_t item)
{
    (void)item;
    return openai_refuse_in_message(
        r, "", "An item by reference can not be translated for this model: send it whole.");
}

static const struct {
    const char *type;
    bool (*read)(struct openai_reading *r, uint32_t item);
} kinds[] = {
    {"message", read_message},
    {"function_call", read_call},
    {"function_call_output", read_output},
    {"reasoning", read_reasoning},
    {"item_reference", read_reference},
};

static bool read_item(struct openai_reading *r, uint32_t item)
{
    struct span type = openai_inside_in(r, item, "type");

    if (!openai_is(r, item, JSON_OBJECT))
        return openai_refuse_in_message(r, "", "An item must be an object.");
    if (type.size == 0 && openai_is(r, json_find(r->doc, item, "role"), JSON_STRING))
        return read_message(r, item);
    for (size_t i = 0; i < array_size(kinds); i++)
        if (span_is(type, kinds[i].type))
            return kinds[i].read(r, item);
    return openai_refuse_in_message(r, "type",
                                    "Only items of type 'message', 'function_call', "
                                    "'function_call_output' and 'reasoning' can be translated for "
                                    "this model.");
}

/* ---- the whole ---- */

static uint32_t items_in(const struct openai_reading *r, uint32_t object, const char *name)
{
    uint32_t node = openai_array_in(r, object, name);

    return node == JSON_NONE ? 0 : json_count(r->doc, node);
}

static bool make_room(struct openai_reading *r, uint32_t input)
{
    size_t items = 2, parts = 4; /* instructions, and an input that is a string */

    if (openai_is(r, input, JSON_ARRAY))
        for (uint32_t item = json_first(r->doc, input); item != JSON_NONE;
             item = json_after(r->doc, input, item)) {
            items++;
            parts += 2 + (size_t)items_in(r, item, "content") + items_in(r, item, "output");
        }
    if (!openai_has_room(r, parts * sizeof(struct chat_part) + items * sizeof(struct chat_message)))
        return openai_refuse(r, "input", "There are too many items to be translated.");
    r->chat->parts = arena_array(r->arena, parts, sizeof(struct chat_part));
    r->chat->messages = arena_array(r->arena, items, sizeof(struct chat_message));
    r->part_capacity = (uint32_t)parts;
    return true;
}

static bool read_instructions(struct openai_reading *r)
{
    uint32_t instructions = json_find(r->doc, 0, "instructions");

    if (json_is_null(r->doc, instructions))
        return true;
    if (!openai_is(r, instructions, JSON_STRING))
        return openai_refuse(r, "instructions", "It must be a string.");
    if (openai_inside(r, instructions).size == 0)
        return true;
    return read_other(r, instructions, CHAT_SYSTEM);
}

static bool read_input(struct openai_reading *r)
{
    uint32_t input = json_find(r->doc, 0, "input");

    if (!make_room(r, input) || !read_instructions(r))
        return false;
    if (openai_is(r, input, JSON_STRING) && openai_inside(r, input).size > 0)
        return read_other(r, input, CHAT_USER);
    if (!openai_is(r, input, JSON_ARRAY) || json_first(r->doc, input) == JSON_NONE)
        return openai_refuse(r, "input", "It must be a text or an array of items, and not empty.");
    for (uint32_t item = json_first(r->doc, input); item != JSON_NONE;
         item = json_after(r->doc, input, item)) {
        if (!read_item(r, item))
            return false;
        r->message++;
    }
    return all_answered(r);
}

/* What was answered before is not kept here. */
static bool refuse_state(struct openai_reading *r)
{
    if (json_is_null(r->doc, json_find(r->doc, 0, "previous_response_id")))
        return true;
    return openai_refuse(r, "previous_response_id",
                         "The model's provider has no responses of its own, and this gateway keeps "
                         "none: the setting 'retention' is off. Send the whole conversation as "
                         "'input'.");
}

int responses_read_ask(const struct json_doc *doc, struct arena *arena, struct chat *chat_out,
                       const char **why_out, const char **member_out)
{
    struct chat chat = {0};
    struct openai_reading r = {
        .doc = doc, .arena = arena, .chat = &chat, .list = "input", .calls = JSON_NONE};

    if (refuse_state(&r) && read_input(&r) && responses_read_tools(&r) && responses_read_wish(&r)) {
        *chat_out = chat;
        return 0;
    }
    *why_out = r.why;
    *member_out = r.member;
    return -EINVAL;
}
