/* flow: routing presets: which targets a request goes to, and with what changed. */
#include <stdio.h>

#include "tests/unit/gateway/flow/answers.h"

#define ASK(members) "{\"model\":\"a/m\"," members "," HELLO "}"
#define PRESET(members) "{\"preset\":\"p\"," members "," HELLO "}"
#define ONE_THEN_BIG(more)                                                                         \
    "{\"strategy\":{\"mode\":\"fallback\"" more "},\"targets\":["                                  \
    "{\"name\":\"main\",\"model\":\"a/m\",\"provider\":{\"only\":[\"one\"]}},"                     \
    "{\"name\":\"last\",\"model\":\"a/big\"}]}"

static struct arena *arena;

/* The preset "p" of the next requests. */
static void use(const char *text)
{
    struct preset_error_at error;

    if (arena != NULL)
        arena_free(arena);
    arena = arena_new(4096, 1 << 20);
    world.preset = (struct snapshot_preset){.name = span_of("p"), .version = 3};
    if (preset_read(span_of(text), arena, &world.preset.preset, &error) != 0)
        fail_msg("%s %s: %s", error.path, error.text, text);
}

static void answer(uint32_t n, int status, const char *text)
{
    script_answer(world.script, n, status, JSON, text);
    world_write();
}

static void a_preset_is_named_in_three_ways_or_not_at_all(void **state)
{
    static const struct {
        const char *what, *body, *header;
        bool by_key;
    } rows[] = {
        {"by its member", PRESET("\"model\":\"a/m\""), NULL, false},
        {"as the model", "{\"model\":\"@preset/p\"," HELLO "}", NULL, false},
        {"behind the model", "{\"model\":\"a/big@preset/p\"," HELLO "}", NULL, false},
        {"twice", PRESET("\"model\":\"@preset/p\""), NULL, false},
        {"by a header", WHOLE, "p", false},
        {"by the key", WHOLE, NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        use(ONE_THEN_BIG(""));
        world.traced = true;
        if (rows[i].by_key)
            world.key.preset = &world.preset;
        if (rows[i].header != NULL)
            world.headers[0] =
                (struct httpd_header){span_of("x-tollgate-preset"), span_of(rows[i].header)};
        world_ask(rows[i].body);
        world_write();
        assert_span(rows[i].what, span_of(provider_at(0)), "one");
        answer(0, 500, "{}");
        assert_span(rows[i].what, span_of(provider_at(1)), "three");
        answer(1, 200, ANSWER);
        assert_int(rows[i].what, world.request.status, 200);
        in_row(rows[i].what, world_sent_has("\"preset\":{\"name\":\"p\",\"version\":3}"));
        in_row(rows[i].what, world_sent_has("{\"target\":\"main\",\"provider\":\"one\""));
        in_row(rows[i].what, world_sent_has("{\"target\":\"last\",\"provider\":\"three\""));
    }
}

static int64_t cap_sent(uint32_t n)
{
    static const char name[] = "_tokens\":";
    const char *at = strstr(script_at(world.script, n)->body.at, name);

    return at == NULL ? -1 : strtoll(at + sizeof(name) - 1, NULL, 10);
}

/* What it replaces may be long, and what it puts there too. */
static void an_answer_that_uses_its_cap_up_is_within_what_was_reserved(void **state)
{
    static const char preset[] = "{\"name\":\"it\",\"model\":\"a/m\",\"override_params\":{"
                                 "\"system\":\"%s\"}}";
    static const char ask[] = "{\"preset\":\"p\",\"model\":\"a/m\",\"messages\":[{\"role\":"
                              "\"system\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":"
                              "\"hi\"}]}";
    char longs[1501], text[4096], body[4096], told[512];

    (void)state;
    memset(longs, 'x', sizeof(longs) - 1);
    longs[sizeof(longs) - 1] = '\0';
    for (int by = 0; by < 2; by++) {
        world_close();
        world_open();
        world.deployments[0].context_limit = 2000;
        world.deployments[0].output_limit = 0;
        world.deployments[1].callable = false;
        (void)snprintf(text, sizeof(text), preset, by == 0 ? "x" : longs);
        (void)snprintf(body, sizeof(body), ask, by == 0 ? longs : "x");
        use(text);
        world_ask(body);
        world_write();
        assert_int_equal(script_count(world.script), 1);
        assert_true(cap_sent(0) >= 2000 / 8 && cap_sent(0) <= 2000 - 1500);
        (void)snprintf(told, sizeof(told),
                       "{\"id\":\"c1\",\"choices\":[{\"message\":{\"content\":\"a\"},"
                       "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":20,"
                       "\"completion_tokens\":%lld,\"total_tokens\":%lld}}",
                       (long long)cap_sent(0), (long long)cap_sent(0) + 20);
        answer(0, 200, told);
        assert_true(world_event()->charge_pico > 0);
        assert_true(world_event()->charge_pico <= world.reserved_pico);
    }
}

static void what_is_no_preset_is_refused(void **state)
{
    static const struct {
        const char *what, *body, *preset, *says;
    } rows[] = {
        {"unknown", "{\"preset\":\"q\",\"model\":\"a/m\"," HELLO "}", ONE_THEN_BIG(""),
         "there is no routing preset 'q'. Did you mean 'somebody'?"},
        {"unknown as the model", "{\"model\":\"@preset/q\"," HELLO "}", ONE_THEN_BIG(""),
         "'model': there is no routing preset 'q'"},
        {"two that differ", PRESET("\"model\":\"@preset/q\""), ONE_THEN_BIG(""), "differ"},
        {"no automatic choice", "{\"model\":\"auto\"," HELLO "}", ONE_THEN_BIG(""),
         "'auto' is the routing preset of that name"},
        {"no model at all", "{\"model\":\"@preset/p\"," HELLO "}",
         "{\"name\":\"it\",\"provider\":{\"only\":[\"one\"]}}",
         "The target 'it' of the routing preset 'p'"},
        {"no condition holds", PRESET("\"model\":\"a/m\""),
         "{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"query\":{\"request.stream\":"
         "true},\"then\":\"x\"}]},\"targets\":[{\"name\":\"x\",\"model\":\"a/m\"}]}",
         "No condition of"},
        {"its target wishes for nobody", PRESET("\"model\":\"a/m\""),
         "{\"model\":\"a/m\",\"provider\":{\"only\":[\"x\"]}}",
         "one is not among 'provider.only' (preset.only)"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        use(rows[i].preset);
        world_ask(rows[i].body);
        assert_int(rows[i].what, world.request.status, 400);
        in_row(rows[i].what, world_sent_has(rows[i].says));
        assert_int(rows[i].what, world.record_count, 0);
    }
}

static void nothing_is_sent_without_a_default_that_cannot_be_read(void **state)
{
    static const struct snapshot_preset unreadable = {.version = 0};

    (void)state;
    use(ONE_THEN_BIG(""));
    world.key.preset = &unreadable;
    world_ask(WHOLE);
    assert_int_equal(world.request.status, 503);
    assert_true(world_sent_has("cannot be read by this gateway"));
    assert_int_equal(world.record_count, 0);
    world_close();
    world_open();
    use(ONE_THEN_BIG(""));
    world.key.preset = &unreadable;
    world_ask(PRESET("\"model\":\"a/m\"")); /* one that it names holds */
    world_write();
    answer(0, 200, ANSWER);
    assert_int_equal(world.request.status, 200);
}

static void statuses_lead_on_as_they_are_named(void **state)
{
    static const struct {
        const char *what, *preset;
        int status;
        const char *next;
    } rows[] = {
        {"one that is named", ONE_THEN_BIG(",\"on_status_codes\":[400]"), 400, "three"},
        {"one that is not", ONE_THEN_BIG(",\"on_status_codes\":[429]"), 500, NULL},
        {"none are named", ONE_THEN_BIG(""), 500, "three"},
        {"none are named, and it is the client's", ONE_THEN_BIG(""), 400, NULL},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        world_close();
        world_open();
        use(rows[i].preset);
        world_ask(PRESET("\"model\":\"a/m\",\"num_retries\":0"));
        world_write();
        answer(0, rows[i].status, "{\"error\":{\"message\":\"no\"}}");
        assert_int(rows[i].what, script_count(world.script), rows[i].next == NULL ? 1 : 2);
        if (rows[i].next == NULL)
            continue;
        assert_span(rows[i].what, span_of(provider_at(1)), rows[i].next);
        answer(1, 200, ANSWER);
    }
}

static void a_target_changes_the_body_for_itself_alone(void **state)
{
    (void)state;
    use("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":["
        "{\"name\":\"brief\",\"model\":\"a/m\",\"provider\":{\"only\":[\"one\"]},"
        "\"override_params\":{\"system\":\"Be brief.\",\"max_tokens\":7}},"
        "{\"name\":\"last\",\"model\":\"a/big\"}]}");
    world_ask(PRESET("\"model\":\"a/m\",\"max_tokens\":50"));
    assert_int_equal(world.reserved_pico > 50 * 8000000, true); /* the larger cap counts */
    world_write();
    struct span first = buf_span(&script_at(world.script, 0)->body);
    assert_non_null(memmem(first.at, first.size, "Be brief.", 9));
    assert_non_null(memmem(first.at, first.size, "\"up-m\"", 6));
    assert_non_null(memmem(first.at, first.size, ":7", 2));
    assert_null(memmem(first.at, first.size, ":50", 3));
    assert_null(memmem(first.at, first.size, "preset", 6));
    answer(0, 500, "{}");
    struct span second = buf_span(&script_at(world.script, 1)->body);
    assert_null(memmem(second.at, second.size, "Be brief.", 9));
    assert_non_null(memmem(second.at, second.size, ":50", 3));
    assert_non_null(memmem(second.at, second.size, "\"up-big\"", 8));
    answer(1, 200, ANSWER);
    assert_int_equal(world.request.status, 200);
}

/* A cap of the target that is above the client's is what is reserved. */
static void a_larger_cap_of_a_target_is_reserved(void **state)
{
    int64_t without;

    (void)state;
    world_ask(ASK("\"max_tokens\":50"));
    without = world.reserved_pico;
    world_write();
    answer(0, 200, ANSWER);
    use("{\"model\":\"a/m\",\"override_params\":{\"max_tokens\":500}}");
    world_ask(PRESET("\"model\":\"a/m\",\"max_tokens\":50"));
    world_write();
    assert_true(world.reserved_pico > 2 * without);
    answer(1, 200, ANSWER);
}

static void a_target_is_retried_as_its_preset_says(void **state)
{
    (void)state;
    use("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":["
        "{\"name\":\"main\",\"model\":\"a/m\",\"provider\":{\"only\":[\"one\"]},"
        "\"retry\":{\"attempts\":2,\"on_status_codes\":[503],\"by_error\":{\"connect\":0}}},"
        "{\"name\":\"last\",\"model\":\"a/big\"}]}");
    world_ask(PRESET("\"model\":\"a/m\""));
    world_write();
    answer(0, 503, "{}");
    world_wait(3000);
    world_write();
    assert_string_equal(provider_at(1), "one");
    script_end(world.script, 1, UPSTREAM_NO_CONNECTION);
    world_write();
    assert_string_equal(provider_at(2), "three");
    answer(2, 200, ANSWER);
    assert_int_equal(world_event()->attempt_count, 3);
}

static void a_targets_own_time_leads_on(void **state)
{
    (void)state;
    use("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":["
        "{\"name\":\"main\",\"model\":\"a/m\",\"provider\":{\"only\":[\"one\"]},"
        "\"request_timeout\":1500},{\"name\":\"last\",\"model\":\"a/big\"}]}");
    world_ask(PRESET("\"model\":\"a/m\""));
    world_write();
    world_wait(1600);
    world_write();
    assert_int_equal(script_count(world.script), 2);
    assert_true(script_at(world.script, 0)->cancelled);
    assert_string_equal(provider_at(1), "three");
    answer(1, 200, ANSWER);
    assert_int_equal(
        board_counts(world.worker.board, &world.deployments[0], BOARD_MINUTE, world.now_ms).failed,
        0);
}

static void a_target_for_long_prompts_is_kept_for_them(void **state)
{
    static const char preset[] =
        "{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{\"name\":\"main\",\"model\":\"a/m\","
        "\"provider\":{\"only\":[\"one\"]}},{\"name\":\"long\",\"on\":[\"context_window\"],"
        "\"model\":\"a/big\"}]}";

    (void)state;
    use(preset);
    world_ask(PRESET("\"model\":\"a/m\",\"num_retries\":0"));
    world_write();
    answer(0, 500, "{}");
    assert_int_equal(world.request.status, 503);
    world_ask(PRESET("\"model\":\"a/m\""));
    world_write();
    answer(1, 400, "{\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}");
    assert_string_equal(provider_at(2), "three");
    answer(2, 200, ANSWER);
    assert_int_equal(world.request.status, 200);
}

static void a_dry_run_goes_where_the_chat_would(void **state)
{
    (void)state;
    use("{\"strategy\":{\"mode\":\"conditional\",\"conditions\":[{\"query\":{\"request.endpoint\":"
        "\"chat.completions\"},\"then\":\"chats\"}]},\"targets\":[{\"name\":\"chats\",\"model\":"
        "\"a/m\"}]}");
    world_dry_run(PRESET("\"model\":\"a/m\""));
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"target\":\"chats\""));
}

static void the_dry_run_tells_the_targets(void **state)
{
    (void)state;
    use("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":[{\"name\":\"main\",\"model\":\"a/m\","
        "\"provider\":{\"only\":[\"one\"]}},{\"name\":\"long\",\"on\":[\"context_window\"],"
        "\"model\":\"a/big\"}]}");
    world_dry_run(PRESET("\"model\":\"a/m\""));
    assert_int_equal(world.request.status, 200);
    assert_true(world_sent_has("\"preset\":{\"name\":\"p\",\"version\":3}"));
    assert_true(
        world_sent_has("{\"target\":\"long\",\"model\":\"a/big\",\"on\":[\"context_window\"]}"));
    assert_true(world_sent_has("\"order\":[{\"target\":\"main\",\"provider\":\"one\""));
    assert_true(world_sent_has("\"excluded_because\":\"on\""));
    assert_true(world_sent_has("\"excluded_because\":\"preset.only\""));
}

/* The first target changes the body to one that its provider cannot be told; nothing is sent for
 * it, and its account is no worse for that. */
static void a_target_that_cannot_be_told_is_passed_by(void **state)
{
    (void)state;
    world.deployments[0].wire = WIRE_ANTHROPIC;
    world.deployments[0].dialect = span_of("anthropic");
    world.deployments[2].failure_domain = span_of("one");
    use("{\"strategy\":{\"mode\":\"fallback\"},\"targets\":["
        "{\"name\":\"main\",\"model\":\"a/m\",\"provider\":{\"only\":[\"one\"],"
        "\"require_parameters\":true}},{\"name\":\"last\",\"model\":\"a/big\"}]}");
    world_ask(PRESET("\"model\":\"a/m\",\"seed\":4"));
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_string_equal(provider_at(0), "three");
    answer(0, 200, ANSWER);
    assert_int_equal(world_event()->attempt_count, 1);
}

static int teardown(void **state)
{
    if (arena != NULL)
        arena_free(arena);
    arena = NULL;
    return world_teardown(state);
}

#define preset_row(test) cmocka_unit_test_setup_teardown(test, world_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        preset_row(a_preset_is_named_in_three_ways_or_not_at_all),
        preset_row(an_answer_that_uses_its_cap_up_is_within_what_was_reserved),
        preset_row(what_is_no_preset_is_refused),
        preset_row(nothing_is_sent_without_a_default_that_cannot_be_read),
        preset_row(statuses_lead_on_as_they_are_named),
        preset_row(a_target_changes_the_body_for_itself_alone),
        preset_row(a_larger_cap_of_a_target_is_reserved),
        preset_row(a_target_is_retried_as_its_preset_says),
        preset_row(a_targets_own_time_leads_on),
        preset_row(a_target_for_long_prompts_is_kept_for_them),
        preset_row(a_target_that_cannot_be_told_is_passed_by),
        preset_row(a_dry_run_goes_where_the_chat_would),
        preset_row(the_dry_run_tells_the_targets),
    };

    return run_test_table(tests);
}
