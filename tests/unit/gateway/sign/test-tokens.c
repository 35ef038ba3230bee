/* tokens: fetched, kept fresh and let go of, against an issuer of this test's own on loopback. */
#include "gateway/sign/tokens.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/thread.h"
#include "gateway/sign/guard.h"
#include "tests/support/testing.h"

#define DEADLINE_MS 10000
#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n"
#define TOKEN(name, life)                                                                          \
    HEAD("200 OK")                                                                                 \
    "{\"access_token\":\"" name "\",\"expires_in\":" life ",\"token_type\":\"Bearer\"}"

#define SILENCE "silence"

/* ---- the issuer: answers by a script, the last one for ever ---- */
static struct {
    int listener;
    uint16_t port;
    pthread_t thread;
    const char *const *answers; /* NULL at the end */
    _Atomic uint32_t asked;
    char seen[2048];
} issuer;

static void *serve(void *context)
{
    int fd;

    (void)context;
    while ((fd = accept(issuer.listener, NULL, NULL)) >= 0) {
        size_t size = 0;
        uint32_t n = atomic_load(&issuer.asked), last = 0;

        memset(issuer.seen, 0, sizeof(issuer.seen));
        while (strstr(issuer.seen, "scope=") == NULL) {
            ssize_t got = read(fd, issuer.seen + size, sizeof(issuer.seen) - 1 - size);
            if (got <= 0)
                break;
            size += (size_t)got;
        }
        while (last < n && issuer.answers[last + 1] != NULL)
            last++;
        if (strcmp(issuer.answers[last], SILENCE) == 0)
            (void)!read(fd, issuer.seen, sizeof(issuer.seen)); /* until it hangs up */
        else
            (void)!send(fd, issuer.answers[last], strlen(issuer.answers[last]), MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        close(fd);
        atomic_fetch_add(&issuer.asked, 1);
    }
    return NULL;
}

static void issuer_start(const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    issuer.answers = answers;
    atomic_store(&issuer.asked, 0);
    issuer.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(issuer.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(issuer.listener, 16), 0);
    assert_int_equal(getsockname(issuer.listener, (struct sockaddr *)&address, &size), 0);
    issuer.port = ntohs(address.sin_port);
    thread_start(&issuer.thread, "issuer", serve, NULL);
}

static void issuer_stop(void)
{
    shutdown(issuer.listener, SHUT_RDWR);
    pthread_join(issuer.thread, NULL);
    close(issuer.listener);
}

/* ---- who makes snapshots ---- */
static struct tokens *tokens;
static struct arena *arena;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint32_t count;
} changes = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static void on_change(void *context)
{
    (void)context;
    pthread_mutex_lock(&changes.lock);
    changes.count++;
    pthread_cond_signal(&changes.more);
    pthread_mutex_unlock(&changes.lock);
}

static void start(const char *const *answers)
{
    const struct tokens_config config = {.allow_loopback = true, .on_change = on_change};

    changes.count = 0;
    issuer_start(answers);
    arena = arena_new(1 << 12, 1 << 20);
    tokens = tokens_start(&config);
}

static void stop(void)
{
    tokens_stop(tokens);
    issuer_stop();
    arena_free(arena);
}

/* A snapshot that wants the grant of one client. */
static struct span want(const char *client)
{
    struct span token = span_of("?");
    char secret[256];

    snprintf(secret, sizeof(secret),
             "{\"client_id\":\"%s\",\"client_secret\":\"s\",\"token_uri\":"
             "\"http://127.0.0.1:%u/t\",\"scope\":\"x\"}",
             client, issuer.port);
    tokens_begin(tokens);
    assert_null(tokens_want(tokens, span_of(secret), span_of("p"), arena, &token));
    assert_int_equal(tokens_end(tokens), 1);
    return token;
}

static void wait_for_change(uint32_t count)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_MS / 1000;
    pthread_mutex_lock(&changes.lock);
    while (changes.count < count && error == 0)
        error = pthread_cond_timedwait(&changes.more, &changes.lock, &until);
    pthread_mutex_unlock(&changes.lock);
    assert_int_equal(error, 0);
}

