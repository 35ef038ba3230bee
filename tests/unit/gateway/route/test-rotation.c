/* rotation: credentials take turns, and one that is refused is put aside alone. */
#include "gateway/route/rotation.h"

#include "common/base/mem.h"
#include "common/base/thread.h"
#include "gateway/route/board.h"
#include "tests/support/testing.h"

enum { NOW_MS = 1000000 };

static const struct snapshot_credential three[] = {
    {.fingerprint = 1}, {.fingerprint = 2}, {.fingerprint = 3}};
static const struct snapshot_deployment one = {
    .id = {{1}}, .credentials = three, .credential_count = 3};
static const struct snapshot_deployment other = {
    .id = {{2}}, .index = 1, .credentials = three, .credential_count = 3};
static const struct verdict_out refused = {.cooldown_ms = 600000, .blame = BLAME_CREDENTIAL};
static const struct verdict_out refused_here = {.cooldown_ms = 600000,
                                                .blame = BLAME_CREDENTIAL_HERE};
static const struct verdict_out limited = {.outage_ms = 30000, .blame = BLAME_CREDENTIAL_HERE};

/* How often each of the three comes in 300 turns. */
static void count_turns(struct rotation *rotation, const struct snapshot_deployment *deployment,
                        int64_t now_ms, int counts_out[3])
{
    memset(counts_out, 0, 3 * sizeof(int));
    for (int i = 0; i < 300; i++)
        counts_out[rotation_next(rotation, deployment, now_ms) - three]++;
}

static void all_take_turns(void **state)
{
    struct rotation *rotation = rotation_new();
    int counts[3];

    (void)state;
    count_turns(rotation, &one, NOW_MS, counts);
    for (int i = 0; i < 3; i++)
        assert_int("each a third", counts[i], 100);
    rotation_free(rotation);
}

static void deployments_do_not_take_each_others_turns(void **state)
{
    struct snapshot_deployment a = one, b = other;
    struct rotation *rotation = rotation_new();
    int firsts = 0;

    (void)state;
    a.credential_count = b.credential_count = 2;
    for (int i = 0; i < 100; i++) {
        firsts += rotation_next(rotation, &a, NOW_MS) == &three[0];
        (void)!rotation_next(rotation, &b, NOW_MS)->fingerprint;
    }
    assert_int("every other", firsts, 50);
    rotation_free(rotation);
}

static void a_deployment_may_have_one_or_none(void **state)
{
    struct snapshot_deployment few = one;
    struct rotation *rotation = rotation_new();

    (void)state;
    few.credential_count = 1;
    assert_ptr_equal(rotation_next(rotation, &few, NOW_MS), &three[0]);
    in_row("no other is fit", !rotation_blame(rotation, &few, &three[0], &refused, NOW_MS));
    assert_ptr_equal(rotation_next(rotation, &few, NOW_MS), &three[0]);
    few.credential_count = 0;
    assert_null(rotation_next(rotation, &few, NOW_MS));
    rotation_free(rotation);
}

static void one_that_is_to_blame_is_left_out_for_its_time(void **state)
{
    static const struct {
        const char *what;
        const struct verdict_out *verdict;
        int here, there;  /* the turns that the first still gets, at once */
        int64_t after_ms; /* when it is back */
    } rows[] = {
        {"refused", &refused, 0, 0, 600000},
        {"refused for that model", &refused_here, 0, 100, 600000},
        {"limited", &limited, 0, 100, 30000},
    };
    int counts[3];

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct rotation *rotation = rotation_new();

        in_row(rows[i].what, rotation_blame(rotation, &one, &three[0], rows[i].verdict, NOW_MS));
        count_turns(rotation, &one, NOW_MS, counts);
        assert_int(rows[i].what, counts[0], rows[i].here);
        assert_int(rows[i].what, counts[1] + counts[2], 300 - rows[i].here);
        count_turns(rotation, &other, NOW_MS, counts);
        assert_int(rows[i].what, counts[0], rows[i].there);
        count_turns(rotation, &one, NOW_MS + rows[i].after_ms - 1, counts);
        assert_int(rows[i].what, counts[0], 0);
        count_turns(rotation, &one, NOW_MS + rows[i].after_ms, counts);
        assert_int(rows[i].what, counts[0], 100);
        in_row(rows[i].what, rotation_blame(rotation, &one, &three[0], rows[i].verdict, NOW_MS));
        rotation_served(rotation, &one, &three[0], NOW_MS - 1);
        count_turns(rotation, &one, NOW_MS, counts);
        assert_int("what was under way says nothing", counts[0], 0);
        rotation_served(rotation, &one, &three[0], NOW_MS);
        count_turns(rotation, &one, NOW_MS, counts);
        assert_int(rows[i].what, counts[0], 100);
        rotation_free(rotation);
    }
}

