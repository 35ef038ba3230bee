/*
 * import_members: the members of another gateway's configuration: which are known, and what is said
 * of those that are not carried over.
 *
 * Names compare without regard to case and '_': "onStatusCodes" is "on_status_codes". Pure.
 */
#ifndef TOLLGATE_TENANTS_CTL_IMPORT_MEMBERS_H
#define TOLLGATE_TENANTS_CTL_IMPORT_MEMBERS_H

#include "common/base/json.h"
#include "tenants/ctl/import.h"

enum import_fate {
    FATE_TAKEN, /* somebody reads it */
    FATE_NOTED, /* left out, and nobody misses it */
    FATE_LOST,  /* left out, and requests would be otherwise than before */
};

struct import_member {
    const char *name; /* ends with '*': whatever begins so */
    enum import_fate fate;
    const char *why; /* of what is not taken */
};

/* Rows of the parameters that import_overrides() takes. */
/* clang-format off */
#define IMPORT_OVERRIDE_MEMBERS                                                                    \
    {"max_tokens", FATE_TAKEN, NULL}, {"max_completion_tokens", FATE_TAKEN, NULL},                 \
    {"temperature", FATE_TAKEN, NULL}, {"top_p", FATE_TAKEN, NULL}, {"stop", FATE_TAKEN, NULL},    \
    {"seed", FATE_TAKEN, NULL}, {"presence_penalty", FATE_TAKEN, NULL},                            \
    {"frequency_penalty", FATE_TAKEN, NULL}, {"reasoning_effort", FATE_TAKEN, NULL}
/* clang-format on */

/* Reports each member of `object` by the first row of its name; one without a row is lost. `path`
 * names the object. */
void import_members(const struct json_doc *doc, uint32_t object, const char *path,
                    const struct import_member *rows, size_t count, struct import_report *report);

/* The member of this name, written in any of the ways, or JSON_NONE. */
must_use uint32_t import_find(const struct json_doc *doc, uint32_t object, const char *name);

/* "path.member" or "path[index]"; cut to IMPORT_PATH_MAX. */
void import_path(char out[IMPORT_PATH_MAX], const char *path, struct span member);
void import_path_index(char out[IMPORT_PATH_MAX], const char *path, const char *member,
                       unsigned index);

/* A string's text, or empty when it is none or longer than a name may be. */
must_use struct span import_text(const struct json_doc *doc, uint32_t node, struct arena *arena);

/* Reads an array of statuses, 400 to 599 each; others are lost. */
void import_read_statuses(const struct json_doc *doc, uint32_t array, const char *path,
                          struct import_report *report, struct import_statuses *out);

/* A number of retries, at most IMPORT_RETRIES_MAX; -1 when there is none. */
must_use int32_t import_read_retries(const struct json_doc *doc, uint32_t node, const char *path,
                                     struct import_report *report);

/* A time of a target in milliseconds, at least 1; longer ones than an hour are one, and noted. */
must_use int64_t import_bound_ms(double ms, const char *path, struct import_report *report);

/* The parameters that a target may override, as an object: of each the first that is found in the
 * objects named. Empty when there is none. */
struct import_layers {
    uint32_t at[IMPORT_DEPTH_MAX + 2];
    size_t count;
};
must_use struct span import_overrides(const struct json_doc *doc,
                                      const struct import_layers *layers, struct arena *arena);
#endif
