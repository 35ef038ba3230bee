#include "gateway/gateway.h"

struct snapshot *gateway_snapshot(struct gateway *gateway)
{
    struct snapshot *snapshot;

    pthread_mutex_lock(&gateway->newest.lock);
    snapshot = gateway->newest.snapshot;
    if (snapshot != NULL)
        snapshot = snapshot_ref(snapshot);
    pthread_mutex_unlock(&gateway->newest.lock);
    return snapshot;
}

const char *gateway_not_ready(struct gateway *gateway)
{
    struct journals_state state;

    if (atomic_load(&gateway->draining))
        return "it is being stopped";
    if (atomic_load(&gateway->newest.generation) == 0)
        return "there is no snapshot of tenants and catalog yet";
    journals_state(gateway->journals, &state);
    return state.healthy ? NULL : "the journal cannot be written";
}
