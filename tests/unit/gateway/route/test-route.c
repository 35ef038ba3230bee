#include "tests/support/testing.h"

#include "gateway/route/board_live.h"
#include "gateway/route/route_next.h"

static struct snapshot_deployment deployments[5];
static const struct snapshot_deployment *pointers[5];
static struct snapshot_model model;

/* So much dearer than the one before that chance has no say. */
static const struct price_rate rates[5] = {
    {METER_INPUT, MODE_STANDARD, 0, 1},
    {METER_INPUT, MODE_STANDARD, 0, 1000000},
    {METER_INPUT, MODE_STANDARD, 0, 1000000000000},
    {METER_INPUT, MODE_STANDARD, 0, 100000000000000},
    {METER_INPUT, MODE_STANDARD, 0, 1000000000000000000},
};
static struct price_version lists[5];

/* Stands in for the snapshot's: priced by its place unless its name says otherwise. */
bool snapshot_terms(const struct snapshot *snapshot, const struct snapshot_deployment *deployment,
                    const struct snapshot_tenant *tenant, int64_t at_ms,
                    struct snapshot_terms *terms_out)
{
    (void)snapshot;
    (void)tenant;
    (void)at_ms;
    uint32_t at = (uint32_t)deployment->id.at[15] - 1;

    lists[at] = (struct price_version){.rates = &rates[at], .rate_count = 1};
    *terms_out = (struct snapshot_terms){.list = &lists[at]};
    return !span_is(deployment->provider, "unpriced");
}

/* One letter per deployment, by its provider. */
static void make_model(const char *const *providers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        deployments[i] = (struct snapshot_deployment){.id = {.at = {[15] = (uint8_t)(i + 1)}},
                                                      .provider = span_of(providers[i]),
                                                      .failure_domain = span_of(providers[i]),
                                                      .dialect = span_of("openai"),
                                                      .callable = true};
        pointers[i] = &deployments[i];
    }
    model = (struct snapshot_model){
        .kind = span_of("chat"), .deployments = pointers, .deployment_count = count};
}

static const char *const abc[] = {"a", "b", "c", "a"};

static enum route_outcome collect(struct board *board, const struct route_wish *wish,
                                  int64_t now_ms, struct route *route)
{
    const struct route_view view = {.board = board, .now_mono_ms = now_ms};
    struct route_wish priced = *wish;

    *route = (struct route){0};
    priced.input_tokens = 1;
    return route_collect(&view, &model, &priced, route);
}

static void note(struct board *board, uint32_t deployment, int64_t outage_ms, int64_t cooldown_ms,
                 int64_t now_ms)
{
    const struct board_end end = {
        .result = BOARD_FAILED, .outage_ms = outage_ms, .cooldown_ms = cooldown_ms};

    board_end(board, &deployments[deployment], &end, now_ms);
}

static void order_of(struct route *route, char *text_out)
{
    const struct route_candidate *candidate;

    while ((candidate = route_next(route)) != NULL)
        *text_out++ = candidate->deployment->provider.at[0];
    *text_out = '\0';
}

