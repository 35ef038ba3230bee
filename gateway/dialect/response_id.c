/*
 * response_id: see the header.
 */
#include "gateway/dialect/response_id.h"

static const char prefix[] = "resp_tg1";
/* As answers are named that are written here: the API's prefix and our id. */
static const char translated[] = "resp_gen_";

enum {
    PREFIX = sizeof(prefix) - 1,
    ACCOUNT = 8,
    TAG = 16,
    SEALED = sizeof(struct uuid) + ACCOUNT + TAG,
    SEALED_TEXT = 54,
    ID_AT = 2 * sizeof(struct uuid) + ACCOUNT
};

struct sha256 response_id_key(struct span secret)
{
    return digest_hmac_sha256(secret, span_of("tollgate: ids of responses"));
}

static bool is_plain(struct span id)
{
    for (size_t i = 0; i < id.size; i++) {
        char c = id.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return id.size > 0 && id.size <= RESPONSE_ID_OWN_MAX;
}

/* Big-endian: an id is read on whichever machine. */
static void put_account(char at[ACCOUNT], uint64_t account)
{
    for (int i = 0; i < ACCOUNT; i++)
        at[i] = (char)(unsigned char)(account >> (8 * (ACCOUNT - 1 - i)));
}

static uint64_t get_account(const char at[ACCOUNT])
{
    uint64_t account = 0;

    for (int i = 0; i < ACCOUNT; i++)
        account = account << 8 | (unsigned char)at[i];
    return account;
}

static struct sha256 tag_of(const struct sha256 *key, const struct response_place *place)
{
    char text[ID_AT + RESPONSE_ID_OWN_MAX];

    memcpy(text, &place->project, sizeof(struct uuid));
    memcpy(text + sizeof(struct uuid), &place->deployment, sizeof(struct uuid));
    put_account(text + 2 * sizeof(struct uuid), place->account);
    memcpy(text + ID_AT, place->id.at, place->id.size);
    return digest_hmac_sha256(span_make((const char *)key->at, sizeof(key->at)),
                              span_make(text, ID_AT + place->id.size));
}

/* An account is told by a part of its secret's hash, which is nobody's business: it is masked by
 * what the key makes of the tag, and so looks different in each id. */
static uint64_t mask_of(const struct sha256 *key, const char tag[TAG])
{
    char text[TAG + 1];
    struct sha256 mask;

    memcpy(text, tag, TAG);
    text[TAG] = 'a';
    mask = digest_hmac_sha256(span_make((const char *)key->at, sizeof(key->at)),
                              span_make(text, sizeof(text)));
    return get_account((const char *)mask.at);
}

void response_id_write(const struct sha256 *key, const struct response_place *place,
                       struct buf *out)
{
    char sealed[SEALED];
    struct sha256 tag;

    if (!is_plain(place->id))
        return;
    tag = tag_of(key, place);
    memcpy(sealed, &place->deployment, sizeof(struct uuid));
    memcpy(sealed + sizeof(struct uuid) + ACCOUNT, tag.at, TAG);
    put_account(sealed + sizeof(struct uuid),
                place->account ^ mask_of(key, sealed + sizeof(struct uuid) + ACCOUNT));
    buf_add_string(out, prefix);
    digest_base64url(span_make(sealed, sizeof(sealed)), out);
    buf_add_byte(out, '_');
    buf_add_span(out, place->id);
}

static bool unseal(struct span text, struct response_place *place, char tag_out[TAG])
{
    struct buf sealed = buf_make(SEALED);
    bool good = span_starts(text, prefix) && text.size > PREFIX + SEALED_TEXT + 1 &&
                text.at[PREFIX + SEALED_TEXT] == '_' &&
                digest_unbase64url(span_part(text, PREFIX, SEALED_TEXT), &sealed) == 0 &&
                sealed.size == SEALED;

    if (good) {
        memcpy(&place->deployment, sealed.at, sizeof(struct uuid));
        place->account = get_account(sealed.at + sizeof(struct uuid));
        memcpy(tag_out, sealed.at + sizeof(struct uuid) + ACCOUNT, TAG);
        place->id = span_part(text, PREFIX + SEALED_TEXT + 1, text.size);
    }
    buf_done(&sealed);
    return good && is_plain(place->id);
}

enum response_id_outcome response_id_read(const struct sha256 *key, struct span text,
                                          struct response_place *place_out)
{
    struct response_place place = {.project = place_out->project};
    char tag[TAG];
    struct sha256 wanted;

    if (span_starts(text, translated))
        return RESPONSE_ID_OURS;
    if (!unseal(text, &place, tag))
        return RESPONSE_ID_UNKNOWN;
    place.account ^= mask_of(key, tag);
    wanted = tag_of(key, &place);
    if (!digest_equal(tag, wanted.at, TAG))
        return RESPONSE_ID_UNKNOWN;
    *place_out = place;
    return RESPONSE_ID_GOOD;
}
