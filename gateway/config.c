/*
 * config: see config.h.
 */
#include "gateway/config.h"

#include <errno.h>
#include <sys/stat.h>

#include "common/base/arena.h"
#include "common/base/file.h"
#include "common/base/mem.h"
#include "common/base/seal.h"
#include "gateway/upstream/fetch.h"
#include "tenants/model/credential.h"
#include "tenants/model/secret.h"

enum { SECRET_MAX = 4096, CREDENTIALS_MAX = 1024, CREDENTIALS_BYTES_MAX = 1 << 20 };

#define AT(member) offsetof(struct config, member)

static const struct option table[] = {
    {"listen", OPTION_TEXT, AT(listen), 0, 256, "127.0.0.1:8080",
     "address and port for clients; port 0 takes a free one; empty: none", NULL},
    {"tls-listen", OPTION_TEXT, AT(tls_listen), 0, 256, "",
     "address and port for clients over TLS; empty: none", NULL},
    {"tls-certificate", OPTION_PATH, AT(tls_certificate), 0, 4096, "",
     "PEM file with the certificate chain; read again on SIGHUP", NULL},
    {"tls-key", OPTION_PATH, AT(tls_key), 0, 4096, "", "PEM file with the certificate's key", NULL},
    {"share-port", OPTION_BOOL, AT(share_port), 0, 0, "off",
     "listen although another gateway of this user does: for a restart without a gap", NULL},
    {"ops-listen", OPTION_TEXT, AT(ops_listen), 0, 256, "127.0.0.1:0",
     "address and port for /metrics, /status, /healthz, /readyz; empty: none", NULL},
    {"port-file", OPTION_PATH, AT(port_file), 0, 4096, "",
     "where the ports are written once they are open; empty: DATA-DIR/ports", NULL},
    {"workers", OPTION_INT, AT(workers), 0, 256, "0", "threads that serve clients; 0: one per core",
     NULL},
    {"mode", OPTION_CHOICE, AT(mode), 0, 0, "production",
     "trial: what has no credential is served by the sandbox", "trial|production"},
    {"data-dir", OPTION_PATH, AT(data_dir), 1, 4096, "var/gateway",
     "folder for the journals, the snapshot's copy and the ports", NULL},
    {"database-url-file", OPTION_PATH, AT(database_url_file), 1, 4096, "var/secrets/gateway.url",
     "file with the URL of PostgreSQL, role tollgate_gateway", NULL},
    {"snapshot-key-file", OPTION_PATH, AT(snapshot_key_file), 0, 4096, "",
     "file with the secret that signs the snapshot's copy and the ids of responses: the same in "
     "all "
     "gateways of a service; empty: no copy is kept, and ids hold until the next start",
     NULL},
    {"credentials-file", OPTION_PATH, AT(credentials_file), 0, 4096, "",
     "file with a line `PROVIDER = SECRET` or `PROVIDER = SECRET {\"VARIABLE\":\"value\"}` each; "
     "all of one provider are used; a secret may be a JSON object, as docs/control.md says",
     NULL},
    {"master-key-file", OPTION_PATH, AT(master_key_file), 0, 4096, "",
     "file with the keys that open the credentials kept in the database, as tollgate-control has "
     "it; read again with each snapshot; empty: those are not used",
     NULL},
    {"sandbox-url", OPTION_TEXT, AT(sandbox_url), 0, 1024, "",
     "base URL of the fake provider; without a path, /v1 is added", NULL},
    {"upstream", OPTION_LIST, AT(upstreams), 0, 1024, NULL,
     "DIALECT=BASE_URL: every provider of that dialect answers there (openai, anthropic, gemini, "
     "bedrock, cohere); repeatable",
     NULL},
    {"ca-file", OPTION_PATH, AT(ca_file), 0, 4096, "",
     "PEM file with the authorities that providers' certificates are checked by; empty: the "
     "system's",
     NULL},
    {"kafka-brokers", OPTION_TEXT, AT(kafka_brokers), 0, 4096, "",
     "host:port,…; empty: billing reads the journal itself", NULL},
    {"kafka-topic", OPTION_TEXT, AT(kafka_topic), 1, 249, "tollgate.usage.v1",
     "topic of the usage events", NULL},
    {"control-url", OPTION_TEXT, AT(control_url), 0, 256, "",
     "http://127.0.0.1:PORT of tollgate-control, which answers /control/v1; empty: nothing is "
     "there",
     NULL},
    {"console-dir", OPTION_PATH, AT(console_dir), 0, 4096, "",
     "folder of the console's built files, read at start and served at /console/; empty: none",
     NULL},
    {"trusted-proxy", OPTION_LIST, AT(trusted_proxies), 0, 64, NULL,
     "address or network (10.0.0.0/8) of a balancer whose x-forwarded-for and x-forwarded-proto "
     "are "
     "believed for /control/v1; repeatable",
     NULL},
    {"drain-seconds", OPTION_INT, AT(drain_seconds), 0, 3600, "600",
     "longest wait for open requests after SIGTERM", NULL},
    {"max-body-bytes", OPTION_INT, AT(max_body_bytes), 1024, 1 << 30, "33554432",
     "largest request body; 413 above it", NULL},
    {"max-bodies-bytes", OPTION_INT, AT(max_bodies_bytes), 1 << 20, INT64_C(1) << 40, "1073741824",
     "all request bodies held at once; 503 above it", NULL},
    {"max-connections", OPTION_INT, AT(max_connections), 1, 1 << 20, "65536",
     "connections of clients; 503 above it", NULL},
    {"max-requests", OPTION_INT, AT(max_requests), 1, 1 << 20, "16384",
     "requests to models worked on at once; 503 above it", NULL},
    {"idle-timeout-seconds", OPTION_INT, AT(idle_timeout_seconds), 1, 3600, "75",
     "idle connections are closed after that; more than a balancer's", NULL},
    {"journal-segment-bytes", OPTION_INT, AT(segment_bytes), 1 << 20, 1 << 30, "16777216",
     "size of a segment of the journal", NULL},
    {"journal-sync-ms", OPTION_INT, AT(sync_ms), 1, 1000, "10",
     "longest wait of a written record for its fdatasync", NULL},
    {"since", OPTION_TEXT, AT(since), 0, 64, "",
     "with the command reship: publishes again what the journals hold since that time", NULL},
    {"journal-keep-seconds", OPTION_INT, AT(journal_keep_seconds), 0, 31536000, "86400",
     "segments are kept at least that long", NULL},
    {"lease-wait-ms", OPTION_INT, AT(lease_wait_ms), 1, 60000, "500",
     "how long a request waits for money", NULL},
    {"lease-life-seconds", OPTION_INT, AT(lease_life_seconds), 30, 86400, "900",
     "life of a lease that is not renewed", NULL},
    {"lease-idle-seconds", OPTION_INT, AT(lease_idle_seconds), 1, 86400, "5",
     "what nobody reserves for so long is given back", NULL},
    {"outage-allowance-cents", OPTION_INT, AT(outage_allowance_cents), 0, INT64_C(100000000),
     "1000", "what a postpaid tenant may use without a lease while PostgreSQL is away", NULL},
    {"access-log", OPTION_PATH, AT(access_log), 0, 4096, "",
     "file for a JSON line per request, opened again on SIGHUP; - is standard output; empty: none",
     NULL},
    {"routing-strategy", OPTION_CHOICE, AT(routing_strategy), 0, 0, "default",
     "order of deployments where neither request nor tenant says one; docs/routing.md",
     "default|price|throughput|latency|balanced|weighted|priority|least-busy|usage"},
    {"log-level", OPTION_CHOICE, AT(log_level), 0, 0, "info", "lines below it are dropped",
     "debug|info|warn|alarm"},
};

