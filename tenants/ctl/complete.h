/*
 * complete: completion scripts for shells, from the table of commands.
 */
#ifndef TOLLGATE_TENANTS_CTL_COMPLETE_H
#define TOLLGATE_TENANTS_CTL_COMPLETE_H

#include "common/base/buf.h"

enum { COMPLETE_MAX_BYTES = 1 << 20 };

void complete_bash(struct buf *out);
void complete_zsh(struct buf *out);
void complete_fish(struct buf *out);

#endif
