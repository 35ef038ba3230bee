#include "tests/support/testing.h"

#include "gateway/route/verdict.h"

static void every_end_has_its_verdict(void **state)
{
    static const struct {
        const char *what;
        struct verdict_in in;
        enum verdict verdict;
        bool outage, cooldown;
    } rows[] = {
        {"no connection", {.fault = FAULT_CONNECT, .code = ""}, VERDICT_NEXT, true, false},
        {"reset", {.fault = FAULT_RESET, .code = ""}, VERDICT_NEXT, true, false},
        {"stale", {.fault = FAULT_STALE, .code = ""}, VERDICT_NEXT, false, false},
        {"first token",
         {.fault = FAULT_FIRST_TOKEN, .code = "", .stream = true},
         VERDICT_NEXT,
         true,
         false},
        {"nonsense",
         {.fault = FAULT_NONSENSE, .status = 200, .code = ""},
         VERDICT_NEXT,
         true,
         false},
        {"total of a stream",
         {.fault = FAULT_TOTAL, .code = "", .stream = true},
         VERDICT_NEXT,
         true,
         false},
        {"total of a whole answer: two would be paid",
         {.fault = FAULT_TOTAL, .code = ""},
         VERDICT_GIVE_UP,
         true,
         false},
        {"408", {.fault = FAULT_STATUS, .status = 408, .code = ""}, VERDICT_NEXT, false, false},
        {"409", {.fault = FAULT_STATUS, .status = 409, .code = ""}, VERDICT_NEXT, false, false},
        {"429", {.fault = FAULT_STATUS, .status = 429, .code = ""}, VERDICT_NEXT, true, false},
        {"429 for good",
         {.fault = FAULT_STATUS, .status = 429, .code = "insufficient_quota"},
         VERDICT_NEXT,
         false,
         true},
        {"500", {.fault = FAULT_STATUS, .status = 500, .code = ""}, VERDICT_NEXT, true, false},
        {"529", {.fault = FAULT_STATUS, .status = 529, .code = ""}, VERDICT_NEXT, true, false},
        {"401", {.fault = FAULT_STATUS, .status = 401, .code = ""}, VERDICT_NEXT, false, true},
        {"402", {.fault = FAULT_STATUS, .status = 402, .code = ""}, VERDICT_NEXT, false, true},
        {"403", {.fault = FAULT_STATUS, .status = 403, .code = ""}, VERDICT_NEXT, false, true},
        {"404", {.fault = FAULT_STATUS, .status = 404, .code = ""}, VERDICT_NEXT, false, true},
        {"404 of a path that not all have",
         {.fault = FAULT_STATUS, .status = 404, .code = "", .path_unsure = true},
         VERDICT_NEXT,
         false,
         false},
        {"400", {.fault = FAULT_STATUS, .status = 400, .code = ""}, VERDICT_PASS_ON, false, false},
        {"400 about our name for it",
         {.fault = FAULT_STATUS, .status = 400, .code = "model_not_found"},
         VERDICT_NEXT,
         false,
         true},
        {"413", {.fault = FAULT_STATUS, .status = 413, .code = ""}, VERDICT_PASS_ON, false, false},
        {"422", {.fault = FAULT_STATUS, .status = 422, .code = ""}, VERDICT_PASS_ON, false, false},
        {"418", {.fault = FAULT_STATUS, .status = 418, .code = ""}, VERDICT_PASS_ON, false, false},
        {"a redirect",
         {.fault = FAULT_STATUS, .status = 307, .code = ""},
         VERDICT_NEXT,
         true,
         false},
        {"an error in a stream", {.fault = FAULT_STREAM, .code = ""}, VERDICT_NEXT, true, false},
        {"a 400 in a stream",
         {.fault = FAULT_STREAM, .status = 400, .code = ""},
         VERDICT_PASS_ON,
         false,
         false},
        {"the client's own time is over",
         {.fault = FAULT_DEADLINE, .code = ""},
         VERDICT_GIVE_UP,
         false,
         false},
        {"the client's own time for the first token",
         {.fault = FAULT_FIRST_TOKEN, .code = "", .stream = true, .hurried = true},
         VERDICT_NEXT,
         false,
         false},
        {"mocked", {.fault = FAULT_MOCKED, .code = ""}, VERDICT_NEXT, false, false},
        {"anything behind content",
         {.fault = FAULT_RESET, .code = "", .stream = true, .content = true},
         VERDICT_GIVE_UP,
         true,
         false},
        {"a 400 behind content",
         {.fault = FAULT_STREAM, .status = 400, .code = "", .content = true},
         VERDICT_GIVE_UP,
         false,
         false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct verdict_out out = verdict_of(&rows[i].in);
        assert_int(rows[i].what, out.verdict, rows[i].verdict);
        assert_int(rows[i].what, out.outage_ms > 0, rows[i].outage);
        assert_int(rows[i].what, out.cooldown_ms > 0, rows[i].cooldown);
    }
}

static void retry_after_is_believed_up_to_ten_minutes(void **state)
{
    static const struct {
        int64_t asked_ms, outage_ms;
    } rows[] = {{0, 30000}, {1000, 30000}, {45000, 45000}, {600000, 600000}, {9999999, 600000}};

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct verdict_in in = {
            .fault = FAULT_STATUS, .status = 429, .code = "", .retry_after_ms = rows[i].asked_ms};
        assert_int_equal(verdict_of(&in).outage_ms, rows[i].outage_ms);
    }
}

