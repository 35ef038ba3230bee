/* The tokens of sessions: their form, the one that follows, and the x-csrf-token. */
#include "tenants/model/session_token.h"

#include <errno.h>

#include "tests/support/testing.h"

static const uint8_t some_bytes[SESSION_RANDOM_SIZE] = {7, 1, 255, 254, 8};
static const struct session_secret some_secret = {{1, 2, 3}}, other_secret = {{1, 2, 4}};
static const struct uuid some_session = {{9}}, other_session = {{8}};

static void a_made_token_is_read_back(void **state)
{
    (void)state;
    struct session_token made = session_token_make(some_bytes), read;
    assert_int_equal(strlen(made.text), SESSION_TOKEN_LENGTH);
    assert_int_equal(session_token_parse(span_of(made.text), &read), 0);
    assert_string_equal(read.text, made.text);
    struct sha256 a = session_token_hash(&made), b = digest_sha256(span_of(made.text));
    assert_memory_equal(a.at, b.at, sizeof(a.at));
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what, *text;
    } rows[] = {
        {"nothing", ""},
        {"the prefix", "tgs_"},
        {"another prefix", "tgx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"too short", "tgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"too long", "tgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"another alphabet", "tgs_AAAAAAAAAAAAAAAAAAAAA+AAAAAAAAAAAAAAAAAAAAA"},
        {"padding", "tgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"bits that are not there", "tgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"},
        {"a blank before it", " tgs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        struct session_token token;
        assert_int(rows[i].what, session_token_parse(span_of(rows[i].text), &token), -EINVAL);
    }
}

static void the_next_token_follows_from_token_and_secret(void **state)
{
    (void)state;
    struct session_token token = session_token_make(some_bytes), read;
    struct session_token next = session_token_next(&some_secret, &token);
    struct session_token same = session_token_next(&some_secret, &token);
    struct session_token other = session_token_next(&other_secret, &token);
    struct session_token third = session_token_next(&some_secret, &next);
    assert_int_equal(session_token_parse(span_of(next.text), &read), 0);
    assert_string_equal(next.text, same.text);
    assert_string_not_equal(next.text, other.text);
    assert_string_not_equal(next.text, token.text);
    assert_string_not_equal(third.text, next.text);
}

static void a_csrf_token_holds_for_its_session_only(void **state)
{
    (void)state;
    char token[SESSION_CSRF_LENGTH + 1], other[SESSION_CSRF_LENGTH + 1];
    session_csrf(&some_secret, some_session, token);
    session_csrf(&some_secret, other_session, other);
    assert_int_equal(strlen(token), SESSION_CSRF_LENGTH);
    const struct {
        const char *what;
        const struct session_secret *secret;
        struct uuid session;
        struct span given;
        bool holds;
    } rows[] = {
        {"its own", &some_secret, some_session, span_of(token), true},
        {"of another session", &some_secret, some_session, span_of(other), false},
        {"with another secret", &other_secret, some_session, span_of(token), false},
        {"none", &some_secret, some_session, {0}, false},
        {"cut", &some_secret, some_session, span_make(token, SESSION_CSRF_LENGTH - 1), false},
    };
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what,
               session_csrf_holds(rows[i].secret, rows[i].session, rows[i].given) == rows[i].holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_token_is_read_back),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(the_next_token_follows_from_token_and_secret),
        cmocka_unit_test(a_csrf_token_holds_for_its_session_only),
    };
    return run_test_table(tests);
}
