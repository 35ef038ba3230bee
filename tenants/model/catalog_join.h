/*
 * catalog_join: which model a provider means by its own name for one.
 *
 * "us.anthropic.claude-sonnet-4-5-20250929-v1:0" at Amazon and "anthropic/claude-sonnet-4.5" at a
 * reseller are one model. The rule is in docs/catalog.md, "Joining". Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_JOIN_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_JOIN_H

#include "tenants/model/catalog.h"

struct catalog_identity {
    const char *author;                     /* canonical; NULL when it is not known */
    const char *slug;                       /* small letters, as it will stand behind the author */
    const char *scope, *variant, *snapshot; /* what was taken off the name; each may be NULL */
    bool first_party;                       /* the provider is the author's own */
};

/* Takes a provider's name of a model apart. False when nothing usable is left of it. `authors`
 * (may be NULL) holds further canonical authors. Text lives in the arena. */
struct map;
must_use bool catalog_identify(const char *provider, const char *upstream_id,
                               const struct map *authors, struct arena *arena,
                               struct catalog_identity *identity_out);

/* "anthropic/claude-sonnet-4.5" as it is compared: small letters, and every separator behind the
 * slash a '-'. */
must_use const char *catalog_fold(const char *id, struct arena *arena);

#endif
