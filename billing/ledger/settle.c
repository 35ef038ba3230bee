/*
 * settle: see settle.h.
 */
#include "billing/ledger/settle.h"

#include <string.h>

enum { PERIODS_AHEAD_MAX = 120 };

int32_t settle_period(const struct wallet *wallet, int64_t start_ms, bool *late_out)
{
    int32_t period_no = wallet->period_no;
    int64_t end_ms = wallet->period_end_ms;
    *late_out = start_ms < wallet->period_start_ms;
    for (int i = 0; i < PERIODS_AHEAD_MAX && start_ms >= end_ms; i++) {
        period_no++;
        end_ms = books_period_end(end_ms, wallet->anchor_day);
    }
    return period_no;
}

/* What a lease still holds, this batch's charges taken off. */
static int128 hold_left(const struct lease *lease)
{
    int128 left =
        (int128)lease->granted_pico - lease->returned_pico - lease->posted_pico - lease->add_pico;
    if (lease->state == LEASE_CLOSED || lease->state == LEASE_LOST || left < 0)
        return 0;
    return left;
}

/* An event is charged at most what it reserved and what is held for it, in each of its scopes. */
static int64_t allowed(const struct usage_event *event, const struct books *books, int64_t due_pico)
{
    int64_t most = due_pico;
    for (uint32_t i = 0; i < event->lease_count; i++) {
        int128 left = hold_left(books_lease(books, event->leases[i].lease));
        if (event->leases[i].reserved_pico < most)
            most = event->leases[i].reserved_pico;
        if (left < most)
            most = (int64_t)left;
    }
    return most;
}

static bool knows_leases(struct batch *batch, struct batch_item *item, const struct books *books)
{
    const struct usage_event *event = &item->event.usage;
    for (uint32_t i = 0; i < event->lease_count; i++) {
        const struct lease *lease = books_lease(books, event->leases[i].lease);
        if (lease == NULL || !uuid_equal(lease->tenant, event->tenant)) {
            batch_kill(batch, item, DEAD_VALIDATE, "a lease of it is not known for this tenant");
            return false;
        }
    }
    return true;
}

static int128 least(int128 a, int128 b)
{
    return a < b ? a : b;
}

/* Promo is burnt first, then what was paid in advance; the rest is owed. A prepaid tenant owes
 * nothing: what its leases let through is taken from the prepaid balance. */
static void pay(struct wallet *w, int128 charge, struct usage_posting *posting)
{
    int128 promo = w->promo_pico - w->use_promo_pico;
    int128 prepaid = w->prepaid_pico - w->use_prepaid_pico;
    int128 rest = charge;
    posting->promo_pico = promo > 0 ? least(promo, rest) : 0;
    rest -= posting->promo_pico;
    if (w->mode == WALLET_PREPAID)
        posting->prepaid_pico = rest;
    else if (w->mode == WALLET_HYBRID && prepaid > 0)
        posting->prepaid_pico = least(prepaid, rest);
    posting->accrued_pico = rest - posting->prepaid_pico;
    w->use_promo_pico += posting->promo_pico;
    w->use_prepaid_pico += posting->prepaid_pico;
    w->use_accrued_pico += posting->accrued_pico;
}

static void lower_holds(const struct usage_event *event, struct books *books, struct wallet *wallet,
                        int64_t charge_pico)
{
    for (uint32_t i = 0; i < event->lease_count; i++) {
        struct lease *lease = books_lease(books, event->leases[i].lease);
        lease->add_count++;
        lease->add_pico += charge_pico;
        if (lease->of_balance)
            wallet->lower_held_pico += charge_pico;
    }
}

static void settle_usage(struct batch *batch, struct batch_item *item, struct books *books,
                         struct entries *entries, struct settle_counts *counts)
{
    const struct usage_event *event = &item->event.usage;
    struct wallet *wallet = books_wallet(books, event->tenant);
    struct settled *settled = &item->settled;
    struct usage_posting posting = {.tenant = event->tenant, .cost_pico = item->priced.cost_pico};
    if (wallet == NULL) {
        batch_kill(batch, item, DEAD_VALIDATE, "the tenant has no wallet");
        return;
    }
    if (!knows_leases(batch, item, books))
        return;
    settled->period_no = settle_period(wallet, event->start_ms, &settled->late);
    settled->charge_pico = allowed(event, books, item->priced.due_pico);
    settled->overrun_pico = item->priced.due_pico - settled->charge_pico;
    posting.currency = wallet->currency;
    posting.period_no = settled->period_no;
    posting.overrun_pico = settled->overrun_pico;
    posting.told_pico = item->priced.variance ? event->charge_pico : item->priced.due_pico;
    pay(wallet, settled->charge_pico, &posting);
    entries_add_usage(entries, &posting);
    lower_holds(event, books, wallet, settled->charge_pico);
    counts->overruns += settled->overrun_pico != 0;
    counts->variances += item->priced.variance;
    counts->late += settled->late;
}

/* Every refused grant leaves a lease that is closed without having paid for anything. */
static void bury_lease(struct batch *batch, struct batch_item *item, struct books *books)
{
    const struct lease_event *event = &item->event.lease;
    if (event->events != 0 || books_wallet(books, event->tenant) == NULL) {
        batch_kill(batch, item, DEAD_VALIDATE, "the lease is not known, but has paid for events");
        return;
    }
    for (size_t i = 0; i < books->buried_count; i++)
        if (uuid_equal(books->buried[i].id, event->lease))
            return;
    books->buried[books->buried_count++] =
        (struct buried_lease){event->lease, event->tenant, event->gateway};
}

/* A lease's end is told once; its number of events may come before or after it. */
static void close_lease(struct batch *batch, struct batch_item *item, struct books *books)
{
    const struct lease_event *event = &item->event.lease;
    struct lease *lease = books_lease(books, event->lease);
    if (!event->closed)
        return;
    if (lease == NULL) {
        bury_lease(batch, item, books);
        return;
    }
    if (!uuid_equal(lease->tenant, event->tenant)) {
        batch_kill(batch, item, DEAD_VALIDATE, "the lease is another tenant's");
        return;
    }
    if (lease->state == LEASE_CLOSED || lease->state == LEASE_LOST)
        return;
    lease->closed_count = event->events;
    lease->closed_pico = event->charge_pico;
    lease->state = LEASE_CLOSING;
}

/* When all events of a closed lease are posted, the rest of it is free again. */
static void end_lease(struct lease *lease, struct books *books)
{
    struct wallet *wallet = books_wallet(books, lease->tenant);
    if (lease->state != LEASE_CLOSING || lease->closed_count < 0 ||
        lease->posted_count + lease->add_count < lease->closed_count)
        return;
    lease->freed_pico = hold_left(lease);
    lease->ends = true;
    if (lease->of_balance && wallet != NULL)
        wallet->lower_held_pico += lease->freed_pico;
}

void settle_batch(struct batch *batch, struct books *books, struct entries *entries,
                  struct settle_counts *counts_out)
{
    struct settle_counts counts = {0};
    for (uint32_t i = 0; i < batch->count; i++) {
        struct batch_item *item = &batch->items[i];
        memset(&item->settled, 0, sizeof(item->settled));
        if (item->verdict == VERDICT_POST)
            settle_usage(batch, item, books, entries, &counts);
        else if (item->verdict == VERDICT_LEASE)
            close_lease(batch, item, books);
    }
    for (size_t i = 0; i < books->lease_count; i++)
        end_lease(books->lease_list[i], books);
    *counts_out = counts;
}
