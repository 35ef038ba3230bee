/*
 * models_write: the list and one model, in the shape of whoever asks; see models.h. The price shown
 * is that of the first deployment in the catalog's order that the key can call.
 */
#include <stdio.h>
#include <time.h>

#include "common/base/money.h"
#include "gateway/models/models_private.h"

#define PPM 1000000

enum { NAME_MAX_BYTES = 1024 };

/* ---- members ---- */

void models_put_null(struct json_writer *w, const char *name)
{
    json_name(w, name);
    json_write_null(w);
}

void models_put_limit(struct json_writer *w, const char *name, int64_t tokens)
{
    if (tokens > 0)
        json_put_int64(w, name, tokens);
    else
        models_put_null(w, name);
}

static void put_money(struct json_writer *w, const char *name, int64_t pico)
{
    char text[MONEY_TEXT_MAX];

    (void)money_format(pico, text);
    json_put_cstring(w, name, text);
}

/* A share of the base price, as a decimal: "0.05". */
static void put_share(struct json_writer *w, const char *name, int32_t ppm)
{
    if (ppm != 0)
        put_money(w, name, ppm * (PICO_PER_UNIT / PPM));
}

/* OpenRouter's names of meters that are not called so here. */
static const char *const prices[METERS] = {
    [METER_INPUT] = "prompt",
    [METER_OUTPUT] = "completion",
    [METER_REASONING] = "internal_reasoning",
    [METER_CACHE_READ] = "input_cache_read",
    [METER_CACHE_WRITE_5M] = "input_cache_write",
    [METER_INPUT_AUDIO] = "audio",
    [METER_OUTPUT_AUDIO] = "audio_output",
    [METER_INPUT_IMAGE] = "image_token",
    [METER_OUTPUT_IMAGE] = "image_output",
};

/* The base price of an ordinary prompt, in USD per unit as decimal text, by our names of the meters
 * and by OpenRouter's. Prompt, completion and request always stand there. */
void models_put_pricing(struct json_writer *w, const struct snapshot_terms *terms)
{
    int64_t rates[METERS], request = terms->terms.fixed_pico;
    bool there[METERS] = {false};

    for (uint32_t i = 0; i < terms->list->rate_count; i++) {
        const struct price_rate *rate = &terms->list->rates[i];

        if (rate->mode != MODE_STANDARD || rate->context_over != 0 || rate->meter >= METERS)
            continue;
        rates[rate->meter] = rate->pico_per_unit;
        there[rate->meter] = true;
    }
    json_name(w, "pricing");
    json_begin(w, '{');
    put_money(w, "prompt", there[METER_INPUT] ? rates[METER_INPUT] : 0);
    put_money(w, "completion", there[METER_OUTPUT] ? rates[METER_OUTPUT] : 0);
    put_money(w, "request", request + (there[METER_REQUEST] ? rates[METER_REQUEST] : 0));
    for (size_t m = 0; m < METERS; m++) {
        if (!there[m] || m == METER_REQUEST)
            continue;
        put_money(w, meter_name((enum meter)m), rates[m]);
        if (prices[m] != NULL && m != METER_INPUT && m != METER_OUTPUT)
            put_money(w, prices[m], rates[m]);
    }
    put_share(w, "markup", terms->terms.markup_ppm);
    put_share(w, "discount", terms->terms.discount_ppm);
    json_end(w, '}');
}

static void put_modalities(struct json_writer *w, const char *name, uint8_t bits)
{
    json_name(w, name);
    json_begin(w, '[');
    for (size_t i = 0; i < MODALITIES; i++) {
        if ((bits >> i & 1) != 0)
            json_write_string(w, span_of(modality_name((enum modality)i)));
    }
    json_end(w, ']');
}

/* "text+image->text" */
static void put_modality(struct json_writer *w, const struct abilities *abilities)
{
    const uint8_t sides[] = {abilities->input, abilities->output};
    char text[96];
    size_t size = 0;

    for (size_t s = 0; s < array_size(sides); s++) {
        const char *before = s == 0 ? "" : "->";

        for (size_t i = 0; i < MODALITIES; i++) {
            if ((sides[s] >> i & 1) == 0)
                continue;
            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", before,
                                     modality_name((enum modality)i));
            before = "+";
        }
    }
    json_put_string(w, "modality", span_make(text, size));
}

