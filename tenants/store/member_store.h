/*
 * member_store: the people of a tenant. Needs an open transaction of an operator or of the tenant.
 * Every change is in the audit log, with what it was before and after.
 */
#ifndef TOLLGATE_TENANTS_STORE_MEMBER_STORE_H
#define TOLLGATE_TENANTS_STORE_MEMBER_STORE_H

#include "common/base/arena.h"
#include "tenants/model/tenant.h"
#include "tenants/store/view.h"

/* A list by newest first: $4 tenant, $5 text in name or address, $6 role, $7 status. */
extern const struct view member_list_view;
/* One: $1 its tenant, $2 its id. */
extern const struct view member_view;

struct member_new {
    struct uuid tenant;
    struct span email, name;
    enum member_role role;
    struct span password_hash;
};
/* STORE_CONFLICT: the tenant has a member with this address. *shown_out is member_view's object. */
must_use enum store_outcome member_store_create(struct pg *pg, const struct store_actor *actor,
                                                const struct member_new *member,
                                                struct arena *arena, struct span *shown_out,
                                                struct store_error *error_out);

struct member_row {
    struct uuid id, tenant;
    struct span email; /* in the arena */
    enum member_role role;
    bool active;
    bool last_owner; /* the only active owner of the tenant */
    int64_t revision;
};
/* Locks the tenant's members against other changes until the transaction ends. `row` has the tenant
 * and the id. */
must_use enum store_outcome member_store_lock(struct pg *pg, struct member_row *row,
                                              struct arena *arena, struct store_error *error_out);

/* Null parameters stay as they are. Who is disabled is signed out. */
struct member_change {
    struct pg_param name, role, status;
};
must_use enum store_outcome member_store_change(struct pg *pg, const struct store_actor *actor,
                                                const struct member_row *row,
                                                const struct member_change *change,
                                                struct arena *arena, struct store_error *error_out);

/* Signed out everywhere but in the session `but`, which may be zero. `row` has the tenant and the
 * id. */
must_use enum store_outcome member_store_set_password(struct pg *pg,
                                                      const struct store_actor *actor,
                                                      const struct member_row *row,
                                                      struct span password_hash, struct uuid but,
                                                      struct store_error *error_out);

#endif
