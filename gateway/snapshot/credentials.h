/*
 * credentials: the sealed credentials of the database, opened for one snapshot, and which of them a
 * deployment is called with. Loader's thread.
 *
 * A credential of the deployment itself wins over one of its provider, the newest over older ones.
 * A secret goes only to the hosts that it was sealed for: what the catalog says now has to be one
 * of them. What cannot be used is told, and never fails the whole.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIALS_H
#define TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIALS_H

#include "common/base/seal.h"
#include "gateway/snapshot/snapshot.h"
#include "tenants/store/snapshot_rows.h"

struct credentials {
    const struct snapshot_rows *rows;
    struct arena *arena;                /* the snapshot's */
    struct span *secrets;               /* by row; empty: not opened */
    struct snapshot_unusable *unusable; /* by row, noted where `why` is set */
};

/* Opens all that are ours; `seal` may be NULL: then none can be. */
must_use struct credentials credentials_open(const struct snapshot_rows *rows,
                                             const struct seal *seal, struct arena *arena);

enum credential_found {
    CREDENTIAL_NONE,   /* there is none for this deployment */
    CREDENTIAL_UNFIT,  /* there is, and it cannot be used */
    CREDENTIAL_CHOSEN, /* its secret and the base URL with its variables filled in, in the arena */
};
must_use enum credential_found credentials_choose(struct credentials *credentials,
                                                  const struct deployment_row *deployment,
                                                  struct span *base_url_out,
                                                  struct span *secret_out);

/* Puts what could not be used side by side; returns how many. */
must_use uint32_t credentials_unusable(struct credentials *credentials);

#endif