static const struct options settings = {
    .program = "tollgate-gateway",
    .about = "The data plane: answers clients of the OpenAI API, meters and pays for each call.\n"
             "tollgate-gateway reship --since TIME publishes the journals' events to Kafka again.\n"
             "SIGTERM drains, a second one ends at once; SIGHUP reads the certificate again and\n"
             "opens the access log anew.",
    .table = table,
    .count = array_size(table),
};

static bool bad(struct buf *error, const char *setting, const char *value, const char *why)
{
    buf_printf(error, "%s = \"%s\": %s", setting, value, why);
    return false;
}

static bool is_set(const char *text)
{
    return text != NULL && text[0] != 0;
}

static bool read_secret(const char *setting, const char *path, struct buf *out, struct buf *error)
{
    int r = file_read_secret(path, out);

    return r == 0 || bad(error, setting, path,
                         r == -EPERM ? "others may read this file (chmod 600)" : strerror(-r));
}

static bool read_upstream(struct config *config, const char *text, struct buf *error)
{
    static const char *const wires[WIRES] = {
        [WIRE_OPENAI] = "openai",
        [WIRE_ANTHROPIC] = "anthropic",
        [WIRE_GEMINI] = "gemini",
        [WIRE_BEDROCK] = "bedrock",
        [WIRE_COHERE] = "cohere",
        [WIRE_ANTHROPIC_VERTEX] = "vertex-anthropic",
        [WIRE_GEMINI_VERTEX] = "vertex-gemini",
        [WIRE_RESPONSES] = "responses",
    };
    struct span url = span_of(text), dialect = span_trim(span_cut(&url, '='));

    url = span_trim(url);
    if (!span_starts(url, "https://") && !span_starts(url, "http://"))
        return bad(error, "upstream", text, "it is DIALECT=BASE_URL");
    for (int i = 0; i < WIRES; i++) {
        if (span_is(dialect, wires[i])) {
            config->build.upstream_url[i] = url;
            return true;
        }
    }
    return bad(
        error, "upstream", text,
        "the dialect is none of openai, anthropic, gemini, bedrock, cohere, vertex-anthropic, "
        "vertex-gemini, responses");
}

