/*
 * usage_seed: invented usage of two tenants, posted as billing leaves it: events, request log and
 * the rollups of exactly these events.
 *
 * Two keys in two projects of tenant One, one of Two; three deployments of two providers; all
 * outcomes. Times lie in the three days before 2026-03-10T12:00:00Z.
 */
#ifndef TOLLGATE_TESTS_UNIT_TENANTS_STORE_USAGE_SEED_H
#define TOLLGATE_TESTS_UNIT_TENANTS_STORE_USAGE_SEED_H

#include "tests/support/testing_store.h"

#define TEST_USAGE_END_MS INT64_C(1773144000000) /* 2026-03-10T12:00:00Z */
#define TEST_USAGE_FROM_MS (TEST_USAGE_END_MS - 3 * INT64_C(86400000))

struct test_usage {
    struct test_tenant one, two;
    struct uuid second_key, second_project; /* of one */
};

struct test_usage make_two_tenants_usage(struct pg *control, struct pg *owner);

/* `count` requests of the tenant, spread over the three days, with rising numbers from `first`. */
void make_test_usage(struct pg *owner, struct uuid tenant, int first, int count);
/* The rollups anew, of all events. */
void make_test_rollups(struct pg *owner);

void run_sql(struct pg *pg, const char *sql);
/* As a member of the tenant, or as an operator where it is zero; the transaction stays open. */
void act_as(struct pg *pg, struct uuid tenant);

#endif
