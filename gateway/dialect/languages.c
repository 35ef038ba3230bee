/*
 * languages: see the header.
 */
#include "gateway/dialect/languages.h"

static const struct upstream_language *const upstreams[] = {
    &bedrock_upstream, &openai_upstream, &anthropic_upstream,     &anthropic_vertex_upstream,
    &cohere_upstream,  &gemini_upstream, &gemini_vertex_upstream, &responses_upstream,
};

static const struct client_language *const clients[] = {
    &openai_client, &anthropic_client, &gemini_client, &gemini_array_client, &responses_client,
};

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
