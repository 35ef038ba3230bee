/*
 * signature: see the header.
 */
#include "signature.h"

#include <stdio.h>
#include <time.h>

#include "common/base/digest.h"

#define CANONICAL_BYTES_MAX ((size_t)256 << 10)
#define QUERY_MAX 32
#define SKEW_S 300
#define ALGORITHM "AWS4-HMAC-SHA256"

static const char mismatch[] =
    "The request signature we calculated does not match the signature you provided.";

/* What stands in the authorization header. */
struct shown {
    struct span key_id, date, region, service, headers, signature;
};

/* The value behind "NAME=" up to a comma. */
static struct span value_of(struct span text, const char *name)
{
    const char *at = memmem(text.at, text.size, name, strlen(name));
    struct span rest;

    if (at == NULL)
        return span_make(NULL, 0);
    rest = span_part(text, (size_t)(at - text.at) + strlen(name), text.size);
    return span_trim(span_cut(&rest, ','));
}

static bool read_shown(const struct http_request *request, struct shown *shown)
{
    struct span text = http_header(request, "authorization"), scope;

    if (!span_starts(text, ALGORITHM " "))
        return false;
    scope = value_of(text, "Credential=");
    shown->headers = value_of(text, "SignedHeaders=");
    shown->signature = value_of(text, "Signature=");
    shown->key_id = span_cut(&scope, '/');
    shown->date = span_cut(&scope, '/');
    shown->region = span_cut(&scope, '/');
    shown->service = span_cut(&scope, '/');
    return span_is(scope, "aws4_request") && shown->headers.size > 0 && shown->signature.size == 64;
}

/* All but unreserved characters, as %XX; what is encoded already is encoded again. */
static void put_encoded(struct span text, bool keep_slash, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/');

        if (plain)
            buf_add_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

static bool is_before(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.at, b.at, size);

    return order < 0 || (order == 0 && a.size < b.size);
}

/* The members of the query in order; as they came, since clients encode them already. */
static void put_query(struct span query, struct buf *out)
{
    struct span members[QUERY_MAX];
    size_t count = 0;

    while (query.size > 0 && count < QUERY_MAX)
        members[count++] = span_cut(&query, '&');
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (is_before(members[j], members[i])) {
                struct span swap = members[i];

                members[i] = members[j];
                members[j] = swap;
            }
    for (size_t i = 0; i < count; i++) {
        buf_add_string(out, i == 0 ? "" : "&");
        buf_add_span(out, members[i]);
        if (span_index(members[i], '=') < 0)
            buf_add_byte(out, '=');
    }
}

/* A header's value, runs of blanks as one. False when there is none. */
static bool put_header(const struct http_request *request, struct span name, struct buf *out)
{
    char text[64];
    struct span value;

    if (name.size >= sizeof(text))
        return false;
    memcpy(text, name.at, name.size);
    text[name.size] = '\0';
    value = http_header(request, text);
    if (value.at == NULL)
        return false;
    buf_printf(out, "%s:", text);
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] != ' ' || value.at[i - 1] != ' ')
            buf_add_byte(out, value.at[i]);
    buf_add_byte(out, '\n');
    return true;
}

static bool put_canonical(const struct http_request *request, const struct shown *shown,
                          struct buf *out)
{
    struct sha256 body = digest_sha256(request->body);
    struct span rest = shown->headers;
    char hex[65];
    bool has_host = false;

    buf_add_span(out, request->method);
    buf_add_byte(out, '\n');
    put_encoded(request->path, true, out);
    buf_add_byte(out, '\n');
    put_query(request->query, out);
    buf_add_byte(out, '\n');
    while (rest.size > 0) {
        struct span name = span_cut(&rest, ';');

        has_host = has_host || span_is(name, "host");
        if (!put_header(request, name, out))
            return false;
    }
    digest_hex(&body, sizeof(body), hex);
    buf_add_byte(out, '\n');
    buf_add_span(out, shown->headers);
    buf_printf(out, "\n%s", hex);
    return has_host && !buf_failed(out);
}

static struct span bytes_of(const struct sha256 *hash)
{
    return span_make((const char *)hash->at, sizeof(hash->at));
}

static void sign(const struct shown *shown, const char *secret, struct span text, char hex_out[65])
{
    struct buf first = buf_make(512);
    const struct span steps[] = {shown->date, shown->region, shown->service,
                                 span_of("aws4_request"), text};
    struct sha256 key;

    buf_printf(&first, "AWS4%s", secret);
    key = digest_hmac_sha256(buf_span(&first), steps[0]);
    for (size_t i = 1; i < array_size(steps); i++) {
        struct sha256 next = digest_hmac_sha256(bytes_of(&key), steps[i]);

        key = next;
    }
    digest_hex(&key, sizeof(key), hex_out);
    buf_done(&first);
}

/* "20150830T123600Z", or -1. */
static int64_t time_of(struct span text)
{
    char copy[20];
    struct tm tm = {0};
    const char *end;

    if (text.size != 16)
        return -1;
    memcpy(copy, text.at, 16);
    copy[16] = '\0';
    end = strptime(copy, "%Y%m%dT%H%M%SZ", &tm);
    return end == NULL || *end != '\0' ? -1 : (int64_t)timegm(&tm);
}

const char *signature_judge(const struct http_request *request, const char *key_id,
                            const char *secret, int64_t now_ms)
{
    struct span date = http_header(request, "x-amz-date");
    struct buf canonical = buf_make(CANONICAL_BYTES_MAX), text = buf_make(1024);
    int64_t time_s = time_of(date);
    struct shown shown = {0};
    struct sha256 hash;
    char hex[65];
    const char *wrong = NULL;

    if (!read_shown(request, &shown) || time_s < 0)
        wrong = "Missing Authentication Token";
    else if (!span_is(shown.key_id, key_id))
        wrong = "The security token included in the request is invalid.";
    else if (now_ms / 1000 - time_s > SKEW_S || time_s - now_ms / 1000 > SKEW_S)
        wrong = "Signature expired";
    else if (!span_is(shown.service, "bedrock") || !put_canonical(request, &shown, &canonical))
        wrong = mismatch;
    if (wrong == NULL) {
        hash = digest_sha256(buf_span(&canonical));
        digest_hex(&hash, sizeof(hash), hex);
        buf_printf(&text, ALGORITHM "\n%.*s\n%.*s/%.*s/%.*s/aws4_request\n%s", SPAN_ARG(date),
                   SPAN_ARG(shown.date), SPAN_ARG(shown.region), SPAN_ARG(shown.service), hex);
        sign(&shown, secret, buf_span(&text), hex);
        wrong = span_is(shown.signature, hex) ? NULL : mismatch;
    }
    buf_done(&canonical);
    buf_done(&text);
    return wrong;
}
