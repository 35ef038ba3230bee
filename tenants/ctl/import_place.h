/*
 * import_place: where a target of another gateway goes: its provider and model as the catalog's,
 * and what there is to say when they are not found. Shared by the converters. Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_PLACE_H
#define TOLLGATE_TENANTS_CTL_IMPORT_PLACE_H

#include "tenants/ctl/import.h"
#include "tenants/ctl/import_names.h"

/* As it was written. All may be empty. */
struct import_place {
    struct span provider; /* "azure-openai" */
    struct span model;    /* "gpt-4o", without the provider */
    struct span whole;    /* as --map may name it: "azure/gpt-4o" */
};

/* Sets model and providers of a leaf. False, and reported at `path`, when it would go nowhere. */
must_use bool import_put(const struct import_place *place, const struct import_names *names,
                         const char *path, struct import_report *report,
                         struct import_target *target);

#endif
