/* Tables as they are printed into a file, and the session's file. */
#include "tests/support/testing.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "tenants/ctl/session.h"
#include "tenants/ctl/table.h"

static void a_table_is_aligned(void **state)
{
    static const char *const cells[] = {
        "one",        "1",      "0.00034936", "a long text that nothing cuts in a file",
        "two",        "12,345", "10.00",      "-",
        "Zo\xc3\xab", "7",      "-",          "x",
    };
    static const char wanted[] =
        "NAME   COUNT        MONEY  TEXT\n"
        "one        1   0.00034936  a long text that nothing cuts in a file\n"
        "two   12,345  10.00        -\n"
        "Zo\xc3\xab        7   -           x\n";
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    const struct table_style style = {.out = out, .headings = true};
    struct table *table = table_new();
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    table_column(table, "NAME", 0);
    table_column(table, "COUNT", TABLE_RIGHT);
    table_column(table, "MONEY", TABLE_POINT);
    table_column(table, "TEXT", TABLE_CUT);
    for (size_t i = 0; i < array_size(cells); i++)
        table_cell(table, span_of(cells[i]));
    assert_int_equal(table_rows(table), 3);
    table_print(table, &style);
    fclose(out);
    assert_span("the table", span_make(text, size), wanted);
    table_free(table);
    mem_free(text);
}

static void colours_come_only_when_they_are_wanted(void **state)
{
    (void)state;
    for (int colour = 0; colour < 2; colour++) {
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        const struct table_style style = {.out = out, .colour = colour == 1};
        struct table *table = table_new();
        table_column(table, "STATUS", TABLE_STATUS);
        table_cell(table, span_of("revoked"));
        table_print(table, &style);
        fclose(out);
        assert_int_equal(strchr(text, '\x1b') != NULL, colour == 1);
        table_free(table);
        mem_free(text);
    }
}

static void a_session_is_kept_for_its_owner_alone(void **state)
{
    char folder[] = "/tmp/tollgatectl-test-XXXXXX";
    struct session given = {.url = mem_strdup("https://h.example"),
                            .token = mem_strdup("a token"),
                            .email = mem_strdup("a \"b\"@example.com")};
    struct session read;
    struct stat info;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    char *path = session_path();
    assert_int_equal(session_read(path, &read), -ENOENT);
    assert_int_equal(session_remove(path), 0);
    assert_int_equal(session_write(path, &given), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(session_read(path, &read), 0);
    assert_string_equal(read.url, given.url);
    assert_string_equal(read.token, given.token);
    assert_string_equal(read.email, given.email);
    assert_null(read.tenant);
    session_done(&read);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(session_read(path, &read), -EPERM);
    assert_int_equal(file_write_atomic(path, span_of("{\"url\":\"x\"}"), 0600), 0);
    assert_int_equal(session_read(path, &read), -EINVAL);
    assert_int_equal(session_remove(path), 0);
    assert_int_equal(session_read(path, &read), -ENOENT);
    session_done(&given);
    char *inner = mem_printf("%s/tollgate", folder);
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(folder), 0);
    mem_free(inner);
    mem_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned),
        cmocka_unit_test(colours_come_only_when_they_are_wanted),
        cmocka_unit_test(a_session_is_kept_for_its_owner_alone),
    };
    return run_test_table(tests);
}
