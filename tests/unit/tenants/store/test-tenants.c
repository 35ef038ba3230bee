/* Tenants, keys and credit in a real database. */
#include "common/base/clock.h"
#include "tests/support/testing_store.h"

static char url[TEST_URL_SIZE];

static int make(void **state)
{
    (void)state;
    return make_schema(url);
}

static int drop(void **state)
{
    (void)state;
    return drop_database(url);
}

static void a_tenant_begins_with_a_wallet_a_project_and_a_subscription(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant tenant = make_test_tenant(pg, "First", BILLING_POSTPAID, PICO_PER_UNIT);
    assert_false(uuid_is_zero(tenant.made.tenant));
    assert_sql(all, "SELECT credit_limit_pico::text FROM tollgate.wallets", "1000000000000");
    assert_sql(all, "SELECT string_agg(name, ',') FROM tollgate.projects", "default");
    assert_sql(all,
               "SELECT p.plan FROM tollgate.subscriptions s JOIN tollgate.plan_versions p "
               "USING (plan_version_id) WHERE s.effective @> now()",
               "pro");
    assert_sql(all,
               "SELECT string_agg(plan || ' ' || markup_ppm || ' ' || monthly_fee_minor || ' ' || "
               "coalesce(volume_threshold_pico / 1000000000000, 0)::int8 || ' ' || "
               "volume_discount_ppm, ', ' ORDER BY plan) FROM tollgate.plan_versions",
               "business 30000 9900 10000 50000, free 100000 0 0 0, pro 50000 999 1000 20000");
    pg_close(pg);
    pg_close(all);
}

static void a_key_is_kept_as_a_hash_and_shown_once(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant tenant = make_test_tenant(pg, "Keys", BILLING_PREPAID, 0);
    struct key read;
    assert_int_equal(key_parse(span_of(tenant.key.secret.text), &read), KEY_OK);
    struct sha256 hash = key_hash(&read);
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(all, &rows,
                             "SELECT key_id FROM tollgate.api_key_secrets WHERE sha256 = $1",
                             PG_BYTES(span_make((const char *)hash.at, sizeof(hash.at)))),
                     PG_OK);
    assert_int_equal(pg_rows_count(rows), 1);
    assert_true(uuid_equal(pg_get_uuid(rows, 0, 0), tenant.key.id));
    pg_rows_free(rows);
    pg_close(pg);
    pg_close(all);
}

static void rotated_to(struct pg *pg, const struct key_rotation *rotation,
                       enum store_outcome wanted, struct key_rotated *rotated_out)
{
    struct store_error error = {""};
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    enum store_outcome outcome =
        key_store_rotate(pg, &test_operator, rotation, rotated_out, &error);
    assert_store(wanted, outcome, error);
    if (outcome == STORE_OK)
        assert_store(STORE_OK, store_commit(pg, &error), error);
    store_rollback(pg);
}

static void a_key_has_two_live_secrets_and_no_third(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant tenant = make_test_tenant(pg, "Rotates", BILLING_PREPAID, 0);
    struct key_rotation hour = {tenant.made.tenant, tenant.key.id, 3600000}, at_once = hour;
    struct key_rotated rotated;
    at_once.overlap_ms = 0;
    rotated_to(pg, &hour, STORE_OK, &rotated);
    assert_true(rotated.previous_until_ms > clock_wall_ms() + 3500000);
    assert_true(rotated.previous_until_ms < clock_wall_ms() + 3600001);
    rotated_to(pg, &hour, STORE_CONFLICT, &rotated);
    rotated_to(pg, &at_once, STORE_OK, &rotated);
    assert_sql(all,
               "SELECT string_agg(public_part, ' ') FROM tollgate.api_key_secrets s JOIN "
               "tollgate.tenants t USING (tenant_id) WHERE t.name = 'Rotates' "
               "AND revoked_at IS NULL AND expires_at IS NULL",
               rotated.secret.public_part);
    assert_sql(all,
               "SELECT count(*)::text FROM tollgate.api_key_secrets s JOIN tollgate.tenants t "
               "USING (tenant_id) WHERE t.name = 'Rotates' AND revoked_at IS NOT NULL",
               "2");
    rotated_to(pg, &hour, STORE_OK, &rotated);
    rotated_to(pg, &(struct key_rotation){.tenant = tenant.made.project, .key = tenant.key.id},
               STORE_NOT_FOUND, &rotated);
    pg_close(pg);
    pg_close(all);
}

static void revoking_the_last_secret_revokes_the_key(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Revoked", BILLING_PREPAID, 0);
    struct uuid key;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK,
                 key_store_revoke(pg, &test_operator, span_of(tenant.key.secret.public_part),
                                  span_of("lost"), &key, &error),
                 error);
    assert_sql(pg,
               "SELECT status_reason FROM tollgate.api_keys k JOIN tollgate.tenants t "
               "USING (tenant_id) WHERE t.name = 'Revoked' AND k.status = 'revoked'",
               "revoked by test: lost");
    assert_store(
        STORE_NOT_FOUND,
        key_store_revoke(pg, &test_operator, span_of("key_nothing"), span_of(""), &key, &error),
        error);
    store_rollback(pg);
    pg_close(pg);
}

