/* The SQL functions of leases: as a gateway sees them, see docs/leases.md. */
#include <pthread.h>

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

struct scene {
    struct pg *gateway, *control, *all;
    struct test_tenant tenant;
    struct uuid gateway_id;
};

static void report(struct pg *pg, struct uuid id)
{
    assert_int_equal(pg_exec(pg, NULL,
                             "SELECT tollgate.gateway_report($1, 'host', '1', 'active', '{}')",
                             PG_UUID(id)),
                     PG_OK);
}

/* A tenant with so many pico, and a gateway that has reported. */
static struct scene scene_make(const char *name, int64_t pico)
{
    struct scene scene = {open_as(url, "tollgate_gateway"), open_as(url, "tollgate_control"),
                          open_database(url), .gateway_id = uuid_new()};
    scene.tenant = make_test_tenant(scene.control, name, BILLING_PREPAID, 0);
    if (pico > 0)
        give_credit(scene.control, scene.tenant.made.tenant, pico);
    report(scene.gateway, scene.gateway_id);
    return scene;
}

static void scene_done(struct scene *scene)
{
    pg_close(scene->gateway);
    pg_close(scene->control);
    pg_close(scene->all);
}

static int64_t grant(struct scene *s, struct uuid lease, int64_t need, int64_t recent)
{
    struct pg_rows *rows = NULL;
    if (pg_exec(s->gateway, &rows,
                "SELECT granted FROM tollgate.lease_grant($1, $2, $3, 'balance', $3, '-infinity', "
                "0, $4, $5, '15 min')",
                PG_UUID(lease), PG_UUID(s->gateway_id), PG_UUID(s->tenant.made.tenant),
                PG_INT(need), PG_INT(recent)) != PG_OK)
        fail_msg("grant: %s", pg_error(s->gateway)->message);
    int64_t granted = pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    return granted;
}

static int64_t give_back(struct scene *s, struct uuid lease, int64_t total)
{
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(s->gateway, &rows, "SELECT tollgate.lease_give_back($1, $2, $3)",
                             PG_UUID(lease), PG_UUID(s->gateway_id), PG_INT(total)),
                     PG_OK);
    int64_t lowered = pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    return lowered;
}

static int64_t held(struct scene *s)
{
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(s->all, &rows,
                             "SELECT held_pico::int8 FROM tollgate.wallets WHERE tenant_id = $1",
                             PG_UUID(s->tenant.made.tenant)),
                     PG_OK);
    int64_t pico = pg_get_int64(rows, 0, 0);
    pg_rows_free(rows);
    return pico;
}

static void a_grant_is_what_is_needed_or_an_eighth_and_never_past_the_balance(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what;
        int64_t need, recent, granted, held;
    } rows[] = {
        {"the need", 10, 0, 10, 10},
        {"recent spend", 10, 50, 50, 60},
        {"no more than an eighth of what is free", 10, 1000000, (1000 - 60) / 8, 60 + 117},
        {"the need, though it is more than an eighth", 800, 0, 800, 977},
        {"what does not fit is not granted", 24, 0, 0, 977},
        {"to the last", 23, 0, 23, 1000},
        {"nothing is left", 1, 0, 0, 1000},
        {"a need of nothing", 0, 5, 0, 1000},
    };
    struct scene s = scene_make("Grants", 1000);
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, grant(&s, uuid_new(), rows[i].need, rows[i].recent),
                   rows[i].granted);
        assert_int(rows[i].what, held(&s), rows[i].held);
    }
    scene_done(&s);
}

static void the_same_lease_is_granted_once(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Once", 1000);
    struct uuid lease = uuid_new();
    assert_int_equal(grant(&s, lease, 100, 0), 100);
    assert_int_equal(grant(&s, lease, 100, 0), 100);
    assert_int_equal(grant(&s, lease, 500, 0), 100);
    assert_int_equal(held(&s), 100);
    scene_done(&s);
}

