/*
 * credentials: the sealed credentials of the database, opened for one snapshot, and which of them a
 * deployment is called with. Loader's thread.
 *
 * Those of the deployment itself win over those of its provider; of either kind all that can be
 * used are, the newest first, so that a key can be changed without a gap.
 * A secret goes only to the hosts that it was sealed for: what the catalog says now has to be one
 * of them. What cannot be used is told, and never fails the whole.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIALS_H
#define TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIALS_H

#include "common/base/seal.h"
#include "gateway/snapshot/build.h"
#include "tenants/store/snapshot_rows.h"

struct credentials {
    const struct snapshot_rows *rows;
    struct arena *arena; /* the snapshot's */
    struct tokens *tokens;
    struct span *secrets;               /* by row; empty: not opened */
    struct snapshot_unusable *unusable; /* by row, noted where `why` is set */
};

/* Opens all that are ours; `seal` and `tokens` may be NULL: then none can be. */
must_use struct credentials credentials_open(const struct snapshot_rows *rows,
                                             const struct seal *seal, struct tokens *tokens,
                                             struct arena *arena);

enum credential_found {
    CREDENTIAL_NONE,   /* there is none for this deployment */
    CREDENTIAL_UNFIT,  /* there is, and it cannot be used */
    CREDENTIAL_CHOSEN, /* one or more, at most SNAPSHOT_CREDENTIALS_MAX, in the arena */
};
struct credentials_chosen {
    const struct snapshot_credential *at;
    uint32_t count;
};
/* `auth` is the scheme that the catalog names for the deployment. */
must_use enum credential_found credentials_choose(struct credentials *credentials,
                                                  const struct deployment_row *deployment,
                                                  enum auth_scheme auth,
                                                  struct credentials_chosen *chosen_out);

/* What a deployment is called with; NULL, or why it cannot be: a sentence for a person, or
 * credentials_waiting. The texts of *credential_out are in the arena. */
must_use const char *credentials_make(struct credentials *credentials,
                                      const struct deployment_row *deployment,
                                      enum auth_scheme auth, const struct build_credential *given,
                                      struct snapshot_credential *credential_out);
extern const char credentials_waiting[];

/* A copy in the arena. */
must_use struct credentials_chosen
credentials_keep(struct arena *arena, const struct snapshot_credential *found, uint32_t count);

/* Puts what could not be used side by side; returns how many. */
must_use uint32_t credentials_unusable(struct credentials *credentials);

#endif
