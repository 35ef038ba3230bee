#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/digest.h"

static void checksums_match_the_known_vectors(void **state)
{
    static const char zeros[32];
    static const struct {
        const char *what;
        struct span text;
        uint32_t crc32c, crc32;
    } rows[] = {
        {"nothing", {NULL, 0}, 0, 0},
        {"one byte", {"a", 1}, 0xc1d04330, 0xe8b7be43},
        {"the check value", {"123456789", 9}, 0xe3069283, 0xcbf43926},
        {"32 zeros (RFC 3720, B.4)", {zeros, 32}, 0x8a9136aa, 0x190a55ad},
        {"a sentence", {"The quick brown fox jumps over the lazy dog", 43}, 0x22620404, 0x414fa339},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span text = rows[i].text;
        assert_int(rows[i].what, digest_crc32c(0, text.at, text.size), rows[i].crc32c);
        assert_int(rows[i].what, digest_crc32(0, text.at, text.size), rows[i].crc32);
        for (size_t cut = 0; cut <= text.size; cut++) {
            uint32_t first = digest_crc32c(0, text.at, cut);
            struct span rest = span_part(text, cut, SIZE_MAX);
            assert_int(rows[i].what, digest_crc32c(first, rest.at, rest.size), rows[i].crc32c);
            first = digest_crc32(0, text.at, cut);
            assert_int(rows[i].what, digest_crc32(first, rest.at, rest.size), rows[i].crc32);
        }
    }
}

static void sha256_matches_the_known_vectors(void **state)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char hex[65];
        struct sha256 sum = digest_sha256(span_of(rows[i].text));
        digest_hex(sum.at, sizeof(sum.at), hex);
        assert_span(rows[i].text, span_of(hex), rows[i].hex);
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++) {
            const struct span pieces[] = {{rows[i].text, cut}, span_of(rows[i].text + cut)};

            sum = digest_sha256_pieces(pieces, array_size(pieces));
            digest_hex(sum.at, sizeof(sum.at), hex);
            assert_span(rows[i].text, span_of(hex), rows[i].hex);
        }
    }
}

/* RFC 4231. */
static void hmac_matches_the_known_vectors(void **state)
{
    static const char key[20] = "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
                                "\x0b\x0b\x0b\x0b";
    const struct {
        const char *what;
        struct span key, text;
        const char *hex;
    } rows[] = {
        {"case 1", span_make(key, 20), span_of("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"case 2", span_of("Jefe"), span_of("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"nothing at all", span_make(NULL, 0), span_make(NULL, 0),
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char hex[65];
        struct sha256 sum = digest_hmac_sha256(rows[i].key, rows[i].text);
        digest_hex(sum.at, sizeof(sum.at), hex);
        assert_span(rows[i].what, span_of(hex), rows[i].hex);
    }
}

static void hex_reads_back_and_refuses_the_rest(void **state)
{
    static const struct {
        const char *what, *text;
        int outcome;
    } rows[] = {
        {"small letters", "00ff1a", 0},
        {"capitals", "00FF1A", 0},
        {"too short", "00ff1", -EINVAL},
        {"too long", "00ff1a0", -EINVAL},
        {"no hex digit", "00fg1a", -EINVAL},
        {"a blank", "00 f1a", -EINVAL},
        {"empty", "", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        uint8_t bytes[3] = {1, 2, 3};
        assert_int(rows[i].what, digest_unhex(span_of(rows[i].text), bytes, sizeof(bytes)),
                   rows[i].outcome);
        static const uint8_t read[3] = {0x00, 0xff, 0x1a}, kept[3] = {1, 2, 3};
        assert_memory_equal(bytes, rows[i].outcome == 0 ? read : kept, sizeof(bytes));
    }
}

static void base62_is_padded_and_random_text_is_in_its_alphabet(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {
        {0, "000000"}, {61, "00000z"}, {62, "000010"}, {UINT32_MAX, "4gfFC3"}, {10, "00000A"},
    };
    size_t counts[256] = {0};
    char text[6201];

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char six[6];
        digest_base62(rows[i].value, six, sizeof(six));
        assert_true(span_equal(span_make(six, 6), span_of(rows[i].text)));
    }
    digest_random_base62(text, sizeof(text) - 1);
    assert_int("its length", strlen(text), sizeof(text) - 1);
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        counts[(unsigned char)text[i]]++;
    /* 100 of each are expected; 10 standard deviations either way are never seen. */
    for (int c = 0; c < 256; c++) {
        bool in = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        assert_true(in ? counts[c] > 0 && counts[c] < 200 : counts[c] == 0);
    }
}

static void random_bytes_differ(void **state)
{
    uint8_t a[300] = {0}, b[300] = {0};

    (void)state;
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    assert_false(digest_equal(a, b, sizeof(a)));
    assert_true(digest_equal(a, a, sizeof(a)));
}

/* RFC 4648, 10, in the alphabet of 5. */
static void base64url_goes_there_and_back(void **state)
{
    static const struct {
        const char *what;
        struct span bytes;
        const char *text;
    } rows[] = {
        {"nothing", {"", 0}, ""},           {"one byte", {"f", 1}, "Zg"},
        {"two", {"fo", 2}, "Zm8"},          {"three", {"foo", 3}, "Zm9v"},
        {"six", {"foobar", 6}, "Zm9vYmFy"}, {"the two of its own", {"\xfb\xff\xfe", 3}, "-__-"},
        {"a NUL", {"\0", 1}, "AA"},
    };
    static const char *const wrong[] = {
        "Z", "Zh", "Zm9", "Zg==", "Zm9v!", "Zm 9v", "+/+/", "Zm8\n"};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf text = buf_make(100);
        cleanup(buf_done) struct buf bytes = buf_make(100);
        digest_base64url(rows[i].bytes, &text);
        in_row(rows[i].what, span_is(buf_span(&text), rows[i].text));
        assert_int(rows[i].what, digest_unbase64url(span_of(rows[i].text), &bytes), 0);
        in_row(rows[i].what, span_equal(buf_span(&bytes), rows[i].bytes));
    }
    for (size_t i = 0; i < array_size(wrong); i++) {
        cleanup(buf_done) struct buf bytes = buf_make(100);
        assert_int(wrong[i], digest_unbase64url(span_of(wrong[i]), &bytes), -EINVAL);
    }
    cleanup(buf_done) struct buf small = buf_make(2);
    assert_int("no room", digest_unbase64url(span_of("Zm9v"), &small), -EMSGSIZE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_match_the_known_vectors),
        cmocka_unit_test(sha256_matches_the_known_vectors),
        cmocka_unit_test(hmac_matches_the_known_vectors),
        cmocka_unit_test(hex_reads_back_and_refuses_the_rest),
        cmocka_unit_test(base62_is_padded_and_random_text_is_in_its_alphabet),
        cmocka_unit_test(random_bytes_differ),
        cmocka_unit_test(base64url_goes_there_and_back),
    };

    return run_test_table(tests);
}
