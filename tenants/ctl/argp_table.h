/*
 * argp_table: a command's flags as argp wants them, for reading and for help.
 */
#ifndef TOLLGATE_TENANTS_CTL_ARGP_TABLE_H
#define TOLLGATE_TENANTS_CTL_ARGP_TABLE_H

#include <argp.h>

#include "common/base/attr.h"
#include "tenants/ctl/command.h"

struct argp_table {
    struct argp_option *at; /* owned, with the texts in it */
    size_t count;
};

must_use struct argp_table argp_table_make(const struct command *command);
void argp_table_done(struct argp_table *table);

/* An option's key is the index of its flag, past all characters. */
must_use bool argp_table_is_key(int key);
must_use size_t argp_table_index(int key);

#endif
