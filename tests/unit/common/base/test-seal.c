#include "tests/support/testing.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/seal.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"

static char path[] = "/tmp/tollgate-seal-XXXXXX";

static int set_up(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static struct seal *load(const char *text)
{
    cleanup(buf_done) struct buf why = buf_make(1000);
    struct seal *seal = NULL;

    assert_int("written", file_write_atomic(path, span_of(text), 0600), 0);
    assert_int("loaded", seal_load(path, &seal, &why), 0);
    return seal;
}

static void what_was_shut_opens(void **state)
{
    static char large[100000];
    const struct {
        const char *what;
        struct span context, secret;
    } rows[] = {
        {"a word", span_of("pcr_1"), span_of("sk-secret")},
        {"nothing", span_of("pcr_1"), span_of("")},
        {"no context", span_of(""), span_of("sk-secret")},
        {"bytes", span_make("a\0b", 3), span_make("\0\1\2\xff", 4)},
        {"many bytes", span_of("x"), span_make(large, sizeof(large))},
    };
    struct seal *seal = load(KEY_A "\n");
    struct span id = span_of(seal_key_id(seal));

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf sealed = buf_make(200000);
        cleanup(buf_done) struct buf again = buf_make(200000);
        cleanup(buf_done) struct buf open = buf_make(rows[i].secret.size);
        assert_int(rows[i].what, seal_shut(seal, rows[i].context, rows[i].secret, &sealed), 0);
        assert_int(rows[i].what, sealed.size, rows[i].secret.size + SEAL_OVERHEAD);
        assert_int(rows[i].what, seal_shut(seal, rows[i].context, rows[i].secret, &again), 0);
        in_row(rows[i].what, !span_equal(buf_span(&sealed), buf_span(&again)));
        assert_int(rows[i].what, seal_open(seal, id, rows[i].context, buf_span(&sealed), &open), 0);
        in_row(rows[i].what, span_equal(buf_span(&open), rows[i].secret));
    }
    seal_free(seal);
}

static void no_changed_byte_and_no_cut_opens(void **state)
{
    cleanup(buf_done) struct buf sealed = buf_make(200);
    struct seal *seal = load(KEY_A);
    struct span id = span_of(seal_key_id(seal));

    (void)state;
    assert_int("shut", seal_shut(seal, span_of("row 7"), span_of("sk-secret"), &sealed), 0);
    for (size_t i = 0; i < sealed.size; i++) {
        cleanup(buf_done) struct buf open = buf_make(200);
        sealed.at[i] ^= 1;
        assert_int("one bit", seal_open(seal, id, span_of("row 7"), buf_span(&sealed), &open),
                   -EBADMSG);
        assert_int("and nothing was said", open.size, 0);
        sealed.at[i] ^= 1;
        assert_int("cut", seal_open(seal, id, span_of("row 7"), span_make(sealed.at, i), &open),
                   -EBADMSG);
    }
    seal_free(seal);
}

static void another_context_or_key_does_not_open(void **state)
{
    cleanup(buf_done) struct buf sealed = buf_make(200);
    cleanup(buf_done) struct buf open = buf_make(200);
    struct seal *a = load(KEY_A), *b = load(KEY_B);

    (void)state;
    assert_int("shut", seal_shut(a, span_of("row 7"), span_of("sk-secret"), &sealed), 0);
    assert_int("another row",
               seal_open(a, span_of(seal_key_id(a)), span_of("row 8"), buf_span(&sealed), &open),
               -EBADMSG);
    assert_int("not in this file",
               seal_open(b, span_of(seal_key_id(a)), span_of("row 7"), buf_span(&sealed), &open),
               -ENOKEY);
    assert_int("under a wrong name",
               seal_open(b, span_of(seal_key_id(b)), span_of("row 7"), buf_span(&sealed), &open),
               -EBADMSG);
    assert_int("no name", seal_open(a, span_of(""), span_of("row 7"), buf_span(&sealed), &open),
               -ENOKEY);
    seal_free(a);
    seal_free(b);
}

