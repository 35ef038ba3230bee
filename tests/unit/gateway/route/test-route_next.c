#include "tests/support/testing.h"

#include "gateway/route/route_next.h"

/* One letter per candidate: small ones of leg 0, "D" of leg 1 … as the row says. */
struct place {
    char name;
    uint8_t leg;
    const char *domain;
    int64_t context;
};

static struct snapshot_deployment deployments[8];

static struct route route_make(const struct place *places, const struct route_leg *legs)
{
    struct route route = {0};

    memcpy(route.legs, legs, 4 * sizeof(legs[0]));
    for (uint32_t i = 0; i < 8 && places[i].name != '\0'; i++) {
        deployments[i] = (struct snapshot_deployment){
            .provider = span_make(&places[i].name, 1),
            .failure_domain =
                places[i].domain == NULL ? (struct span){0} : span_of(places[i].domain),
            .context_limit = places[i].context};
        route.candidates[route.count++] =
            (struct route_candidate){.deployment = &deployments[i], .leg = places[i].leg};
    }
    return route;
}

enum { ERROR = 1 << FALL_ERROR, CONTEXT = 1 << FALL_CONTEXT, POLICY = 1 << FALL_POLICY };

static const struct preset_statuses on_429 = {.at = {429}, .count = 1};

/* Each end is that of the candidate tried last; where none is told, it was silent. */
static const struct {
    const char *what;
    struct place places[8];
    struct route_leg legs[4];
    struct route_end ends[5];
    const char *order;
} ends[] = {
    {"errors lead through all legs",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}},
     {{0}},
     {{FALL_ERROR, 500, false, false},
      {FALL_ERROR, 0, false, false},
      {FALL_ERROR, 500, false, false}},
     "abc"},
    {"a leg for other kinds is passed by",
     {{'a', 0, NULL, 0}, {'b', 1, NULL, 0}, {'c', 2, NULL, 0}},
     {{0}, {CONTEXT, NULL}, {0}},
     {{FALL_ERROR, 500, false, false}, {FALL_ERROR, 500, false, false}},
     "ac"},
    {"a long prompt goes to who takes it",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}, {'d', 2, NULL, 0}},
     {{0}, {ERROR, NULL}, {CONTEXT, NULL}},
     {{FALL_CONTEXT, 400, true, false}, {FALL_ERROR, 400, true, false}},
     "ad"},
    {"and from there errors lead on, but not back",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}, {'d', 2, NULL, 0}},
     {{0}, {ERROR, NULL}, {CONTEXT, NULL}},
     {{FALL_CONTEXT, 400, true, false}, {FALL_ERROR, 500, false, false}},
     "adc"},
    {"of the same model only who reads more",
     {{'a', 0, NULL, 100}, {'b', 0, NULL, 100}, {'c', 0, NULL, 200}, {'d', 0, NULL, 0}},
     {{0}},
     {{FALL_CONTEXT, 400, true, false}, {FALL_ERROR, 500, false, false}},
     "acd"},
    {"who is not known to read how much is the last of its model",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 0, NULL, 200}},
     {{0}},
     {{FALL_CONTEXT, 400, true, false}},
     "a"},
    {"a refused content goes to another leg",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}, {'d', 2, NULL, 0}},
     {{0}, {CONTEXT, NULL}, {0}},
     {{FALL_POLICY, 400, true, false}},
     "ad"},
    {"what the client is to blame for goes nowhere",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}},
     {{0}},
     {{FALL_ERROR, 400, true, false}},
     "a"},
    {"unless its status was named",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}},
     {{0, &on_429}},
     {{FALL_ERROR, 429, true, false}},
     "ac"},
    {"what was not named stays in its leg",
     {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}, {'c', 1, NULL, 0}},
     {{0, &on_429}},
     {{FALL_ERROR, 500, false, false}, {FALL_ERROR, 500, false, false}},
     "ab"},
    {"no status at all leads on",
     {{'a', 0, NULL, 0}, {'c', 1, NULL, 0}},
     {{0, &on_429}},
     {{FALL_ERROR, 0, false, false}},
     "ac"},
    {"a leg for long prompts needs no status to be named",
     {{'a', 0, NULL, 0}, {'b', 1, NULL, 0}, {'c', 2, NULL, 0}},
     {{0, &on_429}, {0}, {CONTEXT, NULL}},
     {{FALL_CONTEXT, 400, true, false}, {FALL_ERROR, 400, true, false}},
     "ac"},
    {"an account that cannot be reached is not asked for another model",
     {{'a', 0, "x", 0}, {'b', 1, "x", 0}, {'c', 1, "y", 0}},
     {{0}},
     {{FALL_ERROR, 0, false, true}},
     "ac"},
    {"one that was silent is",
     {{'a', 0, "x", 0}, {'b', 1, "x", 0}},
     {{0}},
     {{FALL_ERROR, 0, false, false}},
     "ab"},
    {"one that refused its key is not either",
     {{'a', 0, "x", 0}, {'b', 1, "x", 0}, {'c', 1, "y", 0}},
     {{0}},
     {{FALL_ERROR, 401, false, false}},
     "ac"},
    {"one that answered is",
     {{'a', 0, "x", 0}, {'b', 0, "x", 0}, {'c', 1, "x", 0}},
     {{0}},
     {{FALL_ERROR, 429, false, false}},
     "ac"},
    {"one whose model reads too little is",
     {{'a', 0, "x", 0}, {'b', 1, "x", 0}},
     {{0}, {CONTEXT, NULL}},
     {{FALL_CONTEXT, 400, true, false}},
     "ab"},
};

