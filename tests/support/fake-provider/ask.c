/*
 * ask: see the header.
 */
#include "ask.h"

#include <errno.h>
#include <strings.h>
#include <xxhash.h>

#include "ask-calls.h"
#include "ask-texts.h"
#include "common/base/mem.h"

static const struct ask_error fine = {NULL, NULL};

/* What is being read. */
struct reading {
    const struct ask_words *words;
    const struct json_doc *doc;
    struct arena *arena;
    struct ask *ask;
};

/* A member by its name, or by the same in snake_case, which Google takes as well. */
static uint32_t find_either(const struct json_doc *doc, uint32_t from, const char *name)
{
    uint32_t found;
    char snake[128];
    size_t size = 0;

    if (json_kind(doc, from) != JSON_OBJECT)
        return JSON_NONE;
    found = json_find(doc, from, name);
    if (found != JSON_NONE)
        return found;
    for (; *name != '\0'; name++) {
        bool large = *name >= 'A' && *name <= 'Z';
        must(size + 3 < sizeof(snake));
        if (large)
            snake[size++] = '_';
        snake[size++] = large ? (char)(*name - 'A' + 'a') : *name;
    }
    snake[size] = '\0';
    return json_find(doc, from, snake);
}

uint32_t ask_find(const struct json_doc *doc, uint32_t from, const char *path)
{
    struct span rest = span_of(path);
    char name[64];

    if (path == NULL)
        return JSON_NONE;
    while (rest.size > 0 && from != JSON_NONE) {
        struct span part = span_cut(&rest, '.');

        must(part.size < sizeof(name));
        memcpy(name, part.at, part.size);
        name[part.size] = '\0';
        from = find_either(doc, from, name);
    }
    return from;
}

void ask_spec(const struct json_doc *doc, struct arena *arena, struct fault_spec *spec)
{
    static const char *const tagged[] = {"user", "metadata.user_id", "safety_identifier"};
    static const char *const plain[] = {"metadata.fake", "labels.fake", "requestMetadata.fake"};
    struct span text;

    if (doc->count == 0 || json_kind(doc, 0) != JSON_OBJECT)
        return;
    for (size_t i = 0; i < array_size(tagged); i++)
        if (json_string(doc, ask_find(doc, 0, tagged[i]), arena, &text) == 0)
            fault_spec_apply_tagged(spec, text);
    for (size_t i = 0; i < array_size(plain); i++)
        if (json_string(doc, ask_find(doc, 0, plain[i]), arena, &text) == 0)
            (void)fault_spec_apply(spec, text);
}

static uint32_t node_at(const struct reading *reading, const char *path)
{
    return ask_find(reading->doc, 0, path);
}

static bool has_word(const struct reading *reading, const char *path, const char *word)
{
    return path != NULL && word != NULL &&
           json_string_is(reading->doc, node_at(reading, path), word);
}

static bool is_kind(const struct reading *reading, uint32_t node, enum json_kind kind)
{
    return node != JSON_NONE && json_kind(reading->doc, node) == kind;
}

/* A whole number that may be missing; `value` keeps what it has then. */
static bool read_int(const struct reading *reading, const char *path, int64_t max, int64_t *value)
{
    int64_t found;
    int outcome = json_int64(reading->doc, node_at(reading, path), &found);

    if (outcome == -ENOENT)
        return true;
    if (outcome != 0 || found < 1 || found > max)
        return false;
    *value = found;
    return true;
}

static struct ask_error read_limits(const struct reading *reading)
{
    const struct ask_words *words = reading->words;
    struct ask *ask = reading->ask;

    if (words->choices != NULL &&
        !read_int(reading, words->choices, ASK_CHOICES_MAX, &ask->choices))
        return (struct ask_error){"the number of choices is 1 to 128", words->choices};
    for (size_t i = 0; i < ASK_PATHS_MAX && words->caps[i] != NULL; i++)
        if (!read_int(reading, words->caps[i], INT32_MAX, &ask->cap_tokens))
            return (struct ask_error){"the limit of tokens is a whole number of at least 1",
                                      words->caps[i]};
    if (words->needs_cap && ask->cap_tokens < 0)
        return (struct ask_error){"max_tokens: Field required", "max_tokens"};
    return fine;
}

