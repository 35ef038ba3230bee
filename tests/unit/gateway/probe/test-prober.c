/* prober: against the scripted upstream, with a clock that the test moves. */
#include "tests/support/testing.h"

#include "gateway/probe/prober.h"
#include "gateway/route/board_live.h"
#include "gateway/upstream/script.h"

#define START_MS INT64_C(7200000)
#define WALL_MS INT64_C(1800000000000)
#define INTERVAL_MS INT64_C(60000)
#define JSON "application/json"
#define ANSWER                                                                                     \
    "{\"id\":\"x\",\"object\":\"chat.completion\",\"model\":\"up\",\"choices\":[{\"index\":0,"     \
    "\"message\":{\"role\":\"assistant\",\"content\":\"H\"},\"finish_reason\":\"length\"}],"       \
    "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":1,\"total_tokens\":9}}"

/* 8 × 3 and 1 × 15 micro-USD. */
enum { COST_PICO = 39000000 };
static const struct price_rate rates[] = {{METER_INPUT, MODE_STANDARD, 0, 3000000},
                                          {METER_OUTPUT, MODE_STANDARD, 0, 15000000}};
static const struct price_version price = {.rates = rates, .rate_count = array_size(rates)};
static const struct snapshot_model model = {.id = {"a/m", 3}, .kind = {"chat", 4}};
static const struct snapshot_model pictures = {.id = {"a/p", 3}, .kind = {"image", 5}};
static const struct snapshot_credential credential = {.fingerprint = 7, .upstream_id = {"up", 2}};
static struct snapshot_deployment deployments[2];
static uint32_t deployment_count;
static int references;
static bool free_of_charge;

/* They stand in for the snapshot's. */
uint32_t snapshot_deployment_count(const struct snapshot *snapshot)
{
    (void)snapshot;
    return deployment_count;
}

const struct snapshot_deployment *snapshot_deployment_at(const struct snapshot *snapshot,
                                                         uint32_t index)
{
    (void)snapshot;
    return &deployments[index];
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    references++;
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    (void)snapshot;
    references--;
}

const struct price_version *snapshot_cost(const struct snapshot_deployment *deployment,
                                          int64_t at_ms)
{
    (void)deployment;
    (void)at_ms;
    return free_of_charge ? NULL : &price;
}

static struct script *script;
static struct board *board;
static struct prober *prober;
static int64_t now_ms;

static void open_world(void)
{
    script = script_new();
    board = board_new();
    prober = prober_new(
        &(struct prober_config){.upstream = script_upstream(script), .board = board, .seed = 1});
    now_ms = START_MS;
    references = 0;
    free_of_charge = false;
    deployment_count = 1;
    for (uint32_t i = 0; i < array_size(deployments); i++)
        deployments[i] = (struct snapshot_deployment){.id = {.at = {[15] = (uint8_t)(i + 1)}},
                                                      .model = &model,
                                                      .provider = span_of("p"),
                                                      .upstream_id = span_of("up"),
                                                      .dialect = span_of("openai-compatible"),
                                                      .credentials = &credential,
                                                      .credential_count = 1,
                                                      .callable = true,
                                                      .probe_interval_s = INTERVAL_MS / 1000,
                                                      .probe_daily_cap_pico = 1000000000};
}

static void close_world(void)
{
    struct upstream *upstream = script_upstream(script);

    prober_free(prober);
    assert_int("references", references, 0);
    board_free(board);
    upstream->ops->free(upstream);
}

static void tick(int64_t after_ms)
{
    static char snapshot;

    now_ms += after_ms;
    prober_tick(prober, (struct snapshot *)&snapshot,
                &(struct prober_now){now_ms, WALL_MS + now_ms - START_MS});
}

/* Until the next probe was sent; how long that took. */
static int64_t until_next(void)
{
    uint32_t before = script_count(script);
    int64_t since_ms = now_ms;

    while (script_count(script) == before && now_ms - since_ms < 3 * INTERVAL_MS)
        tick(100);
    assert_int("a probe was sent", script_count(script), before + 1);
    return now_ms - since_ms;
}

