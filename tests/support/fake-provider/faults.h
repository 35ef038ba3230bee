/*
 * faults: how a call may be made to go wrong, and how a caller asks for it.
 *
 * A spec is text: "stall-mid;after=3;wait_ms=500". An item without "=" names a fault of the table,
 * the others set knobs. Pure.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_FAULTS_H
#define TOLLGATE_FAKE_PROVIDER_FAULTS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/span.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS,            /* an error answer of the provider, in its dialect */
    FAULT_RESET_BEFORE_HEAD, /* from here on before and instead of an answer */
    FAULT_CLOSE_BEFORE_HEAD,
    FAULT_STALL_BEFORE_HEAD,
    FAULT_RESET_AFTER_HEAD,
    FAULT_STALL_AFTER_HEAD,
    FAULT_GARBAGE_HEAD,
    FAULT_HTML,
    FAULT_EMPTY,
    FAULT_REDIRECT,
    FAULT_GZIP_BOMB,
    FAULT_RESET_MID, /* from here on behind `after` pieces, or in the middle of a body */
    FAULT_STALL_MID,
    FAULT_CUT,
    FAULT_TRUNCATE,
    FAULT_MALFORMED,
    FAULT_BAD_CRC,
    FAULT_CUT_FRAME,
    FAULT_UNKNOWN_EVENT,
    FAULT_ERROR_MID,
    FAULT_HUGE_LINE,
    FAULT_ENDLESS,
    FAULT_NO_DONE, /* from here on at its end, in its form, in what it says of usage */
    FAULT_NO_FINISH,
    FAULT_WRONG_TYPE,
    FAULT_SPLIT,
    FAULT_SLOW,
    FAULT_USAGE_NONE,
    FAULT_USAGE_NULL,
    FAULT_USAGE_TEXT,
    FAULT_USAGE_NEGATIVE,
    FAULT_USAGE_HUGE,
    FAULT_USAGE_FRACTION,
    FAULT_USAGE_ZERO,
    FAULT_USAGE_TWICE,
    FAULT_USAGE_LATE,
    FAULT_NEEDS_TOKEN, /* from here on a good answer to those who prove who they are */
    FAULT_NEEDS_SIGNATURE,
};

struct fault {
    const char *name;
    enum fault_kind kind;
    int status;                      /* 0: as without a fault, or none at all */
    const char *type, *code, *about; /* the error's; what it does, for people */
};

/* All of them; the first is "none". */
must_use size_t fault_count(void);
must_use const struct fault *fault_at(size_t index);

/* Knobs that were not set are -1. */
struct fault_spec {
    const struct fault *fault;   /* never NULL */
    int64_t after;               /* pieces of content before it; default 3 */
    int64_t wait_ms;             /* of a stall; default for ever */
    int64_t retry_after_s;       /* of 429 and 503 */
    int64_t bytes;               /* of huge-line and gzip-bomb, or where a body is cut */
    int64_t first_ms;            /* before the first byte */
    int64_t pace_us;             /* between pieces */
    int64_t tokens;              /* how long the answer is */
    int64_t cached, reasoning;   /* input told as cached, output told but not shown */
    int64_t written, written_1h; /* input told as written to a cache, for 5 minutes and an hour */
    int64_t thinking;            /* tokens of reasoning text sent before the answer */
    int64_t status;              /* of an error told inside of a 200 or in a stream; default 503 */
    int64_t expires_s;           /* life of a token; default of the server */
    int64_t percent;             /* of the calls that get the fault; default all */
    char finish[24];             /* another finish reason */
};

must_use struct fault_spec fault_spec_make(void);

/* Applies a spec over what stands there. Items may stand between commas too, since some dialects
 * carry no semicolon where a spec can be put. False when an item is not understood; those before
 * it hold. */
bool fault_spec_apply(struct fault_spec *spec, struct span text);

/* A spec that may also be something else, a user's name for one: applied only when it begins with
 * "fault=" or "fake:" (which are not part of it). */
void fault_spec_apply_tagged(struct fault_spec *spec, struct span text);

/* Whatever stands behind "fault-" in a model's name or a path, when it is a fault's name: the
 * longest one. */
void fault_spec_apply_name(struct fault_spec *spec, struct span name);

/* The table of faults as a JSON array. */
void fault_table_write(struct buf *out);

#endif
