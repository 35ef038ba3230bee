/*
 * catalog_models_dev_parts: see catalog_models_dev_parts.h.
 */
#include "tenants/model/catalog_models_dev_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/buf.h"
#include "tenants/model/catalog_check.h"
#include "tenants/model/catalog_file.h"

void models_dev_note(struct models_dev *m, const char *format, ...)
{
    char text[400];
    va_list arguments;

    if (m->notes == NULL)
        return;
    m->notes->count++;
    if (m->notes->lines == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buf_printf(m->notes->lines, "%s: %s\n", m->r.path, text);
}

const char *models_dev_text(struct models_dev *m, uint32_t object, const char *member)
{
    struct span text;
    char *copy;

    if (json_string(&m->r.doc, json_find(&m->r.doc, object, member), m->r.arena, &text) < 0)
        return NULL;
    if (text.size > CATALOG_MAX_TEXT) {
        text.size = CATALOG_MAX_TEXT;
        /* Clipped between two characters, not inside one. */
        while (text.size > 0 && ((unsigned char)text.at[text.size - 1] & 0x80) != 0)
            text.size--;
    }
    copy = arena_take(m->r.arena, text.size + 1);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = (unsigned char)text.at[i] < 0x20 || text.at[i] == 0x7f ? ' ' : text.at[i];
    text = span_trim(span_make(copy, text.size));
    return text.size == 0 ? NULL : arena_span(m->r.arena, text).at;
}

const char *models_dev_date(struct models_dev *m, uint32_t object, const char *member)
{
    const char *text = models_dev_text(m, object, member), *date;

    if (text == NULL)
        return NULL;
    date = strlen(text) == 7 ? arena_printf(m->r.arena, "%s-01", text) : text;
    if (catalog_is_date(date))
        return date;
    models_dev_note(m, "%s \"%s\" is no date, taken as unknown", member, text);
    return NULL;
}

struct models_dev_wire models_dev_wire_of(const char *npm, const char *shape)
{
    static const struct {
        const char *npm;
        struct models_dev_wire wire;
    } packages[] = {
        {"@ai-sdk/openai", {CATALOG_OPENAI, CATALOG_BEARER, "https://api.openai.com/v1"}},
        {"@ai-sdk/anthropic",
         {CATALOG_ANTHROPIC, CATALOG_X_API_KEY, "https://api.anthropic.com/v1"}},
        {"@ai-sdk/google",
         {CATALOG_GEMINI, CATALOG_X_GOOG_API_KEY,
          "https://generativelanguage.googleapis.com/v1beta"}},
        {"@ai-sdk/google-vertex", {CATALOG_VERTEX_GEMINI, CATALOG_OAUTH, NULL}},
        {"@ai-sdk/google-vertex/anthropic", {CATALOG_VERTEX_ANTHROPIC, CATALOG_OAUTH, NULL}},
        {"@ai-sdk/amazon-bedrock",
         {CATALOG_BEDROCK_CONVERSE, CATALOG_SIGV4,
          "https://bedrock-runtime.${AWS_REGION}.amazonaws.com"}},
        {"@ai-sdk/azure",
         {CATALOG_AZURE_OPENAI, CATALOG_API_KEY,
          "https://${AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1"}},
        {"@ai-sdk/cohere", {CATALOG_COHERE_V2, CATALOG_BEARER, "https://api.cohere.com/v2"}},
        {"@ai-sdk/mistral",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.mistral.ai/v1"}},
        {"@ai-sdk/xai", {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.x.ai/v1"}},
        {"@ai-sdk/groq",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.groq.com/openai/v1"}},
        {"@ai-sdk/cerebras",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.cerebras.ai/v1"}},
        {"@ai-sdk/togetherai",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.together.xyz/v1"}},
        {"@ai-sdk/deepinfra",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.deepinfra.com/v1/openai"}},
        {"@ai-sdk/perplexity",
         {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, "https://api.perplexity.ai"}},
    };
    struct models_dev_wire wire = {CATALOG_OPENAI_COMPATIBLE, CATALOG_BEARER, NULL};

    for (size_t i = 0; npm != NULL && i < array_size(packages); i++)
        if (strcmp(npm, packages[i].npm) == 0)
            wire = packages[i].wire;
    if (wire.dialect == CATALOG_BEDROCK_CONVERSE && shape != NULL &&
        strcmp(shape, "responses") == 0)
        wire = (struct models_dev_wire){CATALOG_BEDROCK_OPENAI_RESPONSES, CATALOG_BEARER, NULL};
    return wire;
}

static const struct {
    const char *name;
    enum meter meter;
} meters[] = {
    {"input", METER_INPUT},
    {"output", METER_OUTPUT},
    {"reasoning", METER_REASONING},
    {"cache_read", METER_CACHE_READ},
    {"cache_write", METER_CACHE_WRITE_5M},
    {"input_audio", METER_INPUT_AUDIO},
    {"output_audio", METER_OUTPUT_AUDIO},
};

static void add_rate(struct catalog_deployment *d, enum meter meter, int64_t context_over,
                     int64_t pico)
{
    for (uint32_t i = 0; i < d->rate_count; i++)
        if (d->rates[i].meter == meter && d->rates[i].context_over == context_over)
            return;
    if (pico > 0 && d->rate_count < CATALOG_MAX_RATES)
        d->rates[d->rate_count++] = (struct price_rate){.meter = (uint8_t)meter,
                                                        .mode = MODE_STANDARD,
                                                        .context_over = context_over,
                                                        .pico_per_unit = pico};
}

/* The prices of one tier; 0 is none. */
static void add_tier(struct models_dev *m, uint32_t prices, int64_t context_over,
                     struct catalog_deployment *d)
{
    for (uint32_t name = json_first(&m->r.doc, prices); name != JSON_NONE;
         name = json_after(&m->r.doc, prices, name)) {
        uint32_t value = json_value(&m->r.doc, name);
        struct span text = json_raw(&m->r.doc, value);
        size_t i = 0;
        int64_t pico;

        while (i < array_size(meters) && !json_string_is(&m->r.doc, name, meters[i].name))
            i++;
        if (i < array_size(meters)) {
            if (json_kind(&m->r.doc, value) == JSON_NUMBER &&
                money_parse_price_per_million(text, &pico) == 0)
                add_rate(d, meters[i].meter, context_over, pico);
            else
                models_dev_note(m, "cost of %s is no price", meters[i].name);
        } else if (!json_string_is(&m->r.doc, name, "tiers") &&
                   !json_string_is(&m->r.doc, name, "tier") &&
                   !json_string_is(&m->r.doc, name, "context_over_200k")) {
            struct span unknown = json_raw(&m->r.doc, name);

            models_dev_note(m, "cost of %.*s is unknown and left out",
                            (int)(unknown.size > 80 ? 80 : unknown.size), unknown.at);
        }
    }
}

/* The tiers with their own thresholds; context_over_200k is the older spelling of one. */
static void add_tiers(struct models_dev *m, uint32_t cost, struct catalog_deployment *d)
{
    uint32_t tiers = json_find(&m->r.doc, cost, "tiers"), taken = 0;
    uint32_t old = json_find(&m->r.doc, cost, "context_over_200k");

    if (json_is(&m->r.doc, tiers, JSON_ARRAY))
        for (uint32_t item = json_first(&m->r.doc, tiers); item != JSON_NONE;
             item = json_after(&m->r.doc, tiers, item)) {
            uint32_t tier = JSON_NONE;
            int64_t size = 0;

            if (json_kind(&m->r.doc, item) == JSON_OBJECT)
                tier = json_find(&m->r.doc, item, "tier");
            if (!json_is(&m->r.doc, tier, JSON_OBJECT) ||
                !json_string_is(&m->r.doc, json_find(&m->r.doc, tier, "type"), "context") ||
                json_int64(&m->r.doc, json_find(&m->r.doc, tier, "size"), &size) < 0 || size <= 0) {
                models_dev_note(m, "a price tier of an unknown kind is left out");
                continue;
            }
            add_tier(m, item, size, d);
            taken++;
        }
    if (taken == 0 && json_is(&m->r.doc, old, JSON_OBJECT))
        add_tier(m, old, 200000, d);
}

/* Anthropic sells writes for an hour at twice the input price and models.dev has no word for it. */
static void add_hour_writes(struct catalog_deployment *d)
{
    uint32_t count = d->rate_count;

    for (uint32_t i = 0; i < count; i++) {
        if (d->rates[i].meter != METER_CACHE_WRITE_5M)
            continue;
        for (uint32_t j = 0; j < count; j++)
            if (d->rates[j].meter == METER_INPUT &&
                d->rates[j].context_over == d->rates[i].context_over &&
                d->rates[j].pico_per_unit < INT64_MAX / 2)
                add_rate(d, METER_CACHE_WRITE_1H, d->rates[j].context_over,
                         2 * d->rates[j].pico_per_unit);
    }
}

void models_dev_rates(struct models_dev *m, uint32_t model, bool anthropic,
                      struct catalog_deployment *d)
{
    uint32_t cost = json_find(&m->r.doc, model, "cost");
    struct price_rate rates[CATALOG_MAX_RATES];

    if (!json_is(&m->r.doc, cost, JSON_OBJECT))
        return;
    d->prices_as_of = models_dev_date(m, model, "last_updated");
    if (d->prices_as_of == NULL)
        d->prices_as_of = models_dev_date(m, model, "release_date");
    if (d->prices_as_of == NULL) {
        models_dev_note(m, "prices without a date are left out");
        return;
    }
    d->rates = rates;
    add_tier(m, cost, 0, d);
    add_tiers(m, cost, d);
    if (anthropic)
        add_hour_writes(d);
    d->rates = arena_array(m->r.arena, d->rate_count, sizeof(rates[0]));
    memcpy(d->rates, rates, d->rate_count * sizeof(rates[0]));
    if (d->rate_count == 0)
        d->prices_as_of = NULL;
}

static enum catalog_flag flag_of(struct models_dev *m, uint32_t object, const char *member)
{
    bool value;

    if (json_bool(&m->r.doc, json_find(&m->r.doc, object, member), &value) < 0)
        return CATALOG_UNKNOWN;
    return value ? CATALOG_YES : CATALOG_NO;
}

static unsigned set_of(struct models_dev *m, uint32_t object, const char *member,
                       const struct catalog_words *words)
{
    uint32_t list = json_find(&m->r.doc, object, member);
    unsigned set = 0;

    if (!json_is(&m->r.doc, list, JSON_ARRAY))
        return 0;
    for (uint32_t item = json_first(&m->r.doc, list); item != JSON_NONE;
         item = json_after(&m->r.doc, list, item)) {
        unsigned word = 0;

        while (word < words->count && !json_string_is(&m->r.doc, item, catalog_word(words, word)))
            word++;
        if (word < words->count)
            set |= 1u << word;
        else
            models_dev_note(m, "%s has an unknown %s, left out", member, words->what);
    }
    return set;
}

static void reasoning_option(struct models_dev *m, uint32_t option, struct catalog_capabilities *c)
{
    uint32_t type = json_find(&m->r.doc, option, "type");
    int64_t bound;

    if (type == JSON_NONE)
        return;
    if (json_string_is(&m->r.doc, type, "toggle")) {
        c->reasoning_toggle = CATALOG_YES;
    } else if (json_string_is(&m->r.doc, type, "effort")) {
        c->efforts |= set_of(m, option, "values", &catalog_efforts);
    } else if (json_string_is(&m->r.doc, type, "budget_tokens")) {
        c->reasoning_budget = CATALOG_YES;
        if (json_int64(&m->r.doc, json_find(&m->r.doc, option, "min"), &bound) == 0 && bound > 0)
            c->budget_min = bound;
        if (json_int64(&m->r.doc, json_find(&m->r.doc, option, "max"), &bound) == 0 &&
            bound > c->budget_min)
            c->budget_max = bound;
    } else {
        models_dev_note(m, "a reasoning option of an unknown type is left out");
    }
}

static void reasoning_options(struct models_dev *m, uint32_t model, struct catalog_capabilities *c)
{
    uint32_t options = json_find(&m->r.doc, model, "reasoning_options");

    if (!json_is(&m->r.doc, options, JSON_ARRAY))
        return;
    for (uint32_t item = json_first(&m->r.doc, options); item != JSON_NONE;
         item = json_after(&m->r.doc, options, item))
        if (json_kind(&m->r.doc, item) == JSON_OBJECT)
            reasoning_option(m, item, c);
}

void models_dev_capabilities(struct models_dev *m, uint32_t model, struct catalog_capabilities *c)
{
    uint32_t modalities = json_find(&m->r.doc, model, "modalities");
    uint32_t interleaved = json_find(&m->r.doc, model, "interleaved");

    c->tools = flag_of(m, model, "tool_call");
    c->structured_output = flag_of(m, model, "structured_output");
    c->attachments = flag_of(m, model, "attachment");
    c->temperature = flag_of(m, model, "temperature");
    c->reasoning = flag_of(m, model, "reasoning");
    c->interleaved = flag_of(m, model, "interleaved");
    c->input = set_of(m, modalities, "input", &catalog_modalities);
    c->output = set_of(m, modalities, "output", &catalog_modalities);
    if (json_is(&m->r.doc, interleaved, JSON_OBJECT)) {
        const char *field = models_dev_text(m, interleaved, "field");

        c->interleaved = CATALOG_YES;
        if (field != NULL && strlen(field) <= 64)
            c->reasoning_field = field;
    }
    reasoning_options(m, model, c);
}

static int64_t limit_of(struct models_dev *m, uint32_t limit, const char *member)
{
    int64_t tokens;

    if (json_int64(&m->r.doc, json_find(&m->r.doc, limit, member), &tokens) < 0 || tokens < 0 ||
        tokens > INT64_C(1000000000000))
        return 0;
    return tokens;
}

void models_dev_limits(struct models_dev *m, uint32_t model, struct catalog_limits *limits)
{
    uint32_t limit = json_find(&m->r.doc, model, "limit");

    limits->context = limit_of(m, limit, "context");
    limits->input = limit_of(m, limit, "input");
    limits->output = limit_of(m, limit, "output");
}

enum catalog_kind models_dev_kind(const char *id, const struct catalog_capabilities *c)
{
    static const struct {
        const char *part;
        enum catalog_kind kind;
    } words[] = {
        {"embed", CATALOG_EMBEDDING},   {"rerank", CATALOG_RERANK},
        {"guard", CATALOG_MODERATION},  {"moderation", CATALOG_MODERATION},
        {"realtime", CATALOG_REALTIME}, {"whisper", CATALOG_TRANSCRIPTION},
        {"-tts", CATALOG_SPEECH},
    };
    const unsigned text = 1u << CATALOG_TEXT, audio = 1u << CATALOG_AUDIO;

    for (size_t i = 0; i < array_size(words); i++)
        if (strstr(id, words[i].part) != NULL)
            return words[i].kind;
    if ((c->output & 1u << CATALOG_MOVIE) != 0)
        return CATALOG_VIDEO;
    if ((c->output & text) == 0 && (c->output & 1u << CATALOG_PICTURE) != 0)
        return CATALOG_IMAGE;
    if (c->output == audio)
        return CATALOG_SPEECH;
    if (c->input == audio && c->output == text)
        return CATALOG_TRANSCRIPTION;
    return CATALOG_CHAT;
}