void models_put_architecture(struct json_writer *w, const struct abilities *abilities)
{
    json_name(w, "architecture");
    json_begin(w, '{');
    put_modality(w, abilities);
    put_modalities(w, "input_modalities", abilities->input);
    put_modalities(w, "output_modalities", abilities->output);
    json_end(w, '}');
}

void models_put_parameters(struct json_writer *w, uint32_t parameters)
{
    json_name(w, "supported_parameters");
    json_begin(w, '[');
    for (uint32_t i = 0; i < models_parameter_count(); i++) {
        if ((parameters >> i & 1) != 0)
            json_write_string(w, span_of(models_parameter_name(i)));
    }
    json_end(w, ']');
}

/* The members of the facts object: limits and capabilities. */
static void put_facts(struct json_writer *w, struct span facts)
{
    struct span inside = span_trim(facts);

    if (inside.size <= 2 || inside.at[0] != '{')
        return;
    inside = span_trim(span_part(inside, 1, inside.size - 2));
    if (inside.size == 0)
        return;
    buf_add_byte(w->out, ',');
    buf_add_span(w->out, inside);
}

/* ---- one model ---- */

/* The price of what the key cannot call is that of the first deployment that has one. */
static const struct snapshot_deployment *shown(const struct models_view *view,
                                               const struct snapshot_model *model,
                                               struct snapshot_terms *terms_out)
{
    const struct snapshot_deployment *first = models_first(view, model, terms_out);

    for (uint32_t i = 0; i < model->deployment_count && first == NULL; i++) {
        if (snapshot_terms(view->snapshot, model->deployments[i], view->key->tenant, view->now_ms,
                           terms_out))
            first = model->deployments[i];
    }
    return first;
}

static void put_openai(struct json_writer *w, const struct models_view *view,
                       const struct snapshot_model *model)
{
    struct span rest = model->id, author = span_cut(&rest, '/');
    const struct snapshot_deployment *top;
    struct snapshot_terms terms;

    json_begin(w, '{');
    json_put_string(w, "id", model->id);
    json_put_cstring(w, "object", "model");
    json_put_int64(w, "created", model->created_s);
    json_put_string(w, "owned_by", author);
    json_put_string(w, "name", model->name);
    json_put_string(w, "kind", model->kind);
    json_put_bool(w, "available", models_can_call(view, model));
    if (model->deprecated)
        json_put_bool(w, "deprecated", true);
    models_put_limit(w, "context_length", model->can.context_limit);
    models_put_architecture(w, &model->can.abilities);
    top = shown(view, model, &terms);
    if (top != NULL) {
        models_put_pricing(w, &terms);
        json_name(w, "top_provider");
        json_begin(w, '{');
        models_put_limit(w, "context_length", top->context_limit);
        models_put_limit(w, "max_completion_tokens", top->output_limit);
        json_end(w, '}');
    }
    models_put_parameters(w, models_parameters_of(view, model));
    put_facts(w, model->facts);
    json_end(w, '}');
}

/* https://docs.anthropic.com/en/api/models-list: a release date that is not known is the epoch. */
static void put_anthropic(struct json_writer *w, const struct snapshot_model *model)
{
    time_t created = (time_t)model->created_s;
    struct tm day;
    char text[32];

    json_begin(w, '{');
    json_put_cstring(w, "type", "model");
    json_put_string(w, "id", model->id);
    json_put_string(w, "display_name", model->name);
    gmtime_r(&created, &day);
    json_put_string(w, "created_at",
                    span_make(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &day)));
    json_put_cstring(w, "lifecycle", model->deprecated ? "deprecated" : "active");
    if (model->can.context_limit > 0)
        json_put_int64(w, "max_input_tokens", model->can.context_limit);
    if (model->can.output_limit > 0)
        json_put_int64(w, "max_tokens", model->can.output_limit);
    json_end(w, '}');
}

