/*
 * pattern: a regular expression that is matched in time that grows with the text and no faster.
 *
 * Tenants write them and the gateway runs them for each request, so what a matcher that goes back
 * would take ages for cannot be written: there are no back references and no looking around, and
 * the states that a text can be in are walked together (Thompson, CACM 11:6, 1968). Texts are read
 * as UTF-8, character by character. Pure; once read it may be shared.
 *
 * Known: characters, `.` (any but a newline), [a-z] and [^a-z], groups ( ) and (?: ), |, * + ? and
 * {m}, {m,}, {m,n}, ^ and $ (of the whole text), \d \D \w \W \s \S \b, \t \n \r, a backslash before
 * what is no letter and no digit, and (?i) in front of all: ASCII letters compare alike.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PATTERN_H
#define TOLLGATE_TENANTS_MODEL_PATTERN_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/span.h"

enum {
    PATTERN_BYTES_MAX = 256,
    PATTERN_STATES_MAX = 256,    /* {m,n} written out */
    PATTERN_COST_MAX = 1024,     /* see pattern_cost() */
    PATTERN_SUBJECT_MAX = 2048,  /* bytes of a text that are looked at */
    PATTERN_DEPTH_MAX = 16,      /* of groups */
    PATTERN_ARENA_MAX = 16 << 10 /* what one takes */
};

struct pattern;

/* 0; or -EINVAL, and *why_out is a constant: "has a group that is not closed". */
must_use int pattern_read(struct span text, struct arena *arena, const struct pattern **pattern_out,
                          const char **why_out);

/* Whether it is found anywhere in the first PATTERN_SUBJECT_MAX bytes of the text. Where the text
 * is longer, `$` stands nowhere. */
must_use bool pattern_matches(const struct pattern *pattern, struct span text);

/* How many states it has, and ranges in the sets of each: what a character of a text costs at most.
 */
must_use uint32_t pattern_cost(const struct pattern *pattern);

#endif
