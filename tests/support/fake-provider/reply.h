/*
 * reply: calls whose answer is known at once: pages, error answers, whole answers, floods; and the
 * faults that can befall them in any dialect.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_REPLY_H
#define TOLLGATE_FAKE_PROVIDER_REPLY_H

#include "common/base/buf.h"
#include "faults.h"
#include "server.h"
#include "truth.h"

/* What will be told to the truth log when a call ends. */
struct record {
    struct truth *truth; /* borrowed; NULL: nothing is told */
    struct truth_entry entry;
    struct truth_request *request; /* owned */
    int64_t start_us;
};

/* Tells how it ended. */
void record_end(struct record *record, enum truth_end end);
/* Bills nothing: for errors, and for whole answers that did not go out. */
void record_bills_nothing(struct record *record);

struct reply {
    int status;
    const char *content_type;
    const char *extra; /* header lines, borrowed constant or in `extra_text` */
    char extra_text[320];
    struct buf body; /* taken */
    struct record record;
    struct fault_spec spec;
};

/* A page without record and fault; takes the body. */
must_use struct call *reply_page(int status, const char *content_type, struct buf body);

/* A whole answer under a spec: knows every fault but those of a stream's events. Takes the body. */
must_use struct call *reply_whole(const struct reply *reply);

/* Whether the fault comes before or instead of an answer of whatever form: then reply_whole() with
 * any body does it all; FAULT_STATUS needs the error's body. */
must_use bool reply_is_instead(enum fault_kind kind);

/* Prefix, `filler_bytes` bytes of an endlessly repeated filler (-1: without end), suffix. */
struct flood {
    struct buf prefix, suffix; /* taken */
    struct buf filler;         /* taken; may be empty when filler_bytes is 0 */
    int64_t filler_bytes;
    const char *content_type, *extra;
    struct record record;
    bool broken; /* how the truth log names a flood that went out */
};
must_use struct call *reply_flood(const struct flood *flood);

#endif
