/*
 * failing-write: a library for LD_PRELOAD that makes writing to some files fail, stall or fall
 * short, as a file says that may change at any time. See README.md beside this file.
 *
 * Any thread. While the file says "off" a call costs one look at a coarse clock. Stands alone: it
 * must not call back into what it replaces. Its state has to be global, since the functions it
 * stands for have no place for any.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define RULES_MAX 8
#define PREFIX_MAX 512
#define CONTROL_BYTES_MAX 8192
#define LOOK_EVERY_US 2000

enum operation { OPERATION_WRITE = 1, OPERATION_SYNC = 2, OPERATION_ALLOCATE = 4 };

struct rule {
    int error;          /* errno; 0: the call goes on */
    int64_t stall_ms;   /* before it does either */
    int64_t room_bytes; /* written before the error; -1: none at all is let through */
    unsigned operations;
    char prefix[PREFIX_MAX];
};

static struct {
    pthread_rwlock_t lock;
    struct rule rules[RULES_MAX]; /* under the lock */
    size_t count;
    _Atomic bool armed; /* there are rules */
    _Atomic int64_t next_look_us;
    _Atomic int64_t room_bytes; /* what is left of the first rule's room */
    struct timespec seen_mtime; /* of the control file; under the lock */
    ino_t seen_inode;
    off_t seen_size;
} state = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static int64_t coarse_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static unsigned parse_operations(const char *text)
{
    unsigned operations = 0;

    if (strstr(text, "write") != NULL)
        operations |= OPERATION_WRITE;
    if (strstr(text, "sync") != NULL)
        operations |= OPERATION_SYNC;
    if (strstr(text, "allocate") != NULL)
        operations |= OPERATION_ALLOCATE;
    return operations;
}

/* "WORD[:OPERATIONS] [NUMBER] PREFIX". False for "off", blank lines and nonsense. */
static bool parse_rule(const char *line, struct rule *rule)
{
    char word[64], prefix[PREFIX_MAX], *colon;
    long long number = 0;

    *rule = (struct rule){.room_bytes = -1,
                          .operations = OPERATION_WRITE | OPERATION_SYNC | OPERATION_ALLOCATE};
    if (sscanf(line, "%63s %lld %511s", word, &number, prefix) != 3 &&
        sscanf(line, "%63s %511s", word, prefix) != 2)
        return false;
    colon = strchr(word, ':');
    if (colon != NULL) {
        *colon = '\0';
        rule->operations = parse_operations(colon + 1);
    }
    memcpy(rule->prefix, prefix, sizeof(prefix));
    if (strcmp(word, "enospc") == 0)
        rule->error = ENOSPC;
    else if (strcmp(word, "eio") == 0)
        rule->error = EIO;
    else if (strcmp(word, "stall") == 0 && number > 0)
        rule->stall_ms = number;
    else if (strcmp(word, "full") == 0 && number >= 0) {
        rule->error = ENOSPC;
        rule->room_bytes = number;
        rule->operations &= ~(unsigned)OPERATION_SYNC;
    } else
        return false;
    return true;
}

/* Reads the control file; under the writer's lock. */
static void read_rules(int fd)
{
    char text[CONTROL_BYTES_MAX], *line = text, *end;
    ssize_t size = read(fd, text, sizeof(text) - 1);

    state.count = 0;
    text[size < 0 ? 0 : size] = '\0';
    while (*line != '\0' && state.count < RULES_MAX) {
        end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (parse_rule(line, &state.rules[state.count])) {
            if (state.rules[state.count].room_bytes >= 0)
                atomic_store(&state.room_bytes, state.rules[state.count].room_bytes);
            state.count++;
        }
        line = end == NULL ? line + strlen(line) : end + 1;
    }
    atomic_store(&state.armed, state.count > 0);
}

static bool is_seen(const struct stat *now)
{
    return now->st_ino == state.seen_inode && now->st_size == state.seen_size &&
           now->st_mtim.tv_sec == state.seen_mtime.tv_sec &&
           now->st_mtim.tv_nsec == state.seen_mtime.tv_nsec;
}

/* Reads the control file again when it has changed and nobody looked lately. */
static void look(void)
{
    const char *path = getenv("FAILING_WRITE_CONTROL");
    int64_t now_us = coarse_us(), due_us = atomic_load(&state.next_look_us);
    struct stat now;
    int fd;

    if (path == NULL || now_us < due_us ||
        !atomic_compare_exchange_strong(&state.next_look_us, &due_us, now_us + LOOK_EVERY_US))
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        atomic_store(&state.armed, false);
        return;
    }
    pthread_rwlock_wrlock(&state.lock);
    if (fstat(fd, &now) == 0 && !is_seen(&now)) {
        read_rules(fd);
        state.seen_inode = now.st_ino;
        state.seen_size = now.st_size;
        state.seen_mtime = now.st_mtim;
    }
    pthread_rwlock_unlock(&state.lock);
    close(fd);
}

/* The rule for this descriptor and operation; an all-zero one when there is none. */
static struct rule find_rule(int fd, enum operation operation)
{
    char link[64], path[PREFIX_MAX];
    struct rule found = {0};
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    if (size <= 0)
        return found;
    path[size] = '\0';
    pthread_rwlock_rdlock(&state.lock);
    for (size_t i = 0; i < state.count; i++) {
        const struct rule *rule = &state.rules[i];

        if ((rule->operations & (unsigned)operation) != 0 &&
            strncmp(path, rule->prefix, strlen(rule->prefix)) == 0) {
            found = *rule;
            break;
        }
    }
    pthread_rwlock_unlock(&state.lock);
    return found;
}

