/*
 * loader: keeps the newest snapshot. One thread with its own database connection.
 *
 * Listens for changes and also asks each second, for a notification can be lost with its
 * connection. Loads all anew, builds, hands over, and writes the signed copy. Without a database at
 * start it hands over the copy. What cannot be read or makes no sense is refused with an alarm, and
 * the old snapshot stays. A token that came or expired (gateway/sign/tokens.h) makes a new snapshot
 * of the same rows, which are kept for that while there are grants. The master keys that open
 * credentials are read anew with each snapshot, so that one that was added to the file is known
 * when it is first used.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_LOADER_H
#define TOLLGATE_GATEWAY_SNAPSHOT_LOADER_H

#include "gateway/snapshot/build.h"

struct loader;

struct loader_config {
    const char *database_url; /* borrowed until loader_stop(), like all below */
    const char *copy_path;    /* NULL: none is kept */
    struct span copy_key;
    struct build_config build;   /* without a seal and tokens: those are the loader's */
    bool allow_loopback;         /* issuers of tokens may be on this host */
    const char *ca_file;         /* NULL: the system's */
    const char *master_key_path; /* NULL: the database's credentials cannot be opened */
    void *context;
    /* Takes the snapshot's one reference. On the loader's thread. */
    void (*on_snapshot)(void *context, struct snapshot *snapshot);
};

struct loader_state {
    bool connected;
    int64_t version; /* 0: none yet */
    int64_t loads, refused;
    int64_t
        checked_ms; /* monotonic: when the database last said that this is the newest; 0 never */
};

must_use struct loader *loader_start(const struct loader_config *config);
void loader_stop(struct loader *loader);
void loader_state(struct loader *loader, struct loader_state *state_out);

#endif
