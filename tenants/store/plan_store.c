/*
 * plan_store: see plan_store.h.
 */
#include "tenants/store/plan_store.h"

#include "tenants/store/audited.h"
#include "tenants/store/billing_view.h"
#include "tenants/store/tenant_view.h"

/* Percentages as ppm, the fee in cents, the threshold in whole dollars of base. */
static const struct standard_plan {
    const char *plan, *name;
    int64_t markup_ppm, monthly_fee_minor, volume_threshold_usd, volume_discount_ppm;
} standard_plans[] = {
    {"free", "Free", 100000, 0, 0, 0},
    {"pro", "Pro", 50000, 999, 1000, 20000},
    {"business", "Business", 30000, 9900, 10000, 50000},
};

static enum store_outcome seed_one(struct pg *pg, const struct store_actor *actor,
                                   const struct standard_plan *plan, struct store_error *error_out)
{
    struct pg_param threshold =
        plan->volume_threshold_usd == 0
            ? PG_NULL
            : PG_NUMERIC((int128)plan->volume_threshold_usd * PICO_PER_UNIT);
    return store_exec(
        pg, NULL, error_out, "make a plan",
        "INSERT INTO tollgate.plan_versions (plan_version_id, plan, name, markup_ppm, "
        "monthly_fee_minor, volume_threshold_pico, volume_discount_ppm, effective, created_by) "
        "SELECT $1, $2, $3, $4, $5, $6, $7, tstzrange(date_trunc('milliseconds', now()), NULL), $8 "
        "WHERE NOT EXISTS (SELECT 1 FROM tollgate.plan_versions WHERE plan = $2)",
        PG_UUID(uuid_new()), PG_STRING(plan->plan), PG_STRING(plan->name), PG_INT(plan->markup_ppm),
        PG_INT(plan->monthly_fee_minor), threshold, PG_INT(plan->volume_discount_ppm),
        PG_STRING(actor->name));
}

enum store_outcome plan_store_seed(struct pg *pg, const struct store_actor *actor,
                                   int64_t *made_out, struct store_error *error_out)
{
    int64_t made = 0;
    enum store_outcome outcome = STORE_OK;
    for (size_t i = 0; i < array_size(standard_plans) && outcome == STORE_OK; i++) {
        outcome = seed_one(pg, actor, &standard_plans[i], error_out);
        made += outcome == STORE_OK ? pg_affected(pg) : 0;
    }
    if (outcome == STORE_OK && made > 0)
        outcome = store_audit(
            pg, actor,
            &(struct store_mutation){.action = "plans.seed", .subject = span_of("standard")},
            error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    return outcome;
}

static enum store_outcome no_such_plan(struct pg *pg, struct span plan,
                                       struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "list the plans",
                   "SELECT coalesce(string_agg(DISTINCT plan, ', '), 'none') "
                   "FROM tollgate.plan_versions WHERE effective @> now()");
    if (outcome != STORE_OK)
        return outcome;
    return store_fail(error_out, STORE_NOT_FOUND, "there is no plan \"%.*s\"; there are: %.*s",
                      SPAN_ARG(plan), SPAN_ARG(pg_get_text(rows, 0, 0)));
}

enum store_outcome plan_store_find(struct pg *pg, struct span plan, struct uuid *version_out,
                                   struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(pg, &rows, error_out, "find the plan",
                                            "SELECT plan_version_id FROM tollgate.plan_versions "
                                            "WHERE plan = $1 AND effective @> now()",
                                            PG_TEXT(plan));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return no_such_plan(pg, plan, error_out);
    *version_out = pg_get_uuid(rows, 0, 0);
    return STORE_OK;
}

/* ---- versions ---- */
struct adding {
    const struct store_actor *actor;
    const struct plan_version_new *version;
    struct uuid id;
};

static struct pg_param from_or_now(const struct plan_version_new *version)
{
    return version->from_ms == INT64_MIN ? PG_NULL : PG_TIME(version->from_ms);
}

