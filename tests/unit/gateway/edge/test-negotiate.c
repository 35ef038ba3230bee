#include "gateway/edge/negotiate.h"

#include "tests/support/testing.h"

enum { ALL = 1 << CODING_BROTLI | 1 << CODING_GZIP | 1 << CODING_IDENTITY };

static void a_coding_is_chosen_as_the_client_likes_it(void **state)
{
    static const struct {
        const char *accept; /* NULL: no such header */
        unsigned available;
        enum coding coding;
    } rows[] = {
        {NULL, ALL, CODING_IDENTITY},
        {"", ALL, CODING_IDENTITY},
        {"gzip, deflate, br, zstd", ALL, CODING_BROTLI},
        {"gzip, deflate, br", 1 << CODING_GZIP, CODING_GZIP},
        {"gzip, deflate, br", 0, CODING_IDENTITY},
        {"gzip", ALL, CODING_GZIP},
        {"GZip", ALL, CODING_GZIP},
        {"x-gzip", ALL, CODING_GZIP},
        {"gzipped", ALL, CODING_IDENTITY},
        {"br;q=0.5, gzip;q=0.8", ALL, CODING_GZIP},
        {"br;q=0.5,gzip;q=0.5", ALL, CODING_BROTLI},
        {"br ; Q=0.500 , gzip ; q=0.501", ALL, CODING_GZIP},
        {"br;q=0", ALL, CODING_IDENTITY},
        {"br;q=0, *", ALL, CODING_GZIP},
        {"*", ALL, CODING_BROTLI},
        {"*;q=0", ALL, CODING_IDENTITY},
        {"identity;q=1, br;q=0.9", ALL, CODING_IDENTITY},
        {"identity;q=0", ALL, CODING_IDENTITY},
        {"identity;q=0, gzip;q=0.1", ALL, CODING_GZIP},
        {"br;q=0, br;q=1", ALL, CODING_IDENTITY},
        {"br;q=2", ALL, CODING_IDENTITY},
        {"br;q=1.001", ALL, CODING_IDENTITY},
        {"br;q=x", ALL, CODING_IDENTITY},
        {"br;q=", ALL, CODING_IDENTITY},
        {"br;q=0.12345", ALL, CODING_IDENTITY},
        {"br;level=3", ALL, CODING_BROTLI},
        {",,;;,=,br", ALL, CODING_BROTLI},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].accept == NULL ? "none" : rows[i].accept,
                   negotiate_coding(span_of(rows[i].accept), rows[i].available), rows[i].coding);
}

static void what_a_client_has_is_found_in_its_list(void **state)
{
    static const struct {
        const char *list;
        bool has;
    } rows[] = {
        {NULL, false},
        {"", false},
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"*", true},
        {"\"x\", \"abc\"", true},
        {"\"x\" ,W/\"abc\" ,", true},
        {"abc", false},
        {"\"ab\"", false},
        {"\"abcd\"", false},
        {",", false},
        {"w/\"abc\"", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].list == NULL ? "none" : rows[i].list,
                   negotiate_has(span_of(rows[i].list), span_of("\"abc\"")), rows[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coding_is_chosen_as_the_client_likes_it),
        cmocka_unit_test(what_a_client_has_is_found_in_its_list),
    };

    return run_test_table(tests);
}
