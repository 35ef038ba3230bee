/* models: which models a list has, in which order and shape, and what is told of endpoints. */
#include "tests/support/testing.h"

#include "common/base/json.h"
#include "tests/unit/gateway/models/catalog.h"

enum { OUT_MAX = 1 << 20 };

static struct snapshot *snapshot;
static struct board *board;

static int set_up(void **state)
{
    (void)state;
    snapshot = catalog_build();
    board = board_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    snapshot_unref(snapshot);
    board_free(board);
    return 0;
}

/* The ids of a list, in order, with blanks between; "!" and the name of what was wrong. */
static void ids_of(const struct models_view *view, const char *query, struct buf *ids_out)
{
    struct buf out cleanup(buf_done) = buf_make(OUT_MAX), why cleanup(buf_done) = buf_make(OUT_MAX);
    struct json_doc doc = json_doc_make();
    struct models_ask ask;
    const char *param = NULL;
    uint32_t list;

    buf_clear(ids_out);
    if (!models_ask_read(view, span_of(query), &ask, &param, &why)) {
        (void)buf_printf(ids_out, "!%s", param == NULL ? "?" : param);
    } else if (!models_write_list(view, &ask, &out)) {
        buf_add_string(ids_out, "!!");
    } else {
        assert_int(query, json_parse(&doc, buf_span(&out), &json_limits_body), JSON_OK);
        list = json_find(&doc, 0, view->shape == MODELS_GEMINI ? "models" : "data");
        for (uint32_t n = json_first(&doc, list); n != JSON_NONE; n = json_after(&doc, list, n)) {
            char id[64];

            assert_int(query,
                       json_copy_string(
                           &doc, json_find(&doc, n, view->shape == MODELS_GEMINI ? "name" : "id"),
                           id, sizeof(id)),
                       0);
            (void)buf_printf(ids_out, "%s%s", ids_out->size > 0 ? " " : "", id);
        }
    }
    json_doc_done(&doc);
}

