/*
 * check: what every simulation must show, or the routing is worse than it says.
 */
#ifndef TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_CHECK_H
#define TOLLGATE_TESTS_SUPPORT_ROUTE_SIMULATOR_CHECK_H

#include "common/base/attr.h"

/* How many of the rows failed; each of them is told on standard output. */
must_use int check_all(void);

#endif
