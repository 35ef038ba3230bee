/*
 * leases: two workers, the broker and the real functions of the database share one small balance,
 * with a billing that posts charges and frees closed leases.
 */
#include <poll.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/mem.h"
#include "gateway/admit/worker.h"
#include "gateway/journal/cursor.h"
#include "gateway/journal/journals.h"
#include "tests/support/testing_schema.h"

enum { WORKERS = 2, PARALLEL_MAX = 100, SECONDS_MAX = 60 };

static char url[TEST_URL_SIZE];
static char root[] = "/tmp/tollgate-leases-XXXXXX";

/* A request that waits, holds its worst case, or is not there. */
struct request {
    struct admit_waiter waiter;
    struct reservation reservation;
    bool used, ready;
    int64_t worst_pico;
};

struct world {
    struct broker *broker;
    struct journals *journals;
    struct limits *limits;
    struct admit *admit[WORKERS];
    struct cursor *cursor[WORKERS];
    struct pg *billing;
    struct snapshot_tenant tenant;
    struct snapshot_key key;
    struct request requests[WORKERS][PARALLEL_MAX];
    int64_t charged_pico;
    int no_credit, busy, finished;
};

static void sql(struct pg *pg, const char *text)
{
    if (pg_script(pg, text) != PG_OK) {
        fail_msg("%s: %s", text, pg_error(pg)->message);
    }
}

static void make_tenant(struct world *w, const char *balance_pico)
{
    char id[UUID_TEXT_SIZE], text[512];
    struct pg *owner = open_as(url, "tollgate_owner");

    w->tenant = (struct snapshot_tenant){.id = uuid_new(), .billing_mode = BILLING_PREPAID};
    w->key = (struct snapshot_key){
        .id = uuid_new(), .project = uuid_new(), .tenant = &w->tenant, .kind = KEY_LIVE};
    uuid_format(w->tenant.id, id);
    snprintf(text, sizeof(text),
             "INSERT INTO tollgate.tenants (tenant_id, name) VALUES ('%s', 't');"
             "INSERT INTO tollgate.wallets (tenant_id, currency, promo_pico, period_start) VALUES "
             "('%s', 'USD', %s, now())",
             id, id, balance_pico);
    sql(owner, text);
    pg_close(owner);
}

static void wake(void *context)
{
    ((struct request *)context)->ready = true;
}

static struct world *make_world(const char *balance_pico)
{
    static char gateway_url[TEST_URL_SIZE];
    struct world *w = mem_new(sizeof(*w));
    struct uuid gateway = uuid_new();
    struct journals_config journals = {.root = root,
                                       .gateway = gateway,
                                       .workers = WORKERS,
                                       .segment_bytes = 4 << 20,
                                       .sync_ms = 2,
                                       .keep_ms = 0};
    struct broker_config broker = {.database_url = gateway_url,
                                   .gateway = gateway,
                                   .host = "test",
                                   .workers = WORKERS,
                                   .lease_life_ms = 900000};

    url_for(url, "tollgate_gateway", gateway_url);
    make_tenant(w, balance_pico);
    assert_int_equal(journals_open(&journals, &w->journals), 0);
    w->broker = broker_start(&broker);
    w->limits = limits_new();
    w->billing = open_as(url, "tollgate_owner");
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct admit_config config = {.broker = w->broker,
                                      .limits = w->limits,
                                      .journal = journals_of_worker(w->journals, i),
                                      .gateway = gateway,
                                      .worker = i,
                                      .lease_wait_ms = 3000,
                                      .lease_life_ms = 900000,
                                      .lease_rotate_ms = 600000,
                                      .idle_ms = 300};

        w->admit[i] = admit_new(&config);
        assert_int_equal(cursor_open(journals_folder(w->journals), journal_id(config.journal),
                                     (struct position){0}, &w->cursor[i]),
                         0);
    }
    return w;
}

static void free_world(struct world *w)
{
    broker_stop(w->broker);
    for (uint32_t i = 0; i < WORKERS; i++) {
        admit_close(w->admit[i]);
        admit_free(w->admit[i]);
        cursor_close(w->cursor[i]);
    }
    journals_close(w->journals);
    limits_free(w->limits);
    pg_close(w->billing);
    mem_free(w);
}

/* Wallet first, then lease, as billing does: in another order it would wait in a ring with a
 * gateway that gives back. Begins the transaction. */
static void lock_books(struct world *w, struct uuid lease)
{
    in_row("begun", pg_begin(w->billing, PG_READ_COMMITTED) == PG_OK);
    in_row("locked",
           pg_exec(w->billing, NULL, "SELECT tollgate.books_lock(ARRAY[]::uuid[], ARRAY[$1::uuid])",
                   PG_UUID(lease)) == PG_OK);
}

/* What billing does with one event: the hold goes down by the charge, in one transaction with the
 * balance. */
