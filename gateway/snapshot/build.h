/*
 * build: rows of the database → one immutable snapshot. Pure but for memory; the loader's thread.
 *
 * What a row refers to and cannot be resolved (a base URL with an unknown variable, a credential
 * for another origin) makes that deployment uncallable and never fails the whole.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_BUILD_H
#define TOLLGATE_GATEWAY_SNAPSHOT_BUILD_H

#include "gateway/snapshot/snapshot.h"
#include "tenants/store/snapshot_rows.h"

struct seal;
struct tokens;

/* A provider's secret as the operator of this gateway gave it. Those that the database keeps for a
 * deployment or its provider win over it. */
struct build_credential {
    struct span provider, secret;
    struct span variables; /* a JSON object of what base URLs leave open; may be empty */
};

struct build_config {
    bool trial; /* what has no credential is served by the sandbox; else it is not callable */
    struct span sandbox_url;         /* base URL of the fake provider, with its /v1; empty: none */
    struct span upstream_url[WIRES]; /* by enum wire_dialect: answers instead of every provider of
                                    it; empty: none */
    const struct build_credential *credentials;
    size_t credential_count;
    const struct seal *seal; /* opens those of the database; NULL: nothing does */
    struct tokens *tokens;   /* of grants; NULL: there are none */
};

/* A snapshot with one reference, the caller's. `rows` may be freed afterwards. A credential whose
 * token is not there yet is left out: build again when tokens.h tells of a change. */
must_use struct snapshot *snapshot_build(const struct snapshot_rows *rows,
                                         const struct build_config *config);

#endif