static void candidates_come_in_order(void **state)
{
    static const struct span b_only[] = {{"b", 1}}, c_then_b[] = {{"c", 1}, {"b", 1}};
    static const struct {
        const char *what;
        struct route_wish wish;
        int32_t priorities[4];
        uint32_t outage, out; /* bits */
        enum route_outcome wanted;
        const char *order;
    } rows[] = {
        {"the cheapest first, one per failure domain", {.chat = true}, {0}, 0, 0, ROUTE_OK, "abc"},
        {"priority before it", {.chat = true}, {2, 1, 0, 2}, 0, 0, ROUTE_OK, "cba"},
        {"an outage goes to the back", {.chat = true}, {0}, 1, 0, ROUTE_OK, "bca"},
        {"an outage of all changes nothing", {.chat = true}, {0}, 15, 0, ROUTE_OK, "abc"},
        {"out of service is no candidate", {.chat = true}, {0}, 0, 2, ROUTE_OK, "ac"},
        {"all out of service", {.chat = true}, {0}, 0, 15, ROUTE_ALL_OUT, ""},
        {"only", {.chat = true, .only = b_only, .only_count = 1}, {0}, 0, 0, ROUTE_OK, "b"},
        {"ignore", {.chat = true, .ignore = b_only, .ignore_count = 1}, {0}, 0, 0, ROUTE_OK, "ac"},
        {"order", {.chat = true, .order = c_then_b, .order_count = 2}, {0}, 0, 0, ROUTE_OK, "cba"},
        {"order without fallbacks",
         {.chat = true, .order = c_then_b, .order_count = 2, .no_fallbacks = true},
         {0},
         0,
         0,
         ROUTE_OK,
         "c"},
        {"nobody left",
         {.chat = true, .only = b_only, .only_count = 1, .ignore = b_only, .ignore_count = 1},
         {0},
         0,
         0,
         ROUTE_FILTERED,
         ""},
        {"another kind", {.chat = false}, {0}, 0, 0, ROUTE_WRONG_KIND, ""},
        {"a test key without a sandbox",
         {.chat = true, .test_key = true},
         {0},
         0,
         0,
         ROUTE_NOT_SOLD,
         ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board *board = board_new();
        struct route route;
        char order[8];
        make_model(abc, array_size(abc));
        for (uint32_t d = 0; d < array_size(abc); d++) {
            deployments[d].priority = rows[i].priorities[d];
            note(board, d, (rows[i].outage >> d & 1) != 0 ? 30000 : 0,
                 (rows[i].out >> d & 1) != 0 ? 30000 : 0, 1000);
        }
        assert_int(rows[i].what, collect(board, &rows[i].wish, 2000, &route), rows[i].wanted);
        order_of(&route, order);
        assert_span(rows[i].what, span_of(order), rows[i].order);
        board_free(board);
    }
}

static void what_cannot_be_dispatched_is_no_candidate(void **state)
{
    static const struct {
        const char *what;
        bool callable, sandbox;
        enum wire_dialect wire;
        const char *dialect, *provider;
        enum route_outcome wanted;
    } rows[] = {
        {"OpenAI's", true, false, WIRE_OPENAI, "openai", "a", ROUTE_OK},
        {"a compatible one", true, false, WIRE_OPENAI, "openai-compatible", "a", ROUTE_OK},
        {"Azure speaks it too", true, false, WIRE_OPENAI, "azure-openai", "a", ROUTE_OK},
        {"another dialect", true, false, WIRE_ANTHROPIC, "anthropic", "a", ROUTE_OK},
        {"another dialect at the sandbox", true, true, WIRE_ANTHROPIC, "anthropic", "a", ROUTE_OK},
        {"no credential", false, false, WIRE_OPENAI, "openai", "a", ROUTE_NOT_SOLD},
        {"no price", true, false, WIRE_OPENAI, "openai", "unpriced", ROUTE_NOT_SOLD},
    };
    const struct route_wish wish = {.chat = true};
    struct board *board = board_new();

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct route route;
        make_model(&rows[i].provider, 1);
        deployments[0].callable = rows[i].callable;
        deployments[0].sandbox = rows[i].sandbox;
        deployments[0].wire = rows[i].wire;
        deployments[0].dialect = span_of(rows[i].dialect);
        assert_int(rows[i].what, collect(board, &wish, 0, &route), rows[i].wanted);
    }
    board_free(board);
}

static void the_board_forgets(void **state)
{
    const struct route_wish wish = {.chat = true};
    struct board *board = board_new();
    struct route route;

    (void)state;
    make_model(abc, 2);
    note(board, 0, 30000, 0, 1000);
    note(board, 1, 0, 60000, 1000);
    assert_int_equal(board_back_ms(board, &model, 2000), 61000);
    assert_int_equal(collect(board, &wish, 30999, &route), ROUTE_OK);
    assert_int_equal(route.count, 1);
    assert_int_equal(collect(board, &wish, 61000, &route), ROUTE_OK);
    assert_int_equal(route.count, 2);
    note(board, 1, 0, 60000, 70000);
    board_end(board, &deployments[1],
              &(struct board_end){.result = BOARD_SERVED, .begun_ms = 70000}, 70000);
    assert_int_equal(collect(board, &wish, 70001, &route), ROUTE_OK);
    assert_int_equal(route.count, 2);
    assert_int_equal(board_back_ms(board, &model, 70001), 0);
    board_free(board);
}

static void at_most_five_are_tried(void **state)
{
    static const char *const many[] = {"a", "b", "c", "d", "e"};
    const struct route_wish wish = {.chat = true};
    struct board *board = board_new();
    struct route route;
    char order[8];

    (void)state;
    make_model(many, array_size(many));
    assert_int_equal(collect(board, &wish, 0, &route), ROUTE_OK);
    order_of(&route, order);
    assert_string_equal(order, "abcde");
    assert_null(route_next(&route));
    board_free(board);
}

