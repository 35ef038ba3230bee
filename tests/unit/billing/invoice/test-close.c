/*
 * Tests of closing periods, with a real database: what is written, what is booked, and that it
 * happens once, whoever else closes and whatever breaks.
 */
#include "billing/invoice/close.h"

#include <errno.h>
#include <pthread.h>

#include "billing/invoice/render.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "tests/unit/billing/invoice/fixture.h"

#define DAY_MS INT64_C(86400000)

static char url[TEST_URL_SIZE];
static int tenants;

static void sql(struct pg *pg, const char *text)
{
    if (pg_script(pg, text) != PG_OK)
        fail_msg("%s: %s", text, pg_error(pg)->message);
}

static int set_up(void **state)
{
    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] != '\0') {
        struct pg *pg = open_database(url);
        fixture_load(pg);
        pg_close(pg);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return drop_database(url);
}

/* One number of the database; the text says %d where the tenant's number goes. */
static int128 ask(int tenant, const char *format)
{
    struct pg *pg = open_database(url);
    struct pg_rows *rows = NULL;
    struct buf text = buf_make(4096);
    for (const char *at = format; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 'd')
            buf_add_int64(&text, tenant), at++;
        else
            buf_add_byte(&text, *at);
    }
    if (pg_exec_once(pg, &rows, text.at, (const struct pg_param[]){{.kind = PG_PARAM_END}}) !=
        PG_OK)
        fail_msg("%s: %s", text.at, pg_error(pg)->message);
    assert_int("rows", pg_rows_count(rows), 1);
    int128 number = pg_get_int128(rows, 0, 0);
    pg_rows_free(rows);
    buf_done(&text);
    pg_close(pg);
    return number;
}

/* A tenant of its own for a test: its number. */
static int new_tenant(const char *mode, int plan, int64_t usd)
{
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, NULL, "SELECT test_tenant($1::int, $2, $3::int)",
                             PG_INT(++tenants), PG_STRING(mode), PG_INT(plan)),
                     PG_OK);
    if (usd > 0)
        assert_int_equal(pg_exec(pg, NULL, "SELECT test_buy($1::int, $2::numeric)", PG_INT(tenants),
                                 PG_NUMERIC((int128)usd * PICO_PER_UNIT)),
                         PG_OK);
    pg_close(pg);
    return tenants;
}

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(clock_parse(text, strlen(text), &ms), 0);
    return ms;
}

enum { FREE, PRO, LATE_FREE = -1 };

/* A negative plan: late usage of plan -plan - 1. */
static void use(int tenant, int plan, const char *at, int64_t in, int64_t out, int64_t charge)
{
    struct pg *pg = open_database(url);
    bool late = plan < 0;
    if (pg_exec(pg, NULL,
                "SELECT test_use($1::int, $2::int, $3::timestamptz, $4::int8, $5::int8, $6::int8,"
                " $7::bool)",
                PG_INT(tenant), PG_INT(late ? -plan - 1 : plan), PG_TIME(time_of(at)), PG_INT(in),
                PG_INT(out), PG_INT(charge), PG_BOOL(late)) != PG_OK)
        fail_msg("%s", pg_error(pg)->message);
    pg_close(pg);
}

static struct uuid tenant_id(int tenant)
{
    struct uuid id = {.at = {0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0x05}};
    id.at[15] = (uint8_t)tenant;
    return id;
}

struct told {
    enum close_outcome outcome;
    struct uuid invoice;
    char why[512];
};

