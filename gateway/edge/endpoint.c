/*
 * endpoint: see endpoint.h.
 */
#include "gateway/edge/endpoint.h"

#include "common/base/buf.h"

enum { MODEL_ID_MAX = 256 };

/* Paths behind /v1; /api/v1 is the same. */
static const struct {
    const char *path;
    enum endpoint endpoint;
    unsigned allowed;
} table[] = {
    {"/chat/completions", ENDPOINT_CHAT_COMPLETIONS, METHOD_POST},
    {"/route/dry-run", ENDPOINT_DRY_RUN, METHOD_POST},
    {"/embeddings", ENDPOINT_EMBEDDINGS, METHOD_POST},
    {"/messages", ENDPOINT_MESSAGES, METHOD_POST},
    {"/completions", ENDPOINT_COMPLETIONS, METHOD_POST},
    {"/moderations", ENDPOINT_MODERATIONS, METHOD_POST},
    {"/rerank", ENDPOINT_RERANK, METHOD_POST},
    {"/images/generations", ENDPOINT_IMAGES, METHOD_POST},
    {"/images/edits", ENDPOINT_IMAGE_EDITS, METHOD_POST},
    {"/audio/speech", ENDPOINT_SPEECH, METHOD_POST},
    {"/audio/transcriptions", ENDPOINT_TRANSCRIPTIONS, METHOD_POST},
    {"/audio/translations", ENDPOINT_TRANSLATIONS, METHOD_POST},
    {"/messages/count_tokens", ENDPOINT_COUNT_TOKENS, METHOD_POST},
    {"/responses", ENDPOINT_RESPONSES, METHOD_POST},
    {"/models", ENDPOINT_MODELS, METHOD_GET | METHOD_HEAD},
    {"/models/count", ENDPOINT_MODEL_COUNT, METHOD_GET | METHOD_HEAD},
    {"/providers", ENDPOINT_PROVIDERS, METHOD_GET | METHOD_HEAD},
};

static const char *const names[ENDPOINTS] = {
    [ENDPOINT_NONE] = "none",
    [ENDPOINT_CHAT_COMPLETIONS] = "chat.completions",
    [ENDPOINT_EMBEDDINGS] = "embeddings",
    [ENDPOINT_MESSAGES] = "messages",
    [ENDPOINT_COUNT_TOKENS] = "count_tokens",
    [ENDPOINT_DRY_RUN] = "route.dry_run",
    [ENDPOINT_GENERATE] = "generate_content",
    [ENDPOINT_COMPLETIONS] = "completions",
    [ENDPOINT_MODERATIONS] = "moderations",
    [ENDPOINT_RERANK] = "rerank",
    [ENDPOINT_IMAGES] = "images.generations",
    [ENDPOINT_IMAGE_EDITS] = "images.edits",
    [ENDPOINT_SPEECH] = "audio.speech",
    [ENDPOINT_TRANSCRIPTIONS] = "audio.transcriptions",
    [ENDPOINT_TRANSLATIONS] = "audio.translations",
    [ENDPOINT_RESPONSES] = "responses",
    [ENDPOINT_RESPONSE] = "response",
    [ENDPOINT_RESPONSE_CANCEL] = "response.cancel",
    [ENDPOINT_RESPONSE_ITEMS] = "response.input_items",
    [ENDPOINT_MODELS] = "models",
    [ENDPOINT_MODEL] = "model",
    [ENDPOINT_MODEL_ENDPOINTS] = "model.endpoints",
    [ENDPOINT_MODEL_COUNT] = "models.count",
    [ENDPOINT_PROVIDERS] = "providers",
    [ENDPOINT_HEALTHZ] = "healthz",
    [ENDPOINT_READYZ] = "readyz",
    [ENDPOINT_CONTROL] = "control",
    [ENDPOINT_CONSOLE] = "console",
    [ENDPOINT_ROOT] = "root",
};

static const struct {
    const char *name;
    enum endpoint_method method;
} methods[] = {
    {"GET", METHOD_GET},       {"HEAD", METHOD_HEAD}, {"POST", METHOD_POST},
    {"DELETE", METHOD_DELETE}, {"PUT", METHOD_PUT},   {"PATCH", METHOD_PATCH},
};

