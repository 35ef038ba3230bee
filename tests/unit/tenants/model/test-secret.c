/* secret: what a provider's secret is made of. */
#include "tenants/model/secret.h"

#include "common/base/arena.h"
#include "tenants/model/credential.h"
#include "tests/support/testing.h"

#define ACCOUNT(more)                                                                              \
    "{\"type\":\"service_account\",\"client_email\":\"me@p.example\",\"private_key\":"             \
    "\"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n\"" more "}"
#define CLIENT(more) "{\"client_id\":\"app\",\"client_secret\":\"s&=+\"" more "}"

static void the_members_of_a_grant_are_read_or_refused(void **state)
{
    static const struct {
        const char *what, *secret, *why; /* why: a part of it; NULL: it is read */
        enum secret_grant_kind kind;
        const char *id, *token_url, *scope;
    } rows[] = {
        {"Google's", ACCOUNT(",\"private_key_id\":\"k\",\"project_id\":\"p\""), NULL,
         SECRET_SERVICE_ACCOUNT, "me@p.example", "https://oauth2.googleapis.com/token",
         "https://www.googleapis.com/auth/cloud-platform"},
        {"with a URL and a scope of its own",
         ACCOUNT(",\"token_uri\":\"https://t.example/t\",\"scope\":\"a b\""), NULL,
         SECRET_SERVICE_ACCOUNT, "me@p.example", "https://t.example/t", "a b"},
        {"of several lines",
         "{\n\t\"client_id\": \"app\",\r\n \"client_secret\": \"s\","
         " \"tenant_id\": \"t\"\n}",
         NULL, SECRET_CLIENT, "app", "https://login.microsoftonline.com/t/oauth2/v2.0/token",
         "https://cognitiveservices.azure.com/.default"},
        {"Microsoft's", CLIENT(",\"tenant_id\":\"t-1\",\"type\":\"client\""), NULL, SECRET_CLIENT,
         "app", "https://login.microsoftonline.com/t-1/oauth2/v2.0/token",
         "https://cognitiveservices.azure.com/.default"},
        {"of this host", CLIENT(",\"token_uri\":\"http://127.0.0.1:9/t\",\"scope\":\"x\""), NULL,
         SECRET_CLIENT, "app", "http://127.0.0.1:9/t", "x"},
        {"plain http elsewhere", CLIENT(",\"token_uri\":\"http://t.example/t\""), "https", 0, "",
         "", ""},
        {"a tenant that leads away", CLIENT(",\"tenant_id\":\"../x\""), "tenant_id", 0, "", "", ""},
        {"nobody's tenant", CLIENT(""), "tenant_id", 0, "", "", ""},
        {"no secret", "{\"client_id\":\"app\",\"tenant_id\":\"t\"}", "client_secret", 0, "", "",
         ""},
        {"no address", "{\"type\":\"service_account\",\"private_key\":\"-----BEGIN \"}",
         "client_email", 0, "", "", ""},
        {"a key that is none",
         "{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"MII\"}", "PEM", 0,
         "", "", ""},
        {"a person's", "{\"type\":\"authorized_user\",\"client_id\":\"a\"}", "type", 0, "", "", ""},
        {"cut", "{\"type\":\"service_account\"", "JSON", 0, "", "", ""},
        {"two members alike", "{\"client_id\":\"a\",\"client_id\":\"b\"}", "JSON", 0, "", "", ""},
        {"a number", "{\"client_id\":1,\"client_secret\":2,\"tenant_id\":\"t\"}", "client_id", 0,
         "", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct arena *arena = arena_new(1 << 12, 1 << 20);
        struct secret_grant grant = {0};
        const char *why = secret_read_grant(span_of(rows[i].secret), arena, &grant);

        in_row(rows[i].what, secret_is_grant(span_of(rows[i].secret)));
        in_row(rows[i].what, (why == NULL) == (rows[i].why == NULL));
        if (rows[i].why != NULL)
            in_row(rows[i].what, strstr(why, rows[i].why) != NULL);
        assert_int(rows[i].what, grant.kind, rows[i].kind);
        assert_span(rows[i].what, grant.id, rows[i].id);
        assert_span(rows[i].what, grant.token_url, rows[i].token_url);
        assert_span(rows[i].what, grant.scope, rows[i].scope);
        if (why == NULL && grant.kind == SECRET_SERVICE_ACCOUNT)
            in_row(rows[i].what, span_starts(grant.key, "-----BEGIN PRIVATE KEY-----\nMII\n"));
        arena_free(arena);
    }
}

static void only_a_grant_may_have_several_lines(void **state)
{
    (void)state;
    assert_true(credential_secret_ok(span_of("{\n \"client_id\": \"a\"\n}")));
    assert_false(credential_secret_ok(span_of("sk-a\nb")));
    assert_false(credential_secret_ok(span_of("{\"a\":\"\x01\"}")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_members_of_a_grant_are_read_or_refused),
        cmocka_unit_test(only_a_grant_may_have_several_lines),
    };

    return run_test_table(tests);
}
