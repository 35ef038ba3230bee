/*
 * key: the form of a tenant key, sk-tg1_{live|test|mgmt}_{16 public}_{43 secret}{6 checksum}.
 *
 * Base62 throughout; the checksum is the CRC-32 of all before it, so that garbage is refused
 * without a look-up or a hash. The canonical form has the "sk-"; a key sent without it is the same
 * key. Pure: knows neither who owns a key nor whether it still lives. Any thread.
 */
#ifndef TOLLGATE_TENANTS_MODEL_KEY_H
#define TOLLGATE_TENANTS_MODEL_KEY_H

#include "common/base/attr.h"
#include "common/base/digest.h"
#include "common/base/span.h"

enum key_kind {
    KEY_LIVE, /* calls models and pays */
    KEY_TEST, /* reaches the sandbox provider only, charged 0 */
    KEY_MGMT, /* steers the tenant through the control plane; calls no model */
    KEY_KINDS
};

#define KEY_PUBLIC_LENGTH 16
#define KEY_SECRET_LENGTH 43
#define KEY_TEXT_LENGTH 78  /* canonical */
#define KEY_RANDOM_SIZE 236 /* 4 bytes for each random character */

/* A well-formed key. Holds the secret: overwrite it (key_forget) once it is hashed. */
struct key {
    enum key_kind kind;
    char public_part[KEY_PUBLIC_LENGTH + 1];
    char text[KEY_TEXT_LENGTH + 1]; /* canonical */
};

enum key_outcome {
    KEY_OK,
    KEY_NOT_OURS,    /* another prefix, length or alphabet */
    KEY_BAD_CHECKSUM /* mistyped or cut and mended */
};

/* The word in the key and in the database: "live", "test", "mgmt". */
must_use const char *key_kind_name(enum key_kind kind);
must_use int key_kind_parse(struct span name, enum key_kind *kind_out); /* 0 or -ENOENT */

/* Reads a key as a client sent it, without blanks around it. *key_out is written on KEY_OK only. */
must_use enum key_outcome key_parse(struct span text, struct key *key_out);

/* A new key out of random bytes, which the caller overwrites afterwards. */
must_use struct key key_make(enum key_kind kind, const uint8_t random[KEY_RANDOM_SIZE]);

/* What is stored and looked up: SHA-256 over the canonical text. */
must_use struct sha256 key_hash(const struct key *key);

void key_forget(struct key *key); /* overwrites; for cleanup() too */

#endif
