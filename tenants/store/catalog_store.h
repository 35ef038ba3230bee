/*
 * catalog_store: the catalog and its prices in the database, read back and changed by imports.
 *
 * An import compares what it brings with what catalog_store_read() gives and applies the changes:
 * nothing is deleted, what is gone is retired; prices become new versions. Operators' settings
 * (order, weight, timeouts, abort policy, data policy, releases from quarantine, names of models
 * and what they retired or deprecated by hand) stay. Everything here runs as an operator, inside
 * the caller's transaction.
 */
#ifndef TOLLGATE_TENANTS_STORE_CATALOG_STORE_H
#define TOLLGATE_TENANTS_STORE_CATALOG_STORE_H

#include "tenants/model/catalog.h"
#include "tenants/model/catalog_diff.h"
#include "tenants/store/store.h"

/* New prices hold no sooner than this after an import, so that every gateway knows them in time. */
#define CATALOG_PRICE_NOTICE_MS INT64_C(600000)

/* Until the end of the transaction nobody else imports. */
must_use enum store_outcome catalog_store_lock(struct pg *pg, struct store_error *error_out);

/* What is not retired by an import, finished (catalog_finish), with the cost book's latest rates,
 * those that are yet to hold included. The caller owns *catalog_out. */
must_use enum store_outcome catalog_store_read(struct pg *pg, struct catalog **catalog_out,
                                               struct store_error *error_out);

struct catalog_import {
    const struct catalog *catalog;         /* what the file says */
    const struct catalog_changes *changes; /* from what the store has to that */
    int64_t prices_from_ms;                /* INT64_MIN: with notice; else from then on */
};

struct catalog_import_result {
    int64_t providers, models, deployments, retired, prices; /* rows written, versions made */
    int64_t prices_from_ms; /* when changed prices hold; first prices hold at once */
};

/* Applies the changes. STORE_REFUSED when prices_from_ms lies before a change that is planned
 * already. */
must_use enum store_outcome catalog_store_apply(struct pg *pg, const struct store_actor *actor,
                                                const struct catalog_import *import,
                                                struct catalog_import_result *result_out,
                                                struct store_error *error_out);

#endif
