/*
 * preset_condition: whether a condition holds; preset_condition_read.c reads it.
 */
#include "tenants/model/preset_condition.h"

#include <stdlib.h>

#include "common/base/decimal.h"
#include "common/base/mem.h"
#include "tenants/model/preset_condition_step.h"

enum { NUMBER_MAX = 64 /* bytes of a number in a text */ };

struct looking {
    const struct condition_source *source;
    struct buf scratch; /* for one text that stands escaped */
};

/* ---- scalars ---- */

/* As much of an escaped text as is looked at, no escape cut in two. */
static struct span cut_escaped(struct span raw)
{
    size_t size = 0;

    while (size < raw.size) {
        size_t step = 1;

        if (raw.at[size] == '\\')
            step = size + 1 < raw.size && raw.at[size + 1] == 'u' ? 6 : 2;
        if (size + step > CONDITION_SUBJECT_MAX || size + step > raw.size)
            break;
        size += step;
    }
    return span_part(raw, 0, size);
}

static struct span text_of(struct looking *l, const struct json_doc *doc, uint32_t node)
{
    struct span raw = json_inside(doc, node);

    if (doc->nodes[node].escaped == 0)
        return span_part(raw, 0, CONDITION_SUBJECT_MAX);
    buf_clear(&l->scratch);
    (void)json_unescape(cut_escaped(raw), &l->scratch);
    return buf_span(&l->scratch);
}

static struct condition_scalar scalar_of(struct looking *l, const struct json_doc *doc,
                                         uint32_t node)
{
    struct condition_scalar scalar = {.kind = VALUE_NONE};

    if (json_is_null(doc, node))
        return scalar;
    switch (json_kind(doc, node)) {
    case JSON_FALSE:
    case JSON_TRUE:
        scalar.kind = VALUE_BOOL;
        scalar.flag = json_kind(doc, node) == JSON_TRUE;
        break;
    case JSON_NUMBER:
        scalar.kind = json_double(doc, node, &scalar.number) == 0 ? VALUE_NUMBER : VALUE_NODE;
        break;
    case JSON_STRING:
        scalar.kind = VALUE_TEXT;
        scalar.text = text_of(l, doc, node);
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        scalar.kind = VALUE_NODE;
        break;
    case JSON_NULL:
        break;
    }
    return scalar;
}

/* ---- comparing ---- */

/* A number, or a text that is one: the values of metadata are texts in OpenAI's API. */
static bool number_of(const struct condition_scalar *scalar, double *number_out)
{
    struct decimal decimal;
    char text[NUMBER_MAX];

    if (scalar->kind == VALUE_NUMBER)
        *number_out = scalar->number;
    if (scalar->kind != VALUE_TEXT)
        return scalar->kind == VALUE_NUMBER;
    if (scalar->text.size >= sizeof(text) || decimal_parse(scalar->text, &decimal) != 0)
        return false;
    memcpy(text, scalar->text.at, scalar->text.size);
    text[scalar->text.size] = '\0';
    *number_out = strtod(text, NULL);
    return true;
}

static bool is_equal(const struct condition_scalar *scalar, const struct condition_scalar *value)
{
    double number;

    switch (value->kind) {
    case VALUE_NONE:
        return scalar->kind == VALUE_NONE;
    case VALUE_BOOL:
        if (scalar->kind == VALUE_TEXT)
            return span_is(scalar->text, value->flag ? "true" : "false");
        return scalar->kind == VALUE_BOOL && scalar->flag == value->flag;
    case VALUE_NUMBER:
        return number_of(scalar, &number) && !(number < value->number) && !(number > value->number);
    case VALUE_TEXT:
        return scalar->kind == VALUE_TEXT && span_equal(scalar->text, value->text);
    case VALUE_LIST:
    case VALUE_NODE:
        break;
    }
    return false;
}

