/*
 * command_tenant: tenants, their keys and their credit.
 */
#include "common/base/money.h"
#include "tenants/command.h"
#include "tenants/store/credit_store.h"
#include "tenants/store/key_store.h"
#include "tenants/store/project_store.h"
#include "tenants/store/tenant_store.h"

#define MODELS_MAX 256

static enum store_outcome tenant_create(struct command_context *c)
{
    struct tenant_made made;
    int64_t limit_pico = 0;
    enum store_outcome outcome = command_need(c, "name", c->config->name);
    if (outcome == STORE_OK)
        outcome = command_usd(c, "credit-limit", c->config->usd, &limit_pico);
    if (outcome == STORE_OK)
        outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome != STORE_OK)
        return outcome;
    const struct tenant_new tenant = {.name = span_of(c->config->name),
                                      .plan = span_of(c->config->plan),
                                      .billing_mode = (enum billing_mode)c->config->mode,
                                      .credit_limit_pico = limit_pico};
    outcome = command_end(c, tenant_store_create(c->pg, &c->actor, &tenant, &made, &c->error));
    if (outcome == STORE_OK) {
        command_put_id(&c->output, "TENANT", "tenant", ID_TENANT, made.tenant);
        command_put_id(&c->output, "PROJECT", "project", ID_PROJECT, made.project);
    }
    return outcome;
}

static const struct option tenant_create_table[] = {
    COMMAND_SETTINGS,
    {"name", OPTION_TEXT, COMMAND_AT(name), 0, 200, NULL, "What the tenant is called.", NULL},
    {"plan", OPTION_TEXT, COMMAND_AT(plan), 1, 32, "free",
     "Its plan: free, pro, business or another that operators made.", NULL},
    {"mode", OPTION_CHOICE, COMMAND_AT(mode), 0, 0, "prepaid",
     "How it pays: with what it has, up to a credit limit, or first the one and then the other.",
     "prepaid|postpaid|hybrid"},
    {"credit-limit", OPTION_TEXT, COMMAND_AT(usd), 0, 32, "0",
     "USD that it may owe; for postpaid and hybrid.", NULL},
};
const struct command command_tenant_create = {
    .words = "tenant create",
    .usage = "",
    .about =
        "Makes a tenant with a wallet, a project \"default\" and a subscription from now.\n\n"
        "Shows TENANT (ten_…) and PROJECT (prj_…). Give it credit with `credit add` and a key\n"
        "with `key create`.",
    .table = tenant_create_table,
    .count = array_size(tenant_create_table),
    .run = tenant_create,
};

/* Reads what the key is to be; needs the transaction for the names. */
static enum store_outcome read_key(struct command_context *c, struct key_new *key)
{
    int64_t budget_pico = 0;
    bool has_budget = c->config->usd != NULL && c->config->usd[0] != '\0';
    enum store_outcome outcome = command_need(c, "tenant", c->config->tenant);
    if (outcome == STORE_OK && has_budget)
        outcome = command_usd(c, "budget", c->config->usd, &budget_pico);
    if (outcome == STORE_OK)
        outcome = command_time(c, "expires", c->config->expires, &key->expires_ms);
    if (outcome == STORE_OK && c->config->models.count > MODELS_MAX)
        outcome = store_fail(&c->error, STORE_REFUSED, "at most %d models", MODELS_MAX);
    if (outcome == STORE_OK)
        outcome = tenant_store_find(c->pg, span_of(c->config->tenant), &key->tenant, &c->error);
    if (outcome == STORE_OK)
        outcome = project_store_find(c->pg, key->tenant, span_of(c->config->project), &key->project,
                                     &c->error);
    key->name = span_of(c->config->name);
    key->kind = (enum key_kind)c->config->kind;
    key->budget_pico = budget_pico;
    if (has_budget) /* the choices of --window begin behind WINDOW_NONE */
        key->budget_window = (enum budget_window)(c->config->window + 1);
    return outcome;
}

static enum store_outcome key_create(struct command_context *c)
{
    struct span models[MODELS_MAX];
    struct key_made made;
    struct key_new key = {0};
    enum store_outcome outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = read_key(c, &key);
    if (outcome == STORE_OK && c->config->models.count > 0) {
        for (size_t i = 0; i < c->config->models.count; i++)
            models[i] = span_of(c->config->models.items[i]);
        key.allowed_models = models;
        key.allowed_count = c->config->models.count;
    }
    if (outcome == STORE_OK)
        outcome = key_store_create(c->pg, &c->actor, &key, &made, &c->error);
    outcome = command_end(c, outcome);
    if (outcome == STORE_OK) {
        command_put(&c->output, "TOLLGATE_KEY", "key", made.secret.text);
        command_put_id(&c->output, "KEY_ID", "key_id", ID_KEY, made.id);
        command_put(&c->output, "PUBLIC", "public_part", made.secret.public_part);
        key_forget(&made.secret);
    }
    return outcome;
}

