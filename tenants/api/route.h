/*
 * route: which call is served, by whom it may be made, and what it takes. The table is the one
 * place where rights are told: a route without roles does not compile, and the matrix of the tests
 * is made from it.
 *
 * Paths are those of tenants/api/openapi.yaml behind /control/v1; a test holds the two together.
 */
#ifndef TOLLGATE_TENANTS_API_ROUTE_H
#define TOLLGATE_TENANTS_API_ROUTE_H

#include "common/base/attr.h"
#include "common/base/json_writer.h"
#include "common/base/span.h"
#include "tenants/api/field.h"

struct api;

enum api_method { API_GET, API_POST, API_PUT, API_PATCH, API_DELETE, API_METHODS };

/* Who may call. A member sees its own tenant only: a {tenant} that is not the caller's is 404 for
 * all but operators, before any handler runs. */
enum {
    ROLE_PUBLIC = 1,     /* nobody in particular */
    ROLE_OPERATOR = 2,   /* us */
    ROLE_OWNER = 4,      /* everything of the tenant, members and their roles among it */
    ROLE_ADMIN = 8,      /* as an owner, but for owners */
    ROLE_BILLING = 16,   /* reads spend, ledger and invoices */
    ROLE_DEVELOPER = 32, /* keys, and what was called with them */
    ROLE_VIEWER = 64,    /* reads */
    ROLES_MEMBER = ROLE_OWNER | ROLE_ADMIN | ROLE_BILLING | ROLE_DEVELOPER | ROLE_VIEWER,
    ROLES_SIGNED_IN = ROLE_OPERATOR | ROLES_MEMBER,
    ROLES_STEER = ROLE_OPERATOR | ROLE_OWNER | ROLE_ADMIN,
};

enum {
    API_LIST = 1,              /* takes limit, cursor and format; answers through api_list() */
    API_IF_MATCH = 2,          /* 428 without If-Match; the handler compares by api_match() */
    API_NEEDS_IDEMPOTENCY = 4, /* 400 without Idempotency-Key; every other POST may have one */
    API_LARGE_BODY = 8,        /* up to 16 MiB instead of 256 KiB */
    API_READ_COMMITTED = 16,   /* a GET that does not need one snapshot for all its statements */
};

/* The answer's kind; which HTTP status that is stands in reply.c alone. */
enum api_outcome {
    API_OK,
    API_CREATED,
    API_NO_CONTENT,
    API_FAILED, /* api_fail() or api_store() has said why; the transaction is rolled back */
};

struct api_route {
    enum api_method method;
    const char *path; /* "/tenants/{tenant}/keys/{key}" */
    unsigned roles;
    const char *scope; /* that a management key needs: "keys:write"; NULL: no key may */
    enum api_outcome (*run)(struct api *api);
    struct fields query, body;
    unsigned flags;
};

/* One family of routes; routes.c lists them all. */
struct api_routes {
    const struct api_route *table;
    size_t count;
};
#define API_ROUTES(at)                                                                             \
    {                                                                                              \
        .table = (at), .count = array_size(at)                                                     \
    }

/* A row of the table. Roles of 0 do not compile. Further members follow: .body = FIELDS(t), … */
#define ROUTE(a_method, a_path, a_roles, a_scope, a_run, ...)                                      \
    {                                                                                              \
        .method = (a_method), .path = (a_path),                                                    \
        .roles = (a_roles) + 0 * sizeof(char[(a_roles) != 0 ? 1 : -1]), .scope = (a_scope),        \
        .run = (a_run)__VA_OPT__(, ) __VA_ARGS__                                                   \
    }

/* ---- route.c ---- */
enum { ROUTE_PARAMETERS_MAX = 4, ROUTE_SEGMENTS_MAX = 12 };
struct route_match {
    const struct api_route *route; /* NULL: nothing there, or not with this method */
    unsigned methods;              /* served at this path, as bits 1 << enum api_method */
    struct span values[ROUTE_PARAMETERS_MAX]; /* of {…}, in order; still percent-encoded */
};
/* `families` ends with NULL. `path` is raw, behind /control/v1; of two that fit, the one that says
 * more literally is meant. The values are parts of `path`. */
void route_find(const struct api_routes *const *families, struct span method, struct span path,
                struct route_match *match_out);
/* All rows of all families: NULL behind the last. */
must_use const struct api_route *route_at(const struct api_routes *const *families, size_t index);
must_use const char *route_method_name(enum api_method method);

/* {key} of a route's path. */
struct route_value {
    struct span name; /* "key" */
    struct span text; /* decoded */
    struct uuid id;   /* where the name is that of an id */
    bool is_id;
};
/* Reads the values of a match: false when one is not what its name says, is not UTF-8, or holds a
 * broken escape; there is nothing at such a path. `values_out` has ROUTE_PARAMETERS_MAX places. */
must_use bool route_values(const struct route_match *match, struct arena *arena,
                           struct route_value *values_out, size_t *count_out);

/* Appends the words of a set of roles: "operator, owner". */
void route_role_words(unsigned roles, const char *separator, struct buf *out);
/* All rows as a JSON array, for the tests: methods, paths, roles, scopes, flags, fields. */
void route_write_all(const struct api_routes *const *families, struct json_writer *w);

/* ---- routes.c ---- */
/* Everything the control plane serves; ends with NULL. */
extern const struct api_routes *const api_families[];
/* What every list takes besides its own. */
enum { ROUTE_LIST_FIELDS = 3 };
extern const struct fields route_list_fields;

#endif