static void a_token_comes_by_and_by(void **state)
{
    static const char *const answers[] = {TOKEN("one", "3600"), NULL};

    (void)state;
    start(answers);
    assert_span("not at once", want("app"), "");
    wait_for_change(1);
    assert_span("then", want("app"), "one");
    assert_non_null(strstr(issuer.seen, "POST /t HTTP/1.1\r\n"));
    assert_non_null(strstr(issuer.seen, "Content-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(issuer.seen, "client_id=app&client_secret=s&scope=x"));
    stop();
}

/* Refused, garbage, an empty answer, and another status: each is tried again. */
static void what_fails_is_tried_again(void **state)
{
    static const char *const answers[] = {HEAD("400 Bad Request") "{\"error\":\"invalid_client\"}",
                                          "", HEAD("200 OK") "<html>", TOKEN("late", "3600"), NULL};

    (void)state;
    start(answers);
    assert_span("not at once", want("app"), "");
    wait_for_change(1);
    assert_span("in the end", want("app"), "late");
    assert_int_equal(atomic_load(&issuer.asked), 4);
    stop();
}

static void a_token_is_replaced_before_it_ends_and_goes_when_it_does(void **state)
{
    static const char *const answers[] = {TOKEN("first", "2"), TOKEN("second", "2"), SILENCE, NULL};
    int64_t began_ms = clock_mono_ms();

    (void)state;
    start(answers);
    (void)!want("app").size;
    wait_for_change(1);
    assert_span("the first", want("app"), "first");
    wait_for_change(2);
    assert_span("the second", want("app"), "second");
    in_row("not before its time", clock_mono_ms() - began_ms >= 1400);
    in_row("and before the first ended", clock_mono_ms() - began_ms < 1900 + DEADLINE_MS / 10);
    wait_for_change(3);
    assert_span("nobody renews it", want("app"), "");
    stop();
}

static void another_secret_is_another_grant(void **state)
{
    static const char *const answers[] = {TOKEN("one", "3600"), TOKEN("two", "3600"), NULL};

    (void)state;
    start(answers);
    (void)!want("app").size;
    wait_for_change(1);
    assert_span("the old one", want("app"), "one");
    assert_span("the new one has none yet", want("other"), "");
    wait_for_change(2);
    assert_span("then", want("other"), "two");
    assert_span("what nobody wanted is forgotten", want("app"), "");
    stop();
}

static void what_is_no_grant_is_told(void **state)
{
    static const char *const answers[] = {"", NULL};
    struct span token;

    (void)state;
    start(answers);
    tokens_begin(tokens);
    assert_non_null(
        tokens_want(tokens, span_of("{\"client_id\":\"a\"}"), span_of("p"), arena, &token));
    assert_int_equal(tokens_end(tokens), 0);
    stop();
}

static void secrets_are_sent_to_public_addresses_over_tls(void **state)
{
    static const struct {
        const char *what, *address;
        bool plain, loopback, allowed;
    } rows[] = {
        {"the world, over TLS", "8.8.8.8", false, false, true},
        {"in plain", "8.8.8.8", true, true, false},
        {"this host", "127.0.0.1", true, false, false},
        {"this host, in a trial", "127.0.0.1", true, true, true},
        {"the cloud's own", "169.254.169.254", false, true, false},
        {"a private network", "10.1.2.3", false, true, false},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct curl_sockaddr address = {.family = AF_INET, .socktype = SOCK_STREAM};
        struct sockaddr_in in = {.sin_family = AF_INET};
        curl_socket_t fd;

        assert_int_equal(inet_pton(AF_INET, rows[i].address, &in.sin_addr), 1);
        memcpy(&address.addr, &in, sizeof(in));
        fd = guard_socket(&address, rows[i].plain, rows[i].loopback);
        in_row(rows[i].what, (fd != CURL_SOCKET_BAD) == rows[i].allowed);
        if (fd != CURL_SOCKET_BAD)
            close(fd);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_by_and_by),
        cmocka_unit_test(what_fails_is_tried_again),
        cmocka_unit_test(a_token_is_replaced_before_it_ends_and_goes_when_it_does),
        cmocka_unit_test(another_secret_is_another_grant),
        cmocka_unit_test(what_is_no_grant_is_told),
        cmocka_unit_test(secrets_are_sent_to_public_addresses_over_tls),
    };

    curl_global_init(CURL_GLOBAL_ALL);
    return run_test_table(tests);
}
