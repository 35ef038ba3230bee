/*
 * openai: see the header. Reading; openai_patch.c has the writing.
 */
#include "gateway/dialect/openai.h"

#include <errno.h>

#include "gateway/dialect/openai_language.h"
#include "gateway/dialect/usage.h"

/* An embeddings answer is mostly numbers. */
static const struct json_limits limits_whole = {
    .max_bytes = (size_t)32 << 20, .max_depth = 64, .max_nodes = 2000000};
static const struct json_limits limits_frame = {
    .max_bytes = (size_t)2 << 20, .max_depth = 64, .max_nodes = 100000};

/* Shows a string to the tap. True when there is something in it. */
static bool show(const struct json_doc *doc, uint32_t node, const struct answer_tap *tap)
{
    if (!json_is(doc, node, JSON_STRING) || doc->nodes[node].size <= 2)
        return false;
    if (tap != NULL)
        tap->on_text(tap->context, json_inside(doc, node));
    return true;
}

static bool show_member(const struct json_doc *doc, uint32_t object, const char *name,
                        const struct answer_tap *tap)
{
    return show(doc, json_find(doc, object, name), tap);
}

static bool show_call(const struct json_doc *doc, uint32_t call, const struct answer_tap *tap)
{
    bool name = show_member(doc, call, "name", tap);

    return show_member(doc, call, "arguments", tap) || name;
}

static bool show_tools(const struct json_doc *doc, uint32_t tools, const struct answer_tap *tap)
{
    bool any = false;

    if (!json_is(doc, tools, JSON_ARRAY))
        return false;
    for (uint32_t tool = json_first(doc, tools); tool != JSON_NONE;
         tool = json_after(doc, tools, tool)) {
        uint32_t custom = json_find(doc, tool, "custom");
        any = true;
        (void)show_call(doc, json_find(doc, tool, "function"), tap);
        (void)show_member(doc, custom, "name", tap);
        (void)show_member(doc, custom, "input", tap);
    }
    return any;
}

/* The texts of a list of parts. */
static bool show_list(const struct json_doc *doc, uint32_t list, const char *name,
                      const struct answer_tap *tap)
{
    bool any = false;

    if (!json_is(doc, list, JSON_ARRAY))
        return false;
    for (uint32_t part = json_first(doc, list); part != JSON_NONE;
         part = json_after(doc, list, part))
        any |= show_member(doc, part, name, tap);
    return any;
}

/* Mistral's content in parts, of which one kind has parts of its own. */
static bool show_parts(const struct json_doc *doc, uint32_t content, const struct answer_tap *tap)
{
    bool any = show_list(doc, content, "text", tap);

    if (!json_is(doc, content, JSON_ARRAY))
        return false;
    for (uint32_t part = json_first(doc, content); part != JSON_NONE;
         part = json_after(doc, content, part))
        any |= show_list(doc, json_find(doc, part, "thinking"), "text", tap);
    return any;
}

/* What is no text: a sound, or pictures; and reasoning that is told in blocks alone. */
static bool show_others(const struct json_doc *doc, uint32_t message, const struct answer_tap *tap)
{
    uint32_t audio = json_find(doc, message, "audio"), images = json_find(doc, message, "images");
    bool any = show_list(doc, json_find(doc, message, "reasoning_details"), "text", tap);

    if (json_is(doc, audio, JSON_OBJECT)) {
        any |= show_member(doc, audio, "transcript", tap);
        any |= show_member(doc, audio, "data", NULL);
    }
    return any || (json_is(doc, images, JSON_ARRAY) && json_first(doc, images) != JSON_NONE);
}

