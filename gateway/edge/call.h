/*
 * call: one request as the edge hands it on: matched, numbered, not yet authenticated.
 */
#ifndef TOLLGATE_GATEWAY_EDGE_CALL_H
#define TOLLGATE_GATEWAY_EDGE_CALL_H

#include "gateway/edge/endpoint.h"
#include "gateway/edge/reply.h"

struct call {
    struct httpd_request *request;
    enum endpoint endpoint;
    enum reply_dialect dialect;
    struct span model;             /* named by the path, %2F and all; borrows from the request */
    struct span response;          /* named by the path; likewise */
    bool stream;                   /* the path asks for a stream */
    struct uuid id;                /* of the request = of its event; its time is start_ms */
    int64_t start_ms;              /* wall clock */
    int64_t arrived_us;            /* monotonic, when the head was whole */
    struct span client_request_id; /* the client's x-request-id; borrows from the request */
};

#endif
