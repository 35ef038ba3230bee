/*
 * Judging: what becomes of a message: posted, kept as a dead letter with a reason, or none of
 * billing's business.
 */
#include "tests/support/testing.h"

#include "billing/consume/judge.h"
#include "common/base/mem.h"

#define START_MS INT64_C(1795268460123)
#define DAY_MS INT64_C(86400000)

static struct source source = {.row = 1, .kind = SOURCE_JOURNAL};
static const struct judge_days days = {20770, 20800};

static struct uuid id_of(uint8_t kind)
{
    static const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
    struct uuid id = uuid_make(START_MS, random);
    id.at[15] = kind;
    return id;
}

enum { EVENT, TENANT, KEY, DEPLOYMENT, LIST, COST, PLAN, OTHER };

static const struct price_rate rates[] = {{.meter = METER_INPUT, .pico_per_unit = 10},
                                          {.meter = METER_OUTPUT, .pico_per_unit = 20}};

static struct price_version version(uint8_t id, enum price_book book)
{
    return (struct price_version){.id = id_of(id),
                                  .deployment = id_of(DEPLOYMENT),
                                  .book = book,
                                  .from_ms = START_MS - 10 * DAY_MS,
                                  .until_ms = INT64_MAX,
                                  .rates = rates,
                                  .rate_count = array_size(rates)};
}

static struct versions *known(void)
{
    struct versions *versions = versions_new();
    struct price_version list = version(LIST, BOOK_LIST), cost = version(COST, BOOK_COST);
    struct provider_discount discount = {span_of("acme"), 500000};
    struct plan_terms plan = {
        .version = {.id = id_of(PLAN), .plan = span_of("pro"), .markup_ppm = 100000},
        .discounts = &discount,
        .discount_count = 1};
    struct subscription subscription = {id_of(PLAN), START_MS - DAY_MS, START_MS + DAY_MS};
    versions_put_price(versions, &list);
    versions_put_price(versions, &cost);
    versions_put_plan(versions, &plan);
    versions_put_subscriptions(versions, id_of(TENANT), &subscription, 1);
    return versions;
}

static struct usage_event good(void)
{
    struct usage_event event = {.id = id_of(EVENT),
                                .tenant = id_of(TENANT),
                                .project = id_of(OTHER),
                                .key = id_of(KEY),
                                .gateway = id_of(OTHER),
                                .start_ms = START_MS,
                                .outcome = OUTCOME_FINISHED,
                                .model = span_of("a/x"),
                                .deployment = id_of(DEPLOYMENT),
                                .provider = span_of("p"),
                                .price_version = id_of(LIST),
                                .cost_version = id_of(COST),
                                .plan_version = id_of(PLAN),
                                .charge_pico = 33};
    meters_set(&event.meters, METER_INPUT, 1);
    meters_set(&event.meters, METER_OUTPUT, 1);
    event.attempt_count = 1;
    event.attempts[0] = (struct event_attempt){.deployment = id_of(DEPLOYMENT),
                                               .meters = event.meters,
                                               .cost_version = id_of(COST),
                                               .cost_pico = 999};
    return event;
}

static struct batch_item *put(struct batch *batch, const struct usage_event *event)
{
    struct intake_message message = {.source = &source, .payload = span_of("{}")};
    batch_take(batch, &message);
    batch->items[batch->count - 1].event.kind = EVENT_KIND_USAGE;
    batch->items[batch->count - 1].event.usage = *event;
    batch->items[batch->count - 1].verdict = VERDICT_POST;
    return &batch->items[batch->count - 1];
}

static void a_good_event_is_rated_by_its_stamped_versions(void **state)
{
    struct versions *versions = known();
    struct batch *batch = batch_new(4);
    struct usage_event event = good();
    struct batch_item *item = put(batch, &event);
    (void)state;
    assert_true(judge_usage(batch, item, versions, days, true));
    assert_int("verdict", item->verdict, VERDICT_POST);
    assert_int("base", item->priced.base_pico, 30);
    assert_int("due", item->priced.due_pico, 33);
    assert_int("cost is rated, not believed", item->priced.cost_pico, 30);
    assert_false(item->priced.variance);
    event.provider = span_of("acme");
    item = put(batch, &event);
    assert_true(judge_usage(batch, item, versions, days, true));
    assert_int("a provider's discount", item->priced.due_pico, 17); /* 15 × 1.1 = 16.5 */
    assert_int("discount", item->priced.discount_pico, 15);
    assert_true(item->priced.variance);
    batch_free(batch);
    versions_free(versions);
}

