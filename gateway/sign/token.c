/*
 * token: see the header.
 */
#include "gateway/sign/token.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/json_writer.h"
#include "gateway/sign/sigv4.h"
#include "tenants/model/credential.h"

enum { ASSERTION_LIFE_S = 3600, KEY_BITS_MIN = 2048, SIGNATURE_MAX = 2048 };

/* ---- asking ---- */
static void add_part(const struct buf *json, struct buf *out)
{
    digest_base64url(buf_span(json), out);
}

static void add_header(const struct secret_grant *grant, struct buf *out)
{
    struct buf json cleanup(buf_done) = buf_make(TOKEN_ASK_MAX);
    struct json_writer w = json_writer_make(&json);

    json_begin(&w, '{');
    json_put_cstring(&w, "alg", "RS256");
    json_put_cstring(&w, "typ", "JWT");
    if (grant->key_id.size > 0)
        json_put_string(&w, "kid", grant->key_id);
    json_end(&w, '}');
    add_part(&json, out);
}

static void add_claims(const struct secret_grant *grant, int64_t wall_s, struct buf *out)
{
    struct buf json cleanup(buf_done) = buf_make(TOKEN_ASK_MAX);
    struct json_writer w = json_writer_make(&json);

    json_begin(&w, '{');
    json_put_string(&w, "iss", grant->id);
    json_put_string(&w, "scope", grant->scope);
    json_put_string(&w, "aud", grant->token_url);
    json_put_int64(&w, "iat", wall_s);
    json_put_int64(&w, "exp", wall_s + ASSERTION_LIFE_S);
    json_end(&w, '}');
    add_part(&json, out);
}

/* NULL when it is none that fits. A key behind a pass phrase is none: nobody is there to ask. */
static EVP_PKEY *read_key(struct span pem)
{
    char no_phrase[] = "";
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.size);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, no_phrase);

    BIO_free(bio);
    if (key != NULL &&
        (EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < KEY_BITS_MIN)) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static int add_signature(EVP_PKEY *key, size_t from, struct buf *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char signature[SIGNATURE_MAX];
    size_t size = sizeof(signature);
    bool ok = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &size, (const unsigned char *)out->at + from,
                             out->size - from) == 1;

    EVP_MD_CTX_free(context);
    if (!ok)
        return -EINVAL;
    buf_add_byte(out, '.');
    digest_base64url(span_make((const char *)signature, size), out);
    return 0;
}

int token_assertion(const struct secret_grant *grant, int64_t wall_s, struct buf *out)
{
    size_t from = out->size;
    EVP_PKEY *key = read_key(grant->key);
    int r;

    if (key == NULL)
        return -EINVAL;
    add_header(grant, out);
    buf_add_byte(out, '.');
    add_claims(grant, wall_s, out);
    r = buf_failed(out) ? -EMSGSIZE : add_signature(key, from, out);
    EVP_PKEY_free(key);
    return r < 0 ? r : buf_failed(out) ? -EMSGSIZE : 0;
}

static void add_field(const char *name, struct span value, struct buf *out)
{
    buf_add_string(out, name);
    sigv4_encode(value, "", out);
}

int token_ask(const struct secret_grant *grant, int64_t wall_s, struct buf *out)
{
    int r = 0;

    switch (grant->kind) {
    case SECRET_SERVICE_ACCOUNT:
        add_field("grant_type=", span_of("urn:ietf:params:oauth:grant-type:jwt-bearer"), out);
        buf_add_string(out, "&assertion=");
        r = token_assertion(grant, wall_s, out);
        break;
    case SECRET_CLIENT:
        add_field("grant_type=", span_of("client_credentials"), out);
        add_field("&client_id=", grant->id, out);
        add_field("&client_secret=", grant->key, out);
        add_field("&scope=", grant->scope, out);
        break;
    }
    return r < 0 ? r : buf_failed(out) ? -EMSGSIZE : 0;
}

/* ---- the answer ---- */
static const char *read_life(const struct json_doc *doc, int64_t *life_s_out)
{
    uint32_t node = json_find(doc, 0, "expires_in");
    char digits[24];
    int64_t life_s;
    int r = json_int64(doc, node, &life_s);

    /* Microsoft's older endpoint writes it as a text. */
    if (r == -EINVAL && json_copy_string(doc, node, digits, sizeof(digits)) == 0)
        r = span_int64(span_of(digits), &life_s);
    if (r < 0 || life_s < TOKEN_LIFE_MIN_S)
        return "the issuer does not say how long its token lives, or not long enough";
    *life_s_out = life_s > TOKEN_LIFE_MAX_S ? TOKEN_LIFE_MAX_S : life_s;
    return NULL;
}

static const char *read_token(const struct json_doc *doc, struct token_answer *answer)
{
    char type[16];

    if (json_copy_string(doc, json_find(doc, 0, "token_type"), type, sizeof(type)) != 0 ||
        !span_is_nocase(span_of(type), "bearer"))
        return "the issuer's token is no bearer token";
    if (json_copy_string(doc, json_find(doc, 0, "access_token"), answer->token,
                         sizeof(answer->token)) != 0 ||
        !credential_secret_ok(span_of(answer->token)) || secret_is_grant(span_of(answer->token)))
        return "the issuer's token cannot be sent";
    return read_life(doc, &answer->life_s);
}

/* Its own word goes into a log: nothing but what such words are made of. */
static void read_error(const struct json_doc *doc, struct token_answer *answer)
{
    char error[TOKEN_ERROR_MAX + 1] = "";

    if (json_copy_string(doc, json_find(doc, 0, "error"), error, sizeof(error)) != 0)
        return;
    for (size_t i = 0; error[i] != '\0'; i++) {
        if ((error[i] < 'a' || error[i] > 'z') && error[i] != '_' && error[i] != '-')
            return;
    }
    memcpy(answer->error, error, sizeof(error));
}

void token_read(int status, struct span body, struct token_answer *answer_out)
{
    struct json_doc doc cleanup(json_doc_done) = json_doc_make();
    bool is_object = body.size <= TOKEN_ANSWER_MAX &&
                     json_parse(&doc, body, &json_limits_body) == JSON_OK &&
                     json_kind(&doc, 0) == JSON_OBJECT;

    *answer_out = (struct token_answer){.life_s = 0};
    if (is_object)
        read_error(&doc, answer_out);
    if (status != 200)
        answer_out->why = status >= 400 && status < 500 ? "the issuer refuses the credential"
                                                        : "the issuer has no token now";
    else
        answer_out->why =
            is_object ? read_token(&doc, answer_out) : "the issuer's answer is not JSON";
    if (answer_out->why != NULL)
        explicit_bzero(answer_out->token, sizeof(answer_out->token));
}
