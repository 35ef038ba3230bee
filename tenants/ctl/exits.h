/*
 * exits: how the program ends, and the names that the environment may hold: for the program itself,
 * its help and its manual alike.
 */
#ifndef TOLLGATE_TENANTS_CTL_EXITS_H
#define TOLLGATE_TENANTS_CTL_EXITS_H

#include <stddef.h>

enum ctl_exit {
    CTL_OK,
    CTL_REFUSED,
    CTL_USAGE,
    CTL_UNREACHABLE,
    CTL_NOT_SIGNED_IN,
    CTL_EXITS,
};

struct named_text {
    const char *name, *about;
};

/* By code: "0", "what it was told to do is done". */
extern const struct named_text exit_texts[CTL_EXITS];

enum { ENVIRONMENT_TEXTS = 6 };
extern const struct named_text environment_texts[ENVIRONMENT_TEXTS];

#define ENV_URL "TOLLGATE_URL"
#define ENV_TENANT "TOLLGATE_TENANT"
#define ENV_TOKEN_FILE "TOLLGATE_TOKEN_FILE"

#endif
