/*
 * show: the last answer on standard output, by a view: as a table, a record, or as it came.
 */
#ifndef TOLLGATE_TENANTS_CTL_SHOW_H
#define TOLLGATE_TENANTS_CTL_SHOW_H

#include "common/base/attr.h"
#include "tenants/ctl/ctl.h"
#include "tenants/ctl/table.h"
#include "tenants/ctl/view.h"

/* Bytes of the API as they are; on a terminal without what it would obey. Ends with a line feed. */
void show_raw(struct ctl *ctl, struct span bytes);

/* One object, a line for each member that is there (JSON of wide columns with --wide only), those
 * beside it first; with --json the whole answer. Says the view's note. */
void show_record(struct ctl *ctl, const struct view *view);
/* The same of an object of the answer, always for a person. */
void show_object(struct ctl *ctl, const struct column *columns, size_t count, uint32_t object);

/* A table with the columns of a view; rows are added page by page. */
must_use struct table *show_table(const struct ctl *ctl, const struct view *view);
void show_rows(const struct ctl *ctl, const struct view *view, uint32_t array, struct table *table);
/* The next cell of a row: a member of an object, or `missing` when it has none. A column that is
 * not shown has no cell. */
void show_cell(const struct ctl *ctl, const struct column *column, uint32_t object,
               const char *missing, struct table *table);
void show_print(const struct ctl *ctl, const struct table *table);

#endif