static void only_an_only_candidate_is_tried_again(void **state)
{
    const struct route_wish wish = {.chat = true};
    struct board *board = board_new();
    struct route route;
    int64_t wait_ms;

    (void)state;
    make_model(abc, 2);
    assert_int_equal(collect(board, &wish, 0, &route), ROUTE_OK);
    assert_non_null(route_next(&route));
    assert_false(route_again(&route, 7, 0, &wait_ms));

    make_model(abc, 1);
    assert_int_equal(collect(board, &wish, 0, &route), ROUTE_OK);
    assert_non_null(route_next(&route));
    assert_null(route_next(&route));
    assert_false(route_again(&route, 0, 60000, &wait_ms)); /* not so long */
    assert_true(route_again(&route, 499, 0, &wait_ms));
    assert_int_equal(wait_ms, 499);
    assert_true(route_again(&route, 0, 1500, &wait_ms)); /* what was asked for */
    assert_int_equal(wait_ms, 1500);
    assert_false(route_again(&route, 0, 0, &wait_ms)); /* three in all */
    board_free(board);
}

/* With another credential the same deployment is tried once more, and that counts as an attempt. */
static void a_candidate_with_another_credential_is_next_again(void **state)
{
    struct board *board = board_new();
    struct route route;
    char order[16];

    (void)state;
    make_model(abc, 3);
    assert_int_equal(collect(board, &(struct route_wish){.chat = true}, 1000, &route), ROUTE_OK);
    route_stay(&route, &route.candidates[0]);
    assert_int("none was tried: the first", route_next(&route)->deployment->provider.at[0], 'a');
    route_stay(&route, &route.candidates[0]);
    assert_int("it stays", route_next(&route)->deployment->provider.at[0], 'a');
    order_of(&route, order);
    assert_string_equal(order, "bc");
    assert_int("all of them were attempts", route.tried_count, 4);
    route_stay(&route, &route.candidates[2]);
    assert_int("the fifth", route_next(&route)->deployment->provider.at[0], 'c');
    route_stay(&route, &route.candidates[2]);
    assert_null(route_next(&route));
    board_free(board);
}

static void who_is_no_candidate_is_told_and_why(void **state)
{
    static const struct span b_only[] = {{"b", 1}}, quantizations[] = {{"fp8", 3}};
    static const struct {
        const char *what;
        struct route_wish wish;
        uint32_t out; /* bits */
        enum route_outcome outcome;
        enum route_rule rules[3]; /* of a, b and c; RULE_NONE: a candidate */
    } rows[] = {
        {"nothing", {.chat = true}, 0, ROUTE_OK, {RULE_NONE, RULE_NONE, RULE_NONE}},
        {"only",
         {.chat = true, .only = b_only, .only_count = 1},
         0,
         ROUTE_OK,
         {RULE_ONLY, RULE_NONE, RULE_ONLY}},
        {"a cap that one keeps",
         {.chat = true, .filter = {.capped = 1 << CAP_PROMPT, .caps = {1}}},
         0,
         ROUTE_OK,
         {RULE_NONE, RULE_MAX_PROMPT, RULE_MAX_PROMPT}},
        {"a cap below all",
         {.chat = true, .filter = {.capped = 1 << CAP_PROMPT}},
         0,
         ROUTE_FILTERED,
         {RULE_MAX_PROMPT, RULE_MAX_PROMPT, RULE_MAX_PROMPT}},
        {"a quantization that nobody tells",
         {.chat = true, .filter = {.quantizations = quantizations, .quantization_count = 1}},
         0,
         ROUTE_FILTERED,
         {RULE_QUANTIZATION, RULE_QUANTIZATION, RULE_QUANTIZATION}},
        {"without fallbacks",
         {.chat = true, .no_fallbacks = true},
         0,
         ROUTE_OK,
         {RULE_NONE, RULE_FALLBACKS, RULE_FALLBACKS}},
        {"out of service", {.chat = true}, 2, ROUTE_OK, {RULE_NONE, RULE_OUT, RULE_NONE}},
        {"all but one excluded, and that out",
         {.chat = true, .only = b_only, .only_count = 1},
         2,
         ROUTE_ALL_OUT,
         {RULE_ONLY, RULE_OUT, RULE_ONLY}},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board *board = board_new();
        enum route_rule found[3] = {RULE_NONE, RULE_NONE, RULE_NONE};
        struct route route;

        make_model(abc, 3);
        for (uint32_t d = 0; d < 3; d++)
            note(board, d, 0, (rows[i].out >> d & 1) != 0 ? 30000 : 0, 1000);
        assert_int(rows[i].what, collect(board, &rows[i].wish, 2000, &route), rows[i].outcome);
        for (uint32_t e = 0; e < route.excluded_count; e++)
            found[route.excluded[e].deployment - deployments] = route.excluded[e].by.rule;
        for (uint32_t d = 0; d < 3; d++)
            assert_int(rows[i].what, found[d], rows[i].rules[d]);
        board_free(board);
    }
}

