/* The form of tenant keys: what is accepted, what is refused and why. */
#include "tenants/model/key.h"

#include <errno.h>

#include "tests/support/testing.h"

static struct key some_key(enum key_kind kind)
{
    uint8_t random[KEY_RANDOM_SIZE];
    for (size_t i = 0; i < sizeof(random); i++)
        random[i] = (uint8_t)(i * 37 + 11);
    return key_make(kind, random);
}

static void a_made_key_is_read_back(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
        struct key made = some_key((enum key_kind)kind), read;
        assert_int_equal(strlen(made.text), KEY_TEXT_LENGTH);
        assert_int_equal(key_parse(span_of(made.text), &read), KEY_OK);
        assert_int_equal(read.kind, kind);
        assert_string_equal(read.text, made.text);
        assert_string_equal(read.public_part, made.public_part);
        assert_memory_equal(made.text + 12, made.public_part, KEY_PUBLIC_LENGTH);
    }
}

static void the_prefix_may_be_left_out_and_the_hash_is_the_same(void **state)
{
    (void)state;
    struct key with = some_key(KEY_LIVE), without;
    assert_int_equal(key_parse(span_of(with.text + 3), &without), KEY_OK);
    assert_string_equal(without.text, with.text);
    struct sha256 a = key_hash(&with), b = key_hash(&without);
    assert_memory_equal(a.at, b.at, sizeof(a.at));
    struct sha256 whole = digest_sha256(span_of(with.text));
    assert_memory_equal(a.at, whole.at, sizeof(a.at));
}

static void the_checksum_is_the_crc_of_all_before_it(void **state)
{
    (void)state;
    struct key key = some_key(KEY_TEST);
    char expected[7] = {0};
    digest_base62(digest_crc32(0, key.text, KEY_TEXT_LENGTH - 6), expected, 6);
    assert_string_equal(key.text + KEY_TEXT_LENGTH - 6, expected);
}

static void garbage_is_refused_by_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        char byte;
        enum key_outcome outcome;
    } rows[] = {
        {"another scheme", 3, 'x', KEY_NOT_OURS},
        {"another version", 5, '2', KEY_NOT_OURS},
        {"an unknown kind", 7, 'x', KEY_NOT_OURS},
        {"no underscore behind the kind", 11, 'x', KEY_NOT_OURS},
        {"a blank in the public part", 12, ' ', KEY_NOT_OURS},
        {"an underscore in the public part", 27, '_', KEY_NOT_OURS},
        {"no underscore behind the public part", 28, 'x', KEY_NOT_OURS},
        {"a NUL in the secret", 40, '\0', KEY_NOT_OURS},
        {"a byte above ASCII in the secret", 40, '\xc3', KEY_NOT_OURS},
        {"a sign in the checksum", 77, '+', KEY_NOT_OURS},
        {"the other kind of slip: one letter of the secret", 50, '#', KEY_NOT_OURS},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        struct key key = some_key(KEY_LIVE), read = {.kind = KEY_MGMT};
        key.text[rows[i].at] = rows[i].byte;
        enum key_outcome outcome = key_parse(span_make(key.text, KEY_TEXT_LENGTH), &read);
        if (outcome != rows[i].outcome || read.kind != KEY_MGMT)
            fail_msg("%s: outcome %d", rows[i].what, (int)outcome);
    }
}

static void every_single_slip_within_the_alphabet_is_caught_by_the_checksum(void **state)
{
    (void)state;
    for (size_t at = 12; at < KEY_TEXT_LENGTH; at++) {
        if (at == 28)
            continue;
        struct key key = some_key(KEY_LIVE), read;
        key.text[at] = key.text[at] == 'a' ? 'b' : 'a';
        assert_int_equal(key_parse(span_make(key.text, KEY_TEXT_LENGTH), &read), KEY_BAD_CHECKSUM);
    }
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    char text[200];
    memset(text, 'a', sizeof(text));
    struct key key = some_key(KEY_LIVE), read;
    memcpy(text, key.text, KEY_TEXT_LENGTH);
    for (size_t size = 0; size < sizeof(text); size++) {
        if (size != KEY_TEXT_LENGTH)
            assert_int_equal(key_parse(span_make(text, size), &read), KEY_NOT_OURS);
    }
    assert_int_equal(key_parse(span_make(NULL, 0), &read), KEY_NOT_OURS);
}

static void kinds_have_names(void **state)
{
    (void)state;
    enum key_kind kind;
    assert_int_equal(key_kind_parse(span_of("mgmt"), &kind), 0);
    assert_int_equal(kind, KEY_MGMT);
    assert_int_equal(key_kind_parse(span_of("prod"), &kind), -ENOENT);
    assert_string_equal(key_kind_name(KEY_LIVE), "live");
}

static void a_forgotten_key_leaves_nothing(void **state)
{
    (void)state;
    struct key key = some_key(KEY_LIVE);
    const struct key empty = {0};
    key_forget(&key);
    assert_memory_equal(&key, &empty, sizeof(key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_key_is_read_back),
        cmocka_unit_test(the_prefix_may_be_left_out_and_the_hash_is_the_same),
        cmocka_unit_test(the_checksum_is_the_crc_of_all_before_it),
        cmocka_unit_test(garbage_is_refused_by_its_form),
        cmocka_unit_test(every_single_slip_within_the_alphabet_is_caught_by_the_checksum),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(a_forgotten_key_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
