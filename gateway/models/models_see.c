/*
 * models_see: what a key sees of the catalog; see models_private.h.
 */
#include "gateway/dialect/service.h"
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

bool models_is_chat(const struct snapshot_model *model)
{
    return span_is(model->kind, "chat") || span_is(model->kind, "specialist") ||
           span_is(model->kind, "moderation");
}

/* Whether some endpoint of the gateway calls such a model there. */
static bool served(const struct snapshot_deployment *deployment)
{
    static const struct {
        const char *kind;
        enum ask_kind ask;
    } services[] = {
        {"embedding", ASK_EMBEDDINGS},
        {"rerank", ASK_RERANK},
        {"image", ASK_IMAGES},
        {"speech", ASK_SPEECH},
        {"transcription", ASK_TRANSCRIPTIONS},
    };

    if (models_is_chat(deployment->model))
        return true;
    for (size_t i = 0; i < array_size(services); i++) {
        if (span_is(deployment->model->kind, services[i].kind))
            return deployment->sandbox || deployment->wire == WIRE_OPENAI ||
                   service_language_find(services[i].ask, deployment->dialect,
                                         deployment->upstream_id) != NULL;
    }
    return false;
}

const struct snapshot_deployment *models_usable(const struct models_view *view,
                                                const struct snapshot_deployment *deployment)
{
    if (view->key->kind == KEY_TEST)
        deployment = deployment->sandboxed;
    else if (!deployment->callable)
        return NULL;
    return deployment != NULL && served(deployment) ? deployment : NULL;
}

bool models_can_call(const struct models_view *view, const struct snapshot_model *model)
{
    if (!key_allows(view->key, model))
        return false;
    for (uint32_t i = 0; i < model->deployment_count; i++) {
        if (models_usable(view, model->deployments[i]) != NULL)
            return true;
    }
    return false;
}

bool models_may_see(const struct models_view *view, const struct snapshot_model *model)
{
    return key_allows(view->key, model) && (model->listed || models_can_call(view, model));
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
