/*
 * address: see the header.
 */
#include "common/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint32_t network;
    int bits;
} forbidden[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: carrier-grade NAT */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, cloud metadata */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 3},  /* 224.0.0.0/3: multicast, reserved, broadcast */
};

static enum address_kind kind4(uint32_t address)
{
    if (address >> 24 == 127)
        return ADDRESS_LOOPBACK;
    for (size_t i = 0; i < array_size(forbidden); i++)
        if ((address ^ forbidden[i].network) >> (32 - forbidden[i].bits) == 0)
            return ADDRESS_FORBIDDEN;
    return ADDRESS_PUBLIC;
}

static uint32_t read32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool starts(const uint8_t *at, const uint8_t *prefix, size_t size)
{
    return memcmp(at, prefix, size) == 0;
}

/* Addresses that stand for an IPv4 address: where it stands in them, or -1. */
static int carried4(const uint8_t *at)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t six_to_four[2] = {0x20, 0x02};

    if (starts(at, mapped, sizeof(mapped)) || starts(at, nat64, sizeof(nat64)))
        return 12;
    return starts(at, six_to_four, sizeof(six_to_four)) ? 2 : -1;
}

static enum address_kind kind6(const uint8_t *at)
{
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t protocols[2] = {0x20, 0x01}; /* 2001::/23, Teredo and others */
    static const uint8_t documentation[4] = {0x20, 0x01, 0x0d, 0xb8};
    int carried = carried4(at);

    if (carried >= 0)
        return kind4(read32(at + carried));
    if (starts(at, loopback, sizeof(loopback)))
        return ADDRESS_LOOPBACK;
    if (starts(at, documentation, sizeof(documentation)) ||
        (starts(at, protocols, sizeof(protocols)) && (at[2] & 0xfe) == 0))
        return ADDRESS_FORBIDDEN;
    /* Only 2000::/3 is global unicast. */
    return (at[0] & 0xe0) == 0x20 ? ADDRESS_PUBLIC : ADDRESS_FORBIDDEN;
}

enum address_kind address_kind_of(const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return kind4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        return kind6(v6.sin6_addr.s6_addr);
    }
    return ADDRESS_FORBIDDEN;
}
