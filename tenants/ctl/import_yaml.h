/*
 * import_yaml: a YAML document as JSON text; the only file that sees libyaml.
 *
 * Scalars as YAML 1.1 reads them (true, yes, on; null, ~; decimal numbers), anything else a string.
 * Anchors and merge keys (<<) are resolved; how much comes of it, how deep it is and how much work
 * it makes is bounded, whatever the aliases say.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_YAML_H
#define TOLLGATE_TENANTS_CTL_IMPORT_YAML_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

enum { IMPORT_YAML_OUT_MAX = 4 << 20, IMPORT_YAML_DEPTH_MAX = 24, IMPORT_YAML_STEPS_MAX = 1 << 20 };

/* Appends the JSON to `out`. 0, or -EINVAL with a sentence in `error`: no YAML, several documents,
 * tags of its own, names that are no text, too deep or too much. */
must_use int import_yaml(struct span text, struct buf *out, struct buf *error);

#endif
