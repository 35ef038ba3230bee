#include "tests/support/testing.h"

#include "gateway/dialect/shape.h"

static void only_the_same_frame_with_another_plain_string_fits(void **state)
{
    static const char known[] = "{\"a\":\"text\",\"b\":null}";
    static const struct {
        const char *what, *data, *inside; /* NULL: does not fit */
    } rows[] = {
        {"itself", "{\"a\":\"text\",\"b\":null}", "text"},
        {"another text", "{\"a\":\"a longer text, of more than 8\",\"b\":null}",
         "a longer text, of more than 8"},
        {"one byte", "{\"a\":\"x\",\"b\":null}", "x"},
        {"an empty text says something else", "{\"a\":\"\",\"b\":null}", NULL},
        {"another end", "{\"a\":\"text\",\"b\":true}", NULL},
        {"another begin", "{\"A\":\"text\",\"b\":null}", NULL},
        {"cut", "{\"a\":\"text\",\"b\":nul", NULL},
        {"nothing", "", NULL},
        {"a quote", "{\"a\":\"te\",\"c\":\"xt\",\"b\":null}", NULL},
        {"a quote early", "{\"a\":\"\"text abcdefgh\",\"b\":null}", NULL},
        {"an escape", "{\"a\":\"text\\n\",\"b\":null}", NULL},
        {"an escape in the first eight", "{\"a\":\"te\\nxt text\",\"b\":null}", NULL},
        {"a line break", "{\"a\":\"text\ntext text\",\"b\":null}", NULL},
        {"a tab at the end", "{\"a\":\"text\t\",\"b\":null}", NULL},
        {"beyond ASCII", "{\"a\":\"t\xc3\xa4xt text\",\"b\":null}", NULL},
        {"beyond ASCII at the end", "{\"a\":\"12345678\xff\",\"b\":null}", NULL},
        {"delete is plain", "{\"a\":\"text\x7f texttext\",\"b\":null}", "text\x7f texttext"},
        {"neighbours of what is refused", "{\"a\":\"!#[]! #[]\",\"b\":null}", "!#[]! #[]"},
    };
    struct shape shape = {0};
    struct span data = span_of(known), inside;

    (void)state;
    assert_false(shape_fits(&shape, data, &inside));
    shape_learn(&shape, data, span_part(data, 6, 4), 0, 0);
    for (size_t i = 0; i < array_size(rows); i++) {
        bool fits = shape_fits(&shape, span_of(rows[i].data), &inside);
        assert_int(rows[i].what, fits, rows[i].inside != NULL);
        if (fits)
            assert_span(rows[i].what, inside, rows[i].inside);
    }
}

static void every_byte_is_judged_at_every_place(void **state)
{
    struct shape shape = {0};
    char data[32];
    struct span inside;

    (void)state;
    memset(data, 'x', sizeof(data));
    data[0] = data[sizeof(data) - 1] = '"';
    shape_learn(&shape, span_make(data, sizeof(data)), span_make(data + 1, sizeof(data) - 2), 0, 0);
    for (size_t at = 1; at + 1 < sizeof(data); at++)
        for (int byte = 0; byte < 256; byte++) {
            data[at] = (char)byte;
            assert_int_equal(shape_fits(&shape, span_make(data, sizeof(data)), &inside),
                             byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\');
            data[at] = 'x';
        }
}

static void a_cut_in_front_of_the_string_is_not_learnt(void **state)
{
    struct shape shape = {0};
    struct span data = span_of("{\"usage\":null,\"a\":\"text\"}"), inside;

    (void)state;
    shape_learn(&shape, data, span_part(data, 19, 4), 1, 14);
    assert_false(shape_fits(&shape, data, &inside));
    data = span_of("{\"a\":\"text\",\"usage\":null}");
    shape_learn(&shape, data, span_part(data, 6, 4), 11, 24);
    assert_true(shape_fits(&shape, data, &inside));
    assert_int_equal(shape.cut, 13);
    assert_int_equal(shape.cut_from_end, 14);
}

static void a_large_frame_is_not_learnt(void **state)
{
    static char large[SHAPE_MAX_BYTES + 8];
    struct shape shape = {0};
    struct span data = span_make(large, sizeof(large)), inside;

    (void)state;
    memset(large, 'x', sizeof(large));
    shape_learn(&shape, data, span_part(data, 4, 4), 0, 0);
    assert_false(shape_fits(&shape, data, &inside));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_same_frame_with_another_plain_string_fits),
        cmocka_unit_test(every_byte_is_judged_at_every_place),
        cmocka_unit_test(a_cut_in_front_of_the_string_is_not_learnt),
        cmocka_unit_test(a_large_frame_is_not_learnt),
    };

    return run_test_table(tests);
}
