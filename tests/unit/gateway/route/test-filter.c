#include "tests/support/testing.h"

#include "gateway/route/filter.h"

static const struct price_rate rates[] = {{METER_INPUT, MODE_STANDARD, 0, 2000000},
                                          {METER_OUTPUT, MODE_STANDARD, 0, 8000000},
                                          {METER_INPUT, MODE_STANDARD, 200000, 9000000}};
static const struct price_version list = {.rates = rates, .rate_count = array_size(rates)};

static void each_rule_excludes_and_says_whether_it_knows(void **state)
{
    static const struct span fp8[] = {{"fp8", 3}}, eu[] = {{"eu", 2}};
    static const struct {
        const char *what;
        struct route_filter filter;
        struct snapshot_deployment at;
        int32_t markup_ppm;
        enum route_rule rule;
        bool unknown;
    } rows[] = {
        {"nothing asked", {.zdr = false}, {.trains = -1, .retains = -1}, 0, RULE_NONE, false},
        {"a cap that is kept",
         {.capped = 1, .caps = {2000000}},
         {.trains = 0},
         0,
         RULE_NONE,
         false},
        {"a cap that the markup breaks",
         {.capped = 1, .caps = {2000000}},
         {.trains = 0},
         1,
         RULE_MAX_PROMPT,
         false},
        {"a cap on completions",
         {.capped = 1 << CAP_COMPLETION, .caps = {[CAP_COMPLETION] = 7999999}},
         {.trains = 0},
         0,
         RULE_MAX_COMPLETION,
         false},
        {"a cap on what has no rate",
         {.capped = 1 << CAP_REQUEST},
         {.trains = 0},
         0,
         RULE_NONE,
         false},
        {"zdr: keeps", {.zdr = true}, {.retains = 1}, 0, RULE_ZDR, false},
        {"zdr: unknown", {.zdr = true}, {.retains = -1}, 0, RULE_ZDR, true},
        {"zdr: keeps nothing", {.zdr = true}, {.retains = 0}, 0, RULE_NONE, false},
        {"trains", {.no_collection = true}, {.trains = 1}, 0, RULE_DATA_COLLECTION, false},
        {"training unknown",
         {.no_collection = true},
         {.trains = -1},
         0,
         RULE_DATA_COLLECTION,
         true},
        {"does not train", {.no_collection = true}, {.retains = 1}, 0, RULE_NONE, false},
        {"the quantization",
         {.quantizations = fp8, .quantization_count = 1},
         {.quantization = {"fp8", 3}},
         0,
         RULE_NONE,
         false},
        {"another quantization",
         {.quantizations = fp8, .quantization_count = 1},
         {.quantization = {"fp4", 3}},
         0,
         RULE_QUANTIZATION,
         false},
        {"no quantization told",
         {.quantizations = fp8, .quantization_count = 1},
         {.trains = 0},
         0,
         RULE_QUANTIZATION,
         true},
        {"the region",
         {.regions = eu, .region_count = 1},
         {.region = {"eu", 2}},
         0,
         RULE_NONE,
         false},
        {"within it",
         {.regions = eu, .region_count = 1},
         {.region = {"eu-west-1", 9}},
         0,
         RULE_NONE,
         false},
        {"not by its letters",
         {.regions = eu, .region_count = 1},
         {.region = {"europe", 6}},
         0,
         RULE_REGION,
         false},
        {"no region told", {.regions = eu, .region_count = 1}, {.trains = 0}, 0, RULE_REGION, true},
        {"as long as it reads",
         {.input_tokens = 1000},
         {.context_limit = 1000},
         0,
         RULE_NONE,
         false},
        {"perhaps too long", {.input_tokens = 1500}, {.context_limit = 1000}, 0, RULE_NONE, false},
        {"surely too long",
         {.input_tokens = 1501},
         {.context_limit = 1000},
         0,
         RULE_CONTEXT,
         false},
        {"a limit of its input alone",
         {.input_tokens = 1501},
         {.context_limit = 9000, .input_limit = 1000},
         0,
         RULE_CONTEXT,
         false},
        {"no limit told", {.input_tokens = 1000000}, {.trains = 0}, 0, RULE_NONE, false},
        {"images",
         {.input = 1 << MODALITY_IMAGE},
         {.abilities = {.input = 1 << MODALITY_TEXT}},
         0,
         RULE_IMAGES,
         false},
        {"files",
         {.input = 1 << MODALITY_FILE},
         {.abilities = {.input = 1 << MODALITY_TEXT | 1 << MODALITY_IMAGE}},
         0,
         RULE_FILES,
         false},
        {"images where nothing is told",
         {.input = 1 << MODALITY_IMAGE},
         {.trains = 0},
         0,
         RULE_NONE,
         false},
        {"images where nothing is told, but must be",
         {.input = 1 << MODALITY_IMAGE, .require = true},
         {.trains = 0},
         0,
         RULE_IMAGES,
         true},
        {"no tools",
         {.needs = 1 << ABILITY_TOOLS},
         {.abilities = {.cannot = 1 << ABILITY_TOOLS}},
         0,
         RULE_TOOLS,
         false},
        {"tools not told", {.needs = 1 << ABILITY_TOOLS}, {.trains = 0}, 0, RULE_NONE, false},
        {"tools not told, but must be",
         {.needs = 1 << ABILITY_TOOLS, .require = true},
         {.trains = 0},
         0,
         RULE_TOOLS,
         true},
        {"no schema",
         {.needs = 1 << ABILITY_STRUCTURED_OUTPUT},
         {.abilities = {.cannot = 1 << ABILITY_STRUCTURED_OUTPUT}},
         0,
         RULE_STRUCTURED_OUTPUT,
         false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct snapshot_terms terms = {.list = &list,
                                             .terms = {.markup_ppm = rows[i].markup_ppm}};
        struct filtered by = filter_of(&rows[i].filter, &rows[i].at, &terms);

        assert_int(rows[i].what, by.rule, rows[i].rule);
        assert_int(rows[i].what, by.unknown, rows[i].unknown);
    }
}

static void every_rule_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < RULES; i++) {
        assert_non_null(rule_name((enum route_rule)i));
        assert_non_null(rule_text((enum route_rule)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(rule_name((enum route_rule)i), rule_name((enum route_rule)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_excludes_and_says_whether_it_knows),
        cmocka_unit_test(every_rule_has_a_name_and_a_text),
    };

    return run_test_table(tests);
}