static void only_what_was_delivered_is_paid_for(void **state)
{
    static const struct {
        enum event_outcome outcome;
        bool test, byok;
        int64_t due, cost;
    } rows[] = {
        {OUTCOME_FINISHED, false, false, 33, 30},
        {OUTCOME_PROVIDER_FAILED, false, false, 0, 30},
        {OUTCOME_PROVIDER_DIED, false, false, 33, 30},
        {OUTCOME_CLIENT_LEFT, false, false, 33, 30},
        {OUTCOME_CLIENT_LEFT_EARLY, false, false, 0, 30},
        {OUTCOME_CRASH, false, false, 0, 30},
        {OUTCOME_BLANK, false, false, 0, 30},
        {OUTCOME_CACHED, false, false, 0, 30},
        {OUTCOME_NOT_DISPATCHED, false, false, 0, 30},
        {OUTCOME_FINISHED, true, false, 0, 0},
        {OUTCOME_FINISHED, false, true, 0, 0},
    };
    struct versions *versions = known();
    struct batch *batch = batch_new(array_size(rows));
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct usage_event event = good();
        struct batch_item *item;
        event.outcome = rows[i].outcome;
        event.test = rows[i].test;
        event.byok = rows[i].byok;
        event.charge_pico = rows[i].due;
        item = put(batch, &event);
        assert_true(judge_usage(batch, item, versions, days, true));
        assert_int(event_outcome_name(rows[i].outcome), item->verdict, VERDICT_POST);
        assert_int(event_outcome_name(rows[i].outcome), item->priced.due_pico, rows[i].due);
        assert_int(event_outcome_name(rows[i].outcome), item->priced.cost_pico, rows[i].cost);
        assert_false(item->priced.variance);
    }
    batch_free(batch);
    versions_free(versions);
}

/* Each row spoils one thing of the good event. */
static void negative(struct usage_event *e)
{
    meters_set(&e->meters, METER_INPUT, -5);
}
static void huge(struct usage_event *e)
{
    meters_set(&e->meters, METER_OUTPUT, 10000001);
}
static void more_reasoning(struct usage_event *e)
{
    meters_set(&e->meters, METER_REASONING, 2);
}
static void attempt_negative(struct usage_event *e)
{
    meters_set(&e->attempts[0].meters, METER_OUTPUT, -1);
}
static void unpriced(struct usage_event *e)
{
    meters_set(&e->meters, METER_WEB_SEARCH, 1);
}
static void no_price(struct usage_event *e)
{
    e->price_version = id_of(OTHER);
}
static void wrong_book(struct usage_event *e)
{
    e->price_version = id_of(COST);
}
static void wrong_deployment(struct usage_event *e)
{
    e->deployment = id_of(OTHER);
}
static void no_plan(struct usage_event *e)
{
    e->plan_version = id_of(OTHER);
}
static void foreign_tenant(struct usage_event *e)
{
    e->tenant = id_of(OTHER);
}
static void no_cost(struct usage_event *e)
{
    e->attempts[0].cost_version = id_of(OTHER);
}
static void too_early(struct usage_event *e)
{
    e->start_ms = START_MS - 2 * DAY_MS - 1;
}
static void too_late(struct usage_event *e)
{
    e->start_ms = START_MS + 2 * DAY_MS;
}
static void old_day(struct usage_event *e)
{
    static const uint8_t random[10] = {0};
    e->id = uuid_make(START_MS - 100 * DAY_MS, random);
}
static void no_model(struct usage_event *e)
{
    e->model = span_of("");
}
static void negative_charge(struct usage_event *e)
{
    e->charge_pico = -1;
}
static void negative_reservation(struct usage_event *e)
{
    e->lease_count = 1;
    e->leases[0].reserved_pico = -1;
}

static void what_cannot_be_rated_is_kept_with_its_reason(void **state)
{
    static const struct {
        const char *what;
        void (*spoil)(struct usage_event *event);
        enum dead_reason reason;
    } rows[] = {
        {"a negative meter", negative, DEAD_QUARANTINE},
        {"more than ten million", huge, DEAD_QUARANTINE},
        {"more reasoning than output", more_reasoning, DEAD_QUARANTINE},
        {"an attempt's negative meter", attempt_negative, DEAD_QUARANTINE},
        {"a negative charge", negative_charge, DEAD_QUARANTINE},
        {"a negative reservation", negative_reservation, DEAD_VALIDATE},
        {"no model", no_model, DEAD_VALIDATE},
        {"a meter without a price", unpriced, DEAD_RATE},
        {"an unknown price version", no_price, DEAD_UNKNOWN_VERSION},
        {"a version of the cost book", wrong_book, DEAD_UNKNOWN_VERSION},
        {"another deployment's version", wrong_deployment, DEAD_UNKNOWN_VERSION},
        {"an unknown plan version", no_plan, DEAD_UNKNOWN_VERSION},
        {"a tenant that is not on the plan", foreign_tenant, DEAD_UNKNOWN_VERSION},
        {"an unknown cost version", no_cost, DEAD_UNKNOWN_VERSION},
        {"more than a day before the plan", too_early, DEAD_UNKNOWN_VERSION},
        {"a day after the plan", too_late, DEAD_UNKNOWN_VERSION},
        {"a day without a partition", old_day, DEAD_NO_PARTITION},
    };
    struct versions *versions = known();
    struct batch *batch = batch_new(array_size(rows));
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct usage_event event = good();
        struct batch_item *item;
        rows[i].spoil(&event);
        item = put(batch, &event);
        assert_true(judge_usage(batch, item, versions, days, true));
        assert_int(rows[i].what, item->verdict, VERDICT_DEAD);
        assert_int(rows[i].what, item->reason, rows[i].reason);
        in_row(rows[i].what, item->detail.size > 0);
    }
    batch_free(batch);
    versions_free(versions);
}

