/* Conditions: what holds of which values, and how what is wrong is named. */
#include "tenants/model/preset_condition.h"

#include <errno.h>

#include "tests/support/testing.h"

/* What the body of a request says stands for all fields: metadata and params are its members, each
 * other field is the member of its name. */
struct request {
    struct json_doc doc;
    struct span tags[4];
    uint32_t tag_count;
};

static struct condition_value look(const void *context, enum condition_field field,
                                   const char *name)
{
    const struct request *request = context;
    uint32_t node;

    switch (field) {
    case FIELD_METADATA:
    case FIELD_PARAMS:
        node = json_find(&request->doc, 0, name);
        return (struct condition_value){.kind = VALUE_NODE, .doc = &request->doc, .node = node};
    case FIELD_TAGS:
    case FIELD_NEEDS:
        return (struct condition_value){
            .kind = VALUE_LIST, .texts = request->tags, .text_count = request->tag_count};
    case FIELD_STREAM:
        return (struct condition_value){.kind = VALUE_BOOL, .flag = true};
    case FIELD_PROMPT_TOKENS:
        return (struct condition_value){.kind = VALUE_NUMBER, .number = 1000};
    case FIELD_MODEL:
    case FIELD_KEY:
    case FIELD_ENDPOINT:
        return (struct condition_value){.kind = VALUE_TEXT, .text = span_of("openai/gpt-4.1")};
    case FIELD_USER:
    case FIELDS:
        break;
    }
    return (struct condition_value){.kind = VALUE_NONE};
}

static const char *const body =
    "{\"tier\":\"paid\",\"age\":\"21\",\"temperature\":0.5,\"big\":1e3,\"flag\":true,\"off\":"
    "\"false\",\"nothing\":null,\"list\":[\"a\",\"b\",7,true],\"none\":[],\"object\":{\"x\":1},"
    "\"escaped\":\"a\\u0062\\n\",\"empty\":\"\",\"words\":\"the quick fox\",\"odd\":\"12x\"}";

static bool holds(const char *query)
{
    struct arena *arena = arena_new(1 << 14, 1 << 20);
    struct json_doc doc = json_doc_make();
    struct request request = {
        .doc = json_doc_make(), .tags = {{"team=red", 8}, {"x", 1}}, .tag_count = 2};
    const struct condition_source source = {look, &request};
    struct preset_condition condition;
    struct condition_error error;
    bool it;

    assert_int(query, json_parse(&doc, span_of(query), &json_limits_body), JSON_OK);
    assert_int("body", json_parse(&request.doc, span_of(body), &json_limits_body), JSON_OK);
    if (condition_read(&doc, 0, arena, &condition, &error) != 0)
        fail_msg("%s: %s %s", query, error.path, error.text);
    json_doc_done(&doc);
    it = condition_holds(&condition, &source);
    json_doc_done(&request.doc);
    arena_free(arena);
    return it;
}

