/*
 * id: see id.h.
 */
#include "common/base/id.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/mem.h"

#define DAY_MS INT64_C(86400000)
#define BODY_CHARACTERS 26
#define POOL_BYTES 256

static const char *const prefixes[ID_KINDS] = {
    [ID_TENANT] = "ten",       [ID_PROJECT] = "prj",    [ID_KEY] = "key",
    [ID_MEMBER] = "mem",       [ID_DEPLOYMENT] = "dep", [ID_PRICE_VERSION] = "prc",
    [ID_PLAN_VERSION] = "pln", [ID_LEASE] = "lse",      [ID_INVOICE] = "inv",
    [ID_GATEWAY] = "gw",       [ID_JOURNAL] = "jrn",    [ID_GENERATION] = "gen",
    [ID_OPERATOR] = "opr",     [ID_GRANT] = "crd",      [ID_TRANSACTION] = "txn",
    [ID_CREDENTIAL] = "pcr",   [ID_SESSION] = "ses",    [ID_PRESET] = "pst",
};

struct uuid uuid_make(int64_t unix_ms, const uint8_t random[10])
{
    struct uuid id;

    must(unix_ms >= 0 && unix_ms < INT64_C(1) << 48);
    for (int i = 0; i < 6; i++)
        id.at[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    memcpy(id.at + 6, random, 10);
    id.at[6] = (uint8_t)((id.at[6] & 0x0f) | 0x70);
    id.at[8] = (uint8_t)((id.at[8] & 0x3f) | 0x80);
    return id;
}

/* What a thread remembers to stay monotonic, and random bytes drawn ahead so that a new id costs a
 * system call only now and then. */
struct maker {
    int64_t last_ms;
    uint8_t last[10]; /* the random bytes of the last id */
    uint8_t pool[POOL_BYTES];
    size_t left;
};

static void draw(struct maker *maker, uint8_t *bytes_out, size_t size)
{
    if (maker->left < size) {
        digest_random(maker->pool, sizeof(maker->pool));
        maker->left = sizeof(maker->pool);
    }
    maker->left -= size;
    memcpy(bytes_out, maker->pool + maker->left, size);
}

/* Adds to the 74 bits that are not version or variant; false when they overflow. */
static bool add_to_random(uint8_t random[10], uint32_t step)
{
    uint64_t low = 0;

    for (int i = 2; i < 10; i++)
        low = low << 8 | random[i];
    low = (low & (UINT64_MAX >> 2)) + step;
    for (int i = 9; i >= 2; i--) {
        random[i] = (uint8_t)low;
        low >>= 8;
    }
    if ((random[2] & 0x40) == 0)
        return true;
    random[2] &= 0x3f;
    unsigned high = (((unsigned)random[0] & 0x0f) << 8 | random[1]) + 1;
    random[0] = (uint8_t)(high >> 8);
    random[1] = (uint8_t)high;
    return high <= 0xfff;
}

struct uuid uuid_new(void)
{
    static _Thread_local struct maker maker;
    int64_t now_ms = clock_wall_ms();
    uint32_t step;

    if (now_ms > maker.last_ms) {
        maker.last_ms = now_ms;
        draw(&maker, maker.last, sizeof(maker.last));
        return uuid_make(maker.last_ms, maker.last);
    }
    /* The same millisecond, or a clock set back: go on from the last id (RFC 9562, 6.2). */
    draw(&maker, (uint8_t *)&step, sizeof(step));
    if (!add_to_random(maker.last, step / 2 + 1)) {
        maker.last_ms++;
        draw(&maker, maker.last, sizeof(maker.last));
    }
    return uuid_make(maker.last_ms, maker.last);
}

int64_t uuid_unix_ms(struct uuid id)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.at[i];
    return ms;
}

int32_t uuid_day(struct uuid id)
{
    return (int32_t)(uuid_unix_ms(id) / DAY_MS);
}

