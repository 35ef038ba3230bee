/*
 * caller: who makes a call: nobody, an operator, a member of a tenant, or a management key.
 */
#ifndef TOLLGATE_TENANTS_API_CALLER_H
#define TOLLGATE_TENANTS_API_CALLER_H

#include "common/base/attr.h"
#include "common/base/id.h"
#include "common/base/span.h"

enum caller_kind { CALLER_NOBODY, CALLER_OPERATOR, CALLER_MEMBER, CALLER_KEY };

struct caller {
    enum caller_kind kind;
    unsigned role;             /* one bit of ROLE_…; a key has ROLE_ADMIN within its scopes */
    struct uuid id;            /* opr_, mem_ or key_ */
    struct uuid tenant;        /* zero: an operator, or nobody */
    struct uuid session;       /* zero: a key, an operator's token, or nobody */
    char name[40];             /* "mem_…": as the audit log shows it */
    char address[64];          /* where from */
    const struct span *scopes; /* of a key; in the call's arena */
    size_t scope_count;
};

#endif