/* https://ai.google.dev/api/models: the methods are those that are served here. */
static void put_gemini(struct json_writer *w, const struct snapshot_model *model)
{
    struct buf name cleanup(buf_done) = buf_make(NAME_MAX_BYTES);
    ptrdiff_t slash = span_index(model->id, '/');

    buf_add_string(&name, "models/");
    buf_add_span(&name, model->id);
    json_begin(w, '{');
    json_put_string(w, "name", buf_span(&name));
    json_put_string(w, "baseModelId", span_part(model->id, (size_t)(slash + 1), SIZE_MAX));
    json_put_string(w, "displayName", model->name);
    if (model->can.context_limit > 0)
        json_put_int64(w, "inputTokenLimit", model->can.context_limit);
    if (model->can.output_limit > 0)
        json_put_int64(w, "outputTokenLimit", model->can.output_limit);
    json_name(w, "supportedGenerationMethods");
    json_begin(w, '[');
    if (span_is(model->kind, "chat")) {
        json_write_string(w, span_of("generateContent"));
        json_write_string(w, span_of("streamGenerateContent"));
        json_write_string(w, span_of("countTokens"));
    }
    json_end(w, ']');
    if (ability_known(&model->can.abilities, ABILITY_REASONING))
        json_put_bool(w, "thinking", true);
    json_end(w, '}');
}

static void put_model(struct json_writer *w, const struct models_view *view,
                      const struct snapshot_model *model)
{
    switch (view->shape) {
    case MODELS_OPENAI:
        put_openai(w, view, model);
        break;
    case MODELS_ANTHROPIC:
        put_anthropic(w, model);
        break;
    case MODELS_GEMINI:
        put_gemini(w, model);
        break;
    }
}

bool models_write_one(const struct models_view *view, struct span name, struct buf *out)
{
    const struct snapshot_model *model = snapshot_find_model(view->snapshot, name);
    struct json_writer w = json_writer_make(out);

    if (model == NULL || !models_may_see(view, model))
        return false;
    put_model(&w, view, model);
    return true;
}

/* ---- lists ---- */

static void put_edge(struct json_writer *w, const char *name, const struct models_chosen *chosen,
                     uint32_t index)
{
    if (chosen->first == chosen->last)
        models_put_null(w, name);
    else
        json_put_string(w, name, chosen->models[index]->id);
}

static void put_page(struct json_writer *w, const struct models_view *view,
                     const struct models_chosen *chosen)
{
    if (view->shape == MODELS_GEMINI) {
        if (chosen->more)
            json_put_string(w, "nextPageToken", chosen->models[chosen->last - 1]->id);
        return;
    }
    json_put_bool(w, "has_more", chosen->more);
    put_edge(w, "first_id", chosen, chosen->first);
    put_edge(w, "last_id", chosen, chosen->last - 1);
}

bool models_write_list(const struct models_view *view, const struct models_ask *ask,
                       struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    struct models_chosen chosen;

    if (!models_choose(view, ask, &chosen))
        return false;
    json_begin(&w, '{');
    if (view->shape == MODELS_OPENAI)
        json_put_cstring(&w, "object", "list");
    json_name(&w, view->shape == MODELS_GEMINI ? "models" : "data");
    json_begin(&w, '[');
    for (uint32_t i = chosen.first; i < chosen.last; i++)
        put_model(&w, view, chosen.models[i]);
    json_end(&w, ']');
    put_page(&w, view, &chosen);
    json_end(&w, '}');
    models_chosen_done(&chosen);
    return true;
}

void models_write_count(const struct models_view *view, const struct models_ask *ask,
                        struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    struct models_ask whole = *ask;
    struct models_chosen chosen = {0};

    whole.limit = 0;
    whole.after = whole.before = span_make("", 0);
    json_begin(&w, '{');
    json_name(&w, "data");
    json_begin(&w, '{');
    json_put_int64(&w, "count", models_choose(view, &whole, &chosen) ? chosen.count : 0);
    json_end(&w, '}');
    json_end(&w, '}');
    models_chosen_done(&chosen);
}
