/*
 * catalog_diff: what an import would change, as a list and as lines for a person.
 *
 * Pure. Both sides are finished catalogs (catalog_finish) and must outlive the list. Deployments
 * are matched by key wherever they stand, models by id, providers by slug. What only operators set
 * (region, quantization, data policy) counts only where the new side states it.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_DIFF_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_DIFF_H

#include "common/base/buf.h"
#include "tenants/model/catalog.h"

enum catalog_change_kind {
    CATALOG_PROVIDER_ADDED,
    CATALOG_PROVIDER_CHANGED,
    CATALOG_PROVIDER_REMOVED,
    CATALOG_MODEL_ADDED,
    CATALOG_MODEL_CHANGED,
    CATALOG_MODEL_REMOVED,
    CATALOG_DEPLOYMENT_ADDED,
    CATALOG_DEPLOYMENT_CHANGED, /* anything but its prices and its quarantine */
    CATALOG_DEPLOYMENT_REMOVED,
    CATALOG_PRICE_CHANGED, /* some rate differs: a new price version */
    CATALOG_QUARANTINED,   /* a reason that was not there */
    CATALOG_QUARANTINE_LIFTED,
    CATALOG_CHANGE_COUNT,
};

/* One change. The side that does not exist is NULL; only the pointers of its kind are set
 * (a deployment's change has its model too). An added deployment says its prices and its
 * quarantine itself: no further change follows for them. */
struct catalog_change {
    enum catalog_change_kind kind;
    const struct catalog_provider *old_provider, *new_provider;
    const struct catalog_model *old_model, *new_model;
    const struct catalog_deployment *old_deployment, *new_deployment;
    const char *fields; /* of a …_CHANGED: "limits, capabilities"; else NULL */
};

struct catalog_changes {
    struct catalog_change *items; /* in the arena given to catalog_diff */
    uint32_t count;
    uint32_t by_kind[CATALOG_CHANGE_COUNT];
};

/* More than the diff of any two catalogs that catalog_parse() lets through takes of an arena. */
#define CATALOG_DIFF_BYTES ((size_t)256 << 20)

/* `old` may be NULL: all of `new` is added. */
must_use struct catalog_changes catalog_diff(const struct catalog *old, const struct catalog *new,
                                             struct arena *arena);

must_use const char *catalog_change_name(enum catalog_change_kind kind);

/* Whether the new side lacks more than a fifth of the deployments, which would be retired: more
 * likely a file that was cut short than a wish. Says how many of how many. */
must_use bool catalog_takes_many(const struct catalog *old, const struct catalog_changes *changes,
                                 uint64_t *gone_out, uint64_t *had_out);

/* One line or more, each ended by a newline: a mark, a blank, and what changes; prices as old ->
 * new with the percentage. */
void catalog_render_change(const struct catalog_change *change, struct buf *out);

/* All changes and a last line that sums them up ("no changes"). */
void catalog_render(const struct catalog_changes *changes, struct buf *out);

#endif
