/* Passwords: which will do, and what is kept of them. */
#include "tenants/model/password.h"

#include "tests/support/testing.h"

static void a_new_password_has_rules(void **state)
{
    (void)state;
    char longest[PASSWORD_MAX + 2] = "";
    memset(longest, 'a', PASSWORD_MAX + 1);
    const struct {
        const char *what;
        struct span password;
        const char *complaint;
    } rows[] = {
        {"eleven characters", span_of("12345678901"), "has to have at least 12 characters"},
        {"twelve", span_of("123456789012"), NULL},
        {"eleven that are twenty-two bytes", span_of("äöüäöüäöüäö"),
         "has to have at least 12 characters"},
        {"twelve that are twenty-four bytes", span_of("äöüäöüäöüäöü"), NULL},
        {"the most", span_make(longest, PASSWORD_MAX), NULL},
        {"one more", span_make(longest, PASSWORD_MAX + 1), "has to have at most 256 characters"},
        {"the address", span_of("ada@example.com"), "may not be the e-mail address"},
        {"the address in capitals", span_of("Ada@Example.COM"), "may not be the e-mail address"},
        {"the address and more", span_of("ada@example.com1"), NULL},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *complaint = password_complaint(rows[i].password, span_of("ada@example.com"));
        if (rows[i].complaint == NULL)
            in_row(rows[i].what, complaint == NULL);
        else
            assert_span(rows[i].what, span_of(complaint), rows[i].complaint);
    }
}

static void only_the_password_itself_fits_its_hash(void **state)
{
    (void)state;
    struct password_hash hash, again;
    char endless[1024];
    memset(endless, '$', sizeof(endless));
    password_hash(span_of("correct horse battery"), &hash);
    password_hash(span_of("correct horse battery"), &again);
    assert_string_not_equal(hash.text, again.text);
    assert_true(span_starts(span_of(hash.text), "$argon2id$v=19$m=65536,t=2,p=1$"));
    const struct {
        const char *what;
        struct span hash, password;
        bool holds;
    } rows[] = {
        {"the password", span_of(hash.text), span_of("correct horse battery"), true},
        {"with its other salt", span_of(again.text), span_of("correct horse battery"), true},
        {"another", span_of(hash.text), span_of("correct horse batterz"), false},
        {"a part of it", span_of(hash.text), span_of("correct horse"), false},
        {"nothing", span_of(hash.text), span_of(""), false},
        {"no hash", span_of(""), span_of("correct horse battery"), false},
        {"what is no hash", span_of("$argon2id$"), span_of("correct horse battery"), false},
        {"a text without end", span_make(endless, sizeof(endless)), span_of("correct"), false},
    };
    for (size_t i = 0; i < array_size(rows); i++)
        in_row(rows[i].what, password_verify(rows[i].hash, rows[i].password) == rows[i].holds);
}

static void made_passwords_will_do_and_differ(void **state)
{
    (void)state;
    char one[PASSWORD_MADE_LENGTH + 1], two[PASSWORD_MADE_LENGTH + 1];
    password_make(one);
    password_make(two);
    assert_int_equal(strlen(one), PASSWORD_MADE_LENGTH);
    assert_null(password_complaint(span_of(one), span_of("ada@example.com")));
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_password_has_rules),
        cmocka_unit_test(only_the_password_itself_fits_its_hash),
        cmocka_unit_test(made_passwords_will_do_and_differ),
    };
    return run_test_table(tests);
}
