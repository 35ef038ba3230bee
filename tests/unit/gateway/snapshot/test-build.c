/* build, copy: what rows become, in trial and in production, and that the copy on disk is the same
 * or nothing. */
#include "gateway/snapshot/build.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "gateway/snapshot/copy.h"
#include "tenants/store/snapshot_read.h"
#include "tests/support/testing.h"

enum { DEPLOYMENTS = 6, MODELS = 4 };

#define T0 INT64_C(1800000000000)
#define S(text) span_of(text)

static struct tenant_row tenants[1];
static struct subscription_row subscriptions[2];
static struct plan_version plans[2];
static struct plan_discount_row discounts[1];
static struct provider_row providers[4];
static struct model_row models[MODELS];
static struct alias_row aliases[1];
static struct deployment_row deployments[DEPLOYMENTS];
static struct price_version prices[DEPLOYMENTS + 2];
static struct key_row keys[1];
static struct project_row projects[1];
static struct span allowed[2], regions[2];
static const struct price_rate rates[2] = {{METER_INPUT, MODE_STANDARD, 0, 2000000},
                                           {METER_OUTPUT, MODE_STANDARD, 0, 8000000}};
static const struct price_rate free_rates[1] = {{METER_INPUT, MODE_STANDARD, 0, 0}};

struct deployment_facts {
    uint32_t model, provider;
    const char *upstream, *dialect, *url;
    uint32_t first_price, price_count;
};

static const struct deployment_facts facts[DEPLOYMENTS] = {
    {0, 0, "gpt-4.1", "openai", "https://api.openai.com/v1", 0, 3},
    {0, 1, "my-gpt", "azure-openai", "https://${RESOURCE}.azure.com/openai/v1", 3, 1},
    {0, 2, "gpt-4.1", "openai-compatible", "https://groq", 4, 1},
    {1, 3, "claude-sonnet-4-5", "anthropic", "https://api.anthropic.com/v1", 5, 1},
    {2, 0, "twin", "openai", "https://api.openai.com/v1", 6, 1},
    {3, 0, "twin", "openai", "https://api.openai.com/v1", 7, 1},
};

static struct deployment_row deployment(uint8_t id, const struct deployment_facts *of)
{
    return (struct deployment_row){.id = {{id}},
                                   .model = of->model,
                                   .provider = of->provider,
                                   .first_price = of->first_price,
                                   .price_count = of->price_count,
                                   .upstream_id = S(of->upstream),
                                   .failure_domain = S(of->upstream),
                                   .dialect = S(of->dialect),
                                   .auth = S("bearer"),
                                   .base_url = S(of->url),
                                   .query = S(""),
                                   .capabilities = S("{}"),
                                   .region = S(""),
                                   .quantization = S("")};
}

static struct price_version price(uint8_t id, uint8_t of, enum price_book book, int64_t from_ms,
                                  int64_t until_ms)
{
    return (struct price_version){.id = {{id}},
                                  .deployment = {{of}},
                                  .book = book,
                                  .from_ms = from_ms,
                                  .until_ms = until_ms,
                                  .rates = rates,
                                  .rate_count = 2};
}

