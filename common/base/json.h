/*
 * json: one validating pass over a JSON text that leaves an index of spans.
 *
 * The text is read once: syntax (RFC 8259), UTF-8, depth, size, and no duplicate members anywhere,
 * escaped spellings included. What comes out is a flat array of nodes in document order; every
 * value is a span of the original text, so that a caller patches or passes on bytes without parsing
 * them again. Nothing is decoded but what is asked for. Knows no schema. One document belongs to
 * one thread.
 */
#ifndef TOLLGATE_COMMON_BASE_JSON_H
#define TOLLGATE_COMMON_BASE_JSON_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

struct arena;

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING, /* its span has the quotes in it */
    JSON_ARRAY,
    JSON_OBJECT,
};

/* One value. Members of an object stand as name node, value node, name node, … */
struct json_node {
    uint32_t at;     /* offset of its first byte in the text */
    uint32_t size;   /* bytes of its text */
    uint32_t next;   /* index of the node behind it and all that is in it */
    uint8_t kind;    /* enum json_kind */
    uint8_t escaped; /* a string with a backslash in it */
    uint16_t depth;
};

struct json_limits {
    size_t max_bytes; /* at most UINT32_MAX - 1 */
    uint32_t max_depth;
    uint32_t max_nodes;
};

/* 32 MiB, depth 64, 400,000 nodes: a request body. */
extern const struct json_limits json_limits_body;

enum json_error {
    JSON_OK,
    JSON_EMPTY,
    JSON_SYNTAX,
    JSON_NOT_UTF8,
    JSON_DUPLICATE,
    JSON_TOO_DEEP,
    JSON_TOO_LARGE,
    JSON_TOO_MANY,
};

struct json_doc {
    struct span text;        /* borrowed until the document is done or parsed again */
    struct json_node *nodes; /* owned; nodes[0] is the root */
    uint32_t count, capacity;
    size_t error_at; /* byte offset of what was wrong */
    uint32_t *table; /* owned scratch for finding duplicates */
    uint32_t table_capacity;
};

/* An empty document; keeps its memory from one parse to the next. */
must_use struct json_doc json_doc_make(void);
void json_doc_done(struct json_doc *doc);

/* Reads one whole text, blanks around it allowed. On an error error_at says where. */
must_use enum json_error json_parse(struct json_doc *doc, struct span text,
                                    const struct json_limits *limits);
/* "is not valid JSON", "has a duplicate member", …: for a message that goes on with "at byte N". */
must_use const char *json_error_text(enum json_error error);

/* Node indices; UINT32_MAX is "not there". The root is 0. */
#define JSON_NONE UINT32_MAX

must_use enum json_kind json_kind(const struct json_doc *doc, uint32_t node);
must_use struct span json_raw(const struct json_doc *doc, uint32_t node);

/* The value of a member by its decoded name; JSON_NONE also when `object` is no object. */
must_use uint32_t json_find(const struct json_doc *doc, uint32_t object, const char *name);

/* for (n = json_first(..); n != JSON_NONE; n = json_after(..)) goes over the values of an array,
 * the names of an object; json_value is the value of a name. */
must_use uint32_t json_first(const struct json_doc *doc, uint32_t container);
must_use uint32_t json_after(const struct json_doc *doc, uint32_t container, uint32_t node);
must_use uint32_t json_value(const struct json_doc *doc, uint32_t name);
must_use uint32_t json_count(const struct json_doc *doc, uint32_t container);

/* Whether a value is there and of this kind. */
must_use bool json_is(const struct json_doc *doc, uint32_t node, enum json_kind kind);
must_use bool json_is_null(const struct json_doc *doc, uint32_t node); /* also when it is none */
/* A string as it stands, without its quotes: an inside. Empty when it is no string. */
must_use struct span json_inside(const struct json_doc *doc, uint32_t node);
must_use struct span json_inside_in(const struct json_doc *doc, uint32_t object, const char *name);
/* 0, -ENOENT (none or null), -EINVAL (another kind, or not whole as 5.0 and 1e3 are), -ERANGE. */
must_use int json_int64(const struct json_doc *doc, uint32_t node, int64_t *value_out);
must_use int json_double(const struct json_doc *doc, uint32_t node, double *value_out);
must_use int json_bool(const struct json_doc *doc, uint32_t node, bool *value_out);
/* A decoded string: borrowed from the text when nothing is escaped, else from the arena; -ERANGE
 * when it has no room. */
must_use int json_string(const struct json_doc *doc, uint32_t node, struct arena *arena,
                         struct span *value_out);
/* The same into a buffer of the caller's, NUL-terminated; -ENAMETOOLONG when it does not fit. */
must_use int json_copy_string(const struct json_doc *doc, uint32_t node, char *at, size_t capacity);
/* Whether a string node decodes to exactly this; without allocating. */
must_use bool json_string_is(const struct json_doc *doc, uint32_t node, const char *value);

/* Decodes the inside of a JSON string (without quotes); appends. 0 or -EMSGSIZE. Unpaired
 * surrogates become U+FFFD. */
int json_unescape(struct span rest, struct buf *out);

#endif