/* As the command does it, as the role that billing has. `now` NULL: a minute behind `until`. */
static struct told run_close(int tenant, const char *until, const char *now, bool skip_grace,
                             const char *behind)
{
    struct pg *pg = open_as(url, "tollgate_billing");
    struct buf why = buf_make(500);
    struct closing closing;
    struct close_order order = {.tenant = tenant_id(tenant),
                                .until_ms = until == NULL ? 0 : time_of(until),
                                .now_ms = time_of(now == NULL ? "2026-12-20T00:00:00Z" : now),
                                .grace_ms = 3 * DAY_MS,
                                .skip_grace = skip_grace};
    struct told told = {.outcome = close_begin(pg, &order, &closing, &why)};
    told.invoice = closing.invoice;
    if (told.outcome < CLOSE_BEHIND && told.outcome != CLOSE_ALREADY)
        told.outcome = close_end(pg, &closing, span_of(behind), &told.invoice, &why);
    snprintf(told.why, sizeof(told.why), "%.*s", SPAN_ARG(buf_span(&why)));
    buf_done(&why);
    assert_false(pg_in_transaction(pg) && pg_alive(pg));
    pg_close(pg);
    return told;
}

static struct told close_now(int tenant, const char *until)
{
    return run_close(tenant, until, NULL, true, NULL);
}

#define INVOICE " FROM tollgate.invoices WHERE tenant_id = test_id(5, %d)"
#define LEDGER(kind)                                                                               \
    "SELECT coalesce(sum(e.amount_pico), 0) FROM tollgate.ledger_entries e JOIN"                   \
    " tollgate.accounts a USING (account_id) WHERE a.tenant_id = test_id(5, %d)"                   \
    " AND a.kind = '" kind "'"
#define WALLET(column) "SELECT " column " FROM tollgate.wallets WHERE tenant_id = test_id(5, %d)"

static void a_prepaid_invoice_is_a_statement(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1234, 567, 7704400000);
    use(t, FREE, "2026-10-05T12:10:00Z", 1, 0, 2200000);
    use(t, FREE, "2026-10-06T12:00:00Z", 3, 1, 15400001);
    struct told told = close_now(t, "2026-10-10T00:00:00Z");
    assert_string_equal(told.why, "");
    assert_int("outcome", told.outcome, CLOSE_FINALIZED);
    assert_money("usage", ask(t, "SELECT usage_pico" INVOICE), "7722000001");
    assert_money("credits", ask(t, "SELECT credits_pico" INVOICE), "7722000001");
    assert_money("total", ask(t, "SELECT total_minor" INVOICE), "0");
    assert_money("rounding", ask(t, "SELECT rounding_pico" INVOICE), "0");
    assert_money("subtotal", ask(t, "SELECT subtotal_minor" INVOICE), "1");
    assert_money("paid", ask(t, "SELECT (status = 'paid')::int" INVOICE), "1");
    assert_money("nothing was booked", ask(t, "SELECT (txn_id IS NULL)::int" INVOICE), "1");
    assert_money("lines",
                 ask(t, "SELECT count(*) FROM tollgate.invoice_lines"
                        " WHERE tenant_id = test_id(5, %d)"),
                 "3");
    assert_money("in",
                 ask(t, "SELECT quantity FROM tollgate.invoice_lines"
                        " WHERE tenant_id = test_id(5, %d) AND meter = 'input'"),
                 "1238");
    assert_money("period", ask(t, WALLET("period_no")), "2");
    assert_money("start",
                 ask(t, WALLET("(period_start = '2026-10-10' AND period_end IS NULL)::int")), "1");
}

static void a_postpaid_invoice_becomes_receivable(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("postpaid", FREE, 0);
    use(t, FREE, "2026-10-05T12:00:00Z", 1234, 567, 7704400000);
    struct told told = close_now(t, "2026-10-10T00:00:00Z");
    assert_string_equal(told.why, "");
    assert_int("outcome", told.outcome, CLOSE_FINALIZED);
    assert_money("total", ask(t, "SELECT total_minor" INVOICE), "1");
    assert_money("rounding", ask(t, "SELECT rounding_pico" INVOICE), "2295600000");
    assert_money("receivable", ask(t, LEDGER("receivable")), "10000000000");
    assert_money("accrued", ask(t, LEDGER("accrued")), "0");
    assert_money("rounded", ask(t, LEDGER("rounding")), "-2295600000");
    assert_money("wallet", ask(t, WALLET("receivable_pico")), "10000000000");
    assert_money("wallet", ask(t, WALLET("accrued_pico")), "0");
    assert_money("status", ask(t, "SELECT (status = 'finalized')::int" INVOICE), "1");
}