static void post(struct world *w, const struct reservation *reservation, int64_t charge_pico)
{
    struct event_lease leases[EVENT_LEASES_MAX];
    uint32_t count = admit_leases(reservation, leases);

    assert_int_equal(count, 1);
    lock_books(w, leases[0].lease);
    in_row("posted",
           pg_exec(w->billing, NULL,
                   "WITH l AS (UPDATE tollgate.leases SET posted_pico = posted_pico + $2::int8, "
                   "posted_count = posted_count + 1 WHERE lease_id = $1 RETURNING tenant_id) "
                   "UPDATE tollgate.wallets w SET promo_pico = promo_pico - $2::int8, "
                   "held_pico = held_pico - $2::int8 FROM l WHERE w.tenant_id = l.tenant_id",
                   PG_UUID(leases[0].lease), PG_INT(charge_pico)) == PG_OK);
    in_row("to a lease that is there", pg_affected(w->billing) == 1);
    in_row("committed", pg_commit(w->billing) == PG_OK);
}

/* Frees the rest of every lease whose close is on the journal. */
static void post_closes(struct world *w, uint32_t worker)
{
    struct json_doc doc = json_doc_make();
    struct arena *arena = arena_new(65536, 1 << 20);
    struct buf why = buf_make(512);
    struct record record;
    struct position next;

    while (cursor_next(w->cursor[worker], &record, &next) == CURSOR_RECORD) {
        struct event event;

        assert_int_equal(event_decode(record.payload, &doc, arena, &event, &why), 0);
        if (event.kind != EVENT_KIND_LEASE || !event.lease.closed) {
            continue;
        }
        lock_books(w, event.lease.lease);
        in_row("freed",
               pg_exec(w->billing, NULL,
                       "WITH l AS (UPDATE tollgate.leases SET state = 'closed' WHERE lease_id = $1 "
                       "AND posted_count = $2::int8 AND state = 'open' RETURNING tenant_id, "
                       "granted_pico - returned_pico - posted_pico AS rest) "
                       "UPDATE tollgate.wallets w SET held_pico = held_pico - l.rest FROM l "
                       "WHERE w.tenant_id = l.tenant_id",
                       PG_UUID(event.lease.lease), PG_INT(event.lease.events)) == PG_OK);
        in_row("committed", pg_commit(w->billing) == PG_OK);
    }
    buf_done(&why);
    arena_free(arena);
    json_doc_done(&doc);
}

static void try_one(struct world *w, uint32_t worker, struct request *request)
{
    struct admit_refusal refusal;

    request->ready = false;
    switch (admit_reserve(w->admit[worker], &(struct admit_demand){&w->key, request->worst_pico},
                          clock_mono_ms(), &request->waiter, &request->reservation, &refusal)) {
    case ADMIT_OK:
    case ADMIT_WAIT:
        return;
    case ADMIT_NO_CREDIT:
        w->no_credit++;
        break;
    case ADMIT_RATE_LIMITED:
        w->busy++;
        break;
    case ADMIT_NO_BUDGET:
    case ADMIT_UNAVAILABLE:
        fail_msg("neither a budget nor an outage is there");
    }
    request->used = false;
}

static void finish(struct world *w, uint32_t worker, struct request *request, int64_t charge_pico)
{
    post(w, &request->reservation, charge_pico);
    admit_settle(w->admit[worker], &request->reservation, charge_pico, 1);
    w->charged_pico += charge_pico;
    w->finished++;
    request->used = false;
}

static void turn_gateway(struct world *w, uint32_t worker)
{
    struct journal *journal = journals_of_worker(w->journals, worker);
    struct pollfd fds[2] = {{.fd = journal_fd(journal), .events = POLLIN},
                            {.fd = admit_fd(w->admit[worker]), .events = POLLIN}};

    journal_flush(journal);
    poll(fds, 2, 1);
    journal_complete(journal);
    admit_receive(w->admit[worker], clock_mono_ms());
    admit_tick(w->admit[worker], clock_mono_ms());
}

static void turn(struct world *w, uint32_t worker)
{
    turn_gateway(w, worker);
    post_closes(w, worker);
}

/* One place among those in parallel: it asks when it is free, and pays when it was admitted. */
static void advance(struct world *w, uint32_t worker, struct request *request, int64_t worst_pico,
                    int64_t charge_pico)
{
    if (!request->used) {
        *request = (struct request){.used = true, .ready = true, .worst_pico = worst_pico};
        request->waiter.on_ready = wake;
        request->waiter.context = request;
    } else if (request->reservation.count > 0) {
        finish(w, worker, request, charge_pico);
    }
    if (request->used && request->ready) {
        try_one(w, worker, request);
    }
}

