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

static void those_of_the_deployment_win_and_the_newest_comes_first(void **state)
{
    static const struct {
        const char *what;
        uint32_t provider;
        uint8_t deployment;
        const char *url;
        enum credential_found found;
        uint32_t count;
        const char *secret, *filled;
    } rows[] = {
        {"both of the provider, its newest first", 0, 1, "https://${R}.p.example/v1",
         CREDENTIAL_CHOSEN, 2, "new", "https://acme.p.example/v1"},
        {"at its other host", 0, 1, "https://p.example/v1", CREDENTIAL_CHOSEN, 2, "new",
         "https://p.example/v1"},
        {"the deployment's own alone", 0, 9, "https://nine.example/v1", CREDENTIAL_CHOSEN, 1, "own",
         "https://nine.example/v1"},
        {"where its own does not fit, the provider's", 0, 9, "https://p.example/v1",
         CREDENTIAL_CHOSEN, 2, "new", "https://p.example/v1"},
        {"another host gets none", 0, 1, "https://evil.example/v1", CREDENTIAL_UNFIT, 0, "", ""},
        {"nor does plain http", 0, 1, "http://p.example/v1", CREDENTIAL_UNFIT, 0, "", ""},
        {"nor another variable", 0, 1, "https://${X}.p.example/v1", CREDENTIAL_UNFIT, 0, "", ""},
        {"another provider's stays there", 1, 1, "https://q.example", CREDENTIAL_CHOSEN, 1, "of q",
         "https://q.example"},
        {"and at its host", 1, 1, "https://p.example", CREDENTIAL_UNFIT, 0, "", ""},
    };
    struct seal *seal = make_seal('a');
    struct snapshot_rows all = make_rows(seal);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 12, 1 << 20);
        struct credentials open = credentials_open(&all, seal, NULL, arena);
        const struct deployment_row deployment = {
            .id = {{rows[i].deployment}}, .provider = rows[i].provider, .base_url = S(rows[i].url)};
        struct credentials_chosen chosen = {0};

        assert_int(rows[i].what, credentials_choose(&open, &deployment, AUTH_BEARER, &chosen),
                   rows[i].found);
        assert_int(rows[i].what, chosen.count, rows[i].count);
        if (chosen.count > 0) {
            assert_span(rows[i].what, chosen.at[0].secret, rows[i].secret);
            assert_span(rows[i].what, chosen.at[0].base_url, rows[i].filled);
            in_row(rows[i].what, !uuid_is_zero(chosen.at[0].id));
        }
        arena_free(arena);
    }
    seal_free(seal);
}

/* How a secret is sent is the catalog's word, unless its form says more. */
static void the_form_of_a_secret_says_how_it_is_sent(void **state)
{
    static const struct {
        const char *what;
        enum auth_scheme catalog;
        const char *url, *secret, *variables;
        bool made;
        enum auth_scheme auth;
        const char *region;
    } rows[] = {
        {"a key", AUTH_X_API_KEY, "https://a.example", "sk-1", "{}", true, AUTH_X_API_KEY, ""},
        {"with a colon in it", AUTH_BEARER, "https://a.example", "a:b", "", true, AUTH_BEARER, ""},
        {"a token that a person got", AUTH_OAUTH, "https://a.example", "ya29.x", "", true,
         AUTH_BEARER, ""},
        {"AWS's, the region by its variable", AUTH_SIGV4,
         "https://bedrock-runtime.${AWS_REGION}.amazonaws.com", "AKIA1:s/e+c",
         "{\"AWS_REGION\":\"eu-west-3\"}", true, AUTH_SIGV4, "eu-west-3"},
        {"the region by the host", AUTH_SIGV4, "https://bedrock-runtime.us-east-1.amazonaws.com/x",
         "AKIA1:s/e+c:token", "", true, AUTH_SIGV4, "us-east-1"},
        {"behind other labels", AUTH_SIGV4,
         "https://vpce-1.bedrock-runtime-fips.cn-north-1.vpce.amazonaws.com.cn", "ASIA1:s:t", "",
         true, AUTH_SIGV4, "cn-north-1"},
        {"by neither", AUTH_SIGV4, "https://aws.example/bedrock.x", "AKIA1:s", "", false, 0, ""},
        {"a part is empty", AUTH_SIGV4, "https://bedrock.us-east-1.x", "AKIA1:", "", false, 0, ""},
        {"four parts", AUTH_SIGV4, "https://bedrock.us-east-1.x", "a:b:c:d", "", false, 0, ""},
        {"a grant, and nobody to fetch its token", AUTH_OAUTH, "https://a.example",
         "{\"client_id\":\"a\"}", "", false, 0, ""},
        {"Bedrock's API key", AUTH_SIGV4, "https://bedrock.us-east-1.x", "ABSKQmVk", "", true,
         AUTH_BEARER, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 12, 1 << 20);
        const struct deployment_row deployment = {.base_url = S(rows[i].url)};
        struct snapshot_credential made = {0};
        const struct snapshot_rows none = {0};
        struct credentials open = credentials_open(&none, NULL, NULL, arena);
        const struct build_credential given = {S("p"), S(rows[i].secret), S(rows[i].variables)};
        const char *why = credentials_make(&open, &deployment, rows[i].catalog, &given, &made);

        in_row(rows[i].what, (why == NULL) == rows[i].made);
        assert_int(rows[i].what, made.auth, rows[i].auth);
        assert_span(rows[i].what, made.region, rows[i].region);
        arena_free(arena);
    }
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
        struct credentials_chosen chosen;

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
        struct credentials open = credentials_open(&all, with, NULL, arena);
        assert_int(whats[i],
                   credentials_choose(&open, i == 3 ? &at_p : &at_q, AUTH_BEARER, &chosen),
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
        cmocka_unit_test(those_of_the_deployment_win_and_the_newest_comes_first),
        cmocka_unit_test(the_form_of_a_secret_says_how_it_is_sent),
        cmocka_unit_test(what_cannot_be_opened_is_told_and_not_used),
    };

    return run_test_table(tests);
}
