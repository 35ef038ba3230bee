/*
 * help: what --help says of the program, of a group and of a command, from the table of commands.
 */
#ifndef TOLLGATE_TENANTS_CTL_HELP_H
#define TOLLGATE_TENANTS_CTL_HELP_H

#include <stdio.h>

#include "tenants/ctl/command.h"

/* `command` NULL: of the program. */
void help_print(const struct command *command, FILE *out);

#endif
