/*
 * import_query: the queries of Portkey's conditions, which a preset takes as they are. Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_QUERY_H
#define TOLLGATE_TENANTS_CTL_IMPORT_QUERY_H

#include "tenants/ctl/import.h"

/* Whether a preset knows all that the query asks; else says at `path` what it does not. */
must_use bool import_query_good(const struct json_doc *doc, uint32_t query, const char *path,
                                struct import_report *report);

#endif
