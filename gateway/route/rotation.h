/*
 * rotation: which of a deployment's credentials an attempt is made with, and which of them are put
 * aside.
 *
 * Those that can be used take turns. One that a provider refused or limited is put aside alone, by
 * its fingerprint, so a key can be changed while requests go on, and a changed one starts afresh.
 * Shared by all workers: atomics, nobody waits. The table is of a fixed size; where it is full,
 * what would end first is forgotten. Times are monotonic milliseconds and come from the caller.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_ROTATION_H
#define TOLLGATE_GATEWAY_ROUTE_ROTATION_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/route/verdict.h"
#include "gateway/snapshot/snapshot.h"

struct rotation;
must_use struct rotation *rotation_new(void);
void rotation_free(struct rotation *rotation);

/* The credential for the next attempt; where all are put aside, the one that is back first. NULL:
 * the deployment has none at all. */
must_use const struct snapshot_credential *
rotation_next(struct rotation *rotation, const struct snapshot_deployment *deployment,
              int64_t now_ms);

/* An attempt with it ended by the credential's fault (verdict->blame says whose): puts it aside for
 * as long as the verdict says. True when the deployment has another one that can be used now. */
must_use bool rotation_blame(struct rotation *rotation,
                             const struct snapshot_deployment *deployment,
                             const struct snapshot_credential *credential,
                             const struct verdict_out *verdict, int64_t now_ms);

/* An attempt with it, sent at `begun_ms`, served: it is put aside no more, unless it was since
 * then: what was under way when a limit was reached says nothing of it. */
void rotation_served(struct rotation *rotation, const struct snapshot_deployment *deployment,
                     const struct snapshot_credential *credential, int64_t begun_ms);

/* Until when a deployment is limited or out because all of its credentials are; 0 or past: not. */
struct rotation_state {
    int64_t limited_until_ms, out_until_ms;
};
must_use struct rotation_state rotation_state_of(const struct rotation *rotation,
                                                 const struct snapshot_deployment *deployment);

#endif
