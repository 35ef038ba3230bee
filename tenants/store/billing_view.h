/*
 * billing_view: what the control plane shows of plans, the ledger and invoices.
 */
#ifndef TOLLGATE_TENANTS_STORE_BILLING_VIEW_H
#define TOLLGATE_TENANTS_STORE_BILLING_VIEW_H

#include "tenants/store/view.h"

/* $4 plan or null, $5 state (past, current, future) or null. */
extern const struct view plan_list_view;
extern const struct view plan_view; /* $1 version */

/* $4 tenant; each or null: $5 from (of effective_at), $6 to (exclusive), $7 account. */
extern const struct view ledger_list_view;

extern const struct view invoice_list_view; /* $4 tenant, $5 status or null */
extern const struct view invoice_view;      /* $1 tenant, $2 invoice */
extern const struct view invoice_line_view; /* $1 tenant, $2 invoice; no list: all lines */

#endif