static void a_lease_that_was_closed_before_its_grant_is_never_granted(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Buried", 1000);
    struct uuid late = uuid_new(), known = uuid_new();
    assert_int_equal(grant(&s, known, 100, 0), 100);
    for (int again = 0; again < 2; again++) {
        struct pg_rows *rows = NULL;
        assert_int_equal(
            pg_exec(s.all, &rows,
                    "SELECT tollgate.lease_bury($1, $3, $4), tollgate.lease_bury($2, $3, $4)",
                    PG_UUID(late), PG_UUID(known), PG_UUID(s.gateway_id),
                    PG_UUID(s.tenant.made.tenant)),
            PG_OK);
        assert_int("the unknown one, once", pg_get_bool(rows, 0, 0), again == 0);
        assert_false(pg_get_bool(rows, 0, 1));
        pg_rows_free(rows);
    }
    assert_int_equal(grant(&s, late, 100, 0), 0);
    assert_int_equal(held(&s), 100);
    scene_done(&s);
}

static void a_return_counts_once_and_never_touches_what_was_posted(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Returns", 1000);
    struct uuid lease = uuid_new();
    assert_int_equal(grant(&s, lease, 400, 0), 400);
    assert_int_equal(give_back(&s, lease, 100), 100);
    assert_int_equal(give_back(&s, lease, 100), 0);
    assert_int_equal(held(&s), 300);
    assert_int_equal(pg_exec(s.all, NULL,
                             "UPDATE tollgate.leases SET posted_pico = 250 WHERE lease_id = $1",
                             PG_UUID(lease)),
                     PG_OK);
    assert_int_equal(give_back(&s, lease, 400), 50);
    assert_int_equal(held(&s), 250);
    struct scene other = s;
    other.gateway_id = uuid_new();
    assert_int_equal(give_back(&other, lease, 400), 0);
    scene_done(&s);
}

static void a_gateway_is_lost_only_after_its_leases_and_never_spends_them_again(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Lost", 1000);
    struct uuid lease = uuid_new();
    char id[UUID_TEXT_SIZE], sql[256];
    assert_int_equal(grant(&s, lease, 400, 0), 400);
    uuid_format(s.gateway_id, id);
    snprintf(sql, sizeof(sql),
             "SELECT coalesce(max(leases_freed || ' ' || freed_pico), 'not lost') "
             "FROM tollgate.gateway_declare_lost('%s', '1 hour', false)",
             id);
    assert_sql(s.all, sql, "not lost");
    snprintf(sql, sizeof(sql),
             "SELECT coalesce(max(leases_freed || ' ' || freed_pico), 'not lost') "
             "FROM tollgate.gateway_declare_lost('%s', NULL, false)",
             id);
    assert_sql(s.all, sql, "not lost");
    assert_int_equal(pg_script(s.all, "UPDATE tollgate.leases SET expires_at = now()"), PG_OK);
    assert_sql(s.all, sql, "1 400");
    assert_int_equal(held(&s), 0);
    assert_sql(s.all, sql, "0 0");
    /* It comes back: the lease is gone for it, and a new one is granted. */
    report(s.gateway, s.gateway_id);
    snprintf(
        sql, sizeof(sql),
        "SELECT count(*)::text FROM tollgate.lease_renew('%s', "
        "(SELECT array_agg(lease_id) FROM tollgate.leases WHERE state = 'lost'), '{0}', '{0}', "
        "'15 min')",
        id);
    assert_sql(s.all, sql, "0");
    assert_int_equal(give_back(&s, lease, 400), 0);
    assert_int_equal(grant(&s, uuid_new(), 1000, 0), 1000);
    scene_done(&s);
}

