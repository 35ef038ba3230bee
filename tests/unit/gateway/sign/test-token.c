/* token: what is posted for a token, and what is taken for one. */
#include "gateway/sign/token.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/mem.h"
#include "tests/support/testing.h"

enum { NOW_S = 1700000000 };

static char *pem_of(EVP_PKEY *key, const char *phrase)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;
    long size;

    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, phrase == NULL ? NULL : EVP_aes_128_cbc(),
                                              (const unsigned char *)phrase,
                                              phrase == NULL ? 0 : (int)strlen(phrase), NULL, NULL),
                     1);
    size = BIO_get_mem_data(bio, &text);
    copy = mem_dup(text, (size_t)size);
    BIO_free(bio);
    return copy;
}

static struct secret_grant grant_of(const char *pem)
{
    return (struct secret_grant){.kind = SECRET_SERVICE_ACCOUNT,
                                 .id = span_of("me@project.example"),
                                 .key = span_of(pem),
                                 .key_id = span_of("k1"),
                                 .token_url = span_of("https://issuer.example/token"),
                                 .scope = span_of("https://scope.example/a b\"")};
}

static void assert_part(struct span part, const char *json)
{
    struct buf text = buf_make(4096);

    assert_int_equal(digest_unbase64url(part, &text), 0);
    assert_span("a part of the assertion", buf_span(&text), json);
    buf_done(&text);
}

static void an_assertion_is_signed_with_the_accounts_key(void **state)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    char *pem = pem_of(key, NULL);
    const struct secret_grant grant = grant_of(pem);
    struct buf out = buf_make(TOKEN_ASK_MAX), signature = buf_make(4096);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct span rest, header, claims;

    (void)state;
    assert_int_equal(token_assertion(&grant, NOW_S, &out), 0);
    rest = buf_span(&out);
    header = span_cut(&rest, '.');
    claims = span_cut(&rest, '.');
    assert_part(header, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}");
    assert_part(claims,
                "{\"iss\":\"me@project.example\",\"scope\":\"https://scope.example/a b\\\"\","
                "\"aud\":\"https://issuer.example/token\",\"iat\":1700000000,"
                "\"exp\":1700003600}");
    assert_int_equal(digest_unbase64url(rest, &signature), 0);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, (const unsigned char *)signature.at, signature.size,
                                      (const unsigned char *)out.at, header.size + 1 + claims.size),
                     1);
    out.at[header.size + 3] ^= 1;
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_not_equal(EVP_DigestVerify(context, (const unsigned char *)signature.at,
                                          signature.size, (const unsigned char *)out.at,
                                          header.size + 1 + claims.size),
                         1);
    buf_clear(&out);
    assert_int_equal(token_ask(&grant, NOW_S, &out), 0);
    in_row("the form",
           span_starts(buf_span(&out), "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-"
                                       "bearer&assertion=ey"));
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    mem_free(pem);
    buf_done(&out);
    buf_done(&signature);
}

static void other_keys_do_not_sign(void **state)
{
    EVP_PKEY *small = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256"), *locked = EVP_RSA_gen(2048);
    char *pems[] = {pem_of(small, NULL), pem_of(curve, NULL), pem_of(locked, "phrase"),
                    mem_strdup("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"),
                    mem_strdup("")};
    static const char *const whats[] = {"a short one", "another kind", "one behind a phrase",
                                        "a cut one", "none"};

    (void)state;
    for (size_t i = 0; i < array_size(pems); i++) {
        const struct secret_grant grant = grant_of(pems[i]);
        struct buf out = buf_make(TOKEN_ASK_MAX);

        assert_int(whats[i], token_assertion(&grant, NOW_S, &out), -EINVAL);
        buf_done(&out);
        mem_free(pems[i]);
    }
    EVP_PKEY_free(small);
    EVP_PKEY_free(curve);
    EVP_PKEY_free(locked);
}

static void a_client_is_asked_for_by_a_form(void **state)
{
    const struct secret_grant grant = {.kind = SECRET_CLIENT,
                                       .id = span_of("app"),
                                       .key = span_of("s&=+ ~"),
                                       .scope = span_of("https://c.example/.default")};
    struct buf out = buf_make(TOKEN_ASK_MAX);

    (void)state;
    assert_int_equal(token_ask(&grant, NOW_S, &out), 0);
    assert_span("the form", buf_span(&out),
                "grant_type=client_credentials&client_id=app&client_secret=s%26%3D%2B%20~&scope="
                "https%3A%2F%2Fc.example%2F.default");
    buf_done(&out);
}

