/* flow: a deployment with several credentials: turns, refusals, limits, and a key that changes. */
#include "tests/unit/gateway/flow/answers.h"

static const struct snapshot_credential two[] = {{.fingerprint = 11, .upstream_id = {"up-m", 4}},
                                                 {.fingerprint = 12, .upstream_id = {"mine", 4}}};

static void give_two(void)
{
    world.deployments[0].credentials = two;
    world.deployments[0].credential_count = 2;
}

/* The last call that was started is answered well. */
static const struct script_call *serve_last(void)
{
    uint32_t n = script_count(world.script) - 1;

    script_answer(world.script, n, 200, JSON, ANSWER);
    world_write();
    return script_at(world.script, n);
}

static const struct script_call *ask_and_serve(void)
{
    world_ask(WHOLE);
    world_write();
    return serve_last();
}

static void credentials_take_turns_and_name_the_model(void **state)
{
    const struct script_call *first, *second, *third;

    (void)state;
    give_two();
    first = ask_and_serve();
    second = ask_and_serve();
    third = ask_and_serve();
    assert_ptr_not_equal(first->credential, second->credential);
    assert_ptr_equal(first->credential, third->credential);
    for (uint32_t i = 0; i < 3; i++) {
        const struct script_call *call = script_at(world.script, i);

        in_row("each calls the model by its own name for it",
               strstr(call->body.at, call->credential == &two[0] ? "\"up-m\"" : "\"mine\"") !=
                   NULL);
    }
}

/* A key is taken back at the provider while it is in use: no request fails of it. */
static void one_that_is_refused_is_replaced_within_the_request(void **state)
{
    static const struct {
        const char *what;
        int status;
        const char *body;
    } rows[] = {
        {"taken back", 401, "{\"error\":{\"message\":\"m\"}}"},
        {"unpaid", 402, "{}"},
        {"not for this model", 403, "{}"},
        {"limited", 429, "{}"},
        {"used up", 429, "{\"error\":{\"message\":\"m\",\"code\":\"insufficient_quota\"}}"},
        {"Gemini's word for it", 400,
         "{\"error\":{\"message\":\"m\",\"code\":\"invalid_api_key\"}}"},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct snapshot_credential *bad, *good;

        world_close();
        world_open();
        give_two();
        world_ask(WHOLE);
        world_write();
        bad = script_at(world.script, 0)->credential;
        good = bad == &two[0] ? &two[1] : &two[0];
        script_answer(world.script, 0, rows[i].status, JSON, rows[i].body);
        world_write();
        assert_int(rows[i].what, script_count(world.script), 2);
        in_row(rows[i].what, script_at(world.script, 1)->deployment == &world.deployments[0]);
        in_row(rows[i].what, script_at(world.script, 1)->credential == good);
        (void)serve_last();
        assert_int(rows[i].what, world.request.status, 200);
        assert_int(rows[i].what, world_event()->attempt_count, 2);
        for (int n = 0; n < 3; n++)
            in_row("and it stays aside", ask_and_serve()->credential == good);
    }
}

static void when_all_are_refused_the_next_deployment_serves(void **state)
{
    (void)state;
    give_two();
    world_ask(WHOLE);
    world_write();
    for (uint32_t i = 0; i < 2; i++) {
        assert_ptr_equal(script_at(world.script, i)->deployment, &world.deployments[0]);
        script_answer(world.script, i, 401, JSON, "{}");
        world_write();
    }
    assert_ptr_equal(serve_last()->deployment, &world.deployments[1]);
    assert_int_equal(world.request.status, 200);
    assert_int_equal(world_event()->attempt_count, 3);
    assert_ptr_equal(ask_and_serve()->deployment, &world.deployments[1]);
    assert_int_equal(script_count(world.script), 4);
}

/* What was refused with the old key is served with the new one, at once. */
static void a_new_key_ends_the_time_out_of_service(void **state)
{
    (void)state;
    world.deployments[1].callable = false;
    world_ask(WHOLE);
    world_write();
    script_answer(world.script, 0, 401, JSON, "{}");
    world_write();
    assert_int_equal(world.request.status, 503); /* at once: it would be refused again */
    world_ask(WHOLE);
    world_write();
    assert_int_equal(script_count(world.script), 1);
    assert_int_equal(world.request.status, 503);
    give_two();
    (void)ask_and_serve();
    assert_int_equal(world.request.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_row(credentials_take_turns_and_name_the_model),
        world_row(one_that_is_refused_is_replaced_within_the_request),
        world_row(when_all_are_refused_the_next_deployment_serves),
        world_row(a_new_key_ends_the_time_out_of_service),
    };

    return run_test_table(tests);
}