static void a_month_of_pro_has_its_discount_and_the_next_fee(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("postpaid", PRO, 0);
    use(t, PRO, "2026-10-05T12:00:00Z", 500000000, 0, 1050000000000000);
    use(t, PRO, "2026-10-25T12:00:00Z", 500000000, 0, 1050000000000000);
    struct told told = close_now(t, NULL);
    assert_string_equal(told.why, "");
    assert_int("outcome", told.outcome, CLOSE_FINALIZED);
    assert_money("total", ask(t, "SELECT total_minor" INVOICE), "208899");
    assert_money("exact", ask(t, "SELECT usage_pico" INVOICE), "2088990000000000");
    assert_money("fee", ask(t, LEDGER("rev_sub")), "-9990000000000");
    assert_money("revenue", ask(t, LEDGER("rev_usage")), "-2079000000000000");
    assert_money("of the period's events", ask(t, LEDGER("rev_usage") " AND e.period_no = 1"),
                 "-2100000000000000");
    assert_money("receivable", ask(t, WALLET("receivable_pico")), "2088990000000000");
}

static void a_prepaid_fee_is_taken_from_the_balance(void **state)
{
    static const struct {
        const char *what;
        int64_t usd;
        const char *total, *credits, *left;
    } rows[] = {
        {"it suffices", 20, "0", "9990002100000", "10009997900000"},
        {"it does not", 9, "999", "2100000", "8999997900000"},
    };
    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        int t = new_tenant("prepaid", PRO, rows[i].usd);
        use(t, PRO, "2026-10-05T12:00:00Z", 1, 0, 2100000);
        assert_int(rows[i].what, close_now(t, NULL).outcome, CLOSE_FINALIZED);
        assert_money(rows[i].what, ask(t, "SELECT total_minor" INVOICE), rows[i].total);
        assert_money(rows[i].what, ask(t, "SELECT credits_pico" INVOICE), rows[i].credits);
        assert_money(rows[i].what, ask(t, WALLET("prepaid_pico")), rows[i].left);
        assert_money(rows[i].what, ask(t, LEDGER("prepaid")) + ask(t, WALLET("prepaid_pico")), "0");
        assert_money(rows[i].what, ask(t, LEDGER("rev_sub")), "-9990000000000");
    }
}

static void what_is_not_over_is_a_draft_that_is_made_anew(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1, 0, 2200000);
    struct told first = run_close(t, NULL, "2026-10-06T00:00:00Z", true, NULL);
    assert_int("draft", first.outcome, CLOSE_DRAFT);
    use(t, FREE, "2026-10-06T12:00:00Z", 1, 0, 2200000);
    struct told second = run_close(t, NULL, "2026-10-07T00:00:00Z", true, NULL);
    assert_int("draft", second.outcome, CLOSE_DRAFT);
    assert_true(uuid_equal(first.invoice, second.invoice));
    assert_money("usage", ask(t, "SELECT usage_pico" INVOICE), "4400000");
    struct told grace = run_close(t, NULL, "2026-11-03T23:00:00Z", false, NULL);
    assert_int("grace", grace.outcome, CLOSE_GRACE);
    assert_money("still open", ask(t, WALLET("period_no")), "1");
    struct told behind = run_close(t, NULL, "2026-11-03T23:00:00Z", true, "partition 3");
    assert_int("behind", behind.outcome, CLOSE_BEHIND);
    assert_string_equal(behind.why, "partition 3");
    assert_money("no number", ask(t, "SELECT (number IS NULL)::int" INVOICE), "1");
    struct told last = run_close(t, NULL, "2026-11-04T00:00:00Z", false, NULL);
    assert_int("after the grace", last.outcome, CLOSE_FINALIZED);
    assert_true(uuid_equal(first.invoice, last.invoice));
}