static struct ask_error read_stops(const struct reading *reading)
{
    static const char bad[] = "a stop is a text or a list of up to 8";
    const struct json_doc *doc = reading->doc;
    struct ask *ask = reading->ask;
    uint32_t stop = node_at(reading, reading->words->stops);
    struct ask_error error = {bad, reading->words->stops};

    if (json_is_null(doc, stop))
        return fine;
    if (json_kind(doc, stop) == JSON_STRING)
        return json_string(doc, stop, reading->arena, &ask->stops[ask->stop_count++]) == 0 ? fine
                                                                                           : error;
    if (json_kind(doc, stop) != JSON_ARRAY || json_count(doc, stop) > ASK_STOPS_MAX)
        return error;
    for (uint32_t item = json_first(doc, stop); item != JSON_NONE;
         item = json_after(doc, stop, item))
        if (json_string(doc, item, reading->arena, &ask->stops[ask->stop_count++]) != 0)
            return error;
    return fine;
}

static void take_for_seed(void *to, struct span text)
{
    uint64_t *seed = to;

    if (text.size > 0)
        *seed = XXH3_64bits_withSeed(text.at, text.size, *seed);
}

static void take_for_count(void *to, struct span text)
{
    count_feed(to, text);
}

/* Calls `visit` with every tool: the items of the list, or of the lists in its items. */
static void each_tool(const struct ask_words *words, const struct json_doc *doc, uint32_t tools,
                      void (*visit)(void *to, uint32_t tool), void *to)
{
    if (!json_is(doc, tools, JSON_ARRAY))
        return;
    for (uint32_t item = json_first(doc, tools); item != JSON_NONE;
         item = json_after(doc, tools, item)) {
        uint32_t list = ask_find(doc, item, words->tool_lists);

        if (words->tool_lists == NULL) {
            visit(to, words->tool == NULL ? item : ask_find(doc, item, words->tool));
            continue;
        }
        if (!json_is(doc, list, JSON_ARRAY))
            continue;
        for (uint32_t tool = json_first(doc, list); tool != JSON_NONE;
             tool = json_after(doc, list, tool))
            visit(to, tool);
    }
}

struct counting {
    const struct ask_words *words;
    const struct json_doc *doc;
    struct count *count;
    struct arena *arena;
};

/* The schema of a tool's parameters; the last path that has one. */
static uint32_t parameters_of(const struct ask_words *words, const struct json_doc *doc,
                              uint32_t tool)
{
    uint32_t found = JSON_NONE;

    for (size_t i = 0; i < ASK_PATHS_MAX && words->parameters[i] != NULL; i++) {
        uint32_t schema = ask_find(doc, tool, words->parameters[i]);

        found = schema != JSON_NONE ? schema : found;
    }
    return found;
}

/* As the gateway's count_ask() does: name, description, schema. */
static void count_tool(void *to, uint32_t tool)
{
    static const char *const texts[] = {"name", "description"};
    const struct counting *counting = to;
    const struct json_doc *doc = counting->doc;
    uint32_t schema = parameters_of(counting->words, doc, tool);
    struct span text;

    for (size_t i = 0; i < array_size(texts); i++)
        if (json_string(doc, ask_find(doc, tool, texts[i]), counting->arena, &text) == 0)
            count_feed(counting->count, text);
    if (schema != JSON_NONE)
        count_feed(counting->count, json_raw(doc, schema));
}

void ask_count(const struct ask_words *words, const struct json_doc *doc, struct arena *arena,
               struct count *count)
{
    struct texts_sink sink = {take_for_count, count, arena};
    struct counting counting = {words, doc, count, arena};

    if (words->counts_as_gateway) {
        count_chat_input(count, doc, 0);
        return;
    }
    texts_walk(doc, ask_find(doc, 0, words->system), &sink);
    texts_walk(doc, ask_find(doc, 0, words->turns), &sink);
    each_tool(words, doc, ask_find(doc, 0, words->tools), count_tool, &counting);
}

/* The text of a turn of that role (a dialect may have two words for it): its content, or the last
 * text among its parts. */
