/*
 * client: one call on a connection of its own, as bytes; so that tests see heads as they are, and
 * leave when they like.
 */
#ifndef TOLLGATE_TESTS_UNIT_TENANTS_API_CLIENT_H
#define TOLLGATE_TESTS_UNIT_TENANTS_API_CLIENT_H

#include <stdint.h>

enum { ANSWER_MAX = 1 << 20 };

struct answer {
    int status;
    char *head, *body; /* parts of `text` */
    char text[ANSWER_MAX];
};

/* Sends; the descriptor is the caller's. `headers` are lines with their ends. */
int client_send(uint16_t port, const char *method, const char *path, const char *headers,
                const char *body);
/* The whole answer, the caller's; closes. */
struct answer *client_receive(int fd);

#endif
