/*
 * models_private: what the files of gateway/models call of each other.
 */
#ifndef TOLLGATE_GATEWAY_MODELS_MODELS_PRIVATE_H
#define TOLLGATE_GATEWAY_MODELS_MODELS_PRIVATE_H

#include "common/base/json_writer.h"
#include "gateway/models/models.h"

/* ---- models_see.c: what a key sees ---- */
/* Translators, readers of scans and judges of texts are asked as chats are. */
must_use bool models_is_chat(const struct snapshot_model *model);
must_use bool models_can_call(const struct models_view *view, const struct snapshot_model *model);
/* Retired models are nobody's; others are listed to those who may call them, or may once they can
 * be called. */
must_use bool models_may_see(const struct models_view *view, const struct snapshot_model *model);
/* The deployment as this key calls it, a test key in the sandbox; NULL when it cannot. */
must_use const struct snapshot_deployment *
models_usable(const struct models_view *view, const struct snapshot_deployment *deployment);
/* The first that this key can use and that has a price for it, with its terms; else NULL. */
must_use const struct snapshot_deployment *models_first(const struct models_view *view,
                                                        const struct snapshot_model *model,
                                                        struct snapshot_terms *terms_out);

/* ---- models_parameters.c: members of a request that are honoured, as bits ---- */
must_use uint32_t models_parameter_count(void);
must_use const char *models_parameter_name(uint32_t bit);
must_use uint32_t models_parameters_at(const struct snapshot_deployment *deployment);
/* At any that this key can use. */
must_use uint32_t models_parameters_of(const struct models_view *view,
                                       const struct snapshot_model *model);

/* ---- models_choose.c ---- */
/* Of a list, after filters, order and page. */
struct models_chosen {
    const struct snapshot_model **models; /* owned */
    uint32_t count, first, last;          /* the page is [first, last) */
    bool more;
};
/* False when the model to go on from is not in the list; nothing is owned then. */
must_use bool models_choose(const struct models_view *view, const struct models_ask *ask,
                            struct models_chosen *chosen_out);
void models_chosen_done(struct models_chosen *chosen);

/* ---- models_write.c: members ---- */
void models_put_pricing(struct json_writer *w, const struct snapshot_terms *terms);
void models_put_architecture(struct json_writer *w, const struct abilities *abilities);
void models_put_parameters(struct json_writer *w, uint32_t parameters);
/* A number of tokens, null where it is unknown. */
void models_put_limit(struct json_writer *w, const char *name, int64_t tokens);
void models_put_null(struct json_writer *w, const char *name);

#endif
