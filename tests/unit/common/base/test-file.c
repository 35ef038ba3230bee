#include "tests/support/testing.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"

static char directory[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/tollgate-file-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static char *path_to(const char *name)
{
    return mem_printf("%s/%s", directory, name);
}

static void a_file_reads_back_as_written_and_is_replaced_whole(void **state)
{
    static const char *const texts[] = {"first", "", "a longer second"};
    cleanup(mem_free_at) char *path = path_to("whole");
    struct stat about;

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++) {
        struct buf text = buf_make(100);
        assert_int("written", file_write_atomic(path, span_of(texts[i]), 0640), 0);
        assert_int("read", file_read(path, &text), 0);
        assert_span("the same", buf_span(&text), texts[i]);
        buf_done(&text);
    }
    assert_int("mode", stat(path, &about), 0);
    assert_int("mode", about.st_mode & 0777 & ~0640u, 0);
    cleanup(mem_free_at) char *nowhere = path_to("none/file");
    assert_int("no directory", file_write_atomic(nowhere, span_of("x"), 0600), -ENOENT);
}

static void a_file_is_read_up_to_the_buffers_maximum(void **state)
{
    static char bytes[200000];
    static const struct {
        const char *what;
        size_t size, max;
        int outcome;
    } rows[] = {
        {"empty", 0, 0, 0},
        {"empty, with room", 0, 10, 0},
        {"exactly full", 10, 10, 0},
        {"one too many", 11, 10, -EFBIG},
        {"no room at all", 1, 0, -EFBIG},
        {"several steps", sizeof(bytes), sizeof(bytes), 0},
        {"several steps and one", sizeof(bytes), sizeof(bytes) - 1, -EFBIG},
    };
    cleanup(mem_free_at) char *path = path_to("bounded");

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf text = buf_make(rows[i].max);
        assert_int(rows[i].what, file_write_atomic(path, span_make(bytes, rows[i].size), 0600), 0);
        assert_int(rows[i].what, file_read(path, &text), rows[i].outcome);
        if (rows[i].outcome == 0)
            assert_int(rows[i].what, text.size, rows[i].size);
        buf_done(&text);
    }
    struct buf text = buf_make(10);
    cleanup(mem_free_at) char *nowhere = path_to("none");
    assert_int("not there", file_read(nowhere, &text), -ENOENT);
    assert_int("a directory", file_read(directory, &text), -EISDIR);
    buf_done(&text);
}

static void a_secret_is_one_line_that_others_may_not_read(void **state)
{
    static const struct {
        const char *what, *text;
        mode_t mode;
        int outcome;
        const char *secret;
    } rows[] = {
        {"one line", "s3cret\n", 0600, 0, "s3cret"},
        {"no end", "s3cret", 0400, 0, "s3cret"},
        {"another system's end", "s3cret\r\nmore\n", 0640, 0, "s3cret"},
        {"blanks are a part of it", " s \n", 0600, 0, " s "},
        {"others may read it", "s3cret\n", 0644, -EPERM, NULL},
        {"others may write it", "s3cret\n", 0602, -EPERM, NULL},
        {"empty", "", 0600, -EINVAL, NULL},
        {"an empty line", "\nx", 0600, -EINVAL, NULL},
    };
    cleanup(mem_free_at) char *path = path_to("secret");

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf text = buf_make(100);
        assert_int(rows[i].what, file_write_atomic(path, span_of(rows[i].text), 0600), 0);
        assert_int(rows[i].what, chmod(path, rows[i].mode), 0);
        assert_int(rows[i].what, file_read_secret(path, &text), rows[i].outcome);
        if (rows[i].outcome == 0)
            assert_span(rows[i].what, buf_span(&text), rows[i].secret);
        buf_done(&text);
    }
}

static void directories_are_made_with_what_is_above_them(void **state)
{
    cleanup(mem_free_at) char *deep = path_to("a/b//c/");
    cleanup(mem_free_at) char *file = path_to("a/b/c/file");
    cleanup(mem_free_at) char *under_file = path_to("a/b/c/file/d");

    (void)state;
    assert_int("made", file_make_directory(deep, 0700), 0);
    assert_int("again", file_make_directory(deep, 0700), 0);
    assert_int("usable", file_write_atomic(file, span_of("x"), 0600), 0);
    assert_int("a file is in the way", file_make_directory(file, 0700), -ENOTDIR);
    assert_int("below a file", file_make_directory(under_file, 0700), -ENOTDIR);
    assert_int("no name", file_make_directory("", 0700), -EINVAL);
}

static void a_directory_has_one_holder(void **state)
{
    int first, second;

    (void)state;
    assert_int("free", file_lock_directory(directory, &first), 0);
    assert_int("held", file_lock_directory(directory, &second), -EWOULDBLOCK);
    file_close_at(&first);
    assert_int("free again", file_lock_directory(directory, &second), 0);
    file_close_at(&second);
    cleanup(mem_free_at) char *nowhere = path_to("none");
    assert_int("not there", file_lock_directory(nowhere, &first), -ENOENT);
}

static void writing_to_a_bad_descriptor_is_an_error(void **state)
{
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), none = -1;

    (void)state;
    assert_int("closed", file_write_all(-1, "x", 1), -EBADF);
    assert_int("nothing to write", file_write_all(-1, "", 0), 0);
    if (full >= 0)
        assert_int("full", file_write_all(full, "x", 1), -ENOSPC);
    file_close_at(&full);
    file_close_at(&none);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_reads_back_as_written_and_is_replaced_whole),
        cmocka_unit_test(a_file_is_read_up_to_the_buffers_maximum),
        cmocka_unit_test(a_secret_is_one_line_that_others_may_not_read),
        cmocka_unit_test(directories_are_made_with_what_is_above_them),
        cmocka_unit_test(a_directory_has_one_holder),
        cmocka_unit_test(writing_to_a_bad_descriptor_is_an_error),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
