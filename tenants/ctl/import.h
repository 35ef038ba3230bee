/*
 * import: routing presets made of other gateways' configurations.
 *
 * What the converters (import_portkey.h, import_litellm.h) share: a preset as a flat tree of
 * targets that is filled first and written at once, and the report of what did not come along.
 * Pure: no files, no network; everything from outside is bounded. Spans point into the text that is
 * imported or into the arena. One thread.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_H
#define TOLLGATE_TENANTS_CTL_IMPORT_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/base/json_writer.h"

enum {
    IMPORT_FILE_MAX = 512 << 10,
    IMPORT_REPORT_MAX = 256 << 10,
    IMPORT_ARENA_MAX = 256 << 20,
    IMPORT_PRESET_MAX = 64 << 10, /* bytes; as docs/presets.md */
    IMPORT_PRESETS_MAX = 200,
    IMPORT_TARGETS_MAX = 64,
    IMPORT_DEPTH_MAX = 6,
    IMPORT_NAME_MAX = 64,
    IMPORT_PROVIDERS_MAX = 16,
    IMPORT_STATUSES_MAX = 32,
    IMPORT_RETRIES_MAX = 5,
    IMPORT_TIMEOUT_MAX_MS = 3600000,
    IMPORT_PATH_MAX = 192,
    IMPORT_NONE = -1,
};

/* ---- the report ---- */

struct import_report {
    struct buf *lines; /* borrowed: "lost  targets[1].custom_host: …", a line each */
    uint32_t lost;     /* what would make requests go or be otherwise than they did */
    uint32_t notes;    /* what is worth knowing and in nobody's way */
};

/* No value of the file may stand in a text unless it is the name of a model, provider or target:
 * any other may be a secret. */
void import_lose(struct import_report *report, const char *path, const char *format, ...)
    printf_like(3, 4);
void import_note(struct import_report *report, const char *path, const char *format, ...)
    printf_like(3, 4);

/* ---- a preset ---- */

enum import_mode { IMPORT_SINGLE, IMPORT_FALLBACK, IMPORT_LOADBALANCE, IMPORT_CONDITIONAL };

enum { IMPORT_ON_ERROR = 1, IMPORT_ON_CONTEXT = 2, IMPORT_ON_POLICY = 4, IMPORT_ON_ANY = 7 };

/* Kinds of errors with retries of their own, in the order of import_error_words. */
enum { IMPORT_CONNECT, IMPORT_TIMEOUT, IMPORT_RATE_LIMIT, IMPORT_SERVER, IMPORT_ERRORS };

struct import_statuses {
    uint16_t at[IMPORT_STATUSES_MAX];
    uint32_t count;
};

struct import_retry {
    int32_t attempts; /* -1: not told */
    int32_t by[IMPORT_ERRORS];
    struct import_statuses on;
};

struct import_target {
    enum import_mode mode;
    int parent, first, last, next; /* indices in the preset, or IMPORT_NONE */
    struct span name;              /* empty: none */
    double weight;                 /* 0: none is written */
    unsigned on;                   /* IMPORT_ON_… that leads here */

    /* ---- a leaf ---- */
    struct span model; /* of the catalog; empty: the one asked for */
    struct span providers[IMPORT_PROVIDERS_MAX];
    uint32_t provider_count;
    const char *sort;           /* of provider.sort, or NULL */
    struct span overrides;      /* a JSON object; empty: none */
    int64_t total_ms, first_ms; /* 0: none */
    struct import_retry retry;

    /* ---- else ---- */
    struct import_statuses leave_on;
    struct span sticky;     /* strategy.sticky; empty: none is written */
    struct span conditions; /* JSON array */
    struct span otherwise;  /* name of a target */
};

struct import_preset {
    struct import_target at[IMPORT_TARGETS_MAX];
    int count, root;
};

/* One that stands nowhere yet. */
must_use struct import_target import_target_make(enum import_mode mode);
/* Empty, without a root. */
void import_preset_clear(struct import_preset *preset);
/* A new target below `parent` (IMPORT_NONE: the root), or IMPORT_NONE when there are too many. */
must_use int import_add(struct import_preset *preset, int parent, enum import_mode mode);
/* A name like `wanted` that no target of the preset has yet. */
must_use struct span import_unique(const struct import_preset *preset, struct span wanted,
                                   struct arena *arena);
/* Makes a target one that import_prune() takes away. */
void import_drop(struct import_preset *preset, int index);
/* Takes away what has nothing in it: groups without targets. A group of one target at the top gives
 * way to that. */
void import_prune(struct import_preset *preset);
/* Whether there is a leaf at all. */
must_use bool import_any_leaf(const struct import_preset *preset);

/* Appends the preset as JSON (docs/presets.md). False when it is larger than a preset may be. */
must_use bool import_write(const struct import_preset *preset, struct buf *out);

#endif
