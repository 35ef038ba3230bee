/*
 * http: see the header.
 */
#include "http.h"

#include <stdio.h>

static struct span cut_line(struct span *rest)
{
    struct span line = span_cut(rest, '\n');

    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

static bool parse_request_line(struct span line, struct http_request *request)
{
    struct span rest = line, target;

    request->method = span_cut(&rest, ' ');
    target = span_cut(&rest, ' ');
    request->path = span_cut(&target, '?');
    request->query = target;
    request->keep_alive = span_is(rest, "HTTP/1.1");
    return request->method.size > 0 && request->path.size > 0 && request->path.at[0] == '/' &&
           span_starts(rest, "HTTP/1.");
}

static enum http_outcome note_header(struct http_request *request, struct http_header header)
{
    int64_t length;

    if (span_is_nocase(header.name, "content-length")) {
        if (span_int64(header.value, &length) != 0 || length < 0)
            return HTTP_BAD;
        if (length > HTTP_BODY_BYTES_MAX)
            return HTTP_TOO_LARGE;
        request->body_bytes = (size_t)length;
    } else if (span_is_nocase(header.name, "transfer-encoding")) {
        return HTTP_BAD;
    } else if (span_is_nocase(header.name, "expect")) {
        request->expects_continue = true;
    } else if (span_is_nocase(header.name, "connection")) {
        if (span_is_nocase(header.value, "close"))
            request->keep_alive = false;
        else if (span_is_nocase(header.value, "keep-alive"))
            request->keep_alive = true;
    }
    if (request->header_count == HTTP_HEADERS_MAX)
        return HTTP_BAD;
    request->headers[request->header_count++] = header;
    return HTTP_READY;
}

enum http_outcome http_parse_head(struct span text, struct http_request *request_out)
{
    const char *end = text.size == 0 ? NULL : memmem(text.at, text.size, "\r\n\r\n", 4);
    struct span rest;

    if (end == NULL)
        return text.size > HTTP_HEAD_BYTES_MAX ? HTTP_TOO_LARGE : HTTP_MORE;
    request_out->header_count = 0;
    request_out->body_bytes = 0;
    request_out->expects_continue = false;
    request_out->body = span_make(NULL, 0);
    request_out->head_bytes = (size_t)(end - text.at) + 4;
    rest = span_make(text.at, request_out->head_bytes - 2);
    if (!parse_request_line(cut_line(&rest), request_out))
        return HTTP_BAD;
    while (rest.size > 0) {
        struct span value = cut_line(&rest), name = span_cut(&value, ':');
        struct http_header header = {name, span_trim(value)};
        enum http_outcome outcome;

        if (name.size == 0 || value.at == NULL)
            return HTTP_BAD;
        outcome = note_header(request_out, header);
        if (outcome != HTTP_READY)
            return outcome;
    }
    return HTTP_READY;
}

struct span http_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (span_is_nocase(request->headers[i].name, name))
            return request->headers[i].value;
    return span_make(NULL, 0);
}

struct span http_query(const struct http_request *request, const char *name)
{
    struct span rest = request->query;

    while (rest.size > 0) {
        struct span value = span_cut(&rest, '&'), key = span_cut(&value, '=');

        if (span_is(key, name))
            return value;
    }
    return span_make(NULL, 0);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct span http_decode(struct span text, bool form, char *at)
{
    size_t size = 0;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];

        if (c == '%' && i + 2 < text.size && hex_digit(text.at[i + 1]) >= 0 &&
            hex_digit(text.at[i + 2]) >= 0) {
            at[size++] = (char)(hex_digit(text.at[i + 1]) * 16 + hex_digit(text.at[i + 2]));
            i += 2;
        } else {
            at[size++] = form && c == '+' ? ' ' : c;
        }
    }
    return span_make(at, size);
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {200, "OK"},
        {302, "Found"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < array_size(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Status";
}

void http_write_head(struct buf *out, int status, const char *content_type, int64_t content_length,
                     const char *extra)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\ncontent-type: %s\r\n", status, reason(status), content_type);
    if (content_length == HTTP_CHUNKED)
        buf_add_string(out, "transfer-encoding: chunked\r\n");
    else
        buf_printf(out, "content-length: %lld\r\n", (long long)content_length);
    buf_add_string(out, extra);
    buf_add_string(out, "\r\n");
}

void http_write_chunk(struct buf *out, struct span data)
{
    if (data.size == 0)
        return;
    buf_printf(out, "%zx\r\n", data.size);
    buf_add_span(out, data);
    buf_add_string(out, "\r\n");
}

void http_write_chunk_per_byte(struct buf *out, struct span data)
{
    for (size_t i = 0; i < data.size; i++)
        http_write_chunk(out, span_part(data, i, 1));
}

void http_write_last_chunk(struct buf *out)
{
    buf_add_string(out, "0\r\n\r\n");
}
