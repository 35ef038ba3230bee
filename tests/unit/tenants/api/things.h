/*
 * things: routes that only tests serve, over a table tollgate.things of their own.
 */
#ifndef TOLLGATE_TESTS_UNIT_TENANTS_API_THINGS_H
#define TOLLGATE_TESTS_UNIT_TENANTS_API_THINGS_H

#include "tenants/api/route.h"

/* How often a handler began that counts it. */
extern _Atomic int things_runs;
extern const struct api_routes *const things_families[];

#endif
