/*
 * routing: what a tenant says of where its requests go, as a snapshot has it: its rules for all of
 * them, and its presets.
 *
 * Immutable; lives as long as the snapshot. A preset that this build cannot read has no name there,
 * as if it did not exist (snapshot_unreadable_at() tells of it); whose default it is goes by no
 * other.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_ROUTING_H
#define TOLLGATE_GATEWAY_SNAPSHOT_ROUTING_H

#include "common/base/id.h"
#include "tenants/model/preset.h"

/* What holds for every request of a tenant; a request may ask for more, never for less. */
struct routing_rules {
    bool continue_on_failure; /* a stream goes on at another deployment, after content too */
    bool hedge;               /* a second attempt beside one that is late */
    bool zdr, no_collection;  /* only deployments known to comply */
    struct span strategy;     /* a policy's name; empty: the gateway's own */
    const struct span *regions;
    uint32_t region_count; /* 0: anywhere */
};

struct snapshot_preset {
    struct uuid id, tenant;
    struct span name;
    int32_t version;      /* its newest */
    struct preset preset; /* without a root: it could not be read */
};

#endif
