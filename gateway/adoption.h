/*
 * adoption: what gateways that died left behind: their journals are brought to an end, shipped, and
 * deleted when nobody needs them any more.
 *
 * One thread, which looks for unlocked folders every few seconds; the first look is made by
 * adoption_start() itself, so that an earlier life of this gateway is settled before it listens.
 */
#ifndef TOLLGATE_GATEWAY_ADOPTION_H
#define TOLLGATE_GATEWAY_ADOPTION_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/id.h"
#include "gateway/journal/record.h"
#include "gateway/journal/shipper.h"

struct adoption;

struct adoption_config {
    const char *root; /* borrowed, as is the shipper */
    struct uuid self; /* whose folder is left alone */
    int64_t keep_ms;  /* as for our own journals */
};

must_use struct adoption *adoption_new(const struct adoption_config *config);
/* Looks once, then starts the thread. `shipper` may be NULL: billing reads the folders itself. */
void adoption_start(struct adoption *adoption, struct shipper *shipper);
/* Ends the thread and gives the folders up. After shipper_stop(). */
void adoption_stop(struct adoption *adoption);

/* Everything of this journal before `position` was taken over by billing. Any thread; a journal
 * that was not adopted is ignored. */
void adoption_acked(struct adoption *adoption, struct uuid journal, struct position position);

struct adoption_state {
    uint64_t folders, adopted, deleted, failed, finals_made, leases_closed;
};
void adoption_state(struct adoption *adoption, struct adoption_state *state_out);

#endif
