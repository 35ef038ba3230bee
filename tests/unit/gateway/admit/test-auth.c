/* auth: every way a key can be sent, and every reason to refuse one. */
#include "gateway/admit/admit.h"

#include "common/base/mem.h"
#include "gateway/snapshot/build.h"
#include "tests/support/testing.h"

enum { ROWS = 6 };

#define NOW_MS INT64_C(1800000000000)

static const struct {
    const char *what;
    enum key_kind kind;
    enum key_status status;
    int64_t expires_ms;
    int tenant;
    bool revoked_secret;
    enum auth_outcome outcome;
} keys[ROWS] = {
    {"an active key", KEY_LIVE, KEY_ACTIVE, INT64_MAX, 0, false, AUTH_OK},
    {"a revoked one", KEY_LIVE, KEY_REVOKED, INT64_MAX, 0, false, AUTH_REVOKED},
    {"a disabled one", KEY_TEST, KEY_DISABLED, INT64_MAX, 0, false, AUTH_DISABLED},
    {"one that expires now", KEY_LIVE, KEY_ACTIVE, NOW_MS, 0, false, AUTH_EXPIRED},
    {"one of a suspended tenant", KEY_LIVE, KEY_ACTIVE, INT64_MAX, 1, false, AUTH_SUSPENDED},
    {"a management key", KEY_MGMT, KEY_ACTIVE, INT64_MAX, 0, false, AUTH_WRONG_KIND},
};

static struct key texts[ROWS], revoked_text;

static struct snapshot *make_snapshot(void)
{
    static struct tenant_row tenants[2];
    static struct project_row projects[1];
    static struct key_row key_rows[ROWS];
    static struct secret_row secrets[ROWS + 1];
    struct snapshot_rows rows = {.version = 1,
                                 .read_ms = NOW_MS,
                                 .tenants = tenants,
                                 .projects = projects,
                                 .keys = key_rows,
                                 .secrets = secrets,
                                 .tenant_count = 2,
                                 .project_count = 1,
                                 .key_count = ROWS,
                                 .secret_count = ROWS + 1};
    uint8_t random[KEY_RANDOM_SIZE];

    tenants[1].status = ACCOUNT_SUSPENDED;
    for (int i = 0; i < ROWS; i++) {
        digest_random(random, sizeof(random));
        texts[i] = key_make(keys[i].kind, random);
        key_rows[i] = (struct key_row){.id = {{(uint8_t)(i + 1)}},
                                       .tenant = (uint32_t)keys[i].tenant,
                                       .kind = keys[i].kind,
                                       .status = keys[i].status,
                                       .expires_ms = keys[i].expires_ms,
                                       .all_models = true};
        secrets[i] = (struct secret_row){
            .hash = key_hash(&texts[i]), .key = (uint32_t)i, .expires_ms = INT64_MAX};
    }
    digest_random(random, sizeof(random));
    revoked_text = key_make(KEY_LIVE, random);
    secrets[ROWS] = (struct secret_row){
        .hash = key_hash(&revoked_text), .expires_ms = INT64_MAX, .revoked = true};
    return snapshot_build(&rows, &(struct build_config){.trial = true});
}

static void each_key_is_judged_by_its_own_state(void **state)
{
    struct snapshot *snapshot = make_snapshot();

    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct auth_headers headers = {.x_api_key = span_of(texts[i].text)};
        const struct snapshot_key *key = NULL;

        assert_int(keys[i].what, admit_authenticate(snapshot, &headers, NOW_MS, &key),
                   keys[i].outcome);
        in_row(keys[i].what, key != NULL && key->id.at[0] == i + 1);
    }
    snapshot_unref(snapshot);
}

static void a_key_may_be_sent_in_each_of_three_headers(void **state)
{
    struct snapshot *snapshot = make_snapshot();
    const char *good = texts[0].text, *other = texts[1].text;
    char *bearer = mem_printf("Bearer %s", good), *shouted = mem_printf("BEARER   %s ", good);
    char *bad = mem_strdup(good);
    const struct {
        const char *what, *authorization, *x_api_key, *x_goog_api_key;
        enum auth_outcome outcome;
    } rows[] = {
        {"a bearer", bearer, NULL, NULL, AUTH_OK},
        {"in capitals, with blanks", shouted, NULL, NULL, AUTH_OK},
        {"without the scheme", good, NULL, NULL, AUTH_OK},
        {"Google's header", NULL, NULL, good, AUTH_OK},
        {"without sk-", NULL, good + 3, NULL, AUTH_OK},
        {"twice the same", bearer, good, NULL, AUTH_OK},
        {"two that differ", bearer, other, NULL, AUTH_CONFLICT},
        {"none", NULL, NULL, NULL, AUTH_MISSING},
        {"an empty one", "Bearer ", NULL, NULL, AUTH_MISSING},
        {"somebody else's", "Bearer sk-proj-abc", NULL, NULL, AUTH_GARBAGE},
        {"mistyped", NULL, bad, NULL, AUTH_GARBAGE},
        {"of a secret that was revoked", NULL, revoked_text.text, NULL, AUTH_REVOKED},
    };

    (void)state;
    bad[30] = bad[30] == 'a' ? 'b' : 'a';
    for (size_t i = 0; i < array_size(rows); i++) {
        struct auth_headers headers = {span_of(rows[i].authorization), span_of(rows[i].x_api_key),
                                       span_of(rows[i].x_goog_api_key)};
        const struct snapshot_key *key = NULL;

        assert_int(rows[i].what, admit_authenticate(snapshot, &headers, NOW_MS, &key),
                   rows[i].outcome);
    }
    mem_free(bearer);
    mem_free(shouted);
    mem_free(bad);
    snapshot_unref(snapshot);
}

static void a_snapshot_that_nobody_confirms_lasts_a_day(void **state)
{
    struct snapshot *snapshot = make_snapshot();
    struct auth_headers headers = {.x_api_key = span_of(texts[0].text)};
    const struct snapshot_key *key = NULL;
    int64_t day_ms = INT64_C(24) * 3600 * 1000;

    (void)state;
    assert_int("to the end of the day",
               admit_authenticate(snapshot, &headers, NOW_MS + day_ms, &key), AUTH_OK);
    assert_int("and no longer", admit_authenticate(snapshot, &headers, NOW_MS + day_ms + 1, &key),
               AUTH_STALE);
    snapshot_confirm(snapshot, NOW_MS + day_ms);
    assert_int("unless it is confirmed",
               admit_authenticate(snapshot, &headers, NOW_MS + day_ms + 1, &key), AUTH_OK);
    snapshot_unref(snapshot);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_judged_by_its_own_state),
        cmocka_unit_test(a_key_may_be_sent_in_each_of_three_headers),
        cmocka_unit_test(a_snapshot_that_nobody_confirms_lasts_a_day),
    };

    return run_test_table(tests);
}
