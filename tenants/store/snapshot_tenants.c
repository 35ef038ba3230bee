/*
 * snapshot_tenants: the half of a snapshot that tells who may call; see snapshot_read.h.
 */
#include "tenants/store/snapshot_inside.h"

/* The place of what a row's uuid names. Foreign keys and the one view make it be there; it is
 * looked at all the same, because a gateway must not fall over a damaged database. */
static bool place(struct snapshot_reading *r, const struct places *places, const char *what,
                  struct uuid id, uint32_t *place_out)
{
    if (places_find(places, uuid_span(&id), place_out))
        return true;
    (void)store_fail(r->error, STORE_BROKEN, "a row names a %s that is not there", what);
    return false;
}

/* A list of texts in the arena; none for a null. */
static bool read_texts(struct snapshot_reading *r, const struct pg_rows *rows, size_t row,
                       int column, const struct span **texts_out, uint32_t *count_out)
{
    if (pg_is_null(rows, row, column))
        return true;
    uint32_t count = (uint32_t)pg_array_count(rows, row, column);
    struct span *texts = snapshot_room(r, count, sizeof(*texts));
    if (texts == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++)
        texts[i] = arena_span(r->rows->arena, pg_array_text(rows, row, column, i));
    *texts_out = texts;
    *count_out = count;
    return true;
}

static bool read_routing(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                         struct routing_row *routing)
{
    routing->continue_on_failure = pg_get_bool(rows, i, 4);
    routing->hedge = pg_get_bool(rows, i, 5);
    routing->zdr = pg_get_bool(rows, i, 6);
    routing->no_collection = pg_get_bool(rows, i, 7);
    routing->strategy = snapshot_text(r, rows, i, 8);
    return read_texts(r, rows, i, 9, &routing->regions, &routing->region_count);
}

static bool read_tenant(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                        void *row)
{
    struct tenant_row *tenant = row;
    unsigned status, mode;
    if (!snapshot_word(r, &account_status_words, pg_get_text(rows, i, 1), &status) ||
        !snapshot_word(r, &billing_mode_words, pg_get_text(rows, i, 2), &mode))
        return false;
    tenant->id = pg_get_uuid(rows, i, 0);
    tenant->status = (enum account_status)status;
    tenant->billing_mode = (enum billing_mode)mode;
    tenant->home_cell = snapshot_text(r, rows, i, 3);
    tenant->preset = pg_get_uuid(rows, i, 10);
    places_put(&r->tenants, uuid_span(&tenant->id), i);
    return read_routing(r, rows, i, &tenant->routing);
}

static bool read_window(struct snapshot_reading *r, const struct pg_rows *rows, size_t row,
                        int column, enum budget_window *window_out)
{
    unsigned window = WINDOW_NONE;
    if (!pg_is_null(rows, row, column) &&
        !snapshot_word(r, &budget_window_words, pg_get_text(rows, row, column), &window))
        return false;
    *window_out = (enum budget_window)window;
    return true;
}

static bool read_project(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                         void *row)
{
    struct project_row *project = row;
    project->id = pg_get_uuid(rows, i, 0);
    project->archived = pg_get_bool(rows, i, 2);
    project->budget_pico = snapshot_pico(rows, i, 4);
    project->preset = pg_get_uuid(rows, i, 5);
    places_put(&r->projects, uuid_span(&project->id), i);
    return place(r, &r->tenants, "tenant", pg_get_uuid(rows, i, 1), &project->tenant) &&
           read_window(r, rows, i, 3, &project->budget_window);
}

static bool read_key(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i, void *row)
{
    struct key_row *key = row;
    unsigned status;
    if (key_kind_parse(pg_get_text(rows, i, 3), &key->kind) < 0)
        return snapshot_misread(r, "kind of key", pg_get_text(rows, i, 3));
    if (!snapshot_word(r, &key_status_words, pg_get_text(rows, i, 4), &status) ||
        !read_window(r, rows, i, 8, &key->budget_window) ||
        !place(r, &r->tenants, "tenant", pg_get_uuid(rows, i, 1), &key->tenant) ||
        !place(r, &r->projects, "project", pg_get_uuid(rows, i, 2), &key->project))
        return false;
    key->id = pg_get_uuid(rows, i, 0);
    key->status = (enum key_status)status;
    key->status_reason = snapshot_text(r, rows, i, 5);
    key->expires_ms = snapshot_until(rows, i, 6);
    key->budget_pico = snapshot_pico(rows, i, 9);
    key->requests_per_minute = pg_get_int64(rows, i, 10);
    key->tokens_per_minute = pg_get_int64(rows, i, 11);
    key->preset = pg_get_uuid(rows, i, 12);
    key->all_models = pg_is_null(rows, i, 7);
    places_put(&r->keys, uuid_span(&key->id), i);
    return read_texts(r, rows, i, 7, &key->allowed_models, &key->allowed_count);
}

