/*
 * books_write: what a batch does to wallets, promo grants, budgets and leases, as the last thing of
 * its transaction.
 *
 * All rows are locked first, by tollgate.books_lock(), in the order that everybody keeps: wallets,
 * budgets, leases, each by id. So nobody waits for another in a circle, and a lease grant waits for
 * the end of a batch only.
 */
#include "billing/ledger/books.h"

#include "common/base/log.h"

struct columns {
    struct uuid *ids;
    int64_t *numbers[4];
    int128 *pico[4];
    size_t count;
};

static struct columns columns_make(struct arena *arena, size_t count)
{
    struct columns c = {.ids = arena_array(arena, count + 1, sizeof(struct uuid))};
    for (int i = 0; i < 4; i++) {
        c.numbers[i] = arena_array(arena, count + 1, sizeof(int64_t));
        c.pico[i] = arena_array(arena, count + 1, sizeof(int128));
    }
    return c;
}

/* What stood there when it was read must still stand there. */
static enum pg_outcome all_of(struct pg *pg, size_t count, const char *what)
{
    if (pg_affected(pg) == (int64_t)count)
        return PG_OK;
    log_event(LOG_INFO, "batch.books_moved", LOG_S("what", what),
              LOG_N("rows", (int64_t)count - pg_affected(pg)));
    return PG_SERIALIZATION;
}

static bool wallet_moves(const struct wallet *w)
{
    return w->use_promo_pico != 0 || w->use_prepaid_pico != 0 || w->use_accrued_pico != 0 ||
           w->lower_held_pico != 0;
}

/* Every tenant's row is met, also of those that pay nothing: the batch and the finalizer of an
 * invoice agree on the open period by it. */
static enum pg_outcome write_wallets(const struct books *books, struct pg *pg, struct arena *arena)
{
    struct columns c = columns_make(arena, books->wallet_count);
    int128 *promo_read = arena_array(arena, books->wallet_count + 1, sizeof(*promo_read));
    int64_t *period = c.numbers[0];
    enum pg_outcome outcome;
    for (size_t i = 0; i < books->wallet_count; i++) {
        const struct wallet *w = books->wallet_list[i];
        if (!wallet_moves(w))
            continue;
        c.ids[c.count] = w->tenant;
        period[c.count] = w->period_no;
        promo_read[c.count] = w->promo_pico;
        c.pico[0][c.count] = w->use_promo_pico;
        c.pico[1][c.count] = w->use_prepaid_pico;
        c.pico[2][c.count] = w->use_accrued_pico;
        c.pico[3][c.count] = w->lower_held_pico;
        c.count++;
    }
    if (c.count == 0)
        return PG_OK;
    outcome = pg_exec(
        pg, NULL,
        "UPDATE tollgate.wallets w SET promo_pico = w.promo_pico - u.promo,"
        " prepaid_pico = w.prepaid_pico - u.prepaid, accrued_pico = w.accrued_pico + u.accrued,"
        " held_pico = greatest(w.held_pico - u.held, 0)"
        " FROM (SELECT * FROM unnest($1::uuid[], $2::int8[], $3::numeric[], $4::numeric[],"
        " $5::numeric[], $6::numeric[], $7::numeric[])"
        " AS u(tenant_id, period_no, promo_read, promo, prepaid, accrued, held) ORDER BY 1) u"
        " WHERE w.tenant_id = u.tenant_id AND w.period_no = u.period_no"
        " AND w.promo_pico = u.promo_read",
        PG_UUIDS(c.ids, c.count), PG_INTS(period, c.count), PG_NUMERICS(promo_read, c.count),
        PG_NUMERICS(c.pico[0], c.count), PG_NUMERICS(c.pico[1], c.count),
        PG_NUMERICS(c.pico[2], c.count), PG_NUMERICS(c.pico[3], c.count));
    return outcome == PG_OK ? all_of(pg, c.count, "wallets") : outcome;
}

/* Those that pay nothing are only checked, without a new version of their row. */
static enum pg_outcome check_wallets(const struct books *books, struct pg *pg, struct arena *arena)
{
    struct columns c = columns_make(arena, books->wallet_count);
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome;
    for (size_t i = 0; i < books->wallet_count; i++) {
        if (wallet_moves(books->wallet_list[i]))
            continue;
        c.ids[c.count] = books->wallet_list[i]->tenant;
        c.numbers[0][c.count++] = books->wallet_list[i]->period_no;
    }
    if (c.count == 0)
        return PG_OK;
    outcome = pg_exec(pg, &rows,
                      "SELECT 1 FROM tollgate.wallets w JOIN unnest($1::uuid[], $2::int8[])"
                      " AS u(tenant_id, period_no) USING (tenant_id)"
                      " WHERE w.period_no = u.period_no",
                      PG_UUIDS(c.ids, c.count), PG_INTS(c.numbers[0], c.count));
    return outcome == PG_OK ? all_of(pg, c.count, "wallets") : outcome;
}

