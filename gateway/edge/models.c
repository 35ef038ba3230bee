/*
 * models: see models.h. The price shown is that of the first deployment in the catalog's order that
 * can be called.
 */
#include "gateway/edge/models.h"

#include "common/base/json_writer.h"
#include "common/base/money.h"

static bool key_allows(const struct snapshot_key *key, const struct snapshot_model *model)
{
    if (key->allowed_models == NULL)
        return true;
    for (uint32_t i = 0; i < key->allowed_count; i++) {
        if (span_equal(key->allowed_models[i], model->id))
            return true;
    }
    return false;
}

static bool can_call(const struct models_view *view, const struct snapshot_model *model)
{
    bool callable = view->key->kind == KEY_TEST ? model->sandbox_callable : model->callable;

    return callable && key_allows(view->key, model);
}

/* The base price of an ordinary prompt, in USD per unit as decimal text. */
static void put_rates(struct json_writer *w, const struct price_version *version)
{
    for (uint32_t i = 0; i < version->rate_count; i++) {
        const struct price_rate *rate = &version->rates[i];
        char text[MONEY_TEXT_MAX];

        if (rate->mode != MODE_STANDARD || rate->context_over != 0)
            continue;
        (void)money_format(rate->pico_per_unit, text);
        json_put_cstring(w, meter_name((enum meter)rate->meter), text);
        if (rate->meter == METER_INPUT)
            json_put_cstring(w, "prompt", text);
        else if (rate->meter == METER_OUTPUT)
            json_put_cstring(w, "completion", text);
    }
}

static void put_pricing(struct json_writer *w, const struct models_view *view,
                        const struct snapshot_model *model)
{
    struct snapshot_terms terms;

    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *deployment = model->deployments[i];

        if (!deployment->callable && !view->all)
            continue;
        if (!snapshot_terms(view->snapshot, deployment, view->key->tenant, view->now_ms, &terms))
            continue;
        json_name(w, "pricing");
        json_begin(w, '{');
        put_rates(w, terms.list);
        json_end(w, '}');
        return;
    }
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

static void put_model(struct json_writer *w, const struct models_view *view,
                      const struct snapshot_model *model)
{
    struct span rest = model->id, author = span_cut(&rest, '/');

    json_begin(w, '{');
    json_put_string(w, "id", model->id);
    json_put_cstring(w, "object", "model");
    json_put_int64(w, "created", model->created_s);
    json_put_string(w, "owned_by", author);
    json_put_string(w, "name", model->name);
    json_put_string(w, "kind", model->kind);
    json_put_bool(w, "available", can_call(view, model));
    if (model->deprecated)
        json_put_bool(w, "deprecated", true);
    put_pricing(w, view, model);
    put_facts(w, model->facts);
    json_end(w, '}');
}

void models_write_list(const struct models_view *view, struct buf *out)
{
    struct json_writer w = json_writer_make(out);
    uint32_t count = snapshot_model_count(view->snapshot);

    json_begin(&w, '{');
    json_put_cstring(&w, "object", "list");
    json_name(&w, "data");
    json_begin(&w, '[');
    for (uint32_t i = 0; i < count; i++) {
        const struct snapshot_model *model = snapshot_model_at(view->snapshot, i);

        if (view->all ? model->listed : can_call(view, model))
            put_model(&w, view, model);
    }
    json_end(&w, ']');
    json_end(&w, '}');
}

bool models_write_one(const struct models_view *view, struct span id, struct buf *out)
{
    const struct snapshot_model *model = snapshot_find_model(view->snapshot, id);
    struct json_writer w = json_writer_make(out);

    if (model == NULL || (!model->listed && !can_call(view, model)))
        return false;
    put_model(&w, view, model);
    return true;
}
