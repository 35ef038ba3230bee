/*
 * preset: a routing preset: which targets a request may go to, by which rule, and with what
 * changed.
 *
 * A document of JSON (docs/presets.md has the format), read into a tree that is never changed
 * again. All three programs read it by this: the control plane to refuse what makes no sense, the
 * gateway to route. Spans are copies in the arena it was read into; the numbers of `struct
 * preset_target` are as they were written, absent ones -1. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRESET_H
#define TOLLGATE_TENANTS_MODEL_PRESET_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "tenants/model/preset_words.h"
#include "tenants/model/provider_wish.h"

enum {
    PRESET_NAME_MAX = 64,
    PRESET_BYTES_MAX = 64 << 10,
    PRESET_TARGETS_MAX = 64, /* in all */
    PRESET_DEPTH_MAX = 6,
    PRESET_STATUSES_MAX = 32,
    PRESET_ATTEMPTS_MAX = 5,
    PRESET_TESTS_MAX = 256,         /* tests and operators of all conditions */
    PRESET_VALUES_MAX = 1024,       /* that they compare with */
    PRESET_PATTERN_COST_MAX = 2048, /* of all $regex; see pattern.h */
    PRESET_TIMEOUT_MAX_MS = 3600000,
    PRESET_ARENA_MAX = 1 << 20, /* what reading one takes at most */
};

struct preset_statuses {
    uint16_t at[PRESET_STATUSES_MAX];
    uint32_t count; /* 0: none are named */
};

struct preset_condition; /* preset_condition.h */

struct preset_target;
struct preset_branch { /* of a conditional */
    const struct preset_condition *query;
    const struct preset_target *then;
};

struct preset_target {
    /* Unique in the preset; where none was written, its path: "0.1", and "root". */
    struct span name;
    enum preset_mode mode;
    double weight; /* of a loadbalance's children; above 0; 1 where none was written */
    uint8_t on;    /* of a fallback's children: 1 << enum preset_fall that leads here */

    /* ---- a leaf ---- */
    struct span model;                /* empty: the one that was asked for */
    const struct provider_wish *wish; /* NULL: none */
    struct span overrides;            /* JSON object; empty: none */
    int64_t total_ms, first_token_ms; /* -1: the deployment's */
    int32_t retries; /* of the same target, before the next; -1: the gateway's way */
    struct preset_statuses retry_on; /* statuses that are retried; none: whatever is no client's */
    int32_t retries_by[PRESET_ERRORS]; /* -1: as `retries` */

    /* ---- else ---- */
    const struct preset_target *const *targets;
    uint32_t target_count;
    struct preset_statuses leave_on; /* of a fallback: what leads on; none: the gateway's rules */
    enum preset_sticky sticky;
    struct span sticky_member;
    const struct preset_branch *branches;
    uint32_t branch_count;
    const struct preset_target *otherwise; /* NULL: a request that no branch takes is refused */
};

struct preset {
    const struct preset_target *root;
    uint32_t target_count; /* leaves and others */
};

struct preset_error_at {
    char path[128]; /* "targets[1].weight" */
    char text[256]; /* "must be above 0" */
};

/* 0, or -EINVAL with *error_out filled: unknown members and words, members where they mean nothing,
 * weights not above 0, a branch to a target that is not there, two targets of one name, what is too
 * large or too deep. Whether models and providers exist is the caller's to check:
 * preset_each_name(). */
must_use int preset_read(struct span text, struct arena *arena, struct preset *preset_out,
                         struct preset_error_at *error_out);

/* Every name of a model (`is_model`; as it was written, with a suffix) and of a provider that
 * stands in it, with its path; goes on while `take` returns true. */
void preset_each_name(const struct preset *preset,
                      bool (*take)(void *context, struct span name, bool is_model,
                                   const char *path),
                      void *context);

/* 1 to PRESET_NAME_MAX of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit. */
must_use bool preset_name_good(struct span name);

must_use bool preset_statuses_name(const struct preset_statuses *statuses, int status);

#endif
