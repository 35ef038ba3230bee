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

const struct upstream_language *upstream_language_of(enum wire_dialect wire)
{
    return by_wire[wire];
}

const struct upstream_language *upstream_language_for(enum language_family family,
                                                      enum wire_dialect wire, struct span dialect)
{
    bool openai = span_is(dialect, "openai") || span_is(dialect, "azure-openai");

    return family == FAMILY_RESPONSES && wire == WIRE_OPENAI && openai ? &responses_upstream
                                                                       : by_wire[wire];
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
