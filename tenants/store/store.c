/*
 * store: see store.h.
 */
#include "tenants/store/store.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const outcome_names[] = {
    [STORE_OK] = "ok",           [STORE_NOT_FOUND] = "not_found", [STORE_CONFLICT] = "conflict",
    [STORE_REFUSED] = "refused", [STORE_DENIED] = "denied",       [STORE_RETRY] = "retry",
    [STORE_LOST] = "lost",       [STORE_BROKEN] = "broken",
};

const char *store_outcome_name(enum store_outcome outcome)
{
    return outcome_names[outcome];
}

enum store_outcome store_fail(struct store_error *error_out, enum store_outcome outcome,
                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error_out->text, sizeof(error_out->text), format, arguments);
    va_end(arguments);
    return outcome;
}

static enum store_outcome meaning(enum pg_outcome outcome)
{
    switch (outcome) {
    case PG_OK:
        return STORE_OK;
    case PG_UNIQUE_VIOLATION:
    case PG_EXCLUSION_VIOLATION:
        return STORE_CONFLICT;
    case PG_FOREIGN_KEY_VIOLATION:
    case PG_CHECK_VIOLATION:
    case PG_NOT_NULL_VIOLATION:
    case PG_BAD_DATA:
        return STORE_REFUSED;
    case PG_SERIALIZATION:
    case PG_TIMEOUT:
        return STORE_RETRY;
    case PG_DENIED:
        return STORE_DENIED;
    case PG_CONNECTION_LOST:
        return STORE_LOST;
    case PG_OTHER:
        return STORE_BROKEN;
    }
    return STORE_BROKEN;
}

enum store_outcome store_judge(struct pg *pg, enum pg_outcome outcome, const char *doing,
                               struct store_error *error_out)
{
    if (outcome == PG_OK)
        return STORE_OK;
    const struct pg_error *said = pg_error(pg);
    return store_fail(error_out, meaning(outcome), "%s: %s%s%s", doing, said->message,
                      said->sqlstate[0] == '\0' ? "" : ", SQLSTATE ", said->sqlstate);
}

enum store_outcome store_assume(struct pg *pg, const struct store_actor *actor,
                                struct store_error *error_out)
{
    char tenant[UUID_TEXT_SIZE] = "";
    bool sees_all = uuid_is_zero(actor->tenant);
    if (!sees_all)
        uuid_format(actor->tenant, tenant);
    return store_exec(pg, NULL, error_out, "say who acts",
                      "SELECT set_config('tollgate.operator', $1, true), "
                      "set_config('tollgate.tenant', $2, true)",
                      PG_STRING(sees_all ? "on" : "off"), PG_STRING(tenant));
}

static enum store_outcome begin(struct pg *pg, const struct store_actor *actor,
                                enum pg_isolation isolation, struct store_error *error_out)
{
    enum store_outcome outcome = store_judge(pg, pg_begin(pg, isolation), "begin", error_out);
    if (outcome == STORE_OK)
        outcome = store_assume(pg, actor, error_out);
    if (outcome != STORE_OK)
        pg_rollback(pg);
    return outcome;
}

enum store_outcome store_begin(struct pg *pg, const struct store_actor *actor,
                               struct store_error *error_out)
{
    return begin(pg, actor, PG_READ_COMMITTED, error_out);
}

enum store_outcome store_begin_reading(struct pg *pg, const struct store_actor *actor,
                                       bool one_snapshot, struct store_error *error_out)
{
    enum store_outcome outcome =
        begin(pg, actor, one_snapshot ? PG_READ_ONLY : PG_READ_COMMITTED, error_out);
    if (outcome == STORE_OK && !one_snapshot)
        outcome = store_exec(pg, NULL, error_out, "begin", "SET TRANSACTION READ ONLY");
    /* Filters that are not given are nulls: only a plan that knows them is a good one. And what is
     * read for a page is little; compiling its plan would take longer than running it. */
    if (outcome == STORE_OK)
        outcome = store_exec(pg, NULL, error_out, "begin",
                             "SELECT set_config('plan_cache_mode', 'force_custom_plan', true),"
                             " set_config('jit', 'off', true)");
    if (outcome != STORE_OK)
        pg_rollback(pg);
    return outcome;
}

enum store_outcome store_commit(struct pg *pg, struct store_error *error_out)
{
    enum store_outcome outcome = store_judge(pg, pg_commit(pg), "commit", error_out);
    if (outcome != STORE_OK)
        pg_rollback(pg);
    return outcome;
}

void store_rollback(struct pg *pg)
{
    pg_rollback(pg);
}

static struct pg_param json_or_null(struct span json)
{
    return json.size == 0 ? PG_NULL : PG_TEXT(json);
}

enum store_outcome store_audit(struct pg *pg, const struct store_actor *actor,
                               const struct store_mutation *mutation, struct store_error *error_out)
{
    return store_exec(pg, NULL, error_out, "write the audit log",
                      "SELECT tollgate.audit($1::uuid, $2, $3, $4, $5, $6::jsonb, $7::jsonb)",
                      PG_UUID_OR_NULL(mutation->tenant), PG_STRING(actor->name),
                      PG_STRING(actor->address), PG_STRING(mutation->action),
                      PG_TEXT(mutation->subject), json_or_null(mutation->before),
                      json_or_null(mutation->after));
}
