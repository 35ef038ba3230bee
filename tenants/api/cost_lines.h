/*
 * cost_lines: what a request's base is made of: quantity × unit price, a line each. Pure.
 */
#ifndef TOLLGATE_TENANTS_API_COST_LINES_H
#define TOLLGATE_TENANTS_API_COST_LINES_H

#include "billing/rate/rate.h"
#include "common/base/json_writer.h"
#include "tenants/store/request_store.h"

/* The lines by the stamped price (NULL: none to be seen), rated as billing did; they add up to the
 * base exactly. False, and no lines, when they do not: the base was charged by other prices than
 * these. A base of 0 (not charged for, or a test) has no lines. */
must_use bool cost_lines_make(const struct request_priced *priced,
                              const struct price_version *price, struct rated *lines_out);

/* The array's value: [{meter, priced_as, quantity, per_million, amount}]. */
void cost_lines_write(const struct rated *lines, struct json_writer *w);

#endif