static void closing_again_answers_the_same_invoice(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1, 0, 2200000);
    struct told first = close_now(t, "2026-10-10T00:00:00Z");
    int128 last = ask(t, "SELECT sum(last) FROM tollgate.document_counters");
    struct told again = close_now(t, "2026-10-10T00:00:00Z");
    assert_int("again", again.outcome, CLOSE_ALREADY);
    assert_true(uuid_equal(first.invoice, again.invoice));
    assert_money("one", ask(t, "SELECT count(*)" INVOICE), "1");
    assert_true(last == ask(t, "SELECT sum(last) FROM tollgate.document_counters"));
    struct told next = close_now(t, NULL);
    assert_int("the next period", next.outcome, CLOSE_FINALIZED);
    assert_money("no usage, no lines",
                 ask(t, "SELECT count(*) FROM tollgate.invoice_lines l JOIN"
                        " tollgate.invoices i USING (invoice_id)"
                        " WHERE i.tenant_id = test_id(5, %d)"
                        " AND i.period_no = 2"),
                 "0");
}

static void a_cut_must_lie_in_the_open_period_and_behind_its_usage(void **state)
{
    static const struct {
        const char *what, *until, *why;
    } rows[] = {
        {"before the period", "2026-09-30T00:00:00Z",
         "the open period begins at 2026-10-01T00:00:00.000Z; --until must be later"},
        {"its very start", "2026-10-01T00:00:00Z",
         "the open period begins at 2026-10-01T00:00:00.000Z; --until must be later"},
        {"behind its end", "2026-11-02T00:00:00Z",
         "the open period ends at 2026-11-01T00:00:00.000Z; close it first, then go on"},
        {"before usage", "2026-10-05T12:00:00Z",
         "1 events from then on are posted in this period already, the last of "
         "2026-10-05T12:00:00.000Z; --until must be later"},
    };
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1, 0, 2200000);
    for (size_t i = 0; i < array_size(rows); i++) {
        struct told told = close_now(t, rows[i].until);
        assert_int(rows[i].what, told.outcome, CLOSE_REFUSED);
        assert_string_equal(told.why, rows[i].why);
    }
    assert_money("nothing was made", ask(t, "SELECT count(*)" INVOICE), "0");
    struct told nobody = close_now(200, NULL);
    assert_int("nobody", nobody.outcome, CLOSE_REFUSED);
    assert_string_equal(nobody.why, "there is no such tenant");
    struct told to_come = run_close(t, "2026-10-20T00:00:00Z", "2026-10-06T00:00:00Z", true, NULL);
    assert_int("a cut to come", to_come.outcome, CLOSE_DRAFT);
    assert_money("is kept for the batches", ask(t, WALLET("(period_end = '2026-10-20')::int")),
                 "1");
}

static void late_usage_has_lines_of_its_own(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    assert_int("first", close_now(t, "2026-10-10T00:00:00Z").outcome, CLOSE_FINALIZED);
    use(t, LATE_FREE, "2026-10-09T12:00:00Z", 1, 0, 2200000);
    use(t, FREE, "2026-10-11T12:00:00Z", 1, 0, 2200000);
    assert_int("second", close_now(t, "2026-10-12T00:00:00Z").outcome, CLOSE_FINALIZED);
    assert_money("late",
                 ask(t, "SELECT sum(amount_pico) FROM tollgate.invoice_lines"
                        " WHERE tenant_id = test_id(5, %d) AND kind = 'late_usage'"),
                 "2000000");
    assert_money("all", ask(t, "SELECT sum(usage_pico)" INVOICE), "4400000");
}