/* Keeps `parallel` requests going on both workers until nothing passes any more. */
static void spend_all(struct world *w, int parallel, int64_t worst_pico, int64_t charge_pico)
{
    int64_t until = clock_mono_ms() + SECONDS_MAX * 1000;

    while (w->no_credit < parallel) {
        in_row("in time", clock_mono_ms() < until);
        for (uint32_t i = 0; i < WORKERS; i++) {
            for (int j = 0; j < (parallel + 1) / WORKERS; j++) {
                advance(w, i, &w->requests[i][j], worst_pico, charge_pico);
            }
            turn(w, i);
        }
    }
}

static void a_dollar_is_spent_to_its_end_and_not_beyond(void **state)
{
    static const struct {
        const char *what;
        int parallel;
    } rows[] = {{"one at a time", 1}, {"ten in parallel", 10}, {"a hundred in parallel", 100}};

    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct world *w = make_world("1000000000000");

        spend_all(w, rows[i].parallel, 13000000000, 3100000000);
        print_message("%s: charged %lld pico in %d requests, refused %d, told to come again %d\n",
                      rows[i].what, (long long)w->charged_pico, w->finished, w->no_credit, w->busy);
        in_row(rows[i].what, w->charged_pico <= PICO_PER_UNIT);
        in_row(rows[i].what, w->charged_pico >= PICO_PER_UNIT * 95 / 100);
        in_row("nothing refused for what others held", w->busy == 0);
        free_world(w);
    }
}

static void what_no_reservation_touches_is_given_back(void **state)
{
    struct world *w;
    int64_t until = clock_mono_ms() + SECONDS_MAX * 1000;
    struct request *request;
    int128 held = -1;

    (void)state;
    need_database(url);
    w = make_world("1000000000000");
    request = &w->requests[0][0];
    *request = (struct request){
        .used = true, .worst_pico = 1000, .waiter = {.on_ready = wake, .context = request}};
    try_one(w, 0, request);
    while (request->reservation.count == 0) {
        in_row("granted in time", clock_mono_ms() < until);
        turn(w, 0);
        if (request->ready) {
            try_one(w, 0, request);
        }
    }
    finish(w, 0, request, 10);
    while (held != 0) {
        struct pg_rows *rows;

        in_row("idle money is free in time", clock_mono_ms() < until);
        turn(w, 0);
        in_row("read", pg_exec(w->billing, &rows,
                               "SELECT held_pico FROM tollgate.wallets WHERE tenant_id = $1",
                               PG_UUID(w->tenant.id)) == PG_OK);
        held = pg_get_int128(rows, 0, 0);
        pg_rows_free(rows);
    }
    free_world(w);
}

/* Asks until there is a verdict. */
static enum admit_outcome ask_for(struct world *w, struct request *request, int64_t pico)
{
    const struct admit_demand demand = {&w->key, pico};
    int64_t until = clock_mono_ms() + SECONDS_MAX * 1000;
    struct admit_refusal refusal;
    enum admit_outcome outcome;

    *request = (struct request){.waiter = {.on_ready = wake, .context = request}};
    while ((outcome = admit_reserve(w->admit[0], &demand, clock_mono_ms(), &request->waiter,
                                    &request->reservation, &refusal)) == ADMIT_WAIT) {
        request->ready = false;
        while (!request->ready) {
            in_row("answered in time", clock_mono_ms() < until);
            turn_gateway(w, 0);
        }
    }
    return outcome;
}

static void a_lowered_budget_holds_for_what_was_leased_before(void **state)
{
    struct world *w;
    struct request *request;

    (void)state;
    need_database(url);
    w = make_world("1000000000000");
    w->key.budget_window = WINDOW_TOTAL;
    w->key.budget_pico = 1000;
    request = &w->requests[0][0];
    assert_int_equal(ask_for(w, request, 100), ADMIT_OK);
    admit_settle(w->admit[0], &request->reservation, 40, 1);
    assert_int_equal(ask_for(w, request, 100), ADMIT_OK);
    admit_settle(w->admit[0], &request->reservation, 0, 1);
    w->key.budget_pico = 99;
    assert_int_equal(ask_for(w, request, 100), ADMIT_NO_BUDGET);
    w->key.budget_pico = 39; /* less than was spent */
    assert_int_equal(ask_for(w, request, 100), ADMIT_NO_BUDGET);
    /* 40 are spent, and held until they are posted. */
    w->key.budget_pico = 140;
    assert_int_equal(ask_for(w, request, 100), ADMIT_OK);
    admit_settle(w->admit[0], &request->reservation, 0, 1);
    free_world(w);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL || make_schema(url);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", root);
    return system(command) | drop_database(url);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dollar_is_spent_to_its_end_and_not_beyond),
        cmocka_unit_test(what_no_reservation_touches_is_given_back),
        cmocka_unit_test(a_lowered_budget_holds_for_what_was_leased_before),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
