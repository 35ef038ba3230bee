/*
 * preset_default: the member `preset` of a body: which preset holds where a request names none.
 */
#ifndef TOLLGATE_TENANTS_API_PRESET_DEFAULT_H
#define TOLLGATE_TENANTS_API_PRESET_DEFAULT_H

#include "tenants/api/api.h"

/* Its row in a table of fields. */
#define PRESET_DEFAULT_FIELD(may_be_null)                                                          \
    {                                                                                              \
        .name = "preset", .type = FIELD_TEXT, .nullable = (may_be_null), .min = 1, .max = 64       \
    }

/* *named_out: the body has it; then *preset_out is the tenant's preset of that name, which nobody
 * deletes until the transaction ends, or zero for null. A name that is none is refused. */
must_use enum api_outcome preset_default_read(struct api *api, struct uuid tenant, bool *named_out,
                                              struct uuid *preset_out);

#endif