bool uuid_is_zero(struct uuid id)
{
    static const struct uuid zero;

    return uuid_equal(id, zero);
}

bool uuid_is_v7(struct uuid id)
{
    return (id.at[6] & 0xf0) == 0x70 && (id.at[8] & 0xc0) == 0x80;
}

bool uuid_equal(struct uuid a, struct uuid b)
{
    return memcmp(a.at, b.at, sizeof(a.at)) == 0;
}

int uuid_compare(struct uuid a, struct uuid b)
{
    return memcmp(a.at, b.at, sizeof(a.at));
}

void uuid_format(struct uuid id, char text_out[UUID_TEXT_SIZE])
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    const uint8_t *from = id.at;
    char *at = text_out;

    for (size_t i = 0; i < sizeof(groups); i++) {
        if (i > 0)
            *at++ = '-';
        digest_hex(from, groups[i], at);
        from += groups[i];
        at += 2 * groups[i];
    }
}

int uuid_parse(struct span text, struct uuid *id_out)
{
    char digits[32];
    size_t count = 0;

    if (text.size != UUID_TEXT_SIZE - 1)
        return -EINVAL;
    for (size_t i = 0; i < text.size; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text.at[i] == '-'))
            return -EINVAL;
        if (!dash)
            digits[count++] = text.at[i];
    }
    return digest_unhex(span_make(digits, count), id_out->at, sizeof(id_out->at));
}

/* The last `count` base32 digits of a number. */
static void put_digits(uint64_t value, int count, char *at)
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    for (int i = count - 1; i >= 0; i--, value >>= 5)
        at[i] = digits[value & 31];
}

size_t id_format(enum id_kind kind, struct uuid id, char text_out[ID_TEXT_SIZE])
{
    size_t prefix = strlen(prefixes[kind]);
    char *at = text_out + prefix + 1;
    uint64_t high = 0, low = 0;

    for (size_t i = 0; i < 8; i++) {
        high = high << 8 | id.at[i];
        low = low << 8 | id.at[8 + i];
    }
    memcpy(text_out, prefixes[kind], prefix);
    text_out[prefix] = '_';
    /* 130 bits hold the 128: two zeros stand before them. 12 digits are 60 bits. */
    put_digits(high >> 56, 2, at);
    put_digits(high << 4 | low >> 60, 12, at + 2);
    put_digits(low, 12, at + 14);
    at[26] = '\0';
    return prefix + 1 + 26;
}

/* Crockford's alphabet: both cases, i and l read as 1, o as 0, u is not in it. -1 for others. */
static int crockford(char c)
{
    static const signed char letters[26] = {
        10, 11, 12, 13, 14, 15, 16, 17, 1,  18, 19, 1,  20, /* a to m */
        21, 0,  22, 23, 24, 25, 26, -1, 27, 28, 29, 30, 31, /* n to z */
    };

    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return letters[c - 'a'];
    return c >= 'A' && c <= 'Z' ? letters[c - 'A'] : -1;
}

int id_parse(enum id_kind kind, struct span text, struct uuid *id_out)
{
    size_t prefix = strlen(prefixes[kind]);
    struct uuid id = {{0}};
    unsigned bits = 0, count = 0;
    size_t filled = 0;

    if (!span_starts(text, prefixes[kind]) || text.size != prefix + 1 + BODY_CHARACTERS ||
        text.at[prefix] != '_')
        return -EINVAL;
    for (size_t i = prefix + 1; i < text.size; i++) {
        int value = crockford(text.at[i]);
        bool first = i == prefix + 1;
        if (value < 0 || (first && value > 7))
            return -EINVAL;
        bits = (bits << 5 | (unsigned)value) & 0xffff;
        count += first ? 3 : 5;
        if (count >= 8) {
            count -= 8;
            id.at[filled++] = (uint8_t)(bits >> count);
        }
    }
    *id_out = id;
    return 0;
}