static void a_list_is_what_its_filters_leave(void **state)
{
    static const struct {
        const char *what, *query, *ids;
        enum catalog_key key;
    } rows[] = {
        {"all that can be called", "", "acme/big acme/small acme/vectors", CATALOG_LIVE},
        {"what this key may", "", "acme/big", CATALOG_ONE_MODEL},
        {"a test key's", "", "acme/big acme/small acme/vectors", CATALOG_TEST},
        {"all but the retired", "all=true",
         "acme/big acme/small acme/vectors other/gone other/screen", CATALOG_LIVE},
        {"not what the key may not", "all=true", "acme/big", CATALOG_ONE_MODEL},
        {"of a kind", "kind=embedding", "acme/vectors", CATALOG_LIVE},
        {"of one that no endpoint calls", "kind=video", "", CATALOG_LIVE},
        {"at a provider", "provider=host", "acme/big acme/small", CATALOG_LIVE},
        {"at one that has none", "provider=nobody", "", CATALOG_LIVE},
        {"with a parameter", "supported_parameters=tools", "acme/big", CATALOG_LIVE},
        {"with two at one deployment", "supported_parameters=tools,top_k", "acme/big",
         CATALOG_LIVE},
        {"not one here and one there", "supported_parameters=top_k,logit_bias", "", CATALOG_LIVE},
        {"twice is both", "supported_parameters=tools&supported_parameters=seed", "acme/big",
         CATALOG_LIVE},
        {"a temperature unless refused", "supported_parameters=temperature", "acme/big acme/small",
         CATALOG_LIVE},
        {"that see", "input_modalities=image", "acme/big", CATALOG_LIVE},
        {"that read files, by our name", "input_modalities=file,text", "acme/big", CATALOG_LIVE},
        {"and by the catalog's", "input_modalities=pdf", "acme/big", CATALOG_LIVE},
        {"that draw", "output_modalities=image", "", CATALOG_LIVE},
        {"long enough", "context_length_min=8191", "acme/big acme/vectors", CATALOG_LIVE},
        {"by a word of the id", "q=SMALL", "acme/small", CATALOG_LIVE},
        {"of the name, decoded", "q=%26+quick", "acme/small", CATALOG_LIVE},
        {"by two words", "q=acme+big", "acme/big", CATALOG_LIVE},
        {"by none that is there", "q=zzz", "", CATALOG_LIVE},
        {"an empty filter filters nothing", "q=&kind=", "acme/big acme/small acme/vectors",
         CATALOG_LIVE},
        {"the cheapest first", "sort=price&kind=chat", "acme/small acme/big", CATALOG_LIVE},
        {"the newest first", "sort=newest", "acme/small acme/big acme/vectors", CATALOG_LIVE},
        {"the longest first", "sort=context", "acme/big acme/vectors acme/small", CATALOG_LIVE},
        {"a page", "limit=2", "acme/big acme/small", CATALOG_LIVE},
        {"the next", "limit=2&after=acme/small", "acme/vectors", CATALOG_LIVE},
        {"the next, escaped", "after=acme%2Fsmall", "acme/vectors", CATALOG_LIVE},
        {"behind the last", "after=acme/vectors", "", CATALOG_LIVE},
        {"behind what is not there", "after=nothing", "!!", CATALOG_LIVE},
        {"no kind", "kind=chats", "!kind", CATALOG_LIVE},
        {"no provider", "provider=Acme", "!provider", CATALOG_LIVE},
        {"no parameter", "supported_parameters=tools,toolz", "!supported_parameters", CATALOG_LIVE},
        {"no modality", "input_modalities=smell", "!input_modalities", CATALOG_LIVE},
        {"no order", "sort=nicest", "!sort", CATALOG_LIVE},
        {"neither true nor false", "all=yes", "!all", CATALOG_LIVE},
        {"no number", "limit=ten", "!limit", CATALOG_LIVE},
        {"none", "limit=0", "!limit", CATALOG_LIVE},
        {"too many", "limit=1001", "!limit", CATALOG_LIVE},
        {"a negative length", "context_length_min=-1", "!context_length_min", CATALOG_LIVE},
        {"twice", "kind=chat&kind=embedding", "!kind", CATALOG_LIVE},
        {"not a filter", "kindd=chat", "!?", CATALOG_LIVE},
        {"Anthropic's, from another", "after_id=acme/big", "!?", CATALOG_LIVE},
    };
    struct buf ids cleanup(buf_done) = buf_make(OUT_MAX);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, rows[i].key, board);

        ids_of(&view, rows[i].query, &ids);
        assert_span(rows[i].what, buf_span(&ids), rows[i].ids);
    }
}

static void each_client_has_its_own_shape_and_pages(void **state)
{
    static const struct {
        const char *what, *query, *ids;
        enum models_shape shape;
    } rows[] = {
        {"Anthropic: chats only", "", "acme/big acme/small", MODELS_ANTHROPIC},
        {"behind", "limit=1&after_id=acme/big", "acme/small", MODELS_ANTHROPIC},
        {"before", "limit=1&before_id=acme/small", "acme/big", MODELS_ANTHROPIC},
        {"before the first", "before_id=acme/big", "", MODELS_ANTHROPIC},
        {"both", "before_id=acme/big&after_id=acme/big", "!before_id", MODELS_ANTHROPIC},
        {"what its SDK adds", "beta=true&limit=1", "acme/big", MODELS_ANTHROPIC},
        {"OpenAI's cursor", "after=acme/big", "!?", MODELS_ANTHROPIC},
        {"Gemini: chats only", "", "models/acme/big models/acme/small", MODELS_GEMINI},
        {"a page", "pageSize=1", "models/acme/big", MODELS_GEMINI},
        {"more than there may be", "pageSize=5000", "models/acme/big models/acme/small",
         MODELS_GEMINI},
        {"the next", "pageSize=1&pageToken=acme/big", "models/acme/small", MODELS_GEMINI},
        {"what its SDK adds", "queryBase=True&alt=json", "models/acme/big models/acme/small",
         MODELS_GEMINI},
        {"none", "pageSize=-1", "!pageSize", MODELS_GEMINI},
    };
    struct buf ids cleanup(buf_done) = buf_make(OUT_MAX);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, CATALOG_LIVE, board);

        view.shape = rows[i].shape;
        ids_of(&view, rows[i].query, &ids);
        assert_span(rows[i].what, buf_span(&ids), rows[i].ids);
    }
}

