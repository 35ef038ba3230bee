/* Attempts as a person reads them; what cannot be read is left out and breaks nothing. */
#include "tenants/api/attempts.h"

#include "tests/support/testing.h"

static void each_attempt_tells_where_it_went_and_why_it_failed(void **state)
{
    (void)state;
    static const struct {
        const char *what, *json, *provider, *reason;
        int64_t status, started_ms, ms;
        bool delivered;
    } rows[] = {
        {"delivered",
         "[{\"provider\":\"p\",\"status\":200,\"reason\":\"ok\",\"ms\":12,\"started_ms\":3,"
         "\"delivered\":true}]",
         "p", "", 200, 3, 12, true},
        {"without a start", "[{\"provider\":\"p\",\"status\":0,\"reason\":\"connect\",\"ms\":0}]",
         "p", "could not connect", 0, -1, 0, false},
        {"a status", "[{\"status\":429,\"reason\":\"status\",\"ms\":5}]", "",
         "limits our rate (429)", 429, -1, 5, false},
        {"a status that says nothing", "[{\"status\":418,\"reason\":\"status\",\"ms\":5}]", "",
         "answered (418)", 418, -1, 5, false},
        {"a word of a later version", "[{\"reason\":\"tired\"}]", "", "tired", 0, -1, -1, false},
        {"nothing told", "[{}]", "", "", 0, -1, -1, false},
        {"what is no object is left out", "[1, null, {\"reason\":\"reset\"}]", "",
         "the connection was reset", 0, -1, -1, false},
        {"odd kinds", "[{\"status\":\"x\",\"ms\":[],\"provider\":7,\"deployment\":\"dep_x\"}]", "",
         "", 0, -1, -1, false},
    };
    struct arena *arena = arena_new(4096, 65536);
    struct attempt attempts[ATTEMPTS_MAX];
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int(rows[i].what, attempts_read(span_of(rows[i].json), arena, attempts), 1);
        assert_span(rows[i].what, attempts[0].provider, rows[i].provider);
        assert_span(rows[i].what, span_of(attempts[0].reason), rows[i].reason);
        assert_int(rows[i].what, attempts[0].status, rows[i].status);
        assert_int(rows[i].what, attempts[0].started_ms, rows[i].started_ms);
        assert_int(rows[i].what, attempts[0].ms, rows[i].ms);
        assert_int(rows[i].what, attempts[0].delivered, rows[i].delivered);
        in_row(rows[i].what, uuid_is_zero(attempts[0].deployment));
    }
    arena_free(arena);
}

static void nothing_and_nonsense_are_no_attempts(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "null", "{}", "[", "[]", "7", "\"x\""};
    struct arena *arena = arena_new(4096, 65536);
    struct attempt attempts[ATTEMPTS_MAX];
    for (size_t i = 0; i < array_size(texts); i++)
        assert_int(texts[i], attempts_read(span_of(texts[i]), arena, attempts), 0);
    static const char many[] = "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]";
    assert_int("no more than there is room for", attempts_read(span_of(many), arena, attempts),
               ATTEMPTS_MAX);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attempt_tells_where_it_went_and_why_it_failed),
        cmocka_unit_test(nothing_and_nonsense_are_no_attempts),
    };
    return run_test_table(tests);
}
