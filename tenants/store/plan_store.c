/*
 * plan_store: see plan_store.h.
 */
#include "tenants/store/plan_store.h"

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

enum store_outcome plan_store_subscribe(struct pg *pg, const struct store_actor *actor,
                                        struct uuid tenant, struct uuid version,
                                        struct store_error *error_out)
{
    char subject[ID_TEXT_SIZE];
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "end the subscription",
                   "UPDATE tollgate.subscriptions "
                   "SET effective = tstzrange(lower(effective), date_trunc('milliseconds', now())) "
                   "WHERE tenant_id = $1 AND upper_inf(effective)",
                   PG_UUID(tenant));
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "subscribe the tenant",
                             "INSERT INTO tollgate.subscriptions (tenant_id, plan_version_id, "
                             "effective) "
                             "VALUES ($1, $2, tstzrange(date_trunc('milliseconds', now()), NULL))",
                             PG_UUID(tenant), PG_UUID(version));
    if (outcome != STORE_OK)
        return outcome;
    id_format(ID_PLAN_VERSION, version, subject);
    return store_audit(pg, actor,
                       &(struct store_mutation){.action = "tenant.subscribe",
                                                .tenant = tenant,
                                                .subject = span_of(subject)},
                       error_out);
}