static struct snapshot_rows make_rows(void)
{
    providers[0] = (struct provider_row){S("openai"), S("OpenAI"), false};
    providers[1] = (struct provider_row){S("azure"), S("Azure"), false};
    providers[2] = (struct provider_row){S("groq"), S("Groq"), true};
    providers[3] = (struct provider_row){S("anthropic"), S("Anthropic"), false};
    models[0] = (struct model_row){
        S("openai/gpt-4.1"), S("GPT-4.1"), S("chat"), S("{}"), ROW_PUBLISHED, false, 0, 0, 3};
    models[1] = (struct model_row){S("anthropic/claude-sonnet-4.5"),
                                   S("Sonnet"),
                                   S("chat"),
                                   S("{}"),
                                   ROW_PUBLISHED,
                                   false,
                                   0,
                                   3,
                                   1};
    models[2] = (struct model_row){S("a/twin"), S("Twin"), S("chat"), S("{}"), ROW_PUBLISHED,
                                   false,       0,         4,         1};
    models[3] = (struct model_row){S("b/twin"), S("Twin"), S("chat"), S("{}"), ROW_QUARANTINED,
                                   false,       0,         5,         1};
    aliases[0] = (struct alias_row){S("sonnet"), 1};
    for (size_t i = 0; i < DEPLOYMENTS; i++) {
        deployments[i] = deployment((uint8_t)(i + 1), &facts[i]);
    }
    prices[0] = price(11, 1, BOOK_LIST, 0, T0);
    prices[1] = price(12, 1, BOOK_LIST, T0, INT64_MAX);
    prices[2] = price(13, 1, BOOK_COST, 0, INT64_MAX);
    for (uint8_t i = 3; i < 8; i++) {
        prices[i] = price((uint8_t)(11 + i), (uint8_t)(i - 1), BOOK_LIST, 0, INT64_MAX);
    }
    prices[6].rates = free_rates;
    prices[6].rate_count = 1;
    plans[0] = (struct plan_version){
        .id = {{21}}, .plan = S("free"), .until_ms = INT64_MAX, .markup_ppm = 100000};
    plans[1] = (struct plan_version){.id = {{22}},
                                     .plan = S("pro"),
                                     .until_ms = INT64_MAX,
                                     .markup_ppm = 50000,
                                     .discount_ppm = 1000};
    discounts[0] = (struct plan_discount_row){1, 0, 20000};
    subscriptions[0] = (struct subscription_row){0, 0, T0};
    subscriptions[1] = (struct subscription_row){1, T0, INT64_MAX};
    tenants[0] = (struct tenant_row){.id = {{31}},
                                     .home_cell = S("c1"),
                                     .subscription_count = 2,
                                     .routing = {.hedge = true,
                                                 .no_collection = true,
                                                 .strategy = S("latency"),
                                                 .regions = regions,
                                                 .region_count = 2}};
    regions[0] = S("eu");
    regions[1] = S("us-east-1");
    projects[0] = (struct project_row){.id = {{41}}};
    allowed[0] = S("openai/gpt-4.1");
    allowed[1] = S("sonnet");
    keys[0] = (struct key_row){
        .id = {{51}}, .status_reason = S("x"), .allowed_models = allowed, .allowed_count = 2};
    return (struct snapshot_rows){.version = 7,
                                  .read_ms = T0,
                                  .tenants = tenants,
                                  .projects = projects,
                                  .keys = keys,
                                  .subscriptions = subscriptions,
                                  .plans = plans,
                                  .plan_discounts = discounts,
                                  .providers = providers,
                                  .models = models,
                                  .aliases = aliases,
                                  .deployments = deployments,
                                  .prices = prices,
                                  .tenant_count = 1,
                                  .project_count = 1,
                                  .key_count = 1,
                                  .subscription_count = 2,
                                  .plan_count = 2,
                                  .plan_discount_count = 1,
                                  .provider_count = 4,
                                  .model_count = MODELS,
                                  .alias_count = 1,
                                  .deployment_count = DEPLOYMENTS,
                                  .price_count = 8};
}

static struct snapshot *build(bool trial, const struct build_credential *credential,
                              const char *openai_url)
{
    struct snapshot_rows rows = make_rows();
    struct build_config config = {.trial = trial,
                                  .sandbox_url = S("http://127.0.0.1:9/v1"),
                                  .credentials = credential,
                                  .credential_count = credential == NULL ? 0 : 1};

    config.upstream_url[WIRE_OPENAI] = span_of(openai_url);
    return snapshot_build(&rows, &config);
}

static const struct snapshot_deployment *find(const struct snapshot *snapshot, uint8_t id)
{
    return snapshot_find_deployment(snapshot, (struct uuid){{id}});
}

