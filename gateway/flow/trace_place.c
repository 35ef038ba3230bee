/*
 * trace_place: see the header.
 */
#include "gateway/flow/trace_place.h"

/* The last event of the Responses API has the whole answer in it. */
static const struct json_limits limits = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 2000000};

/* Of the value of a line "data:"; empty where it is another one. */
static struct span data_of(struct span line)
{
    if (!span_starts(line, "data:"))
        return (struct span){0};
    return span_trim(span_part(line, sizeof("data:") - 1, line.size));
}

/* The object in a frame that takes the member; JSON_NONE: it is another frame. */
static uint32_t object_in(enum language_family family, const struct json_doc *doc)
{
    switch (family) {
    case FAMILY_ANTHROPIC:
        return json_string_is(doc, json_find(doc, 0, "type"), "message_delta") ? 0 : JSON_NONE;
    case FAMILY_RESPONSES:
        return json_find(doc, 0, "response");
    case FAMILY_GEMINI:
        return 0;
    case FAMILY_OPENAI:
    case FAMILY_COMPLETIONS: /* a chunk of its own */
    case FAMILY_BEDROCK:
    case FAMILY_COHERE: /* of no client */
        break;
    }
    return JSON_NONE;
}

static size_t place_in_frames(enum language_family family, struct span text, struct json_doc *doc)
{
    struct span rest = text;
    size_t place = SIZE_MAX;

    while (rest.at != NULL) {
        struct span data = data_of(span_cut(&rest, '\n')), raw;
        uint32_t object;

        if (data.size == 0 || json_parse(doc, data, &limits) != JSON_OK)
            continue;
        object = object_in(family, doc);
        if (!json_is(doc, object, JSON_OBJECT) || json_first(doc, object) == JSON_NONE)
            continue;
        raw = json_raw(doc, object);
        place = (size_t)(raw.at - text.at) + raw.size - 1;
    }
    return place;
}

/* The end of the array's last object, which is never empty. */
static size_t place_in_array(struct span text)
{
    size_t size = text.size;

    while (size > 0 && strchr(" \t\r\n]", text.at[size - 1]) != NULL)
        size--;
    return size > 1 && text.at[size - 1] == '}' ? size - 1 : SIZE_MAX;
}

size_t trace_place(enum language_family family, struct span text, struct json_doc *doc)
{
    size_t place = place_in_frames(family, text, doc);

    return place == SIZE_MAX && family == FAMILY_GEMINI ? place_in_array(text) : place;
}