static void the_sentence_says_what_is_allowed(void **state)
{
    static const struct {
        const char *query, *why;
    } rows[] = {
        {"kind=chats", "'kind' does not take 'chats'; it takes chat, embedding, video."},
        {"provider=x", "'provider' does not take 'x'; it takes acme, host, nobody."},
        {"all=1", "'all' does not take '1'; it takes true or false."},
        {"limit=0", "'limit' does not take '0'; it takes a whole number from 1 to 1000."},
        {"sort=x", "'sort' does not take 'x'; it takes id, price, context, newest."},
        {"x=y", "There is no filter 'x'; there are all, kind, provider, supported_parameters, "
                "input_modalities, output_modalities, context_length_min, q, sort, limit, after."},
        {"q=a&q=b", "'q' is there twice."},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, CATALOG_LIVE, board);
        struct buf why cleanup(buf_done) = buf_make(OUT_MAX);
        const char *param = NULL;
        struct models_ask ask;

        in_row(rows[i].query, !models_ask_read(&view, span_of(rows[i].query), &ask, &param, &why));
        assert_span(rows[i].query, buf_span(&why), rows[i].why);
    }
}

/* The whole text of one model, in each shape. */
static void one_model_is_told_whole(void **state)
{
    static const struct {
        const char *what, *name, *text;
        enum models_shape shape;
    } rows[] = {
        {"OpenAI", "large",
         "{\"id\":\"acme/big\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"acme\","
         "\"name\":\"Big\",\"kind\":\"chat\",\"available\":true,\"context_length\":200000,"
         "\"architecture\":{\"modality\":\"text+image+file->text\",\"input_modalities\":[\"text\","
         "\"image\",\"file\"],\"output_modalities\":[\"text\"]},\"pricing\":{\"prompt\":"
         "\"0.000003\",\"completion\":\"0.000015\",\"request\":\"0.000001\",\"input\":"
         "\"0.000003\",\"output\":\"0.000015\",\"cache_read\":\"0.0000003\",\"input_cache_read\":"
         "\"0.0000003\",\"cache_write_5m\":\"0.00000375\",\"input_cache_write\":\"0.00000375\","
         "\"markup\":\"0.05\"},\"top_provider\":{\"context_length\":200000,"
         "\"max_completion_tokens\":64000},\"supported_parameters\":[\"max_tokens\","
         "\"max_completion_tokens\",\"stop\",\"temperature\",\"top_p\",\"top_k\",\"seed\","
         "\"tools\",\"tool_choice\",\"parallel_tool_calls\",\"response_format\",\"structured_"
         "outputs\",\"reasoning\","
         "\"include_reasoning\",\"reasoning_effort\"],\"limits\":{\"context\":200000,\"output\":"
         "64000},\"capabilities\":{\"input\":[\"text\",\"image\",\"pdf\"],\"output\":[\"text\"],"
         "\"tools\":true,\"structured_output\":true,\"temperature\":true,\"reasoning\":true}}",
         MODELS_OPENAI},
        {"Anthropic", "acme/small",
         "{\"type\":\"model\",\"id\":\"acme/small\",\"display_name\":\"Small & quick\","
         "\"created_at\":\"2026-09-21T14:13:20Z\",\"lifecycle\":\"deprecated\",\"max_input_"
         "tokens\":8000}",
         MODELS_ANTHROPIC},
        {"Gemini", "acme/big",
         "{\"name\":\"models/acme/big\",\"baseModelId\":\"big\",\"displayName\":\"Big\","
         "\"inputTokenLimit\":200000,\"outputTokenLimit\":64000,\"supportedGenerationMethods\":"
         "[\"generateContent\",\"streamGenerateContent\",\"countTokens\"],\"thinking\":true}",
         MODELS_GEMINI},
        {"an age that nobody knows", "acme/vectors",
         "{\"type\":\"model\",\"id\":\"acme/vectors\",\"display_name\":\"Vectors\","
         "\"created_at\":\"1970-01-01T00:00:00Z\",\"lifecycle\":\"active\",\"max_input_tokens\":"
         "8191}",
         MODELS_ANTHROPIC},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, CATALOG_LIVE, board);
        struct buf out cleanup(buf_done) = buf_make(OUT_MAX);

        view.shape = rows[i].shape;
        in_row(rows[i].what, models_write_one(&view, span_of(rows[i].name), &out));
        assert_span(rows[i].what, buf_span(&out), rows[i].text);
    }
}

