/*
 * catalog_capabilities: what a deployment can do, as the catalog states it.
 *
 * A value with its JSON form, which is the file's and may stand in a jsonb column. Owns no memory:
 * its one text lives in the arena of whoever read it.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_CAPABILITIES_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_CAPABILITIES_H

#include "common/base/arena.h"
#include "common/base/json_writer.h"
#include "tenants/model/catalog_words.h"

/* Unknown is never compliant: who asks for a property gets only what says CATALOG_YES. */
enum catalog_flag { CATALOG_UNKNOWN, CATALOG_NO, CATALOG_YES };

enum catalog_modality {
    CATALOG_TEXT,
    CATALOG_PICTURE,
    CATALOG_AUDIO,
    CATALOG_MOVIE,
    CATALOG_PDF,
    CATALOG_MODALITY_COUNT,
};

enum catalog_effort {
    CATALOG_EFFORT_NONE,
    CATALOG_EFFORT_MINIMAL,
    CATALOG_EFFORT_LOW,
    CATALOG_EFFORT_MEDIUM,
    CATALOG_EFFORT_HIGH,
    CATALOG_EFFORT_XHIGH,
    CATALOG_EFFORT_MAX,
    CATALOG_EFFORT_DEFAULT,
    CATALOG_EFFORT_COUNT,
};

extern const struct catalog_words catalog_modalities, catalog_efforts;

struct catalog_capabilities {
    enum catalog_flag tools, structured_output, attachments, temperature;
    enum catalog_flag reasoning, reasoning_toggle, reasoning_budget, interleaved;
    unsigned input, output;         /* sets of 1u << enum catalog_modality */
    unsigned efforts;               /* set of 1u << enum catalog_effort; 0: none named */
    int64_t budget_min, budget_max; /* reasoning tokens; 0: not stated */
    const char *reasoning_field;    /* "reasoning_content", or NULL */
};

/* What is wrong with a text, for a person, beginning with the path of the member. */
struct catalog_error {
    char text[600];
};

/* Writes the JSON object; and reads it back: 0, or -EINVAL with error_out filled. Text is copied
 * into the arena. */
void catalog_write_capabilities(const struct catalog_capabilities *capabilities,
                                struct json_writer *w);
must_use int catalog_read_capabilities(struct span json, struct arena *arena,
                                       struct catalog_capabilities *capabilities_out,
                                       struct catalog_error *error_out);

must_use bool catalog_capabilities_equal(const struct catalog_capabilities *a,
                                         const struct catalog_capabilities *b);

#endif
