/*
 * segment: the files of a journal: where they lie, how they are made, what is in the folder.
 *
 *   ROOT/<gateway uuid>/lock                      held by the process that writes or has adopted it
 *   ROOT/<gateway uuid>/<journal uuid>.00000001.seg
 *   ROOT/<gateway uuid>/<journal uuid>.durable    8 bytes, mapped: the packed position up to which
 * readers may read ROOT/<gateway uuid>/<journal uuid>.ended      there is no more to come; written
 * by a clean stop or by recovery
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_SEGMENT_H
#define TOLLGATE_GATEWAY_JOURNAL_SEGMENT_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "gateway/journal/record.h"

#define SEGMENT_PATH_MAX 512

/* "DIR/<journal>.<number>.seg" and "DIR/<journal>.<suffix>". */
void segment_path(const char *dir, struct uuid journal, uint32_t number,
                  char path_out[SEGMENT_PATH_MAX]);
void segment_side_path(const char *dir, struct uuid journal, const char *suffix,
                       char path_out[SEGMENT_PATH_MAX]);

/* Makes a segment of `bytes`, preallocated and reading as zeros behind its head; the folder is
 * synced. 0 or -errno
 * (-ENOSPC: nothing is left behind). The caller owns fd. */
must_use int segment_create(const char *dir, const struct segment_head *head, size_t bytes,
                            int *fd_out);

/* Opens one for reading and checks its head: 0, -ENOENT, -EBADMSG, -errno. */
must_use int segment_open(const char *dir, struct uuid journal, uint32_t number, int *fd_out);

/* The published position, shared between processes through the file. */
must_use int segment_map_durable(const char *dir, struct uuid journal, bool create,
                                 _Atomic uint64_t **durable_out);
void segment_unmap_durable(_Atomic uint64_t *durable);

/* One journal as the folder shows it. */
struct segment_listing {
    struct uuid journal;
    uint32_t first, last; /* segment numbers that are there; 0 when there are none */
    bool ended;
};

/* All journals of one gateway's folder, at most `max`; returns how many, or -errno. */
must_use int segment_list(const char *dir, struct segment_listing *listings_out, size_t max);

/* All gateway folders below `root`, at most `max` ids; returns how many, or -errno (a missing root
 * is 0). */
must_use int segment_gateways(const char *root, struct uuid *gateways_out, size_t max);

#endif
