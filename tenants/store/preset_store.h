/*
 * preset_store: a tenant's routing presets with all their versions.
 *
 * Whether a body makes sense is tenants/model/preset.h's to say; here it is text. A version never
 * changes; a deleted preset keeps its versions and gives its name free. Needs an open transaction
 * of an operator or of the tenant.
 */
#ifndef TOLLGATE_TENANTS_STORE_PRESET_STORE_H
#define TOLLGATE_TENANTS_STORE_PRESET_STORE_H

#include "tenants/store/view.h"

enum {
    PRESETS_MAX = 500,           /* of a tenant */
    PRESETS_BYTES_MAX = 1 << 20, /* of them all in their newest versions: gateways hold those */
    PRESET_VERSIONS_MAX = 10000, /* of one */
};

/* $4 tenant, $5 part of the name or null. Without bodies. */
extern const struct view preset_list_view;
extern const struct view preset_view; /* $1 tenant, $2 preset: the newest version */
/* $4 tenant, $5 preset; newest first, without bodies. */
extern const struct view preset_version_list_view;
extern const struct view preset_version_view; /* $1 tenant, $2 preset, $3 version */

struct preset_new {
    struct uuid tenant;
    struct span name, body;
};
/* STORE_CONFLICT: there is one of that name, or too many; STORE_REFUSED: the database cannot keep
 * the body. Locks the tenant. */
must_use enum store_outcome preset_store_create(struct pg *pg, const struct store_actor *actor,
                                                const struct preset_new *preset,
                                                struct uuid *preset_out,
                                                struct store_error *error_out);

/* By its name; STORE_NOT_FOUND. */
must_use enum store_outcome preset_store_find(struct pg *pg, struct uuid tenant, struct span name,
                                              struct uuid *preset_out,
                                              struct store_error *error_out);
/* The same, and nobody deletes it until the transaction ends: to make it somebody's default. */
must_use enum store_outcome preset_store_hold(struct pg *pg, struct uuid tenant, struct span name,
                                              struct uuid *preset_out,
                                              struct store_error *error_out);
/* The same for changing it. Locks the tenant first, as who makes it a default does: whoever takes
 * the two the other way round ends in a deadlock. */
struct preset_state {
    struct uuid tenant, id;
    int64_t revision;
};
must_use enum store_outcome preset_store_lock(struct pg *pg, struct uuid tenant, struct span name,
                                              struct preset_state *state_out,
                                              struct store_error *error_out);

/* Another version, the newest from now on; the body that it has already makes none. Refuses as
 * preset_store_create(). */
must_use enum store_outcome preset_store_put(struct pg *pg, const struct store_actor *actor,
                                             const struct preset_state *state, struct span body,
                                             struct store_error *error_out);
/* STORE_CONFLICT: it is somebody's default; the sentence says whose. */
must_use enum store_outcome preset_store_delete(struct pg *pg, const struct store_actor *actor,
                                                const struct preset_state *state,
                                                struct store_error *error_out);

/* The names of a tenant's presets as one text for a person, "a, b, c"; empty when there are none.
 */
must_use enum store_outcome preset_store_names(struct pg *pg, struct uuid tenant,
                                               struct arena *arena, struct span *names_out,
                                               struct store_error *error_out);

/* Those of the `count` names that the catalog does not have, each with one that is near, empty when
 * none is. A model is known by its id or an alias, with or without ":floor" and ":nitro". */
struct preset_unknown {
    struct span name, near;
};
struct preset_unknowns {
    const struct preset_unknown *at;
    size_t count;
};
must_use enum store_outcome preset_store_unknown_models(struct pg *pg, const struct span *names,
                                                        size_t count, struct arena *arena,
                                                        struct preset_unknowns *unknown_out,
                                                        struct store_error *error_out);
must_use enum store_outcome preset_store_unknown_providers(struct pg *pg, const struct span *names,
                                                           size_t count, struct arena *arena,
                                                           struct preset_unknowns *unknown_out,
                                                           struct store_error *error_out);

#endif
