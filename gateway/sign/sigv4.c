/*
 * sigv4: see the header.
 */
#include "gateway/sign/sigv4.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"

enum { CANONICAL_MAX = 64 << 10, SCOPE_MAX = 256, SHA256_TEXT = 65, SECRET_MAX = 512 };
enum { SIGNED_MAX = SIGV4_HEADERS_MAX + 2 };

/* The headers that are signed, in their order. */
struct signed_headers {
    struct sigv4_header at[SIGNED_MAX];
    uint32_t count;
    char date[SIGV4_DATE_BYTES];
};

void sigv4_date(int64_t time_s, char date_out[SIGV4_DATE_BYTES])
{
    time_t time = (time_t)time_s;
    struct tm tm;

    must(time_s >= 0 && gmtime_r(&time, &tm) != NULL);
    must(strftime(date_out, SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &tm) == SIGV4_DATE_BYTES - 1);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void sigv4_encode(struct span text, const char *keep, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (is_unreserved(c) || (c != '\0' && strchr(keep, c) != NULL))
            buf_add_byte(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

static int compare(struct span a, struct span b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size == 0 ? 0 : memcmp(a.at, b.at, size);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- headers ---- */

/* Keeps those of one name in the order in which they came. */
static void insert(struct signed_headers *headers, struct sigv4_header header)
{
    uint32_t at = headers->count++;

    for (; at > 0 && compare(headers->at[at - 1].name, header.name) > 0; at--)
        headers->at[at] = headers->at[at - 1];
    headers->at[at] = header;
}

static int gather(const struct sigv4_ask *ask, const struct sigv4_key *key,
                  struct signed_headers *headers)
{
    bool host = false;

    *headers = (struct signed_headers){0};
    if (ask->header_count > SIGV4_HEADERS_MAX)
        return -EINVAL;
    for (uint32_t i = 0; i < ask->header_count; i++) {
        host = host || span_is(ask->headers[i].name, "host");
        insert(headers, ask->headers[i]);
    }
    sigv4_date(ask->time_s, headers->date);
    insert(headers, (struct sigv4_header){span_of("x-amz-date"), span_of(headers->date)});
    if (key->token.size > 0)
        insert(headers, (struct sigv4_header){span_of("x-amz-security-token"), key->token});
    return host ? 0 : -EINVAL;
}

static bool same_name(const struct signed_headers *headers, uint32_t at)
{
    return at > 0 && span_equal(headers->at[at - 1].name, headers->at[at].name);
}

/* Without blanks around it, and one where several stand together. */
static void add_value(struct span value, struct buf *out)
{
    value = span_trim(value);
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] != ' ' || value.at[i - 1] != ' ')
            buf_add_byte(out, value.at[i]);
}

static void add_headers(const struct signed_headers *headers, struct buf *out)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        if (same_name(headers, i)) {
            buf_add_byte(out, ',');
        } else {
            if (i > 0)
                buf_add_byte(out, '\n');
            buf_add_span(out, headers->at[i].name);
            buf_add_byte(out, ':');
        }
        add_value(headers->at[i].value, out);
    }
    buf_add_byte(out, '\n');
}

static void add_names(const struct signed_headers *headers, struct buf *out)
{
    for (uint32_t i = 0; i < headers->count; i++) {
        if (same_name(headers, i))
            continue;
        if (i > 0)
            buf_add_byte(out, ';');
        buf_add_span(out, headers->at[i].name);
    }
}

/* ---- the query ---- */

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);

    return c == '\0' || at == NULL || (c < '0') ? -1 : (int)(at - digits);
}

/* What it is, encoded in the one way that is signed. */
static void encode_again(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '%' && i + 2 < text.size && hex_value(text.at[i + 1]) >= 0 &&
            hex_value(text.at[i + 2]) >= 0) {
            c = (char)(hex_value(text.at[i + 1]) << 4 | hex_value(text.at[i + 2]));
            i += 2;
        }
        sigv4_encode(span_make(&c, 1), "", out);
    }
}

struct member {
    size_t at, name_size, size; /* in the buffer: name, value */
};