/* Promo credit is used up grant by grant, the first to expire first. */
static enum pg_outcome write_grants(const struct books *books, struct pg *pg, struct arena *arena)
{
    struct columns c = columns_make(arena, books->wallet_count);
    for (size_t i = 0; i < books->wallet_count; i++) {
        if (books->wallet_list[i]->use_promo_pico == 0)
            continue;
        c.ids[c.count] = books->wallet_list[i]->tenant;
        c.pico[0][c.count++] = books->wallet_list[i]->use_promo_pico;
    }
    if (c.count == 0)
        return PG_OK;
    return pg_exec(
        pg, NULL,
        "UPDATE tollgate.credit_grants g SET used_pico = g.used_pico"
        " + least(g.amount_pico - g.used_pico, greatest(s.used - s.before, 0))"
        " FROM (SELECT grant_id, u.used, sum(amount_pico - used_pico) OVER (PARTITION BY tenant_id"
        " ORDER BY expires_at NULLS LAST, grant_id) - (amount_pico - used_pico) AS before"
        " FROM tollgate.credit_grants JOIN unnest($1::uuid[], $2::numeric[]) AS u(tenant_id, used)"
        " USING (tenant_id) WHERE kind = 'promo' AND used_pico < amount_pico) s"
        " WHERE g.grant_id = s.grant_id AND s.used > s.before",
        PG_UUIDS(c.ids, c.count), PG_NUMERICS(c.pico[0], c.count));
}

/* Budgets are found by the leases that were granted from them. */
static enum pg_outcome write_budgets(const struct books *books, struct pg *pg, struct arena *arena)
{
    struct columns c = columns_make(arena, books->lease_count);
    for (size_t i = 0; i < books->lease_count; i++) {
        const struct lease *l = books->lease_list[i];
        if (l->of_balance || (l->add_pico == 0 && l->freed_pico == 0))
            continue;
        c.ids[c.count] = l->id;
        c.pico[0][c.count] = l->add_pico;
        c.pico[1][c.count++] = l->add_pico + l->freed_pico;
    }
    if (c.count == 0)
        return PG_OK;
    return pg_exec(pg, NULL,
                   "UPDATE tollgate.budgets b SET spent_pico = b.spent_pico + d.spent,"
                   " held_pico = greatest(b.held_pico - d.held, 0)"
                   " FROM (SELECT l.scope, l.scope_id, l.window_start, sum(u.spent) AS spent,"
                   " sum(u.held) AS held FROM unnest($1::uuid[], $2::numeric[], $3::numeric[])"
                   " AS u(lease_id, spent, held) JOIN tollgate.leases l USING (lease_id)"
                   " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) d"
                   " WHERE b.scope = d.scope AND b.scope_id = d.scope_id"
                   " AND b.window_start = d.window_start",
                   PG_UUIDS(c.ids, c.count), PG_NUMERICS(c.pico[0], c.count),
                   PG_NUMERICS(c.pico[1], c.count));
}

static bool lease_moves(const struct lease *l)
{
    return l->add_count != 0 || l->ends || l->closed_count >= 0;
}

/* A gateway may give back parts meanwhile: what is posted must still be held, and of a lease that
 * ends nothing may have moved. */