static void tests_hold_or_not(void **state)
{
    static const struct {
        const char *query;
        bool holds;
    } rows[] = {
        /* equal */
        {"{\"metadata.tier\":\"paid\"}", true},
        {"{\"metadata.tier\":{\"$eq\":\"paid\"}}", true},
        {"{\"metadata.tier\":\"Paid\"}", false},
        {"{\"metadata.tier\":7}", false},
        {"{\"metadata.tier\":{\"$ne\":\"free\"}}", true},
        {"{\"metadata.tier\":{\"$ne\":\"paid\"}}", false},
        {"{\"metadata.gone\":{\"$ne\":\"paid\"}}", true},
        {"{\"metadata.gone\":null}", true},
        {"{\"metadata.nothing\":null}", true},
        {"{\"metadata.tier\":null}", false},
        {"{\"metadata.gone\":\"x\"}", false},
        {"{\"params.flag\":true}", true},
        {"{\"params.flag\":false}", false},
        {"{\"metadata.off\":false}", true},
        {"{\"metadata.off\":\"false\"}", true},
        {"{\"params.temperature\":0.5}", true},
        {"{\"params.big\":1000}", true},
        {"{\"metadata.age\":21}", true},
        {"{\"metadata.age\":\"21\"}", true},
        {"{\"metadata.odd\":12}", false},
        {"{\"metadata.empty\":\"\"}", true},
        {"{\"params.object\":\"x\"}", false},
        {"{\"params.object\":{\"$ne\":1}}", true},
        {"{\"metadata.escaped\":\"ab\\n\"}", true},
        /* in an order */
        {"{\"params.temperature\":{\"$gt\":0.4}}", true},
        {"{\"params.temperature\":{\"$gt\":0.5}}", false},
        {"{\"params.temperature\":{\"$gte\":0.5}}", true},
        {"{\"params.temperature\":{\"$lt\":0.5}}", false},
        {"{\"params.temperature\":{\"$lte\":0.5}}", true},
        {"{\"metadata.age\":{\"$gt\":3}}", true},
        {"{\"metadata.age\":{\"$gt\":\"3\"}}", false},
        {"{\"metadata.tier\":{\"$gt\":\"pa\",\"$lt\":\"pb\"}}", true},
        {"{\"metadata.tier\":{\"$gt\":3}}", false},
        {"{\"metadata.tier\":{\"$lte\":3}}", false},
        {"{\"metadata.gone\":{\"$lt\":3}}", false},
        {"{\"params.flag\":{\"$gte\":0}}", false},
        {"{\"request.prompt_tokens\":{\"$gte\":1000,\"$lt\":1001}}", true},
        {"{\"request.prompt_tokens\":{\"$gte\":1000,\"$lt\":1000}}", false},
        /* among */
        {"{\"metadata.tier\":{\"$in\":[\"free\",\"paid\"]}}", true},
        {"{\"metadata.tier\":{\"$in\":[\"free\",1,null]}}", false},
        {"{\"metadata.gone\":{\"$in\":[\"free\",null]}}", true},
        {"{\"metadata.tier\":{\"$nin\":[\"free\"]}}", true},
        {"{\"metadata.tier\":{\"$nin\":[\"free\",\"paid\"]}}", false},
        /* of lists: one of them */
        {"{\"params.list\":\"b\"}", true},
        {"{\"params.list\":7}", true},
        {"{\"params.list\":\"c\"}", false},
        {"{\"params.list\":{\"$ne\":\"a\"}}", false},
        {"{\"params.list\":{\"$contains\":\"a\"}}", true},
        {"{\"params.list\":{\"$contains\":true}}", true},
        {"{\"params.list\":{\"$contains\":\"ab\"}}", false},
        {"{\"params.list\":{\"$regex\":\"^b$\"}}", true},
        {"{\"params.none\":{\"$contains\":\"a\"}}", false},
        {"{\"params.none\":{\"$ne\":\"a\"}}", true},
        {"{\"request.tags\":{\"$contains\":\"team=red\"}}", true},
        {"{\"request.tags\":{\"$contains\":\"team\"}}", false},
        {"{\"request.tags\":{\"$regex\":\"^team=\"}}", true},
        {"{\"request.needs\":{\"$nin\":[\"x\"]}}", false},
        /* in texts */
        {"{\"params.words\":{\"$contains\":\"quick\"}}", true},
        {"{\"params.words\":{\"$contains\":\"slow\"}}", false},
        {"{\"params.words\":{\"$contains\":\"\"}}", true},
        {"{\"params.words\":{\"$contains\":7}}", false},
        {"{\"params.escaped\":{\"$contains\":\"b\\n\"}}", true},
        {"{\"params.words\":{\"$regex\":\"^the\\\\s\"}}", true},
        {"{\"params.words\":{\"$regex\":\"^quick\"}}", false},
        {"{\"params.temperature\":{\"$regex\":\"5\"}}", false},
        /* there or not */
        {"{\"metadata.tier\":{\"$exists\":true}}", true},
        {"{\"metadata.gone\":{\"$exists\":true}}", false},
        {"{\"metadata.nothing\":{\"$exists\":false}}", true},
        {"{\"params.none\":{\"$exists\":true}}", true},
        {"{\"request.user\":{\"$exists\":false}}", true},
        {"{\"request.tags\":{\"$exists\":true}}", true},
        {"{\"request.stream\":{\"$exists\":true}}", true},
        /* joined */
        {"{\"metadata.tier\":\"paid\",\"request.stream\":true}", true},
        {"{\"metadata.tier\":\"paid\",\"request.stream\":false}", false},
        {"{\"$and\":[{\"metadata.tier\":\"paid\"},{\"request.stream\":false}]}", false},
        {"{\"$or\":[{\"metadata.tier\":\"free\"},{\"request.stream\":true}]}", true},
        {"{\"$or\":[{\"metadata.tier\":\"free\"},{\"request.stream\":false}]}", false},
        {"{\"$or\":[{\"metadata.tier\":\"paid\"}]}", true},
        {"{\"$not\":{\"metadata.tier\":\"paid\"}}", false},
        {"{\"$not\":{\"metadata.tier\":\"paid\",\"request.stream\":false}}", true},
        {"{\"$not\":{\"$not\":{\"request.stream\":true}}}", true},
        {"{\"metadata.tier\":\"paid\",\"$or\":[{\"request.stream\":false},{\"$and\":[{"
         "\"metadata.age\":21},{\"$not\":{\"metadata.age\":22}}]}],\"params.flag\":true}",
         true},
        {"{\"metadata.tier\":\"paid\",\"$or\":[{\"request.stream\":false},{\"$and\":[{"
         "\"metadata.age\":21},{\"$not\":{\"metadata.age\":21}}]}],\"params.flag\":true}",
         false},
        {"{\"metadata.tier\":{\"$regex\":\"^p\",\"$ne\":\"paying\"}}", true},
        {"{\"request.model\":{\"$regex\":\"(?i)GPT\"}}", true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].query, holds(rows[i].query), rows[i].holds);
}