static void numbers_that_differ_block(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1, 0, 2200000);
    struct pg *pg = open_database(url);
    assert_int_equal(pg_exec(pg, NULL,
                             "UPDATE tollgate.usage_hourly SET charge_pico = charge_pico + 1"
                             " WHERE tenant_id = test_id(5, $1::int)",
                             PG_INT(t)),
                     PG_OK);
    struct told told = close_now(t, "2026-10-10T00:00:00Z");
    assert_int("refused", told.outcome, CLOSE_REFUSED);
    assert_string_equal(told.why,
                        "period 1 does not reconcile (usage: events 2200000, rollups 2200001 pico;"
                        " paid: charges 2200001, ledger 2200000 pico)");
    assert_money("noted",
                 ask(t, "SELECT count(*) FROM tollgate.reconcile_runs"
                        " WHERE tenant_id = test_id(5, %d) AND NOT ok"),
                 "1");
    assert_money("no invoice", ask(t, "SELECT count(*)" INVOICE), "0");
    assert_int_equal(pg_exec(pg, NULL,
                             "UPDATE tollgate.usage_hourly SET charge_pico = charge_pico - 1"
                             " WHERE tenant_id = test_id(5, $1::int)",
                             PG_INT(t)),
                     PG_OK);
    pg_close(pg);
    assert_int("mended", close_now(t, "2026-10-10T00:00:00Z").outcome, CLOSE_FINALIZED);
}

/* The number is taken last: there the connection dies. */
static void a_crash_at_the_last_step_leaves_nothing_behind(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("postpaid", PRO, 0);
    use(t, PRO, "2026-10-05T12:00:00Z", 1, 0, 2100000);
    struct pg *pg = open_database(url);
    sql(pg, "CREATE FUNCTION test_die() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1);"
            " RETURN NEW; END $$;"
            "CREATE TRIGGER dies BEFORE INSERT ON tollgate.document_counters"
            " FOR EACH ROW EXECUTE FUNCTION test_die()");
    int128 last = ask(t, "SELECT coalesce(sum(last), 0) FROM tollgate.document_counters");
    assert_int("dead", close_now(t, NULL).outcome, CLOSE_FAILED);
    sql(pg, "DROP TRIGGER dies ON tollgate.document_counters");
    pg_close(pg);
    assert_money("no invoice", ask(t, "SELECT count(*)" INVOICE), "0");
    assert_money("the same period", ask(t, WALLET("period_no")), "1");
    assert_money("not booked", ask(t, LEDGER("receivable")), "0");
    assert_int("then", close_now(t, NULL).outcome, CLOSE_FINALIZED);
    assert_true(last + 1 == ask(t, "SELECT sum(last) FROM tollgate.document_counters"));
    assert_money("once", ask(t, "SELECT count(*)" INVOICE), "1");
}

enum { CLOSERS = 6 };

struct closer {
    int tenant;
    struct told told;
};

static void *run_closer(void *context)
{
    struct closer *closer = context;
    closer->told = close_now(closer->tenant, "2026-10-10T00:00:00Z");
    return NULL;
}

static void closing_at_once_makes_one_invoice(void **state)
{
    pthread_t threads[CLOSERS];
    struct closer closers[CLOSERS];
    int made = 0;
    (void)state;
    need_database(url);
    int t = new_tenant("postpaid", PRO, 0);
    use(t, PRO, "2026-10-05T12:00:00Z", 1, 0, 2100000);
    int128 last = ask(t, "SELECT coalesce(sum(last), 0) FROM tollgate.document_counters");
    for (int i = 0; i < CLOSERS; i++) {
        closers[i].tenant = t;
        assert_int_equal(pthread_create(&threads[i], NULL, run_closer, &closers[i]), 0);
    }
    for (int i = 0; i < CLOSERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < CLOSERS; i++) {
        made += closers[i].told.outcome == CLOSE_FINALIZED;
        in_row(closers[i].told.why, closers[i].told.outcome == CLOSE_FINALIZED ||
                                        closers[i].told.outcome == CLOSE_ALREADY);
        assert_true(uuid_equal(closers[i].told.invoice, closers[0].told.invoice));
    }
    assert_int("one of them made it", made, 1);
    assert_money("one", ask(t, "SELECT count(*)" INVOICE), "1");
    assert_true(last + 1 == ask(t, "SELECT sum(last) FROM tollgate.document_counters"));
    assert_money("period", ask(t, WALLET("period_no")), "2");
}

