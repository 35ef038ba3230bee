/*
 * session_store: who is signed in. Needs an open transaction of an operator, but for
 * session_store_end_all, which a member's tenant may do too.
 *
 * Only hashes of tokens are kept. All times are the database's.
 */
#ifndef TOLLGATE_TENANTS_STORE_SESSION_STORE_H
#define TOLLGATE_TENANTS_STORE_SESSION_STORE_H

#include "common/base/digest.h"
#include "tenants/model/session_token.h"
#include "tenants/model/tenant.h"
#include "tenants/store/store.h"

enum {
    SESSION_ROTATES_AFTER_S = 15 * 60,
    SESSION_OVERLAP_S = 60,    /* as long the token before is good */
    SESSION_SEEN_EVERY_S = 60, /* seen_at is written this often at most */
};

/* An operator, or a member of a tenant. */
struct person {
    struct uuid id;
    struct uuid tenant;    /* zero: an operator */
    enum member_role role; /* of a member */
};
must_use bool person_is_operator(const struct person *person);
/* "opr_…" or "mem_…" */
void person_format(const struct person *person, char text_out[ID_TEXT_SIZE]);

struct session_new {
    struct person person;
    struct sha256 token;
    struct session_secret secret;
    bool bearer; /* sent as a bearer token: does not rotate */
    int64_t life_ms;
    struct span address, user_agent;
};
/* Also forgets sessions that ended a month ago. */
must_use enum store_outcome session_store_create(struct pg *pg, const struct session_new *session,
                                                 struct uuid *session_out,
                                                 struct store_error *error_out);

struct session_found {
    struct uuid id;
    struct person person;
    struct session_secret secret;
    bool bearer;
    bool current;    /* by its newest token, not by the one before */
    bool rotate_due; /* by its newest token, which is old enough */
    bool seen_due;
    int64_t left_ms; /* of its life */
};
/* By the hash of a token. STORE_NOT_FOUND when there is none, it has ended, was idle too long, or
 * its person or tenant may not sign in any more. */
must_use enum store_outcome session_store_find(struct pg *pg, const struct sha256 *token,
                                               int64_t idle_ms, struct session_found *found_out,
                                               struct store_error *error_out);

/* `token` becomes the one before, `next` the newest. STORE_NOT_FOUND when another call did it. */
must_use enum store_outcome session_store_rotate(struct pg *pg, struct uuid session,
                                                 const struct sha256 *token,
                                                 const struct sha256 *next,
                                                 struct store_error *error_out);
/* Another token, and nothing of those before. */
must_use enum store_outcome session_store_renew(struct pg *pg, struct uuid session,
                                                const struct sha256 *token,
                                                struct store_error *error_out);
must_use enum store_outcome session_store_seen(struct pg *pg, struct uuid session,
                                               struct store_error *error_out);

must_use enum store_outcome session_store_end(struct pg *pg, struct uuid session,
                                              struct store_error *error_out);
/* All sessions of a person but one; zero: all. */
must_use enum store_outcome session_store_end_all(struct pg *pg, struct uuid person,
                                                  struct uuid but, struct store_error *error_out);

/* Who is signed in, in words. */
struct session_shown {
    struct pg_rows *rows;                 /* owned */
    struct span email, name, tenant_name; /* of the rows; empty where there is none */
    struct span hash;                     /* of the password, likewise */
    int64_t expires_ms;                   /* of the session, or the key; INT64_MAX: it does not */
    struct session_secret secret;         /* of the session */
    bool bearer;                          /* the session */
};
/* Of an operator, a member or a key, by its id; `session` may be zero. Any actor that may see it.
 * The caller ends it with session_shown_done(). */
must_use enum store_outcome session_store_show(struct pg *pg, struct uuid who, struct uuid tenant,
                                               struct uuid session, struct session_shown *shown_out,
                                               struct store_error *error_out);
void session_shown_done(struct session_shown *shown); /* for cleanup() too */

#endif
