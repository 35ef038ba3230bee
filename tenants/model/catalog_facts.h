/*
 * catalog_facts: the parts of a catalog that the tables keep as JSON, written and read back.
 *
 * The same JSON as in the file. Capabilities stand in catalog_capabilities.h. Pure; the store
 * calls it.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_FACTS_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_FACTS_H

#include "common/base/json_writer.h"
#include "tenants/model/catalog.h"

/* The lists of providers.endpoints and providers.variables. */
void catalog_write_endpoints(const struct catalog_provider *provider, struct json_writer *w);
void catalog_write_variables(const struct catalog_provider *provider, struct json_writer *w);

/* Both lists back into a provider; text is copied into the arena. 0, or -EINVAL with error_out
 * filled. */
must_use int catalog_read_wire(struct span endpoints, struct span variables, struct arena *arena,
                               struct catalog_provider *provider_out,
                               struct catalog_error *error_out);

/* The members "limits" and "capabilities" of an object that is being written. */
void catalog_write_abilities(const struct catalog_limits *limits,
                             const struct catalog_capabilities *capabilities,
                             struct json_writer *w);

/* models.facts, {limits, capabilities}: for those who list models. Not read back:
 * catalog_finish() works both out. */
void catalog_write_model_facts(const struct catalog_model *model, struct json_writer *w);

#endif
