/*
 * catalog: a small catalog of the tests here, built into a snapshot like any other.
 *
 *   acme/big      chat, text+image, tools, reasoning: at acme (direct) and at host (OpenAI's wire)
 *   acme/small    chat, text: at host; the newest, the cheapest
 *   acme/vectors  embedding: at acme
 *   other/gone    chat: no price, so nobody can call it
 *   other/old     chat, retired
 *   other/screen  video: no endpoint here calls one
 */
#ifndef TOLLGATE_TESTS_UNIT_GATEWAY_MODELS_CATALOG_H
#define TOLLGATE_TESTS_UNIT_GATEWAY_MODELS_CATALOG_H

#include "gateway/models/models.h"

#define CATALOG_NOW_MS INT64_C(1800000000000)
#define CATALOG_MONO_MS INT64_C(7200000)

/* The caller unrefs it. */
struct snapshot *catalog_build(void);
/* Of the catalog's one tenant: a live key, a test key, or a live key for acme/big alone. */
enum catalog_key { CATALOG_LIVE, CATALOG_TEST, CATALOG_ONE_MODEL };
struct models_view catalog_view(const struct snapshot *snapshot, enum catalog_key key,
                                const struct board *board);

#endif
