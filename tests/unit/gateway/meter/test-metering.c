#include "tests/support/testing.h"

#include "gateway/meter/metering.h"

static const struct price_rate rates[] = {{METER_INPUT, MODE_STANDARD, 0, 2000000},
                                          {METER_OUTPUT, MODE_STANDARD, 0, 8000000},
                                          {METER_INPUT, MODE_FLEX, 0, 1000000},
                                          {METER_OUTPUT, MODE_FLEX, 0, 4000000}};
static const struct price_version list = {
    .id = {.at = {1}}, .rates = rates, .rate_count = array_size(rates)};
static const struct price_version cost = {.id = {.at = {2}}, .rates = rates, .rate_count = 2};
static const struct plan_version plan = {.id = {.at = {3}}};
static const struct snapshot_model model = {.id = {"a/m", 3}};
static const struct snapshot_deployment deployments[] = {
    {.id = {.at = {4}}, .model = &model, .provider = {"one", 3}, .upstream_id = {"m1", 2}},
    {.id = {.at = {5}}, .model = &model, .provider = {"two", 3}, .upstream_id = {"m2", 2}}};
static const struct snapshot_terms terms = {
    .list = &list, .cost = &cost, .plan = &plan, .terms = {.markup_ppm = 50000}};

static void begin_attempt(struct metering *m, const struct snapshot_deployment *deployment,
                          int64_t now_us)
{
    metering_begin(m, &(struct metering_attempt){.deployment = deployment,
                                                 .terms = terms,
                                                 .started_us = now_us,
                                                 .input_bound = 1000,
                                                 .output_bound = 4});
}

/* One request of 3 counted input tokens whose attempt relayed `text`. */
static void begin(struct metering *m, const char *text)
{
    *m = (struct metering){
        .arrived_us = 400000, .counter = count_make(COUNT_BYTES, 4000), .counted_input = 3};
    begin_attempt(m, &deployments[0], 1000000);
    count_feed(&metering_running(m)->output, span_of(text));
}

static struct answer answer_with(enum answer_usage_state state, int64_t input, int64_t output)
{
    struct answer answer = answer_make();

    answer.usage.state = state;
    if (state == ANSWER_USAGE_GOOD) {
        meters_set(&answer.usage.meters, METER_INPUT, input);
        meters_set(&answer.usage.meters, METER_OUTPUT, output);
    }
    return answer;
}

static void every_outcome_pays_what_it_should(void **state)
{
    static const struct {
        const char *what;
        enum event_outcome outcome;
        enum answer_usage_state usage;
        int64_t input, output; /* as the provider told */
        const char *text;      /* as was relayed */
        enum usage_from from;
        int64_t paid_input, paid_output;
        int64_t charge_pico, cost_pico;
        bool quarantined;
    } rows[] = {
        {"finished", OUTCOME_FINISHED, ANSWER_USAGE_GOOD, 10, 5, "12345678", USAGE_PROVIDER, 10, 5,
         63000000, 60000000, false},
        {"finished, told nothing", OUTCOME_FINISHED, ANSWER_USAGE_ABSENT, 0, 0, "12345678",
         USAGE_COUNTED, 3, 2, 23100000, 22000000, false},
        {"finished, told nonsense", OUTCOME_FINISHED, ANSWER_USAGE_QUARANTINED, 0, 0, "12345678",
         USAGE_COUNTED, 3, 2, 23100000, 22000000, true},
        {"finished, told 0 beside text", OUTCOME_FINISHED, ANSWER_USAGE_GOOD, 0, 0, "12345678",
         USAGE_COUNTED, 3, 2, 23100000, 22000000, true},
        {"finished with nothing, told 0", OUTCOME_FINISHED, ANSWER_USAGE_GOOD, 10, 0, "",
         USAGE_PROVIDER, 10, 0, 21000000, 20000000, false},
        {"counted never above what was reserved", OUTCOME_FINISHED, ANSWER_USAGE_ABSENT, 0, 0,
         "12345678901234567890", USAGE_COUNTED, 3, 4, 39900000, 38000000, false},
        {"died after output", OUTCOME_PROVIDER_DIED, ANSWER_USAGE_ABSENT, 0, 0, "12345678",
         USAGE_COUNTED, 3, 2, 23100000, 22000000, false},
        {"died, usage had come", OUTCOME_PROVIDER_DIED, ANSWER_USAGE_GOOD, 10, 5, "12345678",
         USAGE_PROVIDER, 10, 5, 63000000, 60000000, false},
        {"client left", OUTCOME_CLIENT_LEFT, ANSWER_USAGE_ABSENT, 0, 0, "12345678", USAGE_COUNTED,
         3, 2, 23100000, 22000000, false},
        {"client left before output: our cost", OUTCOME_CLIENT_LEFT_EARLY, ANSWER_USAGE_ABSENT, 0,
         0, "", USAGE_NONE, 0, 0, 0, 6000000, false},
        {"failed, nothing told", OUTCOME_PROVIDER_FAILED, ANSWER_USAGE_ABSENT, 0, 0, "", USAGE_NONE,
         0, 0, 0, 0, false},
        {"failed, usage told: our cost", OUTCOME_PROVIDER_FAILED, ANSWER_USAGE_GOOD, 10, 5, "",
         USAGE_NONE, 0, 0, 0, 60000000, false},
        {"blank", OUTCOME_BLANK, ANSWER_USAGE_GOOD, 10, 0, "", USAGE_NONE, 0, 0, 0, 20000000,
         false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_with(rows[i].usage, rows[i].input, rows[i].output);
        struct metering m;
        begin(&m, rows[i].text);
        metering_end(&m, 200, "ok", &answer, 3500000);
        metering_finish(&m, rows[i].outcome, &answer);
        assert_int(rows[i].what, m.event.outcome, rows[i].outcome);
        assert_int(rows[i].what, m.event.usage_from, rows[i].from);
        assert_int(rows[i].what, m.event.meters.count[METER_INPUT], rows[i].paid_input);
        assert_int(rows[i].what, m.event.meters.count[METER_OUTPUT], rows[i].paid_output);
        assert_int(rows[i].what, m.event.charge_pico, rows[i].charge_pico);
        assert_int(rows[i].what, m.event.attempts[0].cost_pico, rows[i].cost_pico);
        assert_int(rows[i].what, uuid_is_zero(m.event.attempts[0].cost_version),
                   rows[i].cost_pico == 0);
        assert_int(rows[i].what, m.event.attempts[0].ms, 2500);
        assert_int(rows[i].what, m.event.attempts[0].delivered, rows[i].charge_pico > 0);
        assert_int(rows[i].what, m.quarantined, rows[i].quarantined);
        assert_span(rows[i].what, m.event.count_method,
                    m.event.attempts[0].usage_from == USAGE_COUNTED ? "bytes:4.000" : "");
    }
}

static void the_tier_the_answer_reports_is_rated_where_it_has_a_price(void **state)
{
    static const struct {
        enum price_mode told, rated;
        int64_t charge_pico;
    } rows[] = {{MODE_STANDARD, MODE_STANDARD, 63000000},
                {MODE_FLEX, MODE_FLEX, 31500000},
                {MODE_PRIORITY, MODE_STANDARD, 63000000}};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer answer = answer_with(ANSWER_USAGE_GOOD, 10, 5);
        struct metering m;
        answer.mode = rows[i].told;
        begin(&m, "x");
        metering_end(&m, 200, "ok", &answer, 0);
        metering_finish(&m, OUTCOME_FINISHED, &answer);
        assert_int_equal(m.event.mode, rows[i].rated);
        assert_int_equal(m.event.charge_pico, rows[i].charge_pico);
    }
}

