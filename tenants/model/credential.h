/*
 * credential: where a provider's credential may be sent, and what its sealed form is bound to.
 *
 * The control plane works it out when a credential is made, the gateway again when it opens one; so
 * a secret reaches no other host than it was made for, whatever the catalog says later. Pure.
 */
#ifndef TOLLGATE_TENANTS_MODEL_CREDENTIAL_H
#define TOLLGATE_TENANTS_MODEL_CREDENTIAL_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/base/span.h"

enum { CREDENTIAL_URL_MAX = 2048, CREDENTIAL_ORIGINS_MAX = 4096, CREDENTIAL_SECRET_MAX = 16384 };

/* The one variable that needs no declaration: where the variables have none, it is the provider's
 * own name of the model, percent-encoded. */
#define CREDENTIAL_UPSTREAM_ID "UPSTREAM_ID"

/* Appends `url` with each ${NAME} replaced by the text that the JSON object `variables` (which may
 * be empty) has under it. 0; -ENOENT: `missing_out` is the name that it lacks; -EINVAL: a brace is
 * missing; -EMSGSIZE. */
must_use int credential_fill_url(struct span url, struct span variables, struct span upstream_id,
                                 struct buf *out, struct span *missing_out);

/* Appends scheme, host and a port that is not the scheme's own: "https://api.example:8443", in
 * small letters. 0; -EINVAL: not such a URL (a user in it, an odd host); -EPERM: plain http to
 * another host than this one; -EMSGSIZE. */
must_use int credential_origin(struct span url, struct buf *out);

/* Whether one of `origins` (parted by blanks) is that of `url`. */
must_use bool credential_may_go(struct span origins, struct span url);

/* Appends what a sealed secret is bound to: whose it is and where it may go. 0 or -EMSGSIZE. */
must_use int credential_context(struct uuid id, struct span provider, struct span origins,
                                struct buf *out);

/* Whether a text may be the value of a variable: it becomes a part of a host name or of a path. */
must_use bool credential_value_ok(struct span value);
/* Whether a text may be a secret: it becomes a part of a header, or (secret.h) is a JSON object,
 * which may be of several lines. */
must_use bool credential_secret_ok(struct span secret);

#endif
