/*
 * import_query: the queries of Portkey's conditions, which a preset takes as they are, but for
 * url.pathname, which is request.endpoint there. Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_QUERY_H
#define TOLLGATE_TENANTS_CTL_IMPORT_QUERY_H

#include "tenants/ctl/import.h"

/* Appends the query as a preset has it. False, with nothing appended, when a preset does not know
 * all that it asks; then that is said at `path`. */
must_use bool import_query(const struct json_doc *doc, uint32_t query, const char *path,
                           struct import_report *report, struct buf *out);

#endif
