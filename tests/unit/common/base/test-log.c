#include "tests/support/testing.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/mem.h"

struct capture {
    char name[40];
    int fd, kept;
};

static struct capture begin(void)
{
    struct capture it = {.name = "/tmp/tollgate-log-XXXXXX"};

    it.fd = mkstemp(it.name);
    it.kept = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(it.fd, STDERR_FILENO);
    return it;
}

static void end(struct capture *it, struct buf *out)
{
    dup2(it->kept, STDERR_FILENO);
    assert_int("read", file_read(it->name, out), 0);
    unlink(it->name);
    close(it->fd);
    close(it->kept);
}

static void a_line_is_one_object_with_its_fields(void **state)
{
    struct buf out = buf_make(1 << 20);
    struct json_doc doc = json_doc_make();
    int64_t number, then;
    char time[CLOCK_TEXT_SIZE];

    (void)state;
    log_set_program("test");
    struct capture it = begin();
    log_event(LOG_WARN, "lease.refused", LOG_S("tenant", "ten_\"x\"\n"),
              LOG_SP("raw", span_make("\xff\0", 2)), LOG_S("none", NULL),
              LOG_N("wait_ms", INT64_MIN));
    end(&it, &out);
    assert_int("one line", span_index(buf_span(&out), '\n'), out.size - 1);
    assert_int("of JSON", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
    assert_true(json_string_is(&doc, json_find(&doc, 0, "level"), "warn"));
    assert_true(json_string_is(&doc, json_find(&doc, 0, "program"), "test"));
    assert_true(json_string_is(&doc, json_find(&doc, 0, "event"), "lease.refused"));
    assert_true(json_string_is(&doc, json_find(&doc, 0, "tenant"), "ten_\"x\"\n"));
    assert_int("a field of null", json_find(&doc, 0, "none"), JSON_NONE);
    assert_int("a number", json_int64(&doc, json_find(&doc, 0, "wait_ms"), &number), 0);
    assert_int("a number", number, INT64_MIN);
    assert_int("a time", json_copy_string(&doc, json_find(&doc, 0, "time"), time, sizeof(time)), 0);
    assert_int("a time", clock_parse(time, strlen(time), &then), 0);
    assert_true(then > clock_wall_ms() - 60000 && then <= clock_wall_ms());
    json_doc_done(&doc);
    buf_done(&out);
}

static void lines_below_the_level_are_dropped(void **state)
{
    struct buf out = buf_make(1 << 20);
    size_t lines = 0;

    (void)state;
    struct capture it = begin();
    log_event(LOG_DEBUG, "no");
    log_set_level(LOG_ALARM);
    log_event(LOG_WARN, "no");
    log_event(LOG_ALARM, "yes");
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, "yes");
    log_set_level(LOG_INFO);
    end(&it, &out);
    for (size_t i = 0; i < out.size; i++)
        lines += out.at[i] == '\n';
    assert_int("lines", lines, 2);
    assert_null(strstr(out.at, "\"no\""));
    buf_done(&out);
}

static void a_long_line_keeps_what_fits(void **state)
{
    char *text = mem_new(100001);
    struct buf out = buf_make(1 << 20);
    struct json_doc doc = json_doc_make();
    struct span cut;

    (void)state;
    memset(text, '\1', 100000);
    struct capture it = begin();
    log_event(LOG_INFO, "long", LOG_N("first", 1), LOG_S("a", text), LOG_S("b", text),
              LOG_S("c", text));
    end(&it, &out);
    assert_int("still JSON", json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
    cut = json_raw(&doc, json_find(&doc, 0, "a"));
    assert_int("cut", cut.size, 2 + 6 * 2048);
    assert_int("left out", json_find(&doc, 0, "b"), JSON_NONE);
    assert_int("the end is there", out.at[out.size - 1], '\n');
    json_doc_done(&doc);
    buf_done(&out);
    mem_free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_object_with_its_fields),
        cmocka_unit_test(lines_below_the_level_are_dropped),
        cmocka_unit_test(a_long_line_keeps_what_fits),
    };

    return run_test_table(tests);
}
