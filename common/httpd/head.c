/*
 * head: see head.h. The checks follow RFC 9112 where it lets a server be strict, and RFC 3986 for
 * the path.
 */
#include "common/httpd/head.h"

#include <string.h>

#include "common/base/digest.h"

/* Characters of a token (RFC 9110 5.6.2), already in lower case; 0 for all others. */
static unsigned char token_char(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c | 0x20);
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        return c;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL ? c : 0;
}

ptrdiff_t head_end(const char *bytes, size_t size, size_t *scanned)
{
    size_t from = *scanned;

    for (;;) {
        const char *lf = from < size ? memchr(bytes + from, '\n', size - from) : NULL;
        size_t at;

        if (lf == NULL) {
            *scanned = size;
            return 0;
        }
        at = (size_t)(lf - bytes);
        if (at == 0 || bytes[at - 1] != '\r')
            return -1;
        if (at >= 3 && bytes[at - 2] == '\n')
            return (ptrdiff_t)(at + 1);
        from = at + 1;
    }
}

/* The next decoded character of a path: only those escapes that could change its meaning are
 * decoded. -1: a broken escape, -2: a control character. */
static int path_char(struct span path, size_t *at)
{
    int c = (unsigned char)path.at[(*at)++];

    if (c == '%') {
        uint8_t byte;

        if (*at + 2 > path.size || digest_unhex(span_make(path.at + *at, 2), &byte, 1) != 0)
            return -1;
        *at += 2;
        c = byte;
    }
    return c < 0x20 || c == 0x7f ? -2 : c;
}

static const char *check_path(struct span path)
{
    size_t segment = 0, dots = 0; /* characters of the segment so far, and how many are dots */

    if (path.size > HEAD_PATH_MAX)
        return "the path is too long";
    for (size_t at = 0; at < path.size;) {
        int c = path_char(path, &at);

        if (c == -1)
            return "the path has a broken percent escape";
        if (c == -2)
            return "the path has a control character";
        if (c == '/' || c == '\\') {
            if (dots == segment && (dots == 1 || dots == 2))
                return "the path has a dot segment";
            segment = dots = 0;
            continue;
        }
        segment++;
        dots += c == '.';
    }
    return dots == segment && (dots == 1 || dots == 2) ? "the path has a dot segment" : NULL;
}

static const char *check_method(struct span method)
{
    if (method.size == 0 || method.size > HEAD_METHOD_MAX)
        return "the request line has no method";
    for (size_t i = 0; i < method.size; i++) {
        if (method.at[i] < 'A' || method.at[i] > 'Z')
            return "the method is not in capital letters";
    }
    return NULL;
}

static const char *check_target(struct span target)
{
    if (target.size == 0 || target.at[0] != '/')
        return "the request target does not begin with a slash";
    for (size_t i = 0; i < target.size; i++) {
        unsigned char c = (unsigned char)target.at[i];

        if (c <= 0x20 || c >= 0x7f || strchr("#\"<>", c) != NULL)
            return "the request target has a character that must be escaped";
    }
    return NULL;
}

/* `METHOD SP target SP HTTP/1.x`, without its line end. */
static const char *parse_request_line(struct span line, struct head *head)
{
    struct span rest = line, target;
    const char *wrong;

    head->method = span_cut(&rest, ' ');
    target = span_cut(&rest, ' ');
    wrong = check_method(head->method);
    if (wrong == NULL)
        wrong = check_target(target);
    if (wrong != NULL)
        return wrong;
    head->path = span_cut(&target, '?');
    head->query = target;
    if (span_is(rest, "HTTP/1.1"))
        head->minor = 1;
    else if (span_is(rest, "HTTP/1.0"))
        head->minor = 0;
    else
        return "only HTTP/1.1 and HTTP/1.0 are spoken here";
    return check_path(head->path);
}

static const char *parse_header(char *line, size_t size, struct head *head)
{
    struct httpd_header *header;
    size_t name = 0;

    if (head->header_count == HEAD_HEADERS_MAX)
        return "there are too many headers";
    header = &head->headers[head->header_count++];
    for (; name < size && line[name] != ':'; name++) {
        unsigned char lower = token_char((unsigned char)line[name]);

        if (lower == 0)
            return name == 0 ? "a header is folded over two lines"
                             : "a header's name has a forbidden character";
        line[name] = (char)lower;
    }
    if (name == 0 || name == size)
        return "a header has no name or no colon";
    header->name = span_make(line, name);
    header->value = span_trim(span_make(line + name + 1, size - name - 1));
    if (!httpd_header_ok(header->name, header->value))
        return "a header's value has a control character";
    return NULL;
}