static int compare_texts(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* -1, 0 or 1; false where the two have no order. */
static bool compare(const struct condition_scalar *scalar, const struct condition_scalar *value,
                    int *order_out)
{
    double number;

    if (value->kind == VALUE_TEXT && scalar->kind == VALUE_TEXT) {
        *order_out = compare_texts(scalar->text, value->text);
        return true;
    }
    if (value->kind != VALUE_NUMBER || !number_of(scalar, &number))
        return false;
    *order_out = (number > value->number) - (number < value->number);
    return true;
}

static bool is_ordered(enum condition_operator op, const struct condition_scalar *scalar,
                       const struct condition_scalar *value)
{
    int order;

    if (!compare(scalar, value, &order))
        return false;
    if (op == OPERATOR_GT)
        return order > 0;
    if (op == OPERATOR_GTE)
        return order >= 0;
    return op == OPERATOR_LT ? order < 0 : order <= 0;
}

/* Whether one of a list or the one value there is passes. $ne and $nin are turned by the caller. */
static bool passes(const struct condition_step *step, const struct condition_scalar *scalar,
                   bool listed)
{
    switch (step->op) {
    case OPERATOR_EQ:
    case OPERATOR_NE:
    case OPERATOR_IN:
    case OPERATOR_NIN:
        for (uint32_t i = 0; i < step->value_count; i++)
            if (is_equal(scalar, &step->values[i]))
                return true;
        return false;
    case OPERATOR_GT:
    case OPERATOR_GTE:
    case OPERATOR_LT:
    case OPERATOR_LTE:
        return is_ordered(step->op, scalar, step->values);
    case OPERATOR_CONTAINS:
        if (listed || step->values->kind != VALUE_TEXT || scalar->kind != VALUE_TEXT)
            return listed && is_equal(scalar, step->values);
        return step->values->text.size == 0 ||
               (scalar->text.size > 0 &&
                memmem(scalar->text.at, scalar->text.size, step->values->text.at,
                       step->values->text.size) != NULL);
    case OPERATOR_REGEX:
        return scalar->kind == VALUE_TEXT && pattern_matches(step->pattern, scalar->text);
    case OPERATOR_EXISTS:
    case OPERATORS:
        break;
    }
    return false;
}

/* ---- values ---- */

static bool is_array(const struct condition_value *value)
{
    return value->kind == VALUE_NODE && !json_is_null(value->doc, value->node) &&
           json_kind(value->doc, value->node) == JSON_ARRAY;
}

static bool any_passes(struct looking *l, const struct condition_step *step,
                       const struct condition_value *value)
{
    struct condition_scalar scalar = {.kind = value->kind,
                                      .flag = value->flag,
                                      .number = value->number,
                                      .text = span_part(value->text, 0, CONDITION_SUBJECT_MAX)};

    if (value->kind == VALUE_LIST) {
        for (uint32_t i = 0; i < value->text_count; i++) {
            scalar = (struct condition_scalar){.kind = VALUE_TEXT, .text = value->texts[i]};
            if (passes(step, &scalar, true))
                return true;
        }
        return false;
    }
    if (is_array(value)) {
        for (uint32_t item = json_first(value->doc, value->node); item != JSON_NONE;
             item = json_after(value->doc, value->node, item)) {
            scalar = scalar_of(l, value->doc, item);
            if (passes(step, &scalar, true))
                return true;
        }
        return false;
    }
    if (value->kind == VALUE_NODE)
        scalar = scalar_of(l, value->doc, value->node);
    return passes(step, &scalar, false);
}

static bool exists(const struct condition_value *value)
{
    if (value->kind == VALUE_LIST)
        return value->text_count > 0;
    if (value->kind == VALUE_NODE)
        return !json_is_null(value->doc, value->node);
    return value->kind != VALUE_NONE;
}

static bool test(struct looking *l, const struct condition_step *step)
{
    const struct condition_value value =
        l->source->look(l->source->context, step->field, step->name);

    if (step->op == OPERATOR_EXISTS)
        return exists(&value) == step->values->flag;
    return any_passes(l, step, &value) != (step->op == OPERATOR_NE || step->op == OPERATOR_NIN);
}

/* ---- the whole ---- */

/* The last `count` results as one. */
static bool join(const bool *results, uint32_t count, enum condition_step_kind kind)
{
    for (uint32_t i = 0; i < count; i++)
        if (results[i] == (kind == STEP_OR))
            return kind == STEP_OR;
    return kind == STEP_AND;
}

bool condition_holds(const struct preset_condition *condition,
                     const struct condition_source *source)
{
    struct looking l = {source, buf_make(CONDITION_SUBJECT_MAX)};
    bool results[CONDITION_STEPS_MAX] = {false};
    uint32_t count = 0;

    for (uint32_t i = 0; i < condition->count; i++) {
        const struct condition_step *step = &condition->steps[i];

        if (step->kind == STEP_TEST) {
            results[count++] = test(&l, step);
        } else if (step->kind == STEP_NOT) {
            results[count - 1] = !results[count - 1];
        } else {
            must(count >= step->count);
            count -= step->count;
            results[count] = join(&results[count], step->count, step->kind);
            count++;
        }
    }
    buf_done(&l.scratch);
    return count == 1 && results[0];
}
