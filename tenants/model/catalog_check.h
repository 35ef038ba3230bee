/*
 * catalog_check: the spelling of ids, names and addresses in a catalog. Pure, for its readers.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_CHECK_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_CHECK_H

#include "tenants/model/catalog.h"

/* "openai", "novita-ai": small letters, digits, '-', '.', '_'. */
must_use bool catalog_is_slug(struct span text);
/* "author/slug", both as above, the second also with ':'. */
must_use bool catalog_is_model_id(struct span text);
/* Visible ASCII, no blank, no quote, no '#': an upstream id or an alias. */
must_use bool catalog_is_upstream_id(struct span text);
/* Whether the key is "provider/upstream_id#n" with n from 1. */
must_use bool catalog_is_key(struct span key, struct span provider, struct span upstream_id);

/* A day that exists, as YYYY-MM-DD. */
must_use bool catalog_is_date(const char *text);

/* "AWS_REGION": capitals, digits and '_'. */
must_use bool catalog_is_variable(const char *name);

/* NULL when the URL may stand in a catalog: https (http on loopback only), no user, query or
 * fragment, no slash at its end, each ${NAME} declared by the provider. Else what is wrong. */
must_use const char *catalog_url_problem(struct span url, const struct catalog_provider *provider);

#endif
