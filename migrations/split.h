/*
 * split: a text of SQL cut into its statements, so that an error can be told by file and line.
 *
 * Knows strings ('…', E'…'), names ("…"), dollar quotes, both comments and nothing else of SQL: a
 * semicolon outside them ends a statement. SQL-standard function bodies (BEGIN ATOMIC … END) are
 * therefore not for migrations. Pure.
 */
#ifndef TOLLGATE_MIGRATIONS_SPLIT_H
#define TOLLGATE_MIGRATIONS_SPLIT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/span.h"

struct split {
    struct span rest;
    uint32_t line; /* of the first byte of rest, from 1 */
};

must_use struct split split_make(struct span sql);

/* The next statement without its semicolon and without comments before it, and the line it begins
 * at. False at the end. */
must_use bool split_next(struct split *split, struct span *statement_out, uint32_t *line_out);

#endif
