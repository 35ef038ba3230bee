/*
 * tenant_store: see tenant_store.h.
 */
#include "tenants/store/tenant_store.h"

#include "common/base/json_writer.h"
#include "tenants/store/audited.h"
#include "tenants/store/plan_store.h"
#include "tenants/store/project_store.h"
#include "tenants/store/tenant_view.h"

#define AUDIT_MAX_BYTES 8192
#define PREPAID_HAS_NO_LIMIT "a prepaid tenant has no credit limit: it spends what it has"

static enum store_outcome audit_tenant(struct pg *pg, const struct store_actor *actor,
                                       struct uuid id, const struct tenant_new *tenant,
                                       struct store_error *error_out)
{
    cleanup(buf_done) struct buf after = buf_make(AUDIT_MAX_BYTES);
    struct json_writer w = json_writer_make(&after);
    char subject[ID_TEXT_SIZE];
    json_begin(&w, '{');
    json_put_string(&w, "name", tenant->name);
    json_put_string(&w, "plan", tenant->plan);
    json_put_cstring(&w, "billing_mode", words_name(&billing_mode_words, tenant->billing_mode));
    json_end(&w, '}');
    id_format(ID_TENANT, id, subject);
    return store_audit(pg, actor,
                       &(struct store_mutation){.action = "tenant.create",
                                                .tenant = id,
                                                .subject = span_of(subject),
                                                .after = buf_span(&after)},
                       error_out);
}

static enum store_outcome insert_tenant(struct pg *pg, struct uuid id,
                                        const struct tenant_new *tenant,
                                        struct store_error *error_out)
{
    enum store_outcome outcome = store_exec(
        pg, NULL, error_out, "make the tenant",
        "INSERT INTO tollgate.tenants (tenant_id, name, billing_mode) VALUES ($1, $2, $3)",
        PG_UUID(id), PG_TEXT(tenant->name),
        PG_STRING(words_name(&billing_mode_words, tenant->billing_mode)));
    if (outcome != STORE_OK)
        return outcome;
    return store_exec(pg, NULL, error_out, "make the wallet",
                      "INSERT INTO tollgate.wallets (tenant_id, currency, credit_limit_pico, "
                      "period_start) VALUES ($1, 'USD', $2, date_trunc('milliseconds', now()))",
                      PG_UUID(id), PG_NUMERIC(tenant->credit_limit_pico));
}

enum store_outcome tenant_store_create(struct pg *pg, const struct store_actor *actor,
                                       const struct tenant_new *tenant,
                                       struct tenant_made *made_out, struct store_error *error_out)
{
    struct tenant_made made = {.tenant = uuid_new()};
    struct uuid plan;
    if (tenant->billing_mode == BILLING_PREPAID && tenant->credit_limit_pico != 0)
        return store_fail(error_out, STORE_REFUSED, PREPAID_HAS_NO_LIMIT);
    enum store_outcome outcome = plan_store_find(pg, tenant->plan, &plan, error_out);
    if (outcome == STORE_OK)
        outcome = insert_tenant(pg, made.tenant, tenant, error_out);
    if (outcome == STORE_OK)
        outcome = audit_tenant(pg, actor, made.tenant, tenant, error_out);
    if (outcome == STORE_OK)
        outcome = plan_store_subscribe(pg, actor, made.tenant, plan, error_out);
    if (outcome == STORE_OK)
        outcome = project_store_create(
            pg, actor,
            &(struct project_new){.tenant = made.tenant, .name = span_of(TENANT_FIRST_PROJECT)},
            &made.project, error_out);
    if (outcome == STORE_OK)
        *made_out = made;
    return outcome;
}

enum store_outcome tenant_store_find(struct pg *pg, struct span id_or_name, struct uuid *tenant_out,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    struct uuid id;
    bool is_id = id_parse(ID_TENANT, id_or_name, &id) == 0;
    enum store_outcome outcome = store_exec(
        pg, &rows, error_out, "find the tenant",
        "SELECT tenant_id FROM tollgate.tenants WHERE tenant_id = $1::uuid OR name = $2 LIMIT 2",
        is_id ? PG_UUID(id) : PG_NULL, PG_TEXT(id_or_name));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(error_out, STORE_NOT_FOUND, "there is no tenant \"%.*s\"",
                          SPAN_ARG(id_or_name));
    if (pg_rows_count(rows) > 1)
        return store_fail(error_out, STORE_CONFLICT,
                          "several tenants are called \"%.*s\": give the id, ten_…",
                          SPAN_ARG(id_or_name));
    *tenant_out = pg_get_uuid(rows, 0, 0);
    return STORE_OK;
}

