/* Routing presets: what is read of a document, and how what is wrong with one is named. */
#include "tenants/model/preset.h"

#include <errno.h>

#include "tests/support/testing.h"

static const char *const whole =
    "{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[429,500,503]},\"targets\":["
    "{\"name\":\"main\",\"strategy\":{\"mode\":\"loadbalance\",\"sticky\":\"metadata.team\"},"
    "\"targets\":[{\"name\":\"stable\",\"weight\":95,\"model\":\"openai/gpt-4.1\"},"
    "{\"weight\":0.5,\"override_params\":{\"system\":\"Answer briefly.\",\"temperature\":0.2,"
    "\"max_tokens\":500,\"stop\":[\"a\"],\"seed\":-7,\"reasoning_effort\":\"low\"}}]},"
    "{\"on\":[\"context_window\",\"content_policy\"],\"model\":\"google/gemini-2.5-pro:floor\"},"
    "{\"name\":\"last\",\"provider\":{\"zdr\":true,\"sort\":\"price\",\"only\":[\"x\",\"y\"]},"
    "\"retry\":{\"attempts\":2,\"on_status_codes\":[429],\"by_error\":{\"timeout\":0}},"
    "\"request_timeout\":30000,\"first_token_timeout\":5000},"
    "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"query\":{\"request.stream\":true},"
    "\"then\":\"b\"}],\"default\":\"a\"},\"targets\":[{\"name\":\"a\"},{\"name\":\"b\"}]}]}";

static struct arena *arena_for_preset(void)
{
    return arena_new(1 << 14, PRESET_ARENA_MAX);
}

static void a_document_becomes_a_tree(void **state)
{
    struct arena *arena = arena_for_preset();
    struct preset_error_at error = {"", ""};
    struct preset preset;
    const struct preset_target *at;

    (void)state;
    assert_int(error.text, preset_read(span_of(whole), arena, &preset, &error), 0);
    assert_int("targets", preset.target_count, 9);
    at = preset.root;
    assert_span("the root", at->name, "root");
    assert_int("fallback", at->mode, PRESET_FALLBACK);
    assert_int("statuses", at->leave_on.count, 3);
    assert_int("the last", at->leave_on.at[2], 503);
    assert_int("any leads to the first", at->targets[0]->on, FALL_ANY);
    assert_int("two lead to the second", at->targets[1]->on,
               1U << FALL_CONTEXT | 1U << FALL_POLICY);
    assert_span("by its place", at->targets[1]->name, "1");
    assert_span("model", at->targets[1]->model, "google/gemini-2.5-pro:floor");
    assert_true(at->targets[1]->wish == NULL && at->targets[1]->overrides.size == 0);
    assert_int("no time of its own", at->targets[1]->total_ms, -1);
    assert_int("nor retries", at->targets[1]->retries, -1);
    at = preset.root->targets[0];
    assert_int("loadbalance", at->mode, PRESET_LOADBALANCE);
    assert_int("sticky", at->sticky, STICKY_METADATA);
    assert_span("by", at->sticky_member, "team");
    assert_true(at->targets[0]->weight > 94.9 && at->targets[0]->weight < 95.1);
    assert_span("within", at->targets[1]->name, "main.1");
    assert_span("the model asked for", at->targets[1]->model, "");
    assert_true(span_starts(at->targets[1]->overrides, "{\"system\":\"Answer briefly.\""));
    at = preset.root->targets[2];
    assert_true(at->wish != NULL && at->wish->zdr);
    assert_int("retries", at->retries, 2);
    assert_int("on", at->retry_on.at[0], 429);
    assert_int("of a timeout", at->retries_by[PRESET_ERROR_TIMEOUT], 0);
    assert_int("of others", at->retries_by[PRESET_ERROR_SERVER], -1);
    assert_int("total", at->total_ms, 30000);
    assert_int("first token", at->first_token_ms, 5000);
    at = preset.root->targets[3];
    assert_int("conditional", at->mode, PRESET_CONDITIONAL);
    assert_ptr_equal(at->branches[0].then, at->targets[1]);
    assert_ptr_equal(at->otherwise, at->targets[0]);
    arena_free(arena);
}

static void one_target_alone_is_a_preset(void **state)
{
    static const char *const rows[] = {"{}", "{\"model\":\"a/b\"}",
                                       "{\"strategy\":{\"mode\":\"single\"},\"model\":\"a/b\"}",
                                       "{\"name\":\"x\",\"strategy\":null,\"targets\":null}"};
    struct arena *arena = arena_for_preset();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct preset_error_at error = {"", ""};
        struct preset preset;

        assert_int(rows[i], preset_read(span_of(rows[i]), arena, &preset, &error), 0);
        assert_int(rows[i], preset.root->mode, PRESET_SINGLE);
        assert_int(rows[i], preset.target_count, 1);
    }
    arena_free(arena);
}

