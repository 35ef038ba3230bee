/*
 * command_bootstrap: the first operator, the plans, a tenant to try with, its credit and its key,
 * and the logins of both.
 *
 * Databases that were bootstrapped before there were logins get them when it is run again.
 */
#include <stdio.h>

#include "common/base/money.h"
#include "tenants/command.h"
#include "tenants/model/password.h"
#include "tenants/store/credit_store.h"
#include "tenants/store/key_store.h"
#include "tenants/store/member_store.h"
#include "tenants/store/operator_store.h"
#include "tenants/store/plan_store.h"
#include "tenants/store/tenant_store.h"

#define BOOTSTRAP_LOCK 7014118
#define TRIAL_CREDIT_PICO (10 * (int128)PICO_PER_UNIT)
#define ARENA_CHUNK 4096
#define ARENA_MAX ((size_t)1 << 20)

struct login {
    struct span email; /* in the arena */
    char password[PASSWORD_MADE_LENGTH + 1];
};

/* What was made; secrets in it are shown once. */
struct bootstrap {
    struct arena *arena;
    bool first, logins; /* which parts of it were made */
    struct operator_made first_operator;
    struct tenant_made tenant;
    struct key_made key;
    struct login operator_login, member_login;
};

static enum store_outcome find_note(struct command_context *c, const char *name, bool *done_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome =
        store_exec(c->pg, &rows, &c->error, "look for an earlier bootstrap",
                   "SELECT 1 FROM tollgate.settings WHERE name = $1", PG_STRING(name));
    if (outcome == STORE_OK)
        *done_out = pg_rows_count(rows) > 0;
    return outcome;
}

static enum store_outcome make_note(struct command_context *c, const char *name)
{
    return store_exec(c->pg, NULL, &c->error, "note the bootstrap",
                      "INSERT INTO tollgate.settings (name, value) "
                      "VALUES ($1, jsonb_build_object('at', now()))",
                      PG_STRING(name));
}

