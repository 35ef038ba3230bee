/* Sessions and the lockout in a real database. Time is moved by moving what is kept of it. */
#include "tenants/store/login_store.h"
#include "tenants/store/member_store.h"
#include "tenants/store/operator_store.h"
#include "tests/support/testing_store.h"

#define IDLE_MS (INT64_C(7200) * 1000)
#define LIFE_MS (INT64_C(43200) * 1000)

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

static void change(const char *sql)
{
    struct pg *all = open_database(url);
    if (pg_script(all, sql) != PG_OK)
        fail_msg("%s: %s", sql, pg_error(all)->message);
    pg_close(all);
}

static struct person make_member(struct pg *pg, struct uuid tenant, const char *email)
{
    const struct member_new member = {.tenant = tenant,
                                      .email = span_of(email),
                                      .name = span_of("M"),
                                      .role = MEMBER_BILLING,
                                      .password_hash = span_of("hash")};
    struct span shown;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, member_store_create(pg, &test_operator, &member, arena, &shown, &error),
                 error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    struct person person = {.tenant = tenant, .role = MEMBER_BILLING};
    struct span id = span_part(shown, strlen("{\"id\":\""), 30);
    assert_int_equal(id_parse(ID_MEMBER, id, &person.id), 0);
    return person;
}

/* A session of the person, and its token. */
static struct uuid begin_session(struct pg *pg, const struct person *person, bool bearer,
                                 struct session_token *token_out)
{
    uint8_t random[SESSION_RANDOM_SIZE];
    struct uuid id;
    struct session_new session = {.person = *person,
                                  .secret = {{5}},
                                  .bearer = bearer,
                                  .life_ms = LIFE_MS,
                                  .address = span_of("192.0.2.1"),
                                  .user_agent = span_of("test")};
    digest_random(random, sizeof(random));
    *token_out = session_token_make(random);
    session.token = session_token_hash(token_out);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, session_store_create(pg, &session, &id, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    return id;
}

static enum store_outcome find(struct pg *pg, const struct session_token *token,
                               struct session_found *found)
{
    struct sha256 hash = session_token_hash(token);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    enum store_outcome outcome = session_store_find(pg, &hash, IDLE_MS, found, &error);
    store_rollback(pg);
    return outcome;
}

static void a_session_is_found_until_something_ends_it(void **state)
{
    (void)state;
    need_database(url);
    static const struct {
        const char *what, *sql;
        enum store_outcome outcome;
    } rows[] = {
        {"nothing happened", "SELECT 1", STORE_OK},
        {"its life is over", "UPDATE tollgate.sessions SET expires_at = now()", STORE_NOT_FOUND},
        {"a little before",
         "UPDATE tollgate.sessions SET expires_at = now() + interval '1 min', "
         "seen_at = now() - interval '119 min'",
         STORE_OK},
        {"it was idle", "UPDATE tollgate.sessions SET seen_at = now() - interval '2 h'",
         STORE_NOT_FOUND},
        {"it was ended", "UPDATE tollgate.sessions SET ended_at = now()", STORE_NOT_FOUND},
        {"the member is disabled", "UPDATE tollgate.members SET status = 'disabled'",
         STORE_NOT_FOUND},
        {"the tenant is suspended", "UPDATE tollgate.tenants SET status = 'suspended'", STORE_OK},
        {"the tenant is closed", "UPDATE tollgate.tenants SET status = 'closed'", STORE_NOT_FOUND},
    };
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Finds", BILLING_PREPAID, 0);
    struct person person = make_member(pg, tenant.made.tenant, "finds@example.com");
    for (size_t i = 0; i < array_size(rows); i++) {
        struct session_token token;
        struct session_found found;
        struct uuid id = begin_session(pg, &person, false, &token);
        change(rows[i].sql);
        assert_int(rows[i].what, find(pg, &token, &found), rows[i].outcome);
        if (rows[i].outcome == STORE_OK) {
            in_row(rows[i].what, uuid_equal(found.id, id));
            in_row(rows[i].what, uuid_equal(found.person.id, person.id));
            in_row(rows[i].what, uuid_equal(found.person.tenant, person.tenant));
            in_row(rows[i].what, found.person.role == MEMBER_BILLING && found.current);
        }
        change("UPDATE tollgate.members SET status = 'active'; "
               "UPDATE tollgate.tenants SET status = 'active'");
    }
    pg_close(pg);
}

static void a_token_rotates_once_and_the_one_before_is_good_for_a_minute(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Rotating", BILLING_PREPAID, 0);
    struct person person = make_member(pg, tenant.made.tenant, "rotates@example.com");
    struct session_token token, bearer;
    struct session_found found;
    struct uuid id = begin_session(pg, &person, false, &token);
    begin_session(pg, &person, true, &bearer);
    assert_int("found", find(pg, &token, &found), STORE_OK);
    assert_false(found.rotate_due);
    assert_false(found.seen_due);
    change("UPDATE tollgate.sessions SET rotated_at = now() - interval '15 min', "
           "seen_at = now() - interval '1 min'");
    assert_int("found", find(pg, &token, &found), STORE_OK);
    assert_true(found.rotate_due && found.seen_due);
    assert_int("found", find(pg, &bearer, &found), STORE_OK);
    assert_false(found.rotate_due);

    struct session_token next = session_token_next(&found.secret, &token);
    struct sha256 hash = session_token_hash(&token), next_hash = session_token_hash(&next);
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, session_store_rotate(pg, id, &hash, &next_hash, &error), error);
    assert_store(STORE_NOT_FOUND, session_store_rotate(pg, id, &hash, &next_hash, &error), error);
    assert_store(STORE_OK, session_store_seen(pg, id, &error), error);
    assert_store(STORE_OK, store_commit(pg, &error), error);

