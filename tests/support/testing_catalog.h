/*
 * testing_catalog: a database with a small catalog in it, for tests of what is done to it by hand.
 * One model, one deployment, one provider with two endpoints; imported as an operator would.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_TESTING_CATALOG_H
#define TOLLGATE_TESTS_SUPPORT_TESTING_CATALOG_H

#include "common/base/mem.h"
#include "tenants/model/catalog_file.h"
#include "tenants/store/catalog_store.h"
#include "tenants/store/view.h"
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];
static struct pg *control, *all;
static struct test_tenant tenant;
static struct uuid deployment;

static const char catalog_text[] =
    "{\"format\":\"tollgate.catalog.v1\",\"source\":\"test\",\"providers\":["
    "{\"slug\":\"p\",\"name\":\"P\",\"endpoints\":[{\"dialect\":\"openai\","
    "\"base_url\":\"https://${R}.example/v1\",\"auth\":\"bearer\"},{\"dialect\":\"anthropic\","
    "\"base_url\":\"https://other.example/v1\",\"auth\":\"bearer\"}],"
    "\"variables\":[{\"name\":\"R\",\"what\":\"resource\"}]}],\"models\":[{\"id\":\"a/m\","
    "\"name\":\"M\",\"kind\":\"chat\",\"aliases\":[\"m-alias\"],\"deprecated\":false,"
    "\"deployments\":[{\"key\":\"p/m#1\",\"provider\":\"p\",\"upstream_id\":\"m\","
    "\"failure_domain\":\"p\",\"dialect\":\"openai\",\"limits\":{\"context\":1000,\"output\":%d},"
    "\"capabilities\":{\"input\":[\"text\"],\"output\":[\"text\"]},\"rates\":["
    "{\"meter\":\"input\",\"usd\":\"2\"},{\"meter\":\"output\",\"usd\":\"8.5\"}],"
    "\"prices_as_of\":\"2026-06-30\",\"source\":\"test\"}]}]}";

/* Imports and commits; answers how many changes there were. */
static inline uint32_t import(int output_limit)
{
    struct store_error error = {""};
    struct catalog_error wrong;
    struct catalog *old = NULL, *new = NULL;
    struct catalog_import_result result;
    struct arena *arena = arena_new(1 << 16, 1 << 24);
    struct buf text = buf_make(1 << 16);

    buf_printf(&text, catalog_text, output_limit);
    if (catalog_parse(buf_span(&text), &new, &wrong) != 0)
        fail_msg("%s", wrong.text);
    assert_store(STORE_OK, store_begin(control, &test_operator, &error), error);
    assert_store(STORE_OK, catalog_store_read(control, &old, &error), error);
    struct catalog_changes changes = catalog_diff(old, new, arena);
    uint32_t count = changes.count;
    const struct catalog_import import = {new, &changes, INT64_MIN};
    assert_store(STORE_OK, catalog_store_apply(control, &test_operator, &import, &result, &error),
                 error);
    assert_store(STORE_OK, store_commit(control, &error), error);
    catalog_free(old);
    catalog_free(new);
    arena_free(arena);
    buf_done(&text);
    return count;
}

static inline int make(void **state)
{
    struct pg_rows *rows = NULL;

    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] == '\0')
        return 0;
    control = open_as(url, "tollgate_control");
    all = open_database(url);
    tenant = make_test_tenant(control, "One", BILLING_PREPAID, 0);
    (void)import(100);
    if (pg_exec(all, &rows, "SELECT deployment_id FROM tollgate.deployments") != PG_OK)
        return -1;
    deployment = pg_get_uuid(rows, 0, 0);
    pg_rows_free(rows);
    return 0;
}

static inline int drop(void **state)
{
    (void)state;
    pg_close(control);
    pg_close(all);
    return drop_database(url);
}

static inline void begin_as(struct uuid who)
{
    struct store_error error = {""};
    const struct store_actor actor = {.name = "test", .tenant = who};

    assert_store(STORE_OK, store_begin(control, &actor, &error), error);
}

static inline void commit(void)
{
    struct store_error error = {""};

    assert_store(STORE_OK, store_commit(control, &error), error);
}

static inline struct pg_rows *show(const struct view *view, const struct pg_param *params)
{
    struct pg_rows *rows = NULL;

    if (pg_exec_params(control, &rows, view->sql, params) != PG_OK)
        fail_msg("%s: %s", pg_error(control)->message, view->sql);
    return rows;
}

#define SHOW(view, ...) show((view), (const struct pg_param[]){__VA_ARGS__, {.kind = PG_PARAM_END}})

#endif