static void a_line_on_top_seals_and_the_old_one_still_opens(void **state)
{
    cleanup(buf_done) struct buf before = buf_make(200);
    cleanup(buf_done) struct buf after = buf_make(200);
    cleanup(buf_done) struct buf open = buf_make(200);
    struct seal *old = load(KEY_A "\n"), *new = load(KEY_B "\r\n\n" KEY_A);

    (void)state;
    in_row("another name", strcmp(seal_key_id(old), seal_key_id(new)) != 0);
    assert_int("shut", seal_shut(old, span_of("r"), span_of("one"), &before), 0);
    assert_int("shut", seal_shut(new, span_of("r"), span_of("two"), &after), 0);
    assert_int("the old",
               seal_open(new, span_of(seal_key_id(old)), span_of("r"), buf_span(&before), &open),
               0);
    assert_int("the new",
               seal_open(new, span_of(seal_key_id(new)), span_of("r"), buf_span(&after), &open), 0);
    assert_span("both", buf_span(&open), "onetwo");
    assert_int("not the new by the old",
               seal_open(old, span_of(seal_key_id(new)), span_of("r"), buf_span(&after), &open),
               -ENOKEY);
    seal_free(old);
    seal_free(new);
}

static void a_full_buffer_is_told(void **state)
{
    cleanup(buf_done) struct buf small = buf_make(SEAL_OVERHEAD + 2);
    cleanup(buf_done) struct buf sealed = buf_make(200);
    cleanup(buf_done) struct buf open = buf_make(2);
    struct seal *seal = load(KEY_A);

    (void)state;
    assert_int("shut", seal_shut(seal, span_of("r"), span_of("abc"), &small), -EMSGSIZE);
    assert_int("shut", seal_shut(seal, span_of("r"), span_of("abc"), &sealed), 0);
    assert_int("open",
               seal_open(seal, span_of(seal_key_id(seal)), span_of("r"), buf_span(&sealed), &open),
               -EMSGSIZE);
    seal_free(seal);
}

static void a_file_that_is_no_key_file_says_why(void **state)
{
    static char many[17 * 65 + 1];
    const struct {
        const char *what, *text;
        mode_t mode;
        int outcome;
        const char *why;
    } rows[] = {
        {"empty", "", 0600, -EINVAL,
         "there is no key in it: write one line of 64 random hex digits"},
        {"short", "0011\n", 0600, -EINVAL, "line 1 is not a key of 64 hex digits"},
        {"not hex", KEY_A "\nz" KEY_A, 0600, -EINVAL, "line 2 is not a key of 64 hex digits"},
        {"long", KEY_A "0", 0600, -EINVAL, "line 1 is not a key of 64 hex digits"},
        {"too many", many, 0600, -EINVAL, "there are more than 16 keys"},
        {"readable by others", KEY_A, 0604, -EPERM, "others may read or write it: chmod o-rwx"},
    };

    (void)state;
    for (int i = 0; i < 17; i++)
        memcpy(many + i * 65, KEY_A "\n", 65);
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf why = buf_make(1000);
        struct seal *seal = NULL;
        assert_int(rows[i].what, file_write_atomic(path, span_of(rows[i].text), 0600), 0);
        assert_int(rows[i].what, chmod(path, rows[i].mode), 0);
        assert_int(rows[i].what, seal_load(path, &seal, &why), rows[i].outcome);
        assert_span(rows[i].what, buf_span(&why), rows[i].why);
        in_row(rows[i].what, seal == NULL);
    }
    cleanup(buf_done) struct buf why = buf_make(1000);
    struct seal *seal = NULL;
    assert_int("no file", seal_load("/nonexistent/key", &seal, &why), -ENOENT);
    assert_span("no file", buf_span(&why), "it cannot be read: No such file or directory");
    seal_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_shut_opens),
        cmocka_unit_test(no_changed_byte_and_no_cut_opens),
        cmocka_unit_test(another_context_or_key_does_not_open),
        cmocka_unit_test(a_line_on_top_seals_and_the_old_one_still_opens),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(a_file_that_is_no_key_file_says_why),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
