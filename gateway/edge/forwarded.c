/*
 * forwarded: see forwarded.h.
 */
#include "gateway/edge/forwarded.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BITS = 128, BITS_OF_V4 = 32, MAPPED = 12 };

/* "[::1]" as "::1". */
static struct span without_brackets(struct span text)
{
    bool bracketed = text.size >= 2 && text.at[0] == '[' && text.at[text.size - 1] == ']';

    return bracketed ? span_part(text, 1, text.size - 2) : text;
}

/* IPv4 and IPv6 in one form; *bits_out is how many bits an address of that family has. */
static bool parse_address(struct span text, uint8_t address_out[16], uint32_t *bits_out)
{
    static const uint8_t mapped[MAPPED] = {[10] = 0xff, [11] = 0xff};
    char copy[FORWARDED_ADDRESS_SIZE];

    text = without_brackets(text);
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    snprintf(copy, sizeof(copy), "%.*s", SPAN_ARG(text));
    if (strlen(copy) != text.size)
        return false;
    if (inet_pton(AF_INET, copy, address_out + MAPPED) == 1) {
        memcpy(address_out, mapped, MAPPED);
        *bits_out = BITS_OF_V4;
        return true;
    }
    *bits_out = BITS;
    return inet_pton(AF_INET6, copy, address_out) == 1;
}

int forwarded_trust_add(struct forwarded_trust *trust, struct span text)
{
    struct forwarded_net net;
    struct span rest = span_trim(text);
    struct span address = span_cut(&rest, '/');
    uint32_t family;
    int64_t bits;

    if (!parse_address(address, net.address, &family))
        return -EINVAL;
    bits = family;
    if (rest.at != NULL && (span_int64(rest, &bits) < 0 || bits < 0 || bits > family))
        return -EINVAL;
    if (trust->count == FORWARDED_NETS_MAX)
        return -ENOSPC;
    net.bits = BITS - family + (uint32_t)bits;
    trust->nets[trust->count++] = net;
    return 0;
}

static bool same_net(const struct forwarded_net *net, const uint8_t address[16])
{
    uint32_t whole = net->bits / 8, rest = net->bits % 8;

    if (memcmp(net->address, address, whole) != 0)
        return false;
    return rest == 0 || ((net->address[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

bool forwarded_trusts(const struct forwarded_trust *trust, struct span peer)
{
    uint8_t address[16];
    uint32_t bits;

    if (trust->count == 0 || !parse_address(peer, address, &bits))
        return false;
    for (uint32_t i = 0; i < trust->count; i++) {
        if (same_net(&trust->nets[i], address))
            return true;
    }
    return false;
}

static struct span cut_last(struct span *rest)
{
    size_t from = rest->size;
    struct span last;

    while (from > 0 && rest->at[from - 1] != ',')
        from--;
    last = span_trim(span_part(*rest, from, SIZE_MAX));
    *rest = span_part(*rest, 0, from > 0 ? from - 1 : 0);
    return last;
}

struct span forwarded_client(const struct forwarded_trust *trust, struct span peer,
                             struct span header)
{
    struct span client = peer;
    uint8_t address[16];
    uint32_t bits;

    for (int hop = 0; hop < FORWARDED_HOPS_MAX && header.size > 0; hop++) {
        if (!forwarded_trusts(trust, client))
            return client;
        struct span before = cut_last(&header);
        if (!parse_address(before, address, &bits))
            return client;
        client = without_brackets(before);
    }
    return client;
}

bool forwarded_secure(const struct forwarded_trust *trust, struct span peer, bool is_tls,
                      struct span header)
{
    return is_tls || (forwarded_trusts(trust, peer) && span_is_nocase(span_trim(header), "https"));
}
