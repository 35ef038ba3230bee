/*
 * password: see password.h.
 */
#include "tenants/model/password.h"

#include <sodium.h>

#include "common/base/digest.h"
#include "common/base/mem.h"

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium's text fits exactly");

/* Those of UTF-8: every byte that does not go on with a character begins one. */
static size_t characters(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++)
        count += ((unsigned char)text.at[i] & 0xC0) != 0x80;
    return count;
}

static bool equal_nocase(struct span a, struct span b)
{
    return a.size == b.size && strncasecmp(a.at, b.at, a.size) == 0;
}

const char *password_complaint(struct span password, struct span email)
{
    size_t count = characters(password);
    if (count < PASSWORD_MIN)
        return "has to have at least 12 characters";
    if (count > PASSWORD_MAX)
        return "has to have at most 256 characters";
    if (equal_nocase(password, email))
        return "may not be the e-mail address";
    return NULL;
}

void password_hash(struct span password, struct password_hash *hash_out)
{
    must(sodium_init() >= 0);
    /* It fails when there is no memory, which is the end here as everywhere. */
    must(crypto_pwhash_str_alg(
             hash_out->text, password.at, password.size, crypto_pwhash_OPSLIMIT_INTERACTIVE,
             crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) == 0);
}

bool password_verify(struct span hash, struct span password)
{
    struct password_hash whole = {""};
    must(sodium_init() >= 0);
    if (hash.size >= sizeof(whole.text))
        return false;
    memcpy(whole.text, hash.at, hash.size);
    return crypto_pwhash_str_verify(whole.text, password.at, password.size) == 0;
}

void password_make(char text_out[PASSWORD_MADE_LENGTH + 1])
{
    digest_random_base62(text_out, PASSWORD_MADE_LENGTH);
}
