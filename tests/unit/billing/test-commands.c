/*
 * Tests of the commands for people: close, show-event, show-ledger, show-invoice, run as programs,
 * and of what close waits for.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "billing/behind.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/billing/invoice/fixture.h"

static char url[TEST_URL_SIZE];
static char url_file[] = "/tmp/tollgate-test-url-XXXXXX";

enum { TENANT = 1 };
#define TENANT_ID "01900000-0000-7000-8005-000000000001"

static void sql(const char *text)
{
    struct pg *pg = open_database(url);
    if (pg_script(pg, text) != PG_OK)
        fail_msg("%s: %s", text, pg_error(pg)->message);
    pg_close(pg);
}

static int set_up(void **state)
{
    char theirs[TEST_URL_SIZE];
    (void)state;
    if (make_schema(url) != 0)
        return -1;
    if (url[0] == '\0')
        return 0;
    struct pg *pg = open_database(url);
    fixture_load(pg);
    pg_close(pg);
    sql("SELECT test_tenant(1, 'prepaid', 0); SELECT test_buy(1, 10000000000000);"
        "UPDATE tollgate.wallets SET period_start = now() - interval '1 hour',"
        " period_end = now() + interval '1 day';"
        "SELECT test_use(1, 0, now() - interval '1 minute', 1234, 567, 7704400000, false)");
    url_for(url, "tollgate_billing", theirs);
    int fd = mkstemp(url_file);
    if (fd < 0 || file_write_all(fd, theirs, strlen(theirs)) < 0 || close(fd) < 0)
        return -1;
    return chmod(url_file, 0600);
}

static int tear_down(void **state)
{
    (void)state;
    unlink(url_file);
    return drop_database(url);
}

/* What the program prints to both outputs; its exit status. */
static int run(const char *words, struct buf *out)
{
    char self[512] = "", command[2048], part[4096];
    size_t size;
    FILE *pipe;
    assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    snprintf(command, sizeof(command), "'%s/tollgate-billing' %s --database-url-file '%s' 2>&1",
             dirname(self), words, url_file);
    buf_clear(out);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((size = fread(part, 1, sizeof(part), pipe)) > 0)
        assert_int_equal(buf_add(out, part, size), 0);
    buf_add_byte(out, '\0');
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void assert_has(const struct buf *out, const char *wanted)
{
    if (strstr(out->at, wanted) == NULL)
        fail_msg("\"%s\" is not in:\n%s", wanted, out->at);
}

static void get_event(char text_out[UUID_TEXT_SIZE])
{
    struct pg *pg = open_database(url);
    struct pg_rows *rows = NULL;
    assert_int_equal(pg_exec(pg, &rows, "SELECT event_id FROM tollgate.usage_events LIMIT 1"),
                     PG_OK);
    uuid_format(pg_get_uuid(rows, 0, 0), text_out);
    pg_rows_free(rows);
    pg_close(pg);
}

static void an_event_is_shown_with_its_prices_and_postings(void **state)
{
    struct buf out cleanup(buf_done) = buf_make(1 << 20);
    char words[256], event[UUID_TEXT_SIZE];
    (void)state;
    need_database(url);
    get_event(event);
    snprintf(words, sizeof(words), "show-event %s", event);
    assert_int("json", run(words, &out), 0);
    assert_has(&out, "{\"id\":\"gen_");
    assert_has(&out, "\"charge_pico\": 7704400000");
    assert_has(&out, "{\"meter\":\"output\",\"priced_as\":\"output\",\"quantity\":567,"
                     "\"pico_per_unit\":8000000,\"amount_pico\":4536000000,"
                     "\"amount\":\"0.004536\"}");
    assert_has(&out, "\"account\": \"prepaid\"");
    snprintf(words, sizeof(words), "show-event %s --format text", event);
    assert_int("text", run(words, &out), 0);
    assert_has(&out, "0.002468  = 1234 x 0.000002\n");
    assert_has(&out, "  markup                          0.0007004  (700400000 pico)\n");
    assert_has(&out, "Not on an invoice yet");
    assert_int("none", run("show-event 01900000-0000-7000-8005-000000000001", &out), 1);
    assert_has(&out, "no such event is posted");
    assert_int("no id", run("show-event gen_x", &out), 2);
}

static void a_ledger_is_shown(void **state)
{
    struct buf out cleanup(buf_done) = buf_make(1 << 20);
    (void)state;
    need_database(url);
    assert_int("json", run("show-ledger " TENANT_ID, &out), 0);
    assert_has(&out, "\"account\": \"rev_usage\"");
    assert_has(&out, "\"balance_pico\": -7704400000");
    assert_int("text", run("show-ledger " TENANT_ID " --format text", &out), 0);
    assert_has(&out, "  prepaid                             9.9922956\n");
    assert_has(&out, "Leases open: 0");
    assert_int("none", run("show-ledger 01900000-0000-7000-8005-0000000000ff", &out), 1);
    assert_has(&out, "there is no such tenant");
}

static void a_period_is_closed_and_its_invoice_shown(void **state)
{
    struct buf out cleanup(buf_done) = buf_make(1 << 20);
    char words[256], event[UUID_TEXT_SIZE], number[64];
    (void)state;
    need_database(url);
    assert_int("draft", run("close --tenant " TENANT_ID, &out), 0);
    assert_has(&out, "this is a draft");
    assert_has(&out, "\"status\":\"draft\"");
    char until[CLOCK_TEXT_SIZE];
    clock_format(clock_wall_ms(), until);
    snprintf(words, sizeof(words), "close --tenant " TENANT_ID " --now --until %s --json", until);
    assert_int("final", run(words, &out), 0);
    assert_has(&out, "\"status\":\"paid\"");
    assert_has(&out, "\"credits_pico\":\"7704400000\"");
    assert_int("again", run(words, &out), 0);
    assert_has(&out, "-000001\"");
    clock_format(clock_wall_ms(), until);
    snprintf(number, sizeof(number), "default-%.4s-000001", until);
    snprintf(words, sizeof(words), "show-invoice %s --format csv", number);
    assert_int("csv by its number", run(words, &out), 0);
    assert_has(&out, ",usage,acme/one: input,acme/one,");
    get_event(event);
    snprintf(words, sizeof(words), "show-event %s --format text", event);
    assert_int("event", run(words, &out), 0);
    assert_has(&out, "in which it is part of\n  line 1: acme/one: input, in all 0.002468\n");
    assert_int("no such invoice", run("show-invoice nothing", &out), 1);
    assert_has(&out, "\"nothing\" is no invoice");
}

static void close_says_what_it_lacks(void **state)
{
    static const struct {
        const char *what, *words, *said;
        int status;
    } rows[] = {
        {"a tenant", "close", "close needs --tenant", 2},
        {"a real one", "close --tenant ten_x", "\"ten_x\" is not an id of that kind", 2},
        {"a time", "close --tenant " TENANT_ID " --until tomorrow", "--until takes a time", 2},
        {"nothing else", "close now --tenant " TENANT_ID, "close takes no argument", 1},
        {"somebody", "close --tenant 01900000-0000-7000-8005-0000000000ff",
         "there is no such tenant", 1},
    };
    struct buf out cleanup(buf_done) = buf_make(1 << 20);
    (void)state;
    need_database(url);
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, run(rows[i].words, &out), rows[i].status);
        assert_has(&out, rows[i].said);
    }
}

