/*
 * Settling: what an event is charged, to whose account, in which period, and what that does to
 * wallets and leases.
 */
#include "tests/support/testing.h"

#include "billing/ledger/entries.h"
#include "billing/ledger/rollup.h"
#include "billing/ledger/settle.h"
#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/mem.h"

static struct source source = {.row = 1, .kind = SOURCE_JOURNAL};

static struct uuid id_of(uint8_t kind, uint8_t n)
{
    struct uuid id = {{0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80}};
    id.at[14] = kind;
    id.at[15] = n;
    return id;
}

static int64_t at(const char *text)
{
    int64_t ms;
    must(clock_parse(text, strlen(text), &ms) == 0);
    return ms;
}

struct world {
    struct batch *batch;
    struct books books;
    struct wallet wallet;
    struct lease leases[2];
    struct lease *list[2];
    struct buried_lease buried[8];
    struct entries *entries;
    struct settle_counts counts;
};

static void begin(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->batch = batch_new(16);
    books_init(&w->books);
    w->wallet = (struct wallet){.tenant = id_of(1, 1),
                                .currency = "USD",
                                .prepaid_pico = 1000,
                                .period_no = 3,
                                .period_start_ms = at("2026-11-01T00:00:00Z"),
                                .period_end_ms = at("2026-12-01T00:00:00Z"),
                                .anchor_day = 1};
    for (uint8_t i = 0; i < 2; i++) {
        w->leases[i] = (struct lease){.id = id_of(2, i),
                                      .tenant = w->wallet.tenant,
                                      .of_balance = i == 0,
                                      .granted_pico = 500,
                                      .closed_count = -1};
        books_put_lease(&w->books, &w->leases[i]);
        w->list[i] = &w->leases[i];
    }
    books_put_wallet(&w->books, &w->wallet);
    w->books.lease_list = w->list;
    w->books.lease_count = 2;
    w->books.buried = w->buried;
    w->entries = entries_new(w->batch->arena, 16);
}

static struct batch_item *item(struct world *w)
{
    struct intake_message message = {.source = &source, .payload = span_of("{}")};
    batch_take(w->batch, &message);
    return &w->batch->items[w->batch->count - 1];
}

static struct batch_item *usage(struct world *w, int64_t due_pico, const char *start)
{
    struct batch_item *i = item(w);
    memset(&i->event, 0, sizeof(i->event));
    memset(&i->priced, 0, sizeof(i->priced));
    i->verdict = VERDICT_POST;
    i->event.usage.id = id_of(3, (uint8_t)w->batch->count);
    i->event.usage.tenant = w->wallet.tenant;
    i->event.usage.start_ms = at(start);
    i->event.usage.charge_pico = due_pico;
    i->event.usage.lease_count = 1;
    i->event.usage.leases[0] = (struct event_lease){id_of(2, 0), 1000};
    i->priced.due_pico = due_pico;
    return i;
}

static struct batch_item *closing(struct world *w, uint8_t lease, int64_t events)
{
    struct batch_item *i = item(w);
    memset(&i->event, 0, sizeof(i->event));
    i->verdict = VERDICT_LEASE;
    i->event.kind = EVENT_KIND_LEASE;
    i->event.lease.lease = id_of(2, lease);
    i->event.lease.tenant = w->wallet.tenant;
    i->event.lease.closed = true;
    i->event.lease.events = events;
    return i;
}

static void settle(struct world *w)
{
    settle_batch(w->batch, &w->books, w->entries, &w->counts);
    assert_money("balanced", entries_sum(w->entries), "0");
}

static int128 booked(struct world *w, enum account_kind kind)
{
    size_t count;
    const struct entry *all = entries_sorted(w->entries, &count);
    int128 sum = 0;
    for (size_t i = 0; i < count; i++)
        if (all[i].key.kind == (uint8_t)kind)
            sum += all[i].amount_pico;
    return sum;
}

static void end(struct world *w)
{
    w->books.lease_list = NULL;
    books_done(&w->books);
    entries_free(w->entries);
    batch_free(w->batch);
}

#define NOW "2026-11-21T12:00:00Z"

