#include "tests/support/testing.h"

#include <arpa/inet.h>

#include "common/base/address.h"

static enum address_kind kind_of(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (void *)&address;
    struct sockaddr_in6 *v6 = (void *)&address;

    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        address.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        address.ss_family = AF_INET6;
    }
    return address_kind_of((const struct sockaddr *)&address);
}

static void only_public_addresses_may_be_dialled(void **state)
{
    static const struct {
        const char *address;
        enum address_kind kind;
    } rows[] = {
        {"8.8.8.8", ADDRESS_PUBLIC},
        {"1.1.1.1", ADDRESS_PUBLIC},
        {"172.15.255.255", ADDRESS_PUBLIC},
        {"172.32.0.0", ADDRESS_PUBLIC},
        {"100.128.0.0", ADDRESS_PUBLIC},
        {"223.255.255.255", ADDRESS_PUBLIC},
        {"127.0.0.1", ADDRESS_LOOPBACK},
        {"127.255.0.1", ADDRESS_LOOPBACK},
        {"0.0.0.0", ADDRESS_FORBIDDEN},
        {"10.1.2.3", ADDRESS_FORBIDDEN},
        {"100.64.0.1", ADDRESS_FORBIDDEN},
        {"169.254.169.254", ADDRESS_FORBIDDEN},
        {"172.16.0.1", ADDRESS_FORBIDDEN},
        {"172.31.255.255", ADDRESS_FORBIDDEN},
        {"192.168.1.1", ADDRESS_FORBIDDEN},
        {"198.18.0.1", ADDRESS_FORBIDDEN},
        {"224.0.0.1", ADDRESS_FORBIDDEN},
        {"255.255.255.255", ADDRESS_FORBIDDEN},
        {"2606:4700::1111", ADDRESS_PUBLIC},
        {"::1", ADDRESS_LOOPBACK},
        {"::", ADDRESS_FORBIDDEN},
        {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
        {"::ffff:10.0.0.1", ADDRESS_FORBIDDEN},
        {"::ffff:8.8.8.8", ADDRESS_PUBLIC},
        {"64:ff9b::a9fe:a9fe", ADDRESS_FORBIDDEN},
        {"64:ff9b::808:808", ADDRESS_PUBLIC},
        {"2002:a00:1::1", ADDRESS_FORBIDDEN},
        {"2001::1", ADDRESS_FORBIDDEN},
        {"2001:db8::1", ADDRESS_FORBIDDEN},
        {"fe80::1", ADDRESS_FORBIDDEN},
        {"fd00::1", ADDRESS_FORBIDDEN},
        {"ff02::1", ADDRESS_FORBIDDEN},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].address, kind_of(rows[i].address), rows[i].kind);
}

static void a_family_that_is_no_internet_is_forbidden(void **state)
{
    const struct sockaddr address = {.sa_family = AF_UNIX};

    (void)state;
    assert_int_equal(address_kind_of(&address), ADDRESS_FORBIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses_may_be_dialled),
        cmocka_unit_test(a_family_that_is_no_internet_is_forbidden),
    };

    return run_test_table(tests);
}
