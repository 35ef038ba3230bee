/*
 * json_writer: JSON text appended to a buffer. Places the commas; the caller pairs begin and end.
 *
 * Writes compact text. A buffer that is full is marked (buf_failed) and the rest is dropped.
 */
#ifndef TOLLGATE_COMMON_BASE_JSON_WRITER_H
#define TOLLGATE_COMMON_BASE_JSON_WRITER_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

struct json_writer {
    struct buf *out; /* borrowed */
    bool comma;
};

must_use struct json_writer json_writer_make(struct buf *out);
void json_begin(struct json_writer *w, char bracket); /* '{' or '[' */
void json_end(struct json_writer *w, char bracket);   /* '}' or ']' */
/* A name of our own: plain ASCII that needs no escapes. */
void json_name(struct json_writer *w, const char *name);
void json_name_span(struct json_writer *w, struct span name);
void json_write_string(struct json_writer *w,
                       struct span text); /* bytes that are not UTF-8 become U+FFFD */
void json_write_int64(struct json_writer *w, int64_t value);
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
void json_write_raw(struct json_writer *w, struct span json);      /* already JSON */
void json_write_inside(struct json_writer *w, struct span inside); /* of a string: quoted alone */
void json_put_inside(struct json_writer *w, const char *name, struct span inside);
void json_put_string(struct json_writer *w, const char *name, struct span text);
void json_put_cstring(struct json_writer *w, const char *name,
                      const char *text); /* NULL leaves the member out */
void json_put_int64(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);

/* A JSON string with quotes and escapes. */
int json_quote(struct buf *out, struct span text);

#endif
