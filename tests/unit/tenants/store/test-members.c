/* Members, operators and the audit log's check in a real database. */
#include "tenants/store/audit_store.h"
#include "tenants/store/credential_store.h"
#include "tenants/store/member_store.h"
#include "tenants/store/operator_store.h"
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];
static struct arena *arena;
static struct store_error error;

static int make(void **state)
{
    (void)state;
    arena = arena_new(4096, (size_t)1 << 20);
    return make_schema(url);
}

static int drop(void **state)
{
    (void)state;
    arena_free(arena);
    return drop_database(url);
}

static struct member_row make_member(struct pg *pg, struct uuid tenant, const char *email,
                                     enum member_role role)
{
    const struct member_new member = {.tenant = tenant,
                                      .email = span_of(email),
                                      .name = span_of("M"),
                                      .role = role,
                                      .password_hash = span_of("hash")};
    struct member_row row = {.tenant = tenant};
    struct span shown;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, member_store_create(pg, &test_operator, &member, arena, &shown, &error),
                 error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    assert_int_equal(id_parse(ID_MEMBER, span_part(shown, strlen("{\"id\":\""), 30), &row.id), 0);
    return row;
}

static struct member_change to(const char *role, const char *status)
{
    return (struct member_change){
        .name = PG_NULL, .role = PG_STRING(role), .status = PG_STRING(status)};
}

static void the_last_active_owner_is_known(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Owners", BILLING_PREPAID, 0);
    struct test_tenant other = make_test_tenant(pg, "Others", BILLING_PREPAID, 0);
    struct member_row one = make_member(pg, tenant.made.tenant, "one@example.com", MEMBER_OWNER);
    struct member_row two = make_member(pg, tenant.made.tenant, "two@example.com", MEMBER_OWNER);
    struct member_row admin = make_member(pg, tenant.made.tenant, "a@example.com", MEMBER_ADMIN);
    make_member(pg, other.made.tenant, "other@example.com", MEMBER_OWNER);
    const struct {
        const char *what;
        struct member_row *changed;
        struct member_change change;
        struct member_row *asked;
        bool last_owner;
    } rows[] = {
        {"one of two", &admin, to("viewer", NULL), &one, false},
        {"the other is disabled", &two, to(NULL, "disabled"), &one, true},
        {"the disabled one is not it", &two, to(NULL, NULL), &two, false},
        {"the other is back", &two, to(NULL, "active"), &one, false},
        {"the other has another role", &two, to("admin", NULL), &one, true},
        {"no owner", &two, to(NULL, NULL), &admin, false},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        assert_store(STORE_OK, member_store_lock(pg, rows[i].changed, arena, &error), error);
        assert_store(STORE_OK,
                     member_store_change(pg, &test_operator, rows[i].changed, &rows[i].change,
                                         arena, &error),
                     error);
        assert_store(STORE_OK, member_store_lock(pg, rows[i].asked, arena, &error), error);
        in_row(rows[i].what, rows[i].asked->last_owner == rows[i].last_owner);
        assert_store(STORE_OK, store_commit(pg, &error), error);
    }
    pg_close(pg);
}

static void two_changes_of_a_tenants_members_wait_for_each_other(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *beside = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Waits", BILLING_PREPAID, 0);
    struct member_row one = make_member(pg, tenant.made.tenant, "w1@example.com", MEMBER_OWNER);
    struct member_row two = make_member(pg, tenant.made.tenant, "w2@example.com", MEMBER_OWNER);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, member_store_lock(pg, &one, arena, &error), error);
    assert_store(STORE_OK, store_begin(beside, &test_operator, &error), error);
    assert_int_equal(pg_exec(beside, NULL, "SELECT set_config('lock_timeout', '50', true)"), PG_OK);
    assert_store(STORE_RETRY, member_store_lock(beside, &two, arena, &error), error);
    store_rollback(beside);
    store_rollback(pg);
    pg_close(pg);
    pg_close(beside);
}

static void a_tenant_changes_nobody_elses_members(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant ours = make_test_tenant(pg, "Ours", BILLING_PREPAID, 0);
    struct test_tenant theirs = make_test_tenant(pg, "Theirs", BILLING_PREPAID, 0);
    struct member_row row = make_member(pg, theirs.made.tenant, "t@example.com", MEMBER_VIEWER);
    const struct store_actor actor = {.name = "mem_x", .tenant = ours.made.tenant};
    assert_store(STORE_OK, store_begin(pg, &actor, &error), error);
    assert_store(STORE_NOT_FOUND, member_store_lock(pg, &row, arena, &error), error);
    assert_store(
        STORE_NOT_FOUND,
        member_store_set_password(pg, &actor, &row, span_of("x"), (struct uuid){0}, &error), error);
    store_rollback(pg);
    pg_close(pg);
}

static void an_address_belongs_to_one_member_and_one_operator(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Doubles", BILLING_PREPAID, 0);
    make_member(pg, tenant.made.tenant, "double@example.com", MEMBER_VIEWER);
    const struct member_new again = {.tenant = tenant.made.tenant,
                                     .email = span_of("Double@Example.com"),
                                     .name = span_of(""),
                                     .role = MEMBER_OWNER,
                                     .password_hash = span_of("x")};
    const struct operator_new wanted = {.email = span_of("double@example.com"), .has_token = true};
    struct operator_made made;
    struct uuid found;
    struct span shown;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_CONFLICT,
                 member_store_create(pg, &test_operator, &again, arena, &shown, &error), error);
    store_rollback(pg);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, operator_store_create(pg, &test_operator, &wanted, arena, &made, &error),
                 error);
    struct sha256 hash = digest_sha256(span_of(made.token));
    assert_store(STORE_OK, credential_store_operator(pg, &hash, &found, &error), error);
    assert_true(uuid_equal(found, made.id));
    assert_store(STORE_CONFLICT,
                 operator_store_create(pg, &test_operator, &wanted, arena, &made, &error), error);
    store_rollback(pg);
    pg_close(pg);
}

static void the_check_finds_the_first_row_that_was_changed(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct audit_check check;
    make_test_tenant(pg, "Checked", BILLING_PREPAID, 0);
    static const struct {
        const char *what, *sql;
        int64_t first_broken;
    } rows[] = {
        {"whole", "SELECT 1", 0},
        {"a later row", "UPDATE tollgate.audit_log SET subject = 'x' WHERE seq = 5", 5},
        {"an earlier one, too", "UPDATE tollgate.audit_log SET after = '{}' WHERE seq = 3", 3},
        {"a row is gone", "DELETE FROM tollgate.audit_log WHERE seq = 2", 3},
    };
    assert_int_equal(pg_script(all, "ALTER TABLE tollgate.audit_log DISABLE TRIGGER append_only"),
                     PG_OK);
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int_equal(pg_script(all, rows[i].sql), PG_OK);
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        assert_store(STORE_OK, audit_store_check(pg, &check, &error), error);
        store_rollback(pg);
        assert_int(rows[i].what, check.first_broken, rows[i].first_broken);
    }
    pg_close(pg);
    pg_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_active_owner_is_known),
        cmocka_unit_test(two_changes_of_a_tenants_members_wait_for_each_other),
        cmocka_unit_test(a_tenant_changes_nobody_elses_members),
        cmocka_unit_test(an_address_belongs_to_one_member_and_one_operator),
        cmocka_unit_test(the_check_finds_the_first_row_that_was_changed),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