static void a_charge_is_paid_from_promo_then_prepaid_then_owed(void **state)
{
    static const struct {
        const char *what;
        enum wallet_mode mode;
        int64_t promo, prepaid, due, from_promo, from_prepaid, accrued;
    } rows[] = {
        {"prepaid", WALLET_PREPAID, 0, 1000, 400, 0, 400, 0},
        {"promo first", WALLET_PREPAID, 150, 1000, 400, 150, 250, 0},
        {"prepaid is never owed", WALLET_PREPAID, 0, 100, 400, 0, 400, 0},
        {"postpaid", WALLET_POSTPAID, 0, 1000, 400, 0, 0, 400},
        {"postpaid with promo", WALLET_POSTPAID, 150, 0, 400, 150, 0, 250},
        {"hybrid", WALLET_HYBRID, 100, 200, 400, 100, 200, 100},
        {"hybrid without balance", WALLET_HYBRID, 0, -5, 400, 0, 0, 400},
        {"nothing due", WALLET_PREPAID, 150, 1000, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world w;
        begin(&w);
        w.wallet.mode = rows[i].mode;
        w.wallet.promo_pico = rows[i].promo;
        w.wallet.prepaid_pico = rows[i].prepaid;
        usage(&w, rows[i].due, NOW);
        settle(&w);
        assert_int(rows[i].what, booked(&w, ACCOUNT_PROMO), rows[i].from_promo);
        assert_int(rows[i].what, booked(&w, ACCOUNT_PREPAID), rows[i].from_prepaid);
        assert_int(rows[i].what, booked(&w, ACCOUNT_ACCRUED), rows[i].accrued);
        assert_int(rows[i].what, booked(&w, ACCOUNT_REV_USAGE), -rows[i].due);
        assert_int(rows[i].what, w.wallet.use_promo_pico, rows[i].from_promo);
        assert_int(rows[i].what, w.wallet.use_prepaid_pico, rows[i].from_prepaid);
        assert_int(rows[i].what, w.wallet.use_accrued_pico, rows[i].accrued);
        assert_int(rows[i].what, w.wallet.lower_held_pico, rows[i].due);
        assert_int(rows[i].what, w.leases[0].add_pico, rows[i].due);
        assert_int(rows[i].what, w.leases[0].add_count, 1);
        end(&w);
    }
}

static void no_more_is_charged_than_reserved_and_held(void **state)
{
    static const struct {
        const char *what;
        int64_t reserved, granted, returned, posted, due, charge;
        enum lease_state lease;
    } rows[] = {
        {"within both", 500, 500, 0, 0, 400, 400, LEASE_OPEN},
        {"to the last pico", 400, 500, 100, 0, 400, 400, LEASE_OPEN},
        {"above its reservation", 300, 500, 0, 0, 400, 300, LEASE_OPEN},
        {"above what is held", 500, 500, 100, 200, 400, 200, LEASE_OPEN},
        {"nothing held any more", 500, 500, 0, 500, 400, 0, LEASE_OPEN},
        {"a lease declared lost", 500, 500, 0, 0, 400, 0, LEASE_LOST},
        {"a lease that has ended", 500, 500, 0, 0, 400, 0, LEASE_CLOSED},
        {"a lease that is closing", 500, 500, 0, 0, 400, 400, LEASE_CLOSING},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world w;
        struct batch_item *one;
        begin(&w);
        one = usage(&w, rows[i].due, NOW);
        one->event.usage.leases[0].reserved_pico = rows[i].reserved;
        w.leases[0].granted_pico = rows[i].granted;
        w.leases[0].returned_pico = rows[i].returned;
        w.leases[0].posted_pico = rows[i].posted;
        w.leases[0].state = rows[i].lease;
        settle(&w);
        assert_int(rows[i].what, one->settled.charge_pico, rows[i].charge);
        assert_int(rows[i].what, one->settled.overrun_pico, rows[i].due - rows[i].charge);
        assert_int(rows[i].what, booked(&w, ACCOUNT_OVERRUN), rows[i].due - rows[i].charge);
        assert_int(rows[i].what, booked(&w, ACCOUNT_PREPAID), rows[i].charge);
        assert_int(rows[i].what, w.counts.overruns, rows[i].due != rows[i].charge);
        end(&w);
    }
}

static void the_events_of_a_batch_share_what_is_held(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    for (int i = 0; i < 3; i++)
        usage(&w, 200, NOW);
    settle(&w);
    assert_int("first", w.batch->items[0].settled.charge_pico, 200);
    assert_int("second", w.batch->items[1].settled.charge_pico, 200);
    assert_int("third", w.batch->items[2].settled.charge_pico, 100);
    assert_int("posted", w.leases[0].add_pico, 500);
    end(&w);
}

static void the_tightest_scope_decides_and_a_budget_holds_nothing_of_the_wallet(void **state)
{
    struct world w;
    struct batch_item *one;
    (void)state;
    begin(&w);
    one = usage(&w, 400, NOW);
    one->event.usage.lease_count = 2;
    one->event.usage.leases[1] = (struct event_lease){id_of(2, 1), 350};
    settle(&w);
    assert_int("charge", one->settled.charge_pico, 350);
    assert_int("balance's lease", w.leases[0].add_pico, 350);
    assert_int("budget's lease", w.leases[1].add_pico, 350);
    assert_int("wallet", w.wallet.lower_held_pico, 350);
    end(&w);
}

static void a_lease_ends_when_all_its_events_are_posted_in_any_order(void **state)
{
    static const struct {
        const char *what;
        int64_t posted_before, in_batch, closed;
        bool close_first, close_here, ends;
        int64_t freed;
    } rows[] = {
        {"events, then the close", 0, 2, 2, false, true, true, 300},
        {"the close, then events", 0, 2, 2, true, true, true, 300},
        {"one is missing", 0, 2, 3, false, true, false, 0},
        {"the rest was posted before", 3, 2, 5, false, true, true, 300},
        {"closed before, last event now", 1, 2, 3, false, false, true, 300},
        {"closed without any", 0, 0, 0, false, true, true, 500},
        {"not closed", 0, 2, -1, false, false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world w;
        begin(&w);
        w.leases[0].posted_count = rows[i].posted_before;
        if (!rows[i].close_here && rows[i].closed >= 0) {
            w.leases[0].state = LEASE_CLOSING;
            w.leases[0].closed_count = rows[i].closed;
        }
        if (rows[i].close_here && rows[i].close_first)
            closing(&w, 0, rows[i].closed);
        for (int64_t n = 0; n < rows[i].in_batch; n++)
            usage(&w, 100, NOW);
        if (rows[i].close_here && !rows[i].close_first)
            closing(&w, 0, rows[i].closed);
        settle(&w);
        assert_int(rows[i].what, w.leases[0].ends, rows[i].ends);
        assert_int(rows[i].what, w.leases[0].freed_pico, rows[i].freed);
        assert_int(rows[i].what, w.wallet.lower_held_pico, rows[i].in_batch * 100 + rows[i].freed);
        end(&w);
    }
}

static void a_lease_that_was_never_granted_is_buried_once(void **state)
{
    struct world w;
    struct batch_item *paid;
    (void)state;
    begin(&w);
    closing(&w, 7, 0);
    closing(&w, 7, 0);
    paid = closing(&w, 8, 3);
    settle(&w);
    assert_int("buried", w.books.buried_count, 1);
    assert_int("one that paid for events is a dead letter", paid->verdict, VERDICT_DEAD);
    end(&w);
}

static void what_is_not_known_is_a_dead_letter_and_books_nothing(void **state)
{
    struct world w;
    struct batch_item *tenant, *lease, *foreign;
    (void)state;
    begin(&w);
    w.leases[1].tenant = id_of(1, 9);
    tenant = usage(&w, 100, NOW);
    tenant->event.usage.tenant = id_of(1, 8);
    lease = usage(&w, 100, NOW);
    lease->event.usage.leases[0].lease = id_of(2, 99);
    foreign = usage(&w, 100, NOW);
    foreign->event.usage.leases[0].lease = id_of(2, 1);
    settle(&w);
    assert_int("tenant", tenant->verdict, VERDICT_DEAD);
    assert_int("lease", lease->verdict, VERDICT_DEAD);
    assert_int("another tenant's lease", foreign->verdict, VERDICT_DEAD);
    assert_int("nothing", booked(&w, ACCOUNT_REV_USAGE), 0);
    assert_int("held", w.wallet.lower_held_pico, 0);
    end(&w);
}

static void a_difference_to_what_was_told_is_booked_apart(void **state)
{
    struct world w;
    struct batch_item *one;
    (void)state;
    begin(&w);
    one = usage(&w, 400, NOW);
    one->event.usage.charge_pico = 390;
    one->priced.variance = true;
    one->priced.cost_pico = 77;
    settle(&w);
    assert_int("tenant", booked(&w, ACCOUNT_PREPAID), 400);
    assert_int("revenue is what was told", booked(&w, ACCOUNT_REV_USAGE), -390);
    assert_int("variance", booked(&w, ACCOUNT_PRICE_VARIANCE), -10);
    assert_int("cost", booked(&w, ACCOUNT_COGS), 77);
    assert_int("payable", booked(&w, ACCOUNT_PROVIDER_PAYABLE), -77);
    assert_int("counted", w.counts.variances, 1);
    end(&w);
}

static void an_event_belongs_to_the_period_of_its_start(void **state)
{
    static const struct {
        const char *what, *start, *end;
        int32_t anchor, period;
        bool late;
    } rows[] = {
        {"the first moment", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", 1, 3, false},
        {"the last", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z", 1, 3, false},
        {"the next period's first", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", 1, 4, false},
        {"two on", "2027-01-05T00:00:00Z", "2026-12-01T00:00:00Z", 1, 5, false},
        {"before the open one", "2026-10-31T23:59:59.999Z", "2026-12-01T00:00:00Z", 1, 3, true},
        {"behind a cut", "2026-11-21T14:00:00Z", "2026-11-21T14:00:00Z", 1, 4, false},
        {"behind a cut, next month", "2026-12-02T00:00:00Z", "2026-11-21T14:00:00Z", 1, 5, false},
        {"another anchor", "2026-11-15T00:00:00Z", "2026-11-15T00:00:00Z", 15, 4, false},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct wallet wallet = {.period_no = 3,
                                .period_start_ms = at("2026-11-01T00:00:00Z"),
                                .period_end_ms = at(rows[i].end),
                                .anchor_day = rows[i].anchor};
        bool late;
        assert_int(rows[i].what, settle_period(&wallet, at(rows[i].start), &late), rows[i].period);
        assert_int(rows[i].what, late, rows[i].late);
    }
}

static void a_period_ends_on_the_anchor_day(void **state)
{
    static const struct {
        const char *what, *after, *end;
        int32_t anchor;
    } rows[] = {
        {"within a month", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", 1},
        {"over the year", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z", 1},
        {"later this month", "2026-11-03T05:00:00Z", "2026-11-15T00:00:00Z", 15},
        {"on the very moment the next one", "2026-11-15T00:00:00Z", "2026-12-15T00:00:00Z", 15},
        {"February", "2027-01-28T00:00:00Z", "2027-02-28T00:00:00Z", 28},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, books_period_end(at(rows[i].after), rows[i].anchor),
                   at(rows[i].end));
}

static void rollups_are_the_sums_of_their_grain(void **state)
{
    struct world w;
    struct rollup rollup;
    (void)state;
    begin(&w);
    for (int i = 0; i < 6; i++) {
        struct batch_item *one = usage(&w, 10, i < 3 ? NOW : "2026-11-21T13:30:00Z");
        one->event.usage.model = span_of(i % 2 == 0 ? "a/x" : "a/y");
        one->event.usage.session_id = span_of("s");
        one->event.usage.tag_count = 1;
        one->event.usage.tags[0] = (struct event_text){span_of("team"), span_of(i < 2 ? "1" : "2")};
        one->event.usage.total_ms = 9;
        one->event.usage.first_token_ms = -1;
        meters_set(&one->event.usage.meters, METER_INPUT, 100);
    }
    w.batch->items[5].verdict = VERDICT_DUPLICATE;
    settle(&w);
    rollup_make(&rollup, w.batch);
    assert_int("hour × model", rollup.row_count, 4);
    int128 charge = 0;
    int64_t requests = 0;
    for (size_t i = 0; i < rollup.row_count; i++) {
        charge += rollup.rows[i]->charge_pico;
        requests += rollup.rows[i]->requests;
        assert_int("input", rollup.rows[i]->meters[METER_INPUT], 100 * rollup.rows[i]->requests);
        assert_int("no first token", rollup.rows[i]->first[0], 0);
        assert_int("9 ms", rollup.rows[i]->total[1], rollup.rows[i]->requests);
    }
    assert_int("charge", charge, 50);
    assert_int("requests", requests, 5);
    /* Sessions: two hours. Tags: the first hour has both, the second one. */
    assert_int("by", rollup.by_count, 2 + 3);
    end(&w);
}

static void buckets_double_from_8_ms(void **state)
{
    static const struct {
        int64_t ms;
        int bucket;
    } rows[] = {{0, 0},  {7, 0},       {8, 1},       {15, 1},
                {16, 2}, {131071, 14}, {131072, 15}, {INT64_MAX, 15}};
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int("bucket", rollup_bucket(rows[i].ms), rows[i].bucket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_is_paid_from_promo_then_prepaid_then_owed),
        cmocka_unit_test(no_more_is_charged_than_reserved_and_held),
        cmocka_unit_test(the_events_of_a_batch_share_what_is_held),
        cmocka_unit_test(the_tightest_scope_decides_and_a_budget_holds_nothing_of_the_wallet),
        cmocka_unit_test(a_lease_ends_when_all_its_events_are_posted_in_any_order),
        cmocka_unit_test(a_lease_that_was_never_granted_is_buried_once),
        cmocka_unit_test(what_is_not_known_is_a_dead_letter_and_books_nothing),
        cmocka_unit_test(a_difference_to_what_was_told_is_booked_apart),
        cmocka_unit_test(an_event_belongs_to_the_period_of_its_start),
        cmocka_unit_test(a_period_ends_on_the_anchor_day),
        cmocka_unit_test(rollups_are_the_sums_of_their_grain),
        cmocka_unit_test(buckets_double_from_8_ms),
    };
    return run_test_table(tests);
}