/* Of what is longer the begin is looked at, and no escape is cut. */
static void long_texts_are_looked_at_in_part(void **state)
{
    static const struct {
        const char *what, *unit, *query;
        bool holds;
    } rows[] = {
        {"not in the begin", "x", "{\"params.text\":{\"$contains\":\"end\"}}", false},
        {"in the begin", "x", "{\"params.text\":{\"$contains\":\"xxxx\"}}", true},
        {"escaped", "\\u00e4", "{\"params.text\":{\"$contains\":\"\xc3\xa4\xc3\xa4\"}}", true},
        {"escaped, not in the begin", "\\n", "{\"params.text\":{\"$contains\":\"end\"}}", false},
        {"a pattern", "\\n", "{\"params.text\":{\"$regex\":\"^[^x]*$\"}}", false},
        {"it is there", "x", "{\"params.text\":{\"$exists\":true}}", true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 14, 1 << 20);
        struct json_doc doc = json_doc_make();
        struct request request = {.doc = json_doc_make()};
        const struct condition_source source = {look, &request};
        struct preset_condition condition;
        struct condition_error error;
        struct buf text = buf_make(1 << 20);

        buf_add_string(&text, "{\"text\":\"");
        for (int j = 0; j < CONDITION_SUBJECT_MAX; j++)
            buf_add_string(&text, rows[i].unit);
        buf_add_string(&text, "end\"}");
        assert_int(rows[i].what, json_parse(&doc, span_of(rows[i].query), &json_limits_body),
                   JSON_OK);
        assert_int(rows[i].what, json_parse(&request.doc, buf_span(&text), &json_limits_body),
                   JSON_OK);
        assert_int(rows[i].what, condition_read(&doc, 0, arena, &condition, &error), 0);
        assert_int(rows[i].what, condition_holds(&condition, &source), rows[i].holds);
        buf_done(&text);
        json_doc_done(&doc);
        json_doc_done(&request.doc);
        arena_free(arena);
    }
}

