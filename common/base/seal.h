/*
 * seal: small secrets encrypted at rest with AES-256-GCM, under master keys that live in a file.
 *
 * What is sealed is bound to a context (whose credential it is), so that a sealed text copied to
 * another row does not open there. The file has one key a line, 64 hex digits; the first seals, all
 * open, so that a master key is changed by adding a line on top. Shared by threads; immutable.
 */
#ifndef TOLLGATE_COMMON_BASE_SEAL_H
#define TOLLGATE_COMMON_BASE_SEAL_H

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

struct seal;

enum { SEAL_KEY_ID_SIZE = 17, SEAL_OVERHEAD = 28 }; /* 16 hex digits and the NUL; nonce and tag */

/* Reads the keys; `why` says in a sentence what was wrong. 0, -EINVAL, or the file's -errno. */
must_use int seal_load(const char *path, struct seal **seal_out, struct buf *why);
void seal_free(struct seal *seal);

/* Which key seals: the first 16 hex digits of its SHA-256. */
must_use const char *seal_key_id(const struct seal *seal);

/* Appends nonce (12 bytes, random), ciphertext and tag (16). 0 or -EMSGSIZE. */
must_use int seal_shut(const struct seal *seal, struct span context, struct span secret,
                       struct buf *out);

/* Appends the secret: 0; -ENOKEY when no key of the file has this id; -EBADMSG when it was changed,
 * cut, or sealed for another context; -EMSGSIZE. The caller wipes what it was given. */
must_use int seal_open(const struct seal *seal, struct span key_id, struct span context,
                       struct span sealed, struct buf *out);

#endif