static struct span read_text(const struct reading *reading, uint32_t turn, const char *role,
                             const char *other)
{
    const struct json_doc *doc = reading->doc;
    uint32_t told = json_find(doc, turn, "role");
    uint32_t content = json_find(doc, turn, reading->words->content);
    struct span text;

    if ((told == JSON_NONE
             ? strcmp(role, "user") != 0
             : !json_string_is(doc, told, role) && !json_string_is(doc, told, other)) ||
        content == JSON_NONE)
        return span_make(NULL, 0);
    if (json_kind(doc, content) == JSON_ARRAY) {
        uint32_t found = JSON_NONE;

        for (uint32_t part = json_first(doc, content); part != JSON_NONE;
             part = json_after(doc, content, part))
            if (is_kind(reading, part, JSON_OBJECT) && json_find(doc, part, "text") != JSON_NONE)
                found = json_find(doc, part, "text");
        content = found;
    }
    return json_string(doc, content, reading->arena, &text) == 0 ? text : span_make(NULL, 0);
}

static bool holds(struct span text, const char *word)
{
    return text.size > 0 && memmem(text.at, text.size, word, strlen(word)) != NULL;
}

static void read_last_turns(const struct reading *reading, uint32_t before, uint32_t last)
{
    struct ask *ask = reading->ask;

    ask->last_text = read_text(reading, last, "user", "user");
    ask->prefill = read_text(reading, last, "assistant", "model");
    if (ask->prefill.size > 0 && is_kind(reading, before, JSON_OBJECT))
        ask->last_text = read_text(reading, before, "user", "user");
}

/* What goes on with an answer is the answer to what stands before it. */
static void walk_turns(const struct reading *reading, uint32_t turns, uint32_t last,
                       const struct texts_sink *sink)
{
    const struct json_doc *doc = reading->doc;

    if (reading->ask->prefill.size == 0) {
        texts_walk(doc, turns, sink);
        return;
    }
    for (uint32_t turn = json_first(doc, turns); turn != last; turn = json_after(doc, turns, turn))
        texts_walk(doc, turn, sink);
}

static struct ask_error read_turns(const struct reading *reading)
{
    const struct json_doc *doc = reading->doc;
    struct ask *ask = reading->ask;
    uint32_t turns = node_at(reading, reading->words->turns), last = JSON_NONE, before = JSON_NONE;
    struct texts_sink sink = {take_for_seed, &ask->seed, reading->arena};

    if (reading->words->may_be_text && is_kind(reading, turns, JSON_STRING)) {
        if (json_string(doc, turns, reading->arena, &ask->last_text) != 0)
            return (struct ask_error){"the text is too long", reading->words->turns};
    } else if (is_kind(reading, turns, JSON_ARRAY)) {
        for (uint32_t turn = json_first(doc, turns); turn != JSON_NONE;
             turn = json_after(doc, turns, turn)) {
            before = last;
            last = turn;
        }
        if (reading->words->may_be_text && is_kind(reading, last, JSON_STRING)) {
            if (json_string(doc, last, reading->arena, &ask->last_text) != 0)
                return (struct ask_error){"the text is too long", reading->words->turns};
        } else if (!is_kind(reading, last, JSON_OBJECT)) {
            return (struct ask_error){"the list must hold objects, at least one",
                                      reading->words->turns};
        } else {
            read_last_turns(reading, before, last);
        }
    } else {
        return (struct ask_error){"this must be a list", reading->words->turns};
    }
    if (ask_find(doc, 0, "previous_response_id") == JSON_NONE && !ask_calls_match(doc, turns))
        return (struct ask_error){"a result of a tool answers no call before it",
                                  reading->words->turns};
    texts_walk(doc, node_at(reading, reading->words->system), &sink);
    walk_turns(reading, turns, last, &sink);
    ask->marked_cached = holds(ask->last_text, "[[cached]]") || holds(ask->model, "cached");
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

/* The calls that are being noted. */
struct choosing {
    const struct reading *reading;
    uint32_t chosen; /* the name of the one that must be called, or none */
    size_t max;
};

/* Notes a tool as one that is called, when it is the one that is asked for, or any is. What has no
 * name is a cache point, or a tool of the provider's own. */
static void choose_tool(void *to, uint32_t tool)
{
    const struct choosing *choosing = to;
    const struct json_doc *doc = choosing->reading->doc;
    struct arena *arena = choosing->reading->arena;
    struct ask *ask = choosing->reading->ask;
    struct span name, wanted;

    if (json_string(doc, ask_find(doc, tool, "name"), arena, &name) != 0 ||
        ask->call_count == choosing->max)
        return;
    if (choosing->chosen != JSON_NONE &&
        (json_string(doc, choosing->chosen, arena, &wanted) != 0 || !span_equal(wanted, name)))
        return;
    ask->calls[ask->call_count].parameters = parameters_of(choosing->reading->words, doc, tool);
    ask->calls[ask->call_count++].name = name;
}

/* Whether tools may be called one at a time only. */
static bool is_serial(const struct reading *reading)
{
    bool value;

    if (json_bool(reading->doc, node_at(reading, reading->words->parallel), &value) == 0 && !value)
        return true;
    return json_bool(reading->doc, node_at(reading, reading->words->serial), &value) == 0 && value;
}

/* Which tools the answer calls: the named one; the first when one is required or the user says
 * "use the tool"; all (up to four) when the user says "use the tools". */
static struct ask_error read_tools(const struct reading *reading)
{
    const struct ask_words *words = reading->words;
    struct ask *ask = reading->ask;
    uint32_t tools = node_at(reading, words->tools);
    uint32_t chosen = node_at(reading, words->choice_name);
    bool required = has_word(reading, words->choice, words->choice_any) ||
                    node_at(reading, words->choice_is_any) != JSON_NONE;
    struct choosing choosing = {reading, JSON_NONE, 1};

