/*
 * clean: text of strangers on a terminal. What a terminal would obey, or what turns the direction
 * of writing, is shown as its JSON escape; inside JSON the text means the same as before.
 */
#ifndef TOLLGATE_TENANTS_CTL_CLEAN_H
#define TOLLGATE_TENANTS_CTL_CLEAN_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

/* Appends; with `lines`, line feeds and tabs stay. Bytes that are not UTF-8 become U+FFFD. 0 or
 * -EMSGSIZE. */
int clean_add(struct buf *out, struct span text, bool lines);

#endif
