/*
 * catalog_rows: the changed rows of a catalog as JSON arrays, one per table, for statements that
 * take a whole table's rows at once (jsonb_to_recordset). Pure; catalog_apply alone uses it.
 */
#ifndef TOLLGATE_TENANTS_STORE_CATALOG_ROWS_H
#define TOLLGATE_TENANTS_STORE_CATALOG_ROWS_H

#include "common/base/buf.h"
#include "tenants/model/catalog_diff.h"

struct catalog_rows {
    struct buf providers, models, aliases, deployments; /* JSON arrays */
    struct buf gone;   /* {providers: [slug], models: [id], deployments: [key]} */
    struct buf priced; /* [{key, version_cost, version_list}]: deployments whose prices change */
    struct buf rates;  /* [{key, meter, mode, context_over, pico_per_unit}] */
};

/* Ends with catalog_rows_done. */
must_use struct catalog_rows catalog_rows_make(const struct catalog_changes *changes);
void catalog_rows_done(struct catalog_rows *rows);

/* Whether one of the buffers was too small for what it got. */
must_use bool catalog_rows_failed(const struct catalog_rows *rows);

#endif
