/*
 * side_events: what travels beside usage events: the lives of leases, and counts of refusals.
 * Included by event.h.
 */
#ifndef TOLLGATE_BILLING_EVENT_SIDE_EVENTS_H
#define TOLLGATE_BILLING_EVENT_SIDE_EVENTS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/id.h"

#define EVENT_TYPE_LEASE "tollgate.lease.v1"
#define EVENT_TYPE_REFUSAL "tollgate.refusal.v1"

/* A lease's life as billing must know it. */
struct lease_event {
    struct uuid id, lease, gateway, journal, tenant;
    bool closed; /* else opened */
    int64_t at_ms;
    int64_t granted_pico;
    int64_t events, charge_pico; /* of a closed one: how many events it paid for and their sum */
};

struct refusal_event {
    struct uuid id, tenant, key, gateway;
    int64_t minute_ms;
    struct span code; /* "rate_limit_exceeded" */
    int64_t requests;
};

/* Each appends one JSON object: 0, or -EMSGSIZE past EVENT_BYTES_MAX. */
must_use int event_encode_lease(const struct lease_event *event, struct buf *out);
must_use int event_encode_refusal(const struct refusal_event *event, struct buf *out);

#endif
