/*
 * field_check: one value of a body or a query against its row of the table. Shared by the files of
 * field; not for use outside them.
 */
#ifndef TOLLGATE_TENANTS_API_FIELD_CHECK_H
#define TOLLGATE_TENANTS_API_FIELD_CHECK_H

#include "tenants/api/field.h"

/* Where the value goes, and the complaint when it is none. */
struct field_reading {
    const struct field *field;
    struct arena *arena;
    struct field_value *value;
    struct field_complaints *complaints;
};

/* A value of a query: decoded text. */
void field_check_text(const struct field_reading *reading, struct span text);
/* A value of a body. */
void field_check_node(const struct field_reading *reading, const struct json_doc *doc,
                      uint32_t node);

#endif
