/*
 * catalog_words: the names, and nothing else. See catalog_words.h and catalog_capabilities.h.
 */
#include "tenants/model/catalog_words.h"

#include "common/base/mem.h"
#include "tenants/model/catalog_capabilities.h"

static const char *const kinds[CATALOG_KIND_COUNT] = {
    [CATALOG_CHAT] = "chat",
    [CATALOG_EMBEDDING] = "embedding",
    [CATALOG_RERANK] = "rerank",
    [CATALOG_MODERATION] = "moderation",
    [CATALOG_IMAGE] = "image",
    [CATALOG_SPEECH] = "speech",
    [CATALOG_TRANSCRIPTION] = "transcription",
    [CATALOG_VIDEO] = "video",
    [CATALOG_REALTIME] = "realtime",
    [CATALOG_SPECIALIST] = "specialist",
    [CATALOG_OTHER] = "other",
};

static const char *const dialects[CATALOG_DIALECT_COUNT] = {
    [CATALOG_OPENAI] = "openai",
    [CATALOG_OPENAI_COMPATIBLE] = "openai-compatible",
    [CATALOG_AZURE_OPENAI] = "azure-openai",
    [CATALOG_ANTHROPIC] = "anthropic",
    [CATALOG_VERTEX_ANTHROPIC] = "vertex-anthropic",
    [CATALOG_GEMINI] = "gemini",
    [CATALOG_VERTEX_GEMINI] = "vertex-gemini",
    [CATALOG_BEDROCK_CONVERSE] = "bedrock-converse",
    [CATALOG_BEDROCK_OPENAI_RESPONSES] = "bedrock-openai-responses",
    [CATALOG_COHERE_V2] = "cohere-v2",
};

static const char *const auths[CATALOG_AUTH_COUNT] = {
    [CATALOG_BEARER] = "bearer",       [CATALOG_API_KEY] = "api-key",
    [CATALOG_X_API_KEY] = "x-api-key", [CATALOG_X_GOOG_API_KEY] = "x-goog-api-key",
    [CATALOG_SIGV4] = "sigv4",         [CATALOG_OAUTH] = "oauth",
};

static const char *const statuses[CATALOG_STATUS_COUNT] = {
    [CATALOG_STABLE] = "stable",
    [CATALOG_BETA] = "beta",
    [CATALOG_DEPRECATED] = "deprecated",
};

static const char *const reasons[CATALOG_REASON_COUNT] = {
    [CATALOG_PRICE_SPREAD] = "price_spread",
    [CATALOG_MISSING_OUTPUT_PRICE] = "missing_output_price",
    [CATALOG_MISSING_METER] = "missing_meter",
};

static const char *const modalities[CATALOG_MODALITY_COUNT] = {
    [CATALOG_TEXT] = "text",   [CATALOG_PICTURE] = "image", [CATALOG_AUDIO] = "audio",
    [CATALOG_MOVIE] = "video", [CATALOG_PDF] = "pdf",
};

static const char *const efforts[CATALOG_EFFORT_COUNT] = {
    [CATALOG_EFFORT_NONE] = "none", [CATALOG_EFFORT_MINIMAL] = "minimal",
    [CATALOG_EFFORT_LOW] = "low",   [CATALOG_EFFORT_MEDIUM] = "medium",
    [CATALOG_EFFORT_HIGH] = "high", [CATALOG_EFFORT_XHIGH] = "xhigh",
    [CATALOG_EFFORT_MAX] = "max",   [CATALOG_EFFORT_DEFAULT] = "default",
};

const struct catalog_words catalog_kinds = {"kind", kinds, CATALOG_KIND_COUNT};
const struct catalog_words catalog_dialects = {"dialect", dialects, CATALOG_DIALECT_COUNT};
const struct catalog_words catalog_auths = {"auth", auths, CATALOG_AUTH_COUNT};
const struct catalog_words catalog_statuses = {"status", statuses, CATALOG_STATUS_COUNT};
const struct catalog_words catalog_reasons = {"reason", reasons, CATALOG_REASON_COUNT};
const struct catalog_words catalog_modalities = {"modality", modalities, CATALOG_MODALITY_COUNT};
const struct catalog_words catalog_efforts = {"effort", efforts, CATALOG_EFFORT_COUNT};

const char *catalog_word(const struct catalog_words *words, unsigned word)
{
    must(word < words->count);
    return words->names[word];
}

unsigned catalog_word_of(const struct catalog_words *words, struct span name)
{
    unsigned word = 0;

    while (word < words->count && !span_is(name, words->names[word]))
        word++;
    return word;
}
