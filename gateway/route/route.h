/*
 * route: which deployments may serve a request, and in which order they are tried.
 *
 * Candidates are collected once per request: filter.h says who is none, policy.h in which order the
 * others come, the board who had an outage. Nothing here dispatches. Pure but for the board. Who of
 * them is next is route_next.h's.
 */
#ifndef TOLLGATE_GATEWAY_ROUTE_ROUTE_H
#define TOLLGATE_GATEWAY_ROUTE_ROUTE_H

#include <stdint.h>

#include "common/base/attr.h"
#include "gateway/route/board.h"
#include "gateway/route/filter.h"
#include "gateway/route/plan.h"
#include "gateway/route/policy.h"
#include "gateway/snapshot/snapshot.h"
#include "tenants/model/provider_wish.h"

enum { ROUTE_CANDIDATES_MAX = 64, ROUTE_ATTEMPTS_MAX = 5, ROUTE_LEGS_MAX = PLAN_LEGS_MAX };

/* ---- candidates ---- */
/* What a preset's target, or the tenant, asks beside the client. */
struct route_limit {
    enum filter_source source;
    const struct span *only, *ignore;
    uint32_t only_count, ignore_count;
    struct route_filter filter;
};

/* What the client wishes: names of providers. */
struct route_wish {
    const struct span *order, *only, *ignore;
    uint32_t order_count, only_count, ignore_count;
    const struct uuid *pinned; /* that deployment and no other; NULL: any */
    bool no_fallbacks;         /* one candidate and no other */
    bool test_key;             /* reaches the sandbox only */
    bool chat;                 /* any language will do; models that are asked so */
    const char *kind;          /* else the kind of model; NULL: "embedding" … */
    /* … and whether a deployment can be asked for it; NULL: if it speaks OpenAI's dialect */
    bool (*serves)(const void *context, const struct snapshot_deployment *deployment);
    const void *serves_context;
    struct route_filter filter;
    const struct route_limit *limits[2]; /* what others ask beside it; NULL: nothing */
    enum policy policy;
    uint8_t leg;                         /* which of the route's: those of one model */
    uint64_t random;                     /* requests that share it stay together; see policy.h */
    int64_t input_tokens, output_tokens; /* about what it will be: what prices are compared by */
    /* Of its preferred speeds: who is known to be slower comes behind the others; NULL: none are.
     */
    const struct provider_wish *preferred;
};

struct route_candidate {
    const struct snapshot_deployment *deployment;
    struct snapshot_terms terms; /* as they bind this request there */
    uint8_t leg;
};

/* The candidates of one model, or of one target of a preset: what leads to them from others, and
 * from them to others. */
struct route_leg {
    uint8_t on;                             /* 1 << enum preset_fall; 0: any; of the first: any */
    const struct preset_statuses *leave_on; /* NULL: by the gateway's rules; borrowed */
};

/* One that is no candidate, and why. */
struct route_excluded {
    const struct snapshot_deployment *deployment;
    struct filtered by;
    uint8_t leg;
};

struct route {
    struct route_leg legs[ROUTE_LEGS_MAX];
    const struct plan *plan; /* of a preset: leads instead of them; NULL: none. Borrowed */
    struct route_candidate candidates[ROUTE_CANDIDATES_MAX]; /* best first */
    uint32_t count;
    uint32_t tried[ROUTE_ATTEMPTS_MAX]; /* indices of candidates, in order */
    uint32_t tried_count;
    uint8_t about_model; /* 1 << place in tried[]: its end says nothing of the account */
    uint16_t towards;    /* 1 << leg: where the last end leads; 0: none was told */
    uint64_t barred;     /* 1 << candidate: an end said that it will not do */
    bool probes;         /* the first candidate has its breaker's probe, to be given back */
    bool stays;          /* the next is … */
    uint32_t same;       /* … this candidate once more */
    struct route_excluded excluded[ROUTE_CANDIDATES_MAX]; /* in the catalog's order */
    uint32_t excluded_count;
};

enum route_outcome {
    ROUTE_OK,
    ROUTE_NOT_SOLD,   /* no deployment is callable: no price or no credential */
    ROUTE_WRONG_KIND, /* the model is not for this endpoint */
    ROUTE_FILTERED,   /* there are some, but none that the client's wishes leave */
    ROUTE_ALL_OUT,    /* there are some, but all are out of service, or drained */
};

/* What a request sees. */
struct route_view {
    const struct snapshot *snapshot;
    const struct snapshot_tenant *tenant;
    struct board *board; /* written to only to take a breaker's probe … */
    bool looks_only;     /* … unless nothing will be sent */
    int64_t start_ms;    /* of the request, wall clock */
    int64_t now_mono_ms;
};

/* Appends to *route (zero at first) the candidates of one model, in the order of the policy, and
 * those that are none: the candidates of a model to fall back to come behind those of the first.
 * A deployment whose breaker is open is last; the first one may be the probe of one that is half
 * open. */
must_use enum route_outcome route_collect(const struct route_view *view,
                                          const struct snapshot_model *model,
                                          const struct route_wish *wish, struct route *route);

#endif
