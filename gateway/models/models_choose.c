/*
 * models_choose: which models a list has, in which order, and which of them are its page; see
 * models_private.h.
 */
#include <ctype.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "gateway/models/models_private.h"

/* ---- filters ---- */

static bool has_word(struct span text, struct span word)
{
    for (size_t i = 0; i + word.size <= text.size; i++) {
        size_t same = 0;

        while (same < word.size &&
               tolower((unsigned char)text.at[i + same]) == tolower((unsigned char)word.at[same]))
            same++;
        if (same == word.size)
            return true;
    }
    return false;
}

/* Every word of the search stands in the id or in the name. */
static bool matches(const struct snapshot_model *model, struct span search)
{
    while (search.at != NULL) {
        struct span word = span_cut(&search, ' ');

        if (!has_word(model->id, word) && !has_word(model->name, word))
            return false;
    }
    return true;
}

static bool is_at(const struct models_view *view, const struct models_ask *ask,
                  const struct snapshot_model *model)
{
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        if (span_equal(model->deployments[i]->provider, ask->provider) &&
            (ask->all || models_usable(view, model->deployments[i]) != NULL))
            return true;
    }
    return false;
}

/* All parameters at one deployment: at two that share them a call could not have them all. */
static bool supports(const struct models_view *view, const struct models_ask *ask,
                     const struct snapshot_model *model)
{
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *at = models_usable(view, model->deployments[i]);

        if (at == NULL && ask->all)
            at = model->deployments[i];
        if (at != NULL && (models_parameters_at(at) & ask->parameters) == ask->parameters)
            return true;
    }
    return false;
}

static bool listed(const struct models_view *view, const struct models_ask *ask,
                   const struct snapshot_model *model)
{
    /* In Anthropic's and Gemini's languages there are only chats. */
    if (view->shape != MODELS_OPENAI && !span_is(model->kind, "chat"))
        return false;
    return ask->all ? models_may_see(view, model) : models_can_call(view, model);
}

static bool wanted(const struct models_view *view, const struct models_ask *ask,
                   const struct snapshot_model *model)
{
    const struct abilities *abilities = &model->can.abilities;

    if (!listed(view, ask, model) || model->can.context_limit < ask->context_min)
        return false;
    if (ask->kind.size > 0 && !span_equal(model->kind, ask->kind))
        return false;
    if ((abilities->input & ask->input) != ask->input ||
        (abilities->output & ask->output) != ask->output)
        return false;
    if (ask->provider.size > 0 && !is_at(view, ask, model))
        return false;
    if (ask->parameters != 0 && !supports(view, ask, model))
        return false;
    return ask->search.size == 0 || matches(model, ask->search);
}

/* ---- order ---- */

struct placed {
    const struct snapshot_model *model;
    int64_t key; /* smallest first */
    uint32_t place;
};

static int64_t rate_of(const struct price_version *version, enum meter meter)
{
    for (uint32_t i = 0; i < version->rate_count; i++) {
        if (version->rates[i].meter == (uint8_t)meter && version->rates[i].mode == MODE_STANDARD &&
            version->rates[i].context_over == 0)
            return version->rates[i].pico_per_unit;
    }
    return 0;
}

/* Of a token in and a token out, at the cheapest that this key can use. */
static int64_t price_key(const struct models_view *view, const struct snapshot_model *model)
{
    int64_t cheapest = INT64_MAX;

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *at = models_usable(view, model->deployments[i]);
        struct snapshot_terms terms;
        int64_t price;

        if (at == NULL ||
            !snapshot_terms(view->snapshot, at, view->key->tenant, view->now_ms, &terms))
            continue;
        price = rate_of(terms.list, METER_INPUT) / 2 + rate_of(terms.list, METER_OUTPUT) / 2;
        cheapest = price < cheapest ? price : cheapest;
    }
    return cheapest;
}

static int64_t key_of(const struct models_view *view, enum models_sort sort,
                      const struct snapshot_model *model)
{
    switch (sort) {
    case MODELS_BY_ID:
        break;
    case MODELS_BY_PRICE:
        return price_key(view, model);
    case MODELS_BY_CONTEXT:
        return -model->can.context_limit;
    case MODELS_BY_AGE:
        return -model->created_s;
    }
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

/* ---- page ---- */

static bool find(const struct models_chosen *chosen, struct span id, uint32_t *index_out)
{
    for (uint32_t i = 0; i < chosen->count; i++) {
        if (span_equal(chosen->models[i]->id, id)) {
            *index_out = i;
            return true;
        }
    }
    return false;
}

/* The cut of the list that is asked for: behind a model, before one, or from its begin. */
static bool cut_page(const struct models_ask *ask, struct models_chosen *chosen)
{
    uint32_t limit = ask->limit == 0 ? chosen->count : ask->limit, at;

    chosen->first = 0;
    chosen->last = chosen->count;
    if (ask->before.size > 0) {
        if (!find(chosen, ask->before, &at))
            return false;
        chosen->last = at;
        chosen->first = at > limit ? at - limit : 0;
        chosen->more = chosen->first > 0;
        return true;
    }
    if (ask->after.size > 0) {
        if (!find(chosen, ask->after, &at))
            return false;
        chosen->first = at + 1;
    }
    if (chosen->last - chosen->first > limit)
        chosen->last = chosen->first + limit;
    chosen->more = chosen->last < chosen->count;
    return true;
}

bool models_choose(const struct models_view *view, const struct models_ask *ask,
                   struct models_chosen *chosen_out)
{
    uint32_t most = snapshot_model_count(view->snapshot), count = 0;
    struct placed *placed = mem_new((most + 1) * sizeof(*placed));
    struct models_chosen chosen = {.models = mem_new((most + 1) * sizeof(*chosen.models))};

    for (uint32_t i = 0; i < most; i++) {
        const struct snapshot_model *model = snapshot_model_at(view->snapshot, i);

        if (!wanted(view, ask, model))
            continue;
        placed[count] = (struct placed){model, key_of(view, ask->sort, model), count};
        count++;
    }
    if (ask->sort != MODELS_BY_ID)
        qsort(placed, count, sizeof(*placed), compare);
    for (uint32_t i = 0; i < count; i++)
        chosen.models[i] = placed[i].model;
    chosen.count = count;
    mem_free(placed);
    if (!cut_page(ask, &chosen)) {
        models_chosen_done(&chosen);
        return false;
    }
    *chosen_out = chosen;
    return true;
}

void models_chosen_done(struct models_chosen *chosen)
{
    mem_free(chosen->models);
    chosen->models = NULL;
}
