/*
 * api: one call of the control plane while it is answered, as a handler sees it.
 *
 * When a handler runs, the caller is known and allowed, {tenant} is the caller's or the caller is
 * an operator, path, query and body are checked, and a transaction of the caller is open: it
 * commits when the handler answers, and rolls back when it fails. A handler speaks with the store
 * and answers; it knows no HTTP. Runs on a thread of the pool, with a connection of its own.
 */
#ifndef TOLLGATE_TENANTS_API_API_H
#define TOLLGATE_TENANTS_API_API_H

#include "common/base/buf.h"
#include "common/base/json_writer.h"
#include "tenants/api/caller.h"
#include "tenants/api/problem.h"
#include "tenants/api/route.h"
#include "tenants/store/view.h"

struct seal;
struct counts;
struct identity;
struct identify_headers;

struct api {
    struct pg *pg;       /* in a transaction */
    struct arena *arena; /* of this call */
    const struct api_route *route;
    struct caller caller;
    struct store_actor actor; /* the caller, for the store and the audit log */
    struct uuid request_id;
    int64_t now_ms;
    const struct seal *seal;     /* common/base/seal.h: what provider credentials are kept with */
    struct identity *identity;   /* tenants/api/identity.h: what signing in stands on; shared */
    const struct counts *counts; /* tenants/api/count.h: of the process */
    const struct identify_headers
        *headers;                    /* set by identify(): what a login notes of its client */
    const struct json_doc *document; /* of the body; JSON fields are nodes of it */
    struct api_inside *inside;       /* of the core */
};

/* ---- what came ---- */
/* {key} of the path. Ids were parsed by their name: {tenant} {project} {member} {key} {deployment}
 * {price} {invoice} {request} {operator} {credential} {plan_version}; others are text, decoded. A
 * name that the route has not is a bug. */
must_use struct uuid api_path_id(const struct api *api, const char *name);
must_use struct span api_path_text(const struct api *api, const char *name);
/* Of the route's tables; a name that is not in them is a bug. */
must_use const struct field_value *api_query(const struct api *api, const char *name);
must_use const struct field_value *api_body(const struct api *api, const char *name);
/* As parameters of a statement: null when absent or null. */
must_use struct pg_param api_query_param(const struct api *api, const char *name);
must_use struct pg_param api_body_param(const struct api *api, const char *name);
/* Whether a PATCH names the member at all, null included. */
must_use bool api_body_has(const struct api *api, const char *name);
/* The Idempotency-Key, which is there where the route needs one; at == NULL when it is not. */
must_use struct span api_idempotency_key(const struct api *api);

/* ---- the answer ---- */
/* The writer of the answer's JSON body, which begins empty. */
must_use struct json_writer *api_json(struct api *api);
/* The answer is this text instead: CSV, or a stored document. */
must_use struct buf *api_text(struct api *api, const char *content_type, const char *file_name);
void api_etag(struct api *api, int64_t revision);
/* A further header of the answer or the problem (at most 8); copies. "set-cookie" may come twice.
 */
void api_header(struct api *api, const char *name, const char *format, ...) printf_like(3, 4);

/* Lists: {"data": […], "next_cursor": "…" or null}, or CSV when ?format=csv. The statement's $1 is
 * how many rows to fetch, $2 and $3 the cursor's parts as text (null at the beginning), and
 * `further` begins at $4 (ends with PG_PARAM_END, at most 12). */
must_use enum api_outcome api_list(struct api *api, const struct view *view,
                                   const struct pg_param *further);
#define api_list_of(api, view, ...)                                                                \
    api_list((api), (view),                                                                        \
             (const struct pg_param[]){__VA_ARGS__ __VA_OPT__(, ){.kind = PG_PARAM_END}})

/* One object, the statement's only row; its VIEW_ETAG column is the ETag. 404 when there is none:
 * `what` names it, "key". Answers API_OK. */
must_use enum api_outcome api_one(struct api *api, const struct view *view, const char *what,
                                  const struct pg_param *params);
#define api_one_of(api, view, what, ...)                                                           \
    api_one((api), (view), (what),                                                                 \
            (const struct pg_param[]){__VA_ARGS__ __VA_OPT__(, ){.kind = PG_PARAM_END}})

/* ---- refusing ---- */
/* Says why; returns API_FAILED. */
enum api_outcome api_fail(struct api *api, enum problem problem, const char *format, ...)
    printf_like(3, 4);
/* 422 that names a member of the body, or 400 one of a GET's query; may be called several times
 * before returning API_FAILED. */
enum api_outcome api_fail_field(struct api *api, const char *field, const char *format, ...)
    printf_like(3, 4);
/* A further member of the problem's document, which is JSON already (at most 4); copies. */
void api_problem_member(struct api *api, const char *name, struct span json);
/* What a store's outcome is to the caller: STORE_OK is API_OK; not found, conflict and refused are
 * told with the store's sentence, the rest without. RETRY runs the whole call again by itself. */
must_use enum api_outcome api_store(struct api *api, enum store_outcome outcome,
                                    const struct store_error *error);
/* If-Match against the row's revision, which the handler has locked: 412 when it differs. */
must_use enum api_outcome api_match(struct api *api, int64_t revision);

#endif
