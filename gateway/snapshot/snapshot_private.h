/*
 * snapshot_private: the inside of a snapshot: build.c fills it, snapshot.c reads it.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_SNAPSHOT_PRIVATE_H
#define TOLLGATE_GATEWAY_SNAPSHOT_SNAPSHOT_PRIVATE_H

#include <stdatomic.h>

#include "common/base/arena.h"
#include "common/base/map.h"
#include "gateway/snapshot/snapshot.h"

/* A secret's hash and whose it is. */
struct snapshot_secret {
    struct sha256 hash;
    const struct snapshot_key *key;
    int64_t expires_ms; /* INT64_MAX: never; 0: revoked */
};

/* A discount that replaces the plan's own at one provider. */
struct snapshot_discount {
    struct uuid plan;
    struct span provider;
    int32_t discount_ppm;
};

/* Under what presets_by_name has a preset; name.size is at most PRESET_NAME_MAX. */
enum { PRESET_KEY_MAX = sizeof(struct uuid) + PRESET_NAME_MAX };
static inline struct span preset_key(struct uuid tenant, struct span name,
                                     char key_out[PRESET_KEY_MAX])
{
    memcpy(key_out, tenant.at, sizeof(tenant.at));
    if (name.size > 0)
        memcpy(key_out + sizeof(tenant.at), name.at, name.size);
    return span_make(key_out, sizeof(tenant.at) + name.size);
}

struct snapshot {
    _Atomic int64_t references, confirmed_ms;
    struct arena *arena; /* owns all below, but the maps */
    int64_t version, loaded_ms;
    struct snapshot_tenant *tenants;
    struct snapshot_key *keys;
    struct snapshot_secret *secrets;
    struct snapshot_provider *providers; /* by slug */
    struct snapshot_model *models;
    struct snapshot_deployment *deployments, *sandboxed;
    const struct snapshot_discount *discounts;
    const struct snapshot_unusable *unusable;
    const struct snapshot_unreadable *unreadable;
    const struct snapshot_preset *presets; /* those that could be read have a name */
    uint32_t preset_count;
    uint32_t unusable_count, unreadable_count, provider_count;
    uint32_t tenant_count, key_count, secret_count, model_count, deployment_count, discount_count;
    struct map *secrets_by_hash, *models_by_name, *deployments_by_id;
    struct map *presets_by_name, *presets_by_id; /* by name: behind the tenant's id */
};

#endif
