/*
 * secret: what a provider's secret is made of: text that is sent as it is, or what something else
 * is made from. Its form says which; docs/control.md describes the forms. Pure.
 *
 * The control plane checks by it what it is given, the gateway uses what it finds. Nothing here is
 * ever logged.
 */
#ifndef TOLLGATE_TENANTS_MODEL_SECRET_H
#define TOLLGATE_TENANTS_MODEL_SECRET_H

#include "common/base/attr.h"
#include "common/base/span.h"

struct arena;

/* ACCESS_KEY_ID:SECRET[:SESSION_TOKEN], what AWS's requests are signed with. */
struct secret_aws {
    struct span id, secret, token; /* token: empty for keys that last */
};

/* 0, or -EINVAL: it is not of this form. */
must_use int secret_read_aws(struct span secret, struct secret_aws *aws_out);

enum secret_grant_kind {
    SECRET_SERVICE_ACCOUNT, /* the key file of a Google service account: an assertion is signed
                               (RFC 7523) */
    SECRET_CLIENT,          /* an OAuth client, Microsoft Entra's above all: client_credentials
                               (RFC 6749, 4.4) */
};

/* What a token is asked for with. */
struct secret_grant {
    enum secret_grant_kind kind;
    struct span id;        /* client_email, client_id */
    struct span key;       /* private_key (PEM), client_secret */
    struct span key_id;    /* private_key_id; may be empty */
    struct span token_url; /* https, or http to this host */
    struct span scope;
};

/* Whether it is a JSON object, so no text that is sent. */
must_use bool secret_is_grant(struct span secret);

/* Its parts, in the arena or in the secret. NULL, or why not: a sentence's end that names no part
 * of the secret. */
must_use const char *secret_read_grant(struct span secret, struct arena *arena,
                                       struct secret_grant *grant_out);

#endif