enum store_outcome tenant_store_exists(struct pg *pg, struct uuid tenant, bool *exists_out,
                                       struct store_error *error_out)
{
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "find the tenant",
                   "SELECT 1 FROM tollgate.tenants WHERE tenant_id = $1", PG_UUID(tenant));
    if (outcome == STORE_OK)
        *exists_out = pg_affected(pg) > 0;
    return outcome;
}

enum store_outcome tenant_store_lock(struct pg *pg, struct uuid tenant, int64_t *revision_out,
                                     struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(pg, &rows, error_out, "find the tenant",
                                            "SELECT tollgate.tenant_lock($1)", PG_UUID(tenant));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_is_null(rows, 0, 0))
        return store_fail(error_out, STORE_NOT_FOUND, "there is no such tenant");
    *revision_out = pg_get_int64(rows, 0, 0);
    return STORE_OK;
}

static enum store_outcome set_credit_limit(struct pg *pg, const struct tenant_change *c,
                                           struct store_error *error_out)
{
    enum store_outcome outcome =
        store_exec(pg, NULL, error_out, "set the credit limit",
                   "UPDATE tollgate.wallets w SET credit_limit_pico = $2 FROM tollgate.tenants t "
                   "WHERE w.tenant_id = $1 AND t.tenant_id = w.tenant_id "
                   "AND (t.billing_mode <> 'prepaid' OR $2::numeric = 0)",
                   PG_UUID(c->tenant), PG_NUMERIC(c->credit_limit_pico));
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_REFUSED, PREPAID_HAS_NO_LIMIT);
    /* What gateways were granted under a higher limit comes back and is asked for again. */
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "ask gateways for what they hold",
                             "SELECT pg_notify('tollgate_give_back', 'balance ' || $1::uuid)",
                             PG_UUID(c->tenant));
    return outcome;
}

/* The wallet first, as everywhere. */
static enum store_outcome change_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    const struct tenant_change *c = with;
    enum store_outcome outcome =
        c->has_credit_limit ? set_credit_limit(pg, c, error_out) : STORE_OK;
    if (outcome == STORE_OK)
        outcome = store_exec(
            pg, NULL, error_out, "change the tenant",
            "UPDATE tollgate.tenants SET revision = revision + 1, name = coalesce($2, name), "
            "status = coalesce($3, status) WHERE tenant_id = $1",
            PG_UUID(c->tenant), c->has_name ? PG_TEXT(c->name) : PG_NULL,
            c->has_status ? PG_STRING(words_name(&account_status_words, c->status)) : PG_NULL);
    if (outcome == STORE_OK && pg_affected(pg) == 0)
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such tenant");
    return outcome;
}

static enum store_outcome rename_row(struct pg *pg, const void *with, struct store_error *error_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    const struct tenant_change *c = with;
    enum store_outcome outcome =
        store_exec(pg, &rows, error_out, "rename the tenant",
                   "SELECT tollgate.tenant_rename($1, $2)", PG_UUID(c->tenant), PG_TEXT(c->name));
    if (outcome == STORE_OK && !pg_get_bool(rows, 0, 0))
        outcome = store_fail(error_out, STORE_NOT_FOUND, "there is no such tenant");
    return outcome;
}

enum store_outcome tenant_store_change(struct pg *pg, const struct store_actor *actor,
                                       const struct tenant_change *change,
                                       struct store_error *error_out)
{
    const struct audited what = {"tenant.update", change->tenant, ID_TENANT, change->tenant,
                                 &tenant_view};
    bool is_operator = uuid_is_zero(actor->tenant);
    if (!is_operator && (change->has_status || change->has_credit_limit || !change->has_name))
        return store_fail(error_out, STORE_DENIED, "a tenant may change its name alone");
    return audited_run(pg, actor, &what, is_operator ? change_row : rename_row, change, error_out);
}
