/* The console's files, from a folder of this test's own. */
#include "gateway/edge/console.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "tests/support/testing.h"

enum { PATH_SIZE = 256 };

static char folder[] = "/tmp/tollgate-console-XXXXXX";
static struct console *console;

static void write_at(const char *path, struct span bytes)
{
    char name[PATH_SIZE];

    snprintf(name, sizeof(name), "%s/%s", folder, path);
    assert_int_equal(file_write_atomic(name, bytes, 0644), 0);
}

static void remove_at(const char *path)
{
    char name[PATH_SIZE];

    snprintf(name, sizeof(name), "%s/%s", folder, path);
    assert_int_equal(remove(name), 0);
}

static const char *const files[] = {
    "index.html",
    "index.html.br",
    "index.html.gz",
    "theme.js",
    "assets/index-B1x9_-aZ.js",
    "assets/index-B1x9_-aZ.js.br",
    "assets/logo.svg",
    ".hidden",
};

static int setup(void **state)
{
    char name[PATH_SIZE];

    (void)state;
    must(mkdtemp(folder) != NULL);
    snprintf(name, sizeof(name), "%s/assets", folder);
    must(mkdir(name, 0755) == 0);
    snprintf(name, sizeof(name), "%s/link.html", folder);
    must(symlink("/etc/passwd", name) == 0);
    for (size_t i = 0; i < array_size(files); i++)
        write_at(files[i], span_of(files[i]));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_size(files); i++)
        remove_at(files[i]);
    remove_at("link.html");
    remove_at("assets");
    must(rmdir(folder) == 0);
    return 0;
}

static void load(void)
{
    struct buf why = buf_make(1024);

    console = console_load(folder, &why);
    assert_non_null(console);
    buf_done(&why);
}

static void each_path_has_its_answer(void **state)
{
    static const struct {
        const char *path, *accept, *has;
        int status;
        const char *body;
    } rows[] = {
        {"/", NULL, NULL, 302, NULL},
        {"/console", NULL, NULL, 308, NULL},
        {"/console/", NULL, NULL, 200, "index.html"},
        {"/console/", "gzip", NULL, 200, "index.html.gz"},
        {"/console/", "gzip, br", NULL, 200, "index.html.br"},
        {"/console/", NULL, "*", 304, "index.html"},
        {"/console/", NULL, "\"x\"", 200, "index.html"},
        {"/console/index.html", NULL, NULL, 200, "index.html"},
        {"/console/index.html.br", NULL, NULL, 200, "index.html"},
        {"/console/theme.js", "gzip, br", NULL, 200, "theme.js"},
        {"/console/assets/index-B1x9_-aZ.js", "gzip", NULL, 200, "assets/index-B1x9_-aZ.js"},
        {"/console/assets/index-B1x9_-aZ.js", "br", NULL, 200, "assets/index-B1x9_-aZ.js.br"},
        {"/console/assets/index-00000000.js", NULL, NULL, 404, NULL},
        {"/console/assets/", NULL, NULL, 404, NULL},
        {"/console/keys", NULL, NULL, 200, "index.html"},
        {"/console/models/openai%2Fgpt-4.1", NULL, NULL, 200, "index.html"},
        {"/console/keys/", NULL, NULL, 200, "index.html"},
        {"/console/.hidden", NULL, NULL, 200, "index.html"},
        {"/console/link.html", NULL, NULL, 200, "index.html"},
        {"/console/theme%2ejs", NULL, NULL, 200, "index.html"},
        {"/console//theme.js", NULL, NULL, 404, NULL},
        {"/console/a//b", NULL, NULL, 404, NULL},
        {"/console/../etc/passwd", NULL, NULL, 404, NULL},
        {"/console/%2e%2e/etc/passwd", NULL, NULL, 404, NULL},
        {"/console/a/.%2E", NULL, NULL, 404, NULL},
        {"/console/..%2fetc", NULL, NULL, 404, NULL},
        {"/console/.", NULL, NULL, 404, NULL},
        {"/console/a\\b", NULL, NULL, 404, NULL},
        {"/console/a%5cb", NULL, NULL, 404, NULL},
        {"/console/theme.js%00.html", NULL, NULL, 404, NULL},
        {"/console/a%0d%0ab", NULL, NULL, 404, NULL},
        {"/console/%", NULL, NULL, 404, NULL},
        {"/console/%zz", NULL, NULL, 404, NULL},
        {"/console/%2", NULL, NULL, 404, NULL},
    };

    (void)state;
    load();
    for (size_t i = 0; i < array_size(rows); i++) {
        struct console_answer answer = console_decide(
            console, span_of(rows[i].path), span_of(rows[i].accept), span_of(rows[i].has));

        assert_int(rows[i].path, answer.status, rows[i].status);
        in_row(rows[i].path,
               (answer.location != NULL) == (answer.status / 100 == 3 && answer.status != 304));
        in_row(rows[i].path, (answer.file != NULL) == (rows[i].body != NULL));
        if (answer.file != NULL)
            assert_span(rows[i].path, answer.file->forms[answer.coding].body, rows[i].body);
    }
    console_free(console);
}

