/*
 * TLS as clients see it: an OpenSSL client over loopback against a server in a thread of its own.
 */
#include "common/httpd/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/httpd/httpd.h"
#include "tests/support/testing.h"

enum { WAIT_S = 20 };

static char folder[] = "/tmp/tollgate-tls-XXXXXX";
static char certificate_path[64], key_path[64];

/* A new self-signed certificate for `name`. */
static void write_certificate(const char *name)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    FILE *file;

    X509_set_version(certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    file = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct server {
    struct httpd *httpd;
    struct httpd_tls *tls;
    pthread_t thread;
    uint16_t port;
    _Atomic int handled, gone;
};

static void on_gone(void *owner)
{
    struct server *server = owner;

    server->gone++;
}

static void on_request(void *context, struct httpd_request *request)
{
    struct server *server = context;

    server->handled++;
    if (span_is(httpd_path(request), "/hold"))
        httpd_attach(request, server, on_gone, NULL);
    else
        httpd_answer(request, 200, NULL, 0, httpd_body(request));
}

static void *serve(void *argument)
{
    struct server *server = argument;

    httpd_run(server->httpd);
    return NULL;
}

static void start(struct server *server)
{
    struct httpd_handler handler = {.context = server, .on_request = on_request};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    struct buf why = buf_make(512);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memset(server, 0, sizeof(*server));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    server->tls = tls_new(certificate_path, key_path, &why);
    assert_non_null(server->tls);
    server->httpd = httpd_new(&httpd_config_initial, &handler);
    httpd_listen(server->httpd, fd, server->tls);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    buf_done(&why);
}

static void stop(struct server *server)
{
    httpd_stop(server->httpd, 5000);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    httpd_free(server->httpd);
    tls_free(server->tls);
}

/* Connects; `alpn` in wire form, or NULL. NULL when the handshake fails. */
static SSL *dial(const struct server *server, int max_version, const char *alpn)
{
    static const struct timeval wait = {.tv_sec = WAIT_S};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(server->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl;

    SSL_CTX_set_max_proto_version(context, max_version);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ssl = SSL_new(context);
    SSL_CTX_free(context);
    if (alpn != NULL)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) == 1)
        return ssl;
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
    return NULL;
}

static void hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);

    SSL_free(ssl);
    close(fd);
}

static void say(SSL *ssl, const char *text)
{
    assert_int_equal(SSL_write(ssl, text, (int)strlen(text)), (int)strlen(text));
}

static void hear(SSL *ssl, const char *until, char *text, size_t capacity)
{
    size_t size = 0;

    text[0] = 0;
    while (strstr(text, until) == NULL) {
        int got = SSL_read(ssl, text + size, (int)(capacity - size - 1));

        if (got <= 0)
            fail_msg("nothing came after \"%s\"", text);
        size += (size_t)got;
        text[size] = 0;
    }
}

static void until(_Atomic int *value, int wanted)
{
    int64_t end_ms = clock_mono_ms() + WAIT_S * 1000;

    while (*value < wanted) {
        if (clock_mono_ms() > end_ms)
            fail_msg("%d never became %d", *value, wanted);
        sched_yield();
    }
}

static void requests_are_served_on_a_kept_connection(void **state)
{
    static const char request[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct server server;
    char text[4096];

    (void)state;
    start(&server);
    for (size_t i = 0; i < array_size(versions); i++) {
        SSL *ssl = dial(&server, versions[i], "\x02h2\x08http/1.1");
        const unsigned char *chosen;
        unsigned size;

        assert_non_null(ssl);
        SSL_get0_alpn_selected(ssl, &chosen, &size);
        assert_span("ALPN", span_make((const char *)chosen, size), "http/1.1");
        say(ssl, request);
        hear(ssl, "\r\n\r\nhello", text, sizeof(text));
        say(ssl, request);
        hear(ssl, "\r\n\r\nhello", text, sizeof(text));
        hang_up(ssl);
    }
    stop(&server);
}

static void what_is_old_or_another_protocol_is_refused(void **state)
{
    struct server server;

    (void)state;
    start(&server);
    assert_null(dial(&server, TLS1_1_VERSION, NULL));
    assert_null(dial(&server, TLS1_3_VERSION, "\x02h2"));
    assert_int("handled", server.handled, 0);
    stop(&server);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    struct server server;
    SSL *ssl;

    (void)state;
    start(&server);
    ssl = dial(&server, TLS1_3_VERSION, NULL);
    say(ssl, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    until(&server.handled, 1);
    hang_up(ssl);
    until(&server.gone, 1);
    stop(&server);
}

static void assert_served_by(const struct server *server, const char *name)
{
    SSL *ssl = dial(server, TLS1_3_VERSION, NULL);
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    char text[64];

    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof(text));
    assert_string_equal(text, name);
    X509_free(certificate);
    hang_up(ssl);
}

static void a_reload_is_for_new_connections_and_a_bad_one_changes_nothing(void **state)
{
    struct buf why = buf_make(512);
    struct server server;
    char text[4096];
    SSL *ssl;

    (void)state;
    start(&server);
    assert_served_by(&server, "first");
    ssl = dial(&server, TLS1_3_VERSION, NULL);
    write_certificate("second");
    assert_int_equal(tls_reload(server.tls, &why), 0);
    assert_served_by(&server, "second");
    say(ssl, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    hear(ssl, "HTTP/1.1 200 ", text, sizeof(text));
    hang_up(ssl);
    assert_int_equal(file_write_atomic(certificate_path, span_of("nonsense"), 0600), 0);
    assert_true(tls_reload(server.tls, &why) < 0);
    assert_true(why.size > 0);
    assert_served_by(&server, "second");
    buf_done(&why);
    stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_served_on_a_kept_connection),
        cmocka_unit_test(what_is_old_or_another_protocol_is_refused),
        cmocka_unit_test(a_client_that_leaves_is_noticed),
        cmocka_unit_test(a_reload_is_for_new_connections_and_a_bad_one_changes_nothing),
    };
    int failed;

    signal(SIGPIPE, SIG_IGN);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(certificate_path, sizeof(certificate_path), "%s/certificate", folder);
    (void)snprintf(key_path, sizeof(key_path), "%s/key", folder);
    write_certificate("first");
    failed = run_test_table(tests);
    unlink(certificate_path);
    unlink(key_path);
    rmdir(folder);
    return failed;
}
