/*
 * copy: the rows of the last snapshot on disk, signed, so that a gateway can start while Postgres
 * is away.
 *
 * The file is of this build on this kind of machine: another layout is refused like a wrong
 * signature, and the gateway then waits for Postgres. Sealed credentials stay sealed in it.
 * Loader's thread.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_COPY_H
#define TOLLGATE_GATEWAY_SNAPSHOT_COPY_H

#include "common/base/span.h"
#include "tenants/store/snapshot_rows.h"

/* Writes the file anew, readable by its owner only. `key` signs it (HMAC-SHA256). 0 or -errno. */
must_use int copy_write(const char *path, struct span key, const struct snapshot_rows *rows);

/* Reads it back: 0; -ENOENT; -EBADMSG when the signature, the layout or a length is not right;
 * -errno. The caller owns *rows_out (snapshot_rows_free). */
must_use int copy_read(const char *path, struct span key, struct snapshot_rows **rows_out);

#endif
