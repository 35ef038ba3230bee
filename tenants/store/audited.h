/*
 * audited: a mutation, and in the audit log what its object was before and is after, as its view
 * shows it. Needs an open transaction.
 */
#ifndef TOLLGATE_TENANTS_STORE_AUDITED_H
#define TOLLGATE_TENANTS_STORE_AUDITED_H

#include "tenants/store/view.h"

/* The view takes $1 tenant and $2 id; of what belongs to no tenant, and of tenants, $1 id. */
struct audited {
    const char *action; /* "key.update" */
    struct uuid tenant; /* zero: it belongs to no tenant */
    enum id_kind kind;
    struct uuid id; /* the subject: "key_…" */
    const struct view *view;
};

/* Runs `change(pg, with, …)` between two looks at the object. An object that is not there before
 * was made, one that is not there after was deleted: its side of the log is empty. */
must_use enum store_outcome audited_run(
    struct pg *pg, const struct store_actor *actor, const struct audited *what,
    enum store_outcome (*change)(struct pg *pg, const void *with, struct store_error *error_out),
    const void *with, struct store_error *error_out);

#endif