static void a_file_is_asked_for_again_by_its_tag(void **state)
{
    const struct console_file *file;
    struct console_answer answer;
    struct span none = {NULL, 0};

    (void)state;
    load();
    answer = console_decide(console, span_of("/console/"), span_of("br"), none);
    file = answer.file;
    assert_string_not_equal(file->forms[CODING_BROTLI].etag, file->forms[CODING_GZIP].etag);
    assert_int_equal(strlen(file->forms[CODING_GZIP].etag), 34);
    answer = console_decide(console, span_of("/console/keys"), span_of("br"),
                            span_of(file->forms[CODING_BROTLI].etag));
    assert_int_equal(answer.status, 304);
    answer = console_decide(console, span_of("/console/keys"), span_of("gzip"),
                            span_of(file->forms[CODING_BROTLI].etag));
    assert_int_equal(answer.status, 200);
    console_free(console);
}

static void files_have_types_and_only_hashed_names_stay_in_caches(void **state)
{
    static const struct {
        const char *path, *type;
        bool immutable;
    } rows[] = {
        {"/console/", "text/html; charset=utf-8", false},
        {"/console/theme.js", "text/javascript; charset=utf-8", false},
        {"/console/assets/index-B1x9_-aZ.js", "text/javascript; charset=utf-8", true},
        {"/console/assets/logo.svg", "image/svg+xml", false},
    };

    (void)state;
    load();
    for (size_t i = 0; i < array_size(rows); i++) {
        struct console_answer answer =
            console_decide(console, span_of(rows[i].path), span_make(NULL, 0), span_make(NULL, 0));

        assert_string_equal(answer.file->content_type, rows[i].type);
        assert_int(rows[i].path, answer.file->immutable, rows[i].immutable);
    }
    console_free(console);
}

static void refuses_saying(const char *path, const char *text)
{
    struct buf why = buf_make(1024);

    assert_null(console_load(path, &why));
    in_row(text, why.at != NULL && strstr(why.at, text) != NULL);
    buf_done(&why);
}

static void a_folder_that_does_not_fit_is_refused(void **state)
{
    char name[PATH_SIZE], *large = mem_new(CONSOLE_FILE_BYTES_MAX + 1);

    (void)state;
    refuses_saying("/nonexistent/console", "No such file");
    snprintf(name, sizeof(name), "%s/index.html", folder);
    refuses_saying(name, "is no folder");
    write_at("large.bin", span_make(large, CONSOLE_FILE_BYTES_MAX + 1));
    refuses_saying(folder, "is too large");
    remove_at("large.bin");
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "large-%d.bin", i);
        write_at(name, span_make(large, CONSOLE_FILE_BYTES_MAX));
    }
    refuses_saying(folder, "the whole too large");
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "large-%d.bin", i);
        remove_at(name);
    }
    write_at("alone.js.br", span_of("x"));
    refuses_saying(folder, "alone.js is there in a coding only");
    remove_at("alone.js.br");
    for (int i = 0; i < CONSOLE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "%s/many-%d", folder, i);
        fclose(fopen(name, "w"));
    }
    refuses_saying(folder, "is one file too many");
    for (int i = 0; i < CONSOLE_FILES_MAX; i++) {
        snprintf(name, sizeof(name), "many-%d", i);
        remove_at(name);
    }
    remove_at("index.html.br");
    remove_at("index.html.gz");
    remove_at("index.html");
    refuses_saying(folder, "there is no index.html");
    for (int i = 0; i < 3; i++)
        write_at(files[i], span_of(files[i]));
    mem_free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_path_has_its_answer),
        cmocka_unit_test(a_file_is_asked_for_again_by_its_tag),
        cmocka_unit_test(files_have_types_and_only_hashed_names_stay_in_caches),
        cmocka_unit_test(a_folder_that_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
