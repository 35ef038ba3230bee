/*
 * openai_call_read: tool calls in answers of the OpenAI language, whose ids and indices providers
 * repeat, leave out, or give late.
 */
#include "gateway/dialect/openai_answer_reading.h"

#include "common/base/json_writer.h"

/* The index of a call that came in the deprecated function_call. */
enum { FUNCTION_CALL_INDEX = 255, INDEX_MAX = 254 };

struct call {
    uint32_t choice, index;
    bool has_index;
    struct span id, name, arguments;
};

/* FNV-1a: whether the next delta has the same id. */
static int64_t hash_of(struct span id)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < id.size; i++)
        hash = (hash ^ (unsigned char)id.at[i]) * UINT64_C(1099511628211);
    return (int64_t)hash;
}

static uint16_t key_of(const struct call *call)
{
    return (uint16_t)(call->choice << 8 | call->index);
}

/* The number of a call within its choice. */
static uint32_t tool_of(const struct answer_reader *reader, uint32_t number)
{
    uint32_t tool = 0;

    for (uint32_t i = 0; i < number; i++)
        tool += reader->blocks[i] >> 8 == reader->blocks[number] >> 8;
    return tool;
}

void openai_tell_held(struct answer_reader *reader)
{
    uint32_t number;

    if (reader->numbers[HELD] == 0)
        return;
    number = (uint32_t)reader->numbers[HELD] - 1;
    reader->numbers[HELD] = 0;
    answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_TOOL,
                                                      .choice = reader->blocks[number] >> 8,
                                                      .tool = tool_of(reader, number),
                                                      .id = span_of(reader->held_id),
                                                      .name = span_of(reader->held_name)});
}

static void hold(char *at, struct span inside)
{
    if (inside.size == 0 || inside.size >= ANSWER_NAME_MAX || at[0] != '\0')
        return;
    memcpy(at, inside.at, inside.size);
    at[inside.size] = '\0';
}

/* The call that a delta goes on with, or -1: a new one. */
static int64_t find_call(const struct answer_reader *reader, const struct call *call)
{
    int64_t count = reader->numbers[CALLS];
    bool same_id = call->id.size > 0 && hash_of(call->id) == reader->numbers[LAST_ID];
    bool other_id = call->id.size > 0 && reader->numbers[LAST_ID] != 0 && !same_id;

    /* Some number no calls: a name begins one. */
    if (!call->has_index && call->name.size > 0 && !same_id)
        return -1;
    /* Others number all of them 0: a name with another id begins one. */
    if (other_id && call->name.size > 0 && count > 0 && reader->blocks[count - 1] == key_of(call))
        return -1;
    for (int64_t i = count - 1; i >= 0; i--)
        if (call->has_index ? reader->blocks[i] == key_of(call)
                            : !other_id && reader->blocks[i] >> 8 == call->choice)
            return i;
    return -1;
}

static int64_t begin_call(struct answer_reader *reader, const struct call *call)
{
    int64_t number = reader->numbers[CALLS];

    openai_tell_held(reader);
    if (number == LANGUAGE_TOOLS_MAX) {
        answer_reader_malformed(reader);
        return -1;
    }
    reader->numbers[CALLS]++;
    reader->blocks[number] = key_of(call);
    reader->numbers[LAST_ID] = call->id.size > 0 ? hash_of(call->id) : 0;
    put_in_set(reader, CALLING, call->choice);
    if (call->id.size > 0 && call->name.size > 0) {
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_TOOL,
                                                          .choice = call->choice,
                                                          .tool = tool_of(reader, (uint32_t)number),
                                                          .id = call->id,
                                                          .name = call->name});
        return number;
    }
    reader->held_id[0] = reader->held_name[0] = '\0';
    reader->numbers[HELD] = number + 1;
    return number;
}