static void the_last_attempt_binds_and_each_has_its_cost(void **state)
{
    struct answer first = answer_with(ANSWER_USAGE_GOOD, 7, 0);
    struct answer second = answer_with(ANSWER_USAGE_GOOD, 10, 5);
    struct metering m;

    (void)state;
    begin(&m, "");
    metering_end(&m, 500, "status", &first, 2000000);
    begin_attempt(&m, &deployments[1], 2000000);
    count_feed(&metering_running(&m)->output, span_of("text"));
    metering_end(&m, 200, "ok", &second, 3000000);
    metering_finish(&m, OUTCOME_FINISHED, &second);
    assert_int_equal(m.event.attempt_count, 2);
    assert_span("provider", m.event.provider, "two");
    assert_span("name there", m.event.upstream_model, "m2");
    assert_int_equal(m.event.attempts[0].started_ms, 600);
    assert_int_equal(m.event.attempts[1].started_ms, 1600);
    assert_int_equal(m.event.attempts[0].cost_pico, 14000000);
    assert_false(m.event.attempts[0].delivered);
    assert_int_equal(m.event.attempts[1].cost_pico, 60000000);
    assert_true(m.event.attempts[1].delivered);
    assert_int_equal(m.event.charge_pico, 63000000);
}

static void test_keys_and_own_keys_are_told_no_charge(void **state)
{
    struct answer answer = answer_with(ANSWER_USAGE_GOOD, 10, 5);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct metering m;
        begin(&m, "x");
        m.event.test = i == 0;
        m.event.byok = i == 1;
        metering_end(&m, 200, "ok", &answer, 0);
        metering_finish(&m, OUTCOME_FINISHED, &answer);
        assert_int_equal(m.event.charge_pico, 0);
        assert_int_equal(m.event.base_pico, 60000000);
    }
}

static void progress_is_told_else_counted(void **state)
{
    struct answer none = answer_make(), good = answer_with(ANSWER_USAGE_GOOD, 10, 5);
    struct metering m;
    bool reported = true;

    (void)state;
    begin(&m, "12345678");
    assert_int_equal(metering_output(&m, &none, &reported), 2);
    assert_false(reported);
    assert_int_equal(metering_output(&m, &good, &reported), 5);
    assert_true(reported);
}