static void breaks(struct board *board, uint32_t deployment, uint32_t times, int64_t now_ms)
{
    for (uint32_t i = 0; i < times; i++)
        note(board, deployment, 30000, 0, now_ms);
}

static char first_of(struct board *board, int64_t now_ms)
{
    const struct route_wish wish = {.chat = true};
    struct route route;

    assert_int("somebody is left", collect(board, &wish, now_ms, &route), ROUTE_OK);
    return route_next(&route)->deployment->provider.at[0];
}

static void an_open_breaker_goes_last_and_comes_back_by_one_probe(void **state)
{
    const struct route_wish wish = {.chat = true};
    struct board *board = board_new();
    struct route route;
    char order[8];

    (void)state;
    make_model(abc, 3);
    breaks(board, 0, 10, 1000);
    note(board, 1, 30000, 0, 1000);
    note(board, 2, 30000, 0, 1000);
    assert_int("open", collect(board, &wish, 2000, &route), ROUTE_OK);
    order_of(&route, order);
    assert_span("behind those with an outage", span_of(order), "bca");
    assert_int("half open: the probe", first_of(board, 6000), 'a');
    assert_int("one at a time", first_of(board, 6001), 'b');
    board_end(board, &deployments[0], &(struct board_end){.result = BOARD_NEITHER}, 6002);
    assert_int("it said nothing: another", first_of(board, 6003), 'a');
    breaks(board, 0, 1, 6004);
    assert_int("open for twice as long", first_of(board, 16003), 'b');
    assert_int("and half open again", first_of(board, 16004), 'a');
    board_end(board, &deployments[0],
              &(struct board_end){.result = BOARD_SERVED, .begun_ms = 16005}, 16005);
    assert_int("served: closed", first_of(board, 16006), 'a');
    assert_int("for all", first_of(board, 16006), 'a');
    breaks(board, 0, 10, 16007);
    breaks(board, 1, 10, 16007);
    breaks(board, 2, 10, 16007);
    assert_int("all open: the pool is never empty", collect(board, &wish, 16008, &route), ROUTE_OK);
    assert_int("all of them", route.count, 3);
    board_free(board);
}

static void who_only_looks_takes_no_probe(void **state)
{
    const struct route_wish wish = {.chat = true, .input_tokens = 1};
    struct board *board = board_new();
    const struct route_view view = {.board = board, .looks_only = true, .now_mono_ms = 6000};
    struct route route = {0};

    (void)state;
    make_model(abc, 3);
    breaks(board, 0, 10, 1000);
    assert_int("it looks", route_collect(&view, &model, &wish, &route), ROUTE_OK);
    assert_int("as who sends would", route_next(&route)->deployment->provider.at[0], 'a');
    assert_int("the probe is still there", first_of(board, 6000), 'a');
    board_free(board);
}

static void another_models_probe_is_not_taken(void **state)
{
    const struct route_wish first = {.chat = true, .input_tokens = 1};
    const struct route_wish second = {.chat = true, .input_tokens = 1, .leg = 1};
    struct board *board = board_new();
    const struct route_view view = {.board = board, .now_mono_ms = 6000};
    struct route route = {0};

    (void)state;
    make_model(abc, 3);
    breaks(board, 0, 10, 1000);
    assert_int("as a fallback", route_collect(&view, &model, &second, &route), ROUTE_OK);
    assert_int("behind the others", route.candidates[0].deployment->provider.at[0], 'b');
    assert_int("but there", route.count, 3);
    route = (struct route){0};
    assert_int("as the first", route_collect(&view, &model, &first, &route), ROUTE_OK);
    assert_int("the probe is still there", route_next(&route)->deployment->provider.at[0], 'a');
    board_free(board);
}

static void the_drained_are_sent_nothing(void **state)
{
    static const struct {
        const char *what;
        uint32_t drained, out; /* bits */
        enum route_outcome wanted;
        const char *order;
        enum route_rule last; /* of those that are excluded */
    } rows[] = {
        {"one of three", 1, 0, ROUTE_OK, "bc", RULE_DRAINED},
        {"all", 7, 0, ROUTE_ALL_OUT, "", RULE_DRAINED},
        {"it is drained before it is out", 1, 1, ROUTE_OK, "bc", RULE_DRAINED},
        {"the others are out", 1, 6, ROUTE_ALL_OUT, "", RULE_OUT},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board *board = board_new();
        struct route route;
        char order[8];

        make_model(abc, 3);
        for (uint32_t d = 0; d < 3; d++) {
            deployments[d].draining = (rows[i].drained >> d & 1) != 0;
            if ((rows[i].out >> d & 1) != 0)
                note(board, d, 0, 60000, 1000);
        }
        assert_int(rows[i].what, collect(board, &(struct route_wish){.chat = true}, 1000, &route),
                   rows[i].wanted);
        order_of(&route, order);
        assert_span(rows[i].what, span_of(order), rows[i].order);
        assert_int(rows[i].what, route.excluded[route.excluded_count - 1].by.rule, rows[i].last);
        board_free(board);
    }
}

