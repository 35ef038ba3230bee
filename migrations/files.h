/*
 * files: the numbered SQL files of a directory, NNNN_name.sql, in their order.
 *
 * Each number stands once. Anything else that ends in .sql is an error, so that a misnamed
 * migration is not passed over in silence.
 */
#ifndef TOLLGATE_MIGRATIONS_FILES_H
#define TOLLGATE_MIGRATIONS_FILES_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

#define MIGRATION_MAX_BYTES ((size_t)4 << 20)
#define MIGRATIONS_MAX 2000u

struct migration {
    uint32_t number;
    char *name;      /* "0001_foundation.sql" */
    char *sql;       /* NUL-terminated */
    char sha256[65]; /* of the file's bytes, in hex */
};

struct migrations {
    struct migration *items; /* by number */
    uint32_t count;
};

/* 0, -errno, or -EINVAL; `error` then holds one sentence. The caller ends with migrations_done. */
must_use int migrations_load(const char *directory, struct migrations *migrations_out,
                             struct buf *error);
void migrations_done(struct migrations *migrations);

#endif
