/*
 * preset_reader: what the readers of a preset's parts share. Private to preset.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PRESET_READER_H
#define TOLLGATE_TENANTS_MODEL_PRESET_READER_H

#include "tenants/model/preset.h"
#include "tenants/model/preset_condition.h"

enum { PRESET_PATH_MAX = 128 };

/* One target that waits to be read. */
struct preset_pending {
    uint32_t node;
    struct preset_target *target;
    const struct preset_target *parent; /* NULL: the root */
    const char *path;                   /* "targets[1].targets[0]"; empty: the root */
    uint32_t depth;
};

struct preset_reader {
    const struct json_doc *doc;
    struct arena *arena;
    struct preset_error_at *error;
    struct preset_pending pending[PRESET_TARGETS_MAX];
    uint32_t count, read;         /* of pending */
    uint32_t tests, values, cost; /* of all conditions */
};

/* Always false: what is wrong stands at the member of the object at `path` ("" both: the whole). */
bool preset_wrong(struct preset_reader *r, const char *path, const char *member, const char *format,
                  ...) printf_like(4, 5);

/* Readers of values, whose paths end in `member`. Absent and null leave *_out alone. */
must_use bool preset_read_name(struct preset_reader *r, const char *path, const char *member,
                               uint32_t value, struct span *name_out);
must_use bool preset_read_whole(struct preset_reader *r, const char *path, const char *member,
                                uint32_t value, const int64_t range[2], int64_t *number_out);
must_use bool preset_read_statuses(struct preset_reader *r, const char *path, const char *member,
                                   uint32_t value, struct preset_statuses *statuses_out);
/* Refuses members that are not among the `count` names. */
must_use bool preset_knows(struct preset_reader *r, const char *path, uint32_t object,
                           const char *const *names, size_t count);
/* An object, or absent or null. */
must_use bool preset_is_object(struct preset_reader *r, const char *path, const char *member,
                               uint32_t value);

/* The members of a leaf, of the object of `pending`. */
must_use bool preset_read_leaf(struct preset_reader *r, const struct preset_pending *pending);
/* `override_params`. */
must_use bool preset_check_overrides(struct preset_reader *r, const char *path, uint32_t value);
/* `strategy` and `targets`, of one that is no leaf; its targets come to be pending. */
must_use bool preset_read_strategy(struct preset_reader *r, const struct preset_pending *pending);

#endif
