/* What a person sees: values in their form, cleaned text, bars, sentences of problems. */
#include "tests/support/testing.h"

#include <time.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "tenants/ctl/cell.h"
#include "tenants/ctl/clean.h"
#include "tenants/ctl/client.h"
#include "tenants/ctl/waterfall.h"

enum { TEXT_MAX = 4096 };

static void values_have_their_form(void **state)
{
    static const struct {
        const char *what, *json, *path;
        enum cell_kind kind;
        const char *text;
    } rows[] = {
        {"text", "{\"a\":\"b\"}", "a", CELL_TEXT, "b"},
        {"a member of a member", "{\"a\":{\"b\":\"c\"}}", "a.b", CELL_TEXT, "c"},
        {"null", "{\"a\":null}", "a", CELL_MONEY, "-"},
        {"not there", "{}", "a.b", CELL_TEXT, "-"},
        {"an empty text", "{\"a\":\"\"}", "a", CELL_TEXT, "-"},
        {"true", "{\"a\":true}", "a", CELL_TEXT, "yes"},
        {"false", "{\"a\":false}", "a", CELL_STATUS, "no"},
        {"a count", "{\"a\":1234567}", "a", CELL_COUNT, "1,234,567"},
        {"a small count", "{\"a\":999}", "a", CELL_COUNT, "999"},
        {"a count below zero", "{\"a\":-1234}", "a", CELL_COUNT, "-1,234"},
        {"three digits below zero", "{\"a\":-123}", "a", CELL_COUNT, "-123"},
        {"a count as text", "{\"a\":\"98765\"}", "a", CELL_COUNT, "98,765"},
        {"money", "{\"a\":\"12\"}", "a", CELL_MONEY, "12.00"},
        {"money with one decimal", "{\"a\":\"12.5\"}", "a", CELL_MONEY, "12.50"},
        {"money to the pico", "{\"a\":\"-0.000000000001\"}", "a", CELL_MONEY, "-0.000000000001"},
        {"no money", "{\"a\":\"much\"}", "a", CELL_MONEY, "much"},
        {"a share", "{\"a\":0.256}", "a", CELL_SHARE, "25.6"},
        {"a time", "{\"a\":\"2026-11-21T17:00:00.123Z\"}", "a", CELL_TIME, "2026-11-21 17:00:00Z"},
        {"a day", "{\"a\":\"2026-11-21T17:00:00Z\"}", "a", CELL_DAY, "2026-11-21"},
        {"no time", "{\"a\":\"soon\"}", "a", CELL_TIME, "soon"},
        {"a list", "{\"a\":[\"b\",\"c\"]}", "a", CELL_LIST, "b, c"},
        {"an empty list", "{\"a\":[]}", "a", CELL_LIST, "-"},
        {"an object as it stands", "{\"a\":{\"b\":1}}", "a", CELL_JSON, "{\"b\":1}"},
        {"an object of several lines", "{\"a\":{\n  \"b\": \"c  d\",\r\n\t\"e\": [\n1]\n}}", "a",
         CELL_JSON, "{\"b\": \"c  d\",\"e\": [1]}"},
        {"rates",
         "{\"a\":[{\"meter\":\"input\",\"mode\":\"standard\",\"context_over\":0,\"per_million\":"
         "\"1.25\"},{\"meter\":\"output\",\"mode\":\"batch\",\"context_over\":0,\"per_million\":"
         "\"5\"},{\"meter\":\"input\",\"mode\":\"standard\",\"context_over\":200000,\"per_"
         "million\":\"2.5\"}]}",
         "a", CELL_RATES, "input 1.25, output:batch 5.00, input:standard:200000 2.50"},
        {"a hostile name", "{\"a\":\"\\u001b]0;x\\u0007\\n\\u009b31m\"}", "a", CELL_TEXT,
         "\\u001b]0;x\\u0007\\u000a\\u009b31m"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].json), &json_limits_body),
                   JSON_OK);
        cell_add(&doc, cell_find(&doc, 0, rows[i].path), rows[i].kind, false, &text);
        assert_span(rows[i].what, buf_span(&text), rows[i].text);
        json_doc_done(&doc);
    }
}

