#include "tests/support/testing.h"

#include <errno.h>

#include "common/base/id.h"

static void ids_of_one_thread_only_rise(void **state)
{
    struct uuid before = uuid_new();

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct uuid id = uuid_new();
        assert_true(uuid_is_v7(id));
        assert_true(uuid_compare(before, id) < 0);
        before = id;
    }
}

static void a_uuid_carries_its_time_and_day(void **state)
{
    static const struct {
        const char *what;
        int64_t unix_ms;
        int32_t day;
    } rows[] = {
        {"the epoch", 0, 0},
        {"the last millisecond of a day", 86399999, 0},
        {"the first of the next", 86400000, 1},
        {"a day of 2026", INT64_C(1795269660123), 20778},
        {"the largest", (INT64_C(1) << 48) - 1, 3257812},
    };
    static const uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct uuid id = uuid_make(rows[i].unix_ms, random);
        assert_int(rows[i].what, uuid_unix_ms(id), rows[i].unix_ms);
        assert_int(rows[i].what, uuid_day(id), rows[i].day);
        assert_true(uuid_is_v7(id));
    }
}

static void a_uuid_reads_back_as_written(void **state)
{
    static const struct {
        const char *what, *text;
        int outcome;
    } rows[] = {
        {"lower case", "0199f0a1-b2c3-7d4e-8f50-61728394a5b6", 0},
        {"upper case", "0199F0A1-B2C3-7D4E-8F50-61728394A5B6", 0},
        {"too short", "0199f0a1-b2c3-7d4e-8f50-61728394a5b", -EINVAL},
        {"too long", "0199f0a1-b2c3-7d4e-8f50-61728394a5b60", -EINVAL},
        {"a dash at the wrong place", "0199f0a1b-2c3-7d4e-8f50-61728394a5b6", -EINVAL},
        {"no hex digit", "0199f0a1-b2c3-7d4e-8f50-61728394a5bg", -EINVAL},
        {"empty", "", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct uuid id;
        char text[UUID_TEXT_SIZE];
        assert_int(rows[i].what, uuid_parse(span_of(rows[i].text), &id), rows[i].outcome);
        if (rows[i].outcome < 0)
            continue;
        uuid_format(id, text);
        assert_span(rows[i].what, span_of(text), "0199f0a1-b2c3-7d4e-8f50-61728394a5b6");
    }
}

static void typed_ids_read_back_as_written(void **state)
{
    (void)state;
    for (int kind = 0; kind < ID_KINDS; kind++) {
        for (int i = 0; i < 100; i++) {
            struct uuid id = uuid_new(), back;
            char text[ID_TEXT_SIZE];
            size_t size = id_format((enum id_kind)kind, id, text);
            assert_int("its length", size, strlen(text));
            assert_int("its own kind", id_parse((enum id_kind)kind, span_make(text, size), &back),
                       0);
            assert_true(uuid_equal(id, back));
            int other = (kind + 1) % ID_KINDS;
            assert_int("another kind", id_parse((enum id_kind)other, span_make(text, size), &back),
                       -EINVAL);
        }
    }
}

static void typed_ids_have_one_form_and_forgive_what_people_mistype(void **state)
{
    static const struct {
        const char *what, *text, *wanted; /* NULL: refused */
    } rows[] = {
        {"all zero", "ten_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"},
        {"all ones", "ten_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
        {"more than 128 bits", "ten_80000000000000000000000000", NULL},
        {"the last bit", "ten_00000000000000000000000001", "00000000-0000-0000-0000-000000000001"},
        {"i for 1", "ten_0000000000000000000000000i", "00000000-0000-0000-0000-000000000001"},
        {"I for 1", "ten_0000000000000000000000000I", "00000000-0000-0000-0000-000000000001"},
        {"l for 1", "ten_0000000000000000000000000l", "00000000-0000-0000-0000-000000000001"},
        {"L for 1", "ten_0000000000000000000000000L", "00000000-0000-0000-0000-000000000001"},
        {"o for 0", "ten_0000000000000000000000000o", "00000000-0000-0000-0000-000000000000"},
        {"O for 0", "ten_O0000000000000000000000000", "00000000-0000-0000-0000-000000000000"},
        {"upper case", "ten_0000000000000000000000000Z", "00000000-0000-0000-0000-00000000001f"},
        {"every letter", "ten_0abcdefghjkmnpqrstvwxyz987", "0a5b1ae7-c232-9d2b-6be3-3adf3befa507"},
        {"u is no digit", "ten_0000000000000000000000000u", NULL},
        {"U is no digit", "ten_0000000000000000000000000U", NULL},
        {"a dash is no digit", "ten_0000000000000-000000000000", NULL},
        {"too short", "ten_0000000000000000000000000", NULL},
        {"too long", "ten_000000000000000000000000000", NULL},
        {"the prefix in upper case", "TEN_00000000000000000000000000", NULL},
        {"another separator", "ten-00000000000000000000000000", NULL},
        {"no prefix", "00000000000000000000000000", NULL},
        {"empty", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct uuid id;
        char text[UUID_TEXT_SIZE];
        int r = id_parse(ID_TENANT, span_of(rows[i].text), &id);
        assert_int(rows[i].what, r, rows[i].wanted == NULL ? -EINVAL : 0);
        if (rows[i].wanted == NULL)
            continue;
        uuid_format(id, text);
        assert_span(rows[i].what, span_of(text), rows[i].wanted);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_of_one_thread_only_rise),
        cmocka_unit_test(a_uuid_carries_its_time_and_day),
        cmocka_unit_test(a_uuid_reads_back_as_written),
        cmocka_unit_test(typed_ids_read_back_as_written),
        cmocka_unit_test(typed_ids_have_one_form_and_forgive_what_people_mistype),
    };

    return run_test_table(tests);
}
