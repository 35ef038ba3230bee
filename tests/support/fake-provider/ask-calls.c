/*
 * ask-calls: whether every result of a tool answers a call that stands before it, which providers
 * insist on; so that a translation that loses an id does not go unseen.
 */
#include "ask-calls.h"

#include "ask.h"

/* The node of the id that an object gives to a call, in any dialect. */
static uint32_t call_id(const struct json_doc *doc, uint32_t object)
{
    uint32_t node = ask_find(doc, object, "toolUse.toolUseId");

    if (node != JSON_NONE)
        return node;
    if (json_string_is(doc, ask_find(doc, object, "type"), "function_call"))
        return ask_find(doc, object, "call_id");
    if (json_string_is(doc, ask_find(doc, object, "type"), "tool_use") ||
        ask_find(doc, object, "function") != JSON_NONE)
        return ask_find(doc, object, "id");
    return JSON_NONE;
}

/* The node of the id of the call that an object is the result of. */
static uint32_t result_id(const struct json_doc *doc, uint32_t object)
{
    static const char *const paths[] = {"tool_use_id", "tool_call_id", "toolResult.toolUseId"};

    for (size_t i = 0; i < array_size(paths); i++) {
        uint32_t node = ask_find(doc, object, paths[i]);

        if (node != JSON_NONE)
            return node;
    }
    if (json_string_is(doc, ask_find(doc, object, "type"), "function_call_output"))
        return ask_find(doc, object, "call_id");
    return JSON_NONE;
}

static bool is_called(const struct json_doc *doc, uint32_t before, uint32_t id)
{
    for (uint32_t node = 0; node < before; node++) {
        uint32_t called;

        if (json_kind(doc, node) != JSON_OBJECT)
            continue;
        called = call_id(doc, node);
        if (called != JSON_NONE && span_equal(json_raw(doc, called), json_raw(doc, id)))
            return true;
    }
    return false;
}

bool ask_calls_match(const struct json_doc *doc, uint32_t turns)
{
    uint32_t left = RESULTS_LOOKED_AT_MAX;

    for (uint32_t node = turns; node < doc->nodes[turns].next && left > 0; node++) {
        uint32_t id = json_kind(doc, node) == JSON_OBJECT ? result_id(doc, node) : JSON_NONE;

        if (id == JSON_NONE)
            continue;
        left--;
        if (!is_called(doc, node, id))
            return false;
    }
    return true;
}