static bool read_secret(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                        void *row)
{
    struct secret_row *secret = row;
    struct span hash = pg_get_bytes(rows, i, 0);
    if (hash.size != sizeof(secret->hash.at))
        return snapshot_misread(r, "hash of key", pg_get_text(rows, i, 2));
    memcpy(secret->hash.at, hash.at, hash.size);
    secret->public_part = snapshot_text(r, rows, i, 2);
    secret->expires_ms = snapshot_until(rows, i, 3);
    secret->revoked = pg_get_bool(rows, i, 4);
    return place(r, &r->keys, "key", pg_get_uuid(rows, i, 1), &secret->key);
}

static bool read_preset(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                        void *row)
{
    struct preset_row *preset = row;
    preset->id = pg_get_uuid(rows, i, 0);
    preset->version = (int32_t)pg_get_int64(rows, i, 2);
    preset->name = snapshot_text(r, rows, i, 3);
    preset->body = snapshot_text(r, rows, i, 4);
    return place(r, &r->tenants, "tenant", pg_get_uuid(rows, i, 1), &preset->tenant);
}

static bool read_plan(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i, void *row)
{
    struct plan_version *plan = row;
    plan->id = pg_get_uuid(rows, i, 0);
    plan->plan = snapshot_text(r, rows, i, 1);
    plan->from_ms = pg_get_unix_ms(rows, i, 2);
    plan->until_ms = snapshot_until(rows, i, 3);
    plan->markup_ppm = (int32_t)pg_get_int64(rows, i, 4);
    plan->discount_ppm = (int32_t)pg_get_int64(rows, i, 5);
    plan->fixed_pico = pg_get_int64(rows, i, 6);
    places_put(&r->plans, uuid_span(&plan->id), i);
    return true;
}

static enum store_outcome read_plan_discounts(struct snapshot_reading *r)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    uint32_t count = 0, kept = 0;
    enum store_outcome outcome =
        snapshot_select(r, "read the plans' discounts",
                        "SELECT plan_version_id, provider, discount_ppm "
                        "FROM tollgate.plan_provider_discounts ORDER BY plan_version_id, provider",
                        &rows, &count);
    if (outcome != STORE_OK)
        return outcome;
    struct plan_discount_row *discounts = snapshot_room(r, count, sizeof(*discounts));
    if (discounts == NULL)
        return STORE_BROKEN;
    for (uint32_t i = 0; i < count; i++) {
        struct uuid plan = pg_get_uuid(rows, i, 0);
        struct plan_discount_row *discount = &discounts[kept];
        /* Those of plans that are over were left out. */
        if (places_find(&r->plans, uuid_span(&plan), &discount->plan) &&
            places_find(&r->providers, pg_get_text(rows, i, 1), &discount->provider)) {
            discount->discount_ppm = (int32_t)pg_get_int64(rows, i, 2);
            kept++;
        }
    }
    r->rows->plan_discounts = discounts;
    r->rows->plan_discount_count = kept;
    return STORE_OK;
}

static bool read_subscription(struct snapshot_reading *r, const struct pg_rows *rows, uint32_t i,
                              void *row)
{
    struct subscription_row *subscription = row;
    uint32_t tenant;
    if (!place(r, &r->tenants, "tenant", pg_get_uuid(rows, i, 0), &tenant) ||
        !place(r, &r->plans, "plan", pg_get_uuid(rows, i, 1), &subscription->plan))
        return false;
    subscription->from_ms = pg_get_unix_ms(rows, i, 2);
    subscription->until_ms = snapshot_until(rows, i, 3);
    if (r->rows->tenants[tenant].subscription_count++ == 0)
        r->rows->tenants[tenant].first_subscription = i;
    return true;
}

