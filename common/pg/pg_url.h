/*
 * pg_url: which database a command of an operator means: a file's first line, or a URL given.
 *
 * The file is for a URL with a password: only its owner may read it. For programs that run on,
 * see their own config.
 */
#ifndef TOLLGATE_COMMON_PG_PG_URL_H
#define TOLLGATE_COMMON_PG_PG_URL_H

#include <stdbool.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

/* Rows for a table of options; `at(member)` is the offset of `database` and `database_url_file`. */
#define PG_URL_SETTINGS(at)                                                                        \
    {"database",                                                                                   \
     OPTION_TEXT,                                                                                  \
     at(database),                                                                                 \
     0,                                                                                            \
     2000,                                                                                         \
     NULL,                                                                                         \
     "The database as a URL without a password (PGPASSWORD or ~/.pgpass has it).",                 \
     NULL},                                                                                        \
    {                                                                                              \
        "database-url-file", OPTION_PATH, at(database_url_file), 0, 4000, NULL,                    \
            "A file whose first line is the URL, password included; readable by its owner only.",  \
            NULL                                                                                   \
    }

/* The URL from the file, or from `database` where no file is given; either may be NULL or empty.
 * False: `why` has a sentence. The caller wipes what was read. */
must_use bool pg_url_read(const char *file, const char *database, struct buf *url_out,
                          struct buf *why);

#endif
