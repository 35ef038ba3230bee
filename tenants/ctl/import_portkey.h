/*
 * import_portkey: a config of Portkey's gateway as a preset.
 *
 * Follows Portkey's documentation of configs and of conditional routing: strategy.mode single,
 * fallback, loadbalance, conditional, nested targets, provider, virtual_key, "@provider/model",
 * override_params, weight, retry, request_timeout; names in snake or camel case; a config as it
 * stands in the answer of their API. Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_PORTKEY_H
#define TOLLGATE_TENANTS_CTL_IMPORT_PORTKEY_H

#include "tenants/ctl/import.h"
#include "tenants/ctl/import_names.h"

/* Fills the preset with what can be carried over and reports the rest. 0, or -EINVAL with a
 * sentence in `error` when it is no config at all. */
must_use int import_portkey(const struct json_doc *doc, const struct import_names *names,
                            struct arena *arena, struct import_report *report,
                            struct import_preset *preset, struct buf *error);

#endif
