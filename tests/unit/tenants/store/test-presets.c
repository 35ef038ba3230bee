/* Routing presets in the database: versions, names, and who waits for whom when one becomes a
 * default while it is deleted. */
#include "common/base/mem.h"
#include "tenants/store/preset_store.h"
#include "tenants/store/project_store.h"
#include "tenants/store/routing_store.h"
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];
static struct test_tenant one, two;

static int make(void **state)
{
    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] == '\0')
        return 0;
    struct pg *pg = open_as(url, "tollgate_control");
    one = make_test_tenant(pg, "One", BILLING_PREPAID, 0);
    two = make_test_tenant(pg, "Two", BILLING_PREPAID, 0);
    pg_close(pg);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

static struct store_actor member_of(const struct test_tenant *tenant)
{
    return (struct store_actor){.name = "mem", .tenant = tenant->made.tenant};
}

static struct pg *begin_as(const struct test_tenant *tenant)
{
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    const struct store_actor actor = member_of(tenant);
    assert_store(STORE_OK, store_begin(pg, &actor, &error), error);
    return pg;
}

static void commit(struct pg *pg)
{
    struct store_error error = {""};
    assert_store(STORE_OK, store_commit(pg, &error), error);
    pg_close(pg);
}

static void make_preset(const struct test_tenant *tenant, const char *name)
{
    struct store_error error = {""};
    const struct store_actor actor = member_of(tenant);
    const struct preset_new preset = {tenant->made.tenant, span_of(name), span_of("{\"a\":1}")};
    struct uuid made;
    struct pg *pg = begin_as(tenant);
    assert_store(STORE_OK, preset_store_create(pg, &actor, &preset, &made, &error), error);
    commit(pg);
}

static enum store_outcome put(const struct test_tenant *tenant, const char *name, const char *body)
{
    struct store_error error = {""};
    struct preset_state preset;
    const struct store_actor actor = member_of(tenant);
    struct pg *pg = begin_as(tenant);
    assert_store(STORE_OK,
                 preset_store_lock(pg, tenant->made.tenant, span_of(name), &preset, &error), error);
    enum store_outcome outcome = preset_store_put(pg, &actor, &preset, span_of(body), &error);
    if (outcome == STORE_OK)
        assert_store(STORE_OK, store_commit(pg, &error), error);
    store_rollback(pg);
    pg_close(pg);
    return outcome;
}

static void a_put_makes_a_version_when_it_says_something_else(void **state)
{
    static const struct {
        const char *what, *body;
        enum store_outcome outcome;
        const char *versions;
    } rows[] = {
        {"the same", "{\"a\":1}", STORE_OK, "1"},
        {"another", "{\"a\":2}", STORE_OK, "1 2"},
        {"the same in other words", "{\"a\": 2}", STORE_OK, "1 2 3"},
        {"what the audit log cannot keep", "{\"a\":\"\\u0000\"}", STORE_REFUSED, "1 2 3"},
        {"a number beyond all bounds", "{\"a\":1e200000}", STORE_REFUSED, "1 2 3"},
        {"the first again", "{\"a\":1}", STORE_OK, "1 2 3 4"},
    };
    (void)state;
    need_database(url);
    struct pg *all = open_database(url);
    make_preset(&one, "versions");
    for (size_t i = 0; i < array_size(rows); i++) {
        in_row(rows[i].what, put(&one, "versions", rows[i].body) == rows[i].outcome);
        assert_sql(all,
                   "SELECT string_agg(v.version::text, ' ' ORDER BY v.version) "
                   "FROM tollgate.routing_preset_versions v JOIN tollgate.routing_presets p "
                   "USING (preset_id) WHERE p.name = 'versions'",
                   rows[i].versions);
    }
    pg_close(all);
}

static void a_name_is_one_s_own(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct uuid found;
    make_preset(&one, "ours");
    struct pg *pg = begin_as(&two);
    assert_store(STORE_NOT_FOUND,
                 preset_store_find(pg, one.made.tenant, span_of("ours"), &found, &error), error);
    assert_store(STORE_NOT_FOUND,
                 preset_store_find(pg, two.made.tenant, span_of("ours"), &found, &error), error);
    store_rollback(pg);
    pg_close(pg);
    make_preset(&two, "ours");
}

/* A project takes it while it is deleted: one of the two waits, and sees what the other did. */
static void what_becomes_a_default_is_not_deleted_meanwhile(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct preset_state preset;
    const struct store_actor actor = member_of(&one);
    struct project_change change = {
        .tenant = one.made.tenant, .project = one.made.project, .has_preset = true};
    make_preset(&one, "wanted");
    struct pg *takes = begin_as(&one), *deletes = begin_as(&one);
    assert_store(
        STORE_OK,
        preset_store_hold(takes, one.made.tenant, span_of("wanted"), &change.preset, &error),
        error);
    assert_int_equal(pg_script(deletes, "SET LOCAL lock_timeout = '50ms'"), PG_OK);
    assert_store(STORE_RETRY,
                 preset_store_lock(deletes, one.made.tenant, span_of("wanted"), &preset, &error),
                 error);
    store_rollback(deletes);
    pg_close(deletes);
    assert_store(STORE_OK, project_store_change(takes, &actor, &change, &error), error);
    commit(takes);
    deletes = begin_as(&one);
    assert_store(STORE_OK,
                 preset_store_lock(deletes, one.made.tenant, span_of("wanted"), &preset, &error),
                 error);
    assert_store(STORE_CONFLICT, preset_store_delete(deletes, &actor, &preset, &error), error);
    assert_string_equal(error.text, "it is the default of the project default: give them another "
                                    "one, or none, first");
    store_rollback(deletes);
    pg_close(deletes);
}

/* The rules lock the tenant, then the preset that they take. Who puts the preset meanwhile waits
 * for the tenant, and holds nothing that they need. */
static void who_puts_it_holds_nothing_that_the_rules_wait_for(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct preset_state preset;
    struct uuid taken;
    int64_t revision;
    make_preset(&one, "both");
    struct pg *rules = begin_as(&one), *puts = begin_as(&one);
    assert_store(STORE_OK, routing_store_lock(rules, one.made.tenant, &revision, &error), error);
    assert_int_equal(pg_script(puts, "SET LOCAL lock_timeout = '50ms'"), PG_OK);
    assert_store(STORE_RETRY,
                 preset_store_lock(puts, one.made.tenant, span_of("both"), &preset, &error), error);
    store_rollback(puts);
    pg_close(puts);
    assert_store(STORE_OK,
                 preset_store_hold(rules, one.made.tenant, span_of("both"), &taken, &error), error);
    commit(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_put_makes_a_version_when_it_says_something_else),
        cmocka_unit_test(a_name_is_one_s_own),
        cmocka_unit_test(what_becomes_a_default_is_not_deleted_meanwhile),
        cmocka_unit_test(who_puts_it_holds_nothing_that_the_rules_wait_for),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
