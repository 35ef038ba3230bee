#include "gateway/observe/access_log.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "tests/support/testing.h"

static void lines_are_json_and_none_is_lost_that_was_taken(void **state)
{
    char path[] = "/tmp/tollgate-access-XXXXXX";
    int fd = mkstemp(path), taken = 0, lines = 0;
    struct access_log *log;
    struct access_ring *ring;
    struct access_entry entry = {.endpoint = "chat.completions",
                                 .model = span_of("openai/\"x\""),
                                 .status = 200,
                                 .first_token_ms = -1,
                                 .total_ms = 12,
                                 .charge_pico = 7004000000};
    struct buf text = buf_make((size_t)64 << 20);
    struct json_doc doc = json_doc_make();
    struct span rest;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(access_log_open(path, 2, &log), 0);
    ring = access_log_ring(log, 1);
    for (int i = 0; i < 20000; i++)
        taken += access_put(ring, &entry);
    assert_true(taken >= 4096);
    access_log_close(log);
    assert_int_equal(file_read(path, &text), 0);
    rest = buf_span(&text);
    while (rest.size > 0) {
        struct span line = span_cut(&rest, '\n');

        assert_int("json", json_parse(&doc, line, &json_limits_body), JSON_OK);
        assert_span("charge", json_raw(&doc, json_find(&doc, 0, "charge")), "0.007004");
        assert_true(json_string_is(&doc, json_find(&doc, 0, "model"), "openai/\"x\""));
        assert_int("unknown", json_find(&doc, 0, "first_token_ms"), JSON_NONE);
        lines++;
    }
    assert_int("lines", lines, taken);
    json_doc_done(&doc);
    buf_done(&text);
    close(fd);
    unlink(path);
}

static void without_a_path_there_is_no_log(void **state)
{
    struct access_log *log;
    struct access_entry entry = {0};

    (void)state;
    assert_int_equal(access_log_open("", 1, &log), 0);
    assert_null(log);
    assert_true(access_put(access_log_ring(log, 0), &entry));
    access_log_close(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_json_and_none_is_lost_that_was_taken),
        cmocka_unit_test(without_a_path_there_is_no_log),
    };

    return run_test_table(tests);
}
