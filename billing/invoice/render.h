/*
 * render: an invoice as JSON, as CSV and as text, from what is stored of it alone.
 *
 * Money is decimal text: whole cents where it is owed ("12.34"), exact where it was used
 * ("0.002468"), and in whole pico beside it. Times are RFC 3339 in UTC. In CSV (RFC 4180) a text
 * that a spreadsheet would take for a formula gets an apostrophe before it.
 */
#ifndef TOLLGATE_BILLING_INVOICE_RENDER_H
#define TOLLGATE_BILLING_INVOICE_RENDER_H

#include "common/base/buf.h"
#include "common/pg/pg.h"

enum render_format { RENDER_JSON, RENDER_CSV, RENDER_TEXT };

/* Appends it whole. 0, -ENOENT, -EIO (the database), -EMSGSIZE past the buffer's maximum. */
must_use int render_invoice(struct pg *pg, struct uuid invoice, enum render_format format,
                            struct buf *out);

/* Appends a text as one field of CSV, guarded. */
void render_csv_field(struct buf *out, struct span text);

#endif
