/*
 * password: what people sign in with: its rules, and what is kept of it (argon2id by libsodium).
 *
 * Hashing takes about 64 MiB and a tenth of a second, each time. Whoever holds a password wipes it.
 * Any thread.
 */
#ifndef TOLLGATE_TENANTS_MODEL_PASSWORD_H
#define TOLLGATE_TENANTS_MODEL_PASSWORD_H

#include "common/base/attr.h"
#include "common/base/span.h"

enum {
    PASSWORD_MIN = 12,         /* characters */
    PASSWORD_MAX = 256,        /* characters */
    PASSWORD_MADE_LENGTH = 20, /* of one that we make: 119 bits */
    PASSWORD_HASH_SIZE = 128,  /* with the NUL */
};

/* "$argon2id$v=19$m=65536,t=2,p=1$…" */
struct password_hash {
    char text[PASSWORD_HASH_SIZE];
};

/* What is wrong with a new password of this person, as the end of a sentence ("has to be …"); NULL
 * when it will do. */
must_use const char *password_complaint(struct span password, struct span email);

void password_hash(struct span password, struct password_hash *hash_out);

/* Whether it is this password's hash; a text that is no hash is nobody's. */
must_use bool password_verify(struct span hash, struct span password);

/* A random one, for its owner to change. */
void password_make(char text_out[PASSWORD_MADE_LENGTH + 1]);

#endif
