/*
 * options_value: one setting's value in the config struct: setting, clearing, saying. The inside of
 * options.h; not for use outside common/base.
 */
#ifndef TOLLGATE_COMMON_BASE_OPTIONS_VALUE_H
#define TOLLGATE_COMMON_BASE_OPTIONS_VALUE_H

#include "common/base/attr.h"
#include "common/base/options.h"
#include "common/base/span.h"

/* Sets, or adds to a list: 0 or -EINVAL with nothing changed. */
must_use int option_set(const struct option *option, void *config, struct span value);
/* Frees what the value owns and sets it to empty. */
void option_clear(const struct option *option, void *config);
/* Sets all values to empty without freeing: for a config that has not been read yet. */
void option_zero(const struct options *options, void *config);
/* Appends what it takes: "a number from 1 to 65535". */
void option_describe(const struct option *option, struct buf *out);
/* Appends the value as it would be written; `index` is the item of a list. */
void option_format(const struct option *option, const void *config, size_t index, struct buf *out);
/* How many values there are: 1, or the items of a list. */
must_use size_t option_count(const struct option *option, const void *config);
must_use int option_bool(struct span text, bool *value_out);

void options_print_help(const struct options *options);
void options_print_version(const struct options *options);
void options_print_config(const struct options *options, const void *config);

#endif
