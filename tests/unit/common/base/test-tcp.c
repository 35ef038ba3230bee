/* tcp: addresses as text, and who may listen beside whom. */
#include "common/base/tcp.h"

#include <errno.h>
#include <unistd.h>

#include "tests/support/testing.h"

static void an_address_is_numbers_and_a_port(void **state)
{
    static const struct {
        const char *text, *again;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080"},
        {"[::1]:0", "[::1]:0"},
        {"0.0.0.0:65535", "0.0.0.0:65535"},
        {"localhost:80", "127.0.0.1:80"},
        {"", NULL},
        {"127.0.0.1", NULL},
        {":80", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:8o", NULL},
        {"example.com:80", NULL},
        {"[::1]", NULL},
        {"[]:80", NULL},
        {"[::1:80", NULL},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:80", NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct tcp_address address;
        char text[TCP_TEXT_SIZE];
        int outcome = tcp_parse(rows[i].text, &address);

        assert_int(rows[i].text, outcome, rows[i].again == NULL ? -EINVAL : 0);
        if (outcome == 0) {
            tcp_format(&address, text);
            assert_string_equal(text, rows[i].again);
        }
    }
}

static void a_port_is_shared_only_by_those_who_say_so(void **state)
{
    struct tcp_address address;
    int alone, first, second;

    (void)state;
    assert_int_equal(tcp_parse("127.0.0.1:0", &address), 0);
    alone = tcp_listen(&address, false);
    assert_true(alone >= 0);
    assert_true(tcp_port(&address) > 0);
    assert_int_equal(tcp_check_free(&address), -EADDRINUSE);
    assert_int_equal(tcp_listen(&address, false), -EADDRINUSE);
    assert_int_equal(tcp_listen(&address, true), -EADDRINUSE);
    close(alone);

    assert_int_equal(tcp_parse("127.0.0.1:0", &address), 0);
    first = tcp_listen(&address, true);
    second = tcp_listen(&address, true);
    assert_true(first >= 0 && second >= 0);
    assert_int_equal(tcp_check_free(&address), -EADDRINUSE);
    close(first);
    close(second);
    assert_int_equal(tcp_check_free(&address), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_numbers_and_a_port),
        cmocka_unit_test(a_port_is_shared_only_by_those_who_say_so),
    };

    return run_test_table(tests);
}
