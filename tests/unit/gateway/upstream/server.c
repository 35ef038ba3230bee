/*
 * server: see the header.
 */
#include "tests/unit/gateway/upstream/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/thread.h"
#include "tests/support/testing.h"

static void serve_flood(struct server *server, int fd)
{
    size_t size = server->flood == NULL ? 0 : strlen(server->flood);

    for (uint32_t i = 0; size > 0 && i < server->flood_count; i++)
        for (size_t at = 0; at < size;) {
            ssize_t sent = send(fd, server->flood + at, size - at, MSG_NOSIGNAL);
            if (sent <= 0)
                return;
            at += (size_t)sent;
        }
}

/* Reads one request; false when the peer went. */
static bool read_request(struct server *server, int fd)
{
    char *seen = server->seen[server->requests % 4];
    size_t size = 0, length = 0, room = sizeof(server->seen[0]) - 1;
    char *end = NULL;

    memset(seen, 0, room + 1);
    while (end == NULL) {
        ssize_t got = read(fd, seen + size, room - size);
        if (got <= 0)
            return false;
        size += (size_t)got;
        end = strstr(seen, "\r\n\r\n");
    }
    const char *line = strstr(seen, "Content-Length: ");
    if (line != NULL)
        length = strtoul(line + 16, NULL, 10);
    server->body_bytes = size - (size_t)(end + 4 - seen);
    while (server->body_bytes < length) {
        char rest[65536];
        ssize_t got = read(fd, rest, sizeof(rest));
        if (got <= 0)
            return false;
        server->body_bytes += (size_t)got;
    }
    return true;
}

void server_set_answer(struct server *server, int n, const char *answer)
{
    pthread_mutex_lock(&server->lock);
    server->answers[n] = answer;
    pthread_mutex_unlock(&server->lock);
}

uint32_t server_requests(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    uint32_t requests = server->requests;
    pthread_mutex_unlock(&server->lock);
    return requests;
}

static const char *server_next_answer(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    const char *answer = server->answers[server->requests++ % 4];
    pthread_mutex_unlock(&server->lock);
    return answer;
}

static void *serve(void *context)
{
    struct server *server = context;
    int fd;

    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        server->connections++;
        while (read_request(server, fd)) {
            const char *answer = server_next_answer(server);
            struct linger linger = {.l_onoff = 1};
            if (answer == NULL) {
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
                break;
            }
            if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
                break;
            serve_flood(server, fd);
            if (strstr(answer, "onnection: close") != NULL)
                break;
        }
        close(fd);
    }
    return NULL;
}

void server_start(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    must(pthread_mutex_init(&server->lock, NULL) == 0);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    thread_start(&server->thread, "server", serve, server);
}

void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    pthread_mutex_destroy(&server->lock);
    close(server->listener);
}
