/*
 * catalog_models_dev_parts: the parts of one model in models.dev's shape, read tolerantly.
 *
 * Private to the importer. What cannot be taken over is noted and left out: one odd model among
 * thousands is no reason to refuse the rest.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_MODELS_DEV_PARTS_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_MODELS_DEV_PARTS_H

#include "tenants/model/catalog_models_dev.h"
#include "tenants/model/catalog_reader.h"

struct models_dev {
    struct catalog_reader r;
    struct catalog_notes *notes; /* may be NULL */
};

/* A line "path: …" for the person who imports. */
void models_dev_note(struct models_dev *m, const char *format, ...) printf_like(2, 3);

/* A member's text without control characters and clipped; NULL when there is none. */
must_use const char *models_dev_text(struct models_dev *m, uint32_t object, const char *member);
/* YYYY-MM-DD; a month is taken as its first day, anything else noted and NULL. */
must_use const char *models_dev_date(struct models_dev *m, uint32_t object, const char *member);

/* What an npm package says of the wire: its dialect, how the key is sent, and a base URL where the
 * package has it built in (else NULL). */
struct models_dev_wire {
    enum catalog_dialect dialect;
    enum catalog_auth auth;
    const char *base_url;
};
must_use struct models_dev_wire models_dev_wire_of(const char *npm, const char *shape);

void models_dev_rates(struct models_dev *m, uint32_t model, bool anthropic,
                      struct catalog_deployment *d);
void models_dev_capabilities(struct models_dev *m, uint32_t model, struct catalog_capabilities *c);
void models_dev_limits(struct models_dev *m, uint32_t model, struct catalog_limits *limits);
/* From the modalities, and from the id where they leave it open. */
must_use enum catalog_kind models_dev_kind(const char *id, const struct catalog_capabilities *c);

#endif
