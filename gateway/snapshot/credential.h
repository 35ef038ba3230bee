/*
 * credential: what a deployment is called with, as a snapshot has it. Immutable; its texts live as
 * long as the snapshot.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIAL_H
#define TOLLGATE_GATEWAY_SNAPSHOT_CREDENTIAL_H

#include <stdint.h>

#include "common/base/id.h"
#include "common/base/span.h"

enum auth_scheme {
    AUTH_NONE,
    AUTH_BEARER,
    AUTH_API_KEY,
    AUTH_X_API_KEY,
    AUTH_X_GOOG_API_KEY,
    AUTH_SIGV4,
    AUTH_OAUTH
};

enum { SNAPSHOT_CREDENTIALS_MAX = 16 };

/* One way to be let in at a deployment, and where it leads. */
struct snapshot_credential {
    struct uuid id; /* as the control plane knows it; zero: this gateway's own file, or none */
    /* Of the secret as it was given: where it stands for the same account, and a changed one is
     * another. 0: none is needed. */
    uint64_t fingerprint;
    enum auth_scheme auth;   /* the catalog's, unless the secret's form says otherwise; no OAUTH */
    struct span base_url;    /* whole, variables filled in; for the sandbox the fake provider's */
    struct span secret;      /* opened, what is sent or signed with; may be empty. Never logged. */
    struct span region;      /* of AUTH_SIGV4 */
    struct span upstream_id; /* what the provider calls the model; the deployment's if not told */
};

#endif
