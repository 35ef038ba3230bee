/*
 * problem: what a call can be refused with: RFC 9457 documents of one stable word each.
 *
 * {"type": "urn:tollgate:problem:invalid_field", "title": "…", "status": 422, "detail": "…",
 * "instance": "gen_…", "request_id": "gen_…", "errors": [{"field", "message"}]}
 */
#ifndef TOLLGATE_TENANTS_API_PROBLEM_H
#define TOLLGATE_TENANTS_API_PROBLEM_H

enum problem {
    PROBLEM_BAD_REQUEST,       /* 400: not JSON, a header that cannot be read */
    PROBLEM_INVALID_FIELD,     /* 422 for bodies, 400 for queries: errors[] names them */
    PROBLEM_BAD_CURSOR,        /* 400 */
    PROBLEM_NEEDS_IDEMPOTENCY, /* 400 */
    PROBLEM_NOT_SIGNED_IN,     /* 401: no session or key, or it has ended */
    PROBLEM_WRONG_LOGIN,       /* 401 */
    PROBLEM_CSRF,              /* 403 */
    PROBLEM_FORBIDDEN,         /* 403: not with this role; names those that may */
    PROBLEM_SCOPE,             /* 403: not with this key; names the scope */
    PROBLEM_NOT_FOUND,         /* 404 */
    PROBLEM_METHOD,            /* 405 */
    PROBLEM_CONFLICT,          /* 409: it exists, or its state forbids it */
    PROBLEM_IN_PROGRESS,       /* 409: the same Idempotency-Key is being answered */
    PROBLEM_CHANGED,           /* 412 */
    PROBLEM_TOO_LARGE,         /* 413 */
    PROBLEM_CONTENT_TYPE,      /* 415 */
    PROBLEM_KEY_REUSED,        /* 422: the same Idempotency-Key with another body */
    PROBLEM_REFUSED,           /* 422: understood, and against a rule */
    PROBLEM_NEEDS_MATCH,       /* 428 */
    PROBLEM_LOCKED_OUT,        /* 429 with Retry-After */
    PROBLEM_INTERNAL,          /* 500 */
    PROBLEM_UNAVAILABLE,       /* 503: the database is away, or too many calls wait */
    PROBLEMS
};

#endif