static void who_answers_for_a_deployment_depends_on_mode_and_credentials(void **state)
{
    static const struct build_credential azure = {
        {"azure", 5}, {"secret", 6}, {"{\"RESOURCE\":\"acme\"}", 19}};
    static const struct build_credential azure_bare = {{"azure", 5}, {"secret", 6}, {"{}", 2}};
    static const struct {
        const char *what;
        bool trial;
        const struct build_credential *credential;
        const char *openai_url;
        uint8_t deployment;
        bool callable, sandbox;
        const char *url;
    } rows[] = {
        {"trial: the sandbox", true, NULL, NULL, 1, true, true, "http://127.0.0.1:9/v1"},
        {"trial: of every dialect", true, NULL, NULL, 4, true, true, "http://127.0.0.1:9/v1"},
        {"trial: a provider that is off is off", true, NULL, NULL, 3, false, true,
         "http://127.0.0.1:9/v1"},
        {"trial: without a price nothing is sold", true, NULL, NULL, 5, false, true,
         "http://127.0.0.1:9/v1"},
        {"trial: nor what is quarantined", true, NULL, NULL, 6, false, true,
         "http://127.0.0.1:9/v1"},
        {"trial: with a credential, the provider", true, &azure, NULL, 2, true, false,
         "https://acme.azure.com/openai/v1"},
        {"an override counts as a credential", true, NULL, "http://127.0.0.1:8/v1", 1, true, false,
         "http://127.0.0.1:8/v1"},
        {"and is for its own dialect only", true, NULL, "http://127.0.0.1:8/v1", 4, true, true,
         "http://127.0.0.1:9/v1"},
        {"production: nobody", false, NULL, NULL, 1, false, false, ""},
        {"production: with a credential", false, &azure, NULL, 2, true, false,
         "https://acme.azure.com/openai/v1"},
        {"production: a variable that nobody knows", false, &azure_bare, NULL, 2, false, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct snapshot *snapshot = build(rows[i].trial, rows[i].credential, rows[i].openai_url);
        const struct snapshot_deployment *d = find(snapshot, rows[i].deployment);

        assert_int(rows[i].what, d->callable, rows[i].callable);
        assert_int(rows[i].what, d->sandbox, rows[i].sandbox);
        if (rows[i].url[0] == '\0')
            in_row(rows[i].what, d->credential_count == 0);
        else
            assert_span(rows[i].what, d->credentials[0].base_url, rows[i].url);
        snapshot_unref(snapshot);
    }
}

/* An operator wanted the provider itself, so the sandbox must not answer in its place. */
static void a_credential_that_does_not_open_leaves_its_provider_uncallable(void **state)
{
    static const struct build_credential own = {{"openai", 6}, {"secret", 6}, {"", 0}};
    struct credential_row row = {.origin = S("https://api.openai.com"),
                                 .variables = S("{}"),
                                 .sealed = S("nonsense"),
                                 .master_key_id = S("0123456789abcdef")};
    struct snapshot_rows rows = make_rows();
    struct build_config config = {.trial = true, .sandbox_url = S("http://127.0.0.1:9/v1")};
    struct snapshot *snapshot;

    (void)state;
    rows.credentials = &row;
    rows.credential_count = 1;
    snapshot = snapshot_build(&rows, &config);
    in_row("neither it nor the sandbox",
           !find(snapshot, 1)->callable && !find(snapshot, 1)->sandbox);
    in_row("others go on", find(snapshot, 4)->callable);
    assert_int("it is told", snapshot_unusable_count(snapshot), 1);
    in_row("and why", snapshot_unusable_at(snapshot, 0)->why != NULL);
    snapshot_unref(snapshot);
    config.credentials = &own;
    config.credential_count = 1;
    snapshot = snapshot_build(&rows, &config);
    in_row("this gateway's own file helps", find(snapshot, 1)->callable);
    assert_span("with its secret", find(snapshot, 1)->credentials[0].secret, "secret");
    snapshot_unref(snapshot);
}

/* Both lines of the file go on while a key is changed. */
static void all_credentials_of_the_own_file_are_used(void **state)
{
    static const struct build_credential own[] = {
        {{"openai", 6}, {"one", 3}, {"", 0}},
        {{"azure", 5}, {"other", 5}, {"{}", 2}},
        {{"openai", 6}, {"two", 3}, {"", 0}},
    };
    const struct build_config config = {.credentials = own, .credential_count = array_size(own)};
    struct snapshot_rows rows = make_rows();
    struct snapshot *snapshot = snapshot_build(&rows, &config);
    const struct snapshot_deployment *d = find(snapshot, 1);

    (void)state;
    assert_int("both", d->credential_count, 2);
    assert_span("the first", d->credentials[0].secret, "one");
    assert_span("the second", d->credentials[1].secret, "two");
    in_row("they are told apart", d->credentials[0].fingerprint != d->credentials[1].fingerprint);
    in_row("none of the other", !find(snapshot, 2)->callable);
    snapshot_unref(snapshot);
}

static void a_test_key_reaches_the_sandbox_in_production_too(void **state)
{
    struct snapshot *snapshot = build(false, NULL, NULL);
    const struct snapshot_deployment *d = find(snapshot, 1);

    (void)state;
    assert_non_null(d->sandboxed);
    in_row("by the fake provider", d->sandboxed->sandbox && d->sandboxed->callable);
    assert_true(uuid_equal(d->sandboxed->id, d->id));
    assert_null(find(snapshot, 5)->sandboxed);
    in_row("the model says so",
           snapshot_find_model(snapshot, S("openai/gpt-4.1"))->sandbox_callable);
    in_row("and that nobody else can",
           !snapshot_find_model(snapshot, S("openai/gpt-4.1"))->callable);
    snapshot_unref(snapshot);
}

static void a_model_answers_to_every_name_that_means_it_alone(void **state)
{
    static const struct {
        const char *what, *name, *id;
    } rows[] = {
        {"its id", "openai/gpt-4.1", "openai/gpt-4.1"},
        {"an alias", "sonnet", "anthropic/claude-sonnet-4.5"},
        {"without the author", "gpt-4.1", "openai/gpt-4.1"},
        {"as its maker calls it", "claude-sonnet-4-5", "anthropic/claude-sonnet-4.5"},
        {"not as another provider calls it", "my-gpt", NULL},
        {"not a name that two have", "twin", NULL},
        {"not what nobody has", "gpt-5", NULL},
    };
    struct snapshot *snapshot = build(true, NULL, NULL);

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        const struct snapshot_model *model = snapshot_find_model(snapshot, S(rows[i].name));

        in_row(rows[i].what, (model == NULL) == (rows[i].id == NULL));
        if (model != NULL) {
            assert_span(rows[i].what, model->id, rows[i].id);
        }
    }
    snapshot_unref(snapshot);
}