static void what_a_key_may_not_see_is_not_there(void **state)
{
    static const struct {
        const char *what, *name;
        enum catalog_key key;
        bool seen;
    } rows[] = {
        {"its own", "acme/big", CATALOG_ONE_MODEL, true},
        {"another's", "acme/small", CATALOG_ONE_MODEL, false},
        {"one that cannot be called", "other/gone", CATALOG_LIVE, true},
        {"a retired one", "other/old", CATALOG_LIVE, false},
        {"none", "nothing", CATALOG_LIVE, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, rows[i].key, board);
        struct buf out cleanup(buf_done) = buf_make(OUT_MAX);
        struct span name = span_of(rows[i].name);

        assert_int(rows[i].what, models_write_one(&view, name, &out), rows[i].seen);
        assert_int(rows[i].what, models_write_endpoints(&view, name, &out), rows[i].seen);
    }
}

/* ---- endpoints: read back by path, for there is much in them ---- */

struct told {
    struct buf out;
    struct json_doc doc;
};

static struct told tell(enum catalog_key key, const char *model)
{
    struct models_view view = catalog_view(snapshot, key, board);
    struct told told = {buf_make(OUT_MAX), json_doc_make()};

    in_row(model, models_write_endpoints(&view, span_of(model), &told.out));
    assert_int(model, json_parse(&told.doc, buf_span(&told.out), &json_limits_body), JSON_OK);
    return told;
}

static void forget(struct told *told)
{
    json_doc_done(&told->doc);
    buf_done(&told->out);
}

/* The raw text of a member of endpoint `index`; "a.b" goes into it. */
static struct span member(const struct told *told, uint32_t index, const char *path)
{
    uint32_t list = json_find(&told->doc, json_find(&told->doc, 0, "data"), "endpoints");
    uint32_t node = json_first(&told->doc, list);
    struct span rest = span_of(path);

    for (; index > 0 && node != JSON_NONE; index--)
        node = json_after(&told->doc, list, node);
    while (rest.at != NULL && node != JSON_NONE) {
        char name[32] = {0};
        struct span part = span_cut(&rest, '.');

        memcpy(name, part.at, part.size);
        node = json_find(&told->doc, node, name);
    }
    return node == JSON_NONE ? span_of("-") : json_raw(&told->doc, node);
}

static void endpoints_tell_of_every_deployment(void **state)
{
    static const struct {
        uint32_t index;
        const char *path, *text;
    } rows[] = {
        {0, "name", "\"Acme AI | acme/big\""},
        {0, "provider", "\"acme\""},
        {0, "upstream_model", "\"big-1\""},
        {0, "quantization", "null"},
        {0, "context_length", "200000"},
        {0, "max_completion_tokens", "64000"},
        {0, "pricing.prompt", "\"0.000003\""},
        {0, "supports_implicit_caching", "false"},
        {0, "data_policy.training", "false"},
        {0, "data_policy.retains_prompts", "true"},
        {0, "status", "0"},
        {0, "state", "\"ok\""},
        {0, "until", "-"},
        {0, "uptime_last_30m", "null"},
        {0, "latency_last_30m", "null"},
        {0, "sandbox", "-"},
        {1, "name", "\"Host & Sons | acme/big\""},
        {1, "max_completion_tokens", "null"},
        {1, "pricing.prompt", "\"0.000004\""},
        {1, "supports_implicit_caching", "true"},
        {1, "data_policy.training", "null"},
        {2, "name", "-"},
    };
    struct told told = tell(CATALOG_LIVE, "acme/big");

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_span(rows[i].path, member(&told, rows[i].index, rows[i].path), rows[i].text);
    forget(&told);
    told = tell(CATALOG_TEST, "acme/big");
    assert_span("a test key's are the sandbox's", member(&told, 0, "sandbox"), "true");
    forget(&told);
    told = tell(CATALOG_LIVE, "other/gone");
    assert_span("what cannot be called has none", member(&told, 0, "name"), "-");
    forget(&told);
}

