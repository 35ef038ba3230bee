/*
 * preset_condition_read: a query of JSON as steps. A query is all of its members together; those
 * that it stands in wait on a stack of bounded depth.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tenants/model/preset_condition_step.h"

/* A query, or the list of them behind $and and $or. */
struct frame {
    uint32_t container, at; /* `at`: the name or the item that is read now */
    uint32_t index;         /* of the item */
    uint32_t made;          /* results so far */
    enum condition_step_kind join;
    bool list, negated;
};

struct reading {
    const struct json_doc *doc;
    struct arena *arena;
    struct frame frames[2 * CONDITION_DEPTH_MAX];
    uint32_t depth; /* frames */
    struct condition_step steps[CONDITION_STEPS_MAX];
    uint32_t count, cost, values;
    struct condition_error *error;
};

#define FIELD_NAMES                                                                                \
    "'metadata.NAME', 'params.NAME', 'request.model', 'request.endpoint', 'request.stream', "      \
    "'request.prompt_tokens', 'request.needs', 'request.user', 'request.tags' or 'request.key'"
#define OPERATOR_NAMES                                                                             \
    "'$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$contains', '$regex' or "         \
    "'$exists'"

static const struct {
    const char *name;
    enum condition_field field;
    bool named; /* a name follows */
} fields[FIELDS] = {
    {"metadata.", FIELD_METADATA, true},     {"params.", FIELD_PARAMS, true},
    {"request.model", FIELD_MODEL, false},   {"request.endpoint", FIELD_ENDPOINT, false},
    {"request.stream", FIELD_STREAM, false}, {"request.prompt_tokens", FIELD_PROMPT_TOKENS, false},
    {"request.needs", FIELD_NEEDS, false},   {"request.user", FIELD_USER, false},
    {"request.tags", FIELD_TAGS, false},     {"request.key", FIELD_KEY, false},
};

static const char *const operators[OPERATORS] = {
    [OPERATOR_EQ] = "$eq",       [OPERATOR_NE] = "$ne",         [OPERATOR_GT] = "$gt",
    [OPERATOR_GTE] = "$gte",     [OPERATOR_LT] = "$lt",         [OPERATOR_LTE] = "$lte",
    [OPERATOR_IN] = "$in",       [OPERATOR_NIN] = "$nin",       [OPERATOR_CONTAINS] = "$contains",
    [OPERATOR_REGEX] = "$regex", [OPERATOR_EXISTS] = "$exists",
};

/* ---- refusals ---- */

/* Always false. What is wrong stands where the reading is, and in it at `op` (may be
 * JSON_NONE). */
static bool wrong(struct reading *r, uint32_t op, const char *text)
{
    char *path = r->error->path;
    size_t room = sizeof(r->error->path), size = 0;

    path[0] = '\0';
    for (uint32_t i = 0; i < r->depth && size < room; i++) {
        const struct frame *frame = &r->frames[i];

        if (frame->at == JSON_NONE)
            continue;
        if (frame->list)
            size += (size_t)snprintf(path + size, room - size, "[%u]", frame->index);
        else
            size += (size_t)snprintf(path + size, room - size, ".%.*s",
                                     SPAN_ARG(json_inside(r->doc, frame->at)));
    }
    if (op != JSON_NONE && size < room)
        snprintf(path + size, room - size, ".%.*s", SPAN_ARG(json_inside(r->doc, op)));
    snprintf(r->error->text, sizeof(r->error->text), "%s", text);
    return false;
}

/* ---- steps ---- */

static struct condition_step *add_step(struct reading *r, enum condition_step_kind kind)
{
    if (r->count == CONDITION_STEPS_MAX) {
        wrong(r, JSON_NONE, "has more than 64 tests and operators in one query");
        return NULL;
    }
    r->steps[r->count] = (struct condition_step){.kind = kind};
    return &r->steps[r->count++];
}

static bool push(struct reading *r, uint32_t container, enum condition_step_kind join, bool list)
{
    if (r->depth == array_size(r->frames))
        return wrong(r, JSON_NONE, "has queries too deep in one another");
    r->frames[r->depth++] = (struct frame){
        .container = container, .at = json_first(r->doc, container), .join = join, .list = list};
    return true;
}