/* Locked until the end of the transaction, so that two at once make one. */
static enum store_outcome find_done(struct command_context *c, struct bootstrap *made)
{
    bool first = false, logins = false;
    enum store_outcome outcome =
        store_exec(c->pg, NULL, &c->error, "wait for another bootstrap",
                   "SELECT pg_advisory_xact_lock($1)", PG_INT(BOOTSTRAP_LOCK));
    if (outcome == STORE_OK)
        outcome = find_note(c, "bootstrap", &first);
    if (outcome == STORE_OK)
        outcome = find_note(c, "bootstrap_logins", &logins);
    if (outcome == STORE_OK && first && !c->config->if_missing)
        return store_fail(&c->error, STORE_CONFLICT,
                          "this database has been bootstrapped before; make keys with `key "
                          "create`");
    made->first = !first;
    made->logins = !logins;
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

static enum store_outcome make_first(struct command_context *c, struct bootstrap *made)
{
    const struct operator_new wanted = {
        .email = span_of(c->config->operator_email), .name = span_of(""), .has_token = true};
    int64_t plans = 0;
    enum store_outcome outcome = operator_store_create(c->pg, &c->actor, &wanted, made->arena,
                                                       &made->first_operator, &c->error);
    if (outcome == STORE_OK)
        outcome = plan_store_seed(c->pg, &c->actor, &plans, &c->error);
    if (outcome == STORE_OK)
        outcome = make_tenant(c, made);
    if (outcome == STORE_OK)
        outcome = make_note(c, "bootstrap");
    return outcome;
}

/* ---- logins ---- */

struct first {
    struct uuid operator_id, tenant;
    bool operator_has, tenant_has; /* a login already */
};

/* The first operator and the first tenant there are. */
static enum store_outcome find_first(struct command_context *c, struct bootstrap *made,
                                     struct first *first_out)
{
    cleanup(pg_rows_free_at) struct pg_rows *rows = NULL;
    enum store_outcome outcome = store_exec(
        c->pg, &rows, &c->error, "find whose logins are to be made",
        "SELECT o.operator_id, o.email, o.password_hash IS NOT NULL, t.tenant_id, "
        "EXISTS (SELECT 1 FROM tollgate.members m WHERE m.tenant_id = t.tenant_id "
        "AND lower(m.email) = lower($1)) FROM (SELECT * FROM tollgate.operators "
        "WHERE status = 'active' ORDER BY created_at, operator_id LIMIT 1) o, (SELECT * FROM "
        "tollgate.tenants WHERE status <> 'closed' ORDER BY created_at, tenant_id LIMIT 1) t",
        PG_STRING(c->config->member_email));
    if (outcome != STORE_OK)
        return outcome;
    if (pg_rows_count(rows) == 0)
        return store_fail(&c->error, STORE_NOT_FOUND,
                          "there is no operator, or no tenant, to make logins for");
    *first_out = (struct first){.operator_id = pg_get_uuid(rows, 0, 0),
                                .operator_has = pg_get_bool(rows, 0, 2),
                                .tenant = pg_get_uuid(rows, 0, 3),
                                .tenant_has = pg_get_bool(rows, 0, 4)};
    made->operator_login.email = arena_span(made->arena, pg_get_text(rows, 0, 1));
    made->member_login.email = span_of(c->config->member_email);
    return STORE_OK;
}

static void make_password(struct login *login, struct password_hash *hash_out)
{
    password_make(login->password);
    password_hash(span_of(login->password), hash_out);
}

static enum store_outcome make_owner(struct command_context *c, struct bootstrap *made,
                                     struct uuid tenant)
{
    struct password_hash hash;
    struct span shown;
    make_password(&made->member_login, &hash);
    const struct member_new member = {.tenant = tenant,
                                      .email = made->member_login.email,
                                      .name = span_of(""),
                                      .role = MEMBER_OWNER,
                                      .password_hash = span_of(hash.text)};
    return member_store_create(c->pg, &c->actor, &member, made->arena, &shown, &c->error);
}

static enum store_outcome make_logins(struct command_context *c, struct bootstrap *made)
{
    struct first first = {0};
    struct password_hash hash;
    enum store_outcome outcome = find_first(c, made, &first);
    if (outcome == STORE_OK && !first.operator_has) {
        make_password(&made->operator_login, &hash);
        outcome = operator_store_set_password(c->pg, &c->actor, first.operator_id,
                                              span_of(hash.text), (struct uuid){0}, &c->error);
    }
    if (outcome == STORE_OK && !first.tenant_has)
        outcome = make_owner(c, made, first.tenant);
    if (outcome == STORE_OK)
        outcome = make_note(c, "bootstrap_logins");
    return outcome;
}

static void put_login(struct command_context *c, const struct login *login,
                      const char *const names[4], struct arena *arena)
{
    if (login->password[0] == '\0')
        return;
    command_put(&c->output, names[0], names[1],
                arena_printf(arena, "%.*s", SPAN_ARG(login->email)));
    command_put(&c->output, names[2], names[3], login->password);
}

static void show(struct command_context *c, const struct bootstrap *made)
{
    static const char *const operator_names[] = {"TOLLGATE_OPERATOR_EMAIL", "operator_email",
                                                 "TOLLGATE_OPERATOR_PASSWORD", "operator_password"};
    static const char *const member_names[] = {"TOLLGATE_MEMBER_EMAIL", "member_email",
                                               "TOLLGATE_MEMBER_PASSWORD", "member_password"};
    if (made->first) {
        command_put(&c->output, "TOLLGATE_KEY", "key", made->key.secret.text);
        command_put(&c->output, "TOLLGATE_OPERATOR_TOKEN", "operator_token",
                    made->first_operator.token);
        command_put_id(&c->output, "TENANT", "tenant", ID_TENANT, made->tenant.tenant);
        command_put_id(&c->output, "PROJECT", "project", ID_PROJECT, made->tenant.project);
        command_put_id(&c->output, "KEY_ID", "key_id", ID_KEY, made->key.id);
    }
    if (made->logins) {
        put_login(c, &made->operator_login, operator_names, made->arena);
        put_login(c, &made->member_login, member_names, made->arena);
    }
}

static enum store_outcome bootstrap(struct command_context *c)
{
    struct bootstrap made = {.arena = arena_new(ARENA_CHUNK, ARENA_MAX)};
    enum store_outcome outcome = store_begin(c->pg, &c->actor, &c->error);
    if (outcome == STORE_OK)
        outcome = find_done(c, &made);
    if (outcome == STORE_OK && made.first)
        outcome = make_first(c, &made);
    if (outcome == STORE_OK && made.logins)
        outcome = make_logins(c, &made);
    outcome = command_end(c, outcome);
    if (outcome == STORE_OK && !made.first && !made.logins)
        fprintf(stderr, "bootstrapped before; nothing was made\n");
    else if (outcome == STORE_OK)
        show(c, &made);
    arena_free(made.arena);
    explicit_bzero(&made, sizeof(made));
    return outcome;
}

static const struct option table[] = {
    COMMAND_SETTINGS,
    {"if-missing", OPTION_BOOL, COMMAND_AT(if_missing), 0, 1, "off",
     "Ends well when it was done before, and shows nothing that was.", NULL},
    {"name", OPTION_TEXT, COMMAND_AT(name), 1, 200, "Trial", "What the first tenant is called.",
     NULL},
    {"plan", OPTION_TEXT, COMMAND_AT(plan), 1, 32, "free",
     "The first tenant's plan: free, pro or business.", NULL},
    {"operator-email", OPTION_TEXT, COMMAND_AT(operator_email), 3, 254, "operator@tollgate.local",
     "The first operator's address, to sign in with.", NULL},
    {"member-email", OPTION_TEXT, COMMAND_AT(member_email), 3, 254, "owner@tollgate.local",
     "The address of the first tenant's owner, to sign in with.", NULL},
};
const struct command command_bootstrap = {
    .words = "bootstrap",
    .usage = "",
    .about =
        "Makes the first operator, the plans, a prepaid tenant with $10, its key, and logins.\n\n"
        "Shows, once, as shell lines: TOLLGATE_KEY, TOLLGATE_OPERATOR_TOKEN, TENANT, PROJECT,\n"
        "KEY_ID, TOLLGATE_OPERATOR_EMAIL, TOLLGATE_OPERATOR_PASSWORD, TOLLGATE_MEMBER_EMAIL,\n"
        "TOLLGATE_MEMBER_PASSWORD. All of it is made in one transaction, or nothing. A database\n"
        "that was bootstrapped before there were logins gets those with --if-missing: the last\n"
        "four lines.",
    .table = table,
    .count = array_size(table),
    .run = bootstrap,
};
