/*
 * accounts: ids of ledger accounts, kept by tenant, kind and currency. Accounts are never deleted.
 */
#include "billing/ledger/posting.h"

#include "common/base/map.h"
#include "common/base/mem.h"

enum { CHUNK_BYTES = 256 << 10, ACCOUNTS_MAX = 2000000 };
#define ARENA_BYTES (INT64_C(256) << 20)

struct account {
    struct account_key key; /* with period 0 */
    int64_t id;
};

struct accounts {
    struct arena *arena;
    struct map *by_key;
};

struct accounts *accounts_new(void)
{
    struct accounts *accounts = mem_new(sizeof(*accounts));
    accounts->arena = arena_new(CHUNK_BYTES, (size_t)ARENA_BYTES);
    accounts->by_key = map_new(4096);
    return accounts;
}

void accounts_free(struct accounts *accounts)
{
    if (accounts == NULL)
        return;
    map_free(accounts->by_key);
    arena_free(accounts->arena);
    mem_free(accounts);
}

static struct account_key outside_periods(const struct account_key *key)
{
    struct account_key bare = *key;
    bare.period_no = 0;
    return bare;
}

static const struct account *find(const struct accounts *accounts, const struct account_key *key)
{
    struct account_key bare = outside_periods(key);
    return map_get(accounts->by_key, span_make((const char *)&bare, sizeof(bare)));
}

static void keep(struct accounts *accounts, const struct account_key *key, int64_t id)
{
    struct account *account = arena_take(accounts->arena, sizeof(*account));
    account->key = outside_periods(key);
    account->id = id;
    (void)map_put(accounts->by_key, span_make((const char *)&account->key, sizeof(account->key)),
                  account);
}

struct missing {
    struct uuid *tenants;
    struct span *kinds, *currencies;
    size_t *entries; /* where each was asked for */
    size_t count;
};

static void missing_done(struct missing *missing)
{
    mem_free(missing->tenants);
    mem_free(missing->kinds);
    mem_free(missing->currencies);
    mem_free(missing->entries);
}

static void find_missing(const struct accounts *accounts, const struct entry *entries, size_t count,
                         struct missing *missing)
{
    missing->tenants = mem_array(count + 1, sizeof(*missing->tenants));
    missing->kinds = mem_array(count + 1, sizeof(*missing->kinds));
    missing->currencies = mem_array(count + 1, sizeof(*missing->currencies));
    missing->entries = mem_array(count + 1, sizeof(*missing->entries));
    for (size_t i = 0; i < count; i++) {
        const struct account_key *key = &entries[i].key;
        if (find(accounts, key) != NULL)
            continue;
        missing->tenants[missing->count] = key->tenant;
        missing->kinds[missing->count] = span_of(account_kind_name((enum account_kind)key->kind));
        missing->currencies[missing->count] = span_of(key->currency);
        missing->entries[missing->count++] = i;
    }
}

/* The zero id stands for the house, whose accounts have no tenant. */
#define ASKED                                                                                      \
    "(SELECT n, nullif(t, '00000000-0000-0000-0000-000000000000') AS t, k, c FROM"                 \
    " unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS u(t, k, c, n)) a"

static enum pg_outcome make_missing(struct accounts *accounts, struct pg *pg,
                                    const struct entry *entries, const struct missing *m)
{
    struct pg_rows *rows cleanup(pg_rows_free_at) = NULL;
    enum pg_outcome outcome = pg_exec(pg, NULL,
                                      "INSERT INTO tollgate.accounts (tenant_id, kind, currency)"
                                      " SELECT DISTINCT a.t, a.k, a.c FROM " ASKED " ORDER BY 1, 2"
                                      " ON CONFLICT (tenant_id, kind, currency) DO NOTHING",
                                      PG_UUIDS(m->tenants, m->count), PG_TEXTS(m->kinds, m->count),
                                      PG_TEXTS(m->currencies, m->count));
    if (outcome == PG_OK)
        outcome = pg_exec(pg, &rows,
                          "SELECT a.n, x.account_id FROM " ASKED " JOIN tollgate.accounts x"
                          " ON x.tenant_id = a.t AND x.kind = a.k AND x.currency = a.c"
                          " UNION ALL SELECT a.n, x.account_id FROM " ASKED
                          " JOIN tollgate.accounts x ON a.t IS NULL AND x.tenant_id IS NULL"
                          " AND x.kind = a.k AND x.currency = a.c",
                          PG_UUIDS(m->tenants, m->count), PG_TEXTS(m->kinds, m->count),
                          PG_TEXTS(m->currencies, m->count));
    if (outcome != PG_OK)
        return outcome;
    for (size_t i = 0; i < pg_rows_count(rows); i++)
        keep(accounts, &entries[m->entries[pg_get_int64(rows, i, 0) - 1]].key,
             pg_get_int64(rows, i, 1));
    return PG_OK;
}

enum pg_outcome accounts_resolve(struct accounts *accounts, struct pg *pg,
                                 const struct entry *entries, size_t count, int64_t *ids_out)
{
    struct missing missing = {.count = 0};
    enum pg_outcome outcome = PG_OK;
    if (map_size(accounts->by_key) > ACCOUNTS_MAX) {
        map_free(accounts->by_key);
        accounts->by_key = map_new(4096);
        arena_reset(accounts->arena);
    }
    find_missing(accounts, entries, count, &missing);
    if (missing.count > 0)
        outcome = make_missing(accounts, pg, entries, &missing);
    missing_done(&missing);
    for (size_t i = 0; i < count && outcome == PG_OK; i++) {
        const struct account *account = find(accounts, &entries[i].key);
        must(account != NULL);
        ids_out[i] = account->id;
    }
    return outcome;
}
