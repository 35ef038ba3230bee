/*
 * server: an HTTP server for the tests of this folder: one thread on loopback that answers each
 * request by a script and keeps what it saw.
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_UPSTREAM_SERVER_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_UPSTREAM_SERVER_H

#include <pthread.h>
#include <stdint.h>

struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t
        lock; /* guards answers, requests: a reset tells the test nothing of the thread */
    const char *answers[4]; /* one per request, in order, over any connection; NULL: reset */
    uint32_t connections, requests;
    char seen[4][8192];
    size_t body_bytes;
    const char *flood; /* sent over and over behind the answer, this many times */
    uint32_t flood_count;
};

void server_start(struct server *server);
void server_stop(struct server *server);
void server_set_answer(struct server *server, int n, const char *answer);
/* How many requests were read so far; safe after a reset, too. */
uint32_t server_requests(struct server *server);

#endif