static void a_key_given_a_model_by_an_alias_allows_the_model(void **state)
{
    struct secret_row secret = {
        .hash = digest_sha256(S("secret")), .public_part = S("x"), .expires_ms = INT64_MAX};
    struct build_config config = {.trial = true, .sandbox_url = S("http://127.0.0.1:9/v1")};
    struct snapshot_rows rows = make_rows();
    struct snapshot *snapshot;
    const struct snapshot_key *key;
    int64_t expires_ms;

    (void)state;
    rows.secrets = &secret;
    rows.secret_count = 1;
    snapshot = snapshot_build(&rows, &config);
    key = snapshot_find_key(snapshot, &secret.hash, &expires_ms);
    assert_non_null(key);
    assert_int("both", key->allowed_count, 2);
    assert_span("an id", key->allowed_models[0], "openai/gpt-4.1");
    assert_span("an alias", key->allowed_models[1], "anthropic/claude-sonnet-4.5");
    snapshot_unref(snapshot);
}

static void a_name_that_is_near_is_offered(void **state)
{
    struct snapshot *snapshot = build(true, NULL, NULL);
    struct span near[4];

    (void)state;
    assert_int("one is near", snapshot_near_models(snapshot, S("gpt-4.1-turbo"), near, 4), 1);
    assert_span("that one", near[0], "openai/gpt-4.1");
    assert_int("none is", snapshot_near_models(snapshot, S("zzz"), near, 4), 0);
    assert_int("an empty name is near to none", snapshot_near_models(snapshot, S(""), near, 4), 0);
    snapshot_unref(snapshot);
}

