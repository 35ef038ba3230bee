/*
 * books: reading. What is written back is books_write.c.
 */
#include "billing/ledger/books.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/map.h"
#include "common/base/mem.h"

void books_init(struct books *books)
{
    memset(books, 0, sizeof(*books));
    books->wallets = map_new(64);
    books->leases = map_new(64);
}

void books_done(struct books *books)
{
    map_free(books->wallets);
    map_free(books->leases);
    mem_free(books->wallet_list);
    mem_free(books->lease_list);
    memset(books, 0, sizeof(*books));
}

struct wallet *books_wallet(const struct books *books, struct uuid tenant)
{
    return map_get(books->wallets, uuid_span(&tenant));
}

struct lease *books_lease(const struct books *books, struct uuid id)
{
    return map_get(books->leases, uuid_span(&id));
}

void books_put_wallet(struct books *books, struct wallet *wallet)
{
    (void)map_put(books->wallets, uuid_span(&wallet->tenant), wallet);
}

void books_put_lease(struct books *books, struct lease *lease)
{
    (void)map_put(books->leases, uuid_span(&lease->id), lease);
}

int64_t books_period_end(int64_t after_ms, int32_t anchor_day)
{
    time_t at = (time_t)(after_ms / 1000);
    struct tm tm;
    (void)gmtime_r(&at, &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_mday = anchor_day;
    if ((int64_t)timegm(&tm) * 1000 <= after_ms) {
        tm.tm_mon++; /* timegm carries into the year */
        tm.tm_mday = anchor_day;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    }
    return (int64_t)timegm(&tm) * 1000;
}

struct wanted {
    struct uuid *ids;
    size_t count;
    struct map *seen;
};

static void want(struct wanted *wanted, struct uuid id)
{
    if (map_get(wanted->seen, uuid_span(&id)) != NULL)
        return;
    wanted->ids[wanted->count] = id;
    (void)map_put(wanted->seen, uuid_span(&wanted->ids[wanted->count]), wanted);
    wanted->count++;
}

static void collect(const struct batch *batch, struct wanted *tenants, struct wanted *leases)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct batch_item *item = &batch->items[i];
        if (item->verdict == VERDICT_LEASE) {
            want(tenants, item->event.lease.tenant);
            want(leases, item->event.lease.lease);
        }
        if (item->verdict != VERDICT_POST)
            continue;
        want(tenants, item->event.usage.tenant);
        for (uint32_t l = 0; l < item->event.usage.lease_count; l++)
            want(leases, item->event.usage.leases[l].lease);
    }
}

static enum wallet_mode parse_mode(struct span name)
{
    if (span_is(name, "postpaid"))
        return WALLET_POSTPAID;
    return span_is(name, "hybrid") ? WALLET_HYBRID : WALLET_PREPAID;
}

static void take_wallet(struct books *books, const struct pg_rows *rows, size_t at,
                        struct arena *arena)
{
    struct wallet *w = arena_take(arena, sizeof(*w));
    struct span currency = pg_get_text(rows, at, 2);
    w->tenant = pg_get_uuid(rows, at, 0);
    w->mode = parse_mode(pg_get_text(rows, at, 1));
    memcpy(w->currency, currency.at, currency.size < 3 ? currency.size : 3);
    w->promo_pico = pg_get_int128(rows, at, 3);
    w->prepaid_pico = pg_get_int128(rows, at, 4);
    w->period_no = (int32_t)pg_get_int64(rows, at, 5);
    w->period_start_ms = pg_get_unix_ms(rows, at, 6);
    w->anchor_day = (int32_t)pg_get_int64(rows, at, 8);
    w->end_set = !pg_is_null(rows, at, 7);
    w->period_end_ms = w->end_set ? pg_get_unix_ms(rows, at, 7)
                                  : books_period_end(w->period_start_ms, w->anchor_day);
    books_put_wallet(books, w);
    books->wallet_list[books->wallet_count++] = w;
}

