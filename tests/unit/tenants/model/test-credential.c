/* credential: where a secret may be sent. */
#include "tenants/model/credential.h"

#include <errno.h>

#include "tests/support/testing.h"

static void a_url_is_filled_from_its_variables_or_not_at_all(void **state)
{
    static const struct {
        const char *what, *url, *variables;
        int r;
        const char *filled, *missing;
    } rows[] = {
        {"nothing is open", "https://a.example/v1", "", 0, "https://a.example/v1", ""},
        {"one", "https://${R}.example/v1", "{\"R\":\"acme\"}", 0, "https://acme.example/v1", ""},
        {"twice, and at the end", "https://${R}/${P}", "{\"P\":\"p\",\"R\":\"r\"}", 0,
         "https://r/p", ""},
        {"the model's name, encoded", "https://r/d/${UPSTREAM_ID}", "{}", 0,
         "https://r/d/gpt-4o%2Fa%20b", ""},
        {"or what the operator calls it", "https://r/d/${UPSTREAM_ID}",
         "{\"UPSTREAM_ID\":\"mine\"}", 0, "https://r/d/mine", ""},
        {"one is missing", "https://${R}/${P}", "{\"R\":\"r\"}", -ENOENT, "", "P"},
        {"no variables", "https://${R}/", "", -ENOENT, "", "R"},
        {"an empty one is missing", "https://${R}/", "{\"R\":\"\"}", -ENOENT, "", "R"},
        {"a number is none", "https://${R}/", "{\"R\":5}", -ENOENT, "", "R"},
        {"no brace at the end", "https://${R", "{\"R\":\"r\"}", -EINVAL, "", ""},
        {"a dollar alone", "https://$R/", "{\"R\":\"r\"}", -EINVAL, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(CREDENTIAL_URL_MAX);
        struct span missing = span_of("");

        assert_int(rows[i].what,
                   credential_fill_url(span_of(rows[i].url), span_of(rows[i].variables),
                                       span_of("gpt-4o/a b"), &out, &missing),
                   rows[i].r);
        if (rows[i].r == 0)
            assert_span(rows[i].what, buf_span(&out), rows[i].filled);
        assert_span(rows[i].what, missing, rows[i].missing);
        buf_done(&out);
    }
}

static void an_origin_is_scheme_host_and_port(void **state)
{
    static const struct {
        const char *what, *url;
        int r;
        const char *origin;
    } rows[] = {
        {"https", "https://api.example/v1", 0, "https://api.example"},
        {"without a path", "https://api.example", 0, "https://api.example"},
        {"capitals", "HTTPS://API.Example/V1", 0, "https://api.example"},
        {"its own port is none", "https://api.example:443/v1", 0, "https://api.example"},
        {"another port", "https://api.example:8443?x=1", 0, "https://api.example:8443"},
        {"this host in plain", "http://127.0.0.1:8000/v1", 0, "http://127.0.0.1:8000"},
        {"by name", "http://localhost/v1", 0, "http://localhost"},
        {"IPv6", "http://[::1]:80/v1", 0, "http://[::1]"},
        {"others in plain", "http://api.example/v1", -EPERM, ""},
        {"a name that begins like this host", "http://127.0.0.1.evil.example/", -EPERM, ""},
        {"a number too many", "http://127.0.0.1.5/", -EPERM, ""},
        {"a user", "https://api.example@evil.example/", -EINVAL, ""},
        {"a password", "https://a:b@evil.example/", -EINVAL, ""},
        {"a backslash", "https://api.example\\@evil.example/", -EINVAL, ""},
        {"a blank", "https://api example/", -EINVAL, ""},
        {"an escape", "https://api%2eexample/", -EINVAL, ""},
        {"no host", "https:///v1", -EINVAL, ""},
        {"no port behind the colon", "https://api.example:/v1", -EINVAL, ""},
        {"a port too high", "https://api.example:65536/v1", -EINVAL, ""},
        {"a port with a sign", "https://api.example:-1/v1", -EINVAL, ""},
        {"another scheme", "ftp://api.example/", -EINVAL, ""},
        {"none", "api.example/v1", -EINVAL, ""},
        {"an open variable", "https://${R}.example/v1", -EINVAL, ""},
        {"empty", "", -EINVAL, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(CREDENTIAL_URL_MAX);

        assert_int(rows[i].what, credential_origin(span_of(rows[i].url), &out), rows[i].r);
        assert_span(rows[i].what, buf_span(&out), rows[i].origin);
        buf_done(&out);
    }
}

static void a_secret_goes_to_its_own_origins_only(void **state)
{
    static const struct {
        const char *what, *origins, *url;
        bool may;
    } rows[] = {
        {"the one", "https://a.example", "https://a.example/v1", true},
        {"the second of two", "https://a.example https://b.example", "https://b.example/x", true},
        {"another", "https://a.example", "https://b.example/v1", false},
        {"a longer name", "https://a.example", "https://a.example.evil/", false},
        {"another port", "https://a.example", "https://a.example:8443/", false},
        {"another scheme", "http://127.0.0.1:80", "https://127.0.0.1:80/", false},
        {"none at all", "", "https://a.example/", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, credential_may_go(span_of(rows[i].origins), span_of(rows[i].url)),
                   rows[i].may);
}

static void what_it_is_bound_to_tells_all_apart(void **state)
{
    struct buf one = buf_make(CREDENTIAL_URL_MAX), two = buf_make(CREDENTIAL_URL_MAX);

    (void)state;
    assert_int_equal(
        credential_context((struct uuid){{1}}, span_of("p"), span_of("https://a"), &one), 0);
    assert_int_equal(
        credential_context((struct uuid){{2}}, span_of("p"), span_of("https://a"), &two), 0);
    assert_false(span_equal(buf_span(&one), buf_span(&two)));
    buf_done(&one);
    buf_done(&two);
}

static void values_and_secrets_cannot_break_out_of_their_place(void **state)
{
    static const struct {
        const char *what, *text;
        bool value, secret;
    } rows[] = {
        {"plain", "us-east-1", true, true},
        {"a host", "eu.example_x", true, true},
        {"a slash", "evil.example/", false, true},
        {"a user", "x@evil", false, true},
        {"a dot first", ".evil", false, true},
        {"a new line", "a\nb", false, false},
        {"a blank at the end", "a ", false, false},
        {"not ASCII", "\303\274", false, false},
        {"empty", "", false, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, credential_value_ok(span_of(rows[i].text)), rows[i].value);
        assert_int(rows[i].what, credential_secret_ok(span_of(rows[i].text)), rows[i].secret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_filled_from_its_variables_or_not_at_all),
        cmocka_unit_test(an_origin_is_scheme_host_and_port),
        cmocka_unit_test(a_secret_goes_to_its_own_origins_only),
        cmocka_unit_test(what_it_is_bound_to_tells_all_apart),
        cmocka_unit_test(values_and_secrets_cannot_break_out_of_their_place),
    };
    return run_test_table(tests);
}
