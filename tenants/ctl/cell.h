/*
 * cell: a value of the API as text for a person: cleaned, grouped, in UTC or local time.
 */
#ifndef TOLLGATE_TENANTS_CTL_CELL_H
#define TOLLGATE_TENANTS_CTL_CELL_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "tenants/ctl/view.h"

/* The node at "tenant.name" below `object`, or JSON_NONE. */
must_use uint32_t cell_find(const struct json_doc *doc, uint32_t object, const char *path);

/* Appends a string decoded and cleaned, another value as it stands; nothing for none and null. */
void cell_text(const struct json_doc *doc, uint32_t node, struct buf *out);

/* Appends the value in the form of its kind; "-" for none and null. */
void cell_add(const struct json_doc *doc, uint32_t node, enum cell_kind kind, bool local,
              struct buf *out);

/* "1234567" as "1,234,567"; other text as it is. */
void cell_add_count(struct buf *out, struct span digits);
/* Decimal text with at least two decimals; other text as it is. */
void cell_add_money(struct buf *out, struct span decimal);

#endif