static void sources_must_have_been_seen_at_their_end(void **state)
{
#define SOURCE(columns, values)                                                                    \
    "DELETE FROM tollgate.sources; INSERT INTO tollgate.sources (kind, identity" columns           \
    ") VALUES ('journal', 'journal:x'" values ")"
    static const struct {
        const char *what, *sql, *behind; /* at 2026-11-01T00:00:00Z */
    } rows[] = {
        {"no source at all", "DELETE FROM tollgate.sources", ""},
        {"never measured", SOURCE("", ""), "journal:x is active, last seen by billing never"},
        {"an event from later", SOURCE(", last_event_at", ", '2026-11-01T00:00:00Z'"), ""},
        {"an event from before", SOURCE(", last_event_at", ", '2026-10-31T23:59:59Z'"),
         "journal:x is active, last seen by billing never"},
        {"at its end, later", SOURCE(", behind, measured_at", ", 0, '2026-11-01T00:00:01Z'"), ""},
        {"at its end, but before", SOURCE(", behind, measured_at", ", 0, '2026-10-31T23:59:59Z'"),
         "journal:x is active and 0 behind, last seen by billing at 2026-10-31T23:59:59.000Z"},
        {"behind", SOURCE(", behind, measured_at", ", 7, '2026-11-01T00:00:01Z'"),
         "journal:x is active and 7 behind, last seen by billing at 2026-11-01T00:00:01.000Z"},
        {"stopped", SOURCE(", state, alarm", ", 'stopped', 'a gap'"),
         "journal:x is stopped: a gap, last seen by billing never"},
        {"drained", SOURCE(", state", ", 'drained'"), ""},
        {"a journal that was deleted",
         SOURCE(", behind, measured_at",
                ", 0, '2026-10-31T00:00:00Z'), ('journal', 'journal:y', 0, "
                "'2026-11-01T00:00:00Z'"),
         ""},
    };
    struct buf what cleanup(buf_done) = buf_make(1000);
    int64_t until_ms = 0;
    struct uuid tenant;
    (void)state;
    need_database(url);
    assert_int_equal(clock_parse("2026-11-01T00:00:00Z", 20, &until_ms), 0);
    assert_int_equal(uuid_parse(span_of(TENANT_ID), &tenant), 0);
    struct pg *pg = open_as(url, "tollgate_billing");
    for (size_t i = 0; i < array_size(rows); i++) {
        sql(rows[i].sql);
        int r = behind_wait_stored(pg, tenant, until_ms, 0, &what);
        assert_int(rows[i].what, r, rows[i].behind[0] == '\0' ? 0 : -EAGAIN);
        assert_span(rows[i].what, buf_span(&what), rows[i].behind);
    }
    sql("DELETE FROM tollgate.sources;"
        "INSERT INTO tollgate.gateways (gateway_id, host, version, seen_at) VALUES"
        " (test_id(8, 0), 'h', 'v', '2026-10-31T00:00:00Z');"
        "INSERT INTO tollgate.leases (lease_id, tenant_id, scope, scope_id, gateway_id,"
        " granted_pico, opened_at, expires_at) VALUES (test_id(9, 0), test_id(5, 1), 'balance',"
        " test_id(5, 1), test_id(8, 0), 5, '2026-10-30T00:00:00Z', '2026-10-31T00:00:00Z')");
    assert_int("away", behind_wait_stored(pg, tenant, until_ms, 0, &what), -EAGAIN);
    assert_non_null(strstr(what.at, "was last heard of at 2026-10-31T00:00:00.000Z"));
    sql("UPDATE tollgate.leases SET state = 'closing', closed_count = 3, closed_pico = 1");
    assert_int("closing", behind_wait_stored(pg, tenant, until_ms, 0, &what), -EAGAIN);
    assert_non_null(strstr(what.at, "3 events of lse_"));
    sql("UPDATE tollgate.leases SET posted_count = 3");
    assert_int("posted", behind_wait_stored(pg, tenant, until_ms, 0, &what), 0);
    sql("DELETE FROM tollgate.leases; DELETE FROM tollgate.gateways");
    pg_close(pg);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_shown_with_its_prices_and_postings),
        cmocka_unit_test(a_ledger_is_shown),
        cmocka_unit_test(a_period_is_closed_and_its_invoice_shown),
        cmocka_unit_test(close_says_what_it_lacks),
        cmocka_unit_test(sources_must_have_been_seen_at_their_end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