static void it_asks_for_one_token_and_tells_that_it_served(void **state)
{
    const struct script_call *call;
    struct board_counts counts;
    int64_t wait_ms;

    (void)state;
    open_world();
    in_row("the first within the interval", until_next() <= INTERVAL_MS);
    call = script_at(script, 0);
    assert_span("where", span_of(call->path), "/chat/completions");
    in_row("one token", memmem(call->body.at, call->body.size, "\"max_tokens\":1", 14) != NULL);
    in_row("no stream", memmem(call->body.at, call->body.size, "stream", 6) == NULL);
    in_row("with its credential", call->credential == &credential);
    tick(100);
    assert_int("one at a time", script_count(script), 1);
    script_answer(script, 0, 200, JSON, ANSWER);
    tick(0);
    counts = board_counts(board, &deployments[0], BOARD_MINUTE, now_ms);
    assert_int("it served", counts.served, 1);
    assert_int("nothing is measured by one token",
               board_spread(board, &deployments[0], BOARD_TOTAL_MS, now_ms).samples, 0);
    assert_int("it was no client's", board_load_of(board, &deployments[0], now_ms).requests, 0);
    wait_ms = until_next();
    in_row("the next one an interval later",
           wait_ms >= INTERVAL_MS * 9 / 10 - 100 && wait_ms <= INTERVAL_MS * 11 / 10 + 100);
    close_world();
}

static void who_is_not_to_be_probed_is_not(void **state)
{
    static const struct {
        const char *what;
        struct snapshot_deployment with;
        bool traffic;
        uint32_t probes; /* in three intervals */
    } rows[] = {
        {"no interval", {.callable = true, .model = &model, .probe_daily_cap_pico = 1}, false, 0},
        {"not published",
         {.model = &model, .probe_interval_s = 60, .probe_daily_cap_pico = 1},
         false,
         0},
        {"no chat",
         {.callable = true, .model = &pictures, .probe_interval_s = 60, .probe_daily_cap_pico = 1},
         false,
         0},
        {"drained",
         {.callable = true,
          .model = &model,
          .draining = true,
          .probe_interval_s = 60,
          .probe_daily_cap_pico = 1},
         false,
         0},
        {"no money", {.callable = true, .model = &model, .probe_interval_s = 60}, false, 0},
        {"used by clients",
         {.callable = true, .model = &model, .probe_interval_s = 60, .probe_daily_cap_pico = 1},
         true,
         0},
        {"one that is",
         {.callable = true, .model = &model, .probe_interval_s = 60, .probe_daily_cap_pico = 1},
         false,
         1},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        open_world();
        deployments[0] = rows[i].with;
        deployments[0].upstream_id = span_of("up");
        for (int64_t ms = 0; ms < 3 * INTERVAL_MS; ms += 1000) {
            if (rows[i].traffic)
                board_begin(board, &deployments[0], 1, now_ms);
            if (script_count(script) == 1)
                script_answer(script, 0, 200, JSON, ANSWER);
            tick(1000);
        }
        assert_int(rows[i].what, script_count(script), rows[i].probes);
        close_world();
    }
}