#define LEAF(members) "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{}," members "]}"
#define BALANCE(strategy, targets)                                                                 \
    "{\"strategy\":{\"mode\":\"loadbalance\"" strategy "},\"targets\":" targets "}"
#define CHOOSE(strategy)                                                                           \
    "{\"strategy\":{\"mode\":\"conditional\"," strategy "},\"targets\":[{\"name\":\"a\"}]}"
#define QUERY(query) CHOOSE("\"conditions\":[{\"query\":" query ",\"then\":\"a\"}]")
#define IN(inner) "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[" inner "]}"

static void what_is_wrong_is_named_with_its_path(void **state)
{
    static const struct {
        const char *text, *path, *says;
    } rows[] = {
        {"{", "", "at byte 1"},
        {"[]", "", "must be an object"},
        {"{\"modle\":\"x\"}", "modle", "not known"},
        {"{\"model\":7}", "model", "must be a string"},
        {"{\"model\":\"\"}", "model", "1 to 256 bytes"},
        {"{\"model\":\"@preset/x\"}", "model", "names no other"},
        {"{\"model\":\"auto\"}", "model", "names no other"},
        {"{\"name\":1}", "name", "string"},
        {"{\"strategy\":\"fallback\"}", "strategy", "object"},
        {"{\"strategy\":{}}", "strategy.mode", "'single', 'fallback', 'loadbalance' or"},
        {"{\"strategy\":{\"mode\":\"chance\"}}", "strategy.mode", "'loadbalance'"},
        {"{\"strategy\":{\"mode\":\"single\",\"sticky\":\"none\"}}", "strategy.sticky", "known"},
        {"{\"targets\":[{}]}", "targets", "without a 'strategy'"},
        {"{\"weight\":1}", "weight", "of a loadbalance only"},
        {"{\"on\":[\"error\"]}", "on", "of a fallback only"},
        /* targets */
        {"{\"strategy\":{\"mode\":\"fallback\"}}", "targets", "at least one target"},
        {IN(""), "targets", "at least one target"},
        {"{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"query\":{},\"then\":\"a\"}]}}",
         "targets", "at least one target"},
        {IN("{},7"), "targets[1]", "must be an object"},
        {IN("{\"name\":\"a\"},{\"name\":\"a\"}"), "targets[1].name", "is the name of 'targets[0]'"},
        {IN("{\"name\":\"1\"},{}"), "targets[1].name", "too: 1"},
        {IN("{\"on\":[\"error\"]}"), "targets[0].on", "nothing leads to it"},
        {LEAF("{\"on\":[]}"), "targets[1].on", "at least one"},
        {LEAF("{\"on\":\"error\"}"), "targets[1].on", "array"},
        {LEAF("{\"on\":[\"error\",\"weather\"]}"), "targets[1].on", "'content_policy'"},
        {LEAF("{\"weight\":2}"), "targets[1].weight", "of a loadbalance only"},
        {IN(IN(IN(IN(IN(IN("{}")))))),
         "targets[0].targets[0].targets[0].targets[0].targets[0].targets[0]", "too deep"},
        {"{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{}],\"model\":\"x\"}", "model",
         "write it at those within"},
        {"{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[]},\"targets\":[{}]}",
         "strategy.on_status_codes", "1 to 32"},
        {"{\"strategy\":{\"mode\":\"fallback\",\"on_status_codes\":[200]},\"targets\":[{}]}",
         "strategy.on_status_codes", "400 to 599"},
        {"{\"strategy\":{\"mode\":\"fallback\",\"sticky\":\"none\"},\"targets\":[{}]}",
         "strategy.sticky", "not known here"},
        /* weights */
        {BALANCE("", "[{\"weight\":0}]"), "targets[0].weight", "must be above 0"},
        {BALANCE("", "[{\"weight\":-1}]"), "targets[0].weight", "must be above 0"},
        {BALANCE("", "[{\"weight\":\"1\"}]"), "targets[0].weight", "a number above 0"},
        {BALANCE("", "[{\"weight\":1e10}]"), "targets[0].weight", "1000000000"},
        {BALANCE(",\"sticky\":\"ip\"", "[{}]"), "strategy.sticky", "'metadata.NAME'"},
        {BALANCE(",\"sticky\":\"metadata.\"", "[{}]"), "strategy.sticky", "'user'"},
        /* conditions */
        {CHOOSE("\"default\":\"a\""), "strategy.conditions", "at least one condition"},
        {CHOOSE("\"conditions\":[7]"), "strategy.conditions[0]", "'query' and 'then'"},
        {CHOOSE("\"conditions\":[{\"then\":\"a\"}]"), "strategy.conditions[0].query", "missing"},
        {CHOOSE("\"conditions\":[{\"query\":{\"request.stream\":true},\"then\":\"b\"}]"),
         "strategy.conditions[0].then", "none of the targets"},
        {CHOOSE("\"conditions\":[{\"query\":{\"request.stream\":true}}]"),
         "strategy.conditions[0].then", "the name of one"},
        {CHOOSE("\"conditions\":[{\"query\":{\"request.stream\":true},\"then\":\"a\",\"x\":1}]"),
         "strategy.conditions[0].x", "not known"},
        {CHOOSE("\"conditions\":[{\"query\":{\"request.stream\":true},\"then\":\"a\"}],"
                "\"default\":\"b\""),
         "strategy.default", "none of the targets"},
        {QUERY("[]"), "strategy.conditions[0].query", "an object"},
        {QUERY("{}"), "strategy.conditions[0].query", "at least one test"},
        {QUERY("{\"$or\":[{\"metadata.x\":{\"$gt\":null}}]}"),
         "strategy.conditions[0].query.$or[0].metadata.x.$gt", "a number or a string"},
        {QUERY("{\"request.age\":1}"), "strategy.conditions[0].query.request.age",
         "'request.model'"},
        /* a leaf's members */
        {"{\"provider\":{\"sort\":\"luck\"}}", "provider.sort", "'price'"},
        {"{\"provider\":{\"sorts\":\"price\"}}", "provider", "\"sorts\""},
        {LEAF("{\"provider\":{\"only\":[\"a\"],\"ignore\":[\"a\"]}}"), "targets[1].provider.ignore",
         "nobody is left"},
        {"{\"retry\":3}", "retry", "object"},
        {"{\"retry\":{\"attempts\":6}}", "retry.attempts", "from 0 to 5"},
        {"{\"retry\":{\"wait\":6}}", "retry.wait", "not known"},
        {"{\"retry\":{\"by_error\":{\"timeout\":-1}}}", "retry.by_error.timeout", "from 0 to 5"},
        {"{\"retry\":{\"by_error\":{\"dns\":1}}}", "retry.by_error", "'connect'"},
        {"{\"request_timeout\":0}", "request_timeout", "from 1 to 3600000"},
        {"{\"request_timeout\":1.5}", "request_timeout", "whole number"},
        {"{\"request_timeout\":5,\"first_token_timeout\":6}", "first_token_timeout",
         "not be above 'request_timeout'"},
        {"{\"override_params\":[]}", "override_params", "object"},
        {"{\"override_params\":{\"top_k\":5}}", "override_params.top_k", "not known"},
        {"{\"override_params\":{\"system\":\"\"}}", "override_params.system", "not empty"},
        {"{\"override_params\":{\"max_tokens\":0}}", "override_params.max_tokens", "from 1 to"},
        {"{\"override_params\":{\"temperature\":3}}", "override_params.temperature", "from 0 to 2"},
        {"{\"override_params\":{\"top_p\":\"1\"}}", "override_params.top_p", "from 0 to 1"},
        {"{\"override_params\":{\"stop\":[]}}", "override_params.stop", "1 to 16"},
        {"{\"override_params\":{\"stop\":[\"\"]}}", "override_params.stop", "empty"},
        {"{\"override_params\":{\"seed\":1e30}}", "override_params.seed", "whole number"},
        {"{\"override_params\":{\"presence_penalty\":-3}}", "override_params.presence_penalty",
         "from -2 to 2"},
        {LEAF("{\"override_params\":{\"reasoning_effort\":\"max\"}}"),
         "targets[1].override_params.reasoning_effort", "'xhigh'"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_for_preset();
        struct preset_error_at error = {"-", "-"};
        struct preset preset;

        assert_int(rows[i].text, preset_read(span_of(rows[i].text), arena, &preset, &error),
                   -EINVAL);
        assert_span(rows[i].text, span_of(error.path), rows[i].path);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].text, error.text, rows[i].says);
        arena_free(arena);
    }
}

