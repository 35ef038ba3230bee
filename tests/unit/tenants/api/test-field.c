/* Bodies and queries against their tables. */
#include <stdio.h>

#include "common/base/mem.h"
#include "tenants/api/field.h"
#include "tests/support/testing.h"

enum { VALUES_MAX = 16 };

static const struct field one_of_each[] = {
    {.name = "text", .type = FIELD_TEXT, .nullable = true, .min = 1, .max = 5},
    {.name = "secret", .type = FIELD_SECRET, .min = 3, .max = 10},
    {.name = "email", .type = FIELD_EMAIL},
    {.name = "int", .type = FIELD_INT, .min = 1, .max = 200},
    {.name = "any", .type = FIELD_INT},
    {.name = "bool", .type = FIELD_BOOL},
    {.name = "choice", .type = FIELD_CHOICE, .choices = "active|disabled"},
    {.name = "usd", .type = FIELD_USD, .min = 0, .max = 100},
    {.name = "time", .type = FIELD_TIME},
    {.name = "id", .type = FIELD_ID, .id = ID_KEY},
    {.name = "texts", .type = FIELD_TEXTS, .min = 1, .max = 3},
    {.name = "json", .type = FIELD_JSON},
};
static const struct fields fields = FIELDS(one_of_each);

#define KEY_ID "key_01jd0000000000000000000001"

/* Reads `"member": value` and gives the value's row; the complaint, if there is one. */
struct read {
    struct json_doc doc;
    struct arena *arena;
    struct field_value values[VALUES_MAX];
    struct field_complaints complaints;
};

static struct read read_body(const char *text)
{
    struct read read = {.doc = json_doc_make(), .arena = arena_new(4096, 1 << 20)};

    if (json_parse(&read.doc, span_of(text), &json_limits_body) != JSON_OK)
        fail_msg("%s is not JSON", text);
    fields_read_body(&fields, &read.doc, 0, read.arena, read.values, &read.complaints);
    return read;
}

static struct read read_query(const char *text)
{
    struct read read = {.doc = json_doc_make(), .arena = arena_new(4096, 1 << 20)};

    fields_read_query(&fields, span_of(text), read.arena, read.values, &read.complaints);
    return read;
}

static void done(struct read *read)
{
    json_doc_done(&read->doc);
    arena_free(read->arena);
}

/* The complaints, one a line: "field: message". */
static char *told(const struct read *read)
{
    struct buf out = buf_make(1 << 16);

    for (size_t i = 0; i < read->complaints.count; i++) {
        const struct field_complaint *item = &read->complaints.items[i];
        buf_printf(&out, "%s%.*s: %.*s", i == 0 ? "" : "\n", SPAN_ARG(item->field),
                   SPAN_ARG(item->message));
    }
    return out.at == NULL ? mem_strdup("") : buf_take(&out);
}

