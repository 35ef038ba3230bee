/* pg_url: what a command may be told, and what it says when it was told nothing. */
#include "common/pg/pg_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "tests/support/testing.h"

static void a_file_goes_before_a_url(void **state)
{
    static const struct {
        const char *what, *file, *database, *url, *says;
        mode_t mode;
    } rows[] = {
        {"a URL", NULL, "postgresql:///one", "postgresql:///one", NULL, 0},
        {"an empty file name", "", "postgresql:///one", "postgresql:///one", NULL, 0},
        {"a file", "secret", "postgresql:///one", "postgresql:///two", NULL, 0600},
        {"a file of others", "secret", NULL, NULL, "chmod 600", 0644},
        {"a file that is not there", "missing", NULL, NULL, "No such file", 0600},
        {"nothing", NULL, NULL, NULL, "--database", 0},
        {"nothing but blanks", "", "", NULL, "--database", 0},
    };
    char folder[] = "/tmp/tollgate-test-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(folder));
    char *secret = mem_printf("%s/secret", folder);
    FILE *made = fopen(secret, "w");
    assert_non_null(made);
    assert_true(fputs("postgresql:///two\n", made) >= 0);
    fclose(made);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf url = buf_make(4096), why = buf_make(4096);
        char *file = rows[i].file == NULL || rows[i].file[0] == '\0'
                         ? mem_strdup(rows[i].file)
                         : mem_printf("%s/%s", folder, rows[i].file);
        if (rows[i].mode != 0)
            assert_int_equal(chmod(secret, rows[i].mode), 0);
        assert_int(rows[i].what, pg_url_read(file, rows[i].database, &url, &why),
                   rows[i].says == NULL);
        if (rows[i].says == NULL)
            assert_span(rows[i].what, buf_span(&url), rows[i].url);
        else
            in_row(rows[i].what, strstr(why.at, rows[i].says) != NULL);
        mem_free(file);
        buf_done(&url);
        buf_done(&why);
    }
    unlink(secret);
    rmdir(folder);
    mem_free(secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_file_goes_before_a_url)};

    return run_test_table(tests);
}
