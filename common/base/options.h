/*
 * options: one table of settings per program, which is also its manual.
 *
 * A setting comes from, last one wins: its default, `key = value` files (--config FILE),
 * TOLLGATE_KEY in the environment (upper case, '.' and '-' as '_'), --key value or --key=value. An
 * unknown key or a value out of range is an error that names it and says what is allowed; names in
 * the environment that are no settings are left alone. A list given by a later source replaces that
 * of an earlier one; in the environment its items stand behind commas. A switch may stand alone
 * (--flag means on). --help, --version and --print-config print.
 */
#ifndef TOLLGATE_COMMON_BASE_OPTIONS_H
#define TOLLGATE_COMMON_BASE_OPTIONS_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"

enum option_type {
    OPTION_INT,    /* int64_t, min..max */
    OPTION_TEXT,   /* char * (owned), min..max bytes long */
    OPTION_PATH,   /* as text; a file or directory name */
    OPTION_BOOL,   /* bool: on|off, true|false, yes|no, 1|0 */
    OPTION_CHOICE, /* int: the index in `choices` */
    OPTION_LIST,   /* struct option_list: repeatable text */
};

struct option_list {
    char **items; /* owned */
    size_t count;
};

struct option {
    const char *name; /* "listen-port" */
    enum option_type type;
    size_t offset; /* in the program's config struct */
    int64_t min, max;
    const char *initial; /* as it would be written; NULL = empty */
    const char *help;    /* one line, with the unit */
    const char *choices; /* "trial|production", for OPTION_CHOICE */
};

struct options {
    const char *program;
    const char *about; /* a few lines for --help */
    const char
        *usage; /* the arguments that are not options, for --help; NULL when there are none */
    const struct option *table;
    size_t count;
};

enum options_outcome { OPTIONS_GO, OPTIONS_PRINTED, OPTIONS_BAD };

/* What is not an option, in order; the texts are borrowed from argv. The caller gives the room. */
struct options_arguments {
    const char **at;
    size_t max, count;
};

/* Fills `config` from defaults, files, environment and arguments (argv as main got it, NULL at its
 * end). `arguments` may be NULL when there are none to be. OPTIONS_BAD: error holds one sentence.
 * OPTIONS_PRINTED: --help, --version or --print-config was answered on standard output. Whatever
 * the outcome, options_done() frees the config. */
must_use enum options_outcome options_read(const struct options *options, char **argv,
                                           char **environment, void *config,
                                           struct options_arguments *arguments, struct buf *error);
void options_done(const struct options *options, void *config);

#endif