static void what_a_body_may_not_hold_is_said(void **state)
{
    static const struct {
        const char *body, *told;
    } rows[] = {
        {"{}", ""},
        {"[]", ": the body must be a JSON object"},
        {"\"x\"", ": the body must be a JSON object"},
        {"{\"text\":\"\"}", "text: has 0 characters; 1 to 5 are allowed"},
        {"{\"text\":\"123456\"}", "text: has 6 characters; 1 to 5 are allowed"},
        {"{\"text\":\"äöüß€\"}", ""},
        {"{\"text\":\"a\\tb\\n\"}", ""},
        {"{\"text\":\"a\\u0000b\"}",
         "text: holds control characters; only tab and newline are allowed"},
        {"{\"text\":\"a\\rb\"}",
         "text: holds control characters; only tab and newline are allowed"},
        {"{\"text\":\"\\u0085\"}",
         "text: holds control characters; only tab and newline are allowed"},
        {"{\"text\":\"  \\t\"}", "text: holds nothing but blanks"},
        {"{\"text\":5}", "text: must be a string"},
        {"{\"text\":null}", ""},
        {"{\"secret\":\"   \"}", ""},
        {"{\"secret\":\"pw\"}", "secret: has 2 characters; 3 to 10 are allowed"},
        {"{\"secret\":null}", "secret: must not be null"},
        {"{\"email\":\"a@b.example\"}", ""},
        {"{\"email\":\"operator@localhost\"}", ""},
        {"{\"email\":\"a@b..c\"}",
         "email: must be an e-mail address such as name@example.com, at most 254 bytes"},
        {"{\"email\":\"a@b@c\"}",
         "email: must be an e-mail address such as name@example.com, at most 254 bytes"},
        {"{\"email\":\"a b@c\"}",
         "email: must be an e-mail address such as name@example.com, at most 254 bytes"},
        {"{\"email\":\"<a>@c\"}",
         "email: must be an e-mail address such as name@example.com, at most 254 bytes"},
        {"{\"email\":\"@c\"}",
         "email: must be an e-mail address such as name@example.com, at most 254 bytes"},
        {"{\"int\":0}", "int: must be a whole number from 1 to 200"},
        {"{\"int\":201}", "int: must be a whole number from 1 to 200"},
        {"{\"int\":1.5}", "int: must be a whole number from 1 to 200"},
        {"{\"int\":\"5\"}", "int: must be a whole number from 1 to 200"},
        {"{\"int\":2e2}", ""},
        {"{\"any\":-9223372036854775808}", ""},
        {"{\"any\":9223372036854775808}", "any: must be a whole number"},
        {"{\"bool\":1}", "bool: must be true or false"},
        {"{\"bool\":\"true\"}", "bool: must be true or false"},
        {"{\"choice\":\"activ\"}", "choice: must be one of active, disabled"},
        {"{\"choice\":\"active|disabled\"}", "choice: must be one of active, disabled"},
        {"{\"choice\":\"\"}", "choice: must be one of active, disabled"},
        {"{\"usd\":12.5}", "usd: must be a string"},
        {"{\"usd\":\"1e2\"}",
         "usd: must be USD as a decimal string such as \"12.50\", with at most 12 decimals"},
        {"{\"usd\":\"0.0000000000001\"}",
         "usd: must be USD as a decimal string such as \"12.50\", with at most 12 decimals"},
        {"{\"usd\":\"100.000000000001\"}", "usd: must be from 0 to 100 USD"},
        {"{\"usd\":\"-0.01\"}", "usd: must be from 0 to 100 USD"},
        {"{\"usd\":\"100000000000000000000000000000000000000000\"}",
         "usd: must be from 0 to 100 USD"},
        {"{\"time\":\"2026-11-21\"}",
         "time: must be a time with a zone such as 2026-11-21T10:00:00Z (RFC 3339)"},
        {"{\"time\":\"2026-11-21T10:00:00\"}",
         "time: must be a time with a zone such as 2026-11-21T10:00:00Z (RFC 3339)"},
        {"{\"id\":\"prj_01jd0000000000000000000001\"}",
         "id: must be an id: key_ and 26 characters"},
        {"{\"id\":\"key_01jd\"}", "id: must be an id: key_ and 26 characters"},
        {"{\"texts\":[]}", "texts: has 0 items; 1 to 3 are allowed"},
        {"{\"texts\":[\"a\",\"b\",\"c\",\"d\"]}", "texts: has 4 items; at most 3 are allowed"},
        {"{\"texts\":[\"a\",1]}", "texts: item 2 must be a string"},
        {"{\"texts\":[\"a\",\"b\",\"\\u0061\"]}", "texts: item 3 stands there already"},
        {"{\"texts\":[\"a\",\"\"]}",
         "texts: item 2 must have 1 to 200 characters and no control characters"},
        {"{\"texts\":\"a\"}", "texts: must be an array of strings"},
        {"{\"json\":1}", "json: must be an object or an array"},
        {"{\"json\":null}", "json: must not be null"},
        {"{\"role\":\"owner\"}",
         "role: is not known; known are text, secret, email, int, any, bool, choice, usd, time, "
         "id, texts, json"},
        {"{\"te\\u0078t\":\"abc\"}", ""},
        {"{\"int\":0,\"bool\":0,\"text\":\"\"}",
         "int: must be a whole number from 1 to 200\nbool: must be true or false\n"
         "text: has 0 characters; 1 to 5 are allowed"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct read read = read_body(rows[i].body);
        cleanup(mem_free_at) char *complaints = told(&read);
        assert_span(rows[i].body, span_of(complaints), rows[i].told);
        done(&read);
    }
}

static void what_a_body_holds_is_read(void **state)
{
    struct read read = read_body(
        "{\"text\":null,\"secret\":\"a\\\"b\",\"email\":\"x@y.example\",\"int\":200,\"bool\":false,"
        "\"choice\":\"disabled\",\"usd\":\"12.50\",\"time\":\"1970-01-01T01:00:01+01:00\",\"id\":"
        "\"" KEY_ID "\",\"texts\":[\"a\",\"b\\u00e4\"],\"json\":{\"a\":[1]}}");
    const struct field_value *v = read.values;
    char id[ID_TEXT_SIZE];

    (void)state;
    assert_int("no complaint", read.complaints.count, 0);
    assert_int("null", v[0].state, FIELD_NULL);
    assert_span("decoded", v[1].text, "a\"b");
    assert_span("email", v[2].text, "x@y.example");
    assert_int("int", v[3].number, 200);
    assert_int("absent", v[4].state, FIELD_ABSENT);
    in_row("bool", v[5].state == FIELD_SET && !v[5].flag);
    assert_int("choice", v[6].choice, 1);
    assert_money("usd", v[7].pico, "12500000000000");
    assert_int("time", v[8].number, 1000);
    id_format(ID_KEY, v[9].id, id);
    assert_span("id", span_of(id), KEY_ID);
    assert_int("texts", v[10].texts.count, 2);
    assert_span("texts", v[10].texts.items[1], "b\xc3\xa4");
    assert_span("json", json_raw(&read.doc, v[11].node), "{\"a\":[1]}");
    done(&read);
}

static void a_query_is_read_like_a_body(void **state)
{
    static const struct {
        const char *query, *told;
    } rows[] = {
        {"", ""},
        {"&&", ""},
        {"text=a+b%20c", ""},
        {"text=%C3%A4", ""},
        {"text=%C3", "text: has a broken %-escape, a NUL, or is not UTF-8"},
        {"text=%00", "text: has a broken %-escape, a NUL, or is not UTF-8"},
        {"text=%2", "text: has a broken %-escape, a NUL, or is not UTF-8"},
        {"text=%zz", "text: has a broken %-escape, a NUL, or is not UTF-8"},
        {"%zz=1", ": the query has a broken %-escape or is not UTF-8"},
        {"te%78t=ab", ""},
        {"text=a&text=b", "text: is given twice"},
        {"text=a&te%78t=b", "text: is given twice"},
        {"int=5&bool=true&choice=active", ""},
        {"int=+5", "int: must be a whole number from 1 to 200"},
        {"int=5.0", "int: must be a whole number from 1 to 200"},
        {"int=", "int: must be a whole number from 1 to 200"},
        {"int", "int: must be a whole number from 1 to 200"},
        {"bool=1", "bool: must be true or false"},
        {"json={}", "json: cannot stand in a query"},
        {"texts=a,b", ""},
        {"texts=a,,b", "texts: item 2 must have 1 to 200 characters and no control characters"},
        {"texts=a,b,c,d", "texts: has 4 items; at most 3 are allowed"},
        {"texts=", "texts: has 0 items; 1 to 3 are allowed"},
        {"x=1&int=0",
         "x: is not known; known are text, secret, email, int, any, bool, choice, usd, time, id, "
         "texts, json\nint: must be a whole number from 1 to 200"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct read read = read_query(rows[i].query);
        cleanup(mem_free_at) char *complaints = told(&read);
        assert_span(rows[i].query, span_of(complaints), rows[i].told);
        done(&read);
    }
    struct read read = read_query("text=a+b%2Bc&time=2026-11-21T10:00:00%2B01:00");
    assert_span("decoded", read.values[0].text, "a b+c");
    assert_int("a zone", read.values[8].state, FIELD_SET);
    done(&read);
}

static void what_is_missing_is_said_once_and_all_is_bounded(void **state)
{
    static const struct field needed[] = {
        {.name = "a", .type = FIELD_INT, .required = true},
        {.name = "b", .type = FIELD_TEXT, .required = true, .nullable = true},
    };
    static const struct fields two = FIELDS(needed);
    static const struct {
        const char *body;
        size_t complaints;
    } rows[] = {
        {"{}", 2},
        {"{\"a\":1}", 1},
        {"{\"a\":\"x\",\"b\":null}", 1},
        {"{\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,"
         "\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"r\":1,\"s\":1}",
         FIELD_COMPLAINTS_MAX},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct json_doc doc = json_doc_make();
        struct arena *arena = arena_new(4096, 1 << 20);
        struct field_value values[2];
        struct field_complaints complaints = {0};
        assert_int("JSON", json_parse(&doc, span_of(rows[i].body), &json_limits_body), JSON_OK);
        fields_read_body(&two, &doc, 0, arena, values, &complaints);
        assert_int(rows[i].body, complaints.count, rows[i].complaints);
        json_doc_done(&doc);
        arena_free(arena);
    }
}

static void a_secret_is_never_repeated(void **state)
{
    static const char *const bodies[] = {
        "{\"secret\":\"hunter2-hunter2-hunter2\"}",
        "{\"secret\":\"hunter2\\u0000\"}",
        "{\"secret\":[\"hunter2\"]}",
    };

    (void)state;
    for (size_t i = 0; i < array_size(bodies); i++) {
        struct read read = read_body(bodies[i]);
        cleanup(mem_free_at) char *complaints = told(&read);
        in_row(bodies[i], read.complaints.count == 1 && strstr(complaints, "hunter2") == NULL);
        done(&read);
    }
}

static void escapes_are_decoded_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool form;
        const char *decoded; /* NULL: refused */
    } rows[] = {
        {"", false, ""},
        {"a", false, "a"},
        {"openai%2Fgpt-4o", false, "openai/gpt-4o"},
        {"%e2%82%AC", false, "\xe2\x82\xac"},
        {"a+b", false, "a+b"},
        {"a+b", true, "a b"},
        {"%", false, NULL},
        {"a%4", false, NULL},
        {"%g0", false, NULL},
        {"%00", false, NULL},
        {"%ff", false, NULL},
        {"%c0%80", false, NULL},
        {"%ed%a0%80", false, NULL},
        {"%f4%90%80%80", false, NULL},
    };
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct span decoded;
        bool ok = field_percent_decode(span_of(rows[i].text), rows[i].form, arena, &decoded);
        in_row(rows[i].text, ok == (rows[i].decoded != NULL));
        if (ok)
            assert_span(rows[i].text, decoded, rows[i].decoded);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_body_may_not_hold_is_said),
        cmocka_unit_test(what_a_body_holds_is_read),
        cmocka_unit_test(a_query_is_read_like_a_body),
        cmocka_unit_test(what_is_missing_is_said_once_and_all_is_bounded),
        cmocka_unit_test(a_secret_is_never_repeated),
        cmocka_unit_test(escapes_are_decoded_or_refused),
    };

    return run_test_table(tests);
}