    if (json_is_null(reading->doc, tools) || has_word(reading, words->choice, words->choice_none))
        return fine;
    if (!is_kind(reading, tools, JSON_ARRAY))
        return (struct ask_error){"tools must be a list", words->tools};
    if (is_kind(reading, chosen, JSON_ARRAY))
        chosen = json_first(reading->doc, chosen);
    if (!required && chosen == JSON_NONE && !says(ask->last_text, "use the tool"))
        return fine;
    choosing.chosen = chosen;
    if (!is_serial(reading) && says(ask->last_text, "use the tools"))
        choosing.max = ASK_CALLS_MAX;
    each_tool(words, reading->doc, tools, choose_tool, &choosing);
    if (chosen != JSON_NONE && ask->call_count == 0)
        return (struct ask_error){"the choice names no tool of the request", words->choice_name};
    return fine;
}

static void read_format(const struct reading *reading)
{
    const struct ask_words *words = reading->words;
    struct ask *ask = reading->ask;
    uint32_t thinking = node_at(reading, words->thinking);
    bool value = false;

    if (has_word(reading, words->json, words->json_word))
        ask->format = ASK_JSON;
    for (size_t i = 0; i < ASK_PATHS_MAX && words->schemas[i] != NULL; i++) {
        uint32_t schema = node_at(reading, words->schemas[i]);

        if (json_is_null(reading->doc, schema))
            continue;
        ask->format = ASK_SCHEMA;
        ask->schema = schema;
    }
    ask->thinks = has_word(reading, words->thinking, words->thinking_words[0]) ||
                  has_word(reading, words->thinking, words->thinking_words[1]) ||
                  (json_bool(reading->doc, thinking, &value) == 0 && value);
}

static struct ask_error read_stream(const struct reading *reading, int stream)
{
    const struct ask_words *words = reading->words;
    struct ask *ask = reading->ask;

    if (json_bool(reading->doc, node_at(reading, words->stream), &ask->stream) == -EINVAL)
        return (struct ask_error){"stream is true or false", words->stream};
    if (json_bool(reading->doc, node_at(reading, words->include_usage), &ask->include_usage) ==
        -EINVAL)
        return (struct ask_error){"include_usage is true or false", words->include_usage};
    if (stream >= 0)
        ask->stream = stream == 1;
    return fine;
}

struct ask_error ask_read(const struct ask_words *words, const struct json_doc *doc,
                          struct arena *arena, struct span model, int stream, struct ask *ask_out)
{
    struct ask ask = {.model = model, .choices = 1, .cap_tokens = -1, .schema = JSON_NONE};
    struct reading reading = {words, doc, arena, &ask};
    struct ask_error error = read_stream(&reading, stream);

    if (error.message == NULL)
        error = read_limits(&reading);
    if (error.message == NULL)
        error = read_turns(&reading);
    if (error.message == NULL)
        error = read_stops(&reading);
    if (error.message == NULL)
        error = read_tools(&reading);
    if (error.message != NULL)
        return error;
    read_format(&reading);
    *ask_out = ask;
    return fine;
}
