/*
 * faults: how a call may be made to go wrong, and how a caller asks for it.
 *
 * A spec is text: "stall-mid;after=3;wait_ms=500". An item without "=" names a fault of the table,
 * the others set knobs. Pure but for the rules, which count down.
 */
#ifndef TOLLGATE_FAKE_PROVIDER_FAULTS_H
#define TOLLGATE_FAKE_PROVIDER_FAULTS_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/json.h"
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
    const struct fault *fault; /* never NULL */
    int64_t after;             /* pieces of content before it; default 3 */
    int64_t wait_ms;           /* of a stall; default for ever */
    int64_t retry_after_s;     /* of 429 and 503 */
    int64_t bytes;             /* of huge-line and gzip-bomb, or where a body is cut */
    int64_t first_ms;          /* before the first byte */
    int64_t pace_us;           /* between pieces */
    int64_t tokens;            /* how long the answer is */
    int64_t cached, reasoning; /* input told as cached, output told but not shown */
    int64_t thinking;          /* tokens of reasoning text sent before the answer */
    char finish[24];           /* another finish_reason */
};

must_use struct fault_spec fault_spec_make(void);

/* Applies a spec over what stands there. False when an item is not understood; those before it
 * hold. */
bool fault_spec_apply(struct fault_spec *spec, struct span text);

/* A spec that may also be something else, a user's name for one: applied only when it begins with
 * "fault=" or "fake:" (which are not part of it). */
void fault_spec_apply_tagged(struct fault_spec *spec, struct span text);

/* Whatever stands behind "fault-" in a model's name or a path, when it is a fault's name: the
 * longest one. */
void fault_spec_apply_name(struct fault_spec *spec, struct span name);

#define FAULT_RULES_MAX 1024

/* The next `left` calls that match get the spec. */
struct fault_rule {
    char model[128], site[64], key[160]; /* empty matches all */
    char text[200];                      /* the spec */
    int64_t left, hits;                  /* left -1: for ever */
};

struct fault_rules {
    struct fault_rule *at; /* owned */
    size_t count;
};

must_use struct fault_rules fault_rules_make(void);
void fault_rules_done(struct fault_rules *rules);

/* Adds a rule from {"model", "site", "key", "fault", "count"}. NULL, or what is wrong with it. */
must_use const char *fault_rules_add(struct fault_rules *rules, const struct json_doc *doc);
void fault_rules_clear(struct fault_rules *rules);
/* The first rule that matches and is not used up is counted and applied. */
void fault_rules_apply(struct fault_rules *rules, struct fault_spec *spec, struct span model,
                       struct span site, struct span key);
/* The rules as a JSON array, and the table of faults as one. */
void fault_rules_write(const struct fault_rules *rules, struct buf *out);
void fault_table_write(struct buf *out);

#endif
