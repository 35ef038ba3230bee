/*
 * The server as clients see it: raw bytes over loopback against a server in a thread of its own.
 */
#include "common/httpd/httpd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/testing.h"

enum { WAIT_MS = 20000 };

/* What the handler does is chosen by the path. */
struct server {
    struct httpd *httpd;
    pthread_t thread;
    uint16_t port;
    _Atomic int handled, gone, rooms;
    struct httpd_request *held;  /* of /hold and /flood */
    struct httpd_timer timer;    /* of /later */
    struct httpd_request *later; /* of /later */
    size_t left;                 /* of /flood */
    bool stop_inside;
};

static void on_gone(void *owner)
{
    struct server *server = owner;

    server->held = NULL;
    server->gone++;
}

static void flood(void *owner)
{
    struct server *server = owner;
    static char block[65536];

    server->rooms++;
    while (server->left > 0) {
        size_t part = server->left < sizeof(block) ? server->left : sizeof(block);

        server->left -= part;
        memset(block, 'x', part);
        if (httpd_send(server->held, span_make(block, part)) && server->left > 0)
            return;
    }
    httpd_end(TAKE(server->held), true);
}

static void on_later(void *context)
{
    struct server *server = context;

    httpd_answer(TAKE(server->later), 200, NULL, 0, span_of("later"));
}

static void on_request(void *context, struct httpd_request *request)
{
    struct server *server = context;
    struct span path = httpd_path(request);
    struct httpd_header header = {span_of("x-injected"), span_of("a\r\nb: c")};

    server->handled++;
    if (span_is(path, "/echo")) {
        httpd_answer(request, 200, NULL, 0, httpd_body(request));
    } else if (span_is(path, "/header")) {
        httpd_answer(request, 200, &header, 1, httpd_header(request, "x-thing"));
    } else if (span_is(path, "/stream") || span_is(path, "/cut")) {
        httpd_start(request, 200, NULL, 0, SIZE_MAX);
        assert_false(httpd_send(request, span_of("one ")));
        assert_false(httpd_send(request, span_of("two")));
        httpd_end(request, span_is(path, "/stream"));
    } else if (span_is(path, "/hold")) {
        server->held = request;
        httpd_attach(request, server, on_gone, NULL);
    } else if (span_is(path, "/flood")) {
        server->held = request;
        server->left = (size_t)16 << 20;
        httpd_attach(request, server, on_gone, flood);
        httpd_start(request, 200, NULL, 0, SIZE_MAX);
        flood(server);
    } else if (span_is(path, "/later")) {
        server->later = request;
        httpd_timer_set(server->httpd, &server->timer, httpd_now_ms(server->httpd) + 30);
    } else {
        httpd_answer(request, 404, NULL, 0, span_of("no"));
    }
}

static void *serve(void *argument)
{
    struct server *server = argument;

    httpd_run(server->httpd);
    return NULL;
}

static void start(struct server *server, const struct httpd_config *config)
{
    struct httpd_handler handler = {.context = server, .on_request = on_request};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memset(server, 0, sizeof(*server));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    server->timer = (struct httpd_timer){.expired = on_later, .context = server};
    server->httpd = httpd_new(config, &handler);
    httpd_listen(server->httpd, fd, NULL);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    httpd_stop(server->httpd, 5000);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    httpd_free(server->httpd);
}