const char *endpoint_name(enum endpoint endpoint)
{
    return names[endpoint];
}

size_t endpoint_allow(unsigned allowed, char text_out[ENDPOINT_ALLOW_SIZE])
{
    size_t size = 0;

    for (size_t i = 0; i < array_size(methods); i++) {
        size_t length = strlen(methods[i].name);

        if ((allowed & (unsigned)methods[i].method) == 0)
            continue;
        if (size > 0) {
            memcpy(text_out + size, ", ", 2);
            size += 2;
        }
        memcpy(text_out + size, methods[i].name, length);
        size += length;
    }
    text_out[size] = 0;
    return size;
}

static bool take_prefix(struct span *path, const char *prefix)
{
    size_t size = strlen(prefix);

    if (!span_starts(*path, prefix) || (path->size > size && path->at[size] != '/'))
        return false;
    *path = span_part(*path, size, SIZE_MAX);
    return true;
}

static bool has_escape(struct span path)
{
    return span_index(path, '%') >= 0;
}

/* Gemini's calls on a model: "…:verb". */
static const struct {
    const char *verb;
    enum endpoint endpoint;
    bool stream;
} verbs[] = {
    {":generateContent", ENDPOINT_GENERATE, false},
    {":streamGenerateContent", ENDPOINT_GENERATE, true},
    {":countTokens", ENDPOINT_COUNT_TOKENS, false},
};

static bool match_verb(struct span rest, struct endpoint_match *match)
{
    char id[MODEL_ID_MAX];

    for (size_t i = 0; i < array_size(verbs); i++) {
        if (!span_ends(rest, verbs[i].verb))
            continue;
        match->dialect = REPLY_GEMINI;
        match->model = span_part(rest, 0, rest.size - strlen(verbs[i].verb));
        if (endpoint_model_id(match->model, id, sizeof(id)) == 0)
            return true;
        match->endpoint = verbs[i].endpoint;
        match->stream = verbs[i].stream;
        match->allowed = METHOD_POST;
        return true;
    }
    return false;
}

/* Behind /models/: a model's id, or a call on one. */
static void match_model(struct span rest, struct endpoint_match *match)
{
    char id[MODEL_ID_MAX];

    if (match_verb(rest, match) || endpoint_model_id(rest, id, sizeof(id)) == 0)
        return;
    match->endpoint = ENDPOINT_MODEL;
    match->allowed = METHOD_GET | METHOD_HEAD;
    match->model = rest;
}

/* …/endpoints: what serves a model. */
static bool match_model_endpoints(struct span rest, struct endpoint_match *match)
{
    size_t tail = strlen("/endpoints");
    char id[MODEL_ID_MAX];

    if (!span_ends(rest, "/endpoints") || rest.size == tail)
        return false;
    rest = span_part(rest, 0, rest.size - tail);
    if (endpoint_model_id(rest, id, sizeof(id)) == 0)
        return false;
    match->endpoint = ENDPOINT_MODEL_ENDPOINTS;
    match->allowed = METHOD_GET | METHOD_HEAD;
    match->model = rest;
    return true;
}

/* Behind /responses/: an id, and maybe what is to be done with it. */
static void match_response(struct span rest, struct endpoint_match *match)
{
    static const struct {
        const char *verb;
        enum endpoint endpoint;
        unsigned allowed;
    } rows[] = {
        {"", ENDPOINT_RESPONSE, METHOD_GET | METHOD_DELETE},
        {"cancel", ENDPOINT_RESPONSE_CANCEL, METHOD_POST},
        {"input_items", ENDPOINT_RESPONSE_ITEMS, METHOD_GET},
    };
    struct span id = span_cut(&rest, '/');

    if (id.size == 0 || has_escape(id) || (rest.at != NULL && rest.size == 0))
        return;
    for (size_t i = 0; i < array_size(rows); i++)
        if (span_is(rest, rows[i].verb)) {
            match->endpoint = rows[i].endpoint;
            match->allowed = rows[i].allowed;
            match->response = id;
        }
}

