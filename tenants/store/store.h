/*
 * store: what all files of tenants/store share: outcomes, and who is acting in a transaction.
 *
 * The store is SQL and nothing else; what a tenant or a price *is* stands in tenants/model. Each
 * function says whether it needs an open transaction. Row-level security is told here, in one
 * place, who is asking. Blocking; one thread per connection.
 */
#ifndef TOLLGATE_TENANTS_STORE_STORE_H
#define TOLLGATE_TENANTS_STORE_STORE_H

#include "common/base/attr.h"
#include "common/base/digest.h"
#include "common/base/id.h"
#include "common/pg/pg.h"

enum store_outcome {
    STORE_OK,
    STORE_NOT_FOUND, /* no such row, or not for this actor to see */
    STORE_CONFLICT,  /* it exists already, or a range overlaps */
    STORE_REFUSED,   /* against a rule of the database, or of the function as it says */
    STORE_DENIED,    /* this role may not */
    STORE_RETRY,     /* run the whole transaction again */
    STORE_LOST,      /* the database is away; of a commit: nobody knows */
    STORE_BROKEN,    /* the database holds, or says, what this program does not understand */
};

/* One sentence for a person, without secrets. Written when an outcome is not STORE_OK. */
struct store_error {
    char text[400];
};

/* Who acts: an operator sees all tenants, a tenant's member or key only its own. */
struct store_actor {
    const char *name;    /* as the audit log shows it: "opr_…", "tollgate-control" */
    const char *address; /* of the client; NULL when there is none */
    struct uuid tenant;  /* zero: an operator */
};

must_use const char *store_outcome_name(enum store_outcome outcome);
/* What a statement's outcome means here; `doing` begins the sentence: "create the key". */
must_use enum store_outcome store_judge(struct pg *pg, enum pg_outcome outcome, const char *doing,
                                        struct store_error *error_out);
/* One statement and what its outcome means. */
#define store_exec(pg, rows_out, error_out, doing, sql, ...)                                       \
    store_judge((pg), pg_exec((pg), (rows_out), (sql)__VA_OPT__(, ) __VA_ARGS__), (doing),         \
                (error_out))
/* A hash as a parameter; borrows it. */
static inline struct pg_param store_sha256(const struct sha256 *hash)
{
    return PG_BYTES(span_make((const char *)hash->at, sizeof(hash->at)));
}
/* Writes the sentence and returns `outcome`. */
enum store_outcome store_fail(struct store_error *error_out, enum store_outcome outcome,
                              const char *format, ...) printf_like(3, 4);

/* Begins a transaction in which row-level security knows the actor. It ends with store_commit or
 * store_rollback, and the knowledge with it. */
must_use enum store_outcome store_begin(struct pg *pg, const struct store_actor *actor,
                                        struct store_error *error_out);
/* Another actor for the rest of the transaction. */
must_use enum store_outcome store_assume(struct pg *pg, const struct store_actor *actor,
                                         struct store_error *error_out);
/* The same for reading only; with one snapshot all its statements see the same state. */
must_use enum store_outcome store_begin_reading(struct pg *pg, const struct store_actor *actor,
                                                bool one_snapshot, struct store_error *error_out);
must_use enum store_outcome store_commit(struct pg *pg, struct store_error *error_out);
void store_rollback(struct pg *pg); /* harmless without a transaction */

/* One mutation, for the audit log: "key.create" of "key_…". */
struct store_mutation {
    const char *action;
    struct uuid tenant; /* may be zero */
    struct span subject;
    struct span before, after; /* JSON or empty */
};

/* Notes it in the hash-chained audit log, within the transaction that made it. */
must_use enum store_outcome store_audit(struct pg *pg, const struct store_actor *actor,
                                        const struct store_mutation *mutation,
                                        struct store_error *error_out);

#endif
