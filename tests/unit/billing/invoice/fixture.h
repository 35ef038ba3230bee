/*
 * fixture: fills a database with what fixture.sql says: plans, a model with prices, and functions
 * that make tenants and usage.
 */
#ifndef TOLLGATE_TESTS_UNIT_BILLING_INVOICE_FIXTURE_H
#define TOLLGATE_TESTS_UNIT_BILLING_INVOICE_FIXTURE_H

#include "common/base/file.h"
#include "tests/support/testing_schema.h"

static inline void fixture_load(struct pg *pg)
{
    struct buf text = buf_make((size_t)1 << 16);

    assert_int_equal(file_read("tests/unit/billing/invoice/fixture.sql", &text), 0);
    buf_add_byte(&text, '\0');
    if (pg_script(pg, text.at) != PG_OK)
        fail_msg("fixture.sql: %s", pg_error(pg)->message);
    buf_done(&text);
}

#endif
