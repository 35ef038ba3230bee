/*
 * preset_condition_step: what a condition is made of. Private to preset_condition.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRESET_CONDITION_STEP_H
#define TOLLGATE_TENANTS_MODEL_PRESET_CONDITION_STEP_H

#include "tenants/model/preset_condition.h"

enum condition_step_kind {
    STEP_TEST,
    STEP_AND, /* of the last `count` results */
    STEP_OR,
    STEP_NOT
};

enum condition_operator {
    OPERATOR_EQ,
    OPERATOR_NE,
    OPERATOR_GT,
    OPERATOR_GTE,
    OPERATOR_LT,
    OPERATOR_LTE,
    OPERATOR_IN,
    OPERATOR_NIN,
    OPERATOR_CONTAINS,
    OPERATOR_REGEX,
    OPERATOR_EXISTS,
    OPERATORS
};

/* One value without parts: what is compared with, and what is looked at. */
struct condition_scalar {
    enum condition_kind
        kind; /* VALUE_NONE to VALUE_TEXT; VALUE_NODE: an object, equal to nothing */
    bool flag;
    double number;
    struct span text;
};

struct condition_step {
    enum condition_step_kind kind;
    uint32_t count;
    /* ---- a test ---- */
    enum condition_field field;
    const char *name; /* of metadata and params; else NULL */
    enum condition_operator op;
    const struct condition_scalar *values; /* one, of $in and $nin several; none of $regex */
    uint32_t value_count;
    const struct pattern *pattern;
};

#endif