    assert_int("the new one", find(pg, &next, &found), STORE_OK);
    assert_true(found.current && !found.rotate_due && !found.seen_due);
    assert_int("the one before", find(pg, &token, &found), STORE_OK);
    assert_true(!found.current && !found.rotate_due);
    change("UPDATE tollgate.sessions SET previous_until = now() WHERE previous_sha256 IS NOT NULL");
    assert_int("the one before, later", find(pg, &token, &found), STORE_NOT_FOUND);
    assert_int("the new one, later", find(pg, &next, &found), STORE_OK);
    pg_close(pg);
}

static void a_new_password_ends_the_other_sessions_of_that_person(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    struct test_tenant tenant = make_test_tenant(pg, "Resets", BILLING_PREPAID, 0);
    const struct store_actor actor = {.name = "mem_x", .tenant = tenant.made.tenant};
    struct person one = make_member(pg, tenant.made.tenant, "one@example.com");
    struct person two = make_member(pg, tenant.made.tenant, "two@example.com");
    const struct member_row row = {.id = one.id, .tenant = one.tenant};
    struct session_token here, there, elsewhere;
    struct session_found found;
    struct uuid id = begin_session(pg, &one, false, &here);
    begin_session(pg, &one, true, &there);
    begin_session(pg, &two, false, &elsewhere);
    assert_store(STORE_OK, store_begin(pg, &actor, &error), error);
    assert_store(STORE_OK, member_store_set_password(pg, &actor, &row, span_of("new"), id, &error),
                 error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    assert_int("the session that did it", find(pg, &here, &found), STORE_OK);
    assert_int("another of the same person", find(pg, &there, &found), STORE_NOT_FOUND);
    assert_int("another person's", find(pg, &elsewhere, &found), STORE_OK);
    pg_close(pg);
}

/* ---- lockout ---- */

static int64_t attempt(struct pg *pg, enum login_subject subject, const char *text)
{
    int64_t locked_ms = -1;
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, login_store_attempt(pg, subject, span_of(text), &locked_ms, &error),
                 error);
    assert_store(STORE_OK, store_commit(pg, &error), error);
    return locked_ms;
}

static void assert_locked_for(const char *what, int64_t locked_ms, int64_t seconds)
{
    in_row(what, locked_ms > (seconds - 5) * 1000 && locked_ms <= seconds * 1000);
}

static void five_failures_lock_an_address_and_each_further_one_twice_as_long(void **state)
{
    (void)state;
    need_database(url);
    static const int64_t seconds[] = {60, 120, 240, 480, 900, 900};
    struct pg *pg = open_as(url, "tollgate_control");
    for (int i = 0; i < 4; i++)
        assert_int("the first four", attempt(pg, LOGIN_EMAIL, "Lock@Example.com"), 0);
    for (size_t i = 0; i < array_size(seconds); i++) {
        assert_int("one more is judged", attempt(pg, LOGIN_EMAIL, "lock@example.com"), 0);
        assert_locked_for("then it is locked", attempt(pg, LOGIN_EMAIL, "LOCK@example.com"),
                          seconds[i]);
        assert_locked_for("and stays so", attempt(pg, LOGIN_EMAIL, "lock@example.com"), seconds[i]);
        change("UPDATE tollgate.login_failures SET locked_until = now()");
    }
    assert_int("others are not", attempt(pg, LOGIN_EMAIL, "other@example.com"), 0);
    change("UPDATE tollgate.login_failures SET last_at = now() - interval '1 day'");
    for (int i = 0; i < 4; i++)
        assert_int("a day later", attempt(pg, LOGIN_EMAIL, "lock@example.com"), 0);
    pg_close(pg);
}

