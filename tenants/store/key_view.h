/*
 * key_view: what the control plane shows of keys: never a secret, only the public parts of those
 * that live. Its status is "expired" when it is active and its time is over.
 */
#ifndef TOLLGATE_TENANTS_STORE_KEY_VIEW_H
#define TOLLGATE_TENANTS_STORE_KEY_VIEW_H

#include "tenants/store/view.h"

/* $4 tenant; each or null: $5 q (of name and public parts), $6 kind, $7 status, $8 project. */
extern const struct view key_list_view;
extern const struct view key_view; /* $1 tenant, $2 key */

#endif
