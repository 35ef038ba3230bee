/*
 * presets: the routing presets of a snapshot, read from the documents that the database keeps.
 * Inside of build.c; loader's thread.
 */
#ifndef TOLLGATE_GATEWAY_SNAPSHOT_PRESETS_H
#define TOLLGATE_GATEWAY_SNAPSHOT_PRESETS_H

#include "gateway/snapshot/snapshot.h"
#include "tenants/store/snapshot_rows.h"

/* Reads all into the snapshot's arena, maps and list of what could not be read. Once. */
void presets_build(const struct snapshot_rows *rows, struct snapshot *snapshot);

/* The first of a key's, its project's and its tenant's; zero: none. One that could not be read too:
 * it has no root, and what it forbids nobody knows. */
must_use const struct snapshot_preset *presets_default(const struct snapshot *snapshot,
                                                       struct uuid key, struct uuid project,
                                                       struct uuid tenant);

#endif
