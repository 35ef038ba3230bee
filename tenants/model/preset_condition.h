/*
 * preset_condition: a condition of a routing preset: tests of what a request is, joined by and, or
 * and not (docs/presets.md has the operators).
 *
 * Read once into a flat list, operators behind what they work on; never changed again, may be
 * shared. What a request is, the caller is asked for. Patterns run in linear time (pattern.h), and
 * of every text only the first CONDITION_SUBJECT_MAX bytes are looked at. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRESET_CONDITION_H
#define TOLLGATE_TENANTS_MODEL_PRESET_CONDITION_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "tenants/model/pattern.h"

enum {
    CONDITION_STEPS_MAX = 64, /* tests and operators of one query */
    CONDITION_DEPTH_MAX = 8,
    CONDITION_NAME_MAX = 128,    /* bytes of a name behind "metadata." or "params." */
    CONDITION_TEXT_MAX = 1024,   /* of a value that is compared with */
    CONDITION_VALUES_MAX = 64,   /* of $in and $nin */
    CONDITION_SUBJECT_MAX = 8192 /* of a value that is looked at; $regex: PATTERN_SUBJECT_MAX */
};

/* What can be asked for. */
enum condition_field {
    FIELD_METADATA, /* has a name */
    FIELD_PARAMS,   /* likewise */
    FIELD_MODEL,
    FIELD_ENDPOINT,
    FIELD_STREAM,
    FIELD_PROMPT_TOKENS,
    FIELD_NEEDS,
    FIELD_USER,
    FIELD_TAGS,
    FIELD_KEY,
    FIELDS
};

enum condition_kind {
    VALUE_NONE, /* not there, or null */
    VALUE_BOOL,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_LIST, /* of texts */
    VALUE_NODE, /* any JSON: read where it stands */
};

struct condition_value {
    enum condition_kind kind;
    bool flag;
    double number;
    struct span text;
    const struct span *texts;
    uint32_t text_count;
    const struct json_doc *doc;
    uint32_t node; /* JSON_NONE is not there */
};

struct condition_source {
    /* What the request has there; spans live as long as the request. `name` is of metadata and
     * params. */
    struct condition_value (*look)(const void *context, enum condition_field field,
                                   const char *name);
    const void *context;
};

struct condition_step;
struct preset_condition {
    const struct condition_step *steps; /* in the arena */
    uint32_t count;
    uint32_t cost;   /* of its patterns in all */
    uint32_t values; /* that it compares with */
};

struct condition_error {
    char path[128]; /* behind the query's own: ".$or[1].metadata.tier" */
    char text[256]; /* "must be an object" */
};

/* Reads the query at a node. 0, or -EINVAL with *error_out filled. */
must_use int condition_read(const struct json_doc *doc, uint32_t node, struct arena *arena,
                            struct preset_condition *condition_out,
                            struct condition_error *error_out);

/* Whether it holds. */
must_use bool condition_holds(const struct preset_condition *condition,
                              const struct condition_source *source);

#endif