static int add_query(struct span query, struct buf *out)
{
    struct buf encoded = buf_make(CANONICAL_MAX);
    struct member members[SIGV4_QUERY_MAX];
    uint32_t count = 0;

    while (query.size > 0 && count < SIGV4_QUERY_MAX) {
        struct span value = span_cut(&query, '&'), name;
        struct member member = {.at = encoded.size};
        uint32_t at = count;
        name = span_cut(&value, '=');
        encode_again(name, &encoded);
        member.name_size = encoded.size - member.at;
        encode_again(value, &encoded);
        member.size = encoded.size - member.at;
        for (; at > 0; at--) {
            struct span all = buf_span(&encoded);
            const struct member *other = &members[at - 1];
            int order = compare(span_part(all, other->at, other->name_size),
                                span_part(all, member.at, member.name_size));
            if (order == 0)
                order = compare(span_part(all, other->at, other->size),
                                span_part(all, member.at, member.size));
            if (order <= 0)
                break;
            members[at] = members[at - 1];
        }
        members[at] = member;
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct span both = span_part(buf_span(&encoded), members[i].at, members[i].size);
        if (i > 0)
            buf_add_byte(out, '&');
        buf_add_span(out, span_part(both, 0, members[i].name_size));
        buf_add_byte(out, '=');
        buf_add_span(out, span_part(both, members[i].name_size, both.size));
    }
    bool failed = buf_failed(&encoded) || query.size > 0;
    buf_done(&encoded);
    return failed ? -EINVAL : 0;
}

/* ---- what is signed ---- */

static int add_canonical(const struct sigv4_ask *ask, const struct signed_headers *headers,
                         struct buf *out)
{
    char payload[SHA256_TEXT];

    if (ask->path.size == 0 || ask->path.at[0] != '/')
        return -EINVAL;
    buf_add_span(out, ask->method);
    buf_add_byte(out, '\n');
    sigv4_encode(ask->path, "/", out);
    buf_add_byte(out, '\n');
    if (add_query(ask->query, out) != 0)
        return -EINVAL;
    buf_add_byte(out, '\n');
    add_headers(headers, out);
    buf_add_byte(out, '\n');
    add_names(headers, out);
    digest_hex(ask->payload.at, sizeof(ask->payload.at), payload);
    buf_printf(out, "\n%s", payload);
    return buf_failed(out) ? -EMSGSIZE : 0;
}

int sigv4_canonical(const struct sigv4_ask *ask, const struct sigv4_key *key, struct buf *out)
{
    struct signed_headers headers;

    if (gather(ask, key, &headers) != 0)
        return -EINVAL;
    return add_canonical(ask, &headers, out);
}

static struct span span_of_sha(const struct sha256 *sum)
{
    return span_make((const char *)sum->at, sizeof(sum->at));
}

static struct sha256 sign(const struct sigv4_ask *ask, struct span secret, struct span day,
                          struct span text)
{
    const struct span steps[] = {day, ask->region, ask->service, span_of("aws4_request"), text};
    char first[SECRET_MAX + 4];
    struct sha256 key;

    memcpy(first, "AWS4", 4);
    memcpy(first + 4, secret.at, secret.size);
    key = digest_hmac_sha256(span_make(first, secret.size + 4), steps[0]);
    explicit_bzero(first, sizeof(first));
    for (size_t i = 1; i < array_size(steps); i++)
        key = digest_hmac_sha256(span_of_sha(&key), steps[i]);
    return key;
}

int sigv4_authorization(const struct sigv4_ask *ask, const struct sigv4_key *key, struct buf *out)
{
    struct buf text = buf_make(CANONICAL_MAX), scope = buf_make(SCOPE_MAX);
    char hex[SHA256_TEXT];
    struct signed_headers headers;
    struct sha256 sum;
    int error = gather(ask, key, &headers);

    if (key->secret.size == 0 || key->secret.size > SECRET_MAX)
        error = -EINVAL;
    if (error == 0)
        error = add_canonical(ask, &headers, &text);
    buf_printf(&scope, "%.8s/%.*s/%.*s/aws4_request", headers.date, SPAN_ARG(ask->region),
               SPAN_ARG(ask->service));
    if (error == 0 && buf_failed(&scope))
        error = -EINVAL;
    if (error == 0) {
        sum = digest_sha256(buf_span(&text));
        digest_hex(sum.at, sizeof(sum.at), hex);
        buf_clear(&text);
        buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%.*s\n%s", headers.date,
                   SPAN_ARG(buf_span(&scope)), hex);
        sum = sign(ask, key->secret, span_make(headers.date, 8), buf_span(&text));
        digest_hex(sum.at, sizeof(sum.at), hex);
        buf_printf(out, "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=", SPAN_ARG(key->id),
                   SPAN_ARG(buf_span(&scope)));
        add_names(&headers, out);
        buf_printf(out, ", Signature=%s", hex);
        error = buf_failed(out) ? -EMSGSIZE : 0;
    }
    buf_done(&text);
    buf_done(&scope);
    return error;
}