static void an_answer_is_a_token_or_a_reason(void **state)
{
    static const struct {
        const char *what;
        int status;
        const char *body, *token, *why, *error;
        int64_t life_s;
    } rows[] = {
        {"a token", 200,
         "{\"access_token\":\"ya29.a-b_c\",\"expires_in\":3599,\"token_type\":\"Bearer\"}",
         "ya29.a-b_c", NULL, "", 3599},
        {"life as a text", 200,
         "{\"access_token\":\"t\",\"expires_in\":\"3599\",\"token_type\":\"bearer\",\"x\":{}}", "t",
         NULL, "", 3599},
        {"a long life", 200,
         "{\"access_token\":\"t\",\"expires_in\":99999999,\"token_type\":\"Bearer\"}", "t", NULL,
         "", TOKEN_LIFE_MAX_S},
        {"no life", 200, "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}", "", "lives", "", 0},
        {"over at once", 200, "{\"access_token\":\"t\",\"expires_in\":0,\"token_type\":\"Bearer\"}",
         "", "lives", "", 0},
        {"before it began", 200,
         "{\"access_token\":\"t\",\"expires_in\":-5,\"token_type\":\"Bearer\"}", "", "lives", "",
         0},
        {"another type", 200, "{\"access_token\":\"t\",\"expires_in\":9,\"token_type\":\"mac\"}",
         "", "bearer", "", 0},
        {"of two lines", 200,
         "{\"access_token\":\"a\\r\\nx: y\",\"expires_in\":9,\"token_type\":\"Bearer\"}", "",
         "sent", "", 0},
        {"empty", 200, "{\"access_token\":\"\",\"expires_in\":9,\"token_type\":\"Bearer\"}", "",
         "sent", "", 0},
        {"a page", 200, "<html>", "", "JSON", "", 0},
        {"nothing", 200, "", "", "JSON", "", 0},
        {"a list", 200, "[]", "", "JSON", "", 0},
        {"cut", 200, "{\"access_token\":\"t\"", "", "JSON", "", 0},
        {"refused", 400, "{\"error\":\"invalid_grant\",\"error_description\":\"secret\"}", "",
         "refuses", "invalid_grant", 0},
        {"refused with more than a word", 401, "{\"error\":\"a b {secret}\"}", "", "refuses", "",
         0},
        {"down", 503, "{\"access_token\":\"t\",\"expires_in\":9,\"token_type\":\"Bearer\"}", "",
         "now", "", 0},
        {"led away", 302, "", "", "now", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < array_size(rows); i++) {
        struct token_answer answer;

        token_read(rows[i].status, span_of(rows[i].body), &answer);
        assert_span(rows[i].what, span_of(answer.token), rows[i].token);
        in_row(rows[i].what, (answer.why == NULL) == (rows[i].why == NULL));
        if (rows[i].why != NULL)
            in_row(rows[i].what, strstr(answer.why, rows[i].why) != NULL);
        assert_span(rows[i].what, span_of(answer.error), rows[i].error);
        assert_int(rows[i].what, answer.life_s, rows[i].life_s);
    }
}

static void a_token_too_long_is_none(void **state)
{
    struct buf body = buf_make(TOKEN_ANSWER_MAX * 2);
    struct token_answer answer;

    (void)state;
    buf_add_string(&body, "{\"token_type\":\"Bearer\",\"expires_in\":9,\"access_token\":\"");
    for (int i = 0; i < TOKEN_TEXT_MAX; i++)
        buf_add_byte(&body, 'x');
    buf_add_string(&body, "\"}");
    token_read(200, buf_span(&body), &answer);
    assert_null(answer.why);
    body.size -= 2;
    buf_add_string(&body, "x\"}");
    token_read(200, buf_span(&body), &answer);
    assert_non_null(answer.why);
    buf_done(&body);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assertion_is_signed_with_the_accounts_key),
        cmocka_unit_test(other_keys_do_not_sign),
        cmocka_unit_test(a_client_is_asked_for_by_a_form),
        cmocka_unit_test(an_answer_is_a_token_or_a_reason),
        cmocka_unit_test(a_token_too_long_is_none),
    };

    return run_test_table(tests);
}
