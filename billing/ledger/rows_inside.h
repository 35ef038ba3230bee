/*
 * rows_inside: what rows.c and rows_rollup.c share.
 */
#ifndef TOLLGATE_BILLING_LEDGER_ROWS_INSIDE_H
#define TOLLGATE_BILLING_LEDGER_ROWS_INSIDE_H

#include "billing/ledger/rows.h"

struct pg_copy;

/* Owned by the caller: INSERT … SELECT … ON CONFLICT DO UPDATE over all columns. */
must_use char *rows_upsert_hourly(void);
/* Borrowed from the text or from rows->text, until the next call. */
must_use struct span rows_clean(struct rows *rows, struct span text);
/* The columns from input_tokens to other_meters. */
void rows_put_meters(struct rows *rows, struct pg_copy *copy, const int64_t *meters);

#endif
