/*
 * routes: see the header. The first row that matches wins.
 */
#include "routes.h"

#include "anthropic.h"
#include "chat.h"
#include "endpoints.h"
#include "gemini.h"
#include "pages.h"
#include "responses.h"

static const struct route routes[] = {
    {"POST", "/chat/completions", MATCH_END, NULL, chat_call, &openai_dialect, TRUTH_CHAT,
     BODY_JSON, -1, NULL},
    {"POST", "/completions", MATCH_END, NULL, chat_call, &openai_completions_dialect,
     TRUTH_COMPLETIONS, BODY_JSON, -1, NULL},
    {"POST", "/embeddings", MATCH_END, NULL, openai_embeddings, &openai_dialect, TRUTH_EMBEDDINGS,
     BODY_JSON, 0, NULL},

    {"POST", "/responses", MATCH_END, NULL, responses_create, &responses_dialect, TRUTH_RESPONSES,
     BODY_JSON, -1, NULL},
    {"GET POST DELETE", "/responses/", MATCH_WITHIN, NULL, responses_stored, &responses_dialect,
     TRUTH_RESPONSES, BODY_NONE, 0, NULL},

    {"POST", "/messages", MATCH_END, NULL, anthropic_messages, &anthropic_dialect, TRUTH_CHAT,
     BODY_JSON, -1, NULL},
    {"POST", "/messages/count_tokens", MATCH_END, NULL, anthropic_count_tokens, &anthropic_dialect,
     TRUTH_COUNT_TOKENS, BODY_JSON, 0, NULL},
    {"POST", "count-tokens:rawPredict", MATCH_END, NULL, anthropic_count_tokens, &anthropic_dialect,
     TRUTH_COUNT_TOKENS, BODY_JSON, 0, NULL},
    {"POST", ":rawPredict", MATCH_END, NULL, anthropic_messages, &anthropic_dialect, TRUTH_CHAT,
     BODY_JSON, 0, NULL},
    {"POST", ":streamRawPredict", MATCH_END, NULL, anthropic_messages, &anthropic_dialect,
     TRUTH_CHAT, BODY_JSON, 1, NULL},

    {"POST", "/moderations", MATCH_END, NULL, openai_moderations, &openai_dialect,
     TRUTH_MODERATIONS, BODY_JSON, 0, "omni-moderation-latest"},
    {"POST", "/images/generations", MATCH_END, NULL, openai_images, &openai_dialect, TRUTH_IMAGES,
     BODY_JSON, 0, "dall-e-2"},
    {"POST", "/images/edits", MATCH_END, NULL, openai_edits, &openai_dialect, TRUTH_IMAGES,
     BODY_PARTS, 0, "dall-e-2"},
    {"POST", "/audio/speech", MATCH_END, NULL, openai_speech, &openai_dialect, TRUTH_SPEECH,
     BODY_JSON, 1, NULL},
    {"POST", "/audio/transcriptions", MATCH_END, NULL, openai_transcription, &openai_dialect,
     TRUTH_TRANSCRIPTION, BODY_PARTS, 0, NULL},
    {"POST", "/audio/translations", MATCH_END, NULL, openai_transcription, &openai_dialect,
     TRUTH_TRANSCRIPTION, BODY_PARTS, 0, NULL},
    {"POST", "/token", MATCH_END, NULL, token_call, &token_dialect, TRUTH_TOKEN, BODY_FORM, 0,
     NULL},

    {"POST", ":generateContent", MATCH_END, NULL, gemini_generate, &gemini_dialect, TRUTH_CHAT,
     BODY_JSON, 0, NULL},
    {"POST", ":streamGenerateContent", MATCH_END, NULL, gemini_generate, &gemini_dialect,
     TRUTH_CHAT, BODY_JSON, 1, NULL},
    {"POST", ":countTokens", MATCH_END, NULL, gemini_count_tokens, &gemini_dialect,
     TRUTH_COUNT_TOKENS, BODY_JSON, 0, NULL},
    {"POST", ":embedContent", MATCH_END, NULL, gemini_embed, &gemini_dialect, TRUTH_EMBEDDINGS,
     BODY_JSON, 0, NULL},
    {"POST", ":batchEmbedContents", MATCH_END, NULL, gemini_embed, &gemini_dialect,
     TRUTH_EMBEDDINGS, BODY_JSON, 0, NULL},
    {"POST", ":predict", MATCH_END, NULL, vertex_predict, &gemini_dialect, TRUTH_EMBEDDINGS,
     BODY_JSON, 0, NULL},

    {"POST", "/converse", MATCH_END, NULL, chat_call, &bedrock_dialect, TRUTH_CHAT, BODY_JSON, 0,
     NULL},
    {"POST", "/converse-stream", MATCH_END, NULL, chat_call, &bedrock_dialect, TRUTH_CHAT,
     BODY_JSON, 1, NULL},

    {"POST", "/chat", MATCH_END, NULL, chat_call, &cohere_dialect, TRUTH_CHAT, BODY_JSON, -1, NULL},
    {"POST", "/embed", MATCH_END, NULL, cohere_embed, &cohere_dialect, TRUTH_EMBEDDINGS, BODY_JSON,
     0, NULL},
    {"POST", "/rerank", MATCH_END, NULL, cohere_rerank, &cohere_dialect, TRUTH_RERANK, BODY_JSON, 0,
     NULL},

    {"GET", "/models", MATCH_END, models_page, NULL, NULL, 0, BODY_NONE, 0, NULL},
    {"GET", "/models/", MATCH_WITHIN, model_page, NULL, NULL, 0, BODY_NONE, 0, NULL},
    {"GET DELETE", "/truth", MATCH_WHOLE, truth_page, NULL, NULL, 0, BODY_NONE, 0, NULL},
    {"GET POST DELETE", "/control", MATCH_WHOLE, control_page, NULL, NULL, 0, BODY_JSON, 0, NULL},
    {"GET", "/faults", MATCH_WHOLE, faults_page, NULL, NULL, 0, BODY_NONE, 0, NULL},
    {"GET", "/healthz", MATCH_WHOLE, health_page, NULL, NULL, 0, BODY_NONE, 0, NULL},
};