static void stall(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    /* sleep-ok: a write that stalls is what this library makes. */
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Decides one call: 0, or the errno it fails with. *bytes is lowered when only a part may be
 * written. Leaves errno alone, as a call that succeeds would. */
static int decide(int fd, enum operation operation, size_t *bytes)
{
    int saved = errno, error = 0;
    struct rule rule;

    look();
    if (atomic_load_explicit(&state.armed, memory_order_relaxed)) {
        rule = find_rule(fd, operation);
        if (rule.stall_ms > 0)
            stall(rule.stall_ms);
        error = rule.error;
        if (error != 0 && rule.room_bytes >= 0) {
            int64_t wanted = (int64_t)*bytes;
            int64_t room = atomic_fetch_sub(&state.room_bytes, wanted);

            if (room > 0) {
                error = 0;
                *bytes = room < wanted ? (size_t)room : *bytes;
            }
        }
    }
    errno = saved;
    return error;
}

/* What comes after us in the search order. */
#define NEXT(type, name) ((type)(uintptr_t)dlsym(RTLD_NEXT, name))

typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef ssize_t writev_fn(int, const struct iovec *, int);
typedef ssize_t pwritev_fn(int, const struct iovec *, int, off_t);
typedef int sync_fn(int);
typedef int allocate_fn(int, int, off_t, off_t);
typedef int posix_allocate_fn(int, off_t, off_t);

static struct {
    write_fn *write;
    pwrite_fn *pwrite;
    writev_fn *writev;
    pwritev_fn *pwritev;
    sync_fn *fsync, *fdatasync;
    allocate_fn *fallocate;
    posix_allocate_fn *posix_fallocate;
} next;

/* Runs before main, but other constructors may run before it: hence the checks at each use. */
__attribute__((constructor)) static void find_next(void)
{
    next.pwrite = NEXT(pwrite_fn *, "pwrite");
    next.writev = NEXT(writev_fn *, "writev");
    next.pwritev = NEXT(pwritev_fn *, "pwritev");
    next.fsync = NEXT(sync_fn *, "fsync");
    next.fdatasync = NEXT(sync_fn *, "fdatasync");
    next.fallocate = NEXT(allocate_fn *, "fallocate");
    next.posix_fallocate = NEXT(posix_allocate_fn *, "posix_fallocate");
    next.write = NEXT(write_fn *, "write");
}

static void be_ready(void)
{
    if (next.write == NULL)
        find_next();
}

static int fail(int error)
{
    errno = error;
    return -1;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    int error;

    be_ready();
    error = decide(fd, OPERATION_WRITE, &size);
    return error != 0 ? fail(error) : next.write(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
    int error;

    be_ready();
    error = decide(fd, OPERATION_WRITE, &size);
    return error != 0 ? fail(error) : next.pwrite(fd, bytes, size, offset);
}

static size_t total(const struct iovec *parts, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += parts[i].iov_len;
    return size;
}

/* Where only a part may be written, the first part that holds something is written alone. */
static const struct iovec *first_part(const struct iovec *parts, int count)
{
    for (int i = 0; i < count - 1; i++, parts++)
        if (parts->iov_len > 0)
            break;
    return parts;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t wanted = total(parts, count), size = wanted;
    int error;

    be_ready();
    error = decide(fd, OPERATION_WRITE, &size);
    if (error != 0)
        return fail(error);
    if (size == wanted)
        return next.writev(fd, parts, count);
    parts = first_part(parts, count);
    return next.write(fd, parts->iov_base, parts->iov_len < size ? parts->iov_len : size);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    size_t wanted = total(parts, count), size = wanted;
    int error;

    be_ready();
    error = decide(fd, OPERATION_WRITE, &size);
    if (error != 0)
        return fail(error);
    if (size == wanted)
        return next.pwritev(fd, parts, count, offset);
    parts = first_part(parts, count);
    return next.pwrite(fd, parts->iov_base, parts->iov_len < size ? parts->iov_len : size, offset);
}

int fsync(int fd)
{
    size_t none = 0;
    int error;

    be_ready();
    error = decide(fd, OPERATION_SYNC, &none);
    return error != 0 ? fail(error) : next.fsync(fd);
}

int fdatasync(int fd)
{
    size_t none = 0;
    int error;

    be_ready();
    error = decide(fd, OPERATION_SYNC, &none);
    return error != 0 ? fail(error) : next.fdatasync(fd);
}

/* Room that is not there whole is not there: no part of it is given. */
static int decide_allocate(int fd, off_t size)
{
    size_t wanted = (size_t)size, granted = wanted;
    int error = decide(fd, OPERATION_ALLOCATE, &granted);

    return error == 0 && granted < wanted ? ENOSPC : error;
}

int fallocate(int fd, int mode, off_t offset, off_t size)
{
    int error;

    be_ready();
    error = decide_allocate(fd, size);
    return error != 0 ? fail(error) : next.fallocate(fd, mode, offset, size);
}

int posix_fallocate(int fd, off_t offset, off_t size)
{
    int error;

    be_ready();
    error = decide_allocate(fd, size);
    return error != 0 ? error : next.posix_fallocate(fd, offset, size);
}

/* The same under the names that programs built with large file support call. */
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    return pwrite(fd, bytes, size, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
    return fallocate(fd, mode, offset, size);
}

int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    return posix_fallocate(fd, offset, size);
}
