/*
 * seal: see seal.h. A sealed text is nonce, ciphertext, tag; which key it was stands beside it, as
 * the caller keeps it. GCM's nonces are drawn at random: safe for some billions of texts a key.
 */
#include "common/base/seal.h"

#include <errno.h>
#include <openssl/evp.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/mem.h"

enum {
    KEY_BYTES = 32,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    KEYS_MAX = 16,
    FILE_BYTES_MAX = 4096,
    TEXT_BYTES_MAX = 64 << 20,
};

_Static_assert(NONCE_BYTES + TAG_BYTES == SEAL_OVERHEAD, "what seal.h says");

struct key {
    uint8_t at[KEY_BYTES];
    char id[SEAL_KEY_ID_SIZE];
};

struct seal {
    struct key keys[KEYS_MAX];
    size_t count;
};

static void name_key(struct key *key)
{
    struct sha256 sum = digest_sha256(span_make((const char *)key->at, KEY_BYTES));

    digest_hex(sum.at, (SEAL_KEY_ID_SIZE - 1) / 2, key->id);
}

static int read_keys(struct seal *seal, struct span rest, struct buf *why)
{
    for (int line = 1; rest.at != NULL; line++) {
        struct span text = span_cut(&rest, '\n');
        if (span_ends(text, "\r"))
            text.size--;
        if (text.size == 0)
            continue;
        if (seal->count == KEYS_MAX) {
            buf_printf(why, "there are more than %d keys", KEYS_MAX);
            return -EINVAL;
        }
        struct key *key = &seal->keys[seal->count];
        if (digest_unhex(text, key->at, KEY_BYTES) < 0) {
            buf_printf(why, "line %d is not a key of 64 hex digits", line);
            return -EINVAL;
        }
        name_key(key);
        seal->count++;
    }
    if (seal->count > 0)
        return 0;
    buf_add_string(why, "there is no key in it: write one line of 64 random hex digits");
    return -EINVAL;
}

int seal_load(const char *path, struct seal **seal_out, struct buf *why)
{
    struct buf text = buf_make(FILE_BYTES_MAX);
    struct seal *seal = mem_new(sizeof(*seal));
    int r = file_read_private(path, &text);

    if (r == -EPERM)
        buf_add_string(why, "others may read or write it: chmod o-rwx");
    else if (r < 0)
        buf_printf(why, "it cannot be read: %s", strerror(-r));
    else
        r = read_keys(seal, buf_span(&text), why);
    if (text.at != NULL)
        explicit_bzero(text.at, text.capacity);
    buf_done(&text);
    if (r < 0)
        seal_free(seal);
    else
        *seal_out = seal;
    return r;
}

void seal_free(struct seal *seal)
{
    mem_free_secret(seal, sizeof(*seal));
}

const char *seal_key_id(const struct seal *seal)
{
    return seal->keys[0].id;
}

static const uint8_t *bytes_of(const char *at)
{
    return (const uint8_t *)at;
}

/* A context that has its key, nonce and associated data. */
static EVP_CIPHER_CTX *start(const struct key *key, const char *nonce, struct span context,
                             bool encrypt)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int size = 0;

    must(cipher != NULL && context.size <= TEXT_BYTES_MAX);
    must(EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->at, bytes_of(nonce),
                           encrypt ? 1 : 0) == 1);
    must(EVP_CipherUpdate(cipher, NULL, &size, bytes_of(context.at), (int)context.size) == 1);
    return cipher;
}

int seal_shut(const struct seal *seal, struct span context, struct span secret, struct buf *out)
{
    uint8_t last[EVP_MAX_BLOCK_LENGTH];
    int size = 0;

    if (secret.size > TEXT_BYTES_MAX)
        return -EMSGSIZE;
    char *at = buf_reserve(out, secret.size + SEAL_OVERHEAD);
    if (at == NULL)
        return -EMSGSIZE;
    digest_random(at, NONCE_BYTES);
    uint8_t *text = (uint8_t *)at + NONCE_BYTES;
    EVP_CIPHER_CTX *cipher = start(&seal->keys[0], at, context, true);
    if (secret.size > 0)
        must(EVP_CipherUpdate(cipher, text, &size, bytes_of(secret.at), (int)secret.size) == 1);
    must((size_t)size == secret.size);
    must(EVP_CipherFinal_ex(cipher, last, &size) == 1 && size == 0);
    must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + secret.size) == 1);
    EVP_CIPHER_CTX_free(cipher);
    buf_grew(out, secret.size + SEAL_OVERHEAD);
    return 0;
}

static const struct key *find_key(const struct seal *seal, struct span id)
{
    for (size_t i = 0; i < seal->count; i++) {
        if (span_is(id, seal->keys[i].id))
            return &seal->keys[i];
    }
    return NULL;
}

int seal_open(const struct seal *seal, struct span key_id, struct span context, struct span sealed,
              struct buf *out)
{
    const struct key *key = find_key(seal, key_id);
    uint8_t tag[TAG_BYTES], last[EVP_MAX_BLOCK_LENGTH];
    int size = 0;

    if (key == NULL)
        return -ENOKEY;
    if (sealed.size < SEAL_OVERHEAD || sealed.size > TEXT_BYTES_MAX)
        return -EBADMSG;
    struct span text = span_part(sealed, NONCE_BYTES, sealed.size - SEAL_OVERHEAD);
    char *at = buf_reserve(out, text.size);
    if (at == NULL)
        return -EMSGSIZE;
    memcpy(tag, sealed.at + NONCE_BYTES + text.size, TAG_BYTES);
    EVP_CIPHER_CTX *cipher = start(key, sealed.at, context, false);
    if (text.size > 0)
        must(EVP_CipherUpdate(cipher, (uint8_t *)at, &size, bytes_of(text.at), (int)text.size) ==
             1);
    must(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1);
    bool genuine = EVP_CipherFinal_ex(cipher, last, &size) == 1;
    EVP_CIPHER_CTX_free(cipher);
    if (!genuine) {
        /* What was decrypted is nobody's text: none of it may stay behind. */
        explicit_bzero(at, text.size);
        return -EBADMSG;
    }
    buf_grew(out, text.size);
    return 0;
}