/* A delta or a message: whether it has content. */
static bool show_message(const struct json_doc *doc, uint32_t message, const struct answer_tap *tap)
{
    bool any = false;

    if (!json_is(doc, message, JSON_OBJECT))
        return false;
    /* Two names of one text: shown once. */
    if (show_member(doc, message, "reasoning_content", tap) ||
        show_member(doc, message, "reasoning", tap))
        any = true;
    any |= show_member(doc, message, "content", tap);
    any |= show_parts(doc, json_find(doc, message, "content"), tap);
    any |= show_member(doc, message, "refusal", tap);
    any |= show_tools(doc, json_find(doc, message, "tool_calls"), tap);
    uint32_t call = json_find(doc, message, "function_call");
    if (json_is(doc, call, JSON_OBJECT))
        any |= show_call(doc, call, tap);
    return any || show_others(doc, message, tap);
}

static void copy_string(const struct json_doc *doc, uint32_t node, char *at, size_t capacity)
{
    if (json_is(doc, node, JSON_STRING) && json_copy_string(doc, node, at, capacity) != 0)
        at[0] = '\0';
}

static bool has_items(const struct json_doc *doc, uint32_t node)
{
    return json_is(doc, node, JSON_ARRAY) && json_first(doc, node) != JSON_NONE;
}

static void note_choice(const struct json_doc *doc, uint32_t choice, uint32_t message,
                        bool finished, struct answer_choices *choices)
{
    int64_t index = 0;
    uint64_t bit;

    (void)!json_int64(doc, json_find(doc, choice, "index"), &index);
    if (index < 0 || index >= ASK_CHOICES_MAX)
        return;
    bit = UINT64_C(1) << (index % 64);
    choices->spoke[index / 64] |= bit;
    if (has_items(doc, json_find(doc, message, "tool_calls")))
        choices->called[index / 64] |= bit;
    if (finished)
        choices->finished[index / 64] |= bit;
}

static void read_choice(const struct json_doc *doc, uint32_t choice, const char *body_name,
                        const struct answer_tap *tap, struct answer *answer,
                        struct openai_places *places)
{
    uint32_t finish = json_find(doc, choice, "finish_reason");
    uint32_t message = json_find(doc, choice, body_name);
    /* Some say "" until the end. */
    bool finished = json_is(doc, finish, JSON_STRING) && json_inside(doc, finish).size > 0;

    /* An older completion has its text in the choice itself. */
    if (show_message(doc, message, tap) || show_member(doc, choice, "text", tap))
        places->signs |= ANSWER_CONTENT;
    note_choice(doc, choice, message, finished, &answer->choices);
    if (finished) {
        places->signs |= ANSWER_FINISH;
        copy_string(doc, finish, answer->finish_reason, sizeof(answer->finish_reason));
        places->odd_finish |= openai_finish_is_odd(json_inside(doc, finish));
    }
}

/* An upstream's error object, or its error text. */
static void read_error(const struct json_doc *doc, uint32_t error, struct answer *answer)
{
    uint32_t code, param;
    int64_t status;

    if (json_kind(doc, error) == JSON_STRING) {
        copy_string(doc, error, answer->error_message, sizeof(answer->error_message));
        return;
    }
    copy_string(doc, json_find(doc, error, "message"), answer->error_message,
                sizeof(answer->error_message));
    code = json_find(doc, error, "code");
    param = json_find(doc, error, "param");
    copy_string(doc, code, answer->error_code, sizeof(answer->error_code));
    copy_string(doc, param, answer->error_param, sizeof(answer->error_param));
    if (json_int64(doc, json_find(doc, error, "status_code"), &status) == 0 ||
        json_int64(doc, code, &status) == 0)
        answer->error_status = status >= 400 && status <= 599 ? (int32_t)status : 0;
}

static void read_tier(const struct json_doc *doc, struct answer *answer)
{
    uint32_t tier = json_find(doc, 0, "service_tier");

    if (!json_is(doc, tier, JSON_STRING))
        return;
    answer->mode = json_string_is(doc, tier, "flex")       ? MODE_FLEX
                   : json_string_is(doc, tier, "priority") ? MODE_PRIORITY
                                                           : MODE_STANDARD;
}

/* What frames and whole answers have in common. */
static void read_root(const struct json_doc *doc, bool has_output, struct answer *answer,
                      struct openai_places *places)
{
    uint32_t error = json_find(doc, 0, "error"), told = usage_find_openai(doc);

