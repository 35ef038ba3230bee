/*
 * usage: figures of usage, right or as a fault wants them. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_USAGE_H
#define TOLLGATE_FAKE_PROVIDER_USAGE_H

#include "dialect.h"

enum usage_kind { COUNT_INPUT, COUNT_OUTPUT, COUNT_TOTAL, COUNT_PART };

struct usage_row {
    const char *name;
    enum usage_kind kind;
    int64_t value;
};

/* Appends `"a":1,"b":2`. */
void usage_write(struct buf *out, enum fault_kind fault, const struct usage_row *rows,
                 size_t count);
/* Appends `,"NAME":{` and gives true; or `,"NAME":null` or nothing, and false. */
must_use bool usage_open(struct buf *out, enum fault_kind fault, const char *name);
/* Whether what a dialect tells of usage under a fault is right. */
must_use bool usage_is_right(const struct dialect *dialect, enum fault_kind fault);
/* Output and reasoning tokens to be told: all, or half of it and no reasoning. */
must_use int64_t usage_output(const struct telling *telling, enum told_usage usage);
must_use int64_t usage_reasoning(const struct telling *telling, enum told_usage usage);
/* Input that was neither read from nor written to a cache. */
must_use int64_t usage_fresh_input(const struct script *script);

#endif
