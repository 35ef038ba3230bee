/*
 * source: the file that a command is given; "-" is standard input.
 *
 * Each returns CTL_OK, or CTL_USAGE with its sentence, which begins with the path, in ctl->error.
 */
#ifndef TOLLGATE_TENANTS_CTL_SOURCE_H
#define TOLLGATE_TENANTS_CTL_SOURCE_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"

struct ctl;

/* The whole file into *text_out, whose bound is the file's. */
must_use int source_read(struct ctl *ctl, const char *path, struct buf *text_out);
/* Its JSON, borrowed by *doc_out. */
must_use int source_parse(struct ctl *ctl, const char *path, struct span text,
                          const struct json_limits *limits, struct json_doc *doc_out);

#endif
