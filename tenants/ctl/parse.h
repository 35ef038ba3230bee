/*
 * parse: the command line by the table of commands; argp of glibc does the reading.
 *
 * Common options may stand before the command, all others behind it. Values are checked as far as
 * that can be done without asking the API: whole numbers, amounts, times, words of a list.
 */
#ifndef TOLLGATE_TENANTS_CTL_PARSE_H
#define TOLLGATE_TENANTS_CTL_PARSE_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "tenants/ctl/command.h"

enum { ARGUMENTS_MAX = 4, GIVEN_MAX = 256 };

struct given {
    const struct flag *flag;
    const char *value; /* borrowed from argv; NULL for a switch */
};

/* What was typed. */
struct invocation {
    const struct command *command; /* NULL: none was named */
    const char *arguments[ARGUMENTS_MAX];
    size_t argument_count;
    struct given given[GIVEN_MAX];
    size_t given_count;
};

enum parse_outcome {
    PARSE_RUN,
    PARSE_HELP, /* of the command, of the group, or of the program when command is NULL */
    PARSE_VERSION,
    PARSE_BAD, /* `error` holds one sentence */
};

/* `argv` as main got it; its pointers may be put in another order. `now_ms` is for times. */
must_use enum parse_outcome parse_line(char **argv, int64_t now_ms, struct invocation *line_out,
                                       struct buf *error);

/* Whether the command has such a flag. */
must_use bool parse_is_flag(const struct invocation *line, const char *flag);
/* Whether a flag of the command was given; its last value, or NULL. Its name must stand in the
 * table. */
must_use bool parse_has(const struct invocation *line, const char *flag);
must_use const char *parse_value(const struct invocation *line, const char *flag);

#endif