static void a_credit_is_given_once_for_each_idempotency_key(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    struct test_tenant tenant = make_test_tenant(pg, "Credit", BILLING_PREPAID, 0);
    static const struct {
        const char *what, *idem;
        int64_t pico;
        enum store_outcome outcome;
        bool repeated;
        const char *wallet;
    } rows[] = {
        {"the first", "a", 5, STORE_OK, false, "5"},
        {"the same again", "a", 5, STORE_OK, true, "5"},
        {"another amount under the same key", "a", 6, STORE_CONFLICT, false, "5"},
        {"another key", "b", 6, STORE_OK, false, "11"},
        {"nothing", "c", 0, STORE_REFUSED, false, "11"},
        {"without a key", "", 1, STORE_REFUSED, false, "11"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct credit_new credit = {tenant.made.tenant, rows[i].pico, INT64_MAX,
                                          span_of(rows[i].idem), span_of("")};
        struct credit_made made = {.repeated = false};
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        enum store_outcome outcome = credit_store_add(pg, &test_operator, &credit, &made, &error);
        assert_store(rows[i].outcome, outcome, error);
        if (outcome == STORE_OK)
            assert_store(STORE_OK, store_commit(pg, &error), error);
        store_rollback(pg);
        assert_int(rows[i].what, made.repeated, rows[i].repeated);
        assert_sql(all,
                   "SELECT promo_pico::text FROM tollgate.wallets JOIN tollgate.tenants "
                   "USING (tenant_id) WHERE name = 'Credit'",
                   rows[i].wallet);
    }
    assert_sql(all,
               "SELECT string_agg(a.kind || ' ' || s.sum, ', ' ORDER BY a.kind) FROM "
               "(SELECT account_id, sum(amount_pico) FROM tollgate.ledger_entries GROUP BY 1) s "
               "JOIN tollgate.accounts a USING (account_id)",
               "promo -11, promo_expense 11");
    pg_close(pg);
    pg_close(all);
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
    (void)state;
    need_database(url);
    struct store_error error = {""};
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Twin", BILLING_PREPAID, 0);
    struct test_tenant other = make_test_tenant(pg, "Twin", BILLING_PREPAID, 0);
    struct tenant_made made;
    struct uuid id;
    struct key_made key;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    const struct tenant_new wrong_plan = {span_of("X"), span_of("gold"), BILLING_PREPAID, 0};
    assert_store(STORE_NOT_FOUND,
                 tenant_store_create(pg, &test_operator, &wrong_plan, &made, &error), error);
    assert_string_equal(error.text, "there is no plan \"gold\"; there are: business, free, pro");
    const struct tenant_new owing = {span_of("X"), span_of("free"), BILLING_PREPAID, 1};
    assert_store(STORE_REFUSED, tenant_store_create(pg, &test_operator, &owing, &made, &error),
                 error);
    assert_store(STORE_CONFLICT, tenant_store_find(pg, span_of("Twin"), &id, &error), error);
    assert_store(STORE_NOT_FOUND, tenant_store_find(pg, span_of("Nobody"), &id, &error), error);
    const struct key_new strange = {.tenant = tenant.made.tenant,
                                    .project = other.made.project,
                                    .name = span_of("k"),
                                    .expires_ms = INT64_MAX};
    assert_store(STORE_NOT_FOUND, key_store_create(pg, &test_operator, &strange, &key, &error),
                 error);
    store_rollback(pg);
    pg_close(pg);
}

static void the_audit_log_is_a_chain_that_shows_a_change(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control"), *all = open_database(url);
    (void)make_test_tenant(pg, "Audited", BILLING_PREPAID, 0);
    assert_sql(all, "SELECT coalesce(tollgate.audit_first_broken()::text, 'whole')", "whole");
    assert_sql(all, "SELECT (count(*) >= 4)::text FROM tollgate.audit_log", "true");
    assert_int_equal(pg_script(all, "BEGIN; SET LOCAL session_replication_role = replica; "
                                    "UPDATE tollgate.audit_log SET actor = 'x' WHERE seq = 2;"),
                     PG_OK);
    assert_sql(all, "SELECT coalesce(tollgate.audit_first_broken()::text, 'whole')", "2");
    pg_rollback(all);
    pg_close(pg);
    pg_close(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_begins_with_a_wallet_a_project_and_a_subscription),
        cmocka_unit_test(a_key_is_kept_as_a_hash_and_shown_once),
        cmocka_unit_test(a_key_has_two_live_secrets_and_no_third),
        cmocka_unit_test(revoking_the_last_secret_revokes_the_key),
        cmocka_unit_test(a_credit_is_given_once_for_each_idempotency_key),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
        cmocka_unit_test(the_audit_log_is_a_chain_that_shows_a_change),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
