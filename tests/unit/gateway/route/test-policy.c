#include "tests/support/testing.h"

#include "gateway/route/policy.h"

enum { DRAWS = 20000 };

static void order_of(enum policy policy, const struct policy_place *places, uint32_t count,
                     uint64_t random, char *text_out)
{
    uint32_t order[POLICY_PLACES_MAX];

    policy_order(policy, places, count, random, order);
    for (uint32_t i = 0; i < count; i++)
        *text_out++ = (char)('a' + order[i]);
    *text_out = '\0';
}

static void each_policy_has_its_order(void **state)
{
    static const struct {
        const char *what;
        enum policy policy;
        struct policy_place places[3];
        const char *order;
    } rows[] = {
        {"the cheapest", POLICY_PRICE, {{.price = 3}, {.price = 1}, {.price = 2}}, "bca"},
        {"what is free before it", POLICY_PRICE, {{.price = 3}, {.price = 0}, {.price = 2}}, "bca"},
        {"price passes over priority",
         POLICY_PRICE,
         {{.price = 3, .priority = -1}, {.price = 1}, {.price = 2}},
         "bca"},
        {"tokens per second",
         POLICY_THROUGHPUT,
         {{.decitokens = 300}, {.decitokens = 900}, {.decitokens = 500}},
         "bca"},
        {"who was never measured first",
         POLICY_THROUGHPUT,
         {{.decitokens = 300}, {.decitokens = 0}, {.decitokens = 500}},
         "bca"},
        {"the first token",
         POLICY_LATENCY,
         {{.first_token_ms = 900}, {.first_token_ms = 100}, {.first_token_ms = 500}},
         "bca"},
        {"priority",
         POLICY_PRIORITY,
         {{.priority = 3, .price = 1}, {.priority = -1, .price = 9}, {.priority = 2}},
         "bca"},
        {"priority over price by default",
         POLICY_DEFAULT,
         {{.priority = 3, .price = 1}, {.priority = 1, .price = 9}, {.priority = 2, .price = 5}},
         "bca"},
        {"far dearer is far behind, by default",
         POLICY_DEFAULT,
         {{.price = 1e12}, {.price = 1}, {.price = 1e6}},
         "bca"},
        {"and so is the weight",
         POLICY_WEIGHTED,
         {{.weight = 1}, {.weight = INT32_MAX}, {.weight = 30000}},
         "bca"},
        {"balanced: as much dearer as it is faster is the same as failing is worse",
         POLICY_BALANCED,
         {{.price = 1e6, .first_token_ms = 1000000},
          {.price = 1, .first_token_ms = 1},
          {.price = 1000, .first_token_ms = 1000}},
         "bca"},
        {"the fewest attempts under way",
         POLICY_LEAST_BUSY,
         {{.in_flight = 9, .price = 1}, {.in_flight = 0, .price = 9}, {.in_flight = 3}},
         "bca"},
        {"twice the weight takes twice as many",
         POLICY_LEAST_BUSY,
         {{.in_flight = 6, .weight = 1}, {.in_flight = 4, .weight = 2}, {.in_flight = 5}},
         "bca"},
        {"the fewest tokens",
         POLICY_USAGE,
         {{.tokens = 9000, .in_flight = 1}, {.tokens = 10, .in_flight = 9}, {.tokens = 500}},
         "bca"},
        {"twice the weight takes twice as many tokens",
         POLICY_USAGE,
         {{.tokens = 600, .weight = 1}, {.tokens = 400, .weight = 2}, {.tokens = 500}},
         "bca"},
        {"slower than preferred comes behind what is dearer",
         POLICY_PRICE,
         {{.price = 1, .unpreferred = true}, {.price = 2}, {.price = 3}},
         "bca"},
        {"and behind the client's order, but before an outage",
         POLICY_PRICE,
         {{.price = 1, .health = POLICY_OUTAGE},
          {.price = 2, .wished = 1},
          {.price = 3, .unpreferred = true}},
         "bca"},
        {"an outage goes behind what is dearer",
         POLICY_PRICE,
         {{.price = 1, .health = POLICY_OPEN}, {.price = 9}, {.price = 2, .health = POLICY_OUTAGE}},
         "bca"},
        {"and behind the client's order",
         POLICY_PRICE,
         {{.wished = 0, .price = 3, .health = POLICY_OUTAGE},
          {.wished = 1, .price = 9},
          {.wished = 2, .price = 1}},
         "bca"},
        {"the client's order before price and priority",
         POLICY_DEFAULT,
         {{.wished = 2, .price = 1, .priority = 1},
          {.wished = 0, .price = 3, .priority = 3},
          {.wished = 1, .price = 9, .priority = 2}},
         "bca"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct policy_place places[3];
        char order[4];

        memcpy(places, rows[i].places, sizeof(places));
        for (uint32_t p = 0; p < 3; p++)
            places[p].key = p;
        order_of(rows[i].policy, places, 3, 7, order);
        assert_span(rows[i].what, span_of(order), rows[i].order);
    }
}

/* How many of 1000 requests each place is first for. */
static void shares_of(enum policy policy, const struct policy_place *places, uint32_t count,
                      uint32_t *per_mille_out)
{
    uint32_t order[POLICY_PLACES_MAX], firsts[POLICY_PLACES_MAX] = {0};

    for (uint64_t i = 0; i < DRAWS; i++) {
        policy_order(policy, places, count, i * UINT64_C(0x9e3779b97f4a7c15), order);
        firsts[order[0]]++;
    }
    for (uint32_t i = 0; i < count; i++)
        per_mille_out[i] = (firsts[i] * 1000 + DRAWS / 2) / DRAWS;
}

static void chance_gives_each_its_share(void **state)
{
    static const struct {
        const char *what;
        enum policy policy;
        struct policy_place places[2];
        uint32_t first_per_mille;
    } rows[] = {
        {"equal", POLICY_DEFAULT, {{.key = 1, .price = 1}, {.key = 2, .price = 1}}, 500},
        {"twice the price, a quarter of the share",
         POLICY_DEFAULT,
         {{.key = 1, .price = 1}, {.key = 2, .price = 2}},
         800},
        {"the operators' weight with it",
         POLICY_DEFAULT,
         {{.key = 1, .price = 1, .weight = 1}, {.key = 2, .price = 2, .weight = 4}},
         500},
        {"all free", POLICY_DEFAULT, {{.key = 1}, {.key = 2}}, 500},
        {"weight alone",
         POLICY_WEIGHTED,
         {{.key = 1, .price = 1, .weight = 1}, {.key = 2, .price = 2, .weight = 3}},
         250},
        {"twice as dear and half as slow",
         POLICY_BALANCED,
         {{.key = 1, .price = 1, .first_token_ms = 200},
          {.key = 2, .price = 2, .first_token_ms = 100}},
         500},
        {"half of its attempts fail",
         POLICY_BALANCED,
         {{.key = 1, .price = 1, .served = 998},
          {.key = 2, .price = 1, .served = 499, .failed = 499}},
         800},
        {"the idle are shared by weight",
         POLICY_LEAST_BUSY,
         {{.key = 1, .weight = 2}, {.key = 2, .weight = 2}},
         500},
        {"equal prices are shared", POLICY_PRICE, {{.key = 1}, {.key = 2}}, 500},
        {"now and then the slower is measured",
         POLICY_LATENCY,
         {{.key = 1, .first_token_ms = 1}, {.key = 2, .first_token_ms = 900}},
         992},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        uint32_t shares[2];

        shares_of(rows[i].policy, rows[i].places, 2, shares);
        if (shares[0] + 15 < rows[i].first_per_mille || shares[0] > rows[i].first_per_mille + 15)
            fail_msg("%s: %u of 1000, not %u", rows[i].what, shares[0], rows[i].first_per_mille);
    }
}

static void who_shares_the_number_stays_together(void **state)
{
    struct policy_place places[8] = {{0}};
    uint32_t before[8], after[8], moved = 0;

    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        places[i] = (struct policy_place){.key = 100 + i, .price = 1 + i % 3};
    for (uint64_t random = 0; random < 1000; random++) {
        policy_order(POLICY_DEFAULT, places, 8, random, before);
        policy_order(POLICY_DEFAULT, places, 8, random, after);
        assert_memory_equal(before, after, sizeof(before));
        /* Without the last place all whose first it was not stay. */
        policy_order(POLICY_DEFAULT, places, 7, random, after);
        moved += before[0] != 7 && before[0] != after[0];
    }
    assert_int("nobody else moved", moved, 0);
}

static void words_are_known(void **state)
{
    static const struct {
        const char *word;
        int by_name, by_preference; /* -1: unknown */
    } rows[] = {
        {"price", POLICY_PRICE, -1},
        {"throughput", POLICY_THROUGHPUT, -1},
        {"latency", POLICY_LATENCY, -1},
        {"balanced", POLICY_BALANCED, POLICY_BALANCED},
        {"least-busy", POLICY_LEAST_BUSY, -1},
        {"usage", POLICY_USAGE, -1},
        {"cheapest", POLICY_PRICE, -1},
        {"fastest", POLICY_THROUGHPUT, -1},
        {"least_busy", -1, -1},
        {"weighted", POLICY_WEIGHTED, -1},
        {"priority", POLICY_PRIORITY, -1},
        {"default", POLICY_DEFAULT, -1},
        {"speed", -1, POLICY_THROUGHPUT},
        {"cost", -1, POLICY_PRICE},
        {"Price", -1, -1},
        {"", -1, -1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        enum policy policy = POLICIES;

        assert_int(rows[i].word,
                   policy_parse(span_of(rows[i].word), &policy) == 0 ? (int)policy : -1,
                   rows[i].by_name);
        assert_int(rows[i].word,
                   policy_parse_preference(span_of(rows[i].word), &policy) == 0 ? (int)policy : -1,
                   rows[i].by_preference);
    }
}

static void suffixes_are_taken_off(void **state)
{
    struct span floor = span_of("a/b:floor"), nitro = span_of("a/b:nitro"), none = span_of("a/b:x");
    enum policy policy = POLICIES;

    (void)state;
    assert_int(":floor", policy_parse_suffix(&floor, &policy), 0);
    assert_int(":floor", policy, POLICY_PRICE);
    assert_span(":floor", floor, "a/b");
    assert_int(":nitro", policy_parse_suffix(&nitro, &policy), 0);
    assert_int(":nitro", policy, POLICY_THROUGHPUT);
    assert_true(policy_parse_suffix(&none, &policy) < 0);
    assert_span("another one stays", none, "a/b:x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_policy_has_its_order),
        cmocka_unit_test(chance_gives_each_its_share),
        cmocka_unit_test(who_shares_the_number_stays_together),
        cmocka_unit_test(words_are_known),
        cmocka_unit_test(suffixes_are_taken_off),
    };

    return run_test_table(tests);
}
