/*
 * pattern_items: what the text of a pattern says, operators behind what they work on. Private to
 * pattern.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PATTERN_ITEMS_H
#define TOLLGATE_TENANTS_MODEL_PATTERN_ITEMS_H

#include "tenants/model/pattern.h"

enum {
    PATTERN_ITEMS_MAX = 2 * PATTERN_STATES_MAX,
    PATTERN_SETS_MAX = PATTERN_BYTES_MAX / 2,
};

/* The first three take a character, the next ones have states of their own, the last are operators.
 */
enum pattern_kind {
    ONE, /* `arg` is the character */
    ANY,
    SET, /* `arg` is its index */
    BEGIN,
    END,
    EDGE, /* of a word */
    PASS,
    SPLIT,
    FOUND,
    JOIN, /* one behind the other */
    EITHER,
    OPTIONAL,
    STAR,
    PLUS
};

struct pattern_item {
    enum pattern_kind kind;
    uint32_t arg;
};

struct pattern_range {
    uint32_t from, to;
};

struct pattern_set {
    const struct pattern_range *ranges; /* in the arena */
    uint16_t count;
    bool negated;
};

struct pattern_items {
    struct pattern_item at[PATTERN_ITEMS_MAX];
    uint32_t count;
    struct pattern_set sets[PATTERN_SETS_MAX];
    uint32_t set_count;
};

/* NULL, or what is wrong. */
must_use const char *pattern_read_items(struct span text, struct arena *arena,
                                        struct pattern_items *items_out);

#define NO_CHARACTER UINT32_MAX
/* Takes one character off. What is no UTF-8 is taken byte by byte, as characters of their own. */
must_use uint32_t pattern_take(struct span *rest);
/* Of ASCII. */
must_use uint32_t pattern_lower(uint32_t c);
must_use bool pattern_is_word(uint32_t c); /* letters, digits and '_' */

#endif
