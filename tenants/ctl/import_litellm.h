/*
 * import_litellm: a configuration of LiteLLM's proxy (read as JSON, see import_yaml.h) as presets,
 * one for each group of its model_list, and one for each alias.
 *
 * Follows LiteLLM's pages on the proxy's settings, on reliability and on load balancing. Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_LITELLM_H
#define TOLLGATE_TENANTS_CTL_IMPORT_LITELLM_H

#include "tenants/ctl/import.h"
#include "tenants/ctl/import_names.h"

struct import_made {
    struct span name, json;
};

struct import_result {
    struct import_made at[IMPORT_PRESETS_MAX];
    uint32_t count;
};

/* Adds what can be carried over and reports the rest. 0, or -EINVAL with a sentence in `error` when
 * it is no configuration at all. */
must_use int import_litellm(const struct json_doc *doc, const struct import_names *names,
                            struct arena *arena, struct import_report *report,
                            struct import_result *result, struct buf *error);

/* A preset's name made of any text: small letters, digits, '-', '_' and '.'; empty when nothing is
 * left. */
must_use struct span import_preset_name(struct span text, struct arena *arena);

/* Writes a preset into the result under this name. False, and reported, when there is nothing in
 * it, it is too large, there are too many, or another has the name. */
must_use bool import_finish(struct import_result *result, struct span name,
                            struct import_preset *preset, struct arena *arena,
                            struct import_report *report);

#endif
