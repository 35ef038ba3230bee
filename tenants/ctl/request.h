/*
 * request: what a command line asks of the API: path, query and body, by the table of commands.
 */
#ifndef TOLLGATE_TENANTS_CTL_REQUEST_H
#define TOLLGATE_TENANTS_CTL_REQUEST_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json_writer.h"
#include "tenants/ctl/parse.h"

enum { REQUEST_MAX_BYTES = 1 << 20 };

/* Percent-encodes all but unreserved characters (RFC 3986). */
void request_escape(struct buf *out, struct span text);

/* Appends the path of a template, its {names} filled: {tenant} by `tenant`, any other by the
 * argument of that name. */
void request_path(const struct invocation *line, const char *path, const char *tenant,
                  struct buf *out);

/* Appends one more "?name=value" or "&name=value". */
void request_add_query(struct buf *out, const char *name, struct span value);
/* Appends all flags that belong to the query. */
void request_query(const struct invocation *line, int64_t now_ms, struct buf *out);

/* Whether the command has a body at all; an empty one is {}. */
must_use bool request_has_body(const struct command *command, const char *path);
/* Writes the members: those always sent, arguments that `path` has no place for, flags. */
void request_members(const struct invocation *line, const char *path, int64_t now_ms,
                     struct json_writer *writer);
/* Appends the whole object. */
void request_body(const struct invocation *line, const char *path, int64_t now_ms, struct buf *out);

#endif