static const char *read_content_length(struct span value, struct head *head)
{
    if (value.size == 0 || value.size > 15)
        return "Content-Length is not a number";
    head->content_length = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return "Content-Length is not a number";
        head->content_length = head->content_length * 10 + (value.at[i] - '0');
    }
    return NULL;
}

static const char *read_transfer_encoding(struct span value, struct head *head)
{
    if (!span_is_nocase(value, "chunked"))
        return "the only Transfer-Encoding taken is chunked";
    head->chunked = true;
    return NULL;
}

static const char *read_connection(struct span value, struct head *head)
{
    while (value.at != NULL) {
        struct span word = span_trim(span_cut(&value, ','));

        if (span_is_nocase(word, "close"))
            head->keep_alive = false;
        else if (span_is_nocase(word, "keep-alive") && head->minor == 0)
            head->keep_alive = true;
    }
    return NULL;
}

static const char *read_expect(struct span value, struct head *head)
{
    if (!span_is_nocase(value, "100-continue"))
        return "the only Expect understood is 100-continue";
    head->expect_continue = head->minor == 1;
    return NULL;
}

static const char *read_host(struct span value, struct head *head)
{
    (void)head;
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];

        if (c <= 0x20 || c >= 0x7f || strchr("/\\?#@,;\"<>", c) != NULL)
            return "Host is not a host name";
    }
    return value.size == 0 ? "Host is empty" : NULL;
}

/* Headers that may stand once only; `read` says what they mean for the framing. */
static const struct {
    const char *name;
    const char *twice;
    const char *(*read)(struct span value, struct head *head);
} singles[] = {
    {"host", "there are two Host headers", read_host},
    {"content-length", "there are two Content-Length headers", read_content_length},
    {"transfer-encoding", "there are two Transfer-Encoding headers", read_transfer_encoding},
    {"expect", "there are two Expect headers", read_expect},
    {"authorization", "there are two Authorization headers", NULL},
    {"x-api-key", "there are two x-api-key headers", NULL},
    {"x-goog-api-key", "there are two x-goog-api-key headers", NULL},
    {"content-type", "there are two Content-Type headers", NULL},
};
enum { SINGLE_HOST, SINGLE_CONTENT_LENGTH };

static const char *read_headers(struct head *head)
{
    unsigned seen = 0;

    for (uint32_t i = 0; i < head->header_count; i++) {
        const struct httpd_header *header = &head->headers[i];

        if (span_is(header->name, "connection"))
            (void)read_connection(header->value, head);
        for (size_t k = 0; k < array_size(singles); k++) {
            const char *wrong;

            if (!span_is(header->name, singles[k].name))
                continue;
            if ((seen & 1u << k) != 0)
                return singles[k].twice;
            seen |= 1u << k;
            wrong = singles[k].read == NULL ? NULL : singles[k].read(header->value, head);
            if (wrong != NULL)
                return wrong;
            break;
        }
    }
    if (head->minor == 1 && (seen & 1u << SINGLE_HOST) == 0)
        return "there is no Host header";
    if (head->chunked && (seen & 1u << SINGLE_CONTENT_LENGTH) != 0)
        return "there are both Content-Length and Transfer-Encoding";
    if (head->chunked && head->minor == 0)
        return "HTTP/1.0 has no Transfer-Encoding";
    return NULL;
}

const char *head_parse(char *bytes, size_t size, struct head *head_out)
{
    bool first = true;

    memset(head_out, 0, offsetof(struct head, headers));
    head_out->header_count = 0;
    head_out->minor = 1;
    head_out->content_length = -1;
    head_out->chunked = head_out->expect_continue = false;
    for (size_t at = 0; at < size;) {
        char *lf = memchr(bytes + at, '\n', size - at);
        size_t line;
        const char *wrong;

        if (lf == NULL || lf == bytes + at || lf[-1] != '\r')
            return "a line does not end in CR LF";
        line = (size_t)(lf - bytes) - at - 1;
        if (line == 0)
            return at + 2 == size && !first ? read_headers(head_out) : "an empty line too early";
        wrong = first ? parse_request_line(span_make(bytes + at, line), head_out)
                      : parse_header(bytes + at, line, head_out);
        if (wrong != NULL)
            return wrong;
        head_out->keep_alive = first ? head_out->minor == 1 : head_out->keep_alive;
        first = false;
        at += line + 2;
    }
    return "the head is cut off";
}
