#include "tests/support/testing.h"

#include "gateway/probe/probe.h"

#define GOOD .callable = true, .interval_ms = 60000, .cap_pico = 100, .now_ms = 600000

static void a_probe_is_made_only_where_nothing_else_tells(void **state)
{
    static const struct {
        const char *what;
        struct probe_facts facts;
        enum probe_say says;
    } rows[] = {
        {"nothing was ever sent", {GOOD}, PROBE_NOW},
        {"no interval", {.callable = true, .cap_pico = 100, .now_ms = 600000}, PROBE_OFF},
        {"it cannot be called",
         {.interval_ms = 60000, .cap_pico = 100, .now_ms = 600000},
         PROBE_OFF},
        {"it is drained", {GOOD, .draining = true}, PROBE_OFF},
        {"a millisecond before its time", {GOOD, .due_ms = 600001}, PROBE_EARLY},
        {"at its time", {GOOD, .due_ms = 600000}, PROBE_NOW},
        {"clients used it within the interval", {GOOD, .sent_ms = 540001}, PROBE_TRAFFIC},
        {"an interval ago", {GOOD, .sent_ms = 540000}, PROBE_NOW},
        {"out of service, whatever clients sent",
         {GOOD, .sent_ms = 599999, .out = true},
         PROBE_NOW},
        {"its breaker is open", {GOOD, .sent_ms = 599999, .breaker = BREAKER_OPEN}, PROBE_EARLY},
        {"half open: instead of a client",
         {GOOD, .sent_ms = 599999, .breaker = BREAKER_HALF_OPEN},
         PROBE_NOW},
        {"half open, but not yet",
         {GOOD, .due_ms = 600001, .breaker = BREAKER_HALF_OPEN},
         PROBE_EARLY},
        {"all of its money is spent", {GOOD, .spent_pico = 100}, PROBE_CAPPED},
        {"almost", {GOOD, .spent_pico = 99}, PROBE_NOW},
        {"no money at all",
         {.callable = true, .interval_ms = 60000, .now_ms = 600000},
         PROBE_CAPPED},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, probe_decide(&rows[i].facts), rows[i].says);
}

static void waits_differ_by_a_tenth(void **state)
{
    int64_t least = INT64_MAX, most = 0, first_most = 0;

    (void)state;
    for (uint64_t random = 0; random < 200000; random++) {
        int64_t wait_ms = probe_wait_ms(60000, random), first_ms = probe_first_ms(60000, random);

        least = wait_ms < least ? wait_ms : least;
        most = wait_ms > most ? wait_ms : most;
        first_most = first_ms > first_most ? first_ms : first_most;
        assert_true(first_ms >= 0);
    }
    assert_int("least", least, 54000);
    assert_int("most", most, 66000);
    assert_int("the first one", first_most, 59999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_probe_is_made_only_where_nothing_else_tells),
        cmocka_unit_test(waits_differ_by_a_tenth),
    };

    return run_test_table(tests);
}