static bool matches(const struct route *route, struct span path)
{
    switch (route->match) {
    case MATCH_WHOLE:
        return span_is(path, route->path);
    case MATCH_END:
        return span_ends(path, route->path);
    case MATCH_WITHIN:
        return memmem(path.at, path.size, route->path, strlen(route->path)) != NULL;
    }
    return false;
}

const struct route *route_find(const struct http_request *request, bool *other_method_out)
{
    *other_method_out = false;
    for (size_t i = 0; i < array_size(routes); i++) {
        if (!matches(&routes[i], request->path))
            continue;
        if (memmem(routes[i].methods, strlen(routes[i].methods), request->method.at,
                   request->method.size) != NULL)
            return &routes[i];
        *other_method_out = true;
    }
    return NULL;
}

struct span route_model(struct span path, struct arena *arena)
{
    static const char *const before[] = {"/models/", "/model/", "/deployments/"};

    for (size_t i = 0; i < array_size(before); i++) {
        const char *at = memmem(path.at, path.size, before[i], strlen(before[i]));
        struct span rest;

        if (at == NULL)
            continue;
        rest = span_part(path, (size_t)(at - path.at) + strlen(before[i]), path.size);
        rest = span_cut(&rest, '/');
        if (before[i][1] == 'm' && before[i][6] == 's') {
            ptrdiff_t verb = span_index(rest, ':');

            rest.size = verb < 0 ? rest.size : (size_t)verb;
        }
        return http_decode(rest, false, arena_take(arena, rest.size + 1));
    }
    return span_make(NULL, 0);
}

/* Whether a version or the begin of a provider's own path stands here, as whole segments. */
static bool begins_api(struct span rest)
{
    static const char *const begins[] = {"/v1",        "/v2",      "/v1beta",
                                         "/v1beta1",   "/v1alpha", "/openai/deployments",
                                         "/openai/v1", "/model"};

    for (size_t i = 0; i < array_size(begins); i++) {
        size_t size = strlen(begins[i]);

        if (span_starts(rest, begins[i]) && (rest.size == size || rest.at[size] == '/'))
            return true;
    }
    return false;
}

struct span route_site(const struct route *route, struct span path)
{
    size_t end = path.size;
    const char *at = memmem(path.at, path.size, route->path, strlen(route->path));

    if (at != NULL)
        end = (size_t)(at - path.at);
    for (size_t i = 0; i < end; i++) {
        if (path.at[i] == '/' && begins_api(span_part(path, i, path.size))) {
            end = i;
            break;
        }
    }
    return end > 1 ? span_part(path, 1, end - 1) : span_make(NULL, 0);
}
