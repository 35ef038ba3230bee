/*
 * idempotency_store: answers kept for the Idempotency-Key of their call.
 *
 * A key is claimed within the call's own transaction: a second call with it waits there for the
 * first, and finds its answer, or makes its own when the first was rolled back.
 */
#ifndef TOLLGATE_TENANTS_STORE_IDEMPOTENCY_STORE_H
#define TOLLGATE_TENANTS_STORE_IDEMPOTENCY_STORE_H

#include "common/base/digest.h"
#include "tenants/store/store.h"

struct idempotency_claim {
    const char *caller; /* "mem_…" */
    struct span key;
    struct uuid tenant; /* of the caller; zero for an operator */
    struct sha256 request;
};

struct idempotency_found {
    bool ours;              /* claimed now: the call is to be made */
    bool same;              /* else: whether it was for the same request */
    struct pg_rows *rows;   /* holds the two below; the caller's */
    struct span answer;     /* sealed */
    struct span master_key; /* which key sealed it */
};

/* Needs a transaction at read committed. STORE_RETRY when the first call takes too long. */
must_use enum store_outcome idempotency_store_claim(struct pg *pg,
                                                    const struct idempotency_claim *claim,
                                                    struct idempotency_found *found_out,
                                                    struct store_error *error_out);
/* Keeps the answer of a call that was claimed in this transaction. */
must_use enum store_outcome idempotency_store_keep(struct pg *pg,
                                                   const struct idempotency_claim *claim,
                                                   struct span sealed, const char *master_key,
                                                   struct store_error *error_out);
/* Forgets those older than so many hours. As an operator, in a transaction. */
must_use enum store_outcome idempotency_store_sweep(struct pg *pg, int64_t hours, int64_t *gone_out,
                                                    struct store_error *error_out);

#endif