static int dial(const struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(server->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until `until` stands in what came, or to the end when it is NULL. The text is cut at its
 * capacity, reading goes on. Returns all bytes that came. */
static size_t hear(int fd, const char *until, char *text, size_t capacity)
{
    size_t size = 0, all = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char block[65536];

    text[0] = 0;
    while (until == NULL || strstr(text, until) == NULL) {
        ssize_t got;

        if (poll(&ready, 1, WAIT_MS) != 1)
            fail_msg("nothing came after \"%s\"", text);
        got = recv(fd, block, sizeof(block), 0);
        if (got <= 0)
            break;
        all += (size_t)got;
        for (ssize_t i = 0; i < got && size + 1 < capacity; i++)
            text[size++] = block[i];
        text[size] = 0;
    }
    return all;
}

static void until(_Atomic int *value, int wanted)
{
    int64_t end_ms = clock_mono_ms() + WAIT_MS;

    while (*value < wanted) {
        if (clock_mono_ms() > end_ms)
            fail_msg("%d never became %d", *value, wanted);
        sched_yield();
    }
}

#define HOST "Host: a\r\n"

static void answers_look_as_they_should(void **state)
{
    static const struct {
        const char *what, *request, *answer;
        int handled;
    } rows[] = {
        {"echo",
         "POST /echo HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
         "\r\n\r\nhello", 1},
        {"chunked echo",
         "POST /echo HTTP/1.1\r\n" HOST
         "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
         "\r\n\r\nabc", 1},
        {"a stream in one chunk", "GET /stream HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
         "\r\n\r\n000007\r\none two\r\n0\r\n\r\n", 1},
        {"a stream without its end", "GET /cut HTTP/1.1\r\n" HOST "\r\n",
         "\r\n\r\n000007\r\none two\r\n", 1},
        {"a stream in HTTP/1.0", "GET /stream HTTP/1.0\r\n\r\n", "\r\n\r\none two", 1},
        {"HEAD has no body", "HEAD /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
         "content-length: 0\r\nconnection: close\r\n\r\n", 1},
        {"a header cannot inject",
         "GET /header HTTP/1.1\r\n" HOST "X-Thing: v\r\nConnection: close\r\n\r\n",
         "content-length: 1\r\nconnection: close\r\n\r\nv", 1},
        {"two requests at once",
         "GET /stream HTTP/1.1\r\n" HOST "\r\n"
         "POST /echo HTTP/1.1\r\n" HOST "Connection: close\r\nContent-Length: 2\r\n\r\nhi",
         "\r\n\r\nhi", 2},
        {"both framings",
         "POST /echo HTTP/1.1\r\n" HOST
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "there are both Content-Length and Transfer-Encoding", 0},
        {"a bare line feed", "GET /echo HTTP/1.1\nHost: a\n\n",
         "a line of the head does not end in CR LF", 0},
        {"chunk size 0x3",
         "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
         "the chunked framing of the body is broken", 0},
        {"no Host", "GET /echo HTTP/1.1\r\n\r\n", "there is no Host header", 0},
        {"HTTP/2 without a warning", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
         "the request target does not begin with a slash", 0},
        {"a body that is too large",
         "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100001\r\n\r\n",
         "the body is larger than this server takes", 0},
    };
    struct httpd_config config = httpd_config_initial;
    struct server server;

    (void)state;
    config.max_body_bytes = 100000;
    start(&server, &config);
    for (size_t i = 0; i < array_size(rows); i++) {
        int fd = dial(&server);
        char text[4096];
        int before = server.handled;

        say(fd, rows[i].request);
        hear(fd, NULL, text, sizeof(text));
        if (!span_ends(span_of(text), rows[i].answer))
            fail_msg("%s: got \"%s\"", rows[i].what, text);
        in_row(rows[i].what, strstr(text, "b: c") == NULL);
        assert_int(rows[i].what, server.handled - before, rows[i].handled);
        close(fd);
    }
    stop(&server);
}

static void a_connection_is_kept_and_every_split_is_the_same(void **state)
{
    static const char request[] =
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    struct server server;
    char text[4096];
    int fd;

    (void)state;
    start(&server, &httpd_config_initial);
    fd = dial(&server);
    for (size_t split = 1; split < sizeof(request) - 1; split++) {
        assert_int_equal(send(fd, request, split, MSG_NOSIGNAL), (ssize_t)split);
        say(fd, request + split);
        hear(fd, "\r\n\r\nab", text, sizeof(text));
        assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    }
    close(fd);
    stop(&server);
}

static void one_hundred_continue_is_said_before_the_body(void **state)
{
    struct server server;
    char text[4096];
    int fd;

    (void)state;
    start(&server, &httpd_config_initial);
    fd = dial(&server);
    say(fd, "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    hear(fd, "\r\n\r\n", text, sizeof(text));
    assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "abc");
    hear(fd, "\r\n\r\nabc", text, sizeof(text));
    close(fd);
    stop(&server);
}

static void a_client_that_leaves_is_noticed(void **state)
{
    static const struct linger at_once = {.l_onoff = 1};
    struct server server;

    (void)state;
    start(&server, &httpd_config_initial);
    for (int reset = 0; reset < 2; reset++) {
        int fd = dial(&server);

        say(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
        until(&server.handled, reset + 1);
        if (reset == 1)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
        until(&server.gone, reset + 1);
    }
    stop(&server);
}

static void a_slow_reader_pauses_the_handler_and_gets_all(void **state)
{
    struct server server;
    char text[256];
    int fd;

    (void)state;
    start(&server, &httpd_config_initial);
    fd = dial(&server);
    say(fd, "GET /flood HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    until(&server.rooms, 1);
    assert_true(hear(fd, NULL, text, sizeof(text)) > (size_t)16 << 20);
    assert_true(server.rooms > 1);
    close(fd);
    stop(&server);
}

static void a_timer_runs_by_itself(void **state)
{
    struct server server;
    char text[4096];
    int fd;

    (void)state;
    start(&server, &httpd_config_initial);
    fd = dial(&server);
    say(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    hear(fd, "later", text, sizeof(text));
    close(fd);
    stop(&server);
}

static void what_is_slow_is_cut(void **state)
{
    static const struct {
        const char *what, *request, *answer;
    } rows[] = {
        {"a head", "GET /echo HTTP/1.1\r\nHo", "HTTP/1.1 408 "},
        {"a body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nabc", "HTTP/1.1 408 "},
        {"an idle connection", "", ""},
    };
    struct httpd_config config = httpd_config_initial;
    struct server server;

    (void)state;
    config.head_timeout_ms = config.body_timeout_ms = config.idle_timeout_ms = 50;
    start(&server, &config);
    for (size_t i = 0; i < array_size(rows); i++) {
        int fd = dial(&server);
        char text[4096];

        say(fd, rows[i].request);
        hear(fd, NULL, text, sizeof(text));
        in_row(rows[i].what, span_starts(span_of(text), rows[i].answer));
        close(fd);
    }
    assert_int("handled", server.handled, 0);
    stop(&server);
}

static void a_client_that_does_not_read_is_cut(void **state)
{
    struct httpd_config config = httpd_config_initial;
    struct server server;
    int fd;

    (void)state;
    config.write_timeout_ms = 100;
    start(&server, &config);
    fd = dial(&server);
    say(fd, "GET /flood HTTP/1.1\r\n" HOST "\r\n");
    until(&server.gone, 1);
    close(fd);
    stop(&server);
}

static void limits_hold(void **state)
{
    struct httpd_config config = httpd_config_initial;
    struct server server;
    char text[4096], *large = malloc(60001);
    int first, second;

    (void)state;
    config.max_bodies_bytes = 50000;
    config.max_connections = 1;
    config.max_head_bytes = 1000;
    start(&server, &config);
    memset(large, 'x', 60000);
    large[60000] = 0;
    first = dial(&server);
    say(first, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
    say(first, large);
    hear(first, "\r\n\r\n", text, sizeof(text));
    assert_true(span_starts(span_of(text), "HTTP/1.1 503 "));
    close(first);
    first = dial(&server);
    say(first, "POST /echo HTTP/1.1\r\nx: ");
    say(first, large + 59000);
    hear(first, "\r\n\r\n", text, sizeof(text));
    assert_true(span_starts(span_of(text), "HTTP/1.1 431 "));
    hear(first, NULL, text, sizeof(text));
    close(first);
    do { /* the server sees that the others are gone when it sees it */
        first = dial(&server);
        say(first, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
        hear(first, "\r\n\r\n", text, sizeof(text));
    } while (span_starts(span_of(text), "HTTP/1.1 503 ") && close(first) == 0);
    second = dial(&server);
    say(second, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    hear(second, "\r\n\r\n", text, sizeof(text));
    assert_true(span_starts(span_of(text), "HTTP/1.1 503 "));
    close(first);
    close(second);
    free(large);
    stop(&server);
}

static void a_stop_lets_the_open_request_finish(void **state)
{
    struct server server;
    char text[4096];
    int fd, idle;

    (void)state;
    start(&server, &httpd_config_initial);
    idle = dial(&server);
    fd = dial(&server);
    say(fd, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    until(&server.handled, 1);
    stop(&server);
    hear(fd, NULL, text, sizeof(text));
    assert_non_null(strstr(text, "connection: close\r\n\r\nlater"));
    assert_int("the idle one is closed", hear(idle, NULL, text, sizeof(text)), 0);
    close(fd);
    close(idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_look_as_they_should),
        cmocka_unit_test(a_connection_is_kept_and_every_split_is_the_same),
        cmocka_unit_test(one_hundred_continue_is_said_before_the_body),
        cmocka_unit_test(a_client_that_leaves_is_noticed),
        cmocka_unit_test(a_slow_reader_pauses_the_handler_and_gets_all),
        cmocka_unit_test(a_timer_runs_by_itself),
        cmocka_unit_test(what_is_slow_is_cut),
        cmocka_unit_test(a_client_that_does_not_read_is_cut),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_stop_lets_the_open_request_finish),
    };

    signal(SIGPIPE, SIG_IGN);
    return run_test_table(tests);
}