static enum pg_outcome read_wallets(struct books *books, struct pg *pg,
                                    const struct wanted *tenants, struct arena *arena)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome =
        pg_exec(pg, &rows,
                "SELECT w.tenant_id, t.billing_mode, w.currency::text, w.promo_pico,"
                " w.prepaid_pico, w.period_no, w.period_start, w.period_end, t.anchor_day"
                " FROM tollgate.wallets w JOIN tollgate.tenants t USING (tenant_id)"
                " WHERE w.tenant_id = ANY($1::uuid[]) ORDER BY w.tenant_id",
                PG_UUIDS(tenants->ids, tenants->count));
    if (outcome != PG_OK)
        return outcome;
    books->wallet_list = mem_array(pg_rows_count(rows) + 1, sizeof(struct wallet *));
    for (size_t at = 0; at < pg_rows_count(rows); at++)
        take_wallet(books, rows, at, arena);
    return PG_OK;
}

static enum lease_state parse_state(struct span name)
{
    if (span_is(name, "open"))
        return LEASE_OPEN;
    if (span_is(name, "closing"))
        return LEASE_CLOSING;
    return span_is(name, "closed") ? LEASE_CLOSED : LEASE_LOST;
}

static void take_lease(struct books *books, const struct pg_rows *rows, size_t at,
                       struct arena *arena)
{
    struct lease *l = arena_take(arena, sizeof(*l));
    l->id = pg_get_uuid(rows, at, 0);
    l->tenant = pg_get_uuid(rows, at, 1);
    l->of_balance = span_is(pg_get_text(rows, at, 2), "balance");
    l->granted_pico = pg_get_int64(rows, at, 3);
    l->returned_pico = pg_get_int64(rows, at, 4);
    l->posted_pico = pg_get_int128(rows, at, 5);
    l->posted_count = pg_get_int64(rows, at, 6);
    l->closed_count = pg_is_null(rows, at, 7) ? -1 : pg_get_int64(rows, at, 7);
    l->closed_pico = pg_get_int128(rows, at, 8);
    l->state = parse_state(pg_get_text(rows, at, 9));
    books_put_lease(books, l);
    books->lease_list[books->lease_count++] = l;
}

static enum pg_outcome read_leases(struct books *books, struct pg *pg, const struct wanted *leases,
                                   struct arena *arena)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome;
    if (leases->count == 0)
        return PG_OK;
    outcome = pg_exec(pg, &rows,
                      "SELECT lease_id, tenant_id, scope, granted_pico, returned_pico, posted_pico,"
                      " posted_count, closed_count, closed_pico, state FROM tollgate.leases"
                      " WHERE lease_id = ANY($1::uuid[]) ORDER BY lease_id",
                      PG_UUIDS(leases->ids, leases->count));
    if (outcome != PG_OK)
        return outcome;
    books->lease_list = mem_array(pg_rows_count(rows) + 1, sizeof(struct lease *));
    for (size_t at = 0; at < pg_rows_count(rows); at++)
        take_lease(books, rows, at, arena);
    return PG_OK;
}

enum pg_outcome books_read(struct books *books, struct pg *pg, struct batch *batch)
{
    struct wanted tenants = {.seen = map_new(256)}, leases = {.seen = map_new(256)};
    enum pg_outcome outcome;
    books_init(books);
    tenants.ids = mem_array(batch->count + 1, sizeof(struct uuid));
    leases.ids = mem_array((size_t)batch->count * EVENT_LEASES_MAX + 1, sizeof(struct uuid));
    books->buried = arena_array(batch->arena, (size_t)batch->count + 1, sizeof(*books->buried));
    collect(batch, &tenants, &leases);
    outcome = read_wallets(books, pg, &tenants, batch->arena);
    if (outcome == PG_OK)
        outcome = read_leases(books, pg, &leases, batch->arena);
    map_free(tenants.seen);
    map_free(leases.seen);
    mem_free(tenants.ids);
    mem_free(leases.ids);
    return outcome;
}
