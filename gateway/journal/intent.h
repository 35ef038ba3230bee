/*
 * intent: the payloads of INTENT and PROGRESS, from which recovery makes the event of a request
 * that a crash cut off.
 *
 * An INTENT's payload is the usage event as far as it is known (event_encode_usage, outcome crash),
 * with the attempt that goes out now as its last one and `input_bound` as its input meter; so
 * recovery is: take the last INTENT, add the last PROGRESS, put it down as FINAL.
 */
#ifndef TOLLGATE_GATEWAY_JOURNAL_INTENT_H
#define TOLLGATE_GATEWAY_JOURNAL_INTENT_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

struct progress {
    int64_t output_tokens; /* reported by the provider, else counted */
    bool reported;
};

must_use int progress_encode(const struct progress *progress, struct buf *out);
must_use int progress_decode(struct span payload,
                             struct progress *progress_out); /* 0 or -EBADMSG */

#endif
