/*
 * login_store: who an e-mail address may sign in as, and the lockout. Needs an open transaction of
 * an operator; the lockout counts only what is committed.
 */
#ifndef TOLLGATE_TENANTS_STORE_LOGIN_STORE_H
#define TOLLGATE_TENANTS_STORE_LOGIN_STORE_H

#include "tenants/store/session_store.h"

struct arena;

/* At most so many memberships of one address are tried. */
enum { LOGIN_CANDIDATES_MAX = 16 };

/* An active person with a password; texts are in the arena. */
struct login_candidate {
    struct person person;
    struct span hash, tenant_name;
};
struct login_candidates {
    struct login_candidate items[LOGIN_CANDIDATES_MAX];
    size_t count;
};
/* An operator comes first; `tenant` leaves its member only, zero means all. */
must_use enum store_outcome login_store_find(struct pg *pg, struct span email, struct uuid tenant,
                                             struct arena *arena,
                                             struct login_candidates *candidates_out,
                                             struct store_error *error_out);

/* What failures are counted for. */
enum login_subject {
    LOGIN_EMAIL,   /* 5 lock it, until a day has passed without one */
    LOGIN_ADDRESS, /* 30 within 10 minutes lock it */
};

/* Counts an attempt as a failure before it is judged, so that attempts made at once count too.
 * *locked_ms_out is 0, or how long the subject is still locked: then nothing was counted. From its
 * limit on, each failure locks for 60 s, 120 s, … up to 15 minutes. */
must_use enum store_outcome login_store_attempt(struct pg *pg, enum login_subject subject,
                                                struct span text, int64_t *locked_ms_out,
                                                struct store_error *error_out);
/* Whether it is locked, without counting. */
must_use enum store_outcome login_store_locked(struct pg *pg, enum login_subject subject,
                                               struct span text, int64_t *locked_ms_out,
                                               struct store_error *error_out);
/* The attempt was right: the address's failures are forgotten, the client's are one less. */
must_use enum store_outcome login_store_succeeded(struct pg *pg, struct span email,
                                                  struct span address,
                                                  struct store_error *error_out);

#endif
