/*
 * ask_openai: the members of chat completions, completions and embeddings.
 */
#include "gateway/dialect/ask_reading.h"

enum {
    CHAT = 1 << ASK_CHAT,
    EMBEDDINGS = 1 << ASK_EMBEDDINGS,
    COMPLETIONS = 1 << ASK_COMPLETIONS,
    TEXTS = CHAT | COMPLETIONS,
    ALL = TEXTS | EMBEDDINGS
};
enum { BEST_OF_MAX = 20 }; /* what OpenAI takes */

static bool read_stream_options(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->stream_options_node = value;
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return ask_wrong_type(r, name, "an object");
    return ask_read_flag(r, "stream_options.include_usage",
                         json_find(r->doc, value, "include_usage"), &r->ask->include_usage);
}

static bool read_max_completion_tokens(struct ask_reading *r, const char *name, uint32_t value)
{
    r->ask->max_completion_tokens_node = value;
    return ask_read_number(r, name, value, ASK_CAP_MAX, &r->ask->max_completion_tokens);
}

static bool read_texts(struct ask_reading *r, const char *name, uint32_t value)
{
    enum json_kind kind = json_kind(r->doc, value);

    if (kind != JSON_STRING && kind != JSON_ARRAY)
        return ask_wrong_type(r, name, "a string, an array of strings, or an array of tokens");
    if (kind == JSON_ARRAY && json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name,
                           arena_printf(r->arena, "'%s' must not be an empty array.", name));
    return true;
}

static bool read_modalities(struct ask_reading *r, const char *name, uint32_t value)
{
    if (json_is_null(r->doc, value))
        return true;
    if (json_kind(r->doc, value) != JSON_ARRAY)
        return ask_wrong_type(r, name, "an array");
    for (uint32_t item = json_first(r->doc, value); item != JSON_NONE;
         item = json_after(r->doc, value, item))
        if (json_kind(r->doc, item) != JSON_STRING || !json_string_is(r->doc, item, "text"))
            return ask_unsupported(r, name,
                                   "'modalities' must be [\"text\"]: the catalog has no price "
                                   "for other output here.");
    return true;
}

/* More choices are generated, and paid, than are sent. */
static bool read_best_of(struct ask_reading *r, const char *name, uint32_t value)
{
    int64_t best_of = 1;

    if (r->ask->kind == ASK_CHAT && !json_is_null(r->doc, value))
        return ask_unsupported(r, name,
                               "'best_of' changes the price of a request and has none in the "
                               "catalog: leave it out.");
    if (!ask_read_number(r, name, value, BEST_OF_MAX, &best_of))
        return false;
    if (best_of > 1)
        r->ask->best_of = best_of;
    return true;
}

/* Sorted by name. */
static const struct ask_member members[] = {
    {"audio", CHAT, ASK_PRICED, NULL},
    {"best_of", TEXTS, ASK_PASSED, read_best_of},
    {"enable_search", CHAT, ASK_PRICED, NULL},
    {"input", EMBEDDINGS, ASK_PASSED, read_texts},
    {"max_completion_tokens", CHAT, ASK_PASSED, read_max_completion_tokens},
    {"max_tokens", TEXTS, ASK_PASSED, ask_read_max_tokens},
    {"messages", CHAT, ASK_PASSED, ask_read_messages},
    {"modalities", CHAT, ASK_PASSED, read_modalities},
    {"model", ALL, ASK_PASSED, ask_read_model},
    {"n", TEXTS, ASK_PASSED, ask_read_choices},
    {"plugins", CHAT, ASK_PRICED, NULL},
    {"prediction", CHAT, ASK_PRICED, NULL},
    {"prompt", COMPLETIONS, ASK_PASSED, read_texts},
    {"search_parameters", CHAT, ASK_PRICED, NULL},
    {"service_tier", ALL, ASK_PASSED, ask_read_service_tier},
    {"speed", CHAT, ASK_PRICED, NULL},
    {"stream", TEXTS, ASK_PASSED, ask_read_stream},
    {"stream_options", TEXTS, ASK_PASSED, read_stream_options},
    {"tools", CHAT, ASK_PASSED, ask_read_tools},
    {"user", ALL, ASK_PASSED, ask_read_user},
    {"web_search_options", CHAT, ASK_PRICED, NULL},
};

/* All choices of all prompts count, and those that are thrown away. */
static bool check_completions(struct ask_reading *r)
{
    struct ask *ask = r->ask;
    uint32_t prompt = json_find(r->doc, 0, "prompt");

    if (ask->best_of > 0 && ask->best_of < ask->choices)
        return ask_invalid(r, "best_of", "'best_of' must not be less than 'n'.");
    if (ask->best_of > 0 && ask->stream)
        return ask_invalid(r, "best_of", "'best_of' above 1 cannot be streamed.");
    if (ask->best_of > 0)
        ask->choices = ask->best_of;
    if (json_kind(r->doc, prompt) == JSON_ARRAY &&
        json_kind(r->doc, json_first(r->doc, prompt)) != JSON_NUMBER)
        ask->choices *= json_count(r->doc, prompt);
    if (ask->choices > ASK_CHOICES_MAX)
        return ask_invalid(r, "prompt", "These prompts ask for more than 128 completions.");
    return true;
}

static bool check(struct ask_reading *r)
{
    const struct ask *ask = r->ask;

    if (!ask_require(r, ask->kind == ASK_CHAT         ? "messages"
                        : ask->kind == ASK_EMBEDDINGS ? "input"
                                                      : "prompt"))
        return false;
    if (!json_is_null(r->doc, ask->stream_options_node) && !ask->stream)
        return ask_invalid(r, "stream_options",
                           "'stream_options' is only allowed when 'stream' is enabled.");
    return ask->kind != ASK_COMPLETIONS || check_completions(r);
}

const struct ask_table ask_openai_table = {
    .members = members, .count = array_size(members), .check = check};
