/* credentials: which secret a deployment is called with, and that it goes nowhere else. */
#include "gateway/snapshot/credentials.h"

#include <unistd.h>

#include "common/base/file.h"
#include "tenants/model/credential.h"
#include "tests/support/testing.h"

#define S(text) span_of(text)

enum { ROWS = 4 };

static struct provider_row providers[2];
static struct credential_row credentials[ROWS];
static char sealed[ROWS][128];

static struct seal *make_seal(char digit)
{
    char path[] = "/tmp/tollgate-keys-XXXXXX", text[66];
    struct buf why = buf_make(512);
    struct seal *seal = NULL;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    memset(text, digit, 64);
    memcpy(text + 64, "\n", 2);
    assert_int_equal(file_write_atomic(path, span_of(text), 0600), 0);
    assert_int_equal(seal_load(path, &seal, &why), 0);
    unlink(path);
    buf_done(&why);
    return seal;
}

struct kept {
    uint32_t provider;
    uint8_t deployment;
    const char *origins, *variables, *secret;
};

/* The row `i`, sealed as the control plane seals it. */
static void keep(const struct seal *seal, int i, const struct kept *kept)
{
    struct buf context = buf_make(1024), out = buf_make(sizeof(sealed[0]));
    struct uuid id = {{(uint8_t)(i + 1)}};

    assert_int_equal(
        credential_context(id, providers[kept->provider].slug, S(kept->origins), &context), 0);
    assert_int_equal(seal_shut(seal, buf_span(&context), S(kept->secret), &out), 0);
    memcpy(sealed[i], out.at, out.size);
    credentials[i] = (struct credential_row){.id = id,
                                             .provider = kept->provider,
                                             .deployment = {{kept->deployment}},
                                             .origin = S(kept->origins),
                                             .variables = S(kept->variables),
                                             .sealed = span_make(sealed[i], out.size),
                                             .master_key_id = S(seal_key_id(seal))};
    buf_done(&context);
    buf_done(&out);
}

static struct snapshot_rows make_rows(const struct seal *seal)
{
    static const struct kept kept[ROWS] = {
        {0, 0, "https://acme.p.example https://p.example", "{\"R\":\"acme\"}", "old"},
        {0, 0, "https://acme.p.example https://p.example", "{\"R\":\"acme\"}", "new"},
        {0, 9, "https://nine.example", "{}", "own"},
        {1, 0, "https://q.example", "{}", "of q"},
    };

    providers[0] = (struct provider_row){S("p"), S("P"), false};
    providers[1] = (struct provider_row){S("q"), S("Q"), false};
    for (int i = 0; i < ROWS; i++)
        keep(seal, i, &kept[i]);
    return (struct snapshot_rows){.providers = providers,
                                  .provider_count = 2,
                                  .credentials = credentials,
                                  .credential_count = ROWS};
}

static void one_of_the_deployment_wins_and_the_newest_of_the_rest(void **state)
{
    static const struct {
        const char *what;
        uint32_t provider;
        uint8_t deployment;
        const char *url;
        enum credential_found found;
        const char *secret, *filled;
    } rows[] = {
        {"the provider's newest", 0, 1, "https://${R}.p.example/v1", CREDENTIAL_CHOSEN, "new",
         "https://acme.p.example/v1"},
        {"at its other host", 0, 1, "https://p.example/v1", CREDENTIAL_CHOSEN, "new",
         "https://p.example/v1"},
        {"the deployment's own", 0, 9, "https://nine.example/v1", CREDENTIAL_CHOSEN, "own",
         "https://nine.example/v1"},
        {"where its own does not fit, the provider's", 0, 9, "https://p.example/v1",
         CREDENTIAL_CHOSEN, "new", "https://p.example/v1"},
        {"another host gets none", 0, 1, "https://evil.example/v1", CREDENTIAL_UNFIT, "", ""},
        {"nor does plain http", 0, 1, "http://p.example/v1", CREDENTIAL_UNFIT, "", ""},
        {"nor another variable", 0, 1, "https://${X}.p.example/v1", CREDENTIAL_UNFIT, "", ""},
        {"another provider's stays there", 1, 1, "https://q.example", CREDENTIAL_CHOSEN, "of q",
         "https://q.example"},
        {"and at its host", 1, 1, "https://p.example", CREDENTIAL_UNFIT, "", ""},
    };
    struct seal *seal = make_seal('a');
    struct snapshot_rows all = make_rows(seal);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 12, 1 << 20);
        struct credentials open = credentials_open(&all, seal, arena);
        const struct deployment_row deployment = {
            .id = {{rows[i].deployment}}, .provider = rows[i].provider, .base_url = S(rows[i].url)};
        struct span url = S(""), secret = S("");

        assert_int(rows[i].what, credentials_choose(&open, &deployment, &url, &secret),
                   rows[i].found);
        assert_span(rows[i].what, secret, rows[i].secret);
        assert_span(rows[i].what, url, rows[i].filled);
        arena_free(arena);
    }
    seal_free(seal);
}

/* What comes of a row that somebody changed behind the control plane's back. */
static void what_cannot_be_opened_is_told_and_not_used(void **state)
{
    static const char *const whats[] = {"another key",       "no key at all", "another id",
                                        "another provider",  "other hosts",   "a flipped bit",
                                        "a key of nobody's", "a tenant's own"};
    struct seal *seal = make_seal('a'), *other = make_seal('b');
    const struct deployment_row at_p = {.id = {{1}}, .base_url = S("https://p.example")};
    const struct deployment_row at_q = {
        .id = {{1}}, .provider = 1, .base_url = S("https://q.example")};

    (void)state;
    for (size_t i = 0; i < array_size(whats); i++) {
        struct arena *arena = arena_new(1 << 12, 1 << 20);
        struct snapshot_rows all = make_rows(seal);
        const struct seal *with = i == 0 ? other : i == 1 ? NULL : seal;
        struct span url, secret;

        all.credentials = &credentials[3];
        all.credential_count = 1;
        if (i == 2)
            credentials[3].id.at[15] ^= 1;
        if (i == 3)
            credentials[3].provider = 0;
        if (i == 3 || i == 4)
            credentials[3].origin = S("https://p.example https://q.example");
        if (i == 5)
            sealed[3][14] ^= 1;
        if (i == 6)
            credentials[3].master_key_id = S("0123456789abcdef");
        if (i == 7)
            credentials[3].tenant.at[0] = 1;
        struct credentials open = credentials_open(&all, with, arena);
        assert_int(whats[i], credentials_choose(&open, i == 3 ? &at_p : &at_q, &url, &secret),
                   i == 7 ? CREDENTIAL_NONE : CREDENTIAL_UNFIT);
        assert_int(whats[i], credentials_unusable(&open), i == 7 ? 0 : 1);
        arena_free(arena);
    }
    seal_free(seal);
    seal_free(other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_the_deployment_wins_and_the_newest_of_the_rest),
        cmocka_unit_test(what_cannot_be_opened_is_told_and_not_used),
    };

    return run_test_table(tests);
}