/* Each may point into those before it. */
static const struct snapshot_table tables[] = {
    SNAPSHOT_TABLE(tenants, tenant, read_tenant, "read the tenants",
                   "SELECT tenant_id, t.status, t.billing_mode, t.home_cell, "
                   "coalesce(r.continue_on_failure, false), coalesce(r.hedge, false), "
                   "coalesce(r.zdr, false), coalesce(r.data_collection = 'deny', false), "
                   "r.strategy, r.regions, r.preset_id FROM tollgate.tenants t "
                   "LEFT JOIN tollgate.tenant_routing r USING (tenant_id) ORDER BY tenant_id"),
    SNAPSHOT_TABLE(projects, project, read_project, "read the projects",
                   "SELECT project_id, tenant_id, status = 'archived', budget_window, "
                   "budget_pico, preset_id FROM tollgate.projects ORDER BY project_id"),
    SNAPSHOT_TABLE(
        keys, key, read_key, "read the keys",
        "SELECT key_id, tenant_id, project_id, kind, status, status_reason, expires_at, "
        "allowed_models, budget_window, budget_pico, requests_per_minute, tokens_per_minute, "
        "preset_id FROM tollgate.api_keys ORDER BY key_id"),
    SNAPSHOT_TABLE(presets, preset, read_preset, "read the routing presets",
                   /* What all rows may take is bounded: beyond 128 MiB of presets those of the
                      tenants that have most come without their bodies. */
                   "WITH living AS (SELECT p.preset_id, p.tenant_id, p.current_version, p.name, "
                   "    v.body, length(v.body::text) AS size, "
                   "    sum(length(v.body::text)) OVER (PARTITION BY p.tenant_id) AS of_tenant "
                   "  FROM tollgate.routing_presets p JOIN tollgate.routing_preset_versions v "
                   "  ON v.preset_id = p.preset_id AND v.version = p.current_version "
                   "  WHERE p.deleted_at IS NULL) "
                   "SELECT preset_id, tenant_id, current_version, name, CASE WHEN sum(size) OVER "
                   "  (ORDER BY of_tenant, tenant_id, preset_id) <= 134217728 THEN body END "
                   "FROM living ORDER BY tenant_id, name COLLATE \"C\""),
    /* Secrets that died lately are kept in, so that the refusal can say why. */
    SNAPSHOT_TABLE(
        secrets, secret, read_secret, "read the secrets of keys",
        "SELECT sha256, key_id, public_part, expires_at, revoked_at IS NOT NULL "
        "FROM tollgate.api_key_secrets "
        "WHERE least(coalesce(expires_at, 'infinity'), coalesce(revoked_at, 'infinity')) "
        "  > now() - interval '1 day' ORDER BY sha256"),
    SNAPSHOT_TABLE(
        plans, plan, read_plan, "read the plans",
        "SELECT p.plan_version_id, p.plan, lower(p.effective), upper(p.effective), p.markup_ppm, "
        "p.discount_ppm, p.fixed_pico FROM tollgate.plan_versions p "
        /* A tenant may be subscribed to a version for longer than the plan is on offer. */
        "WHERE upper_inf(p.effective) OR upper(p.effective) > now() - interval '25 hours' "
        "   OR EXISTS (SELECT 1 FROM tollgate.subscriptions s "
        "       WHERE s.plan_version_id = p.plan_version_id "
        "         AND (upper_inf(s.effective) OR upper(s.effective) > now() - interval '25 "
        "hours')) "
        "ORDER BY p.plan COLLATE \"C\", lower(p.effective)"),
    SNAPSHOT_TABLE(subscriptions, subscription, read_subscription, "read the subscriptions",
                   "SELECT tenant_id, plan_version_id, lower(effective), upper(effective) "
                   "FROM tollgate.subscriptions "
                   "WHERE upper_inf(effective) OR upper(effective) > now() - interval '25 hours' "
                   "ORDER BY tenant_id, lower(effective)"),
};

enum store_outcome snapshot_read_tenants(struct snapshot_reading *r)
{
    enum store_outcome outcome = snapshot_read_tables(r, tables, array_size(tables));
    return outcome == STORE_OK ? read_plan_discounts(r) : outcome;
}
