/*
 * command: the table of commands: what parses, helps, completes, fills the manual and is run.
 *
 * A command is a row of words ("keys create"), arguments, flags, an example and what it asks of the
 * API. There is no other list of commands, flags or words anywhere. Constant data; knows no HTTP
 * and no terminal.
 */
#ifndef TOLLGATE_TENANTS_CTL_COMMAND_H
#define TOLLGATE_TENANTS_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

#define PROGRAM "tollgatectl"

enum flag_kind {
    FLAG_SWITCH, /* takes no value; true in a body or query */
    FLAG_TEXT,
    FLAG_COUNT,  /* a whole number */
    FLAG_AMOUNT, /* decimal text, kept as it was typed */
    FLAG_TIME,   /* see when.h */
    FLAG_WORD,   /* one of `words` */
    FLAG_LIST,   /* given several times, or with commas */
    FLAG_FILE,   /* a path */
};

enum flag_place { FLAG_OWN, FLAG_QUERY, FLAG_BODY };

struct flag {
    const char *name, *value; /* "budget", "USD"; a switch has no value */
    const char *about;        /* a sentence */
    enum flag_kind kind;
    enum flag_place place; /* what it becomes in the request; FLAG_OWN: the command reads it */
    bool needed, nullable, truth; /* nullable: "none" is null; truth: "on" is true, "off" false */
    const char *words;            /* "total|day|week|month" */
    const char *member;           /* in the API; NULL: the name with '_' for '-' */
};

/* clang-format off */
#define FLAG(name_, value_, about_, kind_, place_, ...)                                            \
    {.name = (name_), .value = (value_), .about = (about_), .kind = (kind_), .place = (place_), __VA_ARGS__}
#define FLAGS(a) .flags = {(a), array_size(a)}
/* clang-format on */

struct flags {
    const struct flag *at;
    size_t count;
};

enum command_shape {
    SHAPE_GROUP,  /* only holds others */
    SHAPE_LIST,   /* GET, in pages */
    SHAPE_SHOW,   /* GET */
    SHAPE_MAKE,   /* POST */
    SHAPE_CHANGE, /* GET for the etag, then PATCH */
    SHAPE_OWN,    /* a function of its own */
};

/* Flags that a command has besides its own. Lists have pages and CSV, a question has --yes. */
enum command_also { ALSO_CSV = 1, ALSO_YES = 2, ALSO_PAGES = 4 };

struct ctl;
struct view;

struct command {
    const char *words;      /* "keys create" */
    const char *arguments;  /* "KEY", "[TENANT]"; NULL for none */
    const char *about;      /* one line, without a full stop */
    const char *text;       /* what else to know; NULL for nothing */
    const char *examples;   /* command lines, each on a line; NULL for groups */
    const char *first_word; /* what the first argument may be: "bash|zsh|fish" */
    struct flags flags;
    enum command_shape shape;
    unsigned also;
    /* {tenant} is resolved, any other name is that of an argument; an argument that is not in the
     * path is a member of the body. `fleet_path` is for operators who name no tenant. */
    const char *path, *fleet_path;
    const char *body;     /* members that are always sent */
    const char *question; /* asked before anything is sent; %s is the first argument */
    const struct view *view;
    int (*run)(struct ctl *ctl); /* of SHAPE_OWN; an enum ctl_exit */
};

struct commands {
    const struct command *at;
    size_t count;
};

/* The files of the table, in the order of the manual. */
extern const struct commands commands_session, commands_tenant, commands_key, commands_money,
    commands_catalog, commands_routing, commands_route, commands_watch;

/* All rows in order; NULL past the end. */
must_use const struct command *command_at(size_t index);
must_use const struct command *command_find(struct span words);

/* Its last word when it stands directly below `group` ("" is the top), else empty. */
must_use struct span command_below(const struct command *command, const char *group);

/* The flags of a command, its own first, then what all have; NULL past the end. */
must_use const struct flag *command_flag(const struct command *command, size_t index);
/* 0: its own, 1: of pages and output, 2: of all. */
must_use int command_flag_group(const struct command *command, size_t index);

/* Appends what help says of it: its sentence, its words, whether it is needed. */
void command_flag_text(const struct flag *flag, struct buf *out);

/* How many arguments it takes at least and at most. */
void command_arguments(const struct command *command, size_t *min_out, size_t *max_out);
/* The name of the argument at `index`, without brackets; empty past the end. */
must_use struct span command_argument(const struct command *command, size_t index);

/* How many letters have to be changed, added, taken or swapped to make one of the other. */
must_use size_t command_distance(struct span a, struct span b);

#endif
