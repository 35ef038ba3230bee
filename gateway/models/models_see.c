/*
 * models_see: what a key sees of the catalog; see models_private.h.
 */
#include "gateway/models/models_private.h"

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

bool models_can_call(const struct models_view *view, const struct snapshot_model *model)
{
    bool callable = view->key->kind == KEY_TEST ? model->sandbox_callable : model->callable;

    return callable && key_allows(view->key, model);
}

bool models_may_see(const struct models_view *view, const struct snapshot_model *model)
{
    return key_allows(view->key, model) && (model->listed || models_can_call(view, model));
}

const struct snapshot_deployment *models_usable(const struct models_view *view,
                                                const struct snapshot_deployment *deployment)
{
    if (view->key->kind == KEY_TEST)
        return deployment->sandboxed;
    return deployment->callable ? deployment : NULL;
}

const struct snapshot_deployment *models_first(const struct models_view *view,
                                               const struct snapshot_model *model,
                                               struct snapshot_terms *terms_out)
{
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        const struct snapshot_deployment *usable = models_usable(view, model->deployments[i]);

        if (usable != NULL &&
            snapshot_terms(view->snapshot, usable, view->key->tenant, view->now_ms, terms_out))
            return usable;
    }
    return NULL;
}
