#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/digest.h"
#include "common/pg/pg_numeric.h"

static void whole_numbers_read_back_as_written(void **state)
{
    static const struct {
        const char *what, *digits, *hex;
    } rows[] = {
        {"zero", "0", "0000000000000000"},
        {"one", "1", "00010000000000000001"},
        {"minus one", "-1", "00010000400000000001"},
        {"a full group", "9999", "0001000000000000270f"},
        {"one more", "10000", "00010001000000000001"},
        {"a zero group inside", "100000001", "0003000200000000000100000001"},
        {"zero groups at the end are left out", "1200000000", "0001000200000000000c"},
        {"one unit in pico", "1000000000000", "00010003000000000001"},
        {"the largest that a column holds", "99999999999999999999999999999999999999", NULL},
        {"the smallest", "-99999999999999999999999999999999999999", NULL},
        {"the largest int128", "170141183460469231731687303715884105727", NULL},
        {"the smallest int128", "-170141183460469231731687303715884105728", NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        uint8_t bytes[PG_NUMERIC_MAX], wanted[PG_NUMERIC_MAX];
        int128 value = int128_of(rows[i].digits), back;
        size_t size = pg_numeric_encode(value, bytes);
        assert_int(rows[i].what, pg_numeric_decode(span_make((char *)bytes, size), &back), 0);
        assert_money(rows[i].what, back, rows[i].digits);
        if (rows[i].hex == NULL)
            continue;
        assert_int(rows[i].what, strlen(rows[i].hex), 2 * size);
        assert_int(rows[i].what, digest_unhex(span_of(rows[i].hex), wanted, size), 0);
        assert_memory_equal(bytes, wanted, size);
    }
}

static void what_is_no_whole_number_is_refused(void **state)
{
    static const struct {
        const char *what, *hex;
        int outcome;
    } rows[] = {
        {"nothing", "", -EINVAL},
        {"a cut head", "00010000000000", -EINVAL},
        {"a group is missing", "0002000100000000000c", -EINVAL},
        {"a group too many", "0001000000000000000c0001", -EINVAL},
        {"not a number", "00000000c0000000", -EINVAL},
        {"infinity", "00000000d0000000", -EINVAL},
        {"a group of five digits", "00010000000000002710", -EINVAL},
        {"a half", "0001ffff000000011388", -EINVAL},
        {"one and a half", "000200000000000100011388", -EINVAL},
        {"one with zeros behind the point", "000200000000000200010000", 0},
        {"10^40", "0001000a000000000001", -ERANGE},
        {"2 * 10^38", "00010009000000000c80", -ERANGE},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char bytes[64];
        int128 value;
        size_t size = strlen(rows[i].hex) / 2;
        assert_int(rows[i].what, digest_unhex(span_of(rows[i].hex), bytes, size), 0);
        assert_int(rows[i].what, pg_numeric_decode(span_make(bytes, size), &value),
                   rows[i].outcome);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_read_back_as_written),
        cmocka_unit_test(what_is_no_whole_number_is_refused),
    };

    return run_test_table(tests);
}
