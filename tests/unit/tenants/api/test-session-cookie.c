/* Which cookie is the session's. */
#include "tenants/api/session_cookie.h"

#include "tests/support/testing.h"

static void the_first_of_our_name_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *what, *header, *value;
    } rows[] = {
        {"no header", NULL, NULL},
        {"an empty one", "", NULL},
        {"alone", "tollgate_session=abc", "abc"},
        {"among others", "a=b; tollgate_session=abc; c=d", "abc"},
        {"without blanks", "a=b;tollgate_session=abc;c=d", "abc"},
        {"with more blanks", "a=b ;  tollgate_session=abc  ; c=d", "abc"},
        {"empty", "tollgate_session=; c=d", ""},
        {"without a value", "tollgate_session; c=d", NULL},
        {"twice", "tollgate_session=one; tollgate_session=two", "one"},
        {"a longer name", "xtollgate_session=abc; tollgate_session2=x", NULL},
        {"another case", "Tollgate_Session=abc", NULL},
        {"a value with =", "tollgate_session=a=b", "a=b"},
        {"only separators", ";;; ;=;", NULL},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span found = session_cookie_find(span_of(rows[i].header));
        in_row(rows[i].what, (found.at == NULL) == (rows[i].value == NULL));
        if (rows[i].value != NULL)
            assert_span(rows[i].what, found, rows[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_our_name_is_found),
    };
    return run_test_table(tests);
}
