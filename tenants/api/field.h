/*
 * field: what a body or a query may hold, as a table; read and checked before any handler runs.
 *
 * A member that the table does not name is refused, so nothing is assigned that was not meant to
 * be. Every complaint names the member, what was wrong and what is allowed; all of them are told at
 * once. Pure.
 */
#ifndef TOLLGATE_TENANTS_API_FIELD_H
#define TOLLGATE_TENANTS_API_FIELD_H

#include "common/base/arena.h"
#include "common/base/id.h"
#include "common/base/json.h"
#include "common/base/money.h"

enum field_type {
    FIELD_TEXT,   /* min to max characters; no control characters but tab and newline */
    FIELD_SECRET, /* as text, and never repeated in a message */
    FIELD_EMAIL,
    FIELD_INT,    /* min to max */
    FIELD_BOOL,   /* in a query: true or false */
    FIELD_CHOICE, /* one of `choices`; the value is its index */
    FIELD_USD,    /* a decimal string, "12.50"; min to max in whole USD, at most 12 decimals */
    FIELD_TIME,   /* RFC 3339 with a zone; the value is Unix milliseconds */
    FIELD_ID,     /* of the kind `id` */
    FIELD_TEXTS,  /* an array of at most max different texts of 1 to 200 characters */
    FIELD_JSON,   /* an object or an array, which the handler reads; body only */
};

struct field {
    const char *name;
    enum field_type type;
    bool required, nullable;
    int64_t min, max;    /* both 0: 1,000 characters, any int64, 0 to 9,000,000 USD, 100 texts */
    const char *choices; /* "active|disabled" */
    enum id_kind id;
};

struct fields {
    const struct field *table;
    size_t count;
};
#define FIELDS(at)                                                                                 \
    {                                                                                              \
        .table = (at), .count = array_size(at)                                                     \
    }

struct field_value {
    enum { FIELD_ABSENT, FIELD_NULL, FIELD_SET } state;
    union {
        struct span text; /* TEXT, SECRET, EMAIL: decoded */
        int64_t number;   /* INT, TIME */
        bool flag;
        int choice;
        int128 pico;
        struct uuid id;
        uint32_t node; /* JSON: in the body's document */
        struct {
            const struct span *items;
            size_t count;
        } texts;
    };
};

/* What was wrong, one entry a member: {"field", "message"}; at most FIELD_COMPLAINTS_MAX. */
enum { FIELD_COMPLAINTS_MAX = 16 };
struct field_complaints {
    struct field_complaint {
        struct span field, message; /* in the arena */
    } items[FIELD_COMPLAINTS_MAX];
    size_t count;
};
void field_complain(struct field_complaints *complaints, struct arena *arena, struct span field,
                    const char *format, ...) printf_like(4, 5);

/* The members of the object `node` of a parsed document: one value for each row of the table, in
 * its order. */
void fields_read_body(const struct fields *fields, const struct json_doc *doc, uint32_t node,
                      struct arena *arena, struct field_value *values_out,
                      struct field_complaints *complaints);

/* The same of a query ("a=b&c=%20d"). A name twice is refused. */
void fields_read_query(const struct fields *fields, struct span query, struct arena *arena,
                       struct field_value *values_out, struct field_complaints *complaints);

/* Decodes %XX; false for a broken escape, a NUL or what is not UTF-8. '+' stays a plus unless
 * `form`. */
must_use bool field_percent_decode(struct span text, bool form, struct arena *arena,
                                   struct span *text_out);

#endif
