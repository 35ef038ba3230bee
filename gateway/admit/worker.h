/*
 * worker: how a worker keeps its admit: made, fed with the broker's letters, ticked, ended.
 *
 * The requests' side is admit.h. Worker thread only.
 */
#ifndef TOLLGATE_GATEWAY_ADMIT_WORKER_H
#define TOLLGATE_GATEWAY_ADMIT_WORKER_H

#include "gateway/admit/admit.h"
#include "gateway/admit/broker.h"
#include "gateway/admit/limits.h"
#include "gateway/journal/journal.h"

struct admit_config {
    struct broker *broker;   /* borrowed; NULL in tests of a single worker without one */
    struct limits *limits;   /* shared by all workers */
    struct journal *journal; /* borrowed: leases are written down before they are asked for */
    struct uuid gateway;
    uint32_t worker;
    int64_t lease_wait_ms;   /* how long a request waits for money, 500 */
    int64_t lease_life_ms;   /* 15 min; counted from sending, by our own clock */
    int64_t lease_rotate_ms; /* 10 min: then a new one takes its place */
    int64_t idle_ms;         /* 5 s: then what nobody reserves is given back */
    int64_t outage_pico; /* what a postpaid tenant may use without a lease while Postgres is away */
};

must_use struct admit *admit_new(const struct admit_config *config);
/* Readable when the broker has written. */
must_use int admit_fd(const struct admit *admit);
void admit_receive(struct admit *admit, int64_t now_mono_ms);
/* Every 20 ms or so: deadlines, retries, renewals, idle leases. */
void admit_tick(struct admit *admit, int64_t now_mono_ms);
/* Puts down the end of every lease; no reservation is left by then. */
void admit_close(struct admit *admit);
void admit_free(struct admit *admit);

struct admit_state {
    uint64_t leases, waiting, grants, refusals;
    int64_t held_pico, reserved_pico, spent_pico; /* of the open leases */
};
void admit_state(const struct admit *admit, struct admit_state *state_out);

#endif