static void a_failure_is_told_as_a_clients_is(void **state)
{
    static const struct {
        const char *what;
        int status; /* 0: the connection is refused */
        const char *body;
        uint32_t served, failed;
        bool behind, out;
    } rows[] = {
        {"it is down", 503, "{}", 0, 1, true, false},
        {"nobody there", 0, NULL, 0, 1, true, false},
        {"nonsense", 200, "<html>", 0, 1, true, false},
        {"the model is retired", 404, "{\"error\":{\"message\":\"gone\"}}", 0, 1, false, true},
        {"the key is refused", 401, "{\"error\":{\"message\":\"key\"}}", 0, 1, true, true},
        {"it refuses the question: it is there", 400, "{\"error\":{\"message\":\"x\"}}", 0, 0,
         false, false},
        {"it answers", 200, ANSWER, 1, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct board_counts counts;
        struct board_state found;

        open_world();
        (void)until_next();
        if (rows[i].status == 0)
            script_end(script, 0, UPSTREAM_NO_CONNECTION);
        else
            script_answer(script, 0, rows[i].status, JSON, rows[i].body);
        tick(0);
        counts = board_counts(board, &deployments[0], BOARD_MINUTE, now_ms);
        found = board_state_of(board, &deployments[0]);
        assert_int(rows[i].what, counts.served, rows[i].served);
        assert_int(rows[i].what, counts.failed, rows[i].failed);
        assert_int(rows[i].what, found.outage_until_ms > now_ms, rows[i].behind);
        assert_int(rows[i].what, found.out_until_ms > now_ms, rows[i].out);
        close_world();
    }
}

static void silence_is_given_up(void **state)
{
    (void)state;
    open_world();
    (void)until_next();
    tick(PROBER_TIMEOUT_MS - 1);
    assert_false(script_at(script, 0)->cancelled);
    tick(1);
    assert_true(script_at(script, 0)->cancelled);
    assert_int("it failed", board_counts(board, &deployments[0], BOARD_MINUTE, now_ms).failed, 1);
    close_world();
}

static void who_is_out_comes_back_by_a_probe(void **state)
{
    const struct board_end out = {.result = BOARD_FAILED, .cooldown_ms = 600000};

    (void)state;
    open_world();
    tick(0);
    board_begin(board, &deployments[0], 1, now_ms + INTERVAL_MS / 2);
    board_end(board, &deployments[0], &out, now_ms + INTERVAL_MS / 2);
    (void)until_next();
    script_answer(script, 0, 200, JSON, ANSWER);
    tick(0);
    in_row("it is back", board_state_of(board, &deployments[0]).out_until_ms <= now_ms);
    close_world();
}

static void a_breaker_is_closed_by_a_probe_and_not_by_a_client(void **state)
{
    const struct board_end failed = {.result = BOARD_FAILED};

    (void)state;
    open_world();
    tick(0);
    for (int i = 0; i < BREAKER_ATTEMPTS; i++)
        board_end(board, &deployments[0], &failed, now_ms);
    assert_int("open", board_look_at(board, &deployments[0], now_ms).breaker, BREAKER_OPEN);
    (void)until_next();
    in_row("clients get no probe", !board_probe(board, &deployments[0], now_ms));
    script_answer(script, 0, 200, JSON, ANSWER);
    tick(100);
    assert_int("closed", board_look_at(board, &deployments[0], now_ms).breaker, BREAKER_CLOSED);
    close_world();
}

static void a_day_has_its_money(void **state)
{
    uint32_t probes = 0;

    (void)state;
    open_world();
    deployments[0].probe_daily_cap_pico = 3 * COST_PICO - 1;
    for (int64_t ms = 0; ms < 10 * INTERVAL_MS; ms += 1000) {
        tick(1000);
        if (script_count(script) > probes)
            script_answer(script, probes++, 200, JSON, ANSWER);
    }
    assert_int("the third goes beyond it", probes, 3);
    tick(INT64_C(86400000));
    (void)until_next();
    close_world();
}

static void what_tells_no_usage_is_guessed(void **state)
{
    (void)state;
    open_world();
    deployments[0].probe_daily_cap_pico = 1;
    (void)until_next();
    tick(PROBER_TIMEOUT_MS);
    tick(2 * INTERVAL_MS);
    assert_int("what was read may be billed", script_count(script), 1);
    close_world();
}

static void what_has_no_price_is_not_probed(void **state)
{
    (void)state;
    open_world();
    free_of_charge = true;
    for (int64_t ms = 0; ms < 3 * INTERVAL_MS; ms += 1000)
        tick(1000);
    assert_int("its cost could not be counted", script_count(script), 0);
    close_world();
}

static void they_are_not_made_all_at_once(void **state)
{
    (void)state;
    open_world();
    deployment_count = 2;
    (void)until_next();
    (void)until_next(); /* of one tick comes one */
    in_row("two deployments", script_at(script, 0)->deployment != script_at(script, 1)->deployment);
    close_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_asks_for_one_token_and_tells_that_it_served),
        cmocka_unit_test(who_is_not_to_be_probed_is_not),
        cmocka_unit_test(a_failure_is_told_as_a_clients_is),
        cmocka_unit_test(silence_is_given_up),
        cmocka_unit_test(who_is_out_comes_back_by_a_probe),
        cmocka_unit_test(a_breaker_is_closed_by_a_probe_and_not_by_a_client),
        cmocka_unit_test(a_day_has_its_money),
        cmocka_unit_test(what_tells_no_usage_is_guessed),
        cmocka_unit_test(what_has_no_price_is_not_probed),
        cmocka_unit_test(they_are_not_made_all_at_once),
    };

    return run_test_table(tests);
}
