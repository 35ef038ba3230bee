/*
 * ask: questions to the person at the terminal, and secrets from files.
 */
#ifndef TOLLGATE_TENANTS_CTL_ASK_H
#define TOLLGATE_TENANTS_CTL_ASK_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Whether there is somebody to ask: standard input and standard error are a terminal. */
must_use bool ask_possible(void);

/* "Revoke it? [y/N] ": whether the answer begins with y. */
must_use bool ask_yes(const char *question);

/* One line of the terminal, without its end; `hidden`: it is not shown while it is typed. 0,
 * -ENODATA at its end, -EMSGSIZE, -errno. */
must_use int ask_line(const char *question, bool hidden, struct buf *out);

/* The first line of a private file, or of standard input for "-". 0, -EPERM when others may read
 * it, -EINVAL when it is empty, -errno. */
must_use int ask_file(const char *path, struct buf *out);

#endif
