/*
 * credential_store: whose a management key or an operator's token is, by the hash of its secret.
 * Needs an open transaction of an operator.
 */
#ifndef TOLLGATE_TENANTS_STORE_CREDENTIAL_STORE_H
#define TOLLGATE_TENANTS_STORE_CREDENTIAL_STORE_H

#include "common/base/digest.h"
#include "tenants/store/store.h"

struct arena;

struct credential_key {
    struct uuid id, tenant;
    const struct span *scopes; /* in the arena */
    size_t scope_count;
};
/* STORE_NOT_FOUND: there is none. STORE_REFUSED, with a sentence for its owner: disabled, revoked,
 * expired, or of a tenant that is suspended or closed. */
must_use enum store_outcome credential_store_key(struct pg *pg, const struct sha256 *hash,
                                                 struct arena *arena,
                                                 struct credential_key *key_out,
                                                 struct store_error *error_out);

/* STORE_NOT_FOUND: there is none, or its operator is disabled. */
must_use enum store_outcome credential_store_operator(struct pg *pg, const struct sha256 *hash,
                                                      struct uuid *operator_out,
                                                      struct store_error *error_out);

#endif
