/*
 * command_bootstrap: the first operator, the plans, a tenant to try with, its credit and its key.
 */
#include <stdio.h>

#include "common/base/money.h"
#include "tenants/command.h"
#include "tenants/store/credit_store.h"
#include "tenants/store/key_store.h"
#include "tenants/store/plan_store.h"
#include "tenants/store/tenant_store.h"

#define BOOTSTRAP_LOCK 7014118
#define TRIAL_CREDIT_PICO (10 * (int128)PICO_PER_UNIT)

/* What was made; secrets in it are shown once. */
struct bootstrap {
    struct operator_made operator;
    struct tenant_made tenant;
    struct key_made key;
};

/* Locked until the end of the transaction, so that two at once make one. */
static enum store_outcome find_done(struct command_context *c, bool *done_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(c->pg, NULL, &c->error, "wait for another bootstrap",
                   "SELECT pg_advisory_xact_lock($1)", PG_INT(BOOTSTRAP_LOCK));
    if (outcome == STORE_OK)
        outcome = store_exec(c->pg, &rows, &c->error, "look for an earlier bootstrap",
                             "SELECT 1 FROM tollgate.settings WHERE name = 'bootstrap'");
    if (outcome == STORE_OK)
        *done_out = pg_rows_count(rows) > 0;
    return outcome;
}

static enum store_outcome make_tenant(struct command_context *c, struct bootstrap *made)
{
    const struct tenant_new tenant = {.name = span_of(c->config->name),
                                      .plan = span_of(c->config->plan),
                                      .billing_mode = BILLING_PREPAID};
    enum store_outcome outcome =
        tenant_store_create(c->pg, &c->actor, &tenant, &made->tenant, &c->error);
    if (outcome != STORE_OK)
        return outcome;
    const struct credit_new credit = {.tenant = made->tenant.tenant,
                                      .amount_pico = TRIAL_CREDIT_PICO,
                                      .expires_ms = INT64_MAX,
                                      .idem_key = span_of("bootstrap"),
                                      .reason = span_of("to try with")};
    struct credit_made given;
    outcome = credit_store_add(c->pg, &c->actor, &credit, &given, &c->error);
    if (outcome != STORE_OK)
        return outcome;
    const struct key_new key = {.tenant = made->tenant.tenant,
                                .project = made->tenant.project,
                                .name = span_of("first"),
                                .kind = KEY_LIVE,
                                .expires_ms = INT64_MAX};
    return key_store_create(c->pg, &c->actor, &key, &made->key, &c->error);
}

static enum store_outcome make_all(struct command_context *c, struct bootstrap *made)
{
    int64_t plans = 0;
    enum store_outcome outcome = operator_store_create(
        c->pg, &c->actor, span_of(c->config->operator_email), &made->operator, & c->error);
    if (outcome == STORE_OK)
        outcome = plan_store_seed(c->pg, &c->actor, &plans, &c->error);
    if (outcome == STORE_OK)
        outcome = make_tenant(c, made);
    if (outcome == STORE_OK)
        outcome = store_exec(c->pg, NULL, &c->error, "note the bootstrap",
                             "INSERT INTO tollgate.settings (name, value) VALUES ('bootstrap', "
                             "jsonb_build_object('at', now()))");
    return outcome;
}

static void show(struct command_context *c, const struct bootstrap *made)
{
    command_put(&c->output, "TOLLGATE_KEY", "key", made->key.secret.text);
    command_put(&c->output, "TOLLGATE_OPERATOR_TOKEN", "operator_token", made->operator.token);
    command_put_id(&c->output, "TENANT", "tenant", ID_TENANT, made->tenant.tenant);
    command_put_id(&c->output, "PROJECT", "project", ID_PROJECT, made->tenant.project);
    command_put_id(&c->output, "KEY_ID", "key_id", ID_KEY, made->key.id);
}

static enum store_outcome bootstrap(struct command_context *c)
{
    struct bootstrap made = {0};
    bool done = false;
    enum store_outcome outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = find_done(c, &done);
    if (outcome == STORE_OK && done && !c->config->if_missing)
        outcome = store_fail(&c->error, STORE_CONFLICT,
                             "this database has been bootstrapped before; make keys with `key "
                             "create`");
    if (outcome == STORE_OK && !done)
        outcome = make_all(c, &made);
    outcome = command_end(c, outcome);
    if (outcome == STORE_OK && done)
        fprintf(stderr, "bootstrapped before; nothing was made\n");
    else if (outcome == STORE_OK)
        show(c, &made);
    explicit_bzero(&made, sizeof(made));
    return outcome;
}

static const struct option table[] = {
    COMMAND_SETTINGS,
    {"if-missing", OPTION_BOOL, COMMAND_AT(if_missing), 0, 1, "off",
     "Ends well, and shows nothing, when it was done before.", NULL},
    {"name", OPTION_TEXT, COMMAND_AT(name), 1, 200, "Trial", "What the first tenant is called.",
     NULL},
    {"plan", OPTION_TEXT, COMMAND_AT(plan), 1, 32, "free",
     "The first tenant's plan: free, pro or business.", NULL},
    {"operator-email", OPTION_TEXT, COMMAND_AT(operator_email), 3, 320, "operator@localhost",
     "The first operator's address.", NULL},
};
const struct command command_bootstrap = {
    .words = "bootstrap",
    .usage = "",
    .about =
        "Makes the first operator, the plans, a prepaid tenant with $10, and its key.\n\n"
        "Shows, once, as shell lines: TOLLGATE_KEY, TOLLGATE_OPERATOR_TOKEN, TENANT, PROJECT,\n"
        "KEY_ID. All of it is made in one transaction, or nothing.",
    .table = table,
    .count = array_size(table),
    .run = bootstrap,
};
