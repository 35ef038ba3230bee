/* YAML as JSON, and what is refused of it. */
#include "tests/support/testing.h"

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "tenants/ctl/import_yaml.h"

static void yaml_becomes_json(void **state)
{
    static const struct {
        const char *what, *yaml, *json;
    } rows[] = {
        {"a mapping", "a: 1\nb: [x, 'y']\n", "{\"a\":1,\"b\":[\"x\",\"y\"]}"},
        {"JSON", "{\"a\": {\"b\": null}}", "{\"a\":{\"b\":null}}"},
        {"words", "[yes, Off, true, ~, null, nope]", "[true,false,true,null,null,\"nope\"]"},
        {"quoted words", "['yes', \"1\"]", "[\"yes\",\"1\"]"},
        {"numbers", "[0, -3, 1.5, 2e3, 1.5E-7]", "[0,-3,1.5,2e3,1.5E-7]"},
        {"no numbers of JSON", "[010, 0x1f, 1_000, .5, 1., +1, -, 1e, .inf]",
         "[\"010\",\"0x1f\",\"1_000\",\".5\",\"1.\",\"+1\",\"-\",\"1e\",\".inf\"]"},
        {"nothing behind a name", "a:\nb: 1", "{\"a\":null,\"b\":1}"},
        {"a block", "a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
        {"an alias", "a: &x {b: 1}\nc: *x", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
        {"a merge; one's own goes first", "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}",
         "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"c\":3,\"b\":1}}"},
        {"several merged; the first goes first", "- &x {b: 1}\n- &y {b: 2, c: 2}\n- {<<: [*x, *y]}",
         "[{\"b\":1},{\"b\":2,\"c\":2},{\"b\":1,\"c\":2}]"},
        {"what is merged may merge", "- &x {b: 1}\n- &y {<<: *x, c: 2}\n- {<<: *y}",
         "[{\"b\":1},{\"c\":2,\"b\":1},{\"c\":2,\"b\":1}]"},
        {"a name in quotes is no merge", "{'<<': 1}", "{\"<<\":1}"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(4096), error = buf_make(4096);
        if (import_yaml(span_of(rows[i].yaml), &out, &error) != 0)
            fail_msg("%s: %s", rows[i].what, error.at);
        assert_span(rows[i].what, buf_span(&out), rows[i].json);
        buf_done(&out);
        buf_done(&error);
    }
}

/* Nine levels of nine aliases each: 9^9 values of a file of a few hundred bytes. */
static const char laughs[] =
    "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
    "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
    "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n"
    "g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]\nh: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g]\n"
    "i: [*h, *h, *h, *h, *h, *h, *h, *h, *h]\n";

static void what_is_no_configuration_is_refused(void **state)
{
    static const struct {
        const char *what, *yaml, *says;
    } rows[] = {
        {"nothing", "", "there is nothing"},
        {"a comment", "# x\n", "there is nothing"},
        {"no YAML", "a: [1, 2", "it is not valid YAML"},
        {"a tab", "a:\n\tb: 1", "it is not valid YAML"},
        {"an anchor that is not there", "a: *x", "it is not valid YAML"},
        {"several documents", "a: 1\n---\nb: 2\n", "several documents"},
        {"rubbish behind it", "a: 1\n...\n]", "behind its first document"},
        {"a tag of somebody's", "a: !secret x", "tags of its own"},
        {"a name that is a list", "? [a]\n: 1", "name is no text"},
        {"a merge of no mapping", "{<<: 1}", "names no mapping"},
        {"a merge of lists", "{<<: [[1]]}", "names no mapping"},
        {"itself inside", "a: &x [*x]", "too deep"},
        {"itself merged", "a: &x {<<: *x, b: 1}", "too much is merged"},
        {"aliases of aliases", laughs, "make too much"},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(IMPORT_YAML_OUT_MAX), error = buf_make(4096);
        in_row(rows[i].what, import_yaml(span_of(rows[i].yaml), &out, &error) != 0);
        if (strstr(error.at, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].what, error.at);
        buf_done(&out);
        buf_done(&error);
    }
}

/* libyaml alone would be busy with it for a minute and more. */
static void what_takes_long_is_refused_at_once(void **state)
{
    static const struct {
        const char *again, *says;
    } rows[] = {{"[", "too deep"},
                {"- ", "too deep"},
                {"[{a: ", "too deep"},
                {"- &a x\n", "too many anchors"}};
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf text = buf_make(1 << 20), out = buf_make(IMPORT_YAML_OUT_MAX),
                   error = buf_make(4096);
        while (text.size < 500000)
            buf_add_string(&text, rows[i].again);
        in_row(rows[i].again, import_yaml(buf_span(&text), &out, &error) != 0);
        if (strstr(error.at, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].again, error.at);
        buf_done(&text);
        buf_done(&out);
        buf_done(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_becomes_json),
        cmocka_unit_test(what_is_no_configuration_is_refused),
        cmocka_unit_test(what_takes_long_is_refused_at_once),
    };
    return run_test_table(tests);
}
