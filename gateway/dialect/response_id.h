/*
 * response_id: the ids by which clients name responses that a provider keeps.
 *
 * Such an id says which deployment keeps the response, and under which id of its own; a tag binds
 * both to the project of the key that asked for it, as OpenAI does, because all tenants share the
 * gateway's account at the provider: "resp_tg1" BASE64URL(deployment, account, tag) "_" ID, where
 * tag is the first half of HMAC-SHA256(key, project, deployment, account, ID). The account is
 * masked. Pure.
 */
#ifndef TOLLGATE_GATEWAY_DIALECT_RESPONSE_ID_H
#define TOLLGATE_GATEWAY_DIALECT_RESPONSE_ID_H

#include "common/base/buf.h"
#include "common/base/digest.h"
#include "common/base/id.h"

enum { RESPONSE_ID_MAX = 512, RESPONSE_ID_OWN_MAX = 256 /* of a provider's */ };

/* The key of one gateway's secret, for this and nothing else. */
must_use struct sha256 response_id_key(struct span secret);

struct response_place {
    struct uuid project, deployment;
    uint64_t account; /* fingerprint of the credential it was made with; 0: none is needed */
    struct span id;   /* the provider's own: letters, digits, '-' and '_' */
};

/* Appends; nothing when the provider's id is of another form, or too long. */
void response_id_write(const struct sha256 *key, const struct response_place *place,
                       struct buf *out);

enum response_id_outcome {
    RESPONSE_ID_GOOD,    /* place_out->deployment and id are set; id is a part of the text */
    RESPONSE_ID_OURS,    /* of an answer that was translated: nobody keeps it */
    RESPONSE_ID_UNKNOWN, /* malformed, another project's, or of another gateway's secret */
};
/* place_out->project says who asks. */
must_use enum response_id_outcome response_id_read(const struct sha256 *key, struct span text,
                                                   struct response_place *place_out);

#endif