static void endpoints_tell_how_they_were_lately(void **state)
{
    const struct snapshot_model *model = snapshot_find_model(snapshot, span_of("acme/big"));
    struct board_end good = {
        .result = BOARD_SERVED, .first_token_ms = 200, .total_ms = 1200, .output_tokens = 50};
    struct board_end bad = {.result = BOARD_FAILED, .outage_ms = 30000},
                     worse = {.result = BOARD_FAILED, .cooldown_ms = 600000};
    struct told told;

    (void)state;
    for (int i = 0; i < 3; i++)
        board_end(board, model->deployments[0], &good, CATALOG_MONO_MS - 7200000 + 3600000 * i / 2);
    for (int i = 0; i < 3; i++)
        board_end(board, model->deployments[0], &good, CATALOG_MONO_MS);
    board_end(board, model->deployments[0], &bad, CATALOG_MONO_MS);
    board_end(board, model->deployments[1], &worse, CATALOG_MONO_MS);
    told = tell(CATALOG_LIVE, "acme/big");
    assert_span("behind the others", member(&told, 0, "status"), "-2");
    assert_span("in a word", member(&told, 0, "state"), "\"degraded\"");
    assert_span("until", member(&told, 0, "until"), "\"2027-01-15T08:00:30Z\"");
    assert_span("lately", member(&told, 0, "uptime_last_30m"), "75.00");
    assert_span("today", member(&told, 0, "uptime_last_1d"), "85.71");
    in_row("first token", span_starts(member(&told, 0, "latency_last_30m.p50"), "20") ||
                              span_starts(member(&told, 0, "latency_last_30m.p50"), "21"));
    in_row("tokens per second", span_index(member(&told, 0, "throughput_last_30m.p50"), '.') == 2);
    assert_span("out of service", member(&told, 1, "status"), "-10");
    assert_span("in a word", member(&told, 1, "state"), "\"out\"");
    assert_span("until", member(&told, 1, "until"), "\"2027-01-15T08:10:00Z\"");
    assert_span("it failed once", member(&told, 1, "breaker"), "\"closed\"");
    assert_span("nobody drains it", member(&told, 1, "drained"), "false");
    assert_span("none served", member(&told, 1, "uptime_last_1d"), "0.00");
    assert_span("nothing was measured", member(&told, 1, "latency_last_30m"), "null");
    forget(&told);
}

/* The snapshot is the test's own, and a drain is all that changes. */
static void the_drained_and_the_broken_are_told(void **state)
{
    const struct snapshot_model *model = snapshot_find_model(snapshot, span_of("acme/big"));
    struct snapshot_deployment *drained =
        (struct snapshot_deployment *)(uintptr_t)model->deployments[1];
    const struct board_end failed = {.result = BOARD_FAILED};
    struct told told;

    (void)state;
    for (int i = 0; i < BREAKER_ATTEMPTS; i++)
        board_end(board, model->deployments[0], &failed, CATALOG_MONO_MS);
    drained->draining = true;
    told = tell(CATALOG_LIVE, "acme/big");
    drained->draining = false;
    assert_span("behind the others", member(&told, 0, "status"), "-2");
    assert_span("its breaker", member(&told, 0, "breaker"), "\"open\"");
    assert_span("drained", member(&told, 1, "drained"), "true");
    assert_span("in a word", member(&told, 1, "state"), "\"out\"");
    assert_span("until nobody knows when", member(&told, 1, "until"), "-");
    forget(&told);
}