static enum pg_outcome write_leases(const struct books *books, struct pg *pg, struct arena *arena)
{
    static const char *const states[] = {"open", "closing", "closed", "lost"};
    struct columns c = columns_make(arena, books->lease_count);
    struct span *state = arena_array(arena, books->lease_count + 1, sizeof(*state));
    enum pg_outcome outcome;
    for (size_t i = 0; i < books->lease_count; i++) {
        const struct lease *l = books->lease_list[i];
        if (!lease_moves(l))
            continue;
        state[c.count] = span_of(states[l->ends ? LEASE_CLOSED : l->state]);
        c.ids[c.count] = l->id;
        c.numbers[0][c.count] = l->add_count;
        c.numbers[1][c.count] = l->closed_count;
        c.numbers[2][c.count] = l->ends ? l->returned_pico : -1;
        c.pico[0][c.count] = l->add_pico;
        c.pico[1][c.count++] = l->closed_pico;
    }
    if (c.count == 0)
        return PG_OK;
    outcome = pg_exec(
        pg, NULL,
        "UPDATE tollgate.leases l SET posted_pico = l.posted_pico + u.pico,"
        " posted_count = l.posted_count + u.events,"
        " closed_count = CASE WHEN u.closed >= 0 THEN u.closed END,"
        " closed_pico = CASE WHEN u.closed >= 0 THEN u.closed_pico END, state = u.state,"
        " closed_at = CASE WHEN u.state = 'closed' THEN coalesce(l.closed_at, now()) END"
        " FROM (SELECT * FROM unnest($1::uuid[], $2::int8[], $3::int8[], $4::int8[], $5::numeric[],"
        " $6::numeric[], $7::text[]) AS u(lease_id, events, closed, returned, pico, closed_pico,"
        " state) ORDER BY 1) u WHERE l.lease_id = u.lease_id"
        " AND (u.pico = 0 OR l.granted_pico - l.returned_pico - l.posted_pico >= u.pico)"
        " AND (u.returned < 0 OR l.returned_pico = u.returned)"
        " AND (l.state <> 'lost' OR u.state = 'lost')",
        PG_UUIDS(c.ids, c.count), PG_INTS(c.numbers[0], c.count), PG_INTS(c.numbers[1], c.count),
        PG_INTS(c.numbers[2], c.count), PG_NUMERICS(c.pico[0], c.count),
        PG_NUMERICS(c.pico[1], c.count), PG_TEXTS(state, c.count));
    return outcome == PG_OK ? all_of(pg, c.count, "leases") : outcome;
}

/* A grant that the database executes only now finds the row and answers 0. One that came between
 * reading and here is no lease to bury: then the batch is settled again. */
static enum pg_outcome write_buried(const struct books *books, struct pg *pg, struct arena *arena)
{
    size_t count = books->buried_count;
    struct uuid *ids = arena_array(arena, count + 1, sizeof(*ids));
    struct uuid *tenants = arena_array(arena, count + 1, sizeof(*tenants));
    struct uuid *gateways = arena_array(arena, count + 1, sizeof(*gateways));
    enum pg_outcome outcome;
    if (count == 0)
        return PG_OK;
    for (size_t i = 0; i < count; i++) {
        ids[i] = books->buried[i].id;
        tenants[i] = books->buried[i].tenant;
        gateways[i] = books->buried[i].gateway;
    }
    outcome = pg_exec(pg, NULL,
                      "INSERT INTO tollgate.gateways (gateway_id, host, version, state)"
                      " SELECT DISTINCT g, 'unknown', 'unknown', 'away' FROM unnest($1::uuid[]) g"
                      " ON CONFLICT DO NOTHING",
                      PG_UUIDS(gateways, count));
    if (outcome != PG_OK)
        return outcome;
    outcome = pg_exec(pg, NULL,
                      "INSERT INTO tollgate.leases (lease_id, tenant_id, scope, scope_id,"
                      " gateway_id, granted_pico, closed_count, closed_pico, state, expires_at,"
                      " closed_at) SELECT l, t, 'balance', t, g, 0, 0, 0, 'closed', now(), now()"
                      " FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS u(l, t, g) ORDER BY l"
                      " ON CONFLICT DO NOTHING",
                      PG_UUIDS(ids, count), PG_UUIDS(tenants, count), PG_UUIDS(gateways, count));
    return outcome == PG_OK ? all_of(pg, count, "buried leases") : outcome;
}

static enum pg_outcome lock_all(const struct books *books, struct pg *pg, struct arena *arena)
{
    struct uuid *tenants = arena_array(arena, books->wallet_count + 1, sizeof(*tenants));
    struct uuid *leases = arena_array(arena, books->lease_count + 1, sizeof(*leases));
    for (size_t i = 0; i < books->wallet_count; i++)
        tenants[i] = books->wallet_list[i]->tenant;
    for (size_t i = 0; i < books->lease_count; i++)
        leases[i] = books->lease_list[i]->id;
    return pg_exec(pg, NULL, "SELECT tollgate.books_lock($1::uuid[], $2::uuid[])",
                   PG_UUIDS(tenants, books->wallet_count), PG_UUIDS(leases, books->lease_count));
}

enum pg_outcome books_write(const struct books *books, struct pg *pg, struct arena *arena)
{
    enum pg_outcome outcome = lock_all(books, pg, arena);
    if (outcome == PG_OK)
        outcome = write_grants(books, pg, arena);
    if (outcome == PG_OK)
        outcome = write_wallets(books, pg, arena);
    if (outcome == PG_OK)
        outcome = check_wallets(books, pg, arena);
    if (outcome == PG_OK)
        outcome = write_budgets(books, pg, arena);
    if (outcome == PG_OK)
        outcome = write_leases(books, pg, arena);
    if (outcome == PG_OK)
        outcome = write_buried(books, pg, arena);
    return outcome;
}