static void an_invoice_reads_as_json_csv_and_text(void **state)
{
    (void)state;
    need_database(url);
    int t = new_tenant("prepaid", FREE, 10);
    use(t, FREE, "2026-10-05T12:00:00Z", 1234, 567, 7704400000);
    struct told told = close_now(t, "2026-10-10T00:00:00Z");
    struct pg *pg = open_as(url, "tollgate_billing");
    struct buf out = buf_make(1 << 20);
    assert_int("json", render_invoice(pg, told.invoice, RENDER_JSON, &out), 0);
    assert_non_null(strstr(out.at, "\"credits_pico\":\"7704400000\""));
    assert_non_null(strstr(out.at, "\"quantity\":\"1234\",\"unit_price\":\"0.000002\""));
    assert_non_null(strstr(out.at, "\"amount_exact\":\"0.002468\",\"amount_pico\":\"2468000000\""));
    assert_non_null(strstr(out.at, "\"start\":\"2026-10-01T00:00:00.000Z\""));
    assert_non_null(strstr(out.at, "\"total\":\"0.00\""));
    buf_clear(&out);
    assert_int("csv", render_invoice(pg, told.invoice, RENDER_CSV, &out), 0);
    assert_non_null(strstr(out.at, ",usage,acme/one: input,acme/one,key_"));
    assert_non_null(strstr(out.at, ",\"'=key, \"\""));
    assert_non_null(strstr(out.at, ",markup,Free: markup of 10 %,,,,,,,,,0.0007004,0.00,USD\r\n"));
    buf_clear(&out);
    assert_int("text", render_invoice(pg, told.invoice, RENDER_TEXT, &out), 0);
    assert_non_null(strstr(out.at, "acme/one: output"));
    buf_clear(&out);
    assert_int("none", render_invoice(pg, tenant_id(t), RENDER_TEXT, &out), -ENOENT);
    buf_done(&out);
    pg_close(pg);
}

static void formulas_are_disarmed_in_csv(void **state)
{
    static const struct {
        const char *what, *text, *field;
    } rows[] = {
        {"plain", "acme/one: input", "acme/one: input"},
        {"empty", "", ""},
        {"a formula", "=1+1", "\"'=1+1\""},
        {"plus", "+1", "\"'+1\""},
        {"minus", "-1", "\"'-1\""},
        {"at", "@SUM(A1)", "\"'@SUM(A1)\""},
        {"tab", "\t=1", "\"'\t=1\""},
        {"comma and quote", "a,\"b\"", "\"a,\"\"b\"\"\""},
        {"line", "a\nb", "\"a\nb\""},
    };
    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct buf out = buf_make(100);
        render_csv_field(&out, span_of(rows[i].text));
        assert_span(rows[i].what, buf_span(&out), rows[i].field);
        buf_done(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prepaid_invoice_is_a_statement),
        cmocka_unit_test(a_postpaid_invoice_becomes_receivable),
        cmocka_unit_test(a_month_of_pro_has_its_discount_and_the_next_fee),
        cmocka_unit_test(a_prepaid_fee_is_taken_from_the_balance),
        cmocka_unit_test(what_is_not_over_is_a_draft_that_is_made_anew),
        cmocka_unit_test(closing_again_answers_the_same_invoice),
        cmocka_unit_test(a_cut_must_lie_in_the_open_period_and_behind_its_usage),
        cmocka_unit_test(late_usage_has_lines_of_its_own),
        cmocka_unit_test(numbers_that_differ_block),
        cmocka_unit_test(a_crash_at_the_last_step_leaves_nothing_behind),
        cmocka_unit_test(closing_at_once_makes_one_invoice),
        cmocka_unit_test(an_invoice_reads_as_json_csv_and_text),
        cmocka_unit_test(formulas_are_disarmed_in_csv),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
