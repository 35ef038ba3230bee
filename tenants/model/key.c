/*
 * key: see key.h. One place holds the layout, as offsets into the canonical text.
 */
#include "tenants/model/key.h"

#include <errno.h>
#include <string.h>

#define PREFIX "sk-"
#define PREFIX_LENGTH 3
#define FORM "tg1_"
#define FORM_LENGTH 4
#define KIND_LENGTH 4
#define CHECKSUM_LENGTH 6

#define KIND_AT (PREFIX_LENGTH + FORM_LENGTH)
#define PUBLIC_AT (KIND_AT + KIND_LENGTH + 1)
#define SECRET_AT (PUBLIC_AT + KEY_PUBLIC_LENGTH + 1)
#define CHECKSUM_AT (SECRET_AT + KEY_SECRET_LENGTH)

_Static_assert(CHECKSUM_AT + CHECKSUM_LENGTH == KEY_TEXT_LENGTH, "the parts add up");
_Static_assert(KEY_RANDOM_SIZE == 4 * (KEY_PUBLIC_LENGTH + KEY_SECRET_LENGTH), "4 bytes each");

static const char *const kind_names[KEY_KINDS] = {
    [KEY_LIVE] = "live",
    [KEY_TEST] = "test",
    [KEY_MGMT] = "mgmt",
};

const char *key_kind_name(enum key_kind kind)
{
    return kind_names[kind];
}

int key_kind_parse(struct span name, enum key_kind *kind_out)
{
    for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
        if (span_is(name, kind_names[kind])) {
            *kind_out = (enum key_kind)kind;
            return 0;
        }
    }
    return -ENOENT;
}

static bool is_base62(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool all_base62(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_base62(at[i]))
            return false;
    }
    return true;
}

static void checksum_of(const char *text, char checksum_out[CHECKSUM_LENGTH])
{
    digest_base62(digest_crc32(0, text, CHECKSUM_AT), checksum_out, CHECKSUM_LENGTH);
}

/* Everything but the checksum, of a text that has the canonical length. */
static bool well_formed(const char *text, enum key_kind *kind_out)
{
    return memcmp(text, PREFIX FORM, PREFIX_LENGTH + FORM_LENGTH) == 0 &&
           key_kind_parse(span_make(text + KIND_AT, KIND_LENGTH), kind_out) == 0 &&
           text[PUBLIC_AT - 1] == '_' && text[SECRET_AT - 1] == '_' &&
           all_base62(text + PUBLIC_AT, KEY_PUBLIC_LENGTH) &&
           all_base62(text + SECRET_AT, KEY_SECRET_LENGTH + CHECKSUM_LENGTH);
}

enum key_outcome key_parse(struct span text, struct key *key_out)
{
    size_t skipped = span_starts(text, PREFIX) ? 0 : PREFIX_LENGTH;
    if (text.size != KEY_TEXT_LENGTH - skipped)
        return KEY_NOT_OURS;
    struct key key = {0};
    memcpy(key.text, PREFIX, skipped);
    memcpy(key.text + skipped, text.at, text.size);
    enum key_outcome outcome = KEY_NOT_OURS;
    if (well_formed(key.text, &key.kind)) {
        char checksum[CHECKSUM_LENGTH];
        checksum_of(key.text, checksum);
        /* The checksum guards against slips, not attackers, so it need not compare in constant
         * time. */
        outcome = memcmp(checksum, key.text + CHECKSUM_AT, CHECKSUM_LENGTH) == 0 ? KEY_OK
                                                                                 : KEY_BAD_CHECKSUM;
    }
    if (outcome == KEY_OK) {
        memcpy(key.public_part, key.text + PUBLIC_AT, KEY_PUBLIC_LENGTH);
        *key_out = key;
    }
    key_forget(&key);
    return outcome;
}

/* The remainder of 32 random bits favours no character by more than 2e-8. */
static void random_base62(const uint8_t *random, char *at, size_t count)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (size_t i = 0; i < count; i++) {
        uint32_t value;
        memcpy(&value, random + 4 * i, sizeof(value));
        at[i] = alphabet[value % 62];
    }
}

struct key key_make(enum key_kind kind, const uint8_t random[KEY_RANDOM_SIZE])
{
    struct key key = {.kind = kind};
    memcpy(key.text, PREFIX FORM, PREFIX_LENGTH + FORM_LENGTH);
    memcpy(key.text + KIND_AT, kind_names[kind], KIND_LENGTH);
    key.text[PUBLIC_AT - 1] = '_';
    random_base62(random, key.text + PUBLIC_AT, KEY_PUBLIC_LENGTH);
    key.text[SECRET_AT - 1] = '_';
    random_base62(random + (size_t)4 * KEY_PUBLIC_LENGTH, key.text + SECRET_AT, KEY_SECRET_LENGTH);
    checksum_of(key.text, key.text + CHECKSUM_AT);
    memcpy(key.public_part, key.text + PUBLIC_AT, KEY_PUBLIC_LENGTH);
    return key;
}

struct sha256 key_hash(const struct key *key)
{
    return digest_sha256(span_make(key->text, KEY_TEXT_LENGTH));
}

void key_forget(struct key *key)
{
    explicit_bzero(key, sizeof(*key));
}