/* The first attempt said two tokens and died; what follows is a row each. */
static void an_answer_that_goes_on_is_paid_as_if_the_first_had_said_it_all(void **state)
{
    static const struct {
        const char *what;
        int64_t told_input, told_cached; /* by the first one, with its begin */
        bool begun;                      /* a second one */
        const char *text;                /* that it said */
        int64_t output;                  /* that it told; 0: nothing */
        enum event_outcome outcome;
        int64_t paid_input, paid_output, charge_pico, first_pico, second_pico;
    } rows[] = {
        {"told by the second, its prefill is our cost", 0, 0, true, "1234", 1, OUTCOME_FINISHED, 3,
         3, 31500000, 22000000, 28000000},
        {"counted of the second too: it reads what was said", 0, 0, true, "1234", 0,
         OUTCOME_FINISHED, 3, 3, 31500000, 22000000, 18000000},
        {"input told by the first", 20, 0, true, "1234", 1, OUTCOME_FINISHED, 20, 3, 67200000,
         56000000, 28000000},
        {"input of two classes", 20, 5, true, "1234", 1, OUTCOME_FINISHED, 20, 3, 77700000,
         66000000, 28000000},
        {"never above what was reserved", 0, 0, true, "1234", 50, OUTCOME_FINISHED, 3, 4, 39900000,
         22000000, 420000000},
        {"nobody went on", 0, 0, false, "", 0, OUTCOME_PROVIDER_DIED, 3, 2, 23100000, 22000000, 0},
        {"the second said nothing", 0, 0, true, "", 0, OUTCOME_PROVIDER_DIED, 3, 2, 23100000,
         22000000, 0},
        {"the second died too", 0, 0, true, "1234", 0, OUTCOME_PROVIDER_DIED, 3, 3, 31500000,
         22000000, 18000000},
        {"the client left", 0, 0, true, "1234", 0, OUTCOME_CLIENT_LEFT, 3, 3, 31500000, 22000000,
         18000000},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct answer second = answer_with(
            rows[i].output > 0 ? ANSWER_USAGE_GOOD : ANSWER_USAGE_ABSENT, 10, rows[i].output);
        struct answer first = answer_make();
        struct meters input = {0};
        struct metering m;
        if (rows[i].told_input > 0)
            meters_set(&input, METER_INPUT, rows[i].told_input);
        if (rows[i].told_cached > 0)
            meters_set(&input, METER_CACHE_READ, rows[i].told_cached);
        begin(&m, "12345678");
        metering_end(&m, 200, "reset", &first, 2000000);
        metering_carry(&m, &first, &input);
        if (rows[i].begun) {
            begin_attempt(&m, &deployments[1], 2000000);
            count_feed(&metering_running(&m)->output, span_of(rows[i].text));
            metering_end(&m, 200, "ok", &second, 3000000);
        }
        metering_finish(&m, rows[i].outcome, rows[i].begun ? &second : &first);
        assert_span(rows[i].what, m.event.provider, "one");
        assert_int(rows[i].what, m.event.attempt_count, rows[i].begun ? 2 : 1);
        assert_int(rows[i].what, m.event.usage_from, USAGE_COUNTED);
        assert_int(rows[i].what, m.event.meters.count[METER_INPUT], rows[i].paid_input);
        assert_int(rows[i].what, m.event.meters.count[METER_CACHE_READ], rows[i].told_cached);
        assert_int(rows[i].what, m.event.meters.count[METER_OUTPUT], rows[i].paid_output);
        assert_int(rows[i].what, m.event.charge_pico, rows[i].charge_pico);
        assert_int(rows[i].what, m.event.attempts[0].cost_pico, rows[i].first_pico);
        assert_int(rows[i].what, m.event.attempts[1].cost_pico, rows[i].second_pico);
        assert_true(m.event.attempts[0].delivered);
        assert_int(rows[i].what, m.event.attempts[1].delivered, rows[i].text[0] != '\0');
        assert_int(rows[i].what, m.event.usage_verbatim.size, 0);
    }
}

static void progress_of_an_answer_that_goes_on_is_all_of_it(void **state)
{
    struct answer none = answer_make(), good = answer_with(ANSWER_USAGE_GOOD, 10, 5);
    const struct meters input = {0};
    struct metering m;
    bool reported = true;

    (void)state;
    begin(&m, "12345678");
    metering_carry(&m, &none, &input);
    assert_int_equal(metering_output(&m, &none, &reported), 2);
    begin_attempt(&m, &deployments[1], 2000000);
    count_feed(&metering_running(&m)->output, span_of("1234"));
    assert_int_equal(metering_output(&m, &good, &reported), 3);
    assert_false(reported);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_outcome_pays_what_it_should),
        cmocka_unit_test(the_tier_the_answer_reports_is_rated_where_it_has_a_price),
        cmocka_unit_test(the_last_attempt_binds_and_each_has_its_cost),
        cmocka_unit_test(test_keys_and_own_keys_are_told_no_charge),
        cmocka_unit_test(progress_is_told_else_counted),
        cmocka_unit_test(an_answer_that_goes_on_is_paid_as_if_the_first_had_said_it_all),
        cmocka_unit_test(progress_of_an_answer_that_goes_on_is_all_of_it),
    };

    return run_test_table(tests);
}
