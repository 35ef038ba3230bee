/*
 * file: see file.h.
 */
#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/mem.h"

#define READ_STEP_BYTES 65536u

static int read_all(int fd, struct buf *out)
{
    for (;;) {
        size_t room = out->max - out->size;
        size_t step = room < READ_STEP_BYTES ? room : READ_STEP_BYTES;
        char extra;
        char *at = step == 0 ? &extra : buf_reserve(out, step);
        if (at == NULL)
            return -EFBIG;
        ssize_t got = read(fd, at, step == 0 ? 1 : step);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got > 0 && step == 0)
            return -EFBIG;
        if (got > 0)
            buf_grew(out, (size_t)got);
    }
}

int file_read(const char *path, struct buf *out)
{
    cleanup(file_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? -errno : read_all(fd, out);
}

int file_read_private(const char *path, struct buf *out)
{
    cleanup(file_close_at) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0)
        return -errno;
    if ((about.st_mode & (S_IROTH | S_IWOTH)) != 0)
        return -EPERM;
    return read_all(fd, out);
}

int file_read_secret(const char *path, struct buf *out)
{
    size_t before = out->size;
    int r = file_read_private(path, out);

    if (r < 0)
        return r;
    struct span rest = span_part(buf_span(out), before, SIZE_MAX);
    struct span line = span_cut(&rest, '\n');
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    if (line.size == 0)
        return -EINVAL;
    out->size = before + line.size;
    out->at[out->size] = '\0';
    return 0;
}

int file_write_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote < 0 && errno != EINTR)
            return -errno;
        if (wrote > 0) {
            at += wrote;
            size -= (size_t)wrote;
        }
    }
    return 0;
}

static int sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    cleanup(mem_free_at) char *directory = slash == NULL   ? mem_strdup(".")
                                           : slash == path ? mem_strdup("/")
                                                           : mem_dup(path, (size_t)(slash - path));
    cleanup(file_close_at) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int write_synced(const char *path, struct span bytes, unsigned mode)
{
    cleanup(file_close_at) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return -errno;
    int r = file_write_all(fd, bytes.at, bytes.size);
    if (r == 0 && fdatasync(fd) < 0)
        r = -errno;
    return r;
}

int file_write_atomic(const char *path, struct span bytes, unsigned mode)
{
    uint8_t random[6];
    char suffix[13];

    digest_random(random, sizeof(random));
    digest_hex(random, sizeof(random), suffix);
    cleanup(mem_free_at) char *temporary = mem_printf("%s.tmp-%s", path, suffix);

    int r = write_synced(temporary, bytes, mode);
    if (r == 0 && rename(temporary, path) < 0)
        r = -errno;
    if (r < 0) {
        if (r != -EEXIST)
            (void)unlink(temporary);
        return r;
    }
    return sync_directory_of(path);
}

static int make_one(const char *path, unsigned mode)
{
    struct stat about;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno != EEXIST)
        return -errno;
    if (stat(path, &about) < 0)
        return -errno;
    return S_ISDIR(about.st_mode) ? 0 : -ENOTDIR;
}

int file_make_directory(const char *path, unsigned mode)
{
    cleanup(mem_free_at) char *part = mem_strdup(path);

    if (path[0] == '\0')
        return -EINVAL;
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        int r = make_one(part, mode);
        if (r < 0)
            return r;
        *at = '/';
    }
    return make_one(part, mode);
}

int file_lock_directory(const char *path, int *fd_out)
{
    cleanup(mem_free_at) char *name = mem_printf("%s/lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    *fd_out = fd;
    return 0;
}

void file_close_at(int *fd)
{
    int kept = errno;

    if (*fd >= 0)
        close(*fd);
    errno = kept;
}
