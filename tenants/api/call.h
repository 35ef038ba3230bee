/*
 * call: one call on its way from the loop to a thread of the pool and back.
 *
 * The loop makes it and copies into its arena what came; the pool performs it and writes the reply;
 * the loop sends that, if the client is still there. Who holds the letter owns the call.
 */
#ifndef TOLLGATE_TENANTS_API_CALL_H
#define TOLLGATE_TENANTS_API_CALL_H

#include "common/base/thread.h"
#include "tenants/api/reply.h"

struct call {
    struct letter letter;          /* in the pool's queue, then in the loop's mailbox */
    struct httpd_request *request; /* the loop's alone; NULL: the client left */
    struct server *server;
    struct arena *arena; /* owned */
    struct api_came came;
    size_t body_bytes;
    int64_t arrived_us;
    struct reply reply;
    char caller[40]; /* who it was, for the log */
    int tries;
};

#endif
