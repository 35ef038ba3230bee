/*
 * abilities: what a model or one of its deployments takes, gives and can do, as bits.
 *
 * Read from the catalog's JSON (docs/catalog.md, "Capabilities") when a snapshot is built, so that
 * no request reads JSON for it. Pure.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_ABILITIES_H
#define TOLLGATE_GATEWAY_SNAPSHOT_ABILITIES_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/json.h"

enum modality {
    MODALITY_TEXT,
    MODALITY_IMAGE,
    MODALITY_FILE, /* the catalog's "pdf" */
    MODALITY_AUDIO,
    MODALITY_VIDEO,
    MODALITIES
};
/* "file", as clients say it. */
must_use const char *modality_name(enum modality modality);
/* Also by the catalog's name; 0 or -ENOENT. */
must_use int modality_parse(struct span name, enum modality *modality_out);

enum ability {
    ABILITY_TOOLS,
    ABILITY_STRUCTURED_OUTPUT,
    ABILITY_TEMPERATURE,
    ABILITY_REASONING,
    ABILITIES
};

struct abilities {
    uint8_t input, output; /* 1 << enum modality */
    uint8_t can, cannot;   /* 1 << enum ability; in neither: the catalog does not say */
};

static inline bool ability_known(const struct abilities *abilities, enum ability ability)
{
    return (abilities->can >> ability & 1) != 0;
}

static inline bool ability_denied(const struct abilities *abilities, enum ability ability)
{
    return (abilities->cannot >> ability & 1) != 0;
}

/* Of an object of capabilities; what it does not say, or says oddly, stays unknown. `doc` is
 * scratch. */
must_use struct abilities abilities_read(struct json_doc *doc, struct span capabilities);

/* A model's facts, {limits: {context, output, …}, capabilities: {…}}; limits 0 where unknown. */
struct model_facts {
    struct abilities abilities;
    int64_t context_limit, output_limit;
};
must_use struct model_facts model_facts_read(struct json_doc *doc, struct span facts);

#endif
