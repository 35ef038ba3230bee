/*
 * tokens: an OAuth 2 token endpoint as Google and Azure have it, and who has a token of it.
 *
 * Follows RFC 7523 with Google's claims
 * (https://developers.google.com/identity/protocols/oauth2/service-account) and RFC 6749, 4.4.
 */
#include "tokens.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "answer.h"
#include "chat.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/json_writer.h"
#include "common/base/mem.h"
#include "endpoints.h"
#include "parts.h"

#define ISSUED_MAX 256
#define JWT_BYTES_MAX 8192
#define CLAIM_LIFE_MAX_S 3600
#define CLOCK_SKEW_S 300
#define JWT_GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"

struct issued {
    uint64_t id[ISSUED_MAX];
    int64_t until_ms[ISSUED_MAX];
    size_t next;
    EVP_PKEY *key; /* owned; that claims are signed with; NULL: signatures are not looked at */
};

struct issued *issued_new(const char *key_path)
{
    struct issued *issued;
    EVP_PKEY *key = NULL;
    FILE *file;

    if (key_path != NULL) {
        file = fopen(key_path, "re");
        if (file == NULL)
            return NULL;
        key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
        fclose(file);
        if (key == NULL)
            return NULL;
    }
    issued = mem_new(sizeof(*issued));
    issued->key = key;
    return issued;
}

void issued_free(struct issued *issued)
{
    if (issued == NULL)
        return;
    EVP_PKEY_free(issued->key);
    mem_free(issued);
}

#define TOKEN_PREFIX "ya29.fake-"

bool tokens_know(const struct issued *issued, struct span bearer)
{
    int64_t now_ms = clock_wall_ms();
    char text[40];

    for (size_t i = 0; i < ISSUED_MAX; i++) {
        snprintf(text, sizeof(text), TOKEN_PREFIX "%016llx", (unsigned long long)issued->id[i]);
        if (issued->id[i] != 0 && span_is(bearer, text))
            return issued->until_ms[i] > now_ms;
    }
    return false;
}

/* ---- claims ---- */

static bool is_signed(const struct issued *issued, struct span message, struct span signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_right;

    must(context != NULL);
    is_right = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, issued->key) == 1 &&
               EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.size,
                                (const unsigned char *)message.at, message.size) == 1;
    EVP_MD_CTX_free(context);
    return is_right;
}

/* Decodes a part of a token and reads it as an object into the provider's document. */
static bool read_part(struct provider *provider, struct span part, struct buf *text)
{
    buf_clear(text);
    return digest_unbase64url(part, text) == 0 &&
           json_parse(&provider->doc, buf_span(text), &json_limits_body) == JSON_OK &&
           json_kind(&provider->doc, 0) == JSON_OBJECT;
}

/* What is wrong with the claims. NULL: nothing. */
static const char *judge_claims(const struct json_doc *doc)
{
    static const char *const wanted[] = {"iss", "scope", "aud"};
    int64_t issued_s, expires_s, now_s = clock_wall_ms() / 1000;

    for (size_t i = 0; i < array_size(wanted); i++) {
        uint32_t node = json_find(doc, 0, wanted[i]);

        if (json_is_null(doc, node) || json_raw(doc, node).size <= 2)
            return "iss, scope and aud are wanted";
    }
    if (json_int64(doc, json_find(doc, 0, "iat"), &issued_s) != 0 ||
        json_int64(doc, json_find(doc, 0, "exp"), &expires_s) != 0)
        return "iat and exp are wanted";
    if (issued_s > now_s + CLOCK_SKEW_S || expires_s < now_s ||
        expires_s - issued_s > CLAIM_LIFE_MAX_S)
        return "Token must be a short-lived token (60 minutes) and in a reasonable timeframe";
    return NULL;
}

static const char *judge_jwt(struct provider *provider, struct span jwt)
{
    struct span rest = jwt, head = span_cut(&rest, '.'), claims = span_cut(&rest, '.');
    struct span message = span_make(jwt.at, head.size + 1 + claims.size);
    struct buf text = buf_make(JWT_BYTES_MAX), signature = buf_make(JWT_BYTES_MAX);
    const char *wrong = NULL;

    if (rest.size == 0 || jwt.size > JWT_BYTES_MAX || !read_part(provider, head, &text) ||
        !json_string_is(&provider->doc, json_find(&provider->doc, 0, "alg"), "RS256"))
        wrong = "the assertion is no JWT signed with RS256";
    else if (!read_part(provider, claims, &text))
        wrong = "the claims are no object";
    else
        wrong = judge_claims(&provider->doc);
    if (wrong == NULL && digest_unbase64url(rest, &signature) != 0)
        wrong = "the signature is not base64url";
    if (wrong == NULL && provider->issued->key != NULL &&
        !is_signed(provider->issued, message, buf_span(&signature)))
        wrong = "Invalid JWT Signature.";
    buf_done(&text);
    buf_done(&signature);
    return wrong;
}

/* ---- the endpoint ---- */

static struct call *issue(struct provider *provider, struct arrival *arrival)
{
    struct issued *issued = provider->issued;
    size_t place = issued->next++ % ISSUED_MAX;
    int64_t life_s =
        arrival->spec.expires_s < 0 ? provider->options.token_ttl_s : arrival->spec.expires_s;
    struct buf body = buf_make(512);

    issued->id[place] = arrival->id;
    issued->until_ms[place] = clock_wall_ms() + life_s * 1000;
    buf_printf(&body, "{\"access_token\":\"" TOKEN_PREFIX "%016llx\",\"token_type\":\"Bearer\"",
               (unsigned long long)arrival->id);
    if (arrival->spec.fault->kind != FAULT_USAGE_NONE)
        buf_printf(&body, ",\"expires_in\":%lld,\"ext_expires_in\":%lld", (long long)life_s,
                   (long long)life_s);
    buf_add_byte(&body, '}');
    return chat_reply(arrival, "application/json; charset=utf-8", body);
}

struct call *token_call(struct provider *provider, struct arrival *arrival)
{
    struct span body = arrival->request->body;
    struct span grant = form_find(body, "grant_type", provider->arena);
    const char *wrong = NULL;

    if (span_is(grant, JWT_GRANT))
        wrong = judge_jwt(provider, form_find(body, "assertion", provider->arena));
    else if (!span_is(grant, "client_credentials"))
        return chat_error(arrival, 400, "grant_type is not supported", "unsupported_grant_type");
    else if (form_find(body, "client_id", provider->arena).size == 0 ||
             form_find(body, "scope", provider->arena).size == 0)
        return chat_error(arrival, 400, "client_id and scope are wanted", "invalid_request");
    else if (form_find(body, "client_secret", provider->arena).size == 0 &&
             form_find(body, "client_assertion", provider->arena).size == 0)
        return chat_error(arrival, 401, "client_secret is wanted", "invalid_client");
    if (wrong != NULL)
        return chat_error(arrival, 400, wrong, "invalid_grant");
    return issue(provider, arrival);
}

static void write_error(const struct error_told *error, struct buf *out)
{
    const char *code = error->param != NULL   ? error->param
                       : error->status == 401 ? "invalid_client"
                       : error->status >= 500 ? "server_error"
                                              : "invalid_grant";

    buf_printf(out, "{\"error\":\"%s\",\"error_description\":", code);
    json_quote(out, span_of(error->message));
    buf_add_byte(out, '}');
}

const struct dialect token_dialect = {
    .name = "oauth",
    .request_id_header = "x-request-id",
    .write_error = write_error,
};
