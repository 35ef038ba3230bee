/*
 * metering: fills the one usage event of a request while it runs, prices it, encodes it.
 *
 * Several attempts may run at once; all is about the current one. Each is stamped with the versions
 * that bind it when it begins; when the request is over,
 * metering_finish() settles what is paid for, by docs/billing.md's table of outcomes. Texts in the
 * event are borrowed from the request's arena and the snapshot. One request, one thread.
 */
#ifndef TOLLGATE_GATEWAY_METER_METERING_H
#define TOLLGATE_GATEWAY_METER_METERING_H

#include <stdint.h>

#include "billing/event/event.h"
#include "common/base/buf.h"
#include "gateway/dialect/answer.h"
#include "gateway/meter/count.h"
#include "gateway/snapshot/snapshot.h"

struct metering_attempt {
    const struct snapshot_deployment *deployment;
    struct snapshot_terms terms;
    int64_t started_us;                /* monotonic */
    int64_t input_bound, output_bound; /* tokens, at most */
    struct count output;               /* what it generated so far */
    struct meters seen;                /* likewise, of what is paid by other units */
};

struct metering {
    struct usage_event event;
    int64_t arrived_us; /* of the request, monotonic; 0: not told */
    struct metering_attempt attempts[EVENT_ATTEMPTS_MAX];
    uint32_t current;      /* index of the one that all below are about */
    struct count counter;  /* how texts are counted; nothing in it */
    int64_t counted_input; /* tokens of the request, by it */
    char method[COUNT_METHOD_TEXT_SIZE];
    /* What is paid by units that the price names (units.h): `counted` is what the request tells,
     * text aside, `bounds` its most. */
    bool by_units;
    struct meters counted, bounds;
    /* An answer that another attempt goes on with: what is paid for it so far, as if the first one
     * had said it all. */
    struct metering_carried {
        bool any;
        uint32_t first;        /* of the attempts: its versions bind */
        uint32_t attempts;     /* so many there were when the last one died */
        enum price_mode mode;  /* as the first one's list price has it */
        struct meters meters;  /* its input; the output of all that died */
        int64_t output_tokens; /* of the same, as counted */
    } carried;
    int64_t discount_pico; /* of what was charged, for display */
    bool quarantined;      /* a provider's usage made no sense: to be alarmed */
};

/* Begins the next attempt, with the members that the caller knows; from now on it is the current
 * one. At most EVENT_ATTEMPTS_MAX. */
void metering_begin(struct metering *m, const struct metering_attempt *attempt);
/* Another one that was begun is the current one: it binds the price from now on. */
void metering_choose(struct metering *m, uint32_t index);
must_use struct metering_attempt *metering_running(struct metering *m); /* the current one */

/* The current attempt is given up because another one answers: what it read is its cost. */
void metering_lose(struct metering *m, int32_t status, int64_t now_us);

/* Ends the current attempt. `answer` is what it said (NULL: nothing): usage in it is its cost. */
void metering_end(struct metering *m, int32_t status, const char *reason,
                  const struct answer *answer, int64_t now_us);

/* The current attempt ended: it died in the midst of its answer, and the next one goes on from
 * there. What it said is charged and its cost is booked, as counted; `input` is what its provider
 * said of its input before that (nothing present: nothing, so it is counted too). From now on the
 * event stays with the first one's deployment and versions. */
void metering_carry(struct metering *m, const struct answer *answer, const struct meters *input);

/* What INTENT carries: the event so far, as it stands if we die now. */
must_use int metering_encode_intent(const struct metering *m, struct buf *out);

/* Output tokens so far: the provider's figure if it came, else counted. */
must_use int64_t metering_output(const struct metering *m, const struct answer *answer,
                                 bool *reported_out);

/* Settles meters, base and charge of the event by its outcome. `answer` is that of the current
 * attempt (NULL: nothing was sent). */
void metering_finish(struct metering *m, enum event_outcome outcome, const struct answer *answer);

/* The whole event. Leaves out what is not needed for money when it is too long. */
must_use int metering_encode_final(struct metering *m, struct buf *out);

#endif
