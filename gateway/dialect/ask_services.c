/*
 * ask_services: the members of what is no chat: moderations, reranking, pictures, speech,
 * transcriptions, translations. Forms are read as the JSON objects that they stand for (form.h).
 *
 * https://platform.openai.com/docs/api-reference and https://docs.cohere.com/reference/rerank.
 */
#include "gateway/dialect/ask_reading.h"

enum {
    MODERATIONS = 1 << ASK_MODERATIONS,
    RERANK = 1 << ASK_RERANK,
    PICTURES = 1 << ASK_IMAGES | 1 << ASK_IMAGE_EDITS,
    SPEECH = 1 << ASK_SPEECH,
    TRANSCRIPTIONS = 1 << ASK_TRANSCRIPTIONS,
    ALL = MODERATIONS | RERANK | PICTURES | SPEECH | TRANSCRIPTIONS | 1 << ASK_TRANSLATIONS
};
enum { DOCUMENTS_MAX = 10000 }; /* what Cohere takes at most */

static bool read_documents(struct ask_reading *r, const char *name, uint32_t value)
{
    if (!json_is(r->doc, value, JSON_ARRAY))
        return ask_wrong_type(r, name, "an array of documents");
    if (json_first(r->doc, value) == JSON_NONE)
        return ask_invalid(r, name, "'documents' must have at least one document.");
    return json_count(r->doc, value) <= DOCUMENTS_MAX ||
           ask_invalid(r, name, "'documents' must have at most 10000 documents.");
}

static bool read_string(struct ask_reading *r, const char *name, uint32_t value)
{
    return json_is_null(r->doc, value) || json_kind(r->doc, value) == JSON_STRING ||
           ask_wrong_type(r, name, "a string");
}

/* Speech is one text; a moderation may have several, and pictures. */
static bool read_input(struct ask_reading *r, const char *name, uint32_t value)
{
    enum json_kind kind = json_kind(r->doc, value);

    if (r->ask->kind == ASK_SPEECH)
        return read_string(r, name, value);
    return kind == JSON_STRING || (kind == JSON_ARRAY && json_first(r->doc, value) != JSON_NONE) ||
           ask_wrong_type(r, name, "a string or an array that is not empty");
}

static bool read_stream_format(struct ask_reading *r, const char *name, uint32_t value)
{
    if (!read_string(r, name, value))
        return false;
    if (!json_is_null(r->doc, value))
        r->ask->stream = json_string_is(r->doc, value, "sse");
    return true;
}

/* Sorted by name. */
static const struct ask_member members[] = {
    {"documents", RERANK, ASK_PASSED, read_documents},
    {"input", MODERATIONS | SPEECH, ASK_PASSED, read_input},
    {"model", ALL, ASK_PASSED, ask_read_model},
    {"n", PICTURES, ASK_PASSED, ask_read_choices},
    {"prompt", PICTURES, ASK_PASSED, read_string},
    {"query", RERANK, ASK_PASSED, read_string},
    {"response_format", ALL & ~RERANK, ASK_PASSED, read_string},
    {"service_tier", ALL, ASK_PASSED, ask_read_service_tier},
    {"stream", PICTURES | TRANSCRIPTIONS, ASK_PASSED, ask_read_stream},
    {"stream_format", SPEECH, ASK_PASSED, read_stream_format},
    {"user", ALL, ASK_PASSED, ask_read_user},
};

static bool check(struct ask_reading *r)
{
    switch (r->ask->kind) {
    case ASK_MODERATIONS:
    case ASK_SPEECH:
        return ask_require(r, "input");
    case ASK_RERANK:
        return ask_require(r, "query") && ask_require(r, "documents");
    case ASK_IMAGES:
    case ASK_IMAGE_EDITS:
        return ask_require(r, "prompt");
    case ASK_TRANSCRIPTIONS:
    case ASK_TRANSLATIONS:
    case ASK_CHAT:
    case ASK_EMBEDDINGS:
    case ASK_MESSAGES:
    case ASK_GENERATE:
    case ASK_RESPONSES:
    case ASK_COMPLETIONS:
    case ASK_KINDS:
        break;
    }
    return true;
}

const struct ask_table ask_services_table = {
    .members = members, .count = array_size(members), .check = check};
