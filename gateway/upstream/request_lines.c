/*
 * request_lines: see the header.
 */
#include "gateway/upstream/request_lines.h"

#include "common/httpd/httpd.h"

/* What two names, a colon and a number add to a line, generously. */
#define LINE_EXTRA 64

/* Enough for all lines, so that the buffer does not move while nodes point into it. */
static bool reserve(struct request_lines *lines, const struct upstream_request *request)
{
    size_t bytes = 4 * LINE_EXTRA + request->content_type.size + request->accept.size +
                   request->request_id.size;

    for (uint32_t i = 0; i < request->passed_count; i++)
        bytes += LINE_EXTRA + request->passed[i].name.size + request->passed[i].value.size;
    return buf_reserve(&lines->text, bytes) != NULL;
}

static void add_constant(struct request_lines *lines, const char *line)
{
    struct curl_slist *node;

    if (lines->count < REQUEST_LINES_MAX) {
        node = &lines->nodes[lines->count];
        /* curl reads the line only; its type says otherwise. */
        memcpy(&node->data, &line, sizeof(line));
    }
    lines->count++;
}

static void add_line(struct request_lines *lines, struct span name, struct span value)
{
    size_t from = lines->text.size;

    if (!httpd_header_ok(name, value))
        return;
    buf_add_span(&lines->text, name);
    buf_add_string(&lines->text, ": ");
    buf_add_span(&lines->text, value);
    buf_add_byte(&lines->text, '\0');
    add_constant(lines, lines->text.at + from);
}

/* The client's own line of that name is sent instead. */
static bool is_passed(const struct upstream_request *request, const char *line)
{
    struct span rest = span_of(line), name = span_cut(&rest, ':');

    for (uint32_t i = 0; i < request->passed_count; i++) {
        struct span other = request->passed[i].name;

        if (other.size == name.size && strncasecmp(other.at, name.at, name.size) == 0)
            return true;
    }
    return false;
}

/* The sandbox is told which request it serves, so that its truth can be compared with ours. */
static void add_sandbox(struct request_lines *lines, const struct upstream_request *request)
{
    char attempt[16];
    int size = snprintf(attempt, sizeof(attempt), "%u", request->attempt);

    add_line(lines, span_of("x-tollgate-request-id"), request->request_id);
    add_line(lines, span_of("x-tollgate-attempt"), span_make(attempt, (size_t)size));
}

struct curl_slist *request_lines_make(struct request_lines *lines,
                                      const struct upstream_request *request,
                                      const struct origin *origin)
{
    struct curl_slist *rest = origin->headers;

    buf_clear(&lines->text);
    lines->count = 0;
    if (!reserve(lines, request))
        return NULL;
    if (origin->sandbox)
        add_sandbox(lines, request);
    for (uint32_t i = 0; i < request->passed_count; i++)
        add_line(lines, request->passed[i].name, request->passed[i].value);
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        if (!is_passed(request, request->headers[i]))
            add_constant(lines, request->headers[i]);
    }
    if (request->accept.size > 0)
        add_line(lines, span_of("Accept"), request->accept);
    if (request->content_type.size > 0)
        add_line(lines, span_of("Content-Type"), request->content_type);
    /* The first of the origin's own is the content type of JSON. */
    if (request->content_type.size > 0 || request->method != UPSTREAM_POST)
        rest = rest->next;
    if (lines->count > REQUEST_LINES_MAX)
        return NULL;
    for (uint32_t i = 0; i < lines->count; i++)
        lines->nodes[i].next = i + 1 < lines->count ? &lines->nodes[i + 1] : rest;
    return lines->count > 0 ? lines->nodes : rest;
}
