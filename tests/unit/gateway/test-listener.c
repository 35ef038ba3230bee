#include "gateway/listener.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/support/testing.h"

enum { WORKERS = 3 };

static void close_all(int fds[WORKERS])
{
    for (int i = 0; i < WORKERS; i++)
        close(fds[i]);
}

static void all_workers_have_one_port_and_others_only_when_it_is_shared(void **state)
{
    struct buf why = buf_make(512);
    int fds[WORKERS], others[WORKERS];
    uint16_t port, same;
    char address[32];

    (void)state;
    assert_int_equal(listener_open("127.0.0.1:0", false, WORKERS, fds, &port, &why), 0);
    assert_true(port > 0);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    assert_int_equal(listener_open(address, false, WORKERS, others, &same, &why), -EADDRINUSE);
    assert_non_null(strstr(why.at, address));
    assert_int_equal(listener_open(address, true, WORKERS, others, &same, &why), 0);
    assert_int_equal(same, port);
    close_all(others);
    close_all(fds);
    assert_int_equal(listener_open(address, false, WORKERS, fds, &same, &why), 0);
    close_all(fds);
    buf_done(&why);
}

static void an_address_is_a_number_and_a_port(void **state)
{
    static const char *const texts[] = {
        "",        "127.0.0.1",      "example:80", "127.0.0.1:65536", ":80", "127.0.0.1:-1",
        "[::1:80", "127.0.0.1:http", "1.2.3:80",   "127.0.0.1:80:90"};

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++) {
        struct buf why = buf_make(512);
        int fd;
        uint16_t port;

        assert_int(texts[i], listener_open(texts[i], false, 1, &fd, &port, &why), -EINVAL);
        buf_done(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_workers_have_one_port_and_others_only_when_it_is_shared),
        cmocka_unit_test(an_address_is_a_number_and_a_port),
    };

    return run_test_table(tests);
}