    if (!json_is_null(doc, error) &&
        (json_kind(doc, error) == JSON_OBJECT || json_kind(doc, error) == JSON_STRING)) {
        places->signs |= ANSWER_ERROR;
        read_error(doc, error, answer);
    }
    if (answer->id[0] == '\0') {
        copy_string(doc, json_find(doc, 0, "id"), answer->id, sizeof(answer->id));
        copy_string(doc, json_find(doc, 0, "model"), answer->model, sizeof(answer->model));
    }
    read_tier(doc, answer);
    places->usage = json_find(doc, 0, "usage");
    if (told == JSON_NONE)
        return;
    usage_read_openai(doc, told, has_output, &answer->usage);
    /* A sign that there is a member to be patched: elsewhere the figures alone are taken. */
    if (told == places->usage)
        places->signs |= ANSWER_USAGE;
}

static void read_choices(const struct json_doc *doc, const char *body_name,
                         const struct answer_tap *tap, struct answer *answer,
                         struct openai_places *places)
{
    uint32_t choices = json_find(doc, 0, "choices");

    if (json_is_null(doc, choices))
        return;
    if (json_kind(doc, choices) != JSON_ARRAY) {
        places->signs |= ANSWER_MALFORMED;
        return;
    }
    places->choices = choices;
    for (uint32_t choice = json_first(doc, choices); choice != JSON_NONE;
         choice = json_after(doc, choices, choice)) {
        places->no_choices = false;
        if (json_kind(doc, choice) != JSON_OBJECT)
            places->signs |= ANSWER_MALFORMED;
        else
            read_choice(doc, choice, body_name, tap, answer, places);
    }
}

static bool begin(struct json_doc *doc, struct span text, const struct json_limits *limits,
                  struct openai_places *places_out)
{
    *places_out =
        (struct openai_places){.usage = JSON_NONE, .choices = JSON_NONE, .no_choices = true};
    if (json_parse(doc, text, limits) == JSON_OK && json_kind(doc, 0) == JSON_OBJECT)
        return true;
    places_out->signs = ANSWER_MALFORMED;
    return false;
}

void openai_read_frame(struct json_doc *doc, struct span data, const struct answer_tap *tap,
                       struct answer *answer, struct openai_places *places_out)
{
    if (span_is(span_trim(data), "[DONE]")) {
        *places_out = (struct openai_places){
            .signs = ANSWER_DONE, .usage = JSON_NONE, .choices = JSON_NONE, .no_choices = true};
    } else if (begin(doc, data, &limits_frame, places_out)) {
        read_root(doc, true, answer, places_out);
        read_choices(doc, "delta", tap, answer, places_out);
    }
    answer->signs |= places_out->signs;
}

void openai_read_whole(struct json_doc *doc, enum ask_kind kind, struct span body,
                       const struct answer_tap *tap, struct answer *answer,
                       struct openai_places *places_out)
{
    if (begin(doc, body, &limits_whole, places_out)) {
        read_root(doc, ask_is_chat(kind), answer, places_out);
        if (ask_is_chat(kind))
            read_choices(doc, "message", tap, answer, places_out);
        else if (has_items(doc, json_find(doc, 0, "data")))
            places_out->no_choices = false;
        if (places_out->no_choices && (places_out->signs & ANSWER_ERROR) == 0)
            places_out->signs |= ANSWER_MALFORMED;
    }
    answer->signs |= places_out->signs;
}

bool openai_read_error(struct json_doc *doc, struct span body, struct answer *answer)
{
    struct openai_places places;

    if (!begin(doc, body, &limits_frame, &places))
        return false;
    read_root(doc, false, answer, &places);
    if ((places.signs & ANSWER_ERROR) != 0)
        return true;
    /* FastAPI and a few others put it beside the root. */
    uint32_t message = json_find(doc, 0, "message");
    copy_string(doc, json_is_null(doc, message) ? json_find(doc, 0, "detail") : message,
                answer->error_message, sizeof(answer->error_message));
    return answer->error_message[0] != '\0';
}
