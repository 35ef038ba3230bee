/*
 * pg_param: the value of a $n. All but bytes travel as text, so that the server infers the type
 * from the statement; where it cannot, the statement says $1::type.
 *
 * Borrows what it points to until the call returns.
 */
#ifndef TOLLGATE_COMMON_PG_PG_PARAM_H
#define TOLLGATE_COMMON_PG_PG_PARAM_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/money.h"
#include "common/base/span.h"

struct pg_param {
    enum {
        PG_PARAM_END,
        PG_PARAM_NULL,
        PG_PARAM_TEXT,
        PG_PARAM_BYTES,
        PG_PARAM_BOOL,
        PG_PARAM_INT64,
        PG_PARAM_NUMERIC,
        PG_PARAM_UUID,
        PG_PARAM_TIME,
        PG_PARAM_TEXTS,
        PG_PARAM_INT64S,
        PG_PARAM_NUMERICS,
        PG_PARAM_UUIDS,
        PG_PARAM_KINDS
    } kind;
    size_t count; /* of an array */
    union {
        struct span text;
        bool flag;
        int64_t number;
        int128 numeric;
        struct uuid uuid;
        const struct span *texts; /* at == NULL: a null item */
        const int64_t *numbers;
        const int128 *numerics;
        const struct uuid *uuids;
    };
};

#define PG_NULL ((struct pg_param){.kind = PG_PARAM_NULL})
/* text, enum, json, jsonb, inet, …; the empty text is not null. */
#define PG_TEXT(v) ((struct pg_param){.kind = PG_PARAM_TEXT, .text = (v)})
#define PG_STRING(v) pg_param_string(v) /* NULL is null */
#define PG_BYTES(v) ((struct pg_param){.kind = PG_PARAM_BYTES, .text = (v)})
#define PG_BOOL(v) ((struct pg_param){.kind = PG_PARAM_BOOL, .flag = (v)})
#define PG_INT(v) ((struct pg_param){.kind = PG_PARAM_INT64, .number = (int64_t)(v)})
#define PG_NUMERIC(v) ((struct pg_param){.kind = PG_PARAM_NUMERIC, .numeric = (v)})
#define PG_UUID(v) ((struct pg_param){.kind = PG_PARAM_UUID, .uuid = (v)})
#define PG_UUID_OR_NULL(v) pg_param_uuid(v) /* the zero id is null */
/* timestamptz from Unix milliseconds; INT64_MIN and INT64_MAX are the infinities */
#define PG_TIME(v) ((struct pg_param){.kind = PG_PARAM_TIME, .number = (v)})
/* Arrays, for ANY($1) and unnest($1::uuid[], …). */
#define PG_TEXTS(v, n) ((struct pg_param){.kind = PG_PARAM_TEXTS, .count = (n), .texts = (v)})
#define PG_INTS(v, n) ((struct pg_param){.kind = PG_PARAM_INT64S, .count = (n), .numbers = (v)})
#define PG_NUMERICS(v, n)                                                                          \
    ((struct pg_param){.kind = PG_PARAM_NUMERICS, .count = (n), .numerics = (v)})
#define PG_UUIDS(v, n) ((struct pg_param){.kind = PG_PARAM_UUIDS, .count = (n), .uuids = (v)})

static inline struct pg_param pg_param_string(const char *s)
{
    return s == NULL ? PG_NULL : PG_TEXT(span_of(s));
}

static inline struct pg_param pg_param_uuid(struct uuid id)
{
    return uuid_is_zero(id) ? PG_NULL : PG_UUID(id);
}

#endif