static void what_is_missing_is_asked_for_before_it_is_dead(void **state)
{
    struct versions *versions = versions_new();
    struct batch *batch = batch_new(1);
    struct usage_event event = good();
    struct batch_item *item = put(batch, &event);
    (void)state;
    assert_false(judge_usage(batch, item, versions, days, false));
    assert_int("still to be posted", item->verdict, VERDICT_POST);
    assert_true(versions_missing(versions));
    assert_int("prices", versions_wanted(versions, VERSIONS_PRICES).count, 2);
    assert_int("plans", versions_wanted(versions, VERSIONS_PLANS).count, 1);
    assert_int("tenants", versions_wanted(versions, VERSIONS_TENANTS).count, 1);
    versions_unwant(versions);
    assert_false(versions_missing(versions));
    batch_free(batch);
    versions_free(versions);
}

static void messages_are_told_apart(void **state)
{
    static const char *const texts[] = {"no event",
                                        "{\"specversion\":\"1.0\",\"type\":\"other.v1\"}",
                                        "{\"specversion\":\"1.0\",\"type\":\"tollgate.usage.v1\"}"};
    static const enum verdict verdicts[] = {VERDICT_DEAD, VERDICT_OTHER, VERDICT_DEAD};
    struct batch *batch = batch_new(8);
    char *large = mem_new(EVENT_BYTES_MAX + 2);
    (void)state;
    memset(large, ' ', EVENT_BYTES_MAX + 1);
    for (size_t i = 0; i < array_size(texts); i++) {
        struct intake_message message = {.source = &source, .payload = span_of(texts[i])};
        batch_take(batch, &message);
    }
    batch_take(batch, &(struct intake_message){.source = &source, .payload = span_of(large)});
    judge_decode(batch);
    for (size_t i = 0; i < array_size(texts); i++)
        assert_int(texts[i], batch->items[i].verdict, verdicts[i]);
    assert_int("too large", batch->items[3].verdict, VERDICT_DEAD);
    assert_int("kept whole", batch->items[3].payload.size, EVENT_BYTES_MAX + 1);
    mem_free(large);
    batch_free(batch);
}

static void the_same_again_is_a_duplicate_and_other_content_a_conflict(void **state)
{
    struct batch *batch = batch_new(4);
    struct usage_event event = good();
    struct batch_item *first = put(batch, &event), *again = put(batch, &event),
                      *other = put(batch, &event);
    (void)state;
    other->payload = span_of("{ }");
    batch_find_duplicates(batch);
    assert_int("first", first->verdict, VERDICT_POST);
    assert_int("again", again->verdict, VERDICT_DUPLICATE);
    assert_int("other", other->verdict, VERDICT_DEAD);
    assert_int("reason", other->reason, DEAD_CONFLICT);
    batch_free(batch);
}

static void a_batch_knows_how_far_it_moves_each_source(void **state)
{
    struct source sources[2] = {{.row = 1}, {.row = 2}};
    struct batch *batch = batch_new(3);
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct intake_message message = {.source = &sources[i % 2],
                                         .at = {1, 10 + i},
                                         .after = {1, 11 + i},
                                         .payload = span_of("x")};
        assert_true(batch_has_room(batch));
        batch_take(batch, &message);
    }
    assert_false(batch_has_room(batch));
    assert_int("reaches", batch->reach_count, 2);
    assert_int("from", batch->reaches[0].from.offset, 10);
    assert_int("to", batch->reaches[0].to.offset, 13);
    assert_int("to", batch->reaches[1].to.offset, 12);
    batch_reset(batch);
    assert_true(batch_has_room(batch));
    batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_event_is_rated_by_its_stamped_versions),
        cmocka_unit_test(only_what_was_delivered_is_paid_for),
        cmocka_unit_test(what_cannot_be_rated_is_kept_with_its_reason),
        cmocka_unit_test(what_is_missing_is_asked_for_before_it_is_dead),
        cmocka_unit_test(messages_are_told_apart),
        cmocka_unit_test(the_same_again_is_a_duplicate_and_other_content_a_conflict),
        cmocka_unit_test(a_batch_knows_how_far_it_moves_each_source),
    };
    return run_test_table(tests);
}
