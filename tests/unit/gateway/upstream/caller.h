/*
 * caller: calls of the network upstream to the server of this folder's tests, and what came back.
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_UPSTREAM_CALLER_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_UPSTREAM_CALLER_H

#include "common/base/buf.h"
#include "gateway/upstream/curl.h"
#include "tests/support/testing.h"
#include "tests/unit/gateway/upstream/server.h"

/* One call as the flow would see it. */
struct seen {
    struct upstream *upstream;
    struct upstream_call *call;
    int status;
    char type[64], encoding[32], request_id[64];
    int64_t retry_after_ms;
    struct buf body;
    bool ended;
    enum upstream_end end;
    bool pause_at_once, cancel_at_once, cancelled;
};

/* Made anew by caller_setup: a deployment of the sandbox at the server, with one credential. */
extern struct upstream *upstream;
extern struct server server;
extern struct snapshot_deployment deployment;
extern struct snapshot_credential credential;
extern char base_url[64];

int caller_setup(void **state);
int caller_teardown(void **state);
#define caller_row(test) cmocka_unit_test_setup_teardown(test, caller_setup, caller_teardown)

/* Starts a call; the deployment and the request's id are filled in. seen->call is NULL when it does
 * not start. */
void begin_as(struct seen *seen, struct upstream_request request);
void begin(struct seen *seen, const struct span *pieces, uint32_t count);
/* The loop goes round once. */
void turn(void);
void turn_until(const bool *done);

#define DEADLINE_MS 10000
#define OK_ANSWER                                                                                  \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\n"                 \
    "Content-Length: 2\r\n\r\n{}"

#endif
