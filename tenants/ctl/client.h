/*
 * client: calls of the API: address, token, tenant, retries, and problems as sentences.
 */
#ifndef TOLLGATE_TENANTS_CTL_CLIENT_H
#define TOLLGATE_TENANTS_CTL_CLIENT_H

#include "common/base/attr.h"
#include "tenants/ctl/ctl.h"

struct call {
    const char *method;
    const char *path;     /* below /control/v1, with its query */
    struct span body;     /* at NULL: none */
    const char *if_match; /* an etag, or NULL */
    bool once;            /* sent with an Idempotency-Key, so that it may be repeated */
    int timeout_s;        /* 0: the default */
};

/* Finds address and token. Without `anybody` CTL_NOT_SIGNED_IN when there is no token. */
must_use int client_connect(struct ctl *ctl, bool anybody);

/* Calls, repeating what may be repeated. The answer stands in ctl->answer, JSON in ctl->doc. */
must_use int client_call(struct ctl *ctl, const struct call *call);
must_use int client_get(struct ctl *ctl, const char *path);

/* Asks who it is that asks, once. */
must_use int client_who(struct ctl *ctl);

/* The tenant that was named by the argument, --tenant or the environment; NULL when by none. */
must_use const char *client_tenant_named(const struct ctl *ctl);
/* Finds its id, or one's own tenant when none is named, and leaves it in ctl->tenant. */
must_use int client_tenant(struct ctl *ctl);

/* How long to wait before attempt number `attempt` + 1 (they count from 1), or -1: give up. A pure
 * function. */
enum { CLIENT_RETRIES = 3, CLIENT_WAIT_MAX_S = 60 };
must_use int64_t client_wait_ms(const struct call *call, enum http_outcome outcome,
                                const struct http_answer *answer, int attempt);

/* Writes the sentence of an answer that is a problem (RFC 9457): what, field by field, and the
 * request's id. False when it is none. */
must_use bool client_problem(const struct json_doc *doc, struct buf *out);

#endif
