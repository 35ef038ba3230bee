/*
 * languages: see the header.
 */
#include "gateway/dialect/languages.h"

static const struct upstream_language *const upstreams[] = {
    &bedrock_upstream, &openai_upstream, &anthropic_upstream,     &anthropic_vertex_upstream,
    &cohere_upstream,  &gemini_upstream, &gemini_vertex_upstream, &responses_upstream,
};

static const struct upstream_language *const by_wire[WIRES] = {
    [WIRE_OPENAI] = &openai_upstream,
    [WIRE_ANTHROPIC] = &anthropic_upstream,
    [WIRE_ANTHROPIC_VERTEX] = &anthropic_vertex_upstream,
    [WIRE_GEMINI] = &gemini_upstream,
    [WIRE_GEMINI_VERTEX] = &gemini_vertex_upstream,
    [WIRE_BEDROCK] = &bedrock_upstream,
    [WIRE_COHERE] = &cohere_upstream,
    [WIRE_RESPONSES] = &responses_upstream,
};

static const struct client_language *const clients[] = {
    &openai_client,       &anthropic_client, &gemini_client,
    &gemini_array_client, &responses_client, &completions_client,
};

/* ---- OpenAI's two APIs ---- */

/* OpenAI's own models, by their documentation (each model's page lists its endpoints): how a name
 * begins, or what stands in it as a word of its own. */
static const char *const own_models[] = {"gpt-", "chatgpt-", "o1",       "o3",
                                         "o4",   "codex",    "computer-"};
static const char *const no_chats[] = {"pro", "codex", "deep-research", "computer-use"};
static const char *const no_responses[] = {"search-preview", "search-api", "audio", "o1-mini"};

static bool has_word(struct span name, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= name.size; i++)
        if (memcmp(name.at + i, word, size) == 0 && (i == 0 || name.at[i - 1] == '-') &&
            (i + size == name.size || name.at[i + size] == '-'))
            return true;
    return false;
}

static bool has_any(struct span name, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_word(name, words[i]))
            return true;
    return false;
}

static bool is_own(struct span model)
{
    for (size_t i = 0; i < array_size(own_models); i++)
        if (span_starts(model, own_models[i]))
            return true;
    return false;
}

const struct upstream_language *upstream_language_for(enum language_family family,
                                                      const struct language_place *place)
{
    bool openai = span_is(place->dialect, "openai"), own = is_own(place->model);

    /* Azure has others' models too, at the same path but in chats only. */
    if (place->wire != WIRE_OPENAI || !(openai || (own && span_is(place->dialect, "azure-openai"))))
        return by_wire[place->wire];
    if (own && has_any(place->model, no_chats, array_size(no_chats)))
        return &responses_upstream;
    return family == FAMILY_RESPONSES &&
                   !has_any(place->model, no_responses, array_size(no_responses))
               ? &responses_upstream
               : &openai_upstream;
}

const struct upstream_language *upstream_language_find(struct span name)
{
    for (size_t i = 0; i < array_size(upstreams); i++)
        if (span_is(name, upstreams[i]->name))
            return upstreams[i];
    return NULL;
}

const struct client_language *client_language_find(struct span name)
{
    for (size_t i = 0; i < array_size(clients); i++)
        if (span_is(name, clients[i]->name))
            return clients[i];
    return NULL;
}