/* What each is known for, and where the wish puts it. */
static void preferred_speeds_put_the_slow_behind(void **state)
{
    static const struct {
        const char *what;
        struct provider_wish wish;
        const char *order;
    } rows[] = {
        {"nothing is preferred", {.zdr = false}, "abc"},
        {"all keep it", {.max_latency_ms = {[WISH_P50] = 2000}}, "abc"},
        {"the first is slower", {.max_latency_ms = {[WISH_P50] = 500}}, "bca"},
        {"who was never measured keeps it", {.max_latency_ms = {[WISH_P90] = 10}}, "cab"},
        {"nobody is left out", {.max_latency_ms = {[WISH_P50] = 10}}, "cab"},
        {"nine of ten of its tokens come slower than that",
         {.min_decitokens = {[WISH_P90] = 5000}},
         "bca"},
        {"one of two promises is enough",
         {.max_latency_ms = {[WISH_P50] = 2000}, .min_decitokens = {[WISH_P50] = 5000}},
         "bca"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct route_wish wish = {.chat = true, .preferred = &rows[i].wish};
        struct board *board = board_new();
        struct route route;
        char order[8];

        make_model(abc, 3);
        for (int k = 0; k < 100; k++) {
            board_end(
                board, &deployments[0],
                &(struct board_end){.first_token_ms = 1000, .total_ms = 2000, .output_tokens = 100},
                1000);
            board_end(
                board, &deployments[1],
                &(struct board_end){.first_token_ms = 100, .total_ms = 200, .output_tokens = 100},
                1000);
        }
        assert_int(rows[i].what, collect(board, &wish, 1000, &route), ROUTE_OK);
        order_of(&route, order);
        assert_span(rows[i].what, span_of(order), rows[i].order);
        board_free(board);
    }
}

static void the_busy_and_the_used_come_later(void **state)
{
    static const struct {
        const char *what;
        enum policy policy;
        int begun[3]; /* attempts … */
        int64_t tokens[3];
        int over[3];
        const char *order;
    } rows[] = {
        {"the fewest under way", POLICY_LEAST_BUSY, {3, 1, 2}, {1, 1, 1}, {0, 0, 0}, "bca"},
        {"those that are over do not count",
         POLICY_LEAST_BUSY,
         {3, 2, 2},
         {1, 1, 1},
         {3, 0, 1},
         "acb"},
        {"the fewest tokens", POLICY_USAGE, {1, 5, 2}, {9000, 100, 900}, {1, 0, 0}, "bca"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct route_wish wish = {.chat = true, .policy = rows[i].policy, .random = 1};
        struct board *board = board_new();
        struct route route;
        char order[8];

        make_model(abc, 3);
        for (uint32_t d = 0; d < 3; d++) {
            for (int k = 0; k < rows[i].begun[d]; k++)
                board_begin(board, &deployments[d], rows[i].tokens[d], 1000);
            for (int k = 0; k < rows[i].over[d]; k++)
                board_over(board, &deployments[d]);
        }
        assert_int(rows[i].what, collect(board, &wish, 1000, &route), ROUTE_OK);
        order_of(&route, order);
        assert_span(rows[i].what, span_of(order), rows[i].order);
        board_free(board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_come_in_order),
        cmocka_unit_test(who_is_no_candidate_is_told_and_why),
        cmocka_unit_test(an_open_breaker_goes_last_and_comes_back_by_one_probe),
        cmocka_unit_test(who_only_looks_takes_no_probe),
        cmocka_unit_test(another_models_probe_is_not_taken),
        cmocka_unit_test(what_cannot_be_dispatched_is_no_candidate),
        cmocka_unit_test(the_board_forgets),
        cmocka_unit_test(at_most_five_are_tried),
        cmocka_unit_test(only_an_only_candidate_is_tried_again),
        cmocka_unit_test(a_candidate_with_another_credential_is_next_again),
        cmocka_unit_test(the_drained_are_sent_nothing),
        cmocka_unit_test(preferred_speeds_put_the_slow_behind),
        cmocka_unit_test(the_busy_and_the_used_come_later),
    };

    return run_test_table(tests);
}