static void match_v1(struct span path, struct endpoint_match *match)
{
    if (span_is(path, "/messages") || span_starts(path, "/messages/"))
        match->dialect = REPLY_ANTHROPIC;
    if (span_starts(path, "/models/") && !span_is(path, "/models/count")) {
        struct span rest = span_part(path, strlen("/models/"), SIZE_MAX);

        if (!match_model_endpoints(rest, match))
            match_model(rest, match);
        return;
    }
    if (span_starts(path, "/responses/")) {
        match_response(span_part(path, strlen("/responses/"), SIZE_MAX), match);
        return;
    }
    if (has_escape(path))
        return;
    for (size_t i = 0; i < array_size(table); i++) {
        if (span_is(path, table[i].path)) {
            match->endpoint = table[i].endpoint;
            match->allowed = table[i].allowed;
        }
    }
}

/* Gemini's: calls on a model, and of the Models API the list and one. A verb that is not known is
 * no model's name. */
static void match_v1beta(struct span path, struct endpoint_match *match)
{
    struct span rest = span_part(path, strlen("/models/"), SIZE_MAX);

    if (span_is(path, "/models")) {
        match->endpoint = ENDPOINT_MODELS;
        match->allowed = METHOD_GET | METHOD_HEAD;
    } else if (span_starts(path, "/models/") && !match_verb(rest, match) &&
               span_index(rest, ':') < 0) {
        match_model(rest, match);
    } else if (path.size > 0 && !span_starts(path, "/models/")) {
        /* Vercel's AI SDK takes an "author/slug" for a whole name, and leaves "models" out. */
        (void)match_verb(span_part(path, 1, SIZE_MAX), match);
    }
}

/* Whatever is not the API: health, the control plane, the console. */
static void match_site(struct span path, struct endpoint_match *match)
{
    if (span_is(path, "/healthz") || span_is(path, "/readyz")) {
        match->endpoint = span_is(path, "/healthz") ? ENDPOINT_HEALTHZ : ENDPOINT_READYZ;
        match->allowed = METHOD_GET | METHOD_HEAD;
    } else if (take_prefix(&path, "/control")) {
        match->dialect = REPLY_PROBLEM;
        if (!take_prefix(&path, "/v1"))
            return;
        match->endpoint = ENDPOINT_CONTROL;
        match->allowed = METHOD_GET | METHOD_POST | METHOD_DELETE | METHOD_PUT | METHOD_PATCH;
    } else if (span_is(path, "/")) {
        match->endpoint = ENDPOINT_ROOT;
        match->allowed = METHOD_GET | METHOD_HEAD;
    } else if (take_prefix(&path, "/console")) {
        match->endpoint = ENDPOINT_CONSOLE;
        match->allowed = METHOD_GET | METHOD_HEAD;
    }
}

void endpoint_match(struct span method, struct span path, struct endpoint_match *match_out)
{
    *match_out = (struct endpoint_match){.endpoint = ENDPOINT_NONE, .dialect = REPLY_OPENAI};
    if (take_prefix(&path, "/v1") || take_prefix(&path, "/api/v1")) {
        match_v1(path, match_out);
    } else if (span_is(path, "/v2/rerank")) {
        /* Where Cohere's clients look for it. */
        match_v1(span_part(path, strlen("/v2"), SIZE_MAX), match_out);
    } else if (take_prefix(&path, "/v1beta")) {
        match_out->dialect = REPLY_GEMINI;
        match_v1beta(path, match_out);
    } else {
        match_site(path, match_out);
    }
    for (size_t i = 0; i < array_size(methods); i++) {
        if (span_is(method, methods[i].name)) {
            match_out->method_served = (match_out->allowed & (unsigned)methods[i].method) != 0;
            break;
        }
    }
}

size_t endpoint_model_id(struct span raw, char *text_out, size_t capacity)
{
    size_t size = 0;

    for (size_t at = 0; at < raw.size; at++) {
        char c = raw.at[at];

        if (c == '%') {
            struct span escape = span_part(raw, at, 3);

            if (!span_is_nocase(escape, "%2f"))
                return 0;
            c = '/';
            at += 2;
        }
        if (size + 1 >= capacity)
            return 0;
        text_out[size++] = c;
    }
    text_out[size] = 0;
    return size > 0 && text_out[0] != '/' && text_out[size - 1] != '/' ? size : 0;
}