/* Versions of a plan are made one after the other. */
static enum store_outcome check_beginning(struct pg *pg, const struct plan_version_new *v,
                                          struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "wait for others",
                   "SELECT pg_advisory_xact_lock(7014117, hashtext($1::text))", PG_TEXT(v->plan));
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, &rows, error_out, "look at the plan",
            "SELECT coalesce($2::timestamptz < now() - interval '1 minute', false), "
            "EXISTS (SELECT 1 FROM tollgate.plan_versions WHERE plan = $1 AND lower(effective) >= "
            "coalesce($2::timestamptz, date_trunc('milliseconds', now())))",
            PG_TEXT(v->plan), from_or_now(v));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_get_bool(rows, 0, 0))
        return store_fail(error_out, STORE_REFUSED, "a version cannot begin in the past");
    if (pg_get_bool(rows, 0, 1))
        return store_fail(error_out, STORE_CONFLICT,
                          "a version of the plan begins then or later already");
    return STORE_OK;
}

static enum store_outcome add_version(struct pg *pg, const void *with,
                                      struct store_error *error_out)
{
    const struct adding *adding = with;
    const struct plan_version_new *v = adding->version;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "end the version before it",
                   "UPDATE tollgate.plan_versions SET effective = tstzrange(lower(effective), "
                   "coalesce($2::timestamptz, date_trunc('milliseconds', now()))) "
                   "WHERE plan = $1 AND upper_inf(effective)",
                   PG_TEXT(v->plan), from_or_now(v));
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "make the version",
            "INSERT INTO tollgate.plan_versions (plan_version_id, plan, name, listed, markup_ppm, "
            "discount_ppm, fixed_pico, monthly_fee_minor, volume_threshold_pico, "
            "volume_discount_ppm, margin_floor_ppm, minimum_charge_minor, effective, created_by) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, tstzrange(coalesce("
            "$13::timestamptz, date_trunc('milliseconds', now())), NULL), $14)",
            PG_UUID(adding->id), PG_TEXT(v->plan), PG_TEXT(v->name), PG_BOOL(v->listed),
            PG_INT(v->markup_ppm), PG_INT(v->discount_ppm), PG_INT(v->fixed_pico),
            PG_INT(v->monthly_fee_minor),
            v->volume_discount_ppm == 0 ? PG_NULL : PG_NUMERIC(v->volume_threshold_pico),
            PG_INT(v->volume_discount_ppm), PG_INT(v->margin_floor_ppm),
            PG_INT(v->minimum_charge_minor), from_or_now(v), PG_STRING(adding->actor->name));
    return outcome;
}

enum store_outcome plan_store_add(struct pg *pg, const struct store_actor *actor,
                                  const struct plan_version_new *version, struct uuid *version_out,
                                  struct store_error *error_out)
{
    const struct adding adding = {actor, version, uuid_new()};
    const struct audited what = {
        .action = "plan.create", .kind = ID_PLAN_VERSION, .id = adding.id, .view = &plan_view};
    enum store_outcome outcome = check_beginning(pg, version, error_out);
    if (outcome == STORE_OK)
        outcome = audited_run(pg, actor, &what, add_version, &adding, error_out);
    if (outcome == STORE_OK)
        *version_out = adding.id;
    return outcome;
}

/* ---- subscriptions ---- */
struct subscribing {
    struct uuid tenant, version;
};

static enum store_outcome subscribe(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct subscribing *s = with;
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "look at the subscription",
                   "SELECT 1 FROM tollgate.subscriptions WHERE tenant_id = $1 "
                   "AND plan_version_id = $2 AND upper_inf(effective)",
                   PG_UUID(s->tenant), PG_UUID(s->version));
    if (outcome == STORE_OK && pg_affected(pg) > 0)
        return store_fail(error_out, STORE_CONFLICT, "the tenant has this version already");
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "end the subscription",
            "UPDATE tollgate.subscriptions "
            "SET effective = tstzrange(lower(effective), date_trunc('milliseconds', now())) "
            "WHERE tenant_id = $1 AND upper_inf(effective)",
            PG_UUID(s->tenant));
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "subscribe the tenant",
                             "INSERT INTO tollgate.subscriptions (tenant_id, plan_version_id, "
                             "effective) "
                             "VALUES ($1, $2, tstzrange(date_trunc('milliseconds', now()), NULL))",
                             PG_UUID(s->tenant), PG_UUID(s->version));
    return outcome;
}

enum store_outcome plan_store_subscribe(struct pg *pg, const struct store_actor *actor,
                                        struct uuid tenant, struct uuid version,
                                        struct store_error *error_out)
{
    const struct subscribing subscribing = {tenant, version};
    const struct audited what = {"tenant.subscribe", tenant, ID_TENANT, tenant, &subscription_view};
    return audited_run(pg, actor, &what, subscribe, &subscribing, error_out);
}
