/*
 * catalog_file: the catalog's own JSON format (docs/catalog.md), read, judged and written.
 *
 * Reading checks everything the format promises and names the first thing that is wrong by its
 * path: "models[12].deployments[0].rates[1].usd: …". Knows neither files nor the database.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CATALOG_FILE_H
#define TOLLGATE_TENANTS_MODEL_CATALOG_FILE_H

#include "common/base/buf.h"
#include "common/base/money.h"
#include "tenants/model/catalog.h"

#define CATALOG_FORMAT "tollgate.catalog.v1"
#define CATALOG_MAX_BYTES ((size_t)16 << 20)
#define CATALOG_MAX_PROVIDERS 1000u
#define CATALOG_MAX_MODELS 20000u
#define CATALOG_MAX_DEPLOYMENTS 1000u /* of one model */
#define CATALOG_MAX_RATES 64u         /* of one deployment */
#define CATALOG_MAX_LIST 64u          /* aliases, endpoints, variables */
#define CATALOG_MAX_TEXT 256u         /* bytes of an id or a name */
#define CATALOG_MAX_URL 512u

/* An empty catalog with an arena of its own, for whoever fills one. */
must_use struct catalog *catalog_new(void);
void catalog_free(struct catalog *catalog);
void catalog_free_at(struct catalog **catalog); /* for cleanup() */

/* Reads one text and finishes it. The caller owns *catalog_out; nothing in it points into `text`.
 * 0, or -EINVAL with error_out filled, which goes to a person as it is. */
must_use int catalog_parse(struct span text, struct catalog **catalog_out,
                           struct catalog_error *error_out);

/* Sorts (providers by slug, models by id, deployments by key, rates), works out the models' common
 * capabilities and limits and adds the reasons for quarantine that the prices give. Reasons that
 * already stand there stay. Every reader calls it; the store does after reading from the database,
 * and then two catalogs of the same content are equal to catalog_diff(). */
void catalog_finish(struct catalog *catalog);

/* Priced: it has a standard price above 0. Sellable: priced, not deprecated, not in quarantine. */
must_use bool catalog_priced(const struct catalog_deployment *deployment);
must_use bool catalog_sellable(const struct catalog_deployment *deployment);
must_use bool catalog_model_sellable(const struct catalog_model *model);

/* The rate that holds for a prompt of this many tokens: the highest tier below it that names the
 * meter. NULL when the meter has no price of its own. */
must_use const struct price_rate *catalog_rate_at(const struct catalog_deployment *deployment,
                                                  enum meter meter, enum price_mode mode,
                                                  int64_t prompt_tokens);

/* Exact search in a finished catalog; NULL when it is not there. By id only, not by alias. */
must_use const struct catalog_provider *catalog_provider_find(const struct catalog *catalog,
                                                              const char *slug);
must_use const struct catalog_model *catalog_model_find(const struct catalog *catalog,
                                                        const char *id);

/* The whole catalog in its own format, one deployment a line. buf_failed() when it did not fit. */
void catalog_write(const struct catalog *catalog, struct buf *out);

/* A stated price ("0.27") as pico per unit of its meter, and back; see docs/catalog.md for the
 * rounding. 0, -EINVAL, -ERANGE. */
must_use int catalog_price_parse(enum meter meter, struct span text, int64_t *pico_per_unit_out);
size_t catalog_price_format(enum meter meter, int64_t pico_per_unit, char text_out[MONEY_TEXT_MAX]);

#endif
