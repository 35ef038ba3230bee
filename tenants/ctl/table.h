/*
 * table: rows and columns on a terminal or in a file; the only file that sees libsmartcols.
 *
 * Cells are text that is fit to print already (see clean.h).
 */
#ifndef TOLLGATE_TENANTS_CTL_TABLE_H
#define TOLLGATE_TENANTS_CTL_TABLE_H

#include <stdio.h>

#include "common/base/attr.h"
#include "common/base/span.h"

enum { TABLE_COLUMNS_MAX = 40, TABLE_CELLS_MAX = 4000000 };

enum table_flags {
    TABLE_RIGHT = 1,
    TABLE_POINT = 2,  /* to the right, decimal points under each other */
    TABLE_CUT = 4,    /* may be cut when the terminal is narrow */
    TABLE_STATUS = 8, /* coloured by what it says */
};

struct table;

struct table_style {
    FILE *out;
    bool colour;
    bool wide;     /* whatever the terminal's width */
    bool headings; /* titles above the columns */
};

must_use struct table *table_new(void);
void table_free(struct table *table);
/* All columns come before the first cell. The title is borrowed. */
void table_column(struct table *table, const char *title, unsigned flags);
/* The next cell, from left to right and down; copied. */
void table_cell(struct table *table, struct span text);
must_use size_t table_rows(const struct table *table);
/* No room for another row. */
must_use bool table_full(const struct table *table);
void table_print(const struct table *table, const struct table_style *style);

#endif