#define DEEP8(query)                                                                               \
    "{\"$not\":{\"$not\":{\"$not\":{\"$not\":{\"$not\":{\"$not\":{\"$not\":{\"$not\":" query       \
    "}}}}}}}}"

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *query, *path, *says;
    } rows[] = {
        {"7", "", "must be a query"},
        {"null", "", "must be a query"},
        {"{}", "", "at least one test"},
        {"{\"tier\":\"x\"}", ".tier", "'metadata.NAME'"},
        {"{\"request.colour\":\"x\"}", ".request.colour", "cannot be asked for"},
        {"{\"request.model.x\":\"x\"}", ".request.model.x", "'request.model'"},
        {"{\"metadata.\":\"x\"}", ".metadata.", "1 to 128 bytes"},
        {"{\"metadata.a\\u0000b\":\"x\"}", ".metadata.a\\u0000b", "1 to 128 bytes"},
        {"{\"$nor\":[]}", ".$nor", "'$and', '$or' and '$not'"},
        {"{\"$and\":{}}", ".$and", "array of queries"},
        {"{\"$or\":[]}", ".$or", "at least one"},
        {"{\"$or\":[{\"request.user\":\"a\"},{}]}", ".$or[1]", "at least one"},
        {"{\"$or\":[7]}", ".$or[0]", "must be a query"},
        {"{\"$not\":[]}", ".$not", "must be a query"},
        {"{\"$not\":{}}", ".$not", "at least one"},
        {"{\"$and\":[{\"$or\":[{\"request.user\":\"a\"},{\"request.user\":[]}]}]}",
         ".$and[0].$or[1].request.user", "a string, a number, true, false or null"},
        {"{\"metadata.x\":{}}", ".metadata.x", "must have an operator"},
        {"{\"metadata.x\":{\"$like\":1}}", ".metadata.x.$like", "'$regex'"},
        {"{\"metadata.x\":{\"y\":1}}", ".metadata.x.y", "is no operator"},
        {"{\"metadata.x\":{\"$eq\":{}}}", ".metadata.x.$eq", "a string, a number"},
        {"{\"metadata.x\":{\"$gt\":true}}", ".metadata.x.$gt", "a number or a string"},
        {"{\"metadata.x\":{\"$in\":\"a\"}}", ".metadata.x.$in", "array of 1 to 64"},
        {"{\"metadata.x\":{\"$in\":[]}}", ".metadata.x.$in", "array of 1 to 64"},
        {"{\"metadata.x\":{\"$nin\":[[]]}}", ".metadata.x.$nin", "a string, a number"},
        {"{\"metadata.x\":{\"$contains\":null}}", ".metadata.x.$contains", "not be null"},
        {"{\"metadata.x\":{\"$exists\":1}}", ".metadata.x.$exists", "true or false"},
        {"{\"metadata.x\":{\"$regex\":1}}", ".metadata.x.$regex", "string"},
        {"{\"metadata.x\":{\"$regex\":\"(\"}}", ".metadata.x.$regex", "not closed"},
        {"{\"metadata.x\":{\"$regex\":\"(a)\\\\1\"}}", ".metadata.x.$regex", "escape"},
        {"{\"metadata.x\":{\"$gt\":1e999}}", ".metadata.x.$gt", "too large"},
        {DEEP8(DEEP8("{\"request.user\":\"a\"}")),
         ".$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not.$not",
         "too deep"},
    };
    struct arena *arena = arena_new(1 << 14, 1 << 22);
    struct json_doc doc = json_doc_make();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct condition_error error = {"-", "-"};
        struct preset_condition condition;

        assert_int(rows[i].query, json_parse(&doc, span_of(rows[i].query), &json_limits_body),
                   JSON_OK);
        assert_int(rows[i].query, condition_read(&doc, 0, arena, &condition, &error), -EINVAL);
        assert_span(rows[i].query, span_of(error.path), rows[i].path);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].query, error.text, rows[i].says);
    }
    assert_int("deep enough",
               json_parse(&doc, span_of(DEEP8("{\"request.user\":\"a\"}")), &json_limits_body),
               JSON_OK);
    struct preset_condition condition;
    struct condition_error error;
    assert_int("deep enough", condition_read(&doc, 0, arena, &condition, &error), 0);
    json_doc_done(&doc);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_hold_or_not),
        cmocka_unit_test(long_texts_are_looked_at_in_part),
        cmocka_unit_test(what_is_wrong_is_named),
    };

    return run_test_table(tests);
}
