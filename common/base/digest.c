/*
 * digest: see digest.h. SHA-256 and HMAC are OpenSSL's; the checksums are here because each is a
 * few lines and one of them stands in every journal record.
 */
#include "common/base/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/mem.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* Eight bytes are taken at once: at[k][b] is the checksum of byte b with k zero bytes behind it. */
struct crc {
    uint32_t at[8][256];
};

static struct crc castagnoli, ieee;
static bool crc_in_cpu;
static const EVP_MD *sha256_method;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill_crc(struct crc *crc, uint32_t polynomial)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t value = b;
        for (int bit = 0; bit < 8; bit++)
            value = (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
        crc->at[0][b] = value;
    }
    for (uint32_t b = 0; b < 256; b++) {
        for (int k = 1; k < 8; k++) {
            uint32_t before = crc->at[k - 1][b];
            crc->at[k][b] = (before >> 8) ^ crc->at[0][before & 0xff];
        }
    }
}

static uint64_t load_little(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 7; i >= 0; i--)
        value = (value << 8) | at[i];
    return value;
}

static uint32_t run_table(const struct crc *crc, uint32_t value, const uint8_t *at, size_t size)
{
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word = load_little(at) ^ value;
        value = 0;
        for (int k = 0; k < 8; k++)
            value ^= crc->at[7 - k][(word >> (8 * k)) & 0xff];
    }
    for (; size > 0; size--, at++)
        value = (value >> 8) ^ crc->at[0][(value ^ *at) & 0xff];
    return value;
}

#if defined(__x86_64__)
static bool has_crc_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") != 0;
}

__attribute__((target("sse4.2"))) static uint32_t run_cpu(uint32_t value, const uint8_t *at,
                                                          size_t size)
{
    uint64_t wide = value;

    for (; size >= 8; size -= 8, at += 8) {
        uint64_t eight; /* x86 is little-endian, as the checksum wants it */
        memcpy(&eight, at, sizeof(eight));
        wide = _mm_crc32_u64(wide, eight);
    }
    value = (uint32_t)wide;
    for (; size > 0; size--, at++)
        value = _mm_crc32_u8(value, *at);
    return value;
}
#else
static bool has_crc_instruction(void)
{
    return false;
}

static uint32_t run_cpu(uint32_t value, const uint8_t *at, size_t size)
{
    return run_table(&castagnoli, value, at, size);
}
#endif

static void prepare(void)
{
    fill_crc(&castagnoli, 0x82f63b78u);
    fill_crc(&ieee, 0xedb88320u);
    crc_in_cpu = has_crc_instruction();
    /* Fetched once: EVP_sha256() alone makes OpenSSL 3 look its provider up at every use. */
    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    must(sha256_method != NULL);
}

uint32_t digest_crc32c(uint32_t crc, const void *bytes, size_t size)
{
    pthread_once(&once, prepare);
    return ~(crc_in_cpu ? run_cpu(~crc, bytes, size) : run_table(&castagnoli, ~crc, bytes, size));
}

uint32_t digest_crc32(uint32_t crc, const void *bytes, size_t size)
{
    pthread_once(&once, prepare);
    return ~run_table(&ieee, ~crc, bytes, size);
}

struct sha256 digest_sha256(struct span text)
{
    struct sha256 sum;
    unsigned size = sizeof(sum.at);

    pthread_once(&once, prepare);
    must(EVP_Digest(text.at, text.size, sum.at, &size, sha256_method, NULL) == 1);
    return sum;
}

struct sha256 digest_sha256_pieces(const struct span *pieces, size_t count)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct sha256 sum;
    unsigned size = sizeof(sum.at);

    pthread_once(&once, prepare);
    must(context != NULL && EVP_DigestInit_ex(context, sha256_method, NULL) == 1);
    for (size_t i = 0; i < count; i++)
        must(EVP_DigestUpdate(context, pieces[i].at, pieces[i].size) == 1);
    must(EVP_DigestFinal_ex(context, sum.at, &size) == 1);
    EVP_MD_CTX_free(context);
    return sum;
}

struct sha256 digest_hmac_sha256(struct span key, struct span text)
{
    struct sha256 sum;
    unsigned size = sizeof(sum.at);

    pthread_once(&once, prepare);
    must(key.size <= INT32_MAX);
    must(HMAC(sha256_method, key.at == NULL ? "" : key.at, (int)key.size,
              (const unsigned char *)text.at, text.size, sum.at, &size) != NULL);
    return sum;
}

bool digest_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

void digest_random(void *bytes_out, size_t size)
{
    uint8_t *at = bytes_out;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        must(got > 0 || errno == EINTR);
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
}

void digest_hex(const void *bytes, size_t size, char *text_out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) {
        text_out[2 * i] = digits[at[i] >> 4];
        text_out[2 * i + 1] = digits[at[i] & 15];
    }
    text_out[2 * size] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int digest_unhex(struct span text, void *bytes_out, size_t size)
{
    uint8_t *at = bytes_out;

    if (text.size != 2 * size)
        return -EINVAL;
    for (size_t i = 0; i < text.size; i++) {
        if (hex_value(text.at[i]) < 0)
            return -EINVAL;
    }
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(hex_value(text.at[2 * i]) << 4 | hex_value(text.at[2 * i + 1]));
    return 0;
}

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void digest_random_base62(char *text_out, size_t length)
{
    uint8_t drawn[64];
    size_t left = 0;

    for (size_t i = 0; i < length;) {
        if (left == 0) {
            digest_random(drawn, sizeof(drawn));
            left = sizeof(drawn);
        }
        uint8_t byte = drawn[--left];
        if (byte < 248) /* 4 * 62: what lies above would favour the first characters */
            text_out[i++] = base62[byte % 62];
    }
    text_out[length] = '\0';
    explicit_bzero(drawn, sizeof(drawn));
}

void digest_base62(uint64_t value, char *text_out, size_t length)
{
    for (size_t i = length; i-- > 0;) {
        text_out[i] = base62[value % 62];
        value /= 62;
    }
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Six bits at a time, the last ones filled up with zeros. */
void digest_base64url(struct span bytes, struct buf *out)
{
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        held = held << 8 | (uint8_t)bytes.at[i];
        for (bits += 8; bits >= 6; bits -= 6)
            buf_add_byte(out, base64url[held >> (bits - 6) & 63]);
    }
    if (bits > 0)
        buf_add_byte(out, base64url[held << (6 - bits) & 63]);
}

int digest_unbase64url(struct span text, struct buf *out)
{
    uint32_t held = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < text.size; i++) {
        const char *found = text.at[i] == '\0' ? NULL : strchr(base64url, text.at[i]);
        if (found == NULL)
            return -EINVAL;
        held = held << 6 | (uint32_t)(found - base64url);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            if (buf_add_byte(out, (char)(uint8_t)(held >> bits)) < 0)
                return -EMSGSIZE;
        }
    }
    /* What fills the last character up is zeros, and less than one character. */
    return bits >= 6 || (held & ((1U << bits) - 1)) != 0 ? -EINVAL : 0;
}