static void a_budget_is_made_as_its_window_begins(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Budget", 0);
    static const struct {
        const char *what;
        int64_t limit, need, granted;
    } rows[] = {
        {"the first makes the row", 1000, 600, 600},
        {"past the limit", 1000, 401, 0},
        {"a raised limit holds at once", 2000, 401, 401},
        {"a lowered limit too", 1001, 1, 0},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        struct pg_rows *got = NULL;
        assert_int_equal(pg_exec(s.gateway, &got,
                                 "SELECT granted FROM tollgate.lease_grant($1, $2, $3, 'key', $4, "
                                 "'2026-11-21T00:00:00Z', $5, $6, 0, '15 min')",
                                 PG_UUID(uuid_new()), PG_UUID(s.gateway_id),
                                 PG_UUID(s.tenant.made.tenant), PG_UUID(s.tenant.key.id),
                                 PG_NUMERIC(rows[i].limit), PG_INT(rows[i].need)),
                         PG_OK);
        assert_int(rows[i].what, pg_get_int64(got, 0, 0), rows[i].granted);
        pg_rows_free(got);
    }
    scene_done(&s);
}

/* What billing does at the end of a batch, in the lock order of 0006_leases.sql. */
static const char posting[] =
    "DO $$ BEGIN "
    "PERFORM tollgate.books_lock((SELECT array_agg(tenant_id) FROM tollgate.wallets), "
    "  (SELECT array_agg(lease_id) FROM tollgate.leases WHERE state = 'open')); "
    "UPDATE tollgate.wallets SET accrued_pico = accrued_pico; "
    "UPDATE tollgate.leases SET posted_count = posted_count + 1 WHERE state = 'open'; "
    "END $$";

static void *post_batches(void *failed_out)
{
    struct pg *pg = open_database(url);
    for (int i = 0; i < 40; i++)
        *(int *)failed_out += pg_script(pg, posting) != PG_OK;
    pg_close(pg);
    return NULL;
}

struct worker {
    struct scene scene;
    int64_t granted, returned, failed;
};

static void *grant_and_return(void *argument)
{
    struct worker *w = argument;
    for (int i = 0; i < 40; i++) {
        struct uuid lease = uuid_new();
        int64_t granted = grant(&w->scene, lease, 100, 0);
        w->granted += granted;
        if (granted > 0)
            w->returned += give_back(&w->scene, lease, 100);
        w->failed +=
            PG_OK != pg_exec(w->scene.gateway, NULL,
                             "SELECT * FROM tollgate.lease_renew($1, $2, $3, $3, '15 min')",
                             PG_UUID(w->scene.gateway_id), PG_UUIDS(&lease, 1),
                             PG_INTS((const int64_t[]){0}, 1));
    }
    return NULL;
}

static void grants_returns_renewals_and_batches_at_once_end_in_no_ring(void **state)
{
    (void)state;
    need_database(url);
    struct scene s = scene_make("Ring", 1000);
    struct worker workers[3];
    pthread_t threads[3], billing;
    int failed = 0;
    for (size_t i = 0; i < 3; i++) {
        workers[i] = (struct worker){.scene = s};
        workers[i].scene.gateway = open_as(url, "tollgate_gateway");
        workers[i].scene.gateway_id = uuid_new();
        report(workers[i].scene.gateway, workers[i].scene.gateway_id);
    }
    assert_int_equal(pthread_create(&billing, NULL, post_batches, &failed), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, grant_and_return, &workers[i]), 0);
    int64_t left = 0;
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        left += workers[i].granted - workers[i].returned;
        assert_int_equal(workers[i].failed, 0);
        pg_close(workers[i].scene.gateway);
    }
    pthread_join(billing, NULL);
    assert_int_equal(failed, 0);
    assert_int_equal(held(&s), left);
    assert_int_equal(left, 0);
    scene_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grant_is_what_is_needed_or_an_eighth_and_never_past_the_balance),
        cmocka_unit_test(the_same_lease_is_granted_once),
        cmocka_unit_test(a_lease_that_was_closed_before_its_grant_is_never_granted),
        cmocka_unit_test(a_return_counts_once_and_never_touches_what_was_posted),
        cmocka_unit_test(a_gateway_is_lost_only_after_its_leases_and_never_spends_them_again),
        cmocka_unit_test(a_budget_is_made_as_its_window_begins),
        cmocka_unit_test(grants_returns_renewals_and_batches_at_once_end_in_no_ring),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