static void providers_and_counts(void **state)
{
    static const struct {
        const char *what, *text;
        enum catalog_key key;
        bool all;
    } rows[] = {
        {"those of what can be called",
         "{\"data\":[{\"slug\":\"acme\",\"name\":\"Acme AI\",\"models\":2,\"endpoints\":2,"
         "\"available\":true,\"status\":-2,\"state\":\"degraded\",\"data_policy\":{\"training\":"
         "null,\"retains_prompts\":null}},{\"slug\":\"host\",\"name\":\"Host & Sons\",\"models\":2,"
         "\"endpoints\":2,\"available\":true,\"status\":-2,\"state\":\"degraded\",\"data_policy\":"
         "{\"training\":null,\"retains_prompts\":null}}]}",
         CATALOG_LIVE, false},
        {"all",
         "{\"data\":[{\"slug\":\"acme\",\"name\":\"Acme AI\",\"models\":1,\"endpoints\":1,"
         "\"available\":true,\"status\":-2,\"state\":\"degraded\",\"data_policy\":{\"training\":"
         "false,\"retains_prompts\":true}},{\"slug\":\"host\",\"name\":\"Host & Sons\",\"models\":"
         "1,\"endpoints\":1,\"available\":true,\"status\":-10,\"state\":\"out\",\"data_policy\":{"
         "\"training\":null,\"retains_prompts\":null}},{\"slug\":\"nobody\",\"name\":\"Nobody\","
         "\"models\":0,\"endpoints\":0,\"available\":false}]}",
         CATALOG_ONE_MODEL, true},
    };
    struct models_view view;
    struct models_ask ask;
    const char *param;

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out cleanup(buf_done) = buf_make(OUT_MAX);

        view = catalog_view(snapshot, rows[i].key, board);
        models_write_providers(&view, rows[i].all, &out);
        assert_span(rows[i].what, buf_span(&out), rows[i].text);
        buf_clear(&out);
        in_row("read", models_ask_read(&view, span_of("kind=chat&limit=1"), &ask, &param, &out));
        models_write_count(&view, &ask, &out);
        assert_span("counted without pages", buf_span(&out),
                    rows[i].key == CATALOG_LIVE ? "{\"data\":{\"count\":2}}"
                                                : "{\"data\":{\"count\":1}}");
    }
}

static void a_page_says_whether_there_is_more(void **state)
{
    static const struct {
        const char *what, *query, *tail;
        enum models_shape shape;
    } rows[] = {
        {"OpenAI: more", "limit=1&kind=chat",
         "],\"has_more\":true,\"first_id\":\"acme/big\",\"last_id\":\"acme/big\"}", MODELS_OPENAI},
        {"all", "kind=chat",
         "],\"has_more\":false,\"first_id\":\"acme/big\",\"last_id\":\"acme/small\"}",
         MODELS_OPENAI},
        {"none", "q=zzz", "[],\"has_more\":false,\"first_id\":null,\"last_id\":null}",
         MODELS_OPENAI},
        {"Anthropic: before, more", "limit=1&before_id=acme/small",
         "],\"has_more\":false,\"first_id\":\"acme/big\",\"last_id\":\"acme/big\"}",
         MODELS_ANTHROPIC},
        {"Gemini: more", "pageSize=1", "],\"nextPageToken\":\"acme/big\"}", MODELS_GEMINI},
        {"Gemini: the last", "pageSize=1&pageToken=acme/big", "\"countTokens\"]}]}", MODELS_GEMINI},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct models_view view = catalog_view(snapshot, CATALOG_LIVE, board);
        struct buf out cleanup(buf_done) = buf_make(OUT_MAX);
        struct models_ask ask;
        const char *param;

        view.shape = rows[i].shape;
        in_row(rows[i].what, models_ask_read(&view, span_of(rows[i].query), &ask, &param, &out));
        in_row(rows[i].what, models_write_list(&view, &ask, &out));
        in_row(rows[i].what, span_ends(buf_span(&out), rows[i].tail));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_what_its_filters_leave),
        cmocka_unit_test(each_client_has_its_own_shape_and_pages),
        cmocka_unit_test(the_sentence_says_what_is_allowed),
        cmocka_unit_test(one_model_is_told_whole),
        cmocka_unit_test(what_a_key_may_not_see_is_not_there),
        cmocka_unit_test(endpoints_tell_of_every_deployment),
        cmocka_unit_test(endpoints_tell_how_they_were_lately),
        cmocka_unit_test(the_drained_and_the_broken_are_told),
        cmocka_unit_test(providers_and_counts),
        cmocka_unit_test(a_page_says_whether_there_is_more),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
