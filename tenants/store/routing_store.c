/*
 * routing_store: see routing_store.h.
 */
#include "tenants/store/routing_store.h"

#include "tenants/store/audited.h"
#include "tenants/store/tenant_store.h"

static const struct view_column columns[] = {
    {"tenant", VIEW_ID, ID_TENANT},        {"preset", VIEW_TEXT, 0},   {"strategy", VIEW_TEXT, 0},
    {"continue_on_failure", VIEW_BOOL, 0}, {"hedge", VIEW_BOOL, 0},    {"zdr", VIEW_BOOL, 0},
    {"data_collection", VIEW_TEXT, 0},     {"regions", VIEW_TEXTS, 0}, {"etag", VIEW_ETAG, 0},
};
const struct view routing_view =
    VIEW("SELECT t.tenant_id, p.name, r.strategy, coalesce(r.continue_on_failure, false), "
         "coalesce(r.hedge, false), coalesce(r.zdr, false), coalesce(r.data_collection, 'allow'), "
         "r.regions, coalesce(r.revision, 0) FROM tollgate.tenants t "
         "LEFT JOIN tollgate.tenant_routing r USING (tenant_id) "
         "LEFT JOIN tollgate.routing_presets p ON p.preset_id = r.preset_id "
         "WHERE t.tenant_id = $1",
         columns, 0);

enum store_outcome routing_store_lock(struct pg *pg, struct uuid tenant, int64_t *revision_out,
                                      struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    int64_t of_tenant;
    enum store_outcome outcome = tenant_store_lock(pg, tenant, &of_tenant, error_out);
    if (outcome == STORE_OK)
        outcome = store_exec(pg, &rows, error_out, "find the routing rules",
                             "SELECT coalesce(max(revision), 0) FROM tollgate.tenant_routing "
                             "WHERE tenant_id = $1",
                             PG_UUID(tenant));
    if (outcome == STORE_OK)
        *revision_out = pg_get_int64(rows, 0, 0);
    return outcome;
}

static enum store_outcome change_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct routing_change *c = with;
    return store_exec(
        pg, NULL, error_out, "change the routing rules",
        "INSERT INTO tollgate.tenant_routing AS r (tenant_id, continue_on_failure, hedge, zdr, "
        "data_collection, strategy, regions, preset_id) VALUES ($1, coalesce($2::boolean, false), "
        "coalesce($3::boolean, false), coalesce($4::boolean, false), coalesce($5::text, 'allow'), "
        "$7::text, $9::text[], $11::uuid) "
        "ON CONFLICT (tenant_id) DO UPDATE SET revision = r.revision + 1, "
        "continue_on_failure = coalesce($2::boolean, r.continue_on_failure), "
        "hedge = coalesce($3::boolean, r.hedge), zdr = coalesce($4::boolean, r.zdr), "
        "data_collection = coalesce($5::text, r.data_collection), "
        "strategy = CASE WHEN $6::boolean THEN $7::text ELSE r.strategy END, "
        "regions = CASE WHEN $8::boolean THEN $9::text[] ELSE r.regions END, "
        "preset_id = CASE WHEN $10::boolean THEN $11::uuid ELSE r.preset_id END",
        PG_UUID(c->tenant), c->continue_on_failure, c->hedge, c->zdr, c->data_collection,
        PG_BOOL(c->has_strategy), c->strategy, PG_BOOL(c->has_regions), c->regions,
        PG_BOOL(c->has_preset), PG_UUID_OR_NULL(c->preset));
}

enum store_outcome routing_store_change(struct pg *pg, const struct store_actor *actor,
                                        const struct routing_change *change,
                                        struct store_error *error_out)
{
    const struct audited what = {"routing.update", change->tenant, ID_TENANT, change->tenant,
                                 &routing_view};
    return audited_run(pg, actor, &what, change_row, change, error_out);
}
