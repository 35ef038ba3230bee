/*
 * credential: see credential.h. A host is letters, digits, dots and dashes, or an IPv6 address in
 * brackets, and nothing else: so no other reader of the URL can take another host out of it.
 */
#include "tenants/model/credential.h"

#include <ctype.h>
#include <errno.h>

#include "common/base/json.h"
#include "tenants/model/secret.h"

enum { NAME_MAX_BYTES = 128, VALUE_MAX_BYTES = 512, VALUE_MAX = 253, PORT_MAX = 65535 };

/* 0, -ENOENT or -EMSGSIZE. */
static int add_variable(struct span variables, struct span name, struct buf *out)
{
    struct json_doc cleanup(json_doc_done) doc = json_doc_make();
    char key[NAME_MAX_BYTES], value[VALUE_MAX_BYTES];

    if (name.size == 0 || name.size >= sizeof(key) ||
        json_parse(&doc, variables, &json_limits_body) != JSON_OK)
        return -ENOENT;
    memcpy(key, name.at, name.size);
    key[name.size] = '\0';
    if (json_copy_string(&doc, json_find(&doc, 0, key), value, sizeof(value)) != 0 ||
        value[0] == '\0')
        return -ENOENT;
    return buf_add_string(out, value);
}

static int add_encoded(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c != '\0' && isascii(c) && (isalnum(c) || strchr("-._~", c) != NULL))
            buf_add_byte(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
    return buf_failed(out) ? -EMSGSIZE : 0;
}

int credential_fill_url(struct span url, struct span variables, struct span upstream_id,
                        struct buf *out, struct span *missing_out)
{
    struct span rest = url;

    while (rest.at != NULL && rest.size > 0) {
        struct span name, before = span_cut(&rest, '$');
        int r = buf_add_span(out, before);

        if (r < 0 || rest.at == NULL)
            return r;
        name = span_cut(&rest, '}');
        if (rest.at == NULL || !span_starts(name, "{"))
            return -EINVAL;
        name = span_part(name, 1, name.size);
        r = add_variable(variables, name, out);
        if (r == -ENOENT && upstream_id.size > 0 && span_is(name, CREDENTIAL_UPSTREAM_ID))
            r = add_encoded(upstream_id, out);
        if (r == -ENOENT)
            *missing_out = name;
        if (r < 0)
            return r;
    }
    return 0;
}

static bool host_ok(struct span host)
{
    bool bracketed = span_starts(host, "[") && span_ends(host, "]") && host.size > 2;
    struct span inner = bracketed ? span_part(host, 1, host.size - 2) : host;

    for (size_t i = 0; i < inner.size; i++) {
        unsigned char c = (unsigned char)inner.at[i];
        bool plain = isascii(c) && (isalnum(c) || c == '-' || c == '.');

        if (bracketed ? !isxdigit(c) && c != ':' && c != '.' : !plain)
            return false;
    }
    return inner.size > 0 && inner.at[0] != '.' && inner.at[0] != '-';
}

static bool is_loopback(struct span host)
{
    struct span rest = host;
    int parts = 0;

    if (span_is_nocase(host, "localhost") || span_is(host, "[::1]"))
        return true;
    if (!span_starts(host, "127."))
        return false;
    while (rest.at != NULL) {
        struct span part = span_cut(&rest, '.');
        int64_t number;

        if (part.size > 3 || span_int64(part, &number) != 0 || number < 0 || number > 255)
            return false;
        parts++;
    }
    return parts == 4;
}

/* Takes ":8443" off the end; false when what stands behind the host is no port. */
static bool cut_port(struct span *host, int64_t *port_out)
{
    ptrdiff_t bracket = span_index(*host, ']');
    struct span tail = bracket < 0 ? *host : span_part(*host, (size_t)bracket, host->size);
    ptrdiff_t colon = span_index(tail, ':');
    struct span digits;

    *port_out = 0;
    if (colon < 0)
        return true;
    digits = span_part(tail, (size_t)colon + 1, tail.size);
    *host = span_make(host->at, host->size - digits.size - 1);
    return digits.size > 0 && isdigit((unsigned char)digits.at[0]) &&
           span_int64(digits, port_out) == 0 && *port_out > 0 && *port_out <= PORT_MAX;
}

/* What stands before the first '/', '?' or '#'. */
static struct span authority_of(struct span rest)
{
    size_t size = 0;

    while (size < rest.size && strchr("/?#", rest.at[size]) == NULL)
        size++;
    return span_part(rest, 0, size);
}

static void add_origin(const char *scheme, struct span host, int64_t port, struct buf *out)
{
    buf_add_string(out, scheme);
    for (size_t i = 0; i < host.size; i++)
        buf_add_byte(out, (char)tolower((unsigned char)host.at[i]));
    if (port != 0) {
        buf_add_byte(out, ':');
        buf_add_int64(out, port);
    }
}

int credential_origin(struct span url, struct buf *out)
{
    static const struct {
        const char *text;
        int64_t port;
    } secure = {"https://", 443}, plain = {"http://", 80};
    bool is_secure = span_is_nocase(span_part(url, 0, strlen(secure.text)), secure.text);
    bool is_plain = span_is_nocase(span_part(url, 0, strlen(plain.text)), plain.text);
    const char *scheme = is_secure ? secure.text : plain.text;
    struct span host;
    int64_t port;

    if ((!is_secure && !is_plain) || memchr(url.at, 0, url.size) != NULL)
        return -EINVAL;
    host = authority_of(span_part(url, strlen(scheme), url.size));
    if (!cut_port(&host, &port) || !host_ok(host))
        return -EINVAL;
    if (is_plain && !is_loopback(host))
        return -EPERM;
    add_origin(scheme, host, port == (is_secure ? secure.port : plain.port) ? 0 : port, out);
    return buf_failed(out) ? -EMSGSIZE : 0;
}

bool credential_may_go(struct span origins, struct span url)
{
    struct buf cleanup(buf_done) origin = buf_make(CREDENTIAL_URL_MAX);
    struct span rest = origins;

    if (credential_origin(url, &origin) < 0)
        return false;
    while (rest.at != NULL && rest.size > 0) {
        if (span_equal(span_cut(&rest, ' '), buf_span(&origin)))
            return true;
    }
    return false;
}

int credential_context(struct uuid id, struct span provider, struct span origins, struct buf *out)
{
    char text[ID_TEXT_SIZE];

    id_format(ID_CREDENTIAL, id, text);
    return buf_printf(out, "tollgate provider credential\n%s\n%.*s\n%.*s", text, SPAN_ARG(provider),
                      SPAN_ARG(origins));
}

bool credential_value_ok(struct span value)
{
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];

        if (!isascii(c) || !(isalnum(c) || c == '-' || c == '.' || c == '_'))
            return false;
    }
    return value.size > 0 && value.size <= VALUE_MAX && value.at[0] != '.';
}

bool credential_secret_ok(struct span secret)
{
    bool lines = secret_is_grant(secret);

    for (size_t i = 0; i < secret.size; i++) {
        char c = secret.at[i];

        if ((c < ' ' || c > '~') && !(lines && (c == '\n' || c == '\r' || c == '\t')))
            return false;
    }
    return secret.size > 0 && secret.size <= CREDENTIAL_SECRET_MAX && secret.at[0] != ' ' &&
           secret.at[secret.size - 1] != ' ';
}
