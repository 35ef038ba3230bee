/*
 * operator_store: operators. Needs an open transaction of an operator. Every change is in the audit
 * log, with what it was before and after.
 */
#ifndef TOLLGATE_TENANTS_STORE_OPERATOR_STORE_H
#define TOLLGATE_TENANTS_STORE_OPERATOR_STORE_H

#include "common/base/arena.h"
#include "tenants/store/view.h"

/* A list by newest first: $4 text in name or address, $5 status. */
extern const struct view operator_list_view;
/* One: $1 its id. */
extern const struct view operator_view;

#define OPERATOR_TOKEN_PREFIX "opr-tg1_"
#define OPERATOR_TOKEN_LENGTH 50 /* with 42 random characters */

struct operator_new {
    struct span email, name;
    struct span password_hash; /* empty: signs in with its token only */
    bool has_token;
};
struct operator_made {
    struct uuid id;
    char token[OPERATOR_TOKEN_LENGTH + 1]; /* shown once, only its SHA-256 is kept; empty: none */
};
/* STORE_CONFLICT: the address is another's. */
must_use enum store_outcome operator_store_create(struct pg *pg, const struct store_actor *actor,
                                                  const struct operator_new *wanted,
                                                  struct arena *arena,
                                                  struct operator_made *made_out,
                                                  struct store_error *error_out);

struct operator_row {
    struct uuid id;
    struct span email; /* in the arena */
    bool active;
    bool others_active; /* another operator is */
    int64_t revision;
};
/* Locks the operators against other changes until the transaction ends. */
must_use enum store_outcome operator_store_lock(struct pg *pg, struct uuid id, struct arena *arena,
                                                struct operator_row *row_out,
                                                struct store_error *error_out);

/* Null parameters stay as they are. Who is disabled is signed out. */
struct operator_change {
    struct pg_param name, status;
};
must_use enum store_outcome operator_store_change(struct pg *pg, const struct store_actor *actor,
                                                  const struct operator_row *row,
                                                  const struct operator_change *change,
                                                  struct arena *arena,
                                                  struct store_error *error_out);

/* Signed out everywhere but in the session `but`, which may be zero. */
must_use enum store_outcome operator_store_set_password(struct pg *pg,
                                                        const struct store_actor *actor,
                                                        struct uuid id, struct span password_hash,
                                                        struct uuid but,
                                                        struct store_error *error_out);

#endif
