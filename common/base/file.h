/*
 * file: whole files and directories, the way a crash leaves either the old or the new.
 */
#ifndef TOLLGATE_COMMON_BASE_FILE_H
#define TOLLGATE_COMMON_BASE_FILE_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

/* Appends the file's bytes to `out`: 0, -errno, or -EFBIG past the buffer's maximum. */
must_use int file_read(const char *path, struct buf *out);

/* The same of a file with secrets: refuses one that others may read or write (-EPERM). */
must_use int file_read_private(const char *path, struct buf *out);

/* A secret: the first line of a file, without its end; refuses one that others may read (-EPERM)
 * or that has nothing in it (-EINVAL). */
must_use int file_read_secret(const char *path, struct buf *out);

/* Writes to a temporary name, fdatasync, rename, fsync of the directory. `mode` as for open. */
must_use int file_write_atomic(const char *path, struct span bytes, unsigned mode);

/* mkdir -p. */
must_use int file_make_directory(const char *path, unsigned mode);

/* Locks DIR/lock for the life of the returned descriptor (flock). -EWOULDBLOCK when another has it.
 */
must_use int file_lock_directory(const char *path, int *fd_out);

/* All bytes or an error; retries EINTR and short writes. */
must_use int file_write_all(int fd, const void *bytes, size_t size);

void file_close_at(int *fd); /* for cleanup(); ignores negative ones */

#endif