static void versions_are_those_of_the_request_start(void **state)
{
    struct snapshot *snapshot = build(true, NULL, NULL);
    struct snapshot_rows rows = make_rows();
    struct snapshot_tenant tenant = {.id = tenants[0].id};
    const struct plan_version *both[2] = {&plans[0], &plans[1]};
    const int64_t from[2] = {0, T0}, until[2] = {T0, INT64_MAX};
    struct snapshot_terms terms;

    (void)state;
    (void)rows;
    tenant.plans = both;
    tenant.plan_from_ms = from;
    tenant.plan_until_ms = until;
    tenant.plan_count = 2;
    in_row("before", snapshot_terms(snapshot, find(snapshot, 1), &tenant, T0 - 1, &terms));
    assert_int("the old price", terms.list->id.at[0], 11);
    assert_int("the old plan", terms.terms.markup_ppm, 100000);
    in_row("at the very moment", snapshot_terms(snapshot, find(snapshot, 1), &tenant, T0, &terms));
    assert_int("the new price", terms.list->id.at[0], 12);
    assert_int("the provider's own discount", terms.terms.discount_ppm, 20000);
    assert_int("what it costs us", terms.cost->id.at[0], 13);
    in_row("elsewhere the plan's",
           snapshot_terms(snapshot, find(snapshot, 4), &tenant, T0, &terms));
    assert_int("the plan's discount", terms.terms.discount_ppm, 1000);
    assert_null(terms.cost);
    tenant.plan_count = 1;
    in_row("without a plan nothing is sold",
           !snapshot_terms(snapshot, find(snapshot, 1), &tenant, T0, &terms));
    snapshot_unref(snapshot);
}

static void the_copy_is_the_same_or_nothing(void **state)
{
    char path[] = "/tmp/tollgate-copy-XXXXXX";
    struct snapshot_rows rows = make_rows(), *back = NULL;
    struct buf file = buf_make(1 << 20);
    int fd = mkstemp(path);

    (void)state;
    in_row("a file", fd >= 0);
    close(fd);
    assert_int("written", copy_write(path, S("key"), &rows), 0);
    assert_int("read", copy_read(path, S("key"), &back), 0);
    assert_int("version", back->version, 7);
    assert_span("a text", back->deployments[1].base_url, "https://${RESOURCE}.azure.com/openai/v1");
    assert_span("a list of texts", back->keys[0].allowed_models[1], "sonnet");
    assert_span("a text within", back->tenants[0].routing.strategy, "latency");
    assert_span("a list within", back->tenants[0].routing.regions[1], "us-east-1");
    assert_int("a list of rates", back->prices[1].rates[1].pico_per_unit, 8000000);
    snapshot_rows_free(back);
    assert_int("another key", copy_read(path, S("other"), &back), -EBADMSG);
    assert_int("loaded", file_read(path, &file), 0);
    for (size_t i = 0; i < file.size; i += 41) {
        file.at[i] = (char)(file.at[i] ^ 1);
        assert_int("kept", file_write_atomic(path, buf_span(&file), 0600), 0);
        in_row("a flipped bit",
               i >= 12 && i < 16 ? true : copy_read(path, S("key"), &back) == -EBADMSG);
        file.at[i] = (char)(file.at[i] ^ 1);
    }
    assert_int("cut", file_write_atomic(path, span_part(buf_span(&file), 0, file.size - 1), 0600),
               0);
    assert_int("is refused", copy_read(path, S("key"), &back), -EBADMSG);
    unlink(path);
    assert_int("none", copy_read(path, S("key"), &back), -ENOENT);
    buf_done(&file);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_answers_for_a_deployment_depends_on_mode_and_credentials),
        cmocka_unit_test(a_credential_that_does_not_open_leaves_its_provider_uncallable),
        cmocka_unit_test(all_credentials_of_the_own_file_are_used),
        cmocka_unit_test(a_test_key_reaches_the_sandbox_in_production_too),
        cmocka_unit_test(a_model_answers_to_every_name_that_means_it_alone),
        cmocka_unit_test(a_key_given_a_model_by_an_alias_allows_the_model),
        cmocka_unit_test(a_name_that_is_near_is_offered),
        cmocka_unit_test(versions_are_those_of_the_request_start),
        cmocka_unit_test(the_copy_is_the_same_or_nothing),
    };

    return run_test_table(tests);
}
