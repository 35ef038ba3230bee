/* How a text of SQL is cut into statements. */
#include "migrations/split.h"

#include "tests/support/testing.h"

static void statements_end_at_semicolons_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *what, *sql;
        const char *statements[4];
        uint32_t lines[4];
    } rows[] = {
        {"nothing", "", {NULL}, {0}},
        {"blanks and comments", " \n-- a;\n/* b; /* c; */ */ ;; ", {NULL}, {0}},
        {"two on two lines", "SELECT 1;\nSELECT 2;\n", {"SELECT 1", "SELECT 2"}, {1, 2}},
        {"no semicolon at the end", "SELECT 1", {"SELECT 1"}, {1}},
        {"a comment before", "-- why\n\nSELECT 1;", {"SELECT 1"}, {3}},
        {"a comment inside", "SELECT -- ;\n1;SELECT 2", {"SELECT -- ;\n1", "SELECT 2"}, {1, 2}},
        {"a string", "SELECT ';', 'it''s;';x", {"SELECT ';', 'it''s;'", "x"}, {1, 1}},
        {"a name", "SELECT \"a;\"\"b\";x", {"SELECT \"a;\"\"b\"", "x"}, {1, 1}},
        {"an escape in E''", "SELECT E'\\';';x", {"SELECT E'\\';'", "x"}, {1, 1}},
        {"no escape in a plain string", "SELECT '\\';x", {"SELECT '\\'", "x"}, {1, 1}},
        {"no escape behind a name in e", "SELECT date'\\';x", {"SELECT date'\\'", "x"}, {1, 1}},
        {"dollars", "DO $$ a; $b$ ; $$;x", {"DO $$ a; $b$ ; $$", "x"}, {1, 1}},
        {"dollars with a tag", "DO $a$ ;\n$$; $a$;x", {"DO $a$ ;\n$$; $a$", "x"}, {1, 2}},
        {"a parameter is no dollar quote", "SELECT $1;x;", {"SELECT $1", "x"}, {1, 1}},
        {"a dollar within a name", "SELECT a$b$c;x;", {"SELECT a$b$c", "x"}, {1, 1}},
        {"an unended string takes the rest", "SELECT ';x", {"SELECT ';x"}, {1}},
        {"an unended dollar quote takes the rest", "DO $$;x", {"DO $$;x"}, {1}},
        {"an unended comment takes the rest", "SELECT 1 /* ;x", {"SELECT 1 /* ;x"}, {1}},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        struct split split = split_make(span_of(rows[i].sql));
        struct span statement;
        uint32_t line = 0, n = 0;
        while (split_next(&split, &statement, &line)) {
            in_row(rows[i].what, rows[i].statements[n] != NULL);
            assert_span(rows[i].what, statement, rows[i].statements[n]);
            assert_int(rows[i].what, line, rows[i].lines[n]);
            n++;
        }
        in_row(rows[i].what, rows[i].statements[n] == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_end_at_semicolons_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