static void a_deployment_is_out_when_all_of_its_credentials_are(void **state)
{
    struct board *board = board_new();
    struct rotation *rotation = board_rotation(board);

    (void)state;
    in_row("others are left", rotation_blame(rotation, &one, &three[0], &refused, NOW_MS));
    in_row("another one", rotation_blame(rotation, &one, &three[1], &limited, NOW_MS));
    assert_true(board_state_of(board, &one).outage_until_ms <= NOW_MS);
    in_row("none is left", !rotation_blame(rotation, &one, &three[2], &limited, NOW_MS + 5));
    assert_int("limited until the first is back", board_state_of(board, &one).outage_until_ms,
               NOW_MS + 30000);
    in_row("but not out", board_state_of(board, &one).out_until_ms <= NOW_MS);
    assert_ptr_equal(rotation_next(rotation, &one, NOW_MS + 6), &three[1]);
    (void)!rotation_blame(rotation, &one, &three[1], &refused, NOW_MS);
    (void)!rotation_blame(rotation, &one, &three[2], &refused_here, NOW_MS);
    assert_int("out", board_state_of(board, &one).out_until_ms, NOW_MS + 600000);
    in_row("the other has one left", board_state_of(board, &other).out_until_ms <= NOW_MS);
    board_free(board);
}

/* A new key for an old one: nothing is left of what the old one did. */
static void a_changed_credential_starts_afresh(void **state)
{
    static const struct snapshot_credential changed[] = {{.fingerprint = 9}};
    struct snapshot_deployment before = one, after = one;
    struct board *board = board_new();

    (void)state;
    before.credential_count = 1;
    after.credentials = changed;
    after.credential_count = 1;
    (void)!rotation_blame(board_rotation(board), &before, &three[0], &refused, NOW_MS);
    in_row("out with the old one", board_state_of(board, &before).out_until_ms > NOW_MS);
    in_row("back with the new one", board_state_of(board, &after).out_until_ms <= NOW_MS);
    board_free(board);
}

static void more_than_fit_push_out_only_a_few(void **state)
{
    static struct snapshot_credential many[2000];
    struct rotation *rotation = rotation_new();
    int known = 0;

    (void)state;
    for (uint32_t i = 0; i < array_size(many); i++) {
        struct snapshot_deployment d = {
            .id = {{3}}, .credentials = &many[i], .credential_count = 1};

        many[i].fingerprint = i + 1;
        (void)!rotation_blame(rotation, &d, &many[i], &refused, NOW_MS + i);
    }
    for (uint32_t i = 0; i < array_size(many); i++) {
        struct snapshot_deployment d = {
            .id = {{3}}, .credentials = &many[i], .credential_count = 1};

        known += rotation_state_of(rotation, &d).out_until_ms > NOW_MS;
    }
    in_row("nearly all are known", known > 1950);
    rotation_free(rotation);
}

/* ---- several workers ---- */
static void *worker(void *context)
{
    struct rotation *rotation = context;

    for (int i = 0; i < 20000; i++) {
        const struct snapshot_credential *next = rotation_next(rotation, &one, NOW_MS + i);

        if (i % 3 == 0)
            (void)!rotation_blame(rotation, &one, next, i % 2 == 0 ? &limited : &refused,
                                  NOW_MS + i);
        else if (i % 7 == 0)
            rotation_served(rotation, &one, next, NOW_MS + i);
        must(rotation_state_of(rotation, &one).out_until_ms < NOW_MS + 10000000);
    }
    return NULL;
}

static void workers_share_it_without_waiting(void **state)
{
    struct rotation *rotation = rotation_new();
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < array_size(threads); i++)
        thread_start(&threads[i], "worker", worker, rotation);
    for (size_t i = 0; i < array_size(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    rotation_free(rotation);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_take_turns),
        cmocka_unit_test(deployments_do_not_take_each_others_turns),
        cmocka_unit_test(a_deployment_may_have_one_or_none),
        cmocka_unit_test(one_that_is_to_blame_is_left_out_for_its_time),
        cmocka_unit_test(a_deployment_is_out_when_all_of_its_credentials_are),
        cmocka_unit_test(a_changed_credential_starts_afresh),
        cmocka_unit_test(more_than_fit_push_out_only_a_few),
        cmocka_unit_test(workers_share_it_without_waiting),
    };

    return run_test_table(tests);
}