/* The uppermost has been read: its results become one. */
static bool pop(struct reading *r)
{
    const struct frame frame = r->frames[r->depth - 1];
    struct condition_step *step;

    if (frame.made == 0)
        return wrong(r, JSON_NONE, "must have at least one test in it");
    r->depth--;
    if (frame.made > 1) {
        if ((step = add_step(r, frame.join)) == NULL)
            return false;
        step->count = frame.made;
    }
    if (frame.negated && add_step(r, STEP_NOT) == NULL)
        return false;
    if (r->depth > 0)
        r->frames[r->depth - 1].made++;
    return true;
}

/* ---- values ---- */

static bool read_scalar(struct reading *r, uint32_t op, uint32_t node,
                        struct condition_scalar *scalar)
{
    struct span text;

    switch (json_kind(r->doc, node)) {
    case JSON_NULL:
        scalar->kind = VALUE_NONE;
        return true;
    case JSON_FALSE:
    case JSON_TRUE:
        scalar->kind = VALUE_BOOL;
        return json_bool(r->doc, node, &scalar->flag) == 0;
    case JSON_NUMBER:
        scalar->kind = VALUE_NUMBER;
        return json_double(r->doc, node, &scalar->number) == 0 ||
               wrong(r, op, "has a number that is too large");
    case JSON_STRING:
        scalar->kind = VALUE_TEXT;
        if (json_string(r->doc, node, r->arena, &text) != 0 || text.size > CONDITION_TEXT_MAX)
            return wrong(r, op, "has a text of more than 1024 bytes");
        scalar->text = arena_span(r->arena, text);
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return wrong(r, op, "must be a string, a number, true, false or null");
}

static bool read_values(struct reading *r, uint32_t op, uint32_t node, struct condition_step *step)
{
    struct condition_scalar *values;
    uint32_t count = json_kind(r->doc, node) == JSON_ARRAY ? json_count(r->doc, node) : 0;

    if (count == 0 || count > CONDITION_VALUES_MAX)
        return wrong(r, op, "must be an array of 1 to 64 values");
    values = arena_array(r->arena, count, sizeof(*values));
    for (uint32_t item = json_first(r->doc, node), i = 0; item != JSON_NONE;
         item = json_after(r->doc, node, item), i++)
        if (!read_scalar(r, op, item, &values[i]))
            return false;
    step->values = values;
    step->value_count = count;
    r->values += count;
    return true;
}

static bool read_pattern(struct reading *r, uint32_t op, uint32_t node, struct condition_step *step)
{
    struct span text;
    const char *why;

    if (json_kind(r->doc, node) != JSON_STRING)
        return wrong(r, op, "must be a string");
    if (json_string(r->doc, node, r->arena, &text) != 0)
        return wrong(r, op, "is too large");
    if (pattern_read(text, r->arena, &step->pattern, &why) != 0)
        return wrong(r, op, why);
    r->cost += pattern_cost(step->pattern);
    return true;
}

static bool fits(enum condition_operator op, enum condition_kind kind)
{
    if (op == OPERATOR_EXISTS)
        return kind == VALUE_BOOL;
    if (op >= OPERATOR_GT && op <= OPERATOR_LTE)
        return kind == VALUE_NUMBER || kind == VALUE_TEXT;
    return op != OPERATOR_CONTAINS || kind != VALUE_NONE;
}

static bool read_value(struct reading *r, uint32_t name, uint32_t node, struct condition_step *step)
{
    struct condition_scalar *value;

    if (step->op == OPERATOR_IN || step->op == OPERATOR_NIN)
        return read_values(r, name, node, step);
    if (step->op == OPERATOR_REGEX)
        return read_pattern(r, name, node, step);
    value = arena_array(r->arena, 1, sizeof(*value));
    step->values = value;
    step->value_count = 1;
    if (!read_scalar(r, name, node, value))
        return false;
    if (fits(step->op, value->kind))
        return true;
    return wrong(r, name,
                 step->op == OPERATOR_EXISTS     ? "must be true or false"
                 : step->op == OPERATOR_CONTAINS ? "must not be null"
                                                 : "must be a number or a string");
}

/* ---- tests ---- */

static bool read_field(struct reading *r, uint32_t name, struct condition_step *step)
{
    struct span text, rest;

    if (json_string(r->doc, name, r->arena, &text) != 0)
        return wrong(r, JSON_NONE, "is too large");
    for (size_t i = 0; i < array_size(fields); i++) {
        if (!fields[i].named && !span_is(text, fields[i].name))
            continue;
        if (fields[i].named && !span_starts(text, fields[i].name))
            continue;
        step->field = fields[i].field;
        if (!fields[i].named)
            return true;
        rest = span_part(text, strlen(fields[i].name), text.size);
        if (rest.size == 0 || rest.size > CONDITION_NAME_MAX || span_index(rest, '\0') >= 0)
            return wrong(r, JSON_NONE, "must name a member of 1 to 128 bytes");
        step->name = arena_span(r->arena, rest).at;
        return true;
    }
    return wrong(r, JSON_NONE,
                 span_starts(text, "$") ? "is not known here: '$and', '$or' and '$not' are"
                                        : "cannot be asked for: only " FIELD_NAMES);
}

static bool read_operator(struct reading *r, uint32_t name, enum condition_operator *operator_out)
{
    for (int i = 0; i < OPERATORS; i++) {
        if (json_string_is(r->doc, name, operators[i])) {
            *operator_out = (enum condition_operator)i;
            return true;
        }
    }
    return wrong(r, name, "is no operator: use " OPERATOR_NAMES);
}

/* A bare value, or an object of operators that all have to hold. */
static bool read_tests(struct reading *r, struct frame *frame, uint32_t value)
{
    struct condition_step test = {.kind = STEP_TEST}, *step;

    if (!read_field(r, frame->at, &test))
        return false;
    if (json_kind(r->doc, value) != JSON_OBJECT) {
        if ((step = add_step(r, STEP_TEST)) == NULL)
            return false;
        *step = test;
        frame->made++;
        return read_value(r, JSON_NONE, value, step);
    }
    if (json_count(r->doc, value) == 0)
        return wrong(r, JSON_NONE, "must have an operator: " OPERATOR_NAMES);
    for (uint32_t name = json_first(r->doc, value); name != JSON_NONE;
         name = json_after(r->doc, value, name)) {
        if ((step = add_step(r, STEP_TEST)) == NULL)
            return false;
        *step = test;
        frame->made++;
        if (!read_operator(r, name, &step->op) ||
            !read_value(r, name, json_value(r->doc, name), step))
            return false;
    }
    return true;
}

/* ---- queries ---- */

static bool read_member(struct reading *r, struct frame *frame)
{
    uint32_t value = json_value(r->doc, frame->at);
    bool all = json_string_is(r->doc, frame->at, "$and");

    if (all || json_string_is(r->doc, frame->at, "$or"))
        return json_kind(r->doc, value) == JSON_ARRAY
                   ? push(r, value, all ? STEP_AND : STEP_OR, true)
                   : wrong(r, JSON_NONE, "must be an array of queries");
    if (!json_string_is(r->doc, frame->at, "$not"))
        return read_tests(r, frame, value);
    if (json_kind(r->doc, value) != JSON_OBJECT)
        return wrong(r, JSON_NONE, "must be a query");
    if (!push(r, value, STEP_AND, false))
        return false;
    r->frames[r->depth - 1].negated = true;
    return true;
}

/* A frame stays at what it reads until all that this opened has been read, so that a path can be
 * told. `entered` is whether it has been. */
static bool read_steps(struct reading *r, uint32_t node)
{
    bool entered = false;

    if (!push(r, node, STEP_AND, false))
        return false;
    while (r->depth > 0) {
        struct frame *frame = &r->frames[r->depth - 1];
        uint32_t depth = r->depth;

        if (entered) {
            frame->at = json_after(r->doc, frame->container, frame->at);
            frame->index++;
        }
        if (frame->at == JSON_NONE) {
            if (!pop(r))
                return false;
            entered = true;
            continue;
        }
        if (frame->list && json_kind(r->doc, frame->at) != JSON_OBJECT)
            return wrong(r, JSON_NONE, "must be a query");
        if (!(frame->list ? push(r, frame->at, STEP_AND, false) : read_member(r, frame)))
            return false;
        entered = r->depth == depth;
    }
    return true;
}

int condition_read(const struct json_doc *doc, uint32_t node, struct arena *arena,
                   struct preset_condition *condition_out, struct condition_error *error_out)
{
    struct reading r = {.doc = doc, .arena = arena, .error = error_out};
    struct condition_step *steps;

    if (json_is_null(doc, node) || json_kind(doc, node) != JSON_OBJECT) {
        wrong(&r, JSON_NONE, "must be a query: an object");
        return -EINVAL;
    }
    if (!read_steps(&r, node))
        return -EINVAL;
    steps = arena_array(arena, r.count, sizeof(*steps));
    memcpy(steps, r.steps, r.count * sizeof(*steps));
    *condition_out = (struct preset_condition){steps, r.count, r.cost, r.values};
    return 0;
}
