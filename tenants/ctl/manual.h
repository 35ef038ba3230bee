/*
 * manual: the manual page in roff, from the table of commands.
 */
#ifndef TOLLGATE_TENANTS_CTL_MANUAL_H
#define TOLLGATE_TENANTS_CTL_MANUAL_H

#include "common/base/buf.h"

enum { MANUAL_MAX_BYTES = 1 << 20 };

void manual_write(struct buf *out);

#endif