/* The secret in front of the variables: up to a brace, or, where it is a JSON object itself, to
 * that one's end. */
static struct span cut_secret(struct span value)
{
    ptrdiff_t brace = span_index(value, '{');
    bool quoted = false;
    int depth = 0;

    if (brace != 0)
        return brace < 0 ? value : span_part(value, 0, (size_t)brace);
    for (size_t i = 0; i < value.size; i++) {
        char c = value.at[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '}'))
            depth += c == '{' ? 1 : -1;
        if (depth == 0)
            return span_part(value, 0, i + 1);
    }
    return span_make(NULL, 0);
}

static const char *grant_problem(struct span secret)
{
    struct arena *arena = arena_new(CREDENTIAL_SECRET_MAX, 4 * CREDENTIAL_SECRET_MAX);
    struct secret_grant grant;
    const char *why = secret_is_grant(secret) ? secret_read_grant(secret, arena, &grant) : NULL;

    arena_free(arena);
    return why;
}

static bool read_credential_line(struct config *config, struct span line, struct buf *error)
{
    struct span value = line, provider = span_trim(span_cut(&value, '=')), secret;
    const char *why;

    line = span_trim(line);
    if (line.size == 0 || line.at[0] == '#')
        return true;
    value = span_trim(value);
    secret = cut_secret(value);
    if (provider.size == 0 || secret.size == 0)
        return bad(error, "credentials-file", config->credentials_file,
                   "a line is `PROVIDER = SECRET` or `PROVIDER = SECRET {…}`");
    why = grant_problem(secret);
    if (why != NULL)
        return bad(error, "credentials-file", config->credentials_file, why);
    if (config->build.credential_count == CREDENTIALS_MAX)
        return bad(error, "credentials-file", config->credentials_file, "too many lines");
    config->credentials[config->build.credential_count++] = (struct build_credential){
        .provider = provider,
        .secret = span_trim(secret),
        .variables = span_trim(span_part(value, secret.size, SIZE_MAX)),
    };
    return true;
}

static bool read_credentials(struct config *config, struct buf *error)
{
    struct stat status;
    struct span rest;
    int r;

    if (!is_set(config->credentials_file))
        return true;
    if (stat(config->credentials_file, &status) == 0 && (status.st_mode & 077) != 0)
        return bad(error, "credentials-file", config->credentials_file,
                   "others may read this file (chmod 600)");
    r = file_read(config->credentials_file, &config->credentials_text);
    if (r < 0)
        return bad(error, "credentials-file", config->credentials_file, strerror(-r));
    config->credentials = mem_array(CREDENTIALS_MAX, sizeof(struct build_credential));
    config->build.credentials = config->credentials;
    rest = buf_span(&config->credentials_text);
    while (rest.size > 0) {
        if (!read_credential_line(config, span_cut(&rest, '\n'), error))
            return false;
    }
    return true;
}