static int read_many(const char *head, const char *item, int count, const char *tail,
                     struct preset_error_at *error_out)
{
    struct arena *arena = arena_for_preset();
    struct buf text = buf_make(4 * PRESET_BYTES_MAX);
    struct preset preset;
    int r;

    buf_add_string(&text, head);
    for (int i = 0; i < count; i++) {
        buf_add_string(&text, i > 0 ? "," : "");
        buf_add_string(&text, item);
    }
    buf_add_string(&text, tail);
    r = preset_read(buf_span(&text), arena, &preset, error_out);
    buf_done(&text);
    arena_free(arena);
    return r;
}

#define ONES8 "1,1,1,1,1,1,1,1"
#define ONES64 ONES8 "," ONES8 "," ONES8 "," ONES8 "," ONES8 "," ONES8 "," ONES8 "," ONES8

static void what_is_too_large_is_refused(void **state)
{
    static const struct {
        const char *what, *head, *item, *tail;
        int most;
        const char *says;
    } rows[] = {
        {"targets", "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[", "{}", "]}", 63,
         "at most 64"},
        {"tests in all", "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[",
         "{\"query\":{\"request.user\":\"a\"},\"then\":\"a\"}",
         "]},\"targets\":[{\"name\":\"a\"}]}", 256, "256"},
        {"tests of one query",
         "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"then\":\"a\",\"query\":{"
         "\"$or\":[",
         "{\"request.user\":\"a\"}", "]}}]},\"targets\":[{\"name\":\"a\"}]}", 63, "64"},
        {"patterns", "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[",
         "{\"query\":{\"request.user\":{\"$regex\":\"a{200}\"}},\"then\":\"a\"}",
         "]},\"targets\":[{\"name\":\"a\"}]}", 10, "too large"},
        {"values", "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[",
         "{\"query\":{\"request.user\":{\"$in\":[" ONES64 "]}},\"then\":\"a\"}",
         "]},\"targets\":[{\"name\":\"a\"}]}", 16, "1024"},
        {"bytes", "{\"override_params\":{\"stop\":[\"",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "\"]}}", 1023,
         "too large"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct preset_error_at error = {"", ""};

        assert_int(rows[i].what,
                   read_many(rows[i].head, rows[i].item, rows[i].most, rows[i].tail, &error), 0);
        assert_int(rows[i].what,
                   read_many(rows[i].head, rows[i].item, rows[i].most + 1, rows[i].tail, &error),
                   -EINVAL);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].what, error.text, rows[i].says);
    }
}

