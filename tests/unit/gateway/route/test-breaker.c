#include "tests/support/testing.h"

#include "gateway/route/breaker.h"

static void it_opens_and_closes_by_these_steps(void **state)
{
    enum what { FAILED, SERVED, NEITHER, PROBE, LOOK };
    static const struct {
        const char *what;
        enum what does;
        int64_t now_ms;
        uint32_t failed, all;
        int wanted;      /* FAILED, PROBE: whether; else the state behind it */
        int64_t took_ms; /* SERVED: since it was sent */
    } steps[] = {
        {"never used", LOOK, 1000, 0, 0, BREAKER_CLOSED, 0},
        {"nothing to probe", PROBE, 1000, 0, 0, false, 0},
        {"nine of nine are too few", FAILED, 1000, 9, 9, false, 0},
        {"half of them is not more than half", FAILED, 1000, 5, 10, false, 0},
        {"six of ten", FAILED, 1000, 6, 10, true, 0},
        {"open for 5 s", LOOK, 5999, 0, 0, BREAKER_OPEN, 0},
        {"what fails meanwhile says nothing new", FAILED, 5000, 9, 10, false, 0},
        {"what was under way and serves closes nothing", SERVED, 5000, 0, 0, BREAKER_OPEN, 4001},
        {"nobody probes yet", PROBE, 5999, 0, 0, false, 0},
        {"half open", LOOK, 6000, 0, 0, BREAKER_HALF_OPEN, 0},
        {"one probe", PROBE, 6000, 0, 0, true, 0},
        {"and no other", PROBE, 6000, 0, 0, false, 0},
        {"open while it is under way", LOOK, 6001, 0, 0, BREAKER_OPEN, 0},
        {"nor does what was sent before it", SERVED, 6001, 0, 0, BREAKER_OPEN, 2},
        {"it said nothing", NEITHER, 6002, 0, 0, BREAKER_HALF_OPEN, 0},
        {"another probe", PROBE, 6003, 0, 0, true, 0},
        {"it failed, whatever the counts", FAILED, 7000, 1, 1, true, 0},
        {"open for 10 s", LOOK, 16999, 0, 0, BREAKER_OPEN, 0},
        {"half open again", PROBE, 17000, 0, 0, true, 0},
        {"a probe that never ends is given up", LOOK, 77000, 0, 0, BREAKER_HALF_OPEN, 0},
        {"a new one", PROBE, 77000, 0, 0, true, 0},
        {"served", SERVED, 78000, 0, 0, BREAKER_CLOSED, 1000},
        {"once more within a minute of it", FAILED, 80000, 6, 10, true, 0},
        {"open for 20 s", LOOK, 99999, 0, 0, BREAKER_OPEN, 0},
        {"one that was not asked to serve did", SERVED, 100000, 0, 0, BREAKER_CLOSED, 0},
        {"once more, long after", FAILED, 160000, 6, 10, true, 0},
        {"open for 5 s again", LOOK, 165000, 0, 0, BREAKER_HALF_OPEN, 0},
        {"10 s", FAILED, 165000, 1, 1, true, 0},
        {"20 s", FAILED, 175000, 1, 1, true, 0},
        {"40 s", FAILED, 195000, 1, 1, true, 0},
        {"60 s", FAILED, 235000, 1, 1, true, 0},
        {"60 s is the most", FAILED, 295000, 1, 1, true, 0},
        {"so it is", LOOK, 354999, 0, 0, BREAKER_OPEN, 0},
        {"and no more", LOOK, 355000, 0, 0, BREAKER_HALF_OPEN, 0},
    };
    struct breaker breaker = {0};

    (void)state;
    for (size_t i = 0; i < array_size(steps); i++) {
        int64_t now_ms = steps[i].now_ms;
        int got = -1;

        switch (steps[i].does) {
        case FAILED:
            got = breaker_failed(&breaker, steps[i].failed, steps[i].all, now_ms);
            break;
        case PROBE:
            got = breaker_probe(&breaker, now_ms);
            break;
        case SERVED:
            breaker_served(&breaker, now_ms - steps[i].took_ms, now_ms);
            break;
        case NEITHER:
            breaker_neither(&breaker, now_ms);
            break;
        case LOOK:
            break;
        }
        assert_int(steps[i].what, got >= 0 ? got : (int)breaker_state(&breaker, now_ms),
                   steps[i].wanted);
    }
}

static void silence_opens_it_unless_it_is_old(void **state)
{
    static const struct {
        const char *what;
        int64_t now_ms, begun_ms;
        bool opens, probe;
        enum breaker_state state;
    } steps[] = {
        {"many are silent", 10000, 8000, true, false, BREAKER_OPEN},
        {"another of them says nothing new", 10001, 8001, false, false, BREAKER_OPEN},
        {"nor while it is half open", 15000, 8000, false, false, BREAKER_HALF_OPEN},
        {"a probe is sent; an old one is still silent", 16000, 15999, false, true, BREAKER_OPEN},
        {"the probe is silent: 10 s", 19000, 16000, true, false, BREAKER_OPEN},
        {"so it is", 28999, 0, false, false, BREAKER_OPEN},
        {"half open", 29000, 0, false, false, BREAKER_HALF_OPEN},
    };
    struct breaker breaker = {0};

    (void)state;
    for (size_t i = 0; i < array_size(steps); i++) {
        if (steps[i].probe)
            assert_int(steps[i].what, breaker_probe(&breaker, steps[i].now_ms), true);
        assert_int(steps[i].what, breaker_silent(&breaker, steps[i].begun_ms, steps[i].now_ms),
                   steps[i].opens);
        assert_int(steps[i].what, breaker_state(&breaker, steps[i].now_ms), steps[i].state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_and_closes_by_these_steps),
        cmocka_unit_test(silence_opens_it_unless_it_is_old),
    };

    return run_test_table(tests);
}
