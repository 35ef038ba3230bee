#include "common/httpd/chunked.h"

#include "tests/support/testing.h"

static const struct {
    const char *what, *text, *body, *rest;
    enum chunked_state state;
} rows[] = {
    {"two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET", "abcde", "GET", CHUNKED_DONE},
    {"leading zeros", "0003\r\nabc\r\n000\r\n\r\n", "abc", "", CHUNKED_DONE},
    {"an extension", "3;a=\"b\"\r\nabc\r\n0;x\r\n\r\n", "abc", "", CHUNKED_DONE},
    {"both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", "",
     CHUNKED_DONE},
    {"cut", "3\r\nab", "ab", "", CHUNKED_DATA},
    {"0x", "0x3\r\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"a sign", "+3\r\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"a blank before", " 3\r\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"a blank behind", "3 \r\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"no size", "\r\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"a bare line feed", "3\nabc\r\n0\r\n\r\n", "", NULL, CHUNKED_BROKEN},
    {"a bare line feed behind the data", "3\r\nabc\n0\r\n\r\n", "abc", NULL, CHUNKED_BROKEN},
    {"data too long", "3\r\nabcd\r\n0\r\n\r\n", "abc", NULL, CHUNKED_BROKEN},
    {"an overflow", "100000000\r\nabc", "", NULL, CHUNKED_BROKEN},
    {"CR in an extension", "3;\rx\r\nabc", "", NULL, CHUNKED_BROKEN},
    {"NUL is no size", "z", "", NULL, CHUNKED_BROKEN},
    {"a trailer", "0\r\nA: b\r\n\r\n", "", NULL, CHUNKED_BROKEN},
};

static void every_split_gives_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        size_t size = strlen(rows[i].text);

        for (size_t split = 0; split <= size; split++) {
            struct chunked chunked = {0};
            char body[64];
            size_t got = 0;
            struct span rest = {rows[i].text, split}, run;

            while ((run = chunked_next(&chunked, &rest, SIZE_MAX)).size > 0) {
                memcpy(body + got, run.at, run.size);
                got += run.size;
            }
            rest = span_make(rest.at, rest.size + size - split);
            while ((run = chunked_next(&chunked, &rest, SIZE_MAX)).size > 0) {
                memcpy(body + got, run.at, run.size);
                got += run.size;
            }
            assert_span(rows[i].what, span_make(body, got), rows[i].body);
            assert_int(rows[i].what, chunked.state, rows[i].state);
            if (rows[i].rest != NULL)
                assert_span(rows[i].what, rest, rows[i].rest);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_split_gives_the_same)};

    return run_test_table(tests);
}