static void local_times_say_their_offset(void **state)
{
    static const char json[] = "\"2026-11-21T23:30:00Z\"";
    static const struct {
        const char *zone, *text;
    } rows[] = {
        {"IST-5:30", "2026-11-22 05:00:00+05:30"},
        {"BRT3", "2026-11-21 20:30:00-03:00"},
        {"UTC0", "2026-11-21 23:30:00+00:00"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
        assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
        tzset();
        assert_int(rows[i].zone, json_parse(&doc, span_of(json), &json_limits_body), JSON_OK);
        cell_add(&doc, 0, CELL_TIME, true, &text);
        assert_span(rows[i].zone, buf_span(&text), rows[i].text);
        json_doc_done(&doc);
    }
}

/* U+202E, byte by byte: a literal of it would turn this line. */
static const char turning[] = {'\xe2', '\x80', '\xae', 'a', 'b', 'c', '\0'};

static void what_a_terminal_would_obey_is_shown(void **state)
{
    static const struct {
        const char *what, *text;
        bool lines;
        const char *clean;
    } rows[] = {
        {"plain text", "Zo\xc3\xab \xe2\x82\xac", false, "Zo\xc3\xab \xe2\x82\xac"},
        {"escape", "\x1b[31m", false, "\\u001b[31m"},
        {"delete", "a\x7f", false, "a\\u007f"},
        {"a control character of two bytes", "\xc2\x9b", false, "\\u009b"},
        {"a line feed in a cell", "a\nb", false, "a\\u000ab"},
        {"a line feed in a file", "a\n\tb\r", true, "a\n\tb\\u000d"},
        {"what turns the direction", turning, false, "\\u202eabc"},
        {"what is not seen",
         "a\xe2\x80\x8b"
         "b",
         false, "a\\u200bb"},
        {"a tag of plane 14", "\xf3\xa0\x81\x81", false, "\\udb40\\udc41"},
        {"half a character", "a\xc3", false, "a\xef\xbf\xbd"},
        {"an overlong slash", "\xc0\xaf", false, "\xef\xbf\xbd\xef\xbf\xbd"},
        {"nothing", "", false, ""},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
        assert_int(rows[i].what, clean_add(&text, span_of(rows[i].text), rows[i].lines), 0);
        assert_span(rows[i].what, buf_span(&text), rows[i].clean);
    }
}

static void attempts_are_bars(void **state)
{
    static const struct {
        const char *what;
        int64_t start_ms, ms, total_ms;
        const char *bar;
    } rows[] = {
        {"the whole", 0, 100, 100, "################################"},
        {"the first half", 0, 50, 100, "################................"},
        {"the last quarter", 75, 25, 100, "........................########"},
        {"too short to see", 50, 0, 100, "................#..............."},
        {"at the very end", 100, 0, 100, "...............................#"},
        {"past the end", 200, 50, 100, "...............................#"},
        {"of nothing", 0, 0, 0, "#..............................."},
        {"before the start", -5, 10, 100, "#..............................."},
        {"beyond all numbers", INT64_MAX, INT64_MAX, 1, "...............................#"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        char bar[WATERFALL_SIZE];
        waterfall_bar(rows[i].start_ms, rows[i].ms, rows[i].total_ms, bar);
        assert_span(rows[i].what, span_of(bar), rows[i].bar);
    }
}

static void a_problem_is_a_sentence(void **state)
{
    static const struct {
        const char *what, *json, *text;
    } rows[] = {
        {"a detail", "{\"detail\":\"It is not allowed.\",\"request_id\":\"gen_1\"}",
         "It is not allowed (request gen_1)"},
        {"fields",
         "{\"detail\":\"Two are wrong.\",\"errors\":[{\"field\":\"name\",\"message\":\"is "
         "needed.\"},{\"field\":\"budget\",\"message\":\"is no amount\"}],\"request_id\":\"g\"}",
         "Two are wrong; name: is needed; budget: is no amount (request g)"},
        {"a field that the detail names",
         "{\"detail\":\"name is needed\",\"errors\":[{\"field\":\"name\",\"message\":\"is "
         "needed\"}],\"request_id\":\"g\"}",
         "name is needed (request g)"},
        {"without an id", "{\"detail\":\"no\"}", "no"},
        {"an empty detail", "{\"detail\":\"\"}", ""},
        {"hostile text", "{\"detail\":\"\\u001b[2J\"}", "\\u001b[2J"},
        {"no problem", "{\"data\":[]}", NULL},
        {"a detail that is no text", "{\"detail\":1}", NULL},
        {"no object", "[1]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        cleanup(buf_done) struct buf text = buf_make(TEXT_MAX);
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].json), &json_limits_body),
                   JSON_OK);
        in_row(rows[i].what, client_problem(&doc, &text) == (rows[i].text != NULL));
        if (rows[i].text != NULL)
            assert_span(rows[i].what, buf_span(&text), rows[i].text);
        json_doc_done(&doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_form),
        cmocka_unit_test(local_times_say_their_offset),
        cmocka_unit_test(what_a_terminal_would_obey_is_shown),
        cmocka_unit_test(attempts_are_bars),
        cmocka_unit_test(a_problem_is_a_sentence),
    };
    return run_test_table(tests);
}
