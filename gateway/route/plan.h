/*
 * plan: which models a request is tried at, in which order, and what leads from one to the next.
 *
 * A preset resolved for one request (conditions looked at, weights drawn), or the models that the
 * request itself names. Pure: chance is a parameter. Knows no deployment.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_PLAN_H
#define TOLLGATE_GATEWAY_ROUTE_PLAN_H

#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/attr.h"
#include "common/base/json.h"
#include "tenants/model/preset.h"

enum { PLAN_LEGS_MAX = 16 };

/* What a preset's conditions and draws look at. */
struct plan_facts {
    const struct json_doc *body; /* of the client: "params.NAME" is its member */
    uint32_t metadata;           /* its node of metadata; JSON_NONE: none */
    struct span model;           /* as it was asked for */
    struct span endpoint;        /* "chat.completions", … */
    struct span user, key;       /* key: its id as text */
    const struct span *tags;     /* "key=value" */
    uint32_t tag_count;
    int64_t prompt_tokens;    /* as counted, an estimate */
    const char *const *needs; /* "image", "audio", "file", "tools", "json_schema" */
    uint32_t need_count;
    bool stream;
    uint64_t conversation; /* all requests of one conversation share it */
    uint64_t random;       /* of this request alone */
};

/* Where a leg stands in its preset: one of the targets that it is within, from the root down. */
struct plan_level {
    const struct preset_target *of;
    const struct preset_statuses *leave_on; /* its own, else of what it is within; NULL: none */
    uint32_t child;                         /* the index of the one within it that leads there */
};

/* One target to be tried; leaves of a preset, or a model of models[]. */
struct plan_leg {
    const struct preset_target *target; /* NULL: a model that the request names */
    struct span model;                  /* as written; empty: the one asked for */
    uint8_t on; /* 1 << enum preset_fall that leads to it from anywhere; the first: any */
    const struct preset_statuses *leave_on; /* what leads on from it; NULL: the gateway's rules */
    struct plan_level levels[PRESET_DEPTH_MAX];
    uint32_t level_count; /* 0: of no preset */
};

struct plan {
    struct plan_leg legs[PLAN_LEGS_MAX];
    uint32_t count;
};

/* Appends the leaves that `preset` leads to, best first. 0; -ENOENT, and nothing is appended, when
 * no branch of a conditional takes the request and it has no default: *where_out (in the arena)
 * names it. What is beyond PLAN_LEGS_MAX is left out. */
must_use int plan_resolve(const struct preset *preset, const struct plan_facts *facts,
                          struct arena *arena, struct plan *plan, const char **where_out);

/* 1 << enum preset_fall that leads from one leg to another behind it, as fallbacks within one
 * another have it (`on` and `leave_on` of a leg are right where there is but one: of a leg that is
 * deeper they say too little), and with which statuses. 0: nothing does. */
must_use uint8_t plan_leads(const struct plan *plan, uint32_t from, uint32_t to,
                            const struct preset_statuses **leave_on_out);

#endif
