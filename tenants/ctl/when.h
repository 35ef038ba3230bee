/*
 * when: times as people type them.
 */
#ifndef TOLLGATE_TENANTS_CTL_WHEN_H
#define TOLLGATE_TENANTS_CTL_WHEN_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

/* For help and errors. */
#define WHEN_FORMS                                                                                 \
    "2026-12-01T00:00:00Z, 2026-12-01 (UTC), now, today, yesterday, tomorrow, or 90m, 24h, 7d ago"

/* Unix milliseconds: 0 or -EINVAL. */
must_use int when_parse(struct span text, int64_t now_ms, int64_t *unix_ms_out);

#endif