/* The loader reads it again; what is wrong with it is told at the start. */
static bool check_master_keys(struct config *config, struct buf *error)
{
    struct buf why cleanup(buf_done) = buf_make(SECRET_MAX);
    struct seal *seal = NULL;

    if (!is_set(config->master_key_file))
        return true;
    if (seal_load(config->master_key_file, &seal, &why) < 0)
        return bad(error, "master-key-file", config->master_key_file, why.size == 0 ? "" : why.at);
    seal_free(seal);
    return true;
}

/* http://host:port becomes http://host:port/v1. */
static void complete_sandbox_url(struct config *config)
{
    struct span url = span_of(config->sandbox_url), rest;
    char *whole;

    if (url.size == 0)
        return;
    while (span_ends(url, "/"))
        url.size--;
    rest = span_part(url, span_starts(url, "https://") ? 8 : 7, SIZE_MAX);
    whole = mem_printf("%.*s%s", SPAN_ARG(url), span_index(rest, '/') < 0 ? "/v1" : "");
    mem_free(config->sandbox_url);
    config->sandbox_url = whole;
    config->build.sandbox_url = span_of(whole);
}

static bool read_trust(struct config *config, struct buf *error)
{
    for (size_t i = 0; i < config->trusted_proxies.count; i++) {
        const char *item = config->trusted_proxies.items[i];

        if (forwarded_trust_add(&config->trust, span_of(item)) != 0)
            return bad(error, "trusted-proxy", item,
                       "it is an address, or a network like 10.0.0.0/8; at most 32 of them");
    }
    return true;
}

static bool follow(struct config *config, struct buf *error)
{
    struct buf url cleanup(buf_done) = buf_make(SECRET_MAX);

    config->build.trial = config->mode == MODE_TRIAL;
    if (is_set(config->control_url) && !fetch_origin_ok(config->control_url))
        return bad(error, "control-url", config->control_url,
                   "it is http://127.0.0.1:PORT, [::1] or localhost, without a path");
    complete_sandbox_url(config);
    for (size_t i = 0; i < config->upstreams.count; i++) {
        if (!read_upstream(config, config->upstreams.items[i], error))
            return false;
    }
    if (is_set(config->tls_listen) &&
        (!is_set(config->tls_certificate) || !is_set(config->tls_key)))
        return bad(error, "tls-listen", config->tls_listen,
                   "it needs tls-certificate and tls-key too");
    if (!read_trust(config, error) ||
        !read_secret("database-url-file", config->database_url_file, &url, error) ||
        !read_credentials(config, error) || !check_master_keys(config, error))
        return false;
    config->database_url = span_dup(buf_span(&url));
    if (is_set(config->snapshot_key_file)) {
        if (!read_secret("snapshot-key-file", config->snapshot_key_file, &config->snapshot_key,
                         error))
            return false;
        config->copy_path = mem_printf("%s/snapshot", config->data_dir);
    }
    config->journal_root = mem_printf("%s/journal", config->data_dir);
    if (!is_set(config->port_file)) {
        mem_free(config->port_file);
        config->port_file = mem_printf("%s/ports", config->data_dir);
    }
    return true;
}

enum options_outcome config_read(char **argv, char **environment, struct config *config,
                                 struct buf *error)
{
    enum options_outcome outcome;

    memset(config, 0, sizeof(*config));
    config->snapshot_key = buf_make(SECRET_MAX);
    config->credentials_text = buf_make(CREDENTIALS_BYTES_MAX);
    outcome = options_read(&settings, argv, environment, config, NULL, error);
    if (outcome != OPTIONS_GO)
        return outcome;
    return follow(config, error) ? OPTIONS_GO : OPTIONS_BAD;
}

void config_done(struct config *config)
{
    options_done(&settings, config);
    if (config->database_url != NULL)
        mem_free_secret(config->database_url, strlen(config->database_url));
    mem_free(config->journal_root);
    mem_free(config->copy_path);
    mem_free(config->credentials);
    buf_done(&config->snapshot_key);
    buf_done(&config->credentials_text);
}