static void thirty_failures_lock_a_client_for_a_while(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    for (int i = 0; i < 30; i++)
        assert_int("thirty", attempt(pg, LOGIN_ADDRESS, "192.0.2.7"), 0);
    assert_locked_for("locked", attempt(pg, LOGIN_ADDRESS, "192.0.2.7"), 60);
    change("UPDATE tollgate.login_failures SET locked_until = NULL, "
           "since = now() - interval '10 min' WHERE subject = 'address:192.0.2.7'");
    for (int i = 0; i < 29; i++)
        assert_int("ten minutes later", attempt(pg, LOGIN_ADDRESS, "192.0.2.7"), 0);
    pg_close(pg);
}

static void a_success_forgets(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 5; i++)
            assert_int("five", attempt(pg, LOGIN_EMAIL, "ok@example.com"), 0);
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        assert_store(STORE_OK,
                     login_store_succeeded(pg, span_of("OK@example.com"), span_of("::"), &error),
                     error);
        assert_store(STORE_OK, store_commit(pg, &error), error);
    }
    for (int i = 0; i < 29; i++)
        assert_int("a client's", attempt(pg, LOGIN_ADDRESS, "::"), 0);
    for (int i = 0; i < 3; i++) {
        assert_int("the thirtieth is right", attempt(pg, LOGIN_ADDRESS, "::"), 0);
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        assert_store(STORE_OK,
                     login_store_succeeded(pg, span_of("ok@example.com"), span_of("::"), &error),
                     error);
        assert_store(STORE_OK, store_commit(pg, &error), error);
    }
    assert_int("the thirtieth is wrong", attempt(pg, LOGIN_ADDRESS, "::"), 0);
    assert_locked_for("locked", attempt(pg, LOGIN_ADDRESS, "::"), 60);
    pg_close(pg);
}

static void candidates_are_those_who_may_sign_in(void **state)
{
    (void)state;
    need_database(url);
    struct pg *pg = open_as(url, "tollgate_control");
    const struct operator_new wanted = {.email = span_of("both@example.com"),
                                        .password_hash = span_of("hash")};
    struct operator_made made;
    struct login_candidates found;
    struct test_tenant one = make_test_tenant(pg, "C1", BILLING_PREPAID, 0);
    struct test_tenant two = make_test_tenant(pg, "C2", BILLING_PREPAID, 0);
    make_member(pg, one.made.tenant, "Both@example.com");
    make_member(pg, two.made.tenant, "both@EXAMPLE.com");
    make_member(pg, two.made.tenant, "else@example.com");
    assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
    assert_store(STORE_OK, operator_store_create(pg, &test_operator, &wanted, arena, &made, &error),
                 error);
    assert_string_equal(made.token, "");
    assert_store(STORE_OK, store_commit(pg, &error), error);
    static const struct {
        const char *what, *sql, *email;
        bool second_only;
        size_t count;
    } rows[] = {
        {"all", "SELECT 1", "both@example.com", false, 3},
        {"of one tenant", "SELECT 1", "both@example.com", true, 1},
        {"nobody", "SELECT 1", "nobody@example.com", false, 0},
        {"the operator is disabled", "UPDATE tollgate.operators SET status = 'disabled'",
         "both@example.com", false, 2},
        {"one has no password",
         "UPDATE tollgate.members SET password_hash = NULL WHERE email = 'Both@example.com'",
         "both@example.com", false, 1},
        {"a tenant is closed", "UPDATE tollgate.tenants SET status = 'closed' WHERE name = 'C2'",
         "both@example.com", false, 0},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        change(rows[i].sql);
        assert_store(STORE_OK, store_begin(pg, &test_operator, &error), error);
        assert_store(STORE_OK,
                     login_store_find(pg, span_of(rows[i].email),
                                      rows[i].second_only ? two.made.tenant : (struct uuid){0},
                                      arena, &found, &error),
                     error);
        assert_int(rows[i].what, found.count, rows[i].count);
        if (i == 0)
            in_row(rows[i].what, person_is_operator(&found.items[0].person));
        store_rollback(pg);
    }
    pg_close(pg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_found_until_something_ends_it),
        cmocka_unit_test(a_token_rotates_once_and_the_one_before_is_good_for_a_minute),
        cmocka_unit_test(a_new_password_ends_the_other_sessions_of_that_person),
        cmocka_unit_test(five_failures_lock_an_address_and_each_further_one_twice_as_long),
        cmocka_unit_test(thirty_failures_lock_a_client_for_a_while),
        cmocka_unit_test(a_success_forgets),
        cmocka_unit_test(candidates_are_those_who_may_sign_in),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
