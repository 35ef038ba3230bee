/*
 * perform: what a thread of the pool does with a call: who calls, may they, what do they say; then
 * the handler within its transaction; then the reply.
 *
 * One performer per thread, with a connection of its own that is opened when it is needed and
 * opened again when it was lost.
 */
#ifndef TOLLGATE_TENANTS_API_PERFORM_H
#define TOLLGATE_TENANTS_API_PERFORM_H

#include "tenants/api/call.h"
#include "tenants/api/count.h"

/* Shared by the threads; immutable but for what says otherwise. Borrowed. */
struct performing {
    const struct api_routes *const *families;
    const struct seal *seal;
    struct identity *identity; /* locks by itself */
    struct pg_settings database;
    struct counts *counts; /* atomic */
};

struct performer;

must_use struct performer *performer_new(const struct performing *performing);
void performer_free(struct performer *performer);

/* Writes call->reply, whatever happens. The call's path was matched, with a route. */
void performer_run(struct performer *performer, struct call *call);
/* From time to time: looks whether the database is there, and sweeps what is too old. */
void performer_keep_house(struct performer *performer);

#endif
