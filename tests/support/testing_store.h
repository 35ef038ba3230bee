/*
 * testing_store: what tests of the store begin with: an operator, a plan, a tenant, a key.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_STORE_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_STORE_H

#include "tenants/store/credit_store.h"
#include "tenants/store/key_store.h"
#include "tenants/store/plan_store.h"
#include "tenants/store/tenant_store.h"
#include "tests/support/testing_schema.h"

static const struct store_actor test_operator = {.name = "test"};

/* The outcome wanted, else the test fails with what the store said. */
#define assert_store(wanted, outcome, error) assert_store_at(wanted, outcome, &(error), __LINE__)
static inline void assert_store_at(enum store_outcome wanted, enum store_outcome outcome,
                                   const struct store_error *error, int line)
{
    if (outcome != wanted)
        fail_msg("line %d: %s, wanted %s: %s", line, store_outcome_name(outcome),
                 store_outcome_name(wanted), outcome == STORE_OK ? "" : error->text);
}

static inline void assert_sql(struct pg *pg, const char *sql, const char *wanted)
{
    struct pg_rows *rows = NULL;
    if (pg_exec(pg, &rows, sql) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(pg)->message);
    assert_span(sql, pg_rows_count(rows) == 0 ? span_of("none") : pg_get_text(rows, 0, 0), wanted);
    pg_rows_free(rows);
}

struct test_tenant {
    struct tenant_made made;
    struct key_made key;
};

/* A tenant with a live key, committed. */
static inline struct test_tenant make_test_tenant(struct pg *pg, const char *name,
                                                  enum billing_mode mode, int128 limit_pico)
{
    struct store_error error = {""};
    struct test_tenant tenant;
    int64_t plans = 0;
    const struct tenant_new new_tenant = {span_of(name), span_of("pro"), mode, limit_pico};
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, plan_store_seed(pg, &test_operator, &plans, &error), error);
    assert_store(STORE_OK,
                 tenant_store_create(pg, &test_operator, &new_tenant, &tenant.made, &error), error);
    const struct key_new key = {.tenant = tenant.made.tenant,
                                .project = tenant.made.project,
                                .name = span_of("key"),
                                .kind = KEY_LIVE,
                                .expires_ms = INT64_MAX};
    assert_store(STORE_OK, key_store_create(pg, &test_operator, &key, &tenant.key, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    return tenant;
}

static inline void give_credit(struct pg *pg, struct uuid tenant, int128 pico)
{
    struct store_error error = {""};
    struct credit_made made;
    char idem[UUID_TEXT_SIZE];
    uuid_format(uuid_new(), idem);
    const struct credit_new credit = {tenant, pico, INT64_MAX, span_of(idem), span_of("")};
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, credit_store_add(pg, &test_operator, &credit, &made, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
}

#endif
