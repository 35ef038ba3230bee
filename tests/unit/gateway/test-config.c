#include "gateway/config.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/support/testing.h"

enum { ARGUMENTS_MAX = 32 };

static char folder[] = "/tmp/tollgate-config-XXXXXX";
/* A brace and a quote in a text end nothing. */
#define GRANT                                                                                      \
    "{\"client_id\":\"a\",\"client_secret\":\"}=\\\"{\",\"tenant_id\":\"t\",\"x\":{\"y\":1}}"

static char url_path[64], credentials_path[64];

static void write_file(const char *path, const char *text, unsigned mode)
{
    assert_int_equal(file_write_atomic(path, span_of(text), mode), 0);
    assert_int_equal(chmod(path, (mode_t)mode), 0);
}

/* With the program's name before them and the database's URL behind. */
static enum options_outcome read_arguments(const char *const *words, size_t count,
                                           struct config *config, struct buf *error)
{
    char *argv[ARGUMENTS_MAX] = {strdup("tollgate-gateway")};
    enum options_outcome outcome;

    for (size_t i = 0; i < count; i++)
        argv[i + 1] = strdup(words[i]);
    argv[count + 1] = strdup("--database-url-file");
    argv[count + 2] = strdup(url_path);
    *error = buf_make(1024);
    outcome = config_read(argv, NULL, config, error);
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    return outcome;
}

static void what_follows_from_the_settings_is_filled_in(void **state)
{
    const char *const words[] = {"--data-dir",
                                 "/d",
                                 "--mode",
                                 "trial",
                                 "--sandbox-url",
                                 "http://127.0.0.1:9",
                                 "--upstream",
                                 "openai=http://127.0.0.1:8/v1",
                                 "--upstream",
                                 "anthropic=https://a.example",
                                 "--credentials-file",
                                 credentials_path};
    struct config config;
    struct buf error;

    (void)state;
    write_file(credentials_path,
               "# ours\n\nopenai = sk-1\n azure = s2 {\"RESOURCE\":\"x\"}\n"
               "vertex = " GRANT "  {\"P\":\"p\"}\nx=" GRANT "\n",
               0600);
    if (read_arguments(words, array_size(words), &config, &error) != OPTIONS_GO)
        fail_msg("%s", error.at);
    assert_string_equal(config.database_url, "postgresql://x");
    assert_string_equal(config.journal_root, "/d/journal");
    assert_string_equal(config.port_file, "/d/ports");
    assert_null(config.copy_path);
    assert_true(config.build.trial);
    assert_span("sandbox", config.build.sandbox_url, "http://127.0.0.1:9/v1");
    assert_span("openai", config.build.upstream_url[WIRE_OPENAI], "http://127.0.0.1:8/v1");
    assert_span("anthropic", config.build.upstream_url[WIRE_ANTHROPIC], "https://a.example");
    assert_span("gemini", config.build.upstream_url[WIRE_GEMINI], "");
    assert_int("credentials", config.build.credential_count, 4);
    assert_span("a grant", config.build.credentials[2].secret, GRANT);
    assert_span("its variables", config.build.credentials[2].variables, "{\"P\":\"p\"}");
    assert_span("a grant alone", config.build.credentials[3].secret, GRANT);
    assert_span("without variables", config.build.credentials[3].variables, "");
    assert_span("provider", config.build.credentials[1].provider, "azure");
    assert_span("secret", config.build.credentials[1].secret, "s2");
    assert_span("variables", config.build.credentials[1].variables, "{\"RESOURCE\":\"x\"}");
    config_done(&config);
    buf_done(&error);
}

static void what_makes_no_sense_is_named(void **state)
{
    static const struct {
        const char *option, *value, *word;
    } rows[] = {
        {"--upstream", "openai", "upstream"},
        {"--upstream", "telex=http://127.0.0.1:1", "dialect"},
        {"--upstream", "openai=ftp://x", "upstream"},
        {"--tls-listen", "127.0.0.1:0", "tls-certificate"},
        {"--workers", "1000", "workers"},
        {"--mode", "play", "mode"},
        {"--credentials-file", credentials_path, "chmod 600"},
        {"--snapshot-key-file", "/nowhere/key", "snapshot-key-file"},
        {"--nonsense", "1", "nonsense"},
    };

    (void)state;
    write_file(credentials_path, "openai = sk-1\n", 0644);
    for (size_t i = 0; i < array_size(rows); i++) {
        const char *const words[] = {rows[i].option, rows[i].value};
        struct config config;
        struct buf error;

        assert_int(rows[i].value, read_arguments(words, array_size(words), &config, &error),
                   OPTIONS_BAD);
        if (error.at == NULL || strstr(error.at, rows[i].word) == NULL)
            fail_msg("%s %s: said \"%s\"", rows[i].option, rows[i].value, error.at);
        config_done(&config);
        buf_done(&error);
    }
}

static void a_credential_line_without_a_secret_is_refused(void **state)
{
    static const char *const texts[] = {"openai\n", "openai =\n", "= secret\n", "openai = {}\n",
                                        "openai = {\"client_id\":\"a\"\n"};

    (void)state;
    for (size_t i = 0; i < array_size(texts); i++) {
        const char *const words[] = {"--credentials-file", credentials_path};
        struct config config;
        struct buf error;

        write_file(credentials_path, texts[i], 0600);
        assert_int(texts[i], read_arguments(words, array_size(words), &config, &error),
                   OPTIONS_BAD);
        config_done(&config);
        buf_done(&error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_from_the_settings_is_filled_in),
        cmocka_unit_test(what_makes_no_sense_is_named),
        cmocka_unit_test(a_credential_line_without_a_secret_is_refused),
    };
    int failed;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(url_path, sizeof(url_path), "%s/url", folder);
    (void)snprintf(credentials_path, sizeof(credentials_path), "%s/credentials", folder);
    write_file(url_path, "postgresql://x\n", 0600);
    failed = run_test_table(tests);
    unlink(url_path);
    unlink(credentials_path);
    rmdir(folder);
    return failed;
}