static void a_refused_or_limited_credential_is_to_blame_alone(void **state)
{
    static const struct {
        const char *what;
        struct verdict_in in;
        enum verdict_blame blame;
    } rows[] = {
        {"401", {.fault = FAULT_STATUS, .status = 401, .code = ""}, BLAME_CREDENTIAL},
        {"402", {.fault = FAULT_STATUS, .status = 402, .code = ""}, BLAME_CREDENTIAL},
        {"403: may be about the model",
         {.fault = FAULT_STATUS, .status = 403, .code = ""},
         BLAME_CREDENTIAL_HERE},
        {"429", {.fault = FAULT_STATUS, .status = 429, .code = ""}, BLAME_CREDENTIAL_HERE},
        {"429 in a stream",
         {.fault = FAULT_STREAM, .status = 429, .code = ""},
         BLAME_CREDENTIAL_HERE},
        {"429 for good",
         {.fault = FAULT_STATUS, .status = 429, .code = "insufficient_quota"},
         BLAME_CREDENTIAL},
        {"400 about the key",
         {.fault = FAULT_STATUS, .status = 400, .code = "invalid_api_key"},
         BLAME_CREDENTIAL},
        {"404", {.fault = FAULT_STATUS, .status = 404, .code = ""}, BLAME_DEPLOYMENT},
        {"500", {.fault = FAULT_STATUS, .status = 500, .code = ""}, BLAME_DEPLOYMENT},
        {"no connection", {.fault = FAULT_CONNECT, .code = ""}, BLAME_DEPLOYMENT},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++)
        assert_int(rows[i].what, verdict_of(&rows[i].in).blame, rows[i].blame);
}

static void what_was_asked_may_be_taken_by_others_of_its_kind(void **state)
{
    static const struct {
        const char *what;
        struct verdict_in in;
        enum verdict verdict;
        enum preset_fall fall;
    } rows[] = {
        {"a prompt that is too long",
         {.fault = FAULT_STATUS, .status = 400, .code = "", .about = FALL_CONTEXT},
         VERDICT_PASS_ON,
         FALL_CONTEXT},
        {"likewise, as 413",
         {.fault = FAULT_STATUS, .status = 413, .code = "", .about = FALL_CONTEXT},
         VERDICT_PASS_ON,
         FALL_CONTEXT},
        {"likewise, in a stream without a status",
         {.fault = FAULT_STREAM, .code = "", .about = FALL_CONTEXT},
         VERDICT_PASS_ON,
         FALL_CONTEXT},
        {"a content that is refused",
         {.fault = FAULT_STATUS, .status = 400, .code = "", .about = FALL_POLICY},
         VERDICT_PASS_ON,
         FALL_POLICY},
        {"403 for it is no refused credential",
         {.fault = FAULT_STATUS, .status = 403, .code = "", .about = FALL_POLICY},
         VERDICT_PASS_ON,
         FALL_POLICY},
        {"403 for a long prompt is one",
         {.fault = FAULT_STATUS, .status = 403, .code = "", .about = FALL_CONTEXT},
         VERDICT_NEXT,
         FALL_ERROR},
        {"words in a 500 are not looked at",
         {.fault = FAULT_STATUS, .status = 500, .code = "", .about = FALL_CONTEXT},
         VERDICT_NEXT,
         FALL_ERROR},
        {"an answer of nothing",
         {.fault = FAULT_BLOCKED, .code = ""},
         VERDICT_PASS_ON,
         FALL_POLICY},
        {"another 400",
         {.fault = FAULT_STATUS, .status = 400, .code = ""},
         VERDICT_PASS_ON,
         FALL_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct verdict_out out = verdict_of(&rows[i].in);

        assert_int(rows[i].what, out.verdict, rows[i].verdict);
        assert_int(rows[i].what, out.fall, rows[i].fall);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_has_its_verdict),
        cmocka_unit_test(a_refused_or_limited_credential_is_to_blame_alone),
        cmocka_unit_test(what_was_asked_may_be_taken_by_others_of_its_kind),
        cmocka_unit_test(retry_after_is_believed_up_to_ten_minutes),
    };

    return run_test_table(tests);
}
