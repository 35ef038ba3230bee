/*
 * audit_store: what the audit log says. Any actor sees what row-level security shows it.
 */
#ifndef TOLLGATE_TENANTS_STORE_AUDIT_STORE_H
#define TOLLGATE_TENANTS_STORE_AUDIT_STORE_H

#include "tenants/store/view.h"

/* A list by newest first: $4 tenant, $5 from (at or after), $6 to (before), $7 action, $8 subject,
 * $9 actor; null: all. */
extern const struct view audit_list_view;

struct audit_check {
    int64_t rows;
    int64_t first_broken; /* 0: the chain holds */
};
/* Reads the whole log. An operator only. */
must_use enum store_outcome audit_store_check(struct pg *pg, struct audit_check *check_out,
                                              struct store_error *error_out);

#endif