/* The number of the call, or -1. */
static int64_t read_call(struct answer_reader *reader, const struct call *call)
{
    int64_t number = find_call(reader, call);
    bool fresh = number < 0;
    struct answer_event arguments = {
        .kind = EVENT_ARGUMENTS, .choice = call->choice, .text = call->arguments};

    if (fresh)
        number = begin_call(reader, call);
    if (number < 0)
        return -1;
    if (number == reader->numbers[CALLS] - 1 && call->id.size > 0)
        reader->numbers[LAST_ID] = hash_of(call->id);
    if (reader->numbers[HELD] == number + 1) {
        hold(reader->held_id, call->id);
        hold(reader->held_name, call->name);
        if ((reader->held_id[0] != '\0' && reader->held_name[0] != '\0') ||
            call->arguments.size > 0)
            openai_tell_held(reader);
    }
    /* A model's null: it wants no arguments. */
    if (call->arguments.size == 0 || span_is(call->arguments, "null"))
        return number;
    arguments.tool = tool_of(reader, (uint32_t)number);
    answer_reader_emit(reader, &arguments);
    return number;
}

/* Arguments that are no string but the object itself become one. */
static struct span arguments_of(struct answer_reader *reader, uint32_t function)
{
    uint32_t node = json_find(reader->doc, function, "arguments");
    struct buf quoted;
    struct span inside = {0};

    if (json_is(reader->doc, node, JSON_STRING))
        return json_inside(reader->doc, node);
    if (json_is_null(reader->doc, node))
        return inside;
    quoted = buf_make(6 * json_raw(reader->doc, node).size + 2);
    if (json_quote(&quoted, json_raw(reader->doc, node)) == 0 &&
        arena_room(reader->arena) > quoted.size + (size_t)64 * 1024) {
        inside = arena_span(reader->arena, buf_span(&quoted));
        inside = span_part(inside, 1, inside.size - 2);
    }
    buf_done(&quoted);
    return inside;
}

static void read_tool(struct answer_reader *reader, uint32_t choice, uint32_t tool,
                      uint32_t position)
{
    const struct json_doc *doc = reader->doc;
    uint32_t function = json_find(doc, tool, "function");
    uint32_t signature = json_find(
        doc, json_find(doc, json_find(doc, tool, "extra_content"), "google"), "thought_signature");
    struct call call = {.choice = choice,
                        .id = json_inside_in(doc, tool, "id"),
                        .name = json_inside_in(doc, function, "name"),
                        .arguments = arguments_of(reader, function)};
    int64_t index, number;

    call.has_index = json_int64(doc, json_find(doc, tool, "index"), &index) == 0;
    if (!call.has_index)
        index = position;
    if (index < 0 || index > INDEX_MAX) {
        answer_reader_malformed(reader);
        return;
    }
    call.index = (uint32_t)index;
    number = read_call(reader, &call);
    if (json_is(doc, signature, JSON_STRING) && number >= 0)
        answer_reader_emit(reader, &(struct answer_event){.kind = EVENT_SIGNATURE,
                                                          .of_call = true,
                                                          .choice = choice,
                                                          .tool = tool_of(reader, (uint32_t)number),
                                                          .text = json_inside(doc, signature)});
}

void openai_read_calls(struct answer_reader *reader, uint32_t choice, uint32_t message)
{
    const struct json_doc *doc = reader->doc;
    uint32_t tools = array_in(doc, message, "tool_calls"), position = 0;
    uint32_t function = json_find(doc, message, "function_call");

    if (tools != JSON_NONE)
        for (uint32_t tool = json_first(doc, tools); tool != JSON_NONE;
             tool = json_after(doc, tools, tool))
            if (json_kind(doc, tool) == JSON_OBJECT)
                read_tool(reader, choice, tool, position++);
    if (!json_is(doc, function, JSON_OBJECT))
        return;
    (void)!read_call(reader, &(struct call){.choice = choice,
                                            .index = FUNCTION_CALL_INDEX,
                                            .has_index = true,
                                            .name = json_inside_in(doc, function, "name"),
                                            .arguments = arguments_of(reader, function)});
}