static const struct option key_create_table[] = {
    COMMAND_SETTINGS,
    {"tenant", OPTION_TEXT, COMMAND_AT(tenant), 0, 200, NULL,
     "Whose key it is: ten_… or the tenant's name.", NULL},
    {"project", OPTION_TEXT, COMMAND_AT(project), 1, 200, "default",
     "The name of the tenant's project.", NULL},
    {"name", OPTION_TEXT, COMMAND_AT(name), 1, 200, "key", "What the key is called.", NULL},
    {"kind", OPTION_CHOICE, COMMAND_AT(kind), 0, 0, "live",
     "live calls models and pays, test reaches the sandbox only and costs nothing, mgmt steers the "
     "tenant.",
     "live|test|mgmt"},
    {"budget", OPTION_TEXT, COMMAND_AT(usd), 0, 32, NULL,
     "USD that the key may spend in each window; empty is without a limit.", NULL},
    {"window", OPTION_CHOICE, COMMAND_AT(window), 0, 0, "total",
     "The time a budget counts over, in UTC.", "total|day|week|month"},
    {"expires", OPTION_TEXT, COMMAND_AT(expires), 0, 64, NULL,
     "When the key ends: 2027-01-31T00:00:00Z; empty is never.", NULL},
    {"model", OPTION_LIST, COMMAND_AT(models), 1, 200, NULL,
     "A model that it may call; repeatable; none is all.", NULL},
};
const struct command command_key_create = {
    .words = "key create",
    .usage = "",
    .about = "Makes a key for a tenant and shows its secret, once.\n\n"
             "Shows TOLLGATE_KEY, KEY_ID (key_…) and PUBLIC, the part that names the key in logs.",
    .table = key_create_table,
    .count = array_size(key_create_table),
    .run = key_create,
};

static enum store_outcome key_revoke(struct command_context *c)
{
    struct uuid key;
    enum store_outcome outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = key_store_revoke(c->pg, &c->actor, span_of(c->arguments[0]), span_of(""), &key,
                                   &c->error);
    outcome = command_end(c, outcome);
    if (outcome == STORE_OK)
        command_put_id(&c->output, "KEY_ID", "key_id", ID_KEY, key);
    return outcome;
}

static const struct option key_revoke_table[] = {COMMAND_SETTINGS};
const struct command command_key_revoke = {
    .words = "key revoke",
    .usage = "KEY_ID|PUBLIC",
    .about =
        "Revokes a key, or one of its secrets.\n\n"
        "With key_… the key and all its secrets; with the 16 characters of a public part that\n"
        "secret only, and the key too when it was the last. Gateways know within 5 s.",
    .table = key_revoke_table,
    .count = array_size(key_revoke_table),
    .arguments = 1,
    .run = key_revoke,
};

/* Without --idem every call is a credit of its own. */
static enum store_outcome credit_add(struct command_context *c)
{
    char once[UUID_TEXT_SIZE];
    struct credit_new credit = {.reason = span_of(c->config->reason)};
    struct credit_made made;
    int64_t pico = 0;
    bool has_key = c->config->idem != NULL && c->config->idem[0] != '\0';
    uuid_format(uuid_new(), once);
    credit.idem_key = span_of(has_key ? c->config->idem : once);
    enum store_outcome outcome = command_need(c, "tenant", c->config->tenant);
    if (outcome == STORE_OK)
        outcome = command_usd(c, "usd", c->config->usd, &pico);
    credit.amount_pico = pico;
    if (outcome == STORE_OK)
        outcome = command_time(c, "expires", c->config->expires, &credit.expires_ms);
    if (outcome == STORE_OK)
        outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = tenant_store_find(c->pg, span_of(c->config->tenant), &credit.tenant, &c->error);
    if (outcome == STORE_OK)
        outcome = credit_store_add(c->pg, &c->actor, &credit, &made, &c->error);
    outcome = command_end(c, outcome);
    if (outcome == STORE_OK) {
        command_put_id(&c->output, "GRANT", "grant", ID_GRANT, made.grant);
        command_put(&c->output, "REPEATED", "repeated", made.repeated ? "yes" : "no");
    }
    return outcome;
}

static const struct option credit_add_table[] = {
    COMMAND_SETTINGS,
    {"tenant", OPTION_TEXT, COMMAND_AT(tenant), 0, 200, NULL,
     "Who gets it: ten_… or the tenant's name.", NULL},
    {"usd", OPTION_TEXT, COMMAND_AT(usd), 0, 32, NULL, "How much, in USD: 100 or 12.50.", NULL},
    {"idem", OPTION_TEXT, COMMAND_AT(idem), 0, 200, NULL,
     "A key of your choice: the same key again gives nothing again.", NULL},
    {"expires", OPTION_TEXT, COMMAND_AT(expires), 0, 64, NULL,
     "When what is left of it ends: 2027-01-31T00:00:00Z; empty is never.", NULL},
    {"reason", OPTION_TEXT, COMMAND_AT(reason), 0, 500, NULL, "Why, for the audit log.", NULL},
};
const struct command command_credit_add = {
    .words = "credit add",
    .usage = "",
    .about =
        "Gives a tenant promotional credit, which is never refunded.\n\n"
        "Shows GRANT (crd_…) and REPEATED: whether it had been given before under this --idem.",
    .table = credit_add_table,
    .count = array_size(credit_add_table),
    .run = credit_add,
};
