/*
 * segment: see segment.h.
 */
#include "gateway/journal/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/mem.h"

enum { NAME_UUID = 36, NAME_NUMBER = 8 };

void segment_path(const char *dir, struct uuid journal, uint32_t number,
                  char path_out[SEGMENT_PATH_MAX])
{
    char name[UUID_TEXT_SIZE];

    uuid_format(journal, name);
    must(snprintf(path_out, SEGMENT_PATH_MAX, "%s/%s.%08u.seg", dir, name, number) <
         SEGMENT_PATH_MAX);
}

void segment_side_path(const char *dir, struct uuid journal, const char *suffix,
                       char path_out[SEGMENT_PATH_MAX])
{
    char name[UUID_TEXT_SIZE];

    uuid_format(journal, name);
    must(snprintf(path_out, SEGMENT_PATH_MAX, "%s/%s.%s", dir, name, suffix) < SEGMENT_PATH_MAX);
}

static int sync_directory(const char *dir)
{
    cleanup(file_close_at) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int fill_segment(int fd, const struct segment_head *head, size_t bytes)
{
    uint8_t raw[SEGMENT_HEAD_BYTES];
    int error = -posix_fallocate(fd, 0, (off_t)bytes);

    if (error < 0) {
        return error;
    }
    segment_head_encode(head, raw);
    if (pwrite(fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw)) {
        return errno == 0 ? -EIO : -errno;
    }
    return fdatasync(fd) < 0 ? -errno : 0;
}

int segment_create(const char *dir, const struct segment_head *head, size_t bytes, int *fd_out)
{
    char path[SEGMENT_PATH_MAX];
    int fd, error;

    segment_path(dir, head->journal, head->number, path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    error = fill_segment(fd, head, bytes);
    if (error == 0) {
        error = sync_directory(dir);
    }
    if (error < 0) {
        unlink(path);
        close(fd);
        return error;
    }
    *fd_out = fd;
    return 0;
}

int segment_open(const char *dir, struct uuid journal, uint32_t number, int *fd_out)
{
    char path[SEGMENT_PATH_MAX];
    uint8_t raw[SEGMENT_HEAD_BYTES];
    struct segment_head head;
    int fd;

    segment_path(dir, journal, number, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (pread(fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw) ||
        segment_head_decode(span_make((const char *)raw, sizeof(raw)), &head) < 0 ||
        !uuid_equal(head.journal, journal) || head.number != number) {
        close(fd);
        return -EBADMSG;
    }
    *fd_out = fd;
    return 0;
}

int segment_map_durable(const char *dir, struct uuid journal, bool create,
                        _Atomic uint64_t **durable_out)
{
    char path[SEGMENT_PATH_MAX];
    struct stat about;
    void *at;

    segment_side_path(dir, journal, "durable", path);
    cleanup(file_close_at) int fd =
        open(path, create ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    if (create && (posix_fallocate(fd, 0, sizeof(uint64_t)) != 0)) {
        return -ENOSPC;
    }
    if (fstat(fd, &about) < 0 || about.st_size < (off_t)sizeof(uint64_t)) {
        return -EBADMSG;
    }
    at = mmap(NULL, sizeof(uint64_t), create ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
              0);
    if (at == MAP_FAILED) {
        return -errno;
    }
    *durable_out = at;
    return 0;
}

void segment_unmap_durable(_Atomic uint64_t *durable)
{
    if (durable != NULL) {
        munmap((void *)(uintptr_t)durable, sizeof(uint64_t));
    }
}

static struct segment_listing *listing_of(struct segment_listing *listings, size_t *count,
                                          size_t max, struct uuid journal)
{
    for (size_t i = 0; i < *count; i++) {
        if (uuid_equal(listings[i].journal, journal)) {
            return &listings[i];
        }
    }
    if (*count == max) {
        return NULL;
    }
    listings[*count] = (struct segment_listing){.journal = journal};
    return &listings[(*count)++];
}

static void note_file(struct segment_listing *listing, const char *rest)
{
    char *end;
    unsigned long number;

    if (strcmp(rest, ".ended") == 0) {
        listing->ended = true;
        return;
    }
    number = strtoul(rest + 1, &end, 10);
    if (end != rest + 1 + NAME_NUMBER || strcmp(end, ".seg") != 0 || number == 0) {
        return;
    }
    if (listing->first == 0 || number < listing->first) {
        listing->first = (uint32_t)number;
    }
    if (number > listing->last) {
        listing->last = (uint32_t)number;
    }
}

int segment_list(const char *dir, struct segment_listing *listings_out, size_t max)
{
    DIR *open_dir = opendir(dir);
    struct dirent *entry;
    size_t count = 0;

    if (open_dir == NULL) {
        return -errno;
    }
    while ((entry = readdir(open_dir)) != NULL) {
        struct uuid journal;
        struct segment_listing *listing;

        if (strlen(entry->d_name) <= NAME_UUID || entry->d_name[NAME_UUID] != '.' ||
            uuid_parse(span_make(entry->d_name, NAME_UUID), &journal) < 0) {
            continue;
        }
        listing = listing_of(listings_out, &count, max, journal);
        if (listing != NULL) {
            note_file(listing, entry->d_name + NAME_UUID);
        }
    }
    closedir(open_dir);
    return (int)count;
}

int segment_gateways(const char *root, struct uuid *gateways_out, size_t max)
{
    DIR *open_dir = opendir(root);
    struct dirent *entry;
    size_t count = 0;

    if (open_dir == NULL) {
        return errno == ENOENT ? 0 : -errno;
    }
    while (count < max && (entry = readdir(open_dir)) != NULL) {
        if (uuid_parse(span_of(entry->d_name), &gateways_out[count]) == 0) {
            count++;
        }
    }
    closedir(open_dir);
    return (int)count;
}
