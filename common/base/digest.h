/*
 * digest: checksums, hashes, random bytes and the text forms of bytes.
 */
#ifndef TOLLGATE_COMMON_BASE_DIGEST_H
#define TOLLGATE_COMMON_BASE_DIGEST_H

#include <stdint.h>

#include "common/base/attr.h"
#include "common/base/buf.h"
#include "common/base/span.h"

struct sha256 {
    uint8_t at[32];
};

/* CRC-32C (Castagnoli), with the CPU's instruction where it has one. `crc` of an earlier run goes
 * on; start with 0. */
must_use uint32_t digest_crc32c(uint32_t crc, const void *bytes, size_t size);
/* CRC-32 (IEEE 802.3, as zlib). */
must_use uint32_t digest_crc32(uint32_t crc, const void *bytes, size_t size);

must_use struct sha256 digest_sha256(struct span text);
/* Of one text that lies in pieces. */
must_use struct sha256 digest_sha256_pieces(const struct span *pieces, size_t count);
must_use struct sha256 digest_hmac_sha256(struct span key, struct span text);
/* In constant time for equal sizes. */
must_use bool digest_equal(const void *a, const void *b, size_t size);

/* Bytes from the kernel; ends the process when it has none. */
void digest_random(void *bytes_out, size_t size);

/* Lower case; writes 2 * size bytes and a NUL. */
void digest_hex(const void *bytes, size_t size, char *text_out);
/* Exactly 2 * size hex characters: 0 or -EINVAL. */
must_use int digest_unhex(struct span text, void *bytes_out, size_t size);

/* Base62 (0-9A-Za-z) characters, uniformly random; writes `length` bytes and a NUL. */
void digest_random_base62(char *text_out, size_t length);
/* value in base62, most significant first, zero-padded to `length`; no NUL. */
void digest_base62(uint64_t value, char *text_out, size_t length);

/* RFC 4648, 5: for URLs, without padding. Appends. */
void digest_base64url(struct span bytes, struct buf *out);
/* Only the text that digest_base64url() writes: 0, -EINVAL, or -EMSGSIZE. */
must_use int digest_unbase64url(struct span text, struct buf *out);

#endif
