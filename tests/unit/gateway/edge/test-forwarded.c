/* Who a client is behind balancers, and that nobody can say so of oneself. */
#include "tests/support/testing.h"

#include <errno.h>

#include "gateway/edge/forwarded.h"

static struct forwarded_trust trust_of(const char *a, const char *b)
{
    struct forwarded_trust trust = {0};

    assert_int_equal(forwarded_trust_add(&trust, span_of(a)), 0);
    if (b != NULL)
        assert_int_equal(forwarded_trust_add(&trust, span_of(b)), 0);
    return trust;
}

static void networks_are_read(void **state)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {"10.0.0.0/8", 0},       {"192.0.2.4", 0},
        {" 2001:db8::/32 ", 0},  {"::1", 0},
        {"0.0.0.0/0", 0},        {"10.0.0.0/33", -EINVAL},
        {"::/129", -EINVAL},     {"10.0.0.0/", -EINVAL},
        {"10.0.0/8", -EINVAL},   {"balancer", -EINVAL},
        {"", -EINVAL},           {"10.0.0.0/-1", -EINVAL},
        {"1.2.3.4:80", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct forwarded_trust trust = {0};
        assert_int(rows[i].text, forwarded_trust_add(&trust, span_of(rows[i].text)),
                   rows[i].result);
    }
    struct forwarded_trust full = {.count = FORWARDED_NETS_MAX};
    assert_int_equal(forwarded_trust_add(&full, span_of("::1")), -ENOSPC);
}

static void the_client_is_the_last_that_is_no_balancer(void **state)
{
    static const struct {
        const char *what, *peer, *header, *client;
    } rows[] = {
        {"nobody is trusted with it", "198.51.100.7", "203.0.113.9", "198.51.100.7"},
        {"no header", "10.1.2.3", "", "10.1.2.3"},
        {"one balancer", "10.1.2.3", "203.0.113.9", "203.0.113.9"},
        {"what the client made up stands before", "10.1.2.3", "1.1.1.1, 203.0.113.9",
         "203.0.113.9"},
        {"two balancers", "10.1.2.3", "203.0.113.9,10.9.9.9", "203.0.113.9"},
        {"all of them are ours", "10.1.2.3", "10.0.0.1, 10.0.0.2", "10.0.0.1"},
        {"IPv6", "2001:db8::5", "2001:db8:ffff::1, 2a00::1", "2a00::1"},
        {"IPv6 in brackets", "10.1.2.3", "[2a00::1]", "2a00::1"},
        {"IPv4 in IPv6", "::ffff:10.1.2.3", "203.0.113.9", "203.0.113.9"},
        {"no address", "10.1.2.3", "<script>, unknown", "10.1.2.3"},
        {"no address before one of ours", "10.1.2.3", "unknown, 10.0.0.2", "10.0.0.2"},
        {"an empty place", "10.1.2.3", "203.0.113.9, ", "10.1.2.3"},
        {"a port", "10.1.2.3", "203.0.113.9:1234", "10.1.2.3"},
    };
    struct forwarded_trust trust = trust_of("10.0.0.0/8", "2001:db8::/32");

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_span(rows[i].what,
                    forwarded_client(&trust, span_of(rows[i].peer), span_of(rows[i].header)),
                    rows[i].client);
}

static void a_net_ends_where_its_bits_do(void **state)
{
    struct forwarded_trust trust = trust_of("192.0.2.128/25", NULL), none = {0};

    (void)state;
    assert_true(forwarded_trusts(&trust, span_of("192.0.2.128")));
    assert_true(forwarded_trusts(&trust, span_of("192.0.2.255")));
    assert_false(forwarded_trusts(&trust, span_of("192.0.2.127")));
    assert_false(forwarded_trusts(&trust, span_of("")));
    assert_false(forwarded_trusts(&none, span_of("192.0.2.128")));
}

static void only_a_trusted_peer_says_that_it_was_tls(void **state)
{
    struct forwarded_trust trust = trust_of("10.0.0.0/8", NULL);

    (void)state;
    assert_true(forwarded_secure(&trust, span_of("10.0.0.1"), false, span_of("https")));
    assert_false(forwarded_secure(&trust, span_of("10.0.0.1"), false, span_of("http")));
    assert_false(forwarded_secure(&trust, span_of("192.0.2.1"), false, span_of("https")));
    assert_true(forwarded_secure(&trust, span_of("192.0.2.1"), true, span_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read),
        cmocka_unit_test(the_client_is_the_last_that_is_no_balancer),
        cmocka_unit_test(a_net_ends_where_its_bits_do),
        cmocka_unit_test(only_a_trusted_peer_says_that_it_was_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