static void an_end_leads_to_who_takes_it(void **state)
{

    (void)state;
    for (size_t i = 0; i < array_size(ends); i++) {
        struct route route = route_make(ends[i].places, ends[i].legs);
        const struct route_candidate *candidate;
        char order[8] = "";

        for (size_t n = 0; (candidate = route_next(&route)) != NULL; n++) {
            order[n] = candidate->deployment->provider.at[0];
            bool more = route_ended(&route, candidate, &ends[i].ends[n]);
            assert_int(ends[i].what, more, ends[i].order[n + 1] != '\0');
        }
        assert_span(ends[i].what, span_of(order), ends[i].order);
    }
}

static void a_leg_without_candidates_may_be_left(void **state)
{
    static const struct place places[8] = {{'a', 1, NULL, 0}, {'b', 2, NULL, 0}};
    static const struct route_leg legs[4] = {{0}, {ERROR, NULL}, {CONTEXT, NULL}};
    struct route route = route_make(places, legs);

    (void)state;
    assert_false(route_fall_from(&route, 0, FALL_POLICY));
    assert_true(route_fall_from(&route, 0, FALL_CONTEXT));
    assert_int_equal(route_next(&route)->deployment->provider.at[0], 'b');
}

static void retries_wait_within_what_is_left(void **state)
{
    static const struct {
        const char *what;
        struct route_retry retry;
        bool again;
        int64_t wait_ms;
    } rows[] = {
        {"the first", {.random = 499, .left_ms = 10000}, true, 499},
        {"full jitter", {.random = 500, .left_ms = 10000}, true, 0},
        {"it doubles", {.random = 999, .before = 1, .left_ms = 10000}, true, 999},
        {"what was asked for", {.random = 3, .retry_after_ms = 2000, .left_ms = 9000}, true, 2000},
        {"longer than is left", {.random = 3, .retry_after_ms = 2000, .left_ms = 2000}, false, 0},
        {"longer than a minute",
         {.random = 3, .retry_after_ms = 60001, .left_ms = 600000},
         false,
         0},
    };
    static const struct place places[8] = {{'a', 0, NULL, 0}, {'b', 0, NULL, 0}};
    static const struct route_leg legs[4] = {{0}};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct route route = route_make(places, legs);
        int64_t wait_ms = 0;

        assert_int(rows[i].what,
                   route_try_again(&route, route.candidates, &rows[i].retry, &wait_ms), false);
        assert_int(rows[i].what, route_next(&route)->deployment->provider.at[0], 'a');
        assert_int(rows[i].what,
                   route_try_again(&route, route.candidates, &rows[i].retry, &wait_ms),
                   rows[i].again);
        assert_int(rows[i].what, wait_ms, rows[i].wait_ms);
        assert_int(rows[i].what, route.tried_count, rows[i].again ? 2 : 1);
        assert_int(rows[i].what, route.tried[route.tried_count - 1], 0);
        assert_int(rows[i].what, route_next(&route)->deployment->provider.at[0], 'b');
    }
}

static void five_attempts_are_all(void **state)
{
    static const struct place places[8] = {{'a', 0, NULL, 0}, {'b', 1, NULL, 0}};
    static const struct route_leg legs[4] = {{0}};
    const struct route_end end = {FALL_ERROR, 500, false, false};
    const struct route_retry retry = {.random = 1, .left_ms = 1000};
    struct route route = route_make(places, legs);
    int64_t wait_ms;

    (void)state;
    assert_non_null(route_next(&route));
    for (uint32_t i = 1; i <= ROUTE_ATTEMPTS_MAX; i++) {
        assert_int_equal(route.tried_count, i);
        assert_int_equal(route_ended(&route, &route.candidates[0], &end), i < ROUTE_ATTEMPTS_MAX);
        assert_int_equal(route_try_again(&route, route.candidates, &retry, &wait_ms),
                         i < ROUTE_ATTEMPTS_MAX);
    }
    assert_null(route_next(&route));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_leads_to_who_takes_it),
        cmocka_unit_test(a_leg_without_candidates_may_be_left),
        cmocka_unit_test(retries_wait_within_what_is_left),
        cmocka_unit_test(five_attempts_are_all),
    };

    return run_test_table(tests);
}