struct told {
    struct buf text;
    int left;
};

static bool tell(void *context, struct span name, bool is_model, const char *path)
{
    struct told *told = context;

    buf_printf(&told->text, "%s=%s%.*s ", path, is_model ? "" : "*", SPAN_ARG(name));
    return --told->left > 0;
}

static void each_name_has_its_path(void **state)
{
    struct arena *arena = arena_for_preset();
    struct preset_error_at error;
    struct told told = {buf_make(4096), 100};
    struct preset preset;

    (void)state;
    assert_int("read", preset_read(span_of(whole), arena, &preset, &error), 0);
    preset_each_name(&preset, tell, &told);
    assert_span("all", buf_span(&told.text),
                "targets[0].targets[0].model=openai/gpt-4.1 "
                "targets[1].model=google/gemini-2.5-pro:floor "
                "targets[2].provider.only[0]=*x targets[2].provider.only[1]=*y ");
    buf_clear(&told.text);
    told.left = 1;
    preset_each_name(&preset, tell, &told);
    assert_span("until enough", buf_span(&told.text),
                "targets[0].targets[0].model=openai/gpt-4.1 ");
    assert_int("alone", preset_read(span_of("{\"model\":\"m\"}"), arena, &preset, &error), 0);
    buf_clear(&told.text);
    preset_each_name(&preset, tell, &told);
    assert_span("of one alone", buf_span(&told.text), "model=m ");
    buf_done(&told.text);
    arena_free(arena);
}

static void names_are_plain(void **state)
{
    static const struct {
        const char *name;
        bool good;
    } rows[] = {
        {"auto", true},
        {"a", true},
        {"9-x_y.z", true},
        {"", false},
        {"-a", false},
        {".a", false},
        {"A", false},
        {"a b", false},
        {"a/b", false},
        {"\xc3\xa4", false},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].name, preset_name_good(span_of(rows[i].name)), rows[i].good);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_becomes_a_tree),
        cmocka_unit_test(one_target_alone_is_a_preset),
        cmocka_unit_test(what_is_wrong_is_named_with_its_path),
        cmocka_unit_test(what_is_too_large_is_refused),
        cmocka_unit_test(each_name_has_its_path),
        cmocka_unit_test(names_are_plain),
    };

    return run_test_table(tests);
}
