/* record: what is read is what was written, or nothing. */
#include "gateway/journal/record.h"

#include "common/base/mem.h"
#include "tests/support/testing.h"

static const struct uuid journal = {{1, 2, 3}};
static const struct uuid other = {{9}};

static size_t write_one(char *at, uint64_t sequence, const char *payload)
{
    struct record record = {RECORD_FINAL, sequence, {{7}}, span_of(payload)};

    record_encode(&record, journal, at);
    return record_bytes(record.payload.size);
}

static void a_record_comes_back_as_it_was(void **state)
{
    static const char *const payloads[] = {"a", "1234567", "12345678", "123456789", "{\"id\":1}"};
    char at[256];

    (void)state;
    for (size_t i = 0; i < array_size(payloads); i++) {
        struct record got;
        size_t size = write_one(at, 41 + i, payloads[i]), read;

        in_row(payloads[i], size % 8 == 0);
        assert_int(payloads[i], record_decode(span_make(at, size), journal, 41 + i, &got, &read),
                   RECORD_OK);
        assert_int(payloads[i], read, size);
        assert_int(payloads[i], got.type, RECORD_FINAL);
        assert_int(payloads[i], got.sequence, 41 + i);
        assert_span(payloads[i], got.payload, payloads[i]);
    }
}

static void a_damaged_record_is_never_read(void **state)
{
    char at[128], bad[128];
    size_t size = write_one(at, 5, "the whole event"), read;
    struct record got;

    (void)state;
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(bad, at, size);
            bad[i] = (char)(bad[i] ^ 1 << bit);
            assert_int("one bit", record_decode(span_make(bad, size), journal, 5, &got, &read),
                       RECORD_TORN);
        }
        memcpy(bad, at, size);
        assert_int("cut", record_decode(span_make(bad, i), journal, 5, &got, &read),
                   i == 0 ? RECORD_END : RECORD_TORN);
        memset(bad + i, 0, size - i);
        assert_int("zeroed from here",
                   record_decode(span_make(bad, size), journal, 5, &got, &read) == RECORD_OK,
                   memcmp(bad, at, size) == 0);
    }
}

static void what_is_not_ours_is_refused(void **state)
{
    static const char zeros[128];
    char at[128];
    size_t size = write_one(at, 5, "x"), read;
    struct record got;

    (void)state;
    assert_int("another journal's", record_decode(span_make(at, size), other, 5, &got, &read),
               RECORD_TORN);
    assert_int("an older sequence", record_decode(span_make(at, size), journal, 6, &got, &read),
               RECORD_TORN);
    assert_int("any sequence", record_decode(span_make(at, size), journal, 0, &got, &read),
               RECORD_OK);
    assert_int("zeros", record_decode(span_make(zeros, sizeof(zeros)), journal, 5, &got, &read),
               RECORD_END);
}

static void a_segment_head_comes_back(void **state)
{
    struct segment_head head = {journal, other, 77}, got;
    char at[SEGMENT_HEAD_BYTES];

    (void)state;
    segment_head_encode(&head, at);
    assert_int("read", segment_head_decode(span_make(at, sizeof(at)), &got), 0);
    assert_true(uuid_equal(got.journal, journal) && uuid_equal(got.gateway, other) &&
                got.number == 77);
    at[41] ^= 1;
    in_row("a flipped bit", segment_head_decode(span_make(at, sizeof(at)), &got) < 0);
    in_row("cut", segment_head_decode(span_make(at, 10), &got) < 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_comes_back_as_it_was),
        cmocka_unit_test(a_damaged_record_is_never_read),
        cmocka_unit_test(what_is_not_ours_is_refused),
        cmocka_unit_test(a_segment_head_comes_back),
    };

    return run_test_table(tests);
}
